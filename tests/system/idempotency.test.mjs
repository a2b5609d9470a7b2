// Every create × an Idempotency-Key: twins at the same instant, the same again, another body, another person, and a worker killed
// in the middle.  The creates come from `outdial routes`; one that is added fails here until it has a row below.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { admin, as, carrier, env, fresh, nobody, request, rows, tenant, until } from './play.mjs';

const public_key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
const hex = () => randomUUID().replaceAll('-', '');
const one = async (sql, value) => Number((await rows(sql, [value]))[0].count);
const placed = async (phone) => {
  await until(`the call to ${phone} is known to both sides`, async () => (await rows("SELECT FROM attempts WHERE phone_e164 = $1 AND state IN ('permitted', 'unknown')", [phone])).length === 0, 90000);
  const [attempts, calls] = [await one('SELECT count(*) FROM attempts WHERE phone_e164 = $1', phone), (await carrier.saw(phone)).length];
  assert.ok(calls <= 1, `${phone} was called ${calls} times`);
  return attempts;
};

const endpoint = async (m) => {
  const made = await maria.post(`${tenant}/webhook-endpoints`, { url: 'http://127.0.0.1:9/', description: m });
  assert.equal(made.status, 201, made.text);
  return { id: made.body.id };
};

/** What is sent, by a marker that no other request has, and how often it is there afterwards. */
const creates = {
  '/api/v1/tenants': { body: (m) => ({ name: m, owner_email: `${m}@demo.example`, owner_password: `pass-${m}` }), count: (m) => one('SELECT count(*) FROM tenants WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/users': { body: (m) => ({ email: `${m}@demo.example`, name: m, role: 'viewer' }), count: (m) => one('SELECT count(*) FROM users WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/api-keys': { body: (m) => ({ name: m }), count: (m) => one('SELECT count(*) FROM api_keys WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/identity-providers': { body: (m) => ({ name: m, issuer: `https://${m}.example`, audience: 'outdial', algorithm: 'ES256', public_key }), count: (m) => one('SELECT count(*) FROM identity_providers WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/provider-accounts': { body: (m) => ({ provider: 'twilio', label: m, account_sid: `AC${hex()}` }), count: (m) => one('SELECT count(*) FROM provider_accounts WHERE label = $1', m) },
  '/api/v1/tenants/:tenant/trunks': { body: (m) => ({ name: m, trunk_sid: `TK${hex()}` }), count: (m) => one('SELECT count(*) FROM trunks WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/webhook-endpoints': { body: (m) => ({ url: `http://127.0.0.1:9/${m}`, is_active: false }), count: (m) => one("SELECT count(*) FROM webhook_endpoints WHERE url LIKE '%/' || $1", m) },
  '/api/v1/tenants/:tenant/webhook-endpoints/:id/rotate': { prepare: endpoint, body: () => undefined, count: (m) => one("SELECT count(*) FROM audit WHERE action = 'webhook.rotate' AND object_id = (SELECT id FROM webhook_endpoints WHERE description = $1)", m) },
  '/api/v1/tenants/:tenant/webhook-endpoints/:id/test': { prepare: endpoint, body: () => undefined, count: (m) => one('SELECT count(*) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE e.description = $1', m) },
  '/api/v1/tenants/:tenant/phone-numbers': {
    prepare: async () => ({ number: (await maria.get(`${tenant}/phone-numbers/available?country=US&type=local&limit=1`)).body.data[0].number }),
    body: (m, { number }) => ({ number }), count: (m, { number }) => one('SELECT count(*) FROM phone_numbers WHERE number = $1', number),
    undo: async ({ number }) => maria.delete(`${tenant}/phone-numbers/${(await rows('SELECT id FROM phone_numbers WHERE number = $1', [number]))[0].id}`) },
  '/api/v1/tenants/:tenant/campaigns': { body: (m) => ({ name: m }), count: (m) => one('SELECT count(*) FROM campaigns WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/campaigns/:id/leads': {
    prepare: async (m) => {
      const lead = await maria.post(`${tenant}/leads`, { name: m, phone: fresh() });
      const campaign = await maria.post(`${tenant}/campaigns`, { name: m });
      return { id: campaign.body.id, lead: lead.body.id };
    },
    body: (m, { lead }) => ({ lead_ids: [lead] }), count: (m) => one('SELECT count(*) FROM campaign_leads JOIN leads l ON l.id = lead_id WHERE l.name = $1', m) },
  '/api/v1/tenants/:tenant/leads': { body: (m) => ({ name: m, phone: fresh() }), count: (m) => one('SELECT count(*) FROM leads WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/leads/import': { csv: (m) => `name,phone\n${m},${fresh()}\n`, count: (m) => one('SELECT count(*) FROM leads WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/lead-lists': { body: (m) => ({ name: m }), count: (m) => one('SELECT count(*) FROM lead_lists WHERE name = $1', m) },
  '/api/v1/tenants/:tenant/lead-lists/:id/leads': {
    prepare: async (m) => ({ id: (await maria.post(`${tenant}/lead-lists`, { name: m })).body.id, lead: (await maria.post(`${tenant}/leads`, { name: m, phone: fresh() })).body.id }),
    body: (m, { lead }) => ({ lead_ids: [lead] }), count: (m) => one('SELECT count(*) FROM lead_list_members JOIN leads l ON l.id = lead_id WHERE l.name = $1', m) },
  '/api/v1/tenants/:tenant/dnc': { body: (m) => ({ phone: fresh(), reason: m }), count: (m) => one('SELECT count(*) FROM dnc WHERE reason = $1', m) },
  '/api/v1/tenants/:tenant/calls': { body: (m) => ({ mode: 'direct', phone: m }), marker: fresh, count: placed },
  '/api/outbound-caller/call': { body: (m) => ({ phone: m }), marker: fresh, count: placed },
};

const table = execFileSync(`${env.OUTDIAL_BIN}/outdial`, ['routes'], { encoding: 'utf8' }).trim().split('\n')
  .filter((line) => line.includes('[creates]')).map((line) => line.split(/ +/)[1]);

let maria, bob;
before(async () => {
  maria = await admin();
  const password = randomUUID();
  const made = await maria.post(`${tenant}/users`, { email: `${randomUUID()}@demo.example`, name: 'Twin', role: 'owner', password });
  bob = await as(made.body.email, password);
  await carrier.reset();
  await carrier.speed(20);
});

/** A request that can be sent again and again, byte for byte. */
async function wish(pattern, marker) {
  const what = creates[pattern];
  assert.ok(what, `POST ${pattern}: say here what is sent and what it makes`);
  const place = (await what.prepare?.(marker)) ?? {};
  const path = pattern.replace(':tenant', env.OUTDIAL_TENANT_ID).replace(':id', place.id);
  const send = (raw, key, who) => request('POST', path, { raw, token: who.token, headers: { 'idempotency-key': key, 'content-type': what.csv ? 'text/csv' : 'application/json' } });
  const raw = what.csv ? what.csv(marker) : JSON.stringify(what.body(marker, place));               // undefined: it takes none
  return { place, send: (key, who = maria) => send(raw, key, who), other: raw && ((key) => send(what.csv ? `${raw}x,1\n` : raw.replace(/}$/, ',"twice":1}'), key, maria)) };
}
const marker_of = (pattern) => creates[pattern]?.marker?.() ?? `m${hex().slice(0, 20)}`;
const plain = (answer) => JSON.stringify({ ...answer.body, secret: null });

for (const pattern of table) {
  test(`POST ${pattern}: twins make one, and the same again is the same answer`, async () => {
    const marker = marker_of(pattern), key = randomUUID(), request = await wish(pattern, marker);
    const twins = await Promise.all([request.send(key), request.send(key), request.send(key)]);
    for (const twin of twins) assert.ok(twin.status < 300 || (twin.status === 409 && twin.body.code === 'idempotency_in_progress'), twin.text);
    const good = twins.filter((twin) => twin.status < 300);
    assert.ok(good.length >= 1);
    const again = await request.send(key);
    assert.equal(again.headers.get('idempotent-replayed'), 'true', again.text);
    assert.equal(twins.filter((twin) => twin.status < 300 && twin.headers.get('idempotent-replayed') !== 'true').length, 1, 'one of them is the original');
    if (!creates[pattern].marker) for (const twin of good) assert.equal(plain(twin), plain(again));
    assert.equal(await creates[pattern].count(marker, request.place), 1);
    if (!request.other) return;
    const other = await request.other(key);
    assert.equal(other.status, 409, other.text);
    assert.equal(other.body.code, 'key_reused');
    assert.equal(await creates[pattern].count(marker, request.place), 1);
    await creates[pattern].undo?.(request.place);
  });

  test(`POST ${pattern}: a worker killed in the middle makes one`, async () => {
    const state = env.OUTDIAL_STATE, pids = readdirSync(join(state, 'pids')).filter((name) => name.startsWith('outdial-api.'));
    const marker = marker_of(pattern), key = randomUUID(), request = await wish(pattern, marker);
    const first = request.send(key).catch(() => undefined);
    await after(Math.random() * 8);
    for (const name of pids) try { process.kill(Number(readFileSync(join(state, 'pids', name), 'utf8')), 'SIGKILL'); } catch { /* it is being replaced */ }
    await first;
    await until('it serves again', async () => (await nobody.get('/readyz')).status === 200, 20000);
    const last = await until('the same request is answered', async () => {
      const answer = await request.send(key);
      return answer.status < 300 && answer;
    }, 60000);
    assert.equal(await creates[pattern].count(marker, request.place), 1, last.text);
    assert.equal((await request.send(key)).headers.get('idempotent-replayed'), 'true');
    await creates[pattern].undo?.(request.place);
  });
}

test('a key belongs to whoever sent it', async () => {
  const key = randomUUID(), marker = marker_of();
  const [mine, theirs] = [await (await wish('/api/v1/tenants/:tenant/leads', marker)).send(key, maria), await (await wish('/api/v1/tenants/:tenant/leads', marker)).send(key, bob)];
  assert.deepEqual([mine.status, theirs.status], [201, 201]);
  assert.notEqual(mine.body.id, theirs.body.id);
});

// Numbers: every page of the carrier's list, the link to a campaign, and what strangers see of them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { before, test } from 'node:test';
import { admin, agent, carrier, env, problem, rival, rows, tenant, until } from './play.mjs';

const path = `${tenant}/phone-numbers`;
const theirs = `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}/phone-numbers`;
const nothing = '00000000-0000-7000-8000-000000000000';

let maria, bob, stranger;
before(async () => { [maria, bob, stranger] = [await admin(), await agent(), await rival()]; });

const all = async (who = maria, where = path) => (await who.get(`${where}?limit=1000`)).body.data;

test('an import brings every page once; the second one brings nothing new', async () => {
  await rows('DELETE FROM phone_numbers WHERE tenant_id = $1', [env.OUTDIAL_TENANT_ID]);
  const seen = (await carrier.log()).length;
  const first = await maria.post(`${path}/import`);
  assert.equal(first.status, 200, first.text);
  assert.deepEqual([first.body.imported, first.body.updated, first.body.total, first.body.data.length], [137, 0, 137, 137]);
  const asked = (await carrier.log()).slice(seen).filter((l) => l.url?.includes('IncomingPhoneNumbers'));
  assert.equal(asked.length, 3, 'three pages of fifty');
  const second = await maria.post(`${path}/import`, {});
  assert.deepEqual([second.body.imported, second.body.updated, second.body.total], [0, 0, 137]);
  const numbers = await all();
  assert.equal(numbers.length, 137);
  assert.equal(new Set(numbers.map((n) => n.number)).size, 137);
  const kinds = Object.groupBy(numbers, (n) => n.type);
  assert.equal(kinds.TOLL_FREE.length, 25);
  const one = numbers.find((n) => n.number === env.TWILIO_PHONE_NUMBER);
  assert.deepEqual(Object.keys(one).sort(), ['callsToday', 'campaignId', 'dailyCap', 'id', 'isActive', 'livekitTrunkId', 'metadata', 'number', 'provider', 'providerSid', 'purchasedAt', 'state', 'tenantId', 'type']);
  assert.deepEqual([one.type, one.provider, one.tenantId, one.campaignId, one.livekitTrunkId, one.isActive], ['LOCAL', 'TWILIO', env.OUTDIAL_TENANT_ID, null, null, true]);
  assert.match(one.providerSid, /^PN[0-9a-f]{32}$/);
  assert.ok(Date.parse(one.purchasedAt) > 0);
  assert.equal(one.metadata.importedFrom, 'twilio');
  assert.deepEqual(Object.keys(one.metadata.capabilities).sort(), ['mms', 'sms', 'voice']);
  assert.equal(numbers.filter((n) => /^TK/.test(n.metadata.originalTrunkSid ?? '')).length, 3);
});

test('a changed number counts as updated, and keeps its link', async () => {
  const one = (await all()).find((n) => n.type === 'LOCAL');
  assert.equal((await maria.put(`${path}/${one.id}`, { campaignId: env.OUTDIAL_CAMPAIGN_LIVEKIT_ID })).status, 200);
  await rows(`UPDATE phone_numbers SET type = 'MOBILE' WHERE id = $1`, [one.id]);
  const again = await maria.post(`${path}/import`);
  assert.deepEqual([again.body.imported, again.body.updated], [0, 1]);
  const now = (await maria.get(`${path}/${one.id}`)).body;
  assert.deepEqual([now.type, now.campaignId], [one.type, env.OUTDIAL_CAMPAIGN_LIVEKIT_ID]);
  await maria.put(`${path}/${one.id}`, { campaignId: null });
});

test('a number is linked, given a trunk, switched off; absent members stay', async (t) => {
  const [one] = await all();
  const put = (body, headers) => maria.put(`${path}/${one.id}`, body, headers);
  t.after(() => put({ campaignId: null, livekitTrunkId: null, isActive: true }));
  const linked = await put({ campaignId: env.OUTDIAL_CAMPAIGN_TWILIO_ID });
  assert.equal(linked.status, 200, linked.text);
  assert.deepEqual(linked.body, { ...one, campaignId: env.OUTDIAL_CAMPAIGN_TWILIO_ID });
  assert.deepEqual((await put({ livekitTrunkId: 'ST_play' })).body, { ...linked.body, livekitTrunkId: 'ST_play' });
  assert.deepEqual((await maria.patch(`${path}/${one.id}`, { isActive: false })).body, { ...linked.body, livekitTrunkId: 'ST_play', isActive: false });
  assert.deepEqual((await maria.get(`${path}?campaignId=${env.OUTDIAL_CAMPAIGN_TWILIO_ID}`)).body.data.map((n) => n.id), [one.id]);
  assert.equal((await put({ campaignId: null })).body.campaignId, null);
  const wrong = async (body, field, code) => {
    const answer = await put(body);
    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual([answer.body.errors[0].field, answer.body.errors[0].code], [field, code], answer.text);
  };
  await wrong({ campaignId: nothing }, 'campaignId', 'not_found');
  await wrong({ campaignId: 'x' }, 'campaignId', 'malformed');
  await wrong({ livekitTrunkId: 'TK123' }, 'livekitTrunkId', 'malformed');
  await wrong({ number: '+12125550100' }, 'number', 'read_only');
  await wrong({ campaign_id: null }, 'campaign_id', 'unknown_field');
  const absent = await maria.post(`${path}/import`, { account_id: nothing });
  assert.deepEqual([absent.status, absent.body.errors[0].field], [422, 'account_id'], absent.text);
  problem(await bob.put(`${path}/${one.id}`, { isActive: true }), 403, 'forbidden');
  problem(await bob.post(`${path}/import`), 403, 'forbidden');
  assert.equal((await bob.get(`${path}/${one.id}`)).status, 200);
});

test('another tenant sees nothing of it', async () => {
  const [one] = await all();
  for (const answer of [await stranger.get(path), await stranger.get(`${path}/${one.id}`), await stranger.get(`${theirs}/${one.id}`),
    await stranger.put(`${theirs}/${one.id}`, { isActive: false }), await stranger.post(`${path}/import`), await stranger.get(`${theirs}/${nothing}`)])
    problem(answer, 404, 'not_found');
  const own = await stranger.post(`${theirs}/import`);
  assert.equal(own.status, 200, own.text);
  const mine = new Set((await all()).map((n) => n.number));
  assert.ok((await all(stranger, theirs)).every((n) => !mine.has(n.number)));
  const [their] = await all(stranger, theirs);
  const answer = await stranger.put(`${theirs}/${their.id}`, { campaignId: env.OUTDIAL_CAMPAIGN_TWILIO_ID });
  assert.equal(answer.status, 422, 'a foreign campaign is no campaign');
});

test('the list is one round trip to the database', { skip: !env.OUTDIAL_STATE && 'the worker\'s log is not at hand' }, async () => {
  const answer = await maria.get(`${path}?limit=1000`);
  const id = answer.headers.get('x-request-id');
  const line = await until('the access line is written', async () => {
    const logs = readdirSync(`${env.OUTDIAL_STATE}/logs`).filter((name) => name.startsWith('outdial-api'));
    return logs.flatMap((name) => readFileSync(`${env.OUTDIAL_STATE}/logs/${name}`, 'utf8').split('\n')).find((l) => l.includes(id) && l.includes('request.done'));
  });
  assert.equal(JSON.parse(line).round_trips, 1, line);
});

test('the list pages without gaps', async () => {
  const whole = (await all()).map((n) => n.id), paged = [];
  for (let cursor = ''; ;) {
    const page = (await maria.get(`${path}?limit=50${cursor}`)).body;
    paged.push(...page.data.map((n) => n.id));
    if (!page.next_cursor) break;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
  assert.deepEqual(paged, whole);
  assert.deepEqual([...whole].sort().reverse(), whole, 'newest first');
});

/** A carrier of the play's own: answers what it is told to. */
async function fake(t, pages) {
  const asked = [];
  const server = createServer((request, answer) => {
    asked.push(request.url);
    const page = pages(request.url, asked.length);
    answer.writeHead(page.status ?? 200, { 'content-type': 'application/json' });
    answer.end(page.text ?? JSON.stringify(page));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const sid = `AC${randomUUID().replaceAll('-', '')}`;
  const made = await maria.post(`${tenant}/provider-accounts`, { provider: 'twilio', account_sid: sid, auth_token: 'secret' });
  const id = made.body.id;
  await rows('UPDATE provider_accounts SET base_url = $2 WHERE id = $1', [id, `http://127.0.0.1:${server.address().port}`]);
  t.after(async () => {
    await new Promise((closed) => { server.close(closed); server.closeAllConnections(); });
    await rows('DELETE FROM phone_numbers WHERE account_id = $1', [id]);
    await rows('DELETE FROM provider_accounts WHERE id = $1', [id]);
  });
  return { id, asked, import: () => maria.post(`${path}/import`, { account_id: id }), active: async () => (await rows('SELECT number FROM phone_numbers WHERE account_id = $1 AND is_active AND NOT carrier_gone ORDER BY 1', [id])).map((r) => r.number) };
}
const entry = (line, more) => ({ sid: `PN${String(line).padStart(32, '0')}`, phone_number: `+1646555${String(line).padStart(4, '0')}`, capabilities: { voice: true, SMS: true }, date_created: 'Thu, 01 Jan 2026 00:00:05 +0000', ...more });

test('pages are followed to the letter; what is gone at the carrier is switched off, and only after a whole list', async (t) => {
  let last = { incoming_phone_numbers: [entry(3)], next_page_uri: null };
  const other = await fake(t, (url) => url.endsWith('?strange=token%2F1') ? last : { incoming_phone_numbers: [entry(1), entry(2)], next_page_uri: '/2010-04-01/elsewhere.json?strange=token%2F1' });
  assert.deepEqual((({ imported, total }) => ({ imported, total }))((await other.import()).body), { imported: 3, total: 3 });
  assert.equal(other.asked[1], '/2010-04-01/elsewhere.json?strange=token%2F1');
  const every = ['+16465550001', '+16465550002', '+16465550003'];
  assert.deepEqual(await other.active(), every);
  for (const bad of [{ status: 500 }, { status: 401 }, { text: '{"incoming' }, { text: '[]' }, { incoming_phone_numbers: [], next_page_uri: '/2010-04-01/elsewhere.json?strange=token%2F1' },
    { incoming_phone_numbers: [], next_page_uri: 'http://127.0.0.1:9/away' }, { incoming_phone_numbers: [], next_page_uri: '//127.0.0.1:9/away' }]) {
    last = bad;
    const answer = await other.import();
    assert.equal(answer.status, 502, `${JSON.stringify(bad)}: ${answer.text}`);
    assert.deepEqual(await other.active(), every, JSON.stringify(bad));
  }
  last = { incoming_phone_numbers: [], next_page_uri: null };
  assert.equal((await other.import()).body.total, 2);
  assert.deepEqual(await other.active(), every.slice(0, 2));
  await rows('UPDATE phone_numbers SET is_active = false WHERE account_id = $1 AND number = $2', [other.id, every[0]]);
  last = { incoming_phone_numbers: [entry(3)], next_page_uri: null };
  assert.equal((await other.import()).body.total, 3);
  assert.deepEqual(await other.active(), every.slice(1), 'what somebody switched off stays off; what the carrier lists again is back');
});

test('a list that names a number twice counts it once, and a page that stumbles is asked for again', async (t) => {
  const other = await fake(t, (url, count) => count === 1 ? { status: 503 } : { incoming_phone_numbers: [entry(5), entry(5), entry(6, { phone_number: '12345' }), entry(7, { phone_number: null })] });
  const answer = await other.import();
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.body.imported, answer.body.total, answer.body.data.length], [1, 1, 1]);
  assert.equal(answer.body.data[0].purchasedAt, '2026-01-01T00:00:05.000Z');
  assert.deepEqual(answer.body.data[0].metadata, { capabilities: { voice: true, sms: true, mms: false }, importedFrom: 'twilio', originalTrunkSid: null });
});

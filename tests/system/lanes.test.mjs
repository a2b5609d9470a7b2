// Requests of many people travel to the database together.  Each gets the answer it would have got alone.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import pg from 'pg';
import twilio from 'twilio';
import { admin, as, env, problem, request, ringing, rival, rows, tenant, until } from './play.mjs';

let call, maria, rita;
const theirs = `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}`;
before(async () => { [call, maria, rita] = [await ringing(), await admin(), await rival()]; });

let sequence = 1000;
function webhook(over = {}) {
  const key = String(++sequence);
  const path = `/api/outbound-caller/call-status?a=${over.attempt ?? call.id}&t=${over.tenant ?? call.tenant_id}`;
  const body = { CallSid: call.provider_sid, AccountSid: env.TWILIO_ACCOUNT_SID, From: env.TWILIO_PHONE_NUMBER, To: call.phone, CallStatus: 'ringing',
    Direction: 'outbound-api', ApiVersion: '2010-04-01', SequenceNumber: key, Timestamp: 'Sat, 21 Nov 2026 06:00:00 +0000', CallbackSource: 'call-progress-events' };
  const signature = twilio.getExpectedTwilioSignature(env.TWILIO_AUTH_TOKEN, env.OUTDIAL_URL + path, body);
  const send = () => request('POST', path, { raw: new URLSearchParams(body).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature } });
  return { key, send };
}
const stored = async () => new Set((await rows('SELECT source_key FROM call_events WHERE attempt_id = $1', [call.id])).map((row) => row.source_key.split(':').at(-1)));

/** A session of the owner that holds something until it is released. */
async function holding(sql, parameters = []) {
  const client = new pg.Client({ connectionString: env.OUTDIAL_DATABASE_URL });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SET LOCAL search_path = outdial, pg_temp');
  await client.query(sql, parameters);
  return async () => { await client.query('ROLLBACK'); await client.end(); };
}
const shuffled = (list) => list.map((item) => [Math.random(), item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);

test('of 240 requests at once the poisoned ones fail alone, each with its own error', async () => {
  const dead = await as(env.OUTDIAL_AGENT_EMAIL, env.OUTDIAL_AGENT_PASSWORD);
  assert.equal((await dead.post('/api/v1/auth/logout', {})).status, 204);
  const twin = `TK${randomUUID().replaceAll('-', '')}`;
  assert.equal((await maria.post(`${tenant}/trunks`, { trunk_sid: twin })).status, 201);
  const made = [], news = [];
  const kinds = [
    () => { const one = webhook(); news.push(one.key); return [one.send(), 204]; },
    () => { const sid = `TK${randomUUID().replaceAll('-', '')}`; made.push(sid); return [maria.post(`${tenant}/trunks`, { trunk_sid: sid }), 201]; },
    () => [maria.post(`${tenant}/trunks`, { trunk_sid: twin }), 409],
    () => [maria.post(`${tenant}/trunks`, { trunk_sid: `TK${randomUUID().replaceAll('-', '')}`, account_id: randomUUID() }), [404, 422]],
    () => [dead.get(`${tenant}/phone-numbers`), 401],
    () => [rita.get(`${tenant}/phone-numbers`), 404],
    () => [maria.get(`${tenant}/trunks/${randomUUID()}`), 404],
    () => [webhook({ tenant: env.OUTDIAL_OTHER_TENANT_ID }).send(), 403],
    () => [maria.get(`${tenant}/phone-numbers`), 200],
    () => [rita.get(`${theirs}/phone-numbers`), 200],
  ];
  const all = shuffled(Array.from({ length: 240 }, (_, i) => kinds[i % kinds.length])).map((kind) => kind());
  const answers = await Promise.all(all.map(([answer]) => answer));
  answers.forEach((answer, i) => assert.ok([all[i][1]].flat().includes(answer.status), `${answer.status} instead of ${all[i][1]}: ${answer.text}`));

  const kept = (await rows('SELECT trunk_sid FROM trunks WHERE tenant_id = $1', [env.OUTDIAL_TENANT_ID])).map((row) => row.trunk_sid);
  for (const sid of made) assert.equal(kept.filter((one) => one === sid).length, 1, 'what was answered 201 is there, once');
  const heard = await stored();
  for (const key of news) assert.ok(heard.has(key), 'what was answered 204 is there');
  await rows('DELETE FROM trunks WHERE trunk_sid = ANY ($1)', [[twin, ...made]]);
});

test('two tenants that ask at the same moment see their own', async () => {
  const asked = shuffled(Array.from({ length: 120 }, (_, i) => (i % 2 ? [maria, tenant, env.OUTDIAL_TENANT_ID] : [rita, theirs, env.OUTDIAL_OTHER_TENANT_ID])));
  const answers = await Promise.all(asked.map(([who, where, id]) => Promise.all([who.get(where), who.get(`${where}/users`), id])));
  for (const [self, users, id] of answers) {
    assert.equal(self.body.id, id);
    const emails = users.body.data.map((user) => user.email);
    assert.ok(emails.includes(id === env.OUTDIAL_TENANT_ID ? env.OUTDIAL_ADMIN_EMAIL : env.OUTDIAL_OTHER_ADMIN_EMAIL));
    assert.ok(!emails.includes(id === env.OUTDIAL_TENANT_ID ? env.OUTDIAL_OTHER_ADMIN_EMAIL : env.OUTDIAL_ADMIN_EMAIL));
  }
});

test('who waits for a lock waits alone, and no longer than the request may', async () => {
  const release = await holding('SELECT FROM attempts WHERE id = $1 FOR UPDATE', [call.id]);
  const { name } = (await maria.get('/api/v1/me')).body;
  try {
    const stuck = webhook();
    const answer = stuck.send();
    for (let i = 0; i < 40; i++) assert.equal((await maria.patch('/api/v1/me', { name })).status, 200, 'others write meanwhile');
    const late = await answer;
    problem(late, 503, 'unavailable');
    assert.equal(late.headers.get('retry-after'), '1');
    await release();
    assert.equal((await stuck.send()).status, 204, 'the carrier repeats it');
    assert.ok((await stored()).has(stuck.key));
  } finally {
    await release().catch(() => {});
  }
});

test('a read that takes long does not hold up the others', async () => {
  const release = await holding('LOCK TABLE trunks IN ACCESS EXCLUSIVE MODE');
  const slow = Array.from({ length: 4 }, () => maria.get(`${tenant}/trunks`));
  for (let i = 0; i < 40; i++) assert.equal((await maria.get(`${tenant}/phone-numbers`)).status, 200, 'others read meanwhile');
  await release();
  for (const answer of await Promise.all(slow)) assert.equal(answer.status, 200, answer.text);
});

test('connections that are cut in the middle: nothing that was confirmed is lost', async () => {
  const confirmed = [];
  let unclear = 0, going = true;
  const streams = Array.from({ length: 24 }, async () => {
    while (going) {
      const one = webhook();
      const answer = await one.send();
      if (answer.status === 204) confirmed.push(one.key);
      else { assert.equal(answer.status, 503, answer.text); unclear++; }
      const list = await maria.get(`${tenant}/phone-numbers`);
      assert.ok([200, 503].includes(list.status), list.text);
    }
  });
  for (let i = 0; i < 8; i++) {
    const heard = confirmed.length;
    await until('they go on', () => confirmed.length > heard + 20);
    await rows(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name IN ('outdial-api read', 'outdial-api write')`);
  }
  going = false;
  await Promise.all(streams);
  const heard = await stored();
  for (const key of confirmed) assert.ok(heard.has(key), 'what was answered 204 is there');
  assert.ok(confirmed.length > unclear, `${confirmed.length} confirmed, ${unclear} unclear`);
});

test('threads hammer one pair of lanes: nobody gets an answer that is not theirs', async () => {
  const found = [];
  for (const email of [env.OUTDIAL_ADMIN_EMAIL, env.OUTDIAL_OTHER_ADMIN_EMAIL])
    found.push(...await rows('SELECT tenant_id, id, epoch FROM users WHERE email = $1', [email]));
  const url = env.OUTDIAL_DATABASE_URL.replace('owner@', 'api@');
  const child = spawn(`${env.OUTDIAL_BIN}/tests/lane_hammer`, [url, '24', '150', ...found.flatMap((who) => [who.tenant_id, who.id, who.epoch])], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '', complaints = '';
  child.stdout.on('data', (text) => { said += text; });
  child.stderr.on('data', (text) => { complaints += text; });
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  assert.equal(status, 0, `${complaints.slice(0, 4000)}\n${said}`);
  const sum = JSON.parse(said);
  assert.equal(sum.answered, 24 * 150);
  const [{ count }] = await rows(`SELECT count(*)::integer AS count FROM trunks WHERE name = 'hammer'`);
  assert.ok(sum.added > 0 && sum.refused > 0 && count >= sum.added, said);
  await rows(`DELETE FROM trunks WHERE name = 'hammer'`);
});

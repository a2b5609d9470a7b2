// What breaks, and what people and carriers notice of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import pg from 'pg';
import twilio from 'twilio';
import { env, nobody, request, ringing, until } from './play.mjs';

const state = env.OUTDIAL_STATE ?? dirname(decodeURIComponent(env.OUTDIAL_DATABASE_URL.match(/@([^/]+)/)[1]));
const pid = (name) => Number(readFileSync(join(state, 'pids', name), 'utf8'));
const alive = (number) => { try { process.kill(number, 0); return true; } catch { return false; } };

let call;
before(async () => { call = await ringing(); });

const webhook = (path, extra) => {
  const where = `/api/outbound-caller/${path}?a=${call.id}&t=${call.tenant_id}`;
  const body = { CallSid: call.provider_sid, AccountSid: env.TWILIO_ACCOUNT_SID, CallStatus: 'in-progress', To: call.phone, ...extra };
  return request('POST', where, { raw: new URLSearchParams(body).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': twilio.getExpectedTwilioSignature(env.TWILIO_AUTH_TOKEN, env.OUTDIAL_URL + where, body) } });
};

test('a row that somebody else holds: the person on the line hears the apology after three seconds, news is answered 503', async () => {
  const client = new pg.Client({ connectionString: env.OUTDIAL_DATABASE_URL });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM outdial.attempts WHERE id = $1 FOR UPDATE', [call.id]);
    const asked = Date.now();
    const [spoken, news] = await Promise.all([webhook('voice', { AnsweredBy: 'human' }), webhook('call-status', { SequenceNumber: '80' })]);
    assert.ok(Date.now() - asked < 14000, 'inside the carrier\'s patience');
    assert.equal(spoken.status, 200, spoken.text);
    assert.match(spoken.text, /<Say[^>]*>We are sorry, this call cannot be handled right now\. Goodbye\.<\/Say><Hangup\/>/);
    assert.equal(news.status, 503, news.text);
    assert.ok(Number(news.headers.get('retry-after')) >= 1);
  } finally {
    await client.query('ROLLBACK');
    await client.end();
  }
  assert.match((await webhook('voice', { AnsweredBy: 'human' })).text, /<Gather/);
});

for (const name of ['outdial-api.1', 'outdial-dialer.1', 'nginx.1', 'outdial-sandbox.1'])
  test(`kill -9 of ${name}: a new process within a second, and it serves`, async () => {
    const old = pid(name);
    process.kill(old, 'SIGKILL');
    await until('another process has its place', () => pid(name) !== old && alive(pid(name)), 5000);
    await until('it serves', async () => (await nobody.get('/readyz')).status === 200, 10000);
  });

test('kill -9 of the postmaster: 503 with a cure, then service again without a restart of the workers', async () => {
  const workers = [pid('outdial-api.1'), pid('outdial-api.2')];
  const old = pid('postgres.1');
  process.kill(old, 'SIGKILL');
  const answers = [];
  await until('the database is back', async () => {
    const answer = await nobody.get('/readyz');
    answers.push(answer);
    return answer.status === 200 && pid('postgres.1') !== old;
  }, 30000);
  for (const answer of answers.filter((a) => a.status !== 200)) {
    assert.equal(answer.status, 503);
    assert.match(answer.headers.get('content-type'), /problem\+json/);
  }
  assert.equal((await webhook('call-status', { SequenceNumber: '81' })).status, 204);
  assert.deepEqual([pid('outdial-api.1'), pid('outdial-api.2')], workers);
});

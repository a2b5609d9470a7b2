// What a stranger with nothing but the documentation tries: edges of the common rules, across the routes.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import net from 'node:net';
import { before, test } from 'node:test';
import twilio from 'twilio';
import { admin, carrier, env, fresh, problem, request, rows, tenant } from './play.mjs';

let maria;
before(async () => {
  maria = await admin();
  await carrier.reset();
  await carrier.speed(1);
});

const sign = (path, form, token) => twilio.getExpectedTwilioSignature(token, env.OUTDIAL_URL + path, form);
const send = (path, form, token = env.TWILIO_AUTH_TOKEN) => request('POST', path, { raw: new URLSearchParams(form).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': sign(path, form, token) } });

/** A call that rings for long, and the form that the carrier would send about it. */
async function ringing() {
  const phone = fresh();
  await carrier.script(phone, { outcome: 'human', ring_secs: 500 });
  const placed = await maria.post('/api/outbound-caller/call', { phone });
  assert.equal(placed.status, 200, placed.text);
  return { phone, id: placed.body.callId, form: (over = {}) => ({ CallSid: placed.body.callSid, AccountSid: env.TWILIO_ACCOUNT_SID, From: env.TWILIO_PHONE_NUMBER,
    To: phone, CallStatus: 'in-progress', Direction: 'outbound-api', ApiVersion: '2010-04-01', ...over }) };
}

test('a webhook whose address names no attempt is matched by the line\'s own id', async () => {
  const asked = await ringing();
  const menu = await send('/api/outbound-caller/voice', asked.form({ AnsweredBy: 'human' }));
  assert.match(menu.text, /<Gather numDigits="1" action="[^"]*\/gather\?a=[0-9a-f-]{36}&amp;t=[0-9a-f-]{36}/);
  assert.match((await send('/api/outbound-caller/gather', asked.form({ Digits: '1' }))).text, /<Dial[^>]*><Number[^>]*call-status\?a=[0-9a-f-]{36}&amp;t=/);
  assert.match((await send('/api/outbound-caller/gather', asked.form({ Digits: '2' }))).text, /added to our do not call list/);
  assert.deepEqual(await rows('SELECT source FROM dnc WHERE phone_e164 = $1', [asked.phone]), [{ source: 'keypress' }]);

  const told = await ringing();
  assert.equal((await send('/api/outbound-caller/call-status', told.form({ CallStatus: 'completed', CallDuration: '9', SequenceNumber: '3' }))).status, 204);
  const call = (await maria.get(`${tenant}/calls/${told.id}`)).body;
  assert.deepEqual([call.status, call.duration], ['completed', 9]);
});

test('another account\'s genuine signature opens nothing of our call, at any address', async () => {
  const ours = await ringing();
  const form = ours.form({ AccountSid: env.OUTDIAL_OTHER_TWILIO_ACCOUNT_SID, CallStatus: 'completed', Digits: '2' });
  const about = async () => [await rows('SELECT kind FROM stray_events WHERE call_sid = $1', [form.CallSid]), await rows('SELECT status FROM legs WHERE provider_sid = $1', [form.CallSid]),
    await rows('SELECT id FROM dnc WHERE phone_e164 = $1', [ours.phone])].map((list) => list.filter((row) => row.status !== 'ringing' && row.status !== 'dialing' && row.status !== 'planned'));
  for (const path of ['/api/outbound-caller/voice', '/api/outbound-caller/gather', '/api/outbound-caller/call-status', '/api/twilio/inbound', '/api/twilio/amd', '/api/twilio/recording',
    '/api/twilio/conference', '/api/twilio/sms-status'])
    problem(await send(path, form, env.OUTDIAL_OTHER_TWILIO_AUTH_TOKEN), 403, 'forbidden');
  assert.deepEqual(await about(), [[], [], []]);
});

test('If-Match: of many who read the same, one writes; a stale DELETE is refused', async (t) => {
  const things = { campaigns: { name: 'Edge' }, leads: { name: 'Edge', phone: fresh() },
    'provider-accounts': { provider: 'twilio', label: 'Edge', account_sid: `AC${randomBytes(16).toString('hex')}`, auth_token: randomBytes(16).toString('hex') } };
  for (const [path, body] of Object.entries(things)) {
    await t.test(path, async () => {
      const made = await maria.post(`${tenant}/${path}`, body);
      assert.equal(made.status, 201, made.text);
      const at = `${tenant}/${path}/${made.body.id}`, tag = made.headers.get('etag'), member = path === 'provider-accounts' ? 'label' : 'name';
      const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((i) => maria.patch(at, { [member]: `Edge ${i}` }, { 'if-match': tag })));
      assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 412, 412, 412, 412, 412]);
      problem(await maria.delete(at, undefined, { 'if-match': tag }), 412, 'precondition_failed');
      assert.equal((await maria.delete(at, undefined, { 'if-match': (await maria.get(at)).headers.get('etag') })).status, 204);
    });
  }
});

test('a replayed key tells that nothing was placed, and places nothing', async () => {
  const phone = fresh(), key = { 'idempotency-key': randomUUID() };
  await carrier.script(phone, { outcome: 'reject' });
  problem(await maria.post('/api/outbound-caller/call', { phone }, key), 502, 'provider_refused');
  const again = await maria.post('/api/outbound-caller/call', { phone }, key);
  assert.deepEqual([again.status, again.body.success, again.body.callSid, again.body.status], [200, false, null, 'failed'], again.text);
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.equal((await rows('SELECT id FROM attempts WHERE phone_e164 = $1', [phone])).length, 1);
});

/** What no HTTP library would send. */
const raw = (text) => new Promise((resolve, reject) => {
  const { hostname, port, host } = new URL(env.OUTDIAL_URL);
  const socket = net.connect(Number(port), hostname, () => socket.write(text.replaceAll('HOST', `Host: ${host}\r\nConnection: close\r\n`)));
  let heard = '';
  socket.setEncoding('utf8').setTimeout(5000, () => socket.destroy(new Error('no answer'))).on('data', (piece) => { heard += piece; }).on('error', reject);
  socket.on('end', () => {
    const [head, body] = heard.split('\r\n\r\n');
    resolve({ status: Number(head.split(' ')[1]), type: /content-type: *([^\r\n]*)/i.exec(head)?.[1], body: JSON.parse(body) });
  });
});

test('requests that never reach a worker are refused in the same words', async (t) => {
  const broken = { 'headers that are too large': [`GET /api/v1/me HTTP/1.1\r\nHOSTX: ${'a'.repeat(70000)}\r\n\r\n`, 431], 'an address that is too long': [`GET /api/v1/me?${'a'.repeat(40000)} HTTP/1.1\r\nHOST\r\n`, 414],
    'an unknown coding': ['POST /api/v1/auth/login HTTP/1.1\r\nHOSTTransfer-Encoding: gzip\r\n\r\n', 501], 'another protocol': ['GET /api/v1/me HTTP/3.1\r\nHOST\r\n', 501],
    'a broken piece': ['POST /api/v1/auth/login HTTP/1.1\r\nHOSTContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400], 'two hosts': ['GET /api/v1/me HTTP/1.1\r\nHost: a\r\nHOST\r\n', 400] };
  for (const [name, [text, status]] of Object.entries(broken)) {
    await t.test(name, async () => {
      const answer = await raw(text);
      assert.equal(answer.status, status);
      assert.match(answer.type, /^application\/problem\+json/);
      assert.equal(answer.body.status, status);
      for (const member of ['type', 'title', 'detail', 'code', 'instance', 'request_id']) assert.ok(answer.body[member], member);
    });
  }
  const page = await request('POST', '/');
  problem(page, 405, 'method_not_allowed');
  assert.equal(page.headers.get('allow'), 'GET, HEAD');
  for (const path of ['/api', '/vendor/', '/nothing']) problem(await request('GET', path), 404, 'not_found');
  assert.equal((await request('GET', '/api/v1/caf\u00e9/x')).body.instance, '/api/v1/caf%C3%A9/x');
});

test('the type of a body is refused before its size', async () => {
  const large = Buffer.alloc((1 << 20) + 1, 0x20);
  for (const path of ['/api/outbound-caller/call', '/api/outbound-caller/start', `${tenant}/leads`]) {
    problem(await request('POST', path, { token: maria.token, raw: large, headers: { 'content-type': 'text/plain' } }), 415, 'unsupported_media_type');
    problem(await request('POST', path, { token: maria.token, raw: large, headers: { 'content-type': 'application/json' } }), 413, 'too_large');
  }
});

// Only the carrier may tell us things.  The official SDK signs; whatever it would not have signed changes nothing.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import twilio from 'twilio';
import { admin, campaign, carrier, env, fresh, problem, request, ringing, rows, tenant, until } from './play.mjs';

let call;
before(async () => { call = await ringing(); });

const path = (over = {}) => `/api/outbound-caller/call-status?a=${over.attempt ?? call.id}&t=${over.tenant ?? call.tenant_id}`;
const fields = (over = {}) => ({ CallSid: call.provider_sid, AccountSid: env.TWILIO_ACCOUNT_SID, From: env.TWILIO_PHONE_NUMBER, To: call.phone, CallStatus: 'ringing',
  Direction: 'outbound-api', ApiVersion: '2010-04-01', SequenceNumber: '71', Timestamp: 'Sat, 21 Nov 2026 06:00:00 +0000', CallbackSource: 'call-progress-events', ...over });
const sign = (where, body, token = env.TWILIO_AUTH_TOKEN) => twilio.getExpectedTwilioSignature(token, env.OUTDIAL_URL + where, body);
const send = (where, body, signature) => request('POST', where, { raw: new URLSearchParams(body).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...(signature ? { 'x-twilio-signature': signature } : {}) } });
const everything = async () => JSON.stringify(await rows(`SELECT (SELECT count(*) FROM call_events WHERE attempt_id = $1) AS events, (SELECT count(*) FROM stray_events WHERE call_sid = $2) AS stray,
  (SELECT jsonb_agg(l ORDER BY id) FROM legs l WHERE attempt_id = $1) AS legs`, [call.id, call.provider_sid]));

test('what the SDK signs is taken, once', async () => {
  const body = fields();
  const count = async () => (await rows(`SELECT FROM call_events WHERE attempt_id = $1 AND source_key LIKE '%:71'`, [call.id])).length;
  for (let i = 0; i < 3; i++) assert.equal((await send(path(), body, sign(path(), body))).status, 204);
  assert.equal(await count(), 1);
});

test('forged, altered, unsigned and misdirected requests are 403 and store nothing', async () => {
  const body = fields({ SequenceNumber: '72', CallStatus: 'completed' });
  const good = sign(path(), body);
  const before = await everything();
  const refused = [
    [path(), body, undefined], [path(), body, ''], [path(), body, good.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))],
    [path(), { ...body, CallStatus: 'busy' }, good], [path() + '&x=1', body, good], [path(), body, sign(path(), body, 'f'.repeat(32))],
    [path(), { ...body, AccountSid: env.OUTDIAL_OTHER_TWILIO_ACCOUNT_SID }, good],
    [path(), { ...body, AccountSid: env.OUTDIAL_OTHER_TWILIO_ACCOUNT_SID }, sign(path(), { ...body, AccountSid: env.OUTDIAL_OTHER_TWILIO_ACCOUNT_SID }, env.OUTDIAL_OTHER_TWILIO_AUTH_TOKEN)],
    [path({ tenant: env.OUTDIAL_OTHER_TENANT_ID }), body, sign(path({ tenant: env.OUTDIAL_OTHER_TENANT_ID }), body)],
  ];
  for (const [where, what, signature] of refused) assert.equal((await send(where, what, signature)).status, 403, `${where} ${JSON.stringify(what)}`);
  const bare = { ...body };
  delete bare.AccountSid;
  assert.equal((await send(path(), bare, sign(path(), bare))).status, 403);
  assert.equal(await everything(), before);
});

test('a genuine webhook about a call that is not ours is kept and rings nobody', async () => {
  const unknown = '01900000-0000-7000-8000-000000000000';
  const body = fields({ CallSid: `CA${'0'.repeat(32)}` });
  assert.equal((await send(path({ attempt: unknown }), body, sign(path({ attempt: unknown }), body))).status, 204);
  assert.equal((await rows('SELECT FROM stray_events WHERE call_sid = $1', [body.CallSid])).length, 1);
});

test('documents: the same call hears the same, another call id hears a hang-up, a stranger a polite sentence', async () => {
  const voice = path().replace('call-status', 'voice');
  const body = fields({ CallStatus: 'in-progress', AnsweredBy: 'human' });
  const first = await send(voice, body, sign(voice, body));
  const second = await send(voice, body, sign(voice, body));
  assert.equal(first.status, 200, first.text);
  assert.match(first.headers.get('content-type'), /text\/xml/);
  assert.match(first.text, /<Gather numDigits="1" action="[^"]*\/api\/outbound-caller\/gather\?a=/);
  assert.equal(first.text, second.text);
  const other = fields({ CallSid: `CA${'1'.repeat(32)}` });
  assert.match((await send(voice, other, sign(voice, other))).text, /<Response><Hangup\/><\/Response>/);
  const inbound = '/api/twilio/inbound';
  const caller = fields({ CallSid: `CA${'2'.repeat(32)}`, Direction: 'inbound', To: env.TWILIO_PHONE_NUMBER, From: '+12125550100' });
  assert.match((await send(inbound, caller, sign(inbound, caller))).text, /<Say[^>]*>Thank you for calling/);
});

test('one database round trip each: voice, gather, status, number list', async () => {
  const maria = await admin();
  const seen = async (answer) => answer.headers.get('server-timing');
  const voice = path().replace('call-status', 'voice'), gather = path().replace('call-status', 'gather');
  const spoken = fields({ CallStatus: 'in-progress', AnsweredBy: 'human' }), pressed = fields({ CallStatus: 'in-progress', Digits: '9' });
  await until('the account is cached by every worker', async () => {
    const trips = [await seen(await send(voice, spoken, sign(voice, spoken))), await seen(await send(gather, pressed, sign(gather, pressed))),
      await seen(await send(path(), fields(), sign(path(), fields()))), await seen(await maria.get(`${tenant}/phone-numbers`))];
    return trips.every((count) => count === 'db;desc=1') && trips;
  });
});

test('bodies that are too large or not a form', async () => {
  const large = { ...fields(), Extra: 'x'.repeat(70 * 1024) };
  assert.equal((await send(path(), large, sign(path(), large))).status, 413);
  const answer = await request('POST', path(), { raw: '{}', headers: { 'content-type': 'application/json', 'x-twilio-signature': 'x' } });
  assert.ok([403, 415].includes(answer.status), answer.text);
});

test('what is said survives anything a name can contain', async () => {
  const maria = await admin();
  await carrier.speed(20);
  const id = await campaign(maria);
  const name = `<Say>&"' ]]> Ünïcödé ${String.fromCodePoint(0x1f600)}`;
  assert.equal((await maria.put(`${tenant}/campaigns/${id}/scripts`, { en: { voicemail: name } })).status, 200);
  const phone = fresh();
  await carrier.script(phone, { outcome: 'machine' });
  await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: [{ phone, business_name: name }], intervalMinutes: 0 });
  await until('the voicemail was heard', async () => (await carrier.saw(phone))[0]?.said.includes(name));
  problem(await maria.put(`${tenant}/campaigns/${id}/scripts`, { en: { voicemail: 'bell \u0007' } }), 422, 'invalid');
});

// Numbers for sale: searched, bought once, given back; lost answers and processes that die on the way cost nothing and lose nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, agent, campaign, carrier, env, fresh, problem, rival, rows, run, tenant, until } from './play.mjs';

const path = `${tenant}/phone-numbers`;
const twilio = `${env.OUTDIAL_SANDBOX_URL}/twilio/2010-04-01/Accounts/${env.TWILIO_ACCOUNT_SID}`;
const authorization = `Basic ${Buffer.from(`${env.TWILIO_ACCOUNT_SID}:${env.TWILIO_AUTH_TOKEN}`).toString('base64')}`;
/** The carrier itself, asked past us. */
const at = async (method, below, form) => {
  const answer = await fetch(twilio + below, { method, headers: { authorization }, body: form && new URLSearchParams(form) });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : undefined };
};
const owned = async (number) => (await at('GET', `/IncomingPhoneNumbers.json?PhoneNumber=${encodeURIComponent(number)}`)).body.incoming_phone_numbers;
/** Requests that our side made to the carrier about buying or giving back. */
const asked = async (since, method) => (await carrier.log()).slice(since).filter((l) => l.kind === 'request' && l.method === method && l.url.includes('/IncomingPhoneNumbers'));
const seen = async () => (await carrier.log()).length;

let maria, bob, stranger, shelf;
const bought = new Set();
before(async () => {
  [maria, bob, stranger] = [await admin(), await agent(), await rival()];
  await carrier.reset();
  shelf = (await maria.get(`${path}/available?country=US&area_code=606&limit=100`)).body.data.map((n) => n.number);
});
// the carrier's list is as it was, for whoever counts it
after(async () => {
  await carrier.reset();
  for (const number of bought) for (const { sid } of await owned(number)) await at('DELETE', `/IncomingPhoneNumbers/${sid}.json`);
  await rows('DELETE FROM phone_numbers WHERE tenant_id = $1 AND number = ANY ($2)', [env.OUTDIAL_TENANT_ID, [...bought]]);
});
/** A number for sale that nobody has asked for yet. */
const next = () => { const number = shelf.shift(); bought.add(number); return number; };
const buy = (number, headers, more) => maria.post(path, { number, ...more }, headers);
/** The order's next look at the carrier is due now. */
const due = (id) => rows(`UPDATE phone_numbers SET settle_at = outdial.now(), last_look_at = last_look_at - interval '61 seconds' WHERE id = $1`, [id]);

test('the search finds what is for sale, by country, type, area code and digits', async () => {
  const { status, body, text } = await maria.get(`${path}/available?country=US&type=local&area_code=212&limit=20`);
  assert.equal(status, 200, text);
  assert.equal(body.data.length, 20);
  assert.ok(body.data.every((n) => n.number.startsWith('+1212') && n.type === 'LOCAL' && n.country === 'US'), text);
  assert.deepEqual(body.data[0].capabilities, { voice: true, sms: true, mms: true });
  assert.equal(body.data[0].locality, 'New York');
  assert.equal(body.next_cursor, null);
  const some = (await maria.get(`${path}/available?contains=7*7`)).body.data;
  assert.ok(some.length > 0 && some.every((n) => /7\d7/.test(n.number)), JSON.stringify(some));
  assert.ok((await maria.get(`${path}/available?country=US&type=toll_free`)).body.data.every((n) => n.type === 'TOLL_FREE'));
  assert.ok((await maria.get(`${path}/available?country=GB&type=mobile`)).body.data.every((n) => n.type === 'MOBILE' && n.number.startsWith('+447400')));
  assert.deepEqual((await maria.get(`${path}/available?country=TR&type=mobile`)).body.data, [], 'a country without that type has none');
  for (const [query, field] of [['country=usa', 'country'], ['type=fax', 'type'], ['area_code=21', 'area_code'], ['country=GB&area_code=212', 'area_code'], ['contains=x', 'contains']]) {
    const answer = await maria.get(`${path}/available?${query}`);
    assert.deepEqual([answer.status, answer.body.errors?.[0].field], [422, field], `${query}: ${answer.text}`);
  }
  problem(await maria.get(`${path}/available?colour=red`), 400, 'unknown_parameter');
  problem(await stranger.get(`${path}/available`), 404, 'not_found');
});

test('a number is bought, is ours at the carrier with our addresses, calls, and is given back', async () => {
  const number = next(), since = await seen();
  const id = await campaign(maria, { callerIdStrategy: 'pool' });
  const made = await buy(number, undefined, { campaignId: id });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual([made.body.number, made.body.state, made.body.isActive, made.body.type, made.body.provider, made.body.campaignId], [number, 'owned', true, 'LOCAL', 'TWILIO', id]);
  assert.equal(made.headers.get('location'), `${path}/${made.body.id}`);
  const [there] = await owned(number);
  assert.equal(there.sid, made.body.providerSid);
  assert.equal(there.voice_url, `${env.OUTDIAL_URL}/api/twilio/inbound`);
  assert.equal(there.status_callback, `${env.OUTDIAL_URL}/api/outbound-caller/call-status`);
  assert.ok(Date.parse(made.body.purchasedAt) > 0 && made.body.metadata.capabilities.voice);
  assert.equal((await asked(since, 'POST')).length, 1, 'one request');
  problem(await buy(number), 409, 'already_exists', 'number');

  await carrier.speed(100);
  const phone = fresh();
  await run(maria, id, [{ business_name: 'Ann', phone }]);
  assert.equal((await carrier.saw(phone))[0].from, number, 'the campaign calls from it');
  assert.equal((await maria.get(`${path}/${made.body.id}`)).body.callsToday, 1);

  assert.equal((await maria.delete(`${path}/${made.body.id}`, undefined, { 'if-match': '"old"' })).status, 412);
  const gone = await maria.delete(`${path}/${made.body.id}`);
  assert.equal(gone.status, 204, gone.text);
  assert.deepEqual(await owned(number), []);
  problem(await maria.get(`${path}/${made.body.id}`), 404, 'not_found');
  const lines = (await maria.get(`${tenant}/audit-log?object_id=${made.body.id}`)).body.data.map((l) => l.action);
  assert.deepEqual(lines, ['number.released', 'number.release', 'number.bought', 'number.buy']);
});

test('what cannot be bought is told, and leaves nothing behind', async () => {
  const count = async () => (await rows(`SELECT count(*) FROM phone_numbers WHERE tenant_id = $1`, [env.OUTDIAL_TENANT_ID]))[0].count;
  const before = await count();
  problem(await buy('+16065550100'), 409, 'number_unavailable', 'number');
  const scripted = next();
  await carrier.script(scripted, { outcome: 'reject', error_code: 21649 });
  problem(await buy(scripted), 502, 'bundle_required');
  const busy = next();
  await carrier.script(busy, { faults: { create: '429' } });
  problem(await buy(busy), 503, 'provider_busy');
  for (const body of [{}, { number: 'abc' }, { number: next(), campaignId: '00000000-0000-7000-8000-000000000000' }]) assert.equal((await maria.post(path, body)).status, 422, JSON.stringify(body));
  problem(await bob.post(path, { number: next() }), 403, 'forbidden');
  assert.equal(await count(), before);
});

test('twins with one key buy once', async () => {
  const number = next(), since = await seen(), key = { 'idempotency-key': randomUUID() };
  const answers = await Promise.all([1, 2, 3].map(() => buy(number, key)));
  assert.deepEqual(answers.map((a) => a.status), [201, 201, 201], answers.map((a) => a.text).join('\n'));
  assert.equal(new Set(answers.map((a) => a.body.id)).size, 1);
  assert.equal((await asked(since, 'POST')).length, 1);
  const again = await buy(number, key);
  assert.deepEqual([again.status, again.headers.get('idempotent-replayed'), again.body.id], [201, 'true', answers[0].body.id]);
  problem(await buy(next(), key), 409, 'key_reused');
  const others = await Promise.all([1, 2].map(() => buy(number)));
  assert.deepEqual(others.map((a) => a.status), [409, 409], 'and without a key the number is simply there');
  assert.equal((await maria.delete(`${path}/${answers[0].body.id}`)).status, 204);
  problem(await buy(number, key), 409, 'not_bought');
});

test('a lost answer is found in the carrier\'s list at once', async () => {
  for (const fault of ['lost-answer', '500']) {
    const number = next(), since = await seen();
    await carrier.script(number, { faults: { create: fault } });
    const made = await buy(number);
    assert.equal(made.status, 201, made.text);
    assert.equal(made.body.providerSid, (await owned(number))[0].sid);
    assert.equal((await asked(since, 'POST')).length, 1, 'never asked twice');
  }
});

test('a request that never arrived is settled as not bought, and its key buys nothing any more', async () => {
  const number = next(), key = { 'idempotency-key': randomUUID() };
  await carrier.script(number, { faults: { create: 'drop' } });
  const made = await buy(number, key);
  assert.equal(made.status, 202, made.text);
  assert.deepEqual([made.body.state, made.body.isActive, made.body.providerSid], ['buying', false, null]);
  const again = await buy(number, key);
  assert.deepEqual([again.status, again.body.id], [202, made.body.id], 'a replay is the same order');
  problem(await maria.delete(`${path}/${made.body.id}`), 409, 'purchase_in_progress');
  await due(made.body.id);
  await until('the first look found nothing', async () => (await rows('SELECT empty_looks FROM phone_numbers WHERE id = $1', [made.body.id]))[0].empty_looks === 1);
  await due(made.body.id);
  await until('the second one settles it', async () => (await maria.get(`${path}/${made.body.id}`)).status === 404);
  problem(await buy(number, key), 409, 'not_bought');
  assert.equal((await buy(number)).status, 201, 'a new order is a new order');
});

test('a worker that dies while the carrier thinks leaves an order that a dialer finishes', { skip: !env.OUTDIAL_STATE && 'the processes are not at hand' }, async () => {
  const number = next(), since = await seen();
  await carrier.script(number, { faults: { create: 'late-answer' } });
  const cut = buy(number).catch(() => null);
  await until('the carrier has sold it', async () => (await owned(number)).length === 1);
  const pids = readdirSync(`${env.OUTDIAL_STATE}/pids`).filter((name) => name.startsWith('outdial-api.'));
  for (const name of pids) process.kill(Number(readFileSync(`${env.OUTDIAL_STATE}/pids/${name}`, 'utf8')), 'SIGKILL');
  await cut;
  const [row] = await rows('SELECT id, state FROM phone_numbers WHERE tenant_id = $1 AND number = $2', [env.OUTDIAL_TENANT_ID, number]);
  assert.equal(row.state, 'buying');
  await due(row.id);
  const now = await until('it is ours', async () => { const { body } = await maria.get(`${path}/${row.id}`); return body?.state === 'owned' && body; });
  assert.equal(now.providerSid, (await owned(number))[0].sid);
  assert.equal((await asked(since, 'POST')).length, 1);
});

test('a number in use is not given back; a lost answer is asked for again; one the carrier does not have is gone', async () => {
  const mine = (await rows('SELECT id, number, provider_sid FROM phone_numbers WHERE tenant_id = $1 AND number = ANY ($2) AND state = $3', [env.OUTDIAL_TENANT_ID, [...bought], 'owned']));
  assert.ok(mine.length >= 3, 'numbers of the plays before');
  const [lost, absent] = mine;
  await carrier.script(lost.number, { faults: { create: 'lost-answer' } });
  const asking = await maria.delete(`${path}/${lost.id}`);
  assert.equal(asking.status, 202, asking.text);
  assert.deepEqual([asking.body.state, asking.body.isActive], ['releasing', false]);
  await due(lost.id);
  await until('the carrier is asked again', async () => (await maria.get(`${path}/${lost.id}`)).status === 404);
  assert.deepEqual(await owned(lost.number), []);
  await at('DELETE', `/IncomingPhoneNumbers/${absent.provider_sid}.json`);
  assert.equal((await maria.delete(`${path}/${absent.id}`)).status, 204, 'gone already is done');

  const used = mine[2], id = await campaign(maria, { callerIdStrategy: 'pool' }), phone = fresh();
  assert.equal((await maria.patch(`${path}/${used.id}`, { campaignId: id })).status, 200);
  await carrier.speed(1);
  await carrier.script(phone, { outcome: 'human', ring_secs: 500 });
  const call = await maria.post('/api/outbound-caller/call', { phone, campaign_id: id });
  assert.equal(call.status, 200, call.text);
  assert.equal((await carrier.saw(phone))[0].from, used.number);
  problem(await maria.delete(`${path}/${used.id}`), 409, 'in_use');
  assert.equal((await maria.post(`${tenant}/calls/${call.body.callId}/hangup`)).status, 200);
  await until('the call is over', async () => (await rows('SELECT FROM attempts WHERE phone_e164 = $1 AND ended_at IS NULL', [phone])).length === 0);
  await rows(`UPDATE campaigns SET state = 'running' WHERE id = $1`, [id]);
  problem(await maria.delete(`${path}/${used.id}`), 409, 'in_use');
  await rows(`UPDATE campaigns SET state = 'stopped' WHERE id = $1`, [id]);
  problem(await stranger.delete(`${path}/${used.id}`), 404, 'not_found');
  assert.equal((await maria.delete(`${path}/${used.id}`)).status, 204);
});

const outdial = promisify(execFile).bind(null, `${env.OUTDIAL_BIN}/outdial`);

test('the operator searches, buys and gives back from the shell', { skip: !(env.OUTDIAL_BIN && env.OUTDIAL_STATE) && 'the program is not at hand' }, async () => {
  const shell = async (...words) => (await outdial(['--state', env.OUTDIAL_STATE, 'numbers', ...words, '--tenant', env.OUTDIAL_TENANT_ID])).stdout;
  const number = (await shell('search', '--country', 'US', '--area-code', '607')).match(/\+1607\d{7}/)[0];
  bought.add(number);
  assert.match(await shell('buy', number), /is bought\./);
  assert.equal((await owned(number)).length, 1);
  assert.match(await shell('list'), new RegExp(`\\${number} +LOCAL +TWILIO +active`));
  assert.match(await shell('release', number), /is given back\./);
  assert.equal((await owned(number)).length, 0);
});

test('a campaign shows its numbers in turn, none more often than it may', async () => {
  const mine = [next(), next()];
  const id = await campaign(maria, { callerIdStrategy: 'round_robin', numberDailyCap: 2 });
  for (const number of mine) assert.equal((await buy(number, undefined, { campaignId: id })).status, 201);
  await carrier.speed(100);
  const phones = Array.from({ length: 6 }, () => fresh());
  const started = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: phones.map((phone) => ({ business_name: 'Ann', phone })), intervalMinutes: 0 });
  assert.equal(started.status, 200, started.text);
  const made = () => carrier.calls((call) => phones.includes(call.to) && !call.parent_sid);
  await until('four calls are over', async () => (await made()).filter((call) => call.ended_at).length === 4);
  const counts = Object.groupBy(await made(), (call) => call.from);
  assert.deepEqual(mine.map((number) => counts[number]?.length), [2, 2]);
  await until('the others wait', async () => (await maria.get(`${tenant}/campaigns/${id}/leads?state=waiting`)).body.data.length === 2);
  const refused = await maria.post(`${tenant}/calls`, { mode: 'direct', phone: fresh(), campaign_id: id });
  problem(refused, 409, 'caller_id');
  assert.ok(Date.parse(refused.body.errors.find((e) => e.code === 'caller_id').clears_at) > Date.now(), refused.text);
  const [some] = (await maria.get(`${path}?campaignId=${id}`)).body.data;
  assert.equal((await maria.patch(`${path}/${some.id}`, { dailyCap: 4 })).body.dailyCap, 4);
  await until('a higher cap lets them go', async () => (await made()).length === 6);
  assert.equal((await made()).filter((call) => call.from === some.number).length, 4);
  await until('the campaign is done', async () => (await maria.get(`${tenant}/campaigns/${id}`)).body.state === 'done');
});

test('a trunk has one writer at a time, and no account of another tenant', async (t) => {
  const made = await maria.post(`${tenant}/trunks`, { trunk_sid: `ST_${randomUUID().slice(0, 8)}`, name: 'One' });
  assert.equal(made.status, 201, made.text);
  const where = `${tenant}/trunks/${made.body.id}`, etag = (await maria.get(where)).headers.get('etag');
  t.after(() => maria.delete(where));
  const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => maria.patch(where, { name: `Writer ${i}` }, { 'if-match': etag })));
  assert.equal(answers.filter((a) => a.status === 200).length, 1, answers.map((a) => a.text).join('\n'));
  assert.ok(answers.every((a) => [200, 409, 412].includes(a.status)));
  const [{ id: foreign }] = await rows('SELECT id FROM provider_accounts WHERE tenant_id = $1 LIMIT 1', [env.OUTDIAL_OTHER_TENANT_ID]);
  const refused = await maria.patch(where, { account_id: foreign });
  assert.deepEqual([refused.status, refused.body.errors[0].field, refused.body.errors[0].code], [422, 'account_id', 'not_found'], refused.text);
  assert.equal((await maria.delete(where, undefined, { 'if-match': etag })).status, 412, 'what has changed is not removed');
});

test('an agent\'s calls show the agent\'s own number', async (t) => {
  const number = next();
  assert.equal((await buy(number)).status, 201);
  const who = `${tenant}/users/${env.OUTDIAL_AGENT_ID}`;
  assert.equal((await maria.patch(who, { caller_id: '+16065550199' })).status, 422, 'only a number of the tenant');
  assert.equal((await maria.patch(who, { caller_id: number })).body.caller_id, number);
  t.after(() => maria.patch(who, { caller_id: null }));
  await carrier.speed(100);
  const phone = fresh();
  const call = await maria.post(`${tenant}/calls`, { mode: 'direct', phone, agent_id: env.OUTDIAL_AGENT_ID });
  assert.ok(call.status < 300, call.text);
  assert.equal((await carrier.saw(phone))[0].from, number);
  await until('the call is over', async () => (await rows('SELECT FROM attempts WHERE phone_e164 = $1 AND ended_at IS NULL', [phone])).length === 0);
});

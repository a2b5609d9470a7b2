// The auto-dialer from a list to the last call: what people hear, what the log says, and that both agree with the carrier.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { admin, agent, campaign, carrier, env, fresh, log, over, problem, request, rival, rows, run, status, tenant, until } from './play.mjs';

let maria;
before(async () => {
  maria = await admin();
  await carrier.reset();
  await carrier.speed(20);
});

const lead = (phone, extra = {}) => ({ business_name: `Business ${phone?.slice(-4)}`, phone, category: 'Dentists', ...extra });

test('forty leads: machines get a voicemail, people press 1 or 2, bad numbers are skipped, and everything agrees', async () => {
  const id = await campaign(maria);
  const groups = { machine: [], one: [], two: [], busy: [], silent: [], plain: [] };
  const leads = [];
  for (const [name, count, script] of [['machine', 8, { outcome: 'machine' }], ['one', 6, { outcome: 'human', digits: '1' }], ['two', 6, { outcome: 'human', digits: '2' }],
    ['busy', 6, { outcome: 'busy' }], ['silent', 4, { outcome: 'no-answer' }], ['plain', 4, { outcome: 'human' }]])
    for (let i = 0; i < count; i++) {
      const phone = fresh();
      groups[name].push(phone);
      await carrier.script(phone, script);
      leads.push(lead(phone));
    }
  leads.splice(3, 0, lead(''), lead('(555) 123-4567'), lead('15555555555'), lead('12345'));
  leads.push(lead(groups.busy[0]), { business_name: 'Nobody', category: 'None' });
  assert.equal(leads.length, 40);

  const started = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads, intervalMinutes: 0.01 });
  assert.equal(started.status, 200, started.text);
  assert.equal(started.body.status, 'started');
  assert.equal(started.body.totalLeads, 40);
  assert.equal(started.body.intervalMinutes, 0.01);
  assert.deepEqual(started.body.skipped.map((s) => [s.index, s.reason]),
    [[3, 'missing_phone'], [4, 'invalid_area_code'], [5, 'test_number'], [6, 'invalid_number'], [38, 'duplicate'], [39, 'missing_phone']]);
  problem(await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads, intervalMinutes: 0.01 }), 409, 'already_running');

  await over(maria, id, 90000);
  const end = await status(maria, id);
  assert.deepEqual({ ...end, success: undefined }, { success: undefined, isRunning: false, currentIndex: 40, totalLeads: 40, callsMade: 34, remaining: 0, intervalMinutes: 0.01 });

  const entries = await log(maria, id);
  const truth = await carrier.calls((call) => !call.parent_sid && leads.some((l) => l.phone === call.to));
  assert.equal(entries.length, 34);
  assert.equal(truth.length, 34, 'each number was dialed exactly once');
  for (const entry of entries) {
    const call = truth.find((c) => c.sid === entry.callSid);
    assert.ok(call, `the carrier knows ${entry.callSid}`);
    assert.equal(call.to, entry.phone);
    assert.equal(entry.status, call.status === 'in-progress' ? 'answered' : call.status);
    assert.equal(entry.leadData.category, 'Dentists');
  }
  const heard = (phone) => truth.find((c) => c.to === phone).said.join(' ');
  for (const phone of groups.machine) {
    assert.match(heard(phone), /this is a message from/);
    assert.equal(entries.find((e) => e.phone === phone).answeredBy, 'machine');
  }
  for (const phone of groups.one) assert.match(heard(phone), /Press 1 to speak.*Connecting you to an agent now\./);
  for (const phone of groups.two) assert.match(heard(phone), /You have been added to our do not call list\. Goodbye\./);
  for (const phone of groups.plain) assert.match(heard(phone), /We did not receive any input\. Goodbye\./);
  const bridged = await carrier.calls((call) => call.parent_sid && truth.some((t) => t.sid === call.parent_sid && groups.one.includes(t.to)));
  assert.equal(bridged.length, groups.one.length, 'each press of 1 rang the agent phone once');

  for (const phone of groups.two) {
    const [row] = await rows('SELECT source, campaign_id FROM dnc WHERE tenant_id = $1 AND phone_e164 = $2', [env.OUTDIAL_TENANT_ID, phone]);
    assert.deepEqual(row, { source: 'keypress', campaign_id: null });
  }

  const spelled = (phone) => `(${phone.slice(2, 5)}) ${phone.slice(5, 8)}-${phone.slice(8)}`;
  const again = await campaign(maria);
  const callable = fresh();
  const second = await run(maria, again, [...groups.two.map((p) => lead(spelled(p))), lead(callable)]);
  assert.deepEqual(second.skipped.map((s) => s.reason), groups.two.map(() => 'do_not_call'));
  for (const phone of groups.two) assert.equal((await carrier.saw(phone)).length, 1, 'who opted out is not called again');
});

test('the interval holds from origination to origination', async () => {
  const id = await campaign(maria);
  const phones = Array.from({ length: 5 }, () => fresh());
  await run(maria, id, phones.map((p) => lead(p)), { intervalMinutes: 0.01 });
  const placed = await rows(`SELECT extract(epoch FROM permitted_at) * 1000 AS at FROM attempts WHERE campaign_id = $1 ORDER BY permitted_at`, [id]);
  for (let i = 1; i < placed.length; i++) assert.ok(placed[i].at - placed[i - 1].at >= 600, 'never closer than 600 ms');
});

test('stop keeps its place, nothing begins after the acknowledgement, and start without leads goes on', async () => {
  const id = await campaign(maria);
  const phones = Array.from({ length: 12 }, () => fresh());
  await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: phones.map((p) => lead(p)), intervalMinutes: 0.005 });
  await until('three calls are made', async () => (await status(maria, id)).callsMade >= 3);
  const stopped = await maria.post(`/api/outbound-caller/stop?campaign_id=${id}`, {});
  assert.equal(stopped.status, 200, stopped.text);
  assert.equal(stopped.body.status, 'stopped');
  assert.equal(stopped.body.totalLeads, 12);
  const made = (await carrier.calls((c) => phones.includes(c.to) && !c.parent_sid)).length;
  await until('running calls have ended', async () => (await rows('SELECT FROM attempts WHERE campaign_id = $1 AND ended_at IS NULL', [id])).length === 0);
  assert.equal((await carrier.calls((c) => phones.includes(c.to) && !c.parent_sid)).length, made, 'no request after the stop');
  const resumed = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, {});
  assert.equal(resumed.status, 200, resumed.text);
  assert.equal(resumed.body.totalLeads, 12);
  await over(maria, id);
  for (const phone of phones) assert.equal((await carrier.saw(phone)).length, 1);
});

test('a new list replaces the old one', async () => {
  const id = await campaign(maria);
  const old = Array.from({ length: 10 }, () => fresh());
  await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: old.map((p) => lead(p)), intervalMinutes: 1 });
  await maria.post(`/api/outbound-caller/stop?campaign_id=${id}`, {});
  const phone = fresh();
  await run(maria, id, [lead(phone)]);
  assert.equal((await status(maria, id)).totalLeads, 1);
  assert.equal((await carrier.calls((c) => old.slice(2).includes(c.to))).length, 0);
});

test('bad requests say what is wrong and how to put it right', async () => {
  const id = await campaign(maria);
  const start = (body) => maria.post(`/api/outbound-caller/start?campaign_id=${id}`, body);
  problem(await start({ leads: 'x' }), 422, 'invalid', 'leads');
  problem(await start({ leads: [1] }), 422, 'invalid', 'leads[0]');
  problem(await start({ leads: [], intervalMinutes: -1 }), 422, 'invalid', 'intervalMinutes');
  const none = await start({ leads: [lead('123')] });
  problem(none, 422, 'no_phone_numbers');
  assert.match(none.body.detail, /^No phone numbers found in collected leads\. Please collect businesses with phone numbers first\./);
  problem(await start({}), 422, 'no_phone_numbers');
  problem(await maria.post('/api/outbound-caller/start?campaign_id=01900000-0000-7000-8000-000000000000', { leads: [] }), 404, 'not_found');
  problem(await (await rival()).get(`/api/outbound-caller/status?campaign_id=${id}`), 404, 'not_found');
  problem(await maria.post(`/api/outbound-caller/start?campaign_id=${env.OUTDIAL_CAMPAIGN_VAPI_ID}`, { leads: [lead(fresh())] }), 422, 'unsupported_agent_kind');
  problem(await (await agent()).post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: [] }), 403, 'forbidden');
  assert.equal((await request('GET', '/api/outbound-caller/status')).status, 401);
});

test('one call: placed, refused by policy, by the gate, and by the carrier', async () => {
  const jim = await agent();
  const call = (phone, extra = {}, headers) => jim.post('/api/outbound-caller/call', { phone, ...extra }, headers);
  const phone = fresh();
  await carrier.script(phone, { outcome: 'human', ring_secs: 30, talk_secs: 30 });
  const placed = await call(phone, { leadData: { name: 'Ann', category: 'Friends' } });
  assert.equal(placed.status, 200, placed.text);
  assert.match(placed.body.callSid, /^CA[0-9a-f]{32}$/);
  assert.equal(placed.body.phone, phone);
  problem(await call(phone), 409, 'call_already_open', 'phone');
  problem(await call('(555) 123-4567'), 422, 'invalid_area_code', 'phone');
  problem(await call('15555555555'), 422, 'test_number', 'phone');
  problem(await call('+44123'), 422, 'invalid_number', 'phone');
  problem(await call('+81312345678'), 409, 'destination');
  const refused = fresh();
  await carrier.script(refused, { outcome: 'reject', error_code: 21211 });
  problem(await call(refused), 502, 'provider_refused');
  const opted = fresh();
  assert.equal((await jim.post(`${tenant}/dnc`, { phone: opted, scope: 'tenant' })).status, 201);
  problem(await call(opted), 409, 'do_not_call');
  assert.equal((await carrier.saw(opted)).length, 0);
});

test('an Idempotency-Key never places a second call', async () => {
  const jim = await agent();
  const phone = fresh();
  const key = { 'idempotency-key': `key-${phone}` };
  const [first, second] = await Promise.all([jim.post('/api/outbound-caller/call', { phone }, key), jim.post('/api/outbound-caller/call', { phone }, key)]);
  const third = await jim.post('/api/outbound-caller/call', { phone }, key);
  for (const answer of [first, second, third]) {
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.callSid, first.body.callSid);
  }
  assert.equal(third.headers.get('idempotent-replayed'), 'true');
  assert.equal((await carrier.saw(phone)).length, 1);
  problem(await jim.post('/api/outbound-caller/call', { phone: fresh() }, key), 409, 'key_reused');
});

test('answers that are lost, doubtful or refused: every number is dialed once, and every lead reaches its end', async () => {
  const id = await campaign(maria);
  const faults = ['lost-answer', '500', '429'];
  const phones = faults.map(() => fresh());
  for (const [i, fault] of faults.entries()) await carrier.script(phones[i], { outcome: 'human', faults: { create: fault } });
  await run(maria, id, phones.map((p) => lead(p)));
  for (const [i, phone] of phones.entries()) assert.equal((await carrier.saw(phone)).length, 1, faults[i]);
  assert.deepEqual((await log(maria, id)).map((e) => e.status).sort(), ['completed', 'completed', 'completed', 'failed'], 'the attempt that 429 refused is in the log too');
});

test('callbacks doubled, reordered and late change nothing', async () => {
  const id = await campaign(maria);
  const phones = Array.from({ length: 10 }, () => fresh());
  for (const phone of phones) await carrier.script(phone, { outcome: 'human', digits: '1', faults: { callbacks: { duplicate: 0.5, reorder: true, delay_ms: 100 } } });
  await run(maria, id, phones.map((p) => lead(p)));
  for (const entry of await log(maria, id)) assert.equal(entry.status, 'completed');
});

test('in Turkish, with the campaign\'s own words', async () => {
  const id = await campaign(maria, { locale: 'tr' });
  const put = await maria.put(`${tenant}/campaigns/${id}/scripts`, { tr: { greeting: 'Merhaba {company} & <dostlar>, 1 veya 2.' } });
  assert.equal(put.status, 200, put.text);
  const phone = fresh();
  await carrier.script(phone, { outcome: 'human', digits: '2' });
  await run(maria, id, [lead(phone)]);
  const [call] = await carrier.saw(phone);
  assert.match(call.said.join(' '), /Merhaba .* & <dostlar>, 1 veya 2\..*aranmayacaklar listemize eklendi/);
});

test('an opt-out takes back a call that is still ringing', async () => {
  const jim = await agent();
  const phone = fresh();
  await carrier.script(phone, { outcome: 'human', ring_secs: 600 });
  const placed = await jim.post('/api/outbound-caller/call', { phone });
  assert.equal(placed.status, 200, placed.text);
  await until('it rings', async () => (await carrier.saw(phone))[0]?.status === 'ringing');
  const added = await jim.post(`${tenant}/dnc`, { phone, reason: 'asked by mail', scope: 'tenant' });
  assert.equal(added.status, 201, added.text);
  assert.equal(added.body.source, 'api');
  await until('the carrier has cancelled it', async () => (await carrier.saw(phone))[0].status === 'canceled');
  await until('we know', async () => (await jim.get(`${tenant}/calls/${placed.body.callId}`)).body.status === 'canceled');
  assert.equal((await jim.post(`${tenant}/dnc`, { phone, scope: 'tenant' })).status, 200, 'the same again is the existing row');
});

test('a call of the canonical API: placed, read, hung up', async () => {
  const jim = await agent();
  const phone = fresh();
  await carrier.script(phone, { outcome: 'human', ring_secs: 1, talk_secs: 2000 });
  const placed = await jim.post(`${tenant}/calls`, { mode: 'direct', phone });
  assert.equal(placed.status, 201, placed.text);
  assert.equal(placed.headers.get('location'), `${tenant}/calls/${placed.body.id}`);
  assert.equal(placed.body.to_number, phone);
  assert.equal(placed.body.direction, 'outbound');
  const read = async () => (await jim.get(`${tenant}/calls/${placed.body.id}`)).body;
  await until('it is answered', async () => (await read()).status === 'in_progress');
  assert.equal((await jim.post(`${tenant}/calls/${placed.body.id}/hangup`)).status, 200);
  await until('it is over', async () => (await read()).status === 'completed');
  assert.ok((await read()).ended_at);
  problem(await jim.post(`${tenant}/calls`, { mode: 'ai', phone }), 422, 'unsupported_mode', 'mode');
  problem(await jim.post(`${tenant}/calls`, { mode: 'direct', phone: '123' }), 422, 'invalid', 'phone');
  problem(await jim.post(`${tenant}/calls`, { mode: 'direct' }), 422, 'invalid', 'phone');
  problem(await jim.post(`${tenant}/calls`, { mode: 'direct', phone, tenant_id: 'x' }), 422, 'invalid', 'tenant_id');
  problem(await (await rival()).get(`${tenant}/calls/${placed.body.id}`), 404, 'not_found');
});

test('retries come by outcome, after their delay, and end', async () => {
  const id = await campaign(maria, { retries: { busy: { times: 1, after_minutes: 1 } } });
  const phone = fresh();
  await carrier.script(phone, { outcome: 'busy' });
  await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: [lead(phone)], intervalMinutes: 0 });
  const state = async () => (await rows('SELECT state, attempts, due_at > now() + interval \'50 seconds\' AS later FROM campaign_leads WHERE campaign_id = $1', [id]))[0];
  await until('the lead waits for its second call', async () => (await state()).attempts === 1);
  assert.deepEqual(await state(), { state: 'waiting', attempts: 1, later: true });
  assert.equal((await status(maria, id)).isRunning, true);
  await rows("UPDATE campaign_leads SET due_at = now() WHERE campaign_id = $1 RETURNING 1", [id]);
  await over(maria, id);
  assert.deepEqual(await state(), { state: 'done', attempts: 2, later: false });
  assert.equal((await carrier.saw(phone)).length, 2);
});

test('a shorter interval counts at once, from the last origination', async () => {
  const id = await campaign(maria);
  await run(maria, id, [lead(fresh())], { intervalMinutes: 30 });
  await run(maria, id, [lead(fresh()), lead(fresh())], { intervalMinutes: 0 });
});

test('a single call whose answer is lost is named by its first webhook, and by a replay of its key', async () => {
  const jim = await agent();
  const phone = fresh();
  const key = { 'idempotency-key': `lost-${phone}` };
  await carrier.script(phone, { outcome: 'human', faults: { create: 'lost-answer' } });
  const placed = await jim.post('/api/outbound-caller/call', { phone }, key);
  assert.equal(placed.status, 200, placed.text);
  const [call] = await carrier.saw(phone);
  assert.equal(placed.body.callSid, call.sid);
  assert.equal((await jim.post('/api/outbound-caller/call', { phone }, key)).body.callSid, call.sid);
  assert.equal((await carrier.saw(phone)).length, 1);
});

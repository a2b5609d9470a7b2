// Campaigns: made, read, changed, given words and leads, started and held.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { admin, agent, campaign, carrier, env, fresh, over, problem, request, rival, rows, tenant, until } from './play.mjs';

const theirs = `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}`;
const nothing = '00000000-0000-7000-8000-000000000000';
let maria, bob, stranger;
before(async () => {
  [maria, bob, stranger] = [await admin(), await agent(), await rival()];
  await carrier.speed(50);
});

function wrong(answer, field, code) {
  problem(answer, 422, 'invalid', field);
  assert.equal(answer.body.errors.find((e) => e.field === field).code, code, answer.text);
}

async function lead(phone = fresh(), fields = {}) {
  const made = await maria.post(`${tenant}/leads`, { name: `Play ${phone.slice(-4)}`, phone, ...fields });
  assert.equal(made.status, 201, made.text);
  return made.body;
}

test('a campaign is made, read, changed and removed, in camelCase', async () => {
  const made = await maria.post(`${tenant}/campaigns`, {
    name: 'Bahar', intervalMinutes: 0.5, maxConcurrentCalls: 3, callsPerSecond: 2.5, agentPhone: '(212) 555-0199', callerIdStrategy: 'sticky', numberDailyCap: 40,
    sipTrunkId: 'ST_abc', assistantId: 'a1', locale: 'tr', windowOpens: '09:00', windowCloses: '17:30', waitForBeep: true, ringSeconds: 45,
    machineDetectionTimeoutMs: 6000, retries: { busy: { times: 1, after_minutes: 5 } },
  });
  assert.equal(made.status, 201, made.text);
  const path = `${tenant}/campaigns/${made.body.id}`;
  assert.equal(made.headers.get('location'), path);
  const { id, createdAt, updatedAt, ...rest } = made.body;
  assert.deepEqual(rest, {
    name: 'Bahar', state: 'draft', stateReason: null, isDefault: false, agentKind: 'keypad', intervalMinutes: 0.5, maxConcurrentCalls: 3,
    callsPerSecond: 2.5, callerIdStrategy: 'sticky', callerId: null, numberDailyCap: 40, agentPhone: '+12125550199', agentName: 'telephony-agent', sipTrunkId: 'ST_abc',
    assistantId: 'a1', locale: 'tr', windowOpens: '09:00', windowCloses: '17:30', machineDetection: true, machineDetectionTimeoutMs: 6000,
    waitForBeep: true, asyncMachineDetection: false, ringSeconds: 45, retries: { busy: { times: 1, after_minutes: 5 } }, maxAttempts: 0, retryDays: 0,
    leadOrder: 'list', leadMix: 'fresh_first', freshPerRetry: 1, weight: 1, breaker: null, budget: null, goal: null, phoneNumbers: [],
    leads: { count: 0, url: `${path}/leads` },
  });
  assert.ok(id && Date.parse(createdAt) && Date.parse(updatedAt));
  assert.deepEqual((await bob.get(path)).body, made.body);

  const changed = await maria.patch(path, { name: 'Spring', windowOpens: null, agentPhone: null });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual([changed.body.name, changed.body.windowOpens, changed.body.windowCloses, changed.body.agentPhone, changed.body.ringSeconds],
    ['Spring', '00:00', '17:30', null, 45], 'what is not named stays');
  const tag = (await maria.get(path)).headers.get('etag');
  assert.equal((await maria.put(path, { intervalMinutes: 0 }, { 'if-match': tag })).body.intervalMinutes, 0);
  problem(await maria.put(path, { intervalMinutes: 1 }, { 'if-match': tag }), 412, 'precondition_failed');

  assert.equal((await maria.delete(path)).status, 204);
  problem(await maria.get(path), 404, 'not_found');
  problem(await maria.delete(path), 404, 'not_found');
});

test('every field is judged, all wrong ones are told at once', async () => {
  const make = (fields) => maria.post(`${tenant}/campaigns`, { name: 'Wrong', ...fields });
  for (const [fields, field, code] of [
    [{ name: '' }, 'name', 'required'], [{ name: 'x'.repeat(201) }, 'name', 'too_long'], [{ name: 7 }, 'name', 'wrong_type'], [{ name: null }, 'name', 'required'],
    [{ agentKind: 'robot' }, 'agentKind', 'not_one_of'], [{ intervalMinutes: -1 }, 'intervalMinutes', 'out_of_range'],
    [{ intervalMinutes: 1441 }, 'intervalMinutes', 'out_of_range'], [{ intervalMinutes: '2' }, 'intervalMinutes', 'wrong_type'],
    [{ maxConcurrentCalls: 0 }, 'maxConcurrentCalls', 'out_of_range'], [{ maxConcurrentCalls: 1.5 }, 'maxConcurrentCalls', 'wrong_type'],
    [{ callsPerSecond: 0 }, 'callsPerSecond', 'out_of_range'], [{ callerIdStrategy: 'x' }, 'callerIdStrategy', 'not_one_of'],
    [{ callerId: '12' }, 'callerId', 'too_short'], [{ agentPhone: 'abc' }, 'agentPhone', 'not_a_number'], [{ sipTrunkId: 'TK1' }, 'sipTrunkId', 'malformed'],
    [{ locale: 'de' }, 'locale', 'not_one_of'], [{ windowOpens: '9:00' }, 'windowOpens', 'malformed'],
    [{ windowOpens: '12:00', windowCloses: '12:00' }, 'windowCloses', 'out_of_range'], [{ machineDetection: 1 }, 'machineDetection', 'wrong_type'],
    [{ machineDetectionTimeoutMs: 2999 }, 'machineDetectionTimeoutMs', 'out_of_range'], [{ ringSeconds: 121 }, 'ringSeconds', 'out_of_range'],
    [{ retries: { bsy: { times: 1, after_minutes: 1 } } }, 'retries', 'not_one_of'], [{ retries: { busy: 1 } }, 'retries.busy', 'malformed'],
    [{ retries: { busy: { times: 99, after_minutes: 1 } } }, 'retries.busy.times', 'out_of_range'], [{ retries: [] }, 'retries', 'wrong_type'],
    [{ leadOrder: 'best' }, 'leadOrder', 'not_one_of'], [{ weight: 0 }, 'weight', 'out_of_range'], [{ breaker: { attempts: 0 } }, 'breaker.attempts', 'out_of_range'],
    [{ budget: { amount: 1 } }, 'budget.currency', 'required'], [{ goal: { outcome: 'busy', count: 1 } }, 'goal.outcome', 'not_one_of'], [{ state: 'running' }, 'state', 'read_only'], [{ isDefault: true }, 'isDefault', 'read_only'],
    [{ phoneNumbers: [] }, 'phoneNumbers', 'read_only'], [{ colour: 'red' }, 'colour', 'unknown_field'], [{ agent_phone: '1' }, 'agent_phone', 'unknown_field'],
  ]) wrong(await make(fields), field, code);
  const both = await make({ agentPhone: '12', sipTrunkId: 'x' });
  assert.deepEqual(both.body.errors.map((e) => e.field), ['agentPhone', 'sipTrunkId']);
  problem(await maria.post(`${tenant}/campaigns`, {}), 422, 'invalid', 'name');
});

test('a window wider than the law\'s is the operator\'s to give', async (t) => {
  const name = `Play ${randomUUID().slice(0, 8)}`, owner_email = `play-${randomUUID()}@demo.example`, owner_password = `pass-${randomUUID()}`;
  const made = await maria.post('/api/v1/tenants', { name, owner_email, owner_password });
  assert.equal(made.status, 201, made.text);
  const login = await request('POST', '/api/v1/auth/login', { body: { email: owner_email, password: owner_password } });
  const path = `/api/v1/tenants/${made.body.id}/campaigns`;
  const post = (fields) => request('POST', path, { body: { name: 'A', ...fields }, token: login.body.access_token });
  for (const [fields, field] of [[{ windowOpens: '07:59' }, 'windowOpens'], [{ windowCloses: '21:01' }, 'windowCloses'], [{ windowOpens: '00:00' }, 'windowOpens'], [{ windowCloses: '24:00' }, 'windowCloses']]) {
    const answer = await post(fields);
    wrong(answer, field, 'window_too_wide');
    assert.match(answer.body.detail, /outdial tenant window/);
  }
  const lawful = await post({});
  assert.equal(lawful.status, 201, lawful.text);
  assert.deepEqual([lawful.body.windowOpens, lawful.body.windowCloses, lawful.body.maxConcurrentCalls, lawful.body.callsPerSecond, lawful.body.intervalMinutes],
    ['08:00', '21:00', 1, 1, 2], 'outside the demo the defaults are the lawful ones');
  assert.deepEqual(Object.keys(lawful.body.retries).sort(), ['busy', 'failed', 'machine', 'no_answer']);
  problem(await request('POST', `${path}/${lawful.body.id}/start`, { token: login.body.access_token }), 503, 'not_configured');
});

test('another tenant\'s campaign is nothing, for every verb', async () => {
  const id = await campaign(maria);
  for (const path of ['', '/progress', '/scripts', '/leads']) {
    problem(await stranger.get(`${theirs}/campaigns/${id}${path}`), 404, 'not_found');
    problem(await stranger.get(`${tenant}/campaigns/${id}${path}`), 404, 'not_found');
    problem(await maria.get(`${tenant}/campaigns/${nothing}${path}`), 404, 'not_found');
  }
  for (const path of ['start', 'pause', 'resume', 'stop']) problem(await stranger.post(`${theirs}/campaigns/${id}/${path}`), 404, 'not_found');
  problem(await stranger.patch(`${theirs}/campaigns/${id}`, { name: 'mine' }), 404, 'not_found');
  problem(await stranger.put(`${theirs}/campaigns/${id}/scripts`, { en: {} }), 404, 'not_found');
  problem(await stranger.post(`${theirs}/campaigns/${id}/leads`, { lead_ids: [] }), 404, 'not_found');
  problem(await stranger.delete(`${theirs}/campaigns/${id}`), 404, 'not_found');
  assert.ok(!(await stranger.get(`${theirs}/campaigns?limit=1000`)).body.data.some((c) => c.id === id));
});

test('an agent reads campaigns and changes none', async () => {
  const id = await campaign(maria);
  assert.equal((await bob.get(`${tenant}/campaigns/${id}`)).status, 200);
  problem(await bob.post(`${tenant}/campaigns`, { name: 'A' }), 403, 'forbidden');
  problem(await bob.patch(`${tenant}/campaigns/${id}`, { name: 'A' }), 403, 'forbidden');
  problem(await bob.post(`${tenant}/campaigns/${id}/start`), 403, 'forbidden');
  problem(await bob.delete(`${tenant}/campaigns/${id}`), 403, 'forbidden');
});

test('campaigns come in pages, newest first', async () => {
  const made = [await campaign(maria), await campaign(maria), await campaign(maria)];
  const first = (await maria.get(`${tenant}/campaigns?limit=2`)).body;
  assert.deepEqual(first.data.map((c) => c.id), [made[2], made[1]]);
  const second = (await maria.get(`${tenant}/campaigns?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
  assert.equal(second.data[0].id, made[0]);
  problem(await maria.get(`${tenant}/campaigns?colour=red`), 400, 'unknown_parameter');
});

test('the same Idempotency-Key makes one campaign', async () => {
  const headers = { 'idempotency-key': randomUUID() }, name = `Play ${randomUUID()}`;
  const first = await maria.post(`${tenant}/campaigns`, { name }, headers);
  const again = await maria.post(`${tenant}/campaigns`, { name }, headers);
  assert.deepEqual([again.status, again.body, again.headers.get('idempotent-replayed')], [201, first.body, 'true']);
  problem(await maria.post(`${tenant}/campaigns`, { name: 'B' }, headers), 409, 'key_reused');
  assert.equal((await rows('SELECT count(*)::int AS n FROM campaigns WHERE name = $1', [name]))[0].n, 1);
});

test('scripts: the default texts until others are set, part by part; null brings the default back', async () => {
  const path = `${tenant}/campaigns/${await campaign(maria)}/scripts`;
  const defaults = (await bob.get(path)).body;
  assert.deepEqual(Object.keys(defaults), ['en', 'tr']);
  for (const locale of ['en', 'tr']) assert.deepEqual(Object.keys(defaults[locale]), ['greeting', 'connecting', 'opted_out', 'no_input', 'voicemail']);
  assert.equal(defaults.en.connecting, 'Connecting you to an agent now.');
  assert.match(defaults.en.greeting, /^Hello! This is \{persona\} from \{company\}\./);

  const put = await maria.put(path, { en: { greeting: 'Hi <b>&amp; welcome, {persona} here.' }, tr: { no_input: 'Güle güle.' } });
  assert.equal(put.status, 200, put.text);
  assert.deepEqual(put.body, { en: { ...defaults.en, greeting: 'Hi <b>&amp; welcome, {persona} here.' }, tr: { ...defaults.tr, no_input: 'Güle güle.' } });
  await maria.put(path, { en: { greeting: 'Second' } });
  const version = await rows('SELECT version FROM scripts WHERE campaign_id = $1 AND part = $2', [path.split('/').at(-2), 'greeting']);
  assert.equal(version[0].version, 2);
  const back = await maria.put(path, { en: { greeting: null } });
  assert.equal(back.body.en.greeting, defaults.en.greeting);
  assert.equal(back.body.tr.no_input, 'Güle güle.');

  wrong(await maria.put(path, { de: {} }), 'de', 'unknown_field');
  wrong(await maria.put(path, { en: { farewell: 'x' } }), 'en.farewell', 'unknown_field');
  wrong(await maria.put(path, { en: { greeting: 7 } }), 'en.greeting', 'wrong_type');
  wrong(await maria.put(path, { en: { greeting: ' ' } }), 'en.greeting', 'required');
  wrong(await maria.put(path, { en: { greeting: 'x'.repeat(3001) } }), 'en.greeting', 'too_long');
  wrong(await maria.put(path, { en: { greeting: 'bell \u0007' } }), 'en.greeting', 'control_character');
  wrong(await maria.put(path, { en: { greeting: 'not a character \uffff' } }), 'en.greeting', 'control_character');
  wrong(await maria.put(path, { en: 'x' }), 'en', 'wrong_type');
  problem(await bob.put(path, { en: {} }), 403, 'forbidden');
});

test('leads are added by id and by external_id, once each, and listed with what became of them', async () => {
  const id = await campaign(maria), path = `${tenant}/campaigns/${id}/leads`;
  const external_id = `play-${randomUUID()}`;
  const [one, two] = [await lead(), await lead(fresh(), { external_id })];
  assert.deepEqual((await maria.post(path, { lead_ids: [one.id, external_id] })).body, { added: 2, already_there: 0 });
  assert.deepEqual((await maria.post(path, { lead_ids: [two.id] })).body, { added: 0, already_there: 1 });
  const list = (await bob.get(path)).body.data;
  assert.deepEqual(list.map((l) => [l.id, l.state, l.attempts]), [[two.id, 'waiting', 0], [one.id, 'waiting', 0]]);
  assert.deepEqual((await maria.get(`${path}?state=done`)).body.data, []);
  assert.equal((await maria.get(`${tenant}/campaigns/${id}`)).body.leads.count, 2);
  assert.deepEqual((await maria.get(`${tenant}/leads?campaign_id=${id}`)).body.data.map((l) => l.id), [two.id, one.id]);
  assert.deepEqual((await maria.get(`${tenant}/campaigns/${id}/progress`)).body,
    { isRunning: false, currentIndex: 0, totalLeads: 2, callsMade: 0, remaining: 2, intervalMinutes: 0 });

  wrong(await maria.post(path, { lead_ids: [one.id, 'nobody'] }), 'lead_ids[1]', 'not_found');
  wrong(await maria.post(path, { lead_ids: 'x' }), 'lead_ids', 'wrong_type');
  wrong(await maria.post(path, {}), 'lead_ids', 'required');
  problem(await maria.get(`${path}?state=gone`), 422, 'invalid', 'state');
  problem(await bob.post(path, { lead_ids: [] }), 403, 'forbidden');
});

test('a removed lead is not called: it leaves every list it waits in', async () => {
  const id = await campaign(maria), gone = await lead(), stays = await lead();
  await maria.post(`${tenant}/campaigns/${id}/leads`, { lead_ids: [gone.id, stays.id] });
  assert.equal((await maria.delete(`${tenant}/leads/${gone.id}`)).status, 204);
  const list = (await maria.get(`${tenant}/campaigns/${id}/leads`)).body.data;
  assert.deepEqual(list.map((l) => [l.id, l.state, l.reason]), [[stays.id, 'waiting', null], [gone.id, 'withdrawn', 'lead_deleted']]);
  await carrier.script(stays.phone_e164, { outcome: 'busy' });
  assert.equal((await maria.post(`${tenant}/campaigns/${id}/start`)).status, 200);
  await over(maria, id);
  assert.equal((await carrier.saw(gone.phone_e164)).length, 0);
  assert.equal((await carrier.saw(stays.phone_e164)).length, 1);
});

test('start, pause, resume, stop: each answers the campaign as it is, and only where it makes sense', async () => {
  const id = await campaign(maria, { intervalMinutes: 60 }), path = `${tenant}/campaigns/${id}`;
  const empty = await maria.post(`${path}/start`);
  assert.equal(empty.status, 422, empty.text);
  assert.match(empty.body.detail, /^No phone numbers found in collected leads\. Please collect businesses with phone numbers first\./);
  problem(await maria.post(`${path}/pause`), 409, 'conflict');
  const leads = [await lead(), await lead(), await lead()];
  for (const l of leads) await carrier.script(l.phone_e164, { outcome: 'human', talk_secs: 1 });
  await maria.post(`${path}/leads`, { lead_ids: leads.map((l) => l.id) });

  const started = await maria.post(`${path}/start`);
  assert.equal(started.status, 200, started.text);
  assert.equal(started.body.state, 'running');
  problem(await maria.post(`${path}/start`), 409, 'already_running');
  problem(await maria.delete(path), 409, 'conflict');
  await until('the first is called', async () => (await maria.get(`${path}/progress`)).body.callsMade === 1);
  assert.equal((await maria.post(`${path}/pause`)).body.state, 'paused');
  assert.equal((await maria.post(`${path}/pause`)).body.state, 'paused', 'asking twice is fine');
  assert.equal((await maria.post(`${path}/resume`)).body.state, 'running');
  assert.equal((await maria.post(`${path}/stop`)).body.state, 'stopped');
  const progress = (await maria.get(`${path}/progress`)).body;
  assert.deepEqual([progress.isRunning, progress.totalLeads, progress.callsMade], [false, 3, 1], 'it keeps its place');
});

test('agent kinds that cannot be started say so', async () => {
  for (const agentKind of ['people', 'vapi', 'livekit']) {
    const id = await campaign(maria, { agentKind });
    problem(await maria.post(`${tenant}/campaigns/${id}/start`), 422, 'unsupported_agent_kind');
  }
});

test('a linked number is shown with its campaign', async (t) => {
  const id = await campaign(maria);
  assert.equal((await maria.post(`${tenant}/phone-numbers/import`)).status, 200);
  const number = (await maria.get(`${tenant}/phone-numbers?limit=1000`)).body.data.find((n) => !n.campaignId && n.isActive);
  t.after(() => maria.put(`${tenant}/phone-numbers/${number.id}`, { campaignId: null }));
  assert.equal((await maria.put(`${tenant}/phone-numbers/${number.id}`, { campaignId: id })).status, 200);
  const shown = (await maria.get(`${tenant}/campaigns/${id}`)).body.phoneNumbers;
  assert.deepEqual(shown.map((n) => [n.id, n.number, n.type, n.isActive]), [[number.id, number.number, number.type, true]]);
});

test('calls: list, one, its events, filters and CSV agree', async () => {
  const id = await campaign(maria), l = await lead();
  await carrier.script(l.phone_e164, { outcome: 'human', talk_secs: 2, digits: '9' });
  await maria.post(`${tenant}/campaigns/${id}/leads`, { lead_ids: [l.id] });
  await maria.post(`${tenant}/campaigns/${id}/start`);
  await over(maria, id);
  const [call] = (await bob.get(`${tenant}/calls?campaign_id=${id}`)).body.data;
  assert.deepEqual([call.direction, call.status, call.to_number, call.lead_id, call.campaign_id, call.answered_by],
    ['outbound', 'completed', l.phone_e164, l.id, id, 'human']);
  assert.ok(call.call_sid && call.from_number && Date.parse(call.answered_at) <= Date.parse(call.ended_at) && Number.isInteger(call.duration));
  const path = `${tenant}/calls/${call.id}`;
  assert.deepEqual((await bob.get(path)).body, call);
  assert.deepEqual((await bob.get(`${tenant}/leads/${l.id}/history`)).body.data, [call]);
  const events = (await bob.get(`${path}/events`)).body.data;
  assert.ok(events.length >= 2 && events.every((e) => e.kind && e.source && e.call_sid === call.call_sid), JSON.stringify(events));
  assert.deepEqual((await bob.get(`${tenant}/calls?campaign_id=${id}&status=busy`)).body.data, []);
  assert.equal((await bob.get(`${tenant}/calls?lead_id=${l.id}&status=completed&from=${encodeURIComponent(call.created_at)}`)).body.data.length, 1);
  assert.deepEqual((await bob.get(`${tenant}/calls?lead_id=${l.id}&to=2020-01-01T00:00:00Z`)).body.data, []);
  const csv = await bob.get(`${tenant}/calls?campaign_id=${id}`, { accept: 'text/csv' });
  assert.match(csv.headers.get('content-type'), /^text\/csv/);
  assert.equal(csv.text.trim().split('\r\n').length, 2);
  assert.ok(csv.text.includes(call.call_sid));
  problem(await bob.get(`${tenant}/calls?status=odd`), 422, 'invalid', 'status');
  problem(await bob.get(`${tenant}/calls?from=yesterday`), 422, 'invalid', 'from');
  problem(await bob.get(`${tenant}/calls?lead_id=1`), 422, 'invalid', 'lead_id');
  problem(await stranger.get(`${theirs}/calls/${call.id}`), 404, 'not_found');
  problem(await stranger.get(`${theirs}/calls/${call.id}/events`), 404, 'not_found');
});

test('the operator links a number, adds a lead and starts from the shell', async (t) => {
  const outdial = (...words) => spawnSync(`${env.OUTDIAL_BIN}/outdial`, ['--state', env.OUTDIAL_STATE, 'campaign', ...words], { encoding: 'utf8' });
  const name = `Shell ${randomUUID().slice(0, 8)}`, phone = fresh();
  await carrier.script(phone, { outcome: 'busy' });
  assert.equal((await maria.post(`${tenant}/phone-numbers/import`)).status, 200);
  const linked = outdial('link-number', '--campaign', name, '--test-lead', phone);
  assert.equal(linked.status, 0, linked.stderr);
  assert.match(linked.stdout, new RegExp(`^Campaign ${name} made\\.\n\\+[0-9]+ is linked to ${name}\\.\n\\${phone} is now on its list\\.\n$`));
  const made = (await maria.get(`${tenant}/campaigns?limit=1`)).body.data[0];
  t.after(() => rows('UPDATE phone_numbers SET campaign_id = NULL WHERE campaign_id = $1', [made.id]));
  assert.deepEqual([made.name, made.phoneNumbers.length, made.leads.count], [name, 1, 1]);
  assert.equal(outdial('link-number', '--campaign', name, '--test-lead', phone).stdout, `${phone} is already on its list.\n`);
  assert.doesNotMatch(outdial('show', name).stdout, /MISSING/);
  assert.equal(outdial('start', name).stdout, `${name} is running.\n`);
  await over(maria, made.id);
  assert.equal((await carrier.saw(phone))[0].from, made.phoneNumbers[0].number, 'the linked number is shown to the called party');
  assert.match(outdial('list').stdout, new RegExp(`${made.id}  done .*${name}`));
  assert.equal(outdial('start', name).status, 1, 'nobody is left');
  assert.equal(outdial('show', 'no such campaign').status, 1);
  assert.equal(outdial('dance').status, 2);
});

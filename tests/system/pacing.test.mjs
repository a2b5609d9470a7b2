// Pacing: who is called again and when, in which order, how campaigns share an account, and what holds them back.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { admin, agent, campaign, carrier, env, fresh, log, over, problem, rival, rows, status, tenant, until } from './play.mjs';

let maria;
before(async () => {
  maria = await admin();
  await carrier.reset();
  await carrier.speed(100);
});

const path = (id, rest = '') => `${tenant}/campaigns/${id}${rest}`;
const theirs = (id, rest = '') => `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}/campaigns/${id}${rest}`;
const shown = async (id) => (await maria.get(path(id))).body;
const pacing = async (id) => (await maria.get(path(id, '/pacing'))).body;
const start = async (id, phones, fields = {}, who = maria) => {
  const started = await who.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: phones.map((phone) => ({ business_name: 'A', phone, category: 'B' })), intervalMinutes: 0, ...fields });
  assert.equal(started.status, 200, started.text);
};
const numbers = async (count, outcome, fields = {}) => {
  const phones = Array.from({ length: count }, () => fresh());
  for (const phone of phones) await carrier.script(phone, { outcome, ring_secs: 1, talk_secs: 1, ...fields });
  return phones;
};
const leads = (id) => rows('SELECT l.phone_e164 AS phone, x.state, x.attempts, x.not_placed, x.last_outcome, x.reason FROM campaign_leads x JOIN leads l ON l.id = x.lead_id WHERE x.campaign_id = $1 ORDER BY x.position', [id]);

/** Numbers of an account's row for as long as a play lasts. */
async function account(t, tenant_id, fields) {
  const [was] = await rows(`SELECT id, calls_per_second FROM provider_accounts WHERE tenant_id = $1 AND provider = 'twilio' AND status = 'active' ORDER BY id LIMIT 1`, [tenant_id]);
  t.after(() => rows("UPDATE provider_accounts SET calls_per_second = $2, status = 'active', status_reason = NULL WHERE id = $1", [was.id, was.calls_per_second]));
  if (fields) await rows('UPDATE provider_accounts SET calls_per_second = $2 WHERE id = $1', [was.id, fields.calls_per_second]);
  return was.id;
}

test('retries come by outcome after their own delay, and the most calls of a lead binds all', async () => {
  const soon = { times: 2, after_minutes: 0.002 };
  const id = await campaign(maria, { retries: { busy: soon, no_answer: { ...soon, times: 1 }, failed: { ...soon, factor: 2, max_minutes: 0.01 } } });
  const [busy, silent, broken, good] = [await numbers(1, 'busy'), await numbers(1, 'no-answer'), await numbers(1, 'failed'), await numbers(1, 'human')].flat();
  await start(id, [busy, silent, broken, good]);
  await over(maria, id);
  assert.deepEqual((await leads(id)).map(({ state, attempts, last_outcome }) => [state, attempts, last_outcome]),
    [['done', 3, 'busy'], ['done', 2, 'no_answer'], ['done', 3, 'failed'], ['done', 1, 'answered']]);
  for (const [phone, times] of [[busy, 3], [silent, 2], [broken, 3], [good, 1]]) assert.equal((await carrier.saw(phone)).length, times);

  const capped = await campaign(maria, { retries: { busy: { times: 9, after_minutes: 0.002 } }, maxAttempts: 2 });
  const [phone] = await numbers(1, 'busy');
  await start(capped, [phone]);
  await over(maria, capped);
  assert.equal((await carrier.saw(phone)).length, 2);
});

test('leads are called in the campaign\'s order, which may change while it runs', async () => {
  const id = await campaign(maria, { leadOrder: 'newest', maxConcurrentCalls: 1 });
  const phones = await numbers(4, 'busy');
  await start(id, phones);
  await over(maria, id);
  assert.deepEqual((await log(maria, id)).map((line) => line.phone), phones, 'the log is newest first, and so was the order');

  const later = await campaign(maria, { intervalMinutes: 1440 });
  const more = await numbers(4, 'busy');
  await start(later, more, { intervalMinutes: 1440 });
  await until('the first is called', async () => (await carrier.saw(more[0])).length === 1);
  const changed = await maria.patch(path(later), { leadOrder: 'newest', maxConcurrentCalls: 1, intervalMinutes: 0, weight: 7 });
  assert.equal(changed.status, 200, changed.text);
  await over(maria, later);
  assert.deepEqual((await log(maria, later)).map((line) => line.phone), [more[1], more[2], more[3], more[0]], 'order and interval count at once');
  const audit = (await maria.get(`${tenant}/audit-log?limit=50`)).body.data.find((line) => line.action === 'campaign.update' && line.object_id === later);
  assert.deepEqual(audit.detail.changed, { lead_order: 'newest', max_open_calls: 1, interval_ms: 0, weight: 7 });
});

test('retries given while a run goes on concern its next call', async () => {
  const id = await campaign(maria, { retries: {} });
  const [phone] = await numbers(1, 'busy', { ring_secs: 300 });
  await start(id, [phone]);
  await until('it rings', async () => (await carrier.saw(phone)).length === 1);
  assert.equal((await maria.patch(path(id), { retries: { busy: { times: 1, after_minutes: 0.002 } } })).status, 200);
  await carrier.script(phone, { outcome: 'human', ring_secs: 1, talk_secs: 1 });
  await over(maria, id);
  assert.equal((await carrier.saw(phone)).length, 2);
  assert.deepEqual((await leads(id)).map(({ state, last_outcome }) => [state, last_outcome]), [['done', 'answered']]);
});

test('leads are called again when somebody asks for it', async () => {
  const id = await campaign(maria);
  const [busy, silent, good] = [await numbers(1, 'busy'), await numbers(1, 'no-answer'), await numbers(1, 'human')].flat();
  await start(id, [busy, silent, good]);
  await over(maria, id);
  problem(await maria.post(path(id, '/recycle'), {}), 422, 'invalid', 'outcomes');
  problem(await maria.post(path(id, '/recycle'), { outcomes: ['busy'], reset: true }), 422, 'invalid', 'outcomes');
  problem(await (await agent()).post(path(id, '/recycle'), { outcomes: ['busy'] }), 403, 'forbidden');
  problem(await (await rival()).post(path(id, '/recycle'), { outcomes: ['busy'] }), 404, 'not_found');
  assert.deepEqual((await maria.post(path(id, '/recycle'), { outcomes: ['busy', 'no_answer'] })).body, { recycled: 2 });
  assert.equal((await pacing(id)).queue.fresh, 2);
  assert.equal((await status(maria, id)).isRunning, false, 'nothing is dialed before the start');
  assert.equal((await maria.post(path(id, '/start'))).status, 200);
  await over(maria, id);
  assert.deepEqual(await Promise.all([busy, silent, good].map(async (phone) => (await carrier.saw(phone)).length)), [2, 2, 1]);
  assert.deepEqual((await maria.post(path(id, '/recycle'), { reset: true })).body, { recycled: 3 });
  assert.equal((await status(maria, id)).currentIndex, 0);
});

test('when calls fail the breaker opens, tries one, and closes', async () => {
  const id = await campaign(maria, { breaker: { attempts: 4, failurePercent: 75, cooldownSeconds: 1, goodProbes: 2, pauseAfter: 50 }, maxConcurrentCalls: 2 });
  const bad = await numbers(4, 'failed'), good = await numbers(6, 'human');
  await start(id, [...bad, ...good]);
  await until('it is open, or has been', async () => (await rows('SELECT FROM campaign_pace WHERE campaign_id = $1 AND breaker_since > \'-infinity\' AND breaker_trips > 0', [id])).length === 1 || (await status(maria, id)).isRunning === false);
  const seen = await pacing(id);
  assert.ok(['open', 'half_open', 'closed'].includes(seen.breaker.state), JSON.stringify(seen));
  await over(maria, id);
  for (const phone of [...bad, ...good]) assert.equal((await carrier.saw(phone)).length, 1);
  const [pace] = await rows('SELECT breaker_state, breaker_trips FROM campaign_pace WHERE campaign_id = $1', [id]);
  assert.deepEqual(pace, { breaker_state: 'closed', breaker_trips: 0 });
});

test('when they fail again and again the campaign waits for somebody, who is told why', async () => {
  const id = await campaign(maria, { breaker: { attempts: 2, failurePercent: 100, cooldownSeconds: 0.1, goodProbes: 1, pauseAfter: 2 }, maxConcurrentCalls: 2 });
  const phones = await numbers(6, 'failed');
  await start(id, phones);
  await until('it is paused', async () => (await shown(id)).state === 'paused');
  assert.match((await shown(id)).stateReason, /^Too many calls failed/);
  const before = (await carrier.calls((call) => phones.includes(call.to))).length;
  assert.ok(before >= 3 && before < 6, `${before} calls`);
  for (const phone of phones) await carrier.script(phone, { outcome: 'busy' });
  assert.equal((await maria.post(path(id, '/resume'))).status, 200);
  await over(maria, id);
  assert.equal((await carrier.calls((call) => phones.includes(call.to))).length, 6);
});

/** A campaign of the rival's, whose account nobody else uses. */
async function rivals(jane) {
  const made = await jane.post(theirs('').slice(0, -1), { name: 'Play', intervalMinutes: 0, maxConcurrentCalls: 50, callsPerSecond: 50, retries: {}, breaker: null });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

test('credentials the carrier takes no more: the account\'s campaigns pause, no lead is burnt', async (t) => {
  const jane = await rival(), id = await rivals(jane), other = await rivals(jane), apart = await campaign(maria);
  const place = await account(t, env.OUTDIAL_OTHER_TENANT_ID);
  const [phone, next] = [await numbers(1, 'reject', { error_code: 20003 }), await numbers(2, 'busy')].flat();
  await start(other, [next, fresh()], { intervalMinutes: 1440 }, jane);
  await start(apart, [...await numbers(1, 'busy'), fresh()], { intervalMinutes: 1440 });
  await start(id, [phone], {}, jane);
  const state = async (one) => (await jane.get(theirs(one))).body;
  await until('it is paused', async () => (await state(id)).state === 'paused');
  assert.match((await state(id)).stateReason, /^The provider refused the account/);
  assert.equal((await state(other)).state, 'paused', 'and so is the other one that uses it');
  assert.equal((await shown(apart)).state, 'running', 'another account\'s campaign goes on');
  assert.deepEqual((await leads(id)).map(({ state: s, attempts, not_placed }) => [s, attempts, not_placed]), [['waiting', 0, 0]]);
  assert.deepEqual(await rows('SELECT status FROM provider_accounts WHERE id = $1', [place]), [{ status: 'blocked' }]);
  await carrier.script(phone, { outcome: 'busy' });
  await rows("UPDATE provider_accounts SET status = 'active' WHERE id = $1", [place]);
  assert.equal((await jane.post(theirs(id, '/resume'))).status, 200);
  await over(jane, id);
  assert.deepEqual((await leads(id)).map(({ state: s, attempts }) => [s, attempts]), [['done', 1]]);
  for (const one of [apart, other]) await rows("UPDATE campaigns SET state = 'stopped' WHERE id = $1", [one]);
});

test('a caller ID the carrier takes no more is switched off, and the next one shown', async () => {
  const id = await campaign(maria), [one, two, phone] = [fresh(), fresh(), (await numbers(1, 'human'))[0]];
  await rows(`INSERT INTO phone_numbers (tenant_id, account_id, number, type, provider, verified_at, campaign_id)
              SELECT $1, (SELECT id FROM provider_accounts WHERE tenant_id = $1 AND provider = 'twilio' AND status = 'active' AND label <> 'Play' ORDER BY id LIMIT 1), n, 'LOCAL', 'TWILIO', now(), $2 FROM unnest($3::text[]) n`,
    [env.OUTDIAL_TENANT_ID, id, [one, two]]);
  await start(id, [phone]);
  await over(maria, id);
  assert.deepEqual((await leads(id)).map(({ state, attempts, not_placed }) => [state, attempts, not_placed]), [['done', 1, 0]]);
  const off = await rows('SELECT is_active, inactive_reason IS NOT NULL AS told FROM phone_numbers WHERE number = ANY ($1)', [[one, two]]);
  assert.deepEqual(off, [{ is_active: false, told: true }, { is_active: false, told: true }]);
  assert.equal((await carrier.saw(phone)).length, 1);
});

test('a campaign never spends more than its budget', async () => {
  const id = await campaign(maria, { budget: { amount: 6, currency: 'USD' } });
  const phones = await numbers(5, 'human');
  await start(id, phones);
  await until('it is paused', async () => (await shown(id)).state === 'paused');
  assert.equal((await shown(id)).stateReason, 'The campaign\'s budget is used up.');
  assert.equal((await carrier.calls((call) => phones.includes(call.to))).length, 3, '1.4 cents a minute, two minutes reserved for each call');
  const { budget } = await pacing(id);
  assert.deepEqual(budget, { amount: 6, currency: 'USD', spent: 4.2, warning: false });
  const refused = await maria.post('/api/outbound-caller/call', { phone: fresh(), campaign_id: id });
  problem(refused, 409, 'campaign_state');
  assert.equal((await maria.patch(path(id), { budget: { amount: 12, currency: 'USD' } })).status, 200);
  assert.equal((await maria.post(path(id, '/resume'))).status, 200);
  await over(maria, id);
  assert.equal((await carrier.calls((call) => phones.includes(call.to))).length, 5);
});

test('a run ends when its goal is reached', async () => {
  const id = await campaign(maria, { goal: { outcome: 'answered', count: 2 } });
  const phones = [...await numbers(2, 'busy'), ...await numbers(5, 'human')];
  await start(id, phones);
  await until('it is done', async () => (await shown(id)).state === 'done');
  assert.equal((await shown(id)).stateReason, 'The goal was reached.');
  const { goal, queue } = await pacing(id);
  assert.deepEqual([goal.reached, goal.open, queue.fresh], [2, 0, 3]);
  assert.equal((await carrier.calls((call) => phones.includes(call.to))).length, 4);
});

test('campaigns on one account share it by weight', async (t) => {
  const light = await campaign(maria), heavy = await campaign(maria, { weight: 3 });
  await account(t, env.OUTDIAL_TENANT_ID, { calls_per_second: 20 });
  const [some, many] = [await numbers(50, 'busy'), await numbers(75, 'busy')];
  await start(light, some);
  await start(heavy, many);
  await Promise.all([over(maria, light), over(maria, heavy)]);
  const order = await rows('SELECT campaign_id AS id FROM attempts WHERE campaign_id = ANY ($1::uuid[]) ORDER BY permitted_at, id', [[light, heavy]]);
  assert.equal(order.length, 125, 'everybody is called once');
  const both = order.slice(order.findIndex(({ id }) => id === heavy), order.findLastIndex(({ id }) => id === heavy) + 1);
  const share = both.filter(({ id }) => id === heavy).length / both.length;
  assert.ok(share > 0.6 && share < 0.9, `three quarters, not ${share} of ${both.length}`);
});

test('a storm of 429 slows its own account down, and nobody else', async (t) => {
  const jane = await rival(), struck = await rivals(jane), spared = await campaign(maria);
  const place = await account(t, env.OUTDIAL_OTHER_TENANT_ID), ours = await account(t, env.OUTDIAL_TENANT_ID);
  const storm = await numbers(12, 'busy', { faults: { create: '429' } }), calm = await numbers(30, 'busy');
  const slowed = () => rows('SELECT throttle, throttled_at FROM account_pace WHERE account_id = $1', [ours]), before = await slowed();
  await start(struck, storm, {}, jane);
  await start(spared, calm);
  await until('it slows down', async () => (await rows('SELECT FROM account_pace WHERE account_id = $1 AND throttle < 1', [place])).length === 1);
  await Promise.all([over(jane, struck), over(maria, spared)]);
  for (const phone of [...storm, ...calm]) assert.equal((await carrier.saw(phone)).length, 1);
  assert.deepEqual(await slowed(), before.length ? before : [{ throttle: 1, throttled_at: -Infinity }], 'another account of another tenant');
  assert.ok((await leads(struck)).every(({ state, attempts, not_placed }) => state === 'done' && attempts === 1 && not_placed === 1));
});

test('how a campaign is paced is shown to its tenant', async () => {
  const id = await campaign(maria);
  const seen = await pacing(id);
  assert.deepEqual(Object.keys(seen).sort(), ['account', 'breaker', 'budget', 'goal', 'queue', 'share']);
  assert.deepEqual([seen.breaker, seen.budget, seen.goal], [null, null, null]);
  assert.deepEqual(seen.queue, { fresh: 0, retriesDue: 0, retriesLater: 0, nextDueAt: null });
  problem(await (await rival()).get(path(id, '/pacing')), 404, 'not_found');
});

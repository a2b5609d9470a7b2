// Numbers that are not called.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { admin, agent, campaign, carrier, env, fresh, problem, rival, rows, run, tenant } from './play.mjs';

const path = `${tenant}/dnc`, theirs = `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}/dnc`;
let maria, bob, stranger;
before(async () => {
  [maria, bob, stranger] = [await admin(), await agent(), await rival()];
  await carrier.speed(50);
});

function wrong(answer, field, code) {
  problem(answer, 422, 'invalid', field);
  assert.equal(answer.body.errors.find((e) => e.field === field).code, code, answer.text);
}

test('an agent adds a number; the same again, in another spelling, is the existing row', async () => {
  const phone = fresh();
  const made = await bob.post(path, { phone, reason: 'asked by e-mail' });
  assert.equal(made.status, 201, made.text);
  const { id, created_at, ...rest } = made.body;
  assert.deepEqual(rest, { phone_e164: phone, reason: 'asked by e-mail', source: 'api', scope: 'tenant', campaign_id: null });
  assert.ok(id && Math.abs(Date.parse(created_at) - Date.now()) < 60000);
  const again = await maria.post(path, { phone: `(${phone.slice(2, 5)}) ${phone.slice(5, 8)}-${phone.slice(8)}`, reason: 'another' });
  assert.deepEqual([again.status, again.body], [200, made.body]);
  assert.deepEqual((await bob.get(`${path}?phone=${encodeURIComponent(phone)}`)).body.data, [made.body]);
  assert.equal((await bob.get(`${path}?limit=1`)).body.data[0].id, id, 'newest first');
  assert.deepEqual((await bob.get(`${path}/${id}`)).body, made.body);
  const trace = await rows('SELECT action, principal FROM audit WHERE object_id = $1', [id]);
  assert.deepEqual(trace.map((a) => a.action), ['dnc.add'], 'one line, for what was new');
});

test('whoever is on the list is not called, by any list and in any spelling', async () => {
  const phone = fresh(), other = fresh();
  await carrier.script(other, { outcome: 'busy' });
  assert.equal((await bob.post(path, { phone })).status, 201);
  const id = await campaign(maria);
  const started = await run(maria, id, [{ business_name: 'A', phone: phone.slice(1) }, { business_name: 'B', phone: other }]);
  assert.deepEqual(started.skipped.map((s) => [s.index, s.reason]), [[0, 'do_not_call']]);
  assert.equal((await carrier.saw(phone)).length, 0);
  assert.equal((await carrier.saw(other)).length, 1);
});

test('a campaign\'s own list stops that campaign alone', async () => {
  const phone = fresh(), id = await campaign(maria), another = await campaign(maria);
  await carrier.script(phone, { outcome: 'busy' });
  const made = await bob.post(path, { phone, scope: 'campaign', campaign_id: id });
  assert.deepEqual([made.status, made.body.scope, made.body.campaign_id], [201, 'campaign', id]);
  const refused = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: [{ business_name: 'A', phone }], intervalMinutes: 0 });
  assert.equal(refused.status, 422, refused.text);
  await run(maria, another, [{ business_name: 'A', phone }]);
  assert.equal((await carrier.saw(phone)).length, 1);
});

test('only an admin takes a number off, and it leaves a trace', async () => {
  const made = (await bob.post(path, { phone: fresh() })).body;
  problem(await bob.delete(`${path}/${made.id}`), 403, 'forbidden');
  assert.equal((await maria.delete(`${path}/${made.id}`)).status, 204);
  problem(await maria.delete(`${path}/${made.id}`), 404, 'not_found');
  assert.equal((await bob.get(`${path}?phone=${encodeURIComponent(made.phone_e164)}`)).body.data.length, 0);
  assert.equal((await rows('SELECT count(*)::int AS n FROM audit WHERE object_id = $1 AND action = $2', [made.id, 'dnc.remove']))[0].n, 1);
});

test('what is wrong is named', async () => {
  wrong(await bob.post(path, {}), 'phone', 'required');
  wrong(await bob.post(path, { phone: '123' }), 'phone', 'too_short');
  wrong(await bob.post(path, { phone: 'abc' }), 'phone', 'not_a_number');
  wrong(await bob.post(path, { phone: fresh(), reason: 'x'.repeat(501) }), 'reason', 'too_long');
  wrong(await bob.post(path, { phone: fresh(), scope: 'platform' }), 'scope', 'not_one_of');
  wrong(await bob.post(path, { phone: fresh(), scope: 'campaign' }), 'campaign_id', 'required');
  wrong(await bob.post(path, { phone: fresh(), scope: 'tenant', campaign_id: randomUUID() }), 'campaign_id', 'conflict');
  problem(await bob.post(path, { phone: fresh(), campaign_id: randomUUID() }), 422, 'not_found', 'campaign_id');
  wrong(await bob.post(path, { phone: fresh(), source: 'keypress' }), 'source', 'read_only');
  problem(await bob.get(`${path}?phone=12`), 422, 'invalid', 'phone');
});

test('the rival neither sees nor removes it, and cannot use our campaigns', async () => {
  const made = (await bob.post(path, { phone: fresh() })).body, id = await campaign(maria);
  problem(await stranger.get(`${theirs}/${made.id}`), 404, 'not_found');
  problem(await stranger.delete(`${theirs}/${made.id}`), 404, 'not_found');
  problem(await stranger.get(path), 404, 'not_found');
  assert.equal((await stranger.get(`${theirs}?phone=${encodeURIComponent(made.phone_e164)}`)).body.data.length, 0);
  problem(await stranger.post(theirs, { phone: fresh(), scope: 'campaign', campaign_id: id }), 422, 'not_found', 'campaign_id');
});

test('the same Idempotency-Key answers the same', async () => {
  const headers = { 'idempotency-key': randomUUID() }, phone = fresh();
  const first = await bob.post(path, { phone }, headers), again = await bob.post(path, { phone }, headers);
  assert.deepEqual([first.status, again.status, again.headers.get('idempotent-replayed')], [201, 201, 'true']);
  assert.deepEqual(again.body, first.body);
});

test('the operator\'s list stands above every tenant', async (t) => {
  const phone = fresh(), id = await campaign(maria);
  t.after(() => rows('DELETE FROM dnc WHERE phone_e164 = $1', [phone]));
  const outdial = (...words) => spawnSync(`${env.OUTDIAL_BIN}/outdial`, ['--state', env.OUTDIAL_STATE, 'dnc', ...words], { encoding: 'utf8' });
  assert.match(outdial('check', phone).stdout, /is on no do-not-call list/);
  assert.equal(outdial('add', '--platform', '--reason', 'court order', phone).stdout, `${phone} is not called any more, for every tenant.\n`);
  assert.equal(outdial('add', '--platform', phone).stdout, `${phone} was on the list already, for every tenant.\n`);
  assert.match(outdial('check', phone).stdout, /platform list, by command.* court order/);
  assert.deepEqual((await maria.get(`${path}?phone=${encodeURIComponent(phone)}`)).body.data, [], 'it is not the tenant\'s to see');
  problem(await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: [{ business_name: 'A', phone }] }), 422, 'no_phone_numbers');
  assert.equal((await maria.post(path, { phone })).status, 201, 'its own list is its own');
  assert.match(outdial('list').stdout, new RegExp(`^\\${phone} +tenant +api`));
  assert.equal(outdial('add', 'abc').status, 1);
  assert.equal(outdial('add').status, 2);
});

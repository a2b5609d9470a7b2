// What an administrator manages: the tenant, people, keys, provider accounts, trunks, and the trace that all of it leaves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { admin, agent, as, bearer, env, nobody, problem, rival, rows, tenant } from './play.mjs';

const theirs = `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}`;
const nothing = '00000000-0000-7000-8000-000000000000';
const address = () => `play-${randomUUID()}@demo.example`;

/** 422, and the field to blame with its code. */
function wrong(answer, field, code) {
  problem(answer, 422, 'invalid', field);
  assert.equal(answer.body.errors.find((e) => e.field === field).code, code, answer.text);
}

let maria, bob, stranger;
before(async () => { [maria, bob, stranger] = [await admin(), await agent(), await rival()]; });

async function user(t, role, who = maria) {
  const password = `pass-${randomUUID()}`;
  const made = await who.post(`${tenant}/users`, { email: address(), name: 'Play', role, password });
  assert.equal(made.status, 201, made.text);
  t.after(() => rows('DELETE FROM users WHERE id = $1', [made.body.id]));
  return { ...(await as(made.body.email, password)), user: made.body, path: `${tenant}/users/${made.body.id}` };
}

// ---- tenants --------------------------------------------------------------------------------------------------------

test('a tenant reads and changes itself', async (t) => {
  const before = (await maria.get(tenant)).body;
  t.after(() => maria.patch(tenant, { persona: before.persona, company: before.company, countries: before.countries, agent_phone: before.agent_phone, timezone: before.timezone }));
  const changed = await maria.patch(tenant, { persona: 'Ada', company: 'Örnek A.Ş.', countries: ['US', 'TR'], agent_phone: '(212) 555-0199', timezone: 'Europe/Istanbul' });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual([changed.body.persona, changed.body.company, changed.body.countries, changed.body.agent_phone, changed.body.timezone],
    ['Ada', 'Örnek A.Ş.', ['US', 'TR'], '+12125550199', 'Europe/Istanbul']);
  assert.equal(changed.body.name, before.name);
  assert.deepEqual((await bob.get(tenant)).body, changed.body);
  assert.equal((await maria.patch(tenant, { countries: null })).body.countries, null);
  wrong(await maria.patch(tenant, { countries: ['USA'] }), 'countries[0]', 'too_long');
  wrong(await maria.patch(tenant, { countries: ['us'] }), 'countries[0]', 'not_a_country');
  wrong(await maria.patch(tenant, { countries: ['US', 'XX'] }), 'countries', 'not_a_country');
  wrong(await maria.patch(tenant, { default_country: 'QQ' }), 'default_country', 'not_a_country');
  wrong(await maria.patch(tenant, { timezone: 'Europe/Atlantis' }), 'timezone', 'unknown_timezone');
  wrong(await maria.patch(tenant, { agent_phone: '123' }), 'agent_phone', 'too_short');
  wrong(await maria.patch(tenant, { locale: 'de' }), 'locale', 'not_one_of');
  wrong(await maria.patch(tenant, { name: null }), 'name', 'required');
  wrong(await maria.patch(tenant, { name: '' }), 'name', 'required');
  wrong(await maria.patch(tenant, { id: nothing }), 'id', 'read_only');
  wrong(await maria.patch(tenant, { colour: 'red' }), 'colour', 'unknown_field');
  problem(await bob.patch(tenant, { persona: 'Bob' }), 403, 'forbidden');
});

test('the calling window is the operator\'s, and the answer says so', async () => {
  for (const field of ['window_opens', 'window_closes', 'window', 'calling_window']) {
    const answer = await maria.patch(tenant, { [field]: 0 });
    wrong(answer, field, 'operator_only');
    assert.match(answer.body.detail, /outdial tenant window/);
  }
});

test('a change of what somebody else has changed is refused when asked for', async (t) => {
  const first = await maria.get(tenant);
  const tag = first.headers.get('etag');
  t.after(() => maria.patch(tenant, { persona: first.body.persona }));
  assert.equal((await maria.patch(tenant, { persona: 'One' }, { 'if-match': tag })).status, 200);
  problem(await maria.patch(tenant, { persona: 'Two' }, { 'if-match': tag }), 412, 'precondition_failed');
});

test('the platform lists, creates, suspends and resumes tenants; nobody else does', async () => {
  problem(await stranger.get('/api/v1/tenants'), 403, 'forbidden');
  problem(await stranger.post('/api/v1/tenants', { name: 'Mine' }), 403, 'forbidden');
  problem(await bob.post(`${theirs}/suspend`), 403, 'forbidden');
  const name = `Play ${randomUUID().slice(0, 8)}`;
  const owner_email = address(), owner_password = `pass-${randomUUID()}`;
  const made = await maria.post('/api/v1/tenants', { name, default_country: 'TR', locale: 'tr', owner_email, owner_password });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.body.slug, name.toLowerCase().replace(' ', '-'));
  assert.deepEqual([made.body.window_opens, made.body.window_closes, made.body.minimum_gap_minutes], [480, 1260, 60], 'the lawful defaults');
  problem(await maria.post('/api/v1/tenants', { name }), 409, 'slug_taken');
  assert.ok((await maria.get('/api/v1/tenants?limit=1000')).body.data.some((x) => x.id === made.body.id));
  const head = await as(owner_email, owner_password);
  assert.equal(head.login.user.role, 'owner');
  problem(await maria.get(`/api/v1/tenants/${made.body.id}/users`), 404, 'not_found');
  assert.equal((await maria.post(`/api/v1/tenants/${made.body.id}/suspend`)).body.status, 'suspended');
  problem(await head.get('/api/v1/me'), 403, 'tenant_suspended');
  problem(await maria.post(`/api/v1/tenants/${nothing}/suspend`), 404, 'not_found');
});

// ---- people ---------------------------------------------------------------------------------------------------------

test('people are added, found, changed and removed', async () => {
  const email = address();
  const made = await maria.post(`${tenant}/users`, { email: email.toUpperCase(), name: 'Zoë', role: 'manager', phone: '212 555 0143', locale: 'tr' });
  assert.equal(made.status, 201, made.text);
  const path = `${tenant}/users/${made.body.id}`;
  assert.equal(made.headers.get('location'), path);
  assert.deepEqual([made.body.email, made.body.name, made.body.role, made.body.phone, made.body.locale, made.body.status],
    [email, 'Zoë', 'manager', '+12125550143', 'tr', 'active']);
  assert.deepEqual((await maria.get(path)).body, made.body);
  assert.equal((await maria.get(`${tenant}/users?limit=1`)).body.data[0].id, made.body.id, 'newest first');
  problem(await maria.post(`${tenant}/users`, { email, role: 'viewer' }), 409, 'email_taken');
  problem(await stranger.post(`${theirs}/users`, { email, role: 'viewer' }), 409, 'email_taken');
  assert.equal((await maria.patch(path, { role: 'agent', phone: null })).body.phone, null);
  assert.equal((await maria.delete(path)).status, 204);
  problem(await maria.get(path), 404, 'not_found');
  problem(await maria.delete(path), 404, 'not_found');
});

test('lists come in pages without gaps', async (t) => {
  const made = [];
  for (let i = 0; i < 3; i++) made.push((await user(t, 'viewer')).user.id);
  const all = (await maria.get(`${tenant}/users?limit=1000`)).body.data.map((u) => u.id);
  const paged = [];
  for (let cursor = ''; ;) {
    const page = (await maria.get(`${tenant}/users?limit=2${cursor}`)).body;
    paged.push(...page.data.map((u) => u.id));
    if (!page.next_cursor) break;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
  assert.deepEqual(paged, all);
  assert.deepEqual(all.slice(0, 3), made.reverse());
  problem(await maria.get(`${tenant}/users?sort=name`), 400, 'unknown_parameter');
  assert.equal((await maria.get(`${tenant}/users?limit=0`)).status, 422);
  assert.equal((await maria.get(`${tenant}/users?cursor=nonsense`)).status, 422);
});

test('bad people are refused with the field and the cure', async () => {
  const post = (body) => maria.post(`${tenant}/users`, body);
  wrong(await post({ role: 'viewer' }), 'email', 'required');
  wrong(await post({ email: address() }), 'role', 'required');
  wrong(await post({ email: 'nobody', role: 'viewer' }), 'email', 'malformed');
  wrong(await post({ email: address(), role: 'emperor' }), 'role', 'not_one_of');
  wrong(await post({ email: address(), role: 'viewer', password: 'short' }), 'password', 'too_short');
  wrong(await post({ email: address(), role: 'viewer', phone: 'abc' }), 'phone', 'not_a_number');
  wrong(await post({ email: address(), role: 'viewer', is_platform: true }), 'is_platform', 'read_only');
  wrong(await post({ email: address(), role: 'viewer', epoch: 7 }), 'epoch', 'unknown_field');
});

test('only owners make, change and remove owners; nobody changes their own role; the last owner stays', async (t) => {
  const boss = await user(t, 'admin');
  problem(await boss.post(`${tenant}/users`, { email: address(), role: 'owner' }), 403, 'forbidden');
  problem(await boss.patch(boss.path, { role: 'owner' }), 403, 'own_role');
  problem(await boss.patch(boss.path, { role: 'viewer' }), 403, 'own_role');
  const me = `${tenant}/users/${maria.login.user.id}`;
  problem(await boss.patch(me, { name: 'Renamed' }), 403, 'forbidden');
  problem(await boss.patch(me, { password: `pass-${randomUUID()}` }), 403, 'forbidden');
  problem(await boss.delete(me), 403, 'forbidden');
  problem(await maria.patch(me, { role: 'admin' }), 403, 'own_role');
  problem(await maria.patch(me, { status: 'disabled' }), 403, 'own_status');
  problem(await maria.delete(me), 409, 'last_owner');
  const clerk = await user(t, 'viewer', boss);
  problem(await boss.patch(clerk.path, { role: 'owner' }), 403, 'forbidden');
  const second = await user(t, 'owner');
  problem(await boss.patch(second.path, { role: 'viewer' }), 403, 'forbidden');
  assert.equal((await maria.patch(second.path, { role: 'admin' })).status, 200);
});

test('two owners who demote each other at the same instant leave one', async (t) => {
  const name = `Play ${randomUUID().slice(0, 8)}`;
  const [a, b] = [address(), address()], password = `pass-${randomUUID()}`;
  const made = (await maria.post('/api/v1/tenants', { name, owner_email: a, owner_password: password })).body;
  t.after(() => maria.post(`/api/v1/tenants/${made.id}/suspend`));
  const users = `/api/v1/tenants/${made.id}/users`;
  const one = await as(a, password);
  const other = (await one.post(users, { email: b, role: 'owner', password })).body;
  const two = await as(b, password);
  const answers = await Promise.all([one.patch(`${users}/${other.id}`, { role: 'viewer' }), two.patch(`${users}/${one.login.user.id}`, { role: 'viewer' })]);
  const left = await rows(`SELECT count(*)::int AS n FROM users WHERE tenant_id = $1 AND role = 'owner'`, [made.id]);
  assert.equal(left[0].n, 1, JSON.stringify(answers.map((x) => [x.status, x.text])));
  assert.equal(answers.filter((x) => x.status === 200).length, 1);
});

// ---- keys -----------------------------------------------------------------------------------------------------------

test('a key is shown once, works, tells when it was used, and dies', async () => {
  const made = await maria.post(`${tenant}/api-keys`, { name: 'CRM', scopes: ['leads:write', 'calls:read'] });
  assert.equal(made.status, 201, made.text);
  assert.match(made.body.secret, /^odk_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual([made.body.name, made.body.scopes, made.body.role, made.body.revoked_at], ['CRM', ['leads:write', 'calls:read'], 'manager', null]);
  const path = `${tenant}/api-keys/${made.body.id}`;
  const key = bearer(made.body.secret);
  const me = await key.get('/api/v1/me');
  assert.deepEqual([me.status, me.body.user, me.body.role, me.body.tenant.id], [200, null, 'manager', env.OUTDIAL_TENANT_ID]);
  problem(await key.get(`${tenant}/users`), 403, 'forbidden');
  problem(await key.get(theirs), 404, 'not_found');
  problem(await key.post('/api/v1/auth/logout'), 403, 'forbidden');
  const seen = await maria.get(path);
  assert.ok(seen.body.last_used_at);
  assert.ok(seen.body.hint.endsWith(made.body.secret.slice(-4)));
  for (const answer of [seen, await maria.get(`${tenant}/api-keys`)]) {
    assert.doesNotMatch(answer.text, new RegExp(made.body.secret.slice(4, 20)));
    assert.doesNotMatch(answer.text, /hash|"secret"/);
  }
  assert.equal((await maria.delete(path)).status, 204);
  assert.equal((await key.get('/api/v1/me')).status, 401, 'at once, not when a cache forgets');
  assert.ok((await maria.get(path)).body.revoked_at, 'the row stays');
  assert.equal((await maria.delete(path)).status, 204, 'again is no error');
});

test('scopes decide the role of a key', async () => {
  const made = async (scopes) => {
    const answer = await maria.post(`${tenant}/api-keys`, { name: 'Play', ...(scopes && { scopes }) });
    if (answer.status === 201) await maria.delete(`${tenant}/api-keys/${answer.body.id}`);
    return answer;
  };
  for (const [scopes, role] of [[undefined, 'viewer'], [[], 'viewer'], [['agent'], 'agent'], [['admin'], 'admin'], [['viewer', 'manager'], 'manager'],
    [['leads:read'], 'viewer'], [['calls:place'], 'agent'], [['phone-numbers:import'], 'admin']])
    assert.equal((await made(scopes)).body.role, role, JSON.stringify(scopes));
  wrong(await made(['owner']), 'scopes[0]', 'not_one_of');
  wrong(await made(['viewer', 'leads:fly']), 'scopes[1]', 'not_one_of');
  wrong(await made(['viewer', 'leads:write']), 'scopes', 'mixed');
  problem(await bob.post(`${tenant}/api-keys`, { name: 'Play' }), 403, 'forbidden');
});

test('a create that is repeated with the same key answers the same, without the secret', async (t) => {
  const headers = { 'idempotency-key': randomUUID() };
  const first = await maria.post(`${tenant}/api-keys`, { name: 'Once' }, headers);
  t.after(() => maria.delete(`${tenant}/api-keys/${first.body.id}`));
  const second = await maria.post(`${tenant}/api-keys`, { name: 'Once' }, headers);
  assert.equal(second.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(second.body, { ...first.body, secret: null });
  problem(await maria.post(`${tenant}/api-keys`, { name: 'Twice' }, headers), 409, 'key_reused');
});

// ---- provider accounts ----------------------------------------------------------------------------------------------

test('secrets of an account go in and never come out', async (t) => {
  const secret = randomUUID().replaceAll('-', ''), sid = `AC${randomUUID().replaceAll('-', '')}`;
  const made = await maria.post(`${tenant}/provider-accounts`, { provider: 'twilio', label: 'Second', account_sid: sid, auth_token: secret, calls_per_second: 2.5, screens_numbers: false });
  assert.equal(made.status, 201, made.text);
  const path = `${tenant}/provider-accounts/${made.body.id}`;
  t.after(() => maria.delete(path));
  assert.deepEqual([made.body.account_sid, made.body.calls_per_second, made.body.max_open_calls, made.body.screens_numbers, made.body.auth_token_set, made.body.api_secret_set],
    [sid, 2.5, 10, false, true, false]);
  for (const answer of [made, await maria.get(path), await maria.get(`${tenant}/provider-accounts`), await maria.patch(path, { label: 'Renamed' }), await maria.get(`${tenant}/audit-log`)]) {
    assert.ok(answer.status < 300, answer.text);
    assert.ok(!answer.text.includes(secret));
    assert.doesNotMatch(answer.text, /"auth_token"|sealed|v1:/);
  }
  const sealed = async () => (await rows('SELECT auth_token_sealed AS s FROM provider_accounts WHERE id = $1', [made.body.id]))[0].s;
  const before = await sealed();
  assert.match(before, /^v1:/);
  assert.ok(!before.includes(secret));
  assert.equal((await maria.patch(path, { max_open_calls: 3 })).body.auth_token_set, true);
  assert.equal(await sealed(), before, 'an absent secret stays');
  assert.equal((await maria.patch(path, { auth_token: null })).body.auth_token_set, false);
  assert.equal(await sealed(), null);
});

test('bad accounts are refused; viewers and strangers see none', async () => {
  const post = (body) => maria.post(`${tenant}/provider-accounts`, body);
  wrong(await post({ provider: 'carrier-pigeon' }), 'provider', 'not_one_of');
  wrong(await post({ provider: 'twilio' }), 'account_sid', 'required');
  wrong(await post({ provider: 'twilio', account_sid: 'AC123' }), 'account_sid', 'malformed');
  wrong(await post({ provider: 'twilio', account_sid: `AC${'A'.repeat(32)}` }), 'account_sid', 'malformed');
  wrong(await post({ provider: 'vapi', calls_per_second: 0 }), 'calls_per_second', 'out_of_range');
  wrong(await post({ provider: 'vapi', base_url: 'http://169.254.169.254' }), 'base_url', 'unknown_field');
  problem(await bob.get(`${tenant}/provider-accounts`), 403, 'forbidden');
  problem(await stranger.get(`${tenant}/provider-accounts`), 404, 'not_found');
});

test('an account can be tried, and one in use stays', async (t) => {
  const list = (await maria.get(`${tenant}/provider-accounts`)).body.data;
  const own = list.find((a) => a.account_sid === env.TWILIO_ACCOUNT_SID);
  const good = await maria.post(`${tenant}/provider-accounts/${own.id}/test`);
  assert.deepEqual([good.status, good.body.ok], [200, true], good.text);
  const made = await maria.post(`${tenant}/provider-accounts`, { provider: 'twilio', account_sid: `AC${randomUUID().replaceAll('-', '')}` });
  const path = `${tenant}/provider-accounts/${made.body.id}`;
  t.after(() => rows('DELETE FROM provider_accounts WHERE id = $1', [made.body.id]));
  const without = await maria.post(`${path}/test`);
  assert.equal(without.body.ok, false);
  assert.match(without.body.detail, /auth_token/);
  problem(await maria.patch(path, { provider: 'vapi' }), 422, 'invalid', 'provider');
  const trunk = await maria.post(`${tenant}/trunks`, { trunk_sid: `ST_${randomUUID().slice(0, 8)}`, account_id: made.body.id });
  assert.equal(trunk.status, 201, trunk.text);
  problem(await maria.delete(path), 409, 'in_use');
  assert.equal((await maria.delete(`${tenant}/trunks/${trunk.body.id}`)).status, 204);
  assert.equal((await maria.delete(path)).status, 204);
});

test('trunks are ST_ or TK', async (t) => {
  const sid = `TK${randomUUID().replaceAll('-', '')}`;
  const made = await maria.post(`${tenant}/trunks`, { trunk_sid: sid, name: 'Office' });
  assert.equal(made.status, 201, made.text);
  const path = `${tenant}/trunks/${made.body.id}`;
  t.after(() => maria.delete(path));
  assert.equal(made.body.provider, 'twilio');
  assert.equal((await maria.patch(path, { name: 'Home' })).body.name, 'Home');
  problem(await maria.post(`${tenant}/trunks`, { trunk_sid: sid }), 409, 'already_exists');
  wrong(await maria.post(`${tenant}/trunks`, { trunk_sid: 'XX123' }), 'trunk_sid', 'malformed');
  wrong(await maria.patch(path, { account_id: nothing }), 'account_id', 'not_found');
  const [foreign] = (await stranger.get(`${theirs}/provider-accounts`)).body.data;
  wrong(await maria.patch(path, { account_id: foreign.id }), 'account_id', 'not_found');
});

// ---- the operator's command -----------------------------------------------------------------------------------------

/** outdial --state ... of this very stack. */
function outdial(words, input = '') {
  const done = spawnSync(`${env.OUTDIAL_BIN}/outdial`, ['--state', env.OUTDIAL_STATE, ...words], { input, encoding: 'utf8', env: { ...env, OUTDIAL_TENANT_ID: '' } });
  return { status: done.status, out: done.stdout, err: done.stderr };
}
const at_hand = { skip: !(env.OUTDIAL_BIN && env.OUTDIAL_STATE) && 'the programs of this stack are not at hand' };

test('the operator makes tenants and people, and widens a window; the audit has it', at_hand, async (t) => {
  const name = `Play ${randomUUID().slice(0, 8)}`, slug = name.toLowerCase().replace(' ', '-'), email = address();
  const made = outdial(['tenant', 'add', name, '--country', 'TR']);
  assert.equal(made.status, 0, made.err);
  const id = made.out.slice(0, 36);
  t.after(() => maria.post(`/api/v1/tenants/${id}/suspend`));
  const added = outdial(['user', 'add', '--tenant', slug, '--role', 'owner', '--password-stdin', email], 'sesame-123\n');
  assert.equal(added.status, 0, added.err);
  const owner = await as(email, 'sesame-123');
  assert.equal(outdial(['tenant', 'window', '--tenant', slug, '--gap', '5', '07:00', '24:00']).status, 0);
  const now = (await owner.get(`/api/v1/tenants/${id}`)).body;
  assert.deepEqual([now.window_opens, now.window_closes, now.minimum_gap_minutes, now.default_country], [420, 1440, 5, 'TR']);
  assert.equal(outdial(['tenant', 'countries', '--tenant', slug, 'TR', 'DE']).status, 0);
  const lines = (await owner.get(`/api/v1/tenants/${id}/audit-log`)).body.data;
  assert.deepEqual(lines.map((l) => [l.action, l.principal]), [['tenant.countries', 'command'], ['tenant.window', 'command'], ['user.add', 'command']]);
  assert.deepEqual(lines[1].detail, { opens: 420, closes: 1440, gap: 5, before: [480, 1260, 60] });
  const link = outdial(['user', 'password', email]);
  const token = /#\/setup\/([A-Za-z0-9_-]{43})/.exec(link.out)[1];
  assert.equal((await nobody.post('/api/v1/auth/setup', { token, password: 'sesame-456' })).status, 200);
  problem(await owner.get('/api/v1/me'), 401, 'token_revoked');
  await as(email, 'sesame-456');
});

test('a command that is called wrongly says how it is called', at_hand, () => {
  for (const words of [['tenant'], ['tenant', 'fly'], ['user', 'add', '--tenant', 'demo'], ['tenant', 'window', '--tenant', 'demo', '25:00', '26:00'], ['numbers', 'link', '--tenant', 'demo']]) {
    const done = outdial(words);
    assert.equal(done.status, 2, words.join(' '));
    assert.match(done.err, /usage: outdial/);
  }
  assert.equal(outdial(['numbers', 'list', '--tenant', 'nobody-at-all']).status, 1);
  assert.equal(outdial(['tenant', 'window', '--tenant', 'demo', '20:00', '08:00']).status, 1);
});

// ---- everybody --------------------------------------------------------------------------------------------------------

test('foreign and absent are the same bytes', async () => {
  const same = (answer) => JSON.stringify({ ...answer.body, instance: '', request_id: '' });
  const [theirUser] = (await stranger.get(`${theirs}/users`)).body.data;
  const absent = await maria.get(`${tenant}/users/${nothing}`);
  problem(absent, 404, 'not_found');
  for (const path of [`${tenant}/users/${theirUser.id}`, `${tenant}/users/nonsense`, `${theirs}/users/${theirUser.id}`, `${theirs}/users`, theirs, `/api/v1/tenants/${nothing}/users`,
    '/api/v1/tenants/nonsense', '/api/v1/nothing'])
    assert.equal(same(await maria.get(path)), same(absent), path);
  for (const [method, path, body] of [['patch', `${tenant}/users/${theirUser.id}`, { name: 'Mine' }], ['delete', `${tenant}/users/${theirUser.id}`],
    ['patch', `${theirs}/users/${theirUser.id}`, 'rubbish'], ['post', `${theirs}/users`, { bad: true }], ['delete', `${tenant}/api-keys/${nothing}`],
    ['post', `${tenant}/provider-accounts/${nothing}/test`], ['patch', `${tenant}/trunks/${nothing}`, { bad: true }]])
    assert.equal(same(await maria[method](path, body)), same(absent), `${method} ${path}`);
  problem(await bob.patch(`${tenant}/users/${nothing}`, { name: 'x' }), 404, 'not_found');
  assert.equal((await nobody.get(`${theirs}/users`)).status, 401);
});

test('every change leaves a line in the audit, and viewers cannot read it', async (t) => {
  const who = await user(t, 'viewer');
  await maria.patch(who.path, { role: 'agent' });
  await maria.delete(who.path);
  const lines = (await maria.get(`${tenant}/audit-log?object_id=${who.user.id}`)).body.data;
  assert.deepEqual(lines.map((l) => l.action), ['user.remove', 'user.update', 'user.add']);
  assert.ok(lines.every((l) => l.principal === `user:${maria.login.user.id}`));
  assert.deepEqual(lines[1].detail, { role: 'agent' });
  const first = (await maria.get(`${tenant}/audit-log?limit=2`)).body;
  const second = (await maria.get(`${tenant}/audit-log?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
  assert.ok(second.data[0].seq < first.data[1].seq);
  problem(await bob.get(`${tenant}/audit-log`), 403, 'forbidden');
});

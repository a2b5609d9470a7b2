// Signing in, staying signed in, leaving: and every way in which a credential can be wrong.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { admin, agent, as, bearer, env, nobody, problem, request, rival, rows, tenant } from './play.mjs';

const login = (email, password) => nobody.post('/api/v1/auth/login', { email, password });
const refresh = (refresh_token) => nobody.post('/api/v1/auth/refresh', { refresh_token });
const text = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** A token as anybody could write it who has the key (or has not). */
function forge(payload, { alg = 'HS256', key = env.JWT_SECRET, header = {} } = {}) {
  const signed = `${text({ alg, typ: 'JWT', ...header })}.${text(payload)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

/** 422, and the field to blame with its code. */
function wrong(answer, field, code) {
  problem(answer, 422, 'invalid', field);
  assert.equal(answer.body.errors.find((e) => e.field === field).code, code, answer.text);
}

let maria;
before(async () => { maria = await admin(); });

/** Somebody new in the demo tenant, gone after the play. */
async function newcomer(t, role = 'agent') {
  const password = `pass-${randomUUID()}`;
  const made = await maria.post(`${tenant}/users`, { email: `play-${randomUUID()}@demo.example`, name: 'Play', role, password });
  assert.equal(made.status, 201, made.text);
  t.after(() => maria.delete(`${tenant}/users/${made.body.id}`));
  return { ...(await as(made.body.email, password)), user: made.body, password };
}

test('a login answers with tokens, the user and the tenant, and /me agrees', async () => {
  const answer = await login(env.OUTDIAL_ADMIN_EMAIL.toUpperCase(), env.OUTDIAL_ADMIN_PASSWORD);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.token_type, 'Bearer');
  assert.equal(answer.body.expires_in, 900);
  assert.equal(answer.body.user.email, env.OUTDIAL_ADMIN_EMAIL);
  assert.equal(answer.body.tenant.id, env.OUTDIAL_TENANT_ID);
  const c = claims(answer.body.access_token);
  assert.deepEqual(Object.keys(c).sort(), ['aud', 'epoch', 'exp', 'iat', 'iss', 'jti', 'role', 'sub', 'tid', 'typ']);
  assert.deepEqual([c.iss, c.aud, c.sub, c.tid, c.typ], [env.JWT_ISSUER, env.JWT_AUDIENCE, answer.body.user.id, env.OUTDIAL_TENANT_ID, 'access']);
  assert.equal(c.exp - c.iat, 900);
  const me = await bearer(answer.body.access_token).get('/api/v1/me');
  assert.deepEqual(me.body.user, answer.body.user);
  assert.deepEqual(me.body.tenant, answer.body.tenant);
  assert.doesNotMatch(answer.text, /password|argon/);
});

test('a wrong password and an unknown address say the same, and cost about the same', async () => {
  const time = async (email) => {
    const began = performance.now();
    const answer = await login(email, 'wrong-password');
    problem(answer, 401, 'invalid_credentials');
    assert.ok(answer.headers.get('www-authenticate'));
    return { ms: performance.now() - began, body: { ...answer.body, request_id: '' } };
  };
  const known = [], unknown = [];
  const least = (list) => Math.min(...list.map((x) => x.ms));
  const alike = () => least(unknown) > least(known) / 2 && least(unknown) < least(known) * 2;
  /* the least of four, of more where the machine has something else to do: without a hash one of them would be a fraction of the other for ever */
  for (let i = 0; i < 4 || (i < 30 && !alike()); i++) {
    if (i > 0 && i % 4 === 0) await agent();                 // a success clears the count of failures
    known.push(await time(env.OUTDIAL_AGENT_EMAIL));
    unknown.push(await time(`${randomUUID()}@demo.example`));
  }
  assert.deepEqual(known[0].body, unknown[0].body);
  assert.ok(alike(), `${least(known)} ms against ${least(unknown)} ms`);
  await agent();                                          // a success clears the count of failures
});

test('ten failures in a minute for one address, and even the right password waits', async () => {
  const email = `${randomUUID()}@demo.example`;
  for (let i = 0; i < 10; i++) problem(await login(email, 'wrong-password'), 401, 'invalid_credentials');
  const answer = await login(email, 'wrong-password');
  problem(answer, 429, 'too_many_requests');
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
  assert.equal((await login(env.OUTDIAL_ADMIN_EMAIL, env.OUTDIAL_ADMIN_PASSWORD)).status, 200, 'others are not kept waiting');
});

test('a refresh token works once; showing it again ends the family', async (t) => {
  const who = await newcomer(t);
  const second = await refresh(who.login.refresh_token);
  assert.equal(second.status, 200, second.text);
  assert.notEqual(second.body.refresh_token, who.login.refresh_token);
  assert.equal(second.body.user.id, who.user.id);
  assert.equal((await bearer(second.body.access_token).get('/api/v1/me')).status, 200);
  const other = await as(who.user.email, who.password);
  problem(await refresh(who.login.refresh_token), 401, 'invalid_refresh_token');
  problem(await refresh(second.body.refresh_token), 401, 'invalid_refresh_token');
  assert.equal((await refresh(other.login.refresh_token)).status, 200, 'another login is another family');
  problem(await refresh('nonsense'), 401, 'invalid_refresh_token');
});

test('two refreshes at the same instant: at most one succeeds', async (t) => {
  const who = await newcomer(t);
  const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(who.login.refresh_token)));
  assert.equal(answers.filter((a) => a.status === 200).length, 1);
  assert.equal(answers.filter((a) => a.status === 401).length, 5);
});

test('logout denies the access token and ends its family, and nothing else', async (t) => {
  const who = await newcomer(t);
  const other = await as(who.user.email, who.password);
  const out = await who.post('/api/v1/auth/logout');
  assert.equal(out.status, 204, out.text);
  assert.equal(out.text, '');
  problem(await who.get('/api/v1/me'), 401, 'token_revoked');
  problem(await refresh(who.login.refresh_token), 401, 'invalid_refresh_token');
  assert.equal((await other.get('/api/v1/me')).status, 200);
  assert.equal((await other.post('/api/v1/auth/logout', { refresh_token: other.login.refresh_token })).status, 204);
  problem(await refresh(other.login.refresh_token), 401, 'invalid_refresh_token');
});

test('a new password, role or status ends everything the person is signed in with', async (t) => {
  for (const change of [{ password: `new-${randomUUID()}` }, { role: 'viewer' }, { status: 'disabled' }]) {
    const who = await newcomer(t);
    const changed = await maria.patch(`${tenant}/users/${who.user.id}`, change);
    assert.equal(changed.status, 200, changed.text);
    problem(await who.get('/api/v1/me'), 401, 'token_revoked');
    problem(await refresh(who.login.refresh_token), 401, 'invalid_refresh_token');
  }
  const who = await newcomer(t);
  assert.equal((await maria.patch(`${tenant}/users/${who.user.id}`, { name: 'Renamed' })).status, 200);
  assert.equal((await who.get('/api/v1/me')).body.user.name, 'Renamed', 'a new name ends nothing');
});

test('a disabled user and one without a password cannot sign in', async (t) => {
  const who = await newcomer(t);
  await maria.patch(`${tenant}/users/${who.user.id}`, { status: 'disabled' });
  problem(await login(who.user.email, who.password), 403, 'user_disabled');
  problem(await login(who.user.email, 'wrong-password'), 401, 'invalid_credentials');
  const bare = await maria.post(`${tenant}/users`, { email: `play-${randomUUID()}@demo.example`, role: 'viewer' });
  t.after(() => maria.delete(`${tenant}/users/${bare.body.id}`));
  problem(await login(bare.body.email, 'anything-at-all'), 401, 'invalid_credentials');
});

test('well-signed tokens are good; anything else is 401', async () => {
  const now = Math.floor(Date.now() / 1000);
  const good = { ...claims(maria.token), iat: now, exp: now + 600, jti: randomUUID() };
  assert.equal((await bearer(forge(good)).get('/api/v1/me')).status, 200, 'signed with the shared secret');
  const wrong = {
    'another key': forge(good, { key: 'x'.repeat(43) }),
    'algorithm none': `${text({ alg: 'none', typ: 'JWT' })}.${text(good)}.`,
    'another algorithm': forge(good, { alg: 'HS512' }),
    'expired': forge({ ...good, iat: now - 2000, exp: now - 1000 }),
    'not yet valid': forge({ ...good, nbf: now + 3600 }),
    'another issuer': forge({ ...good, iss: 'somebody' }),
    'another audience': forge({ ...good, aud: 'somebody' }),
    'another type': forge({ ...good, typ: 'refresh' }),
    'no end': forge({ ...good, exp: undefined }),
    'an old epoch': forge({ ...good, epoch: good.epoch - 1 }),
    'an epoch to come': forge({ ...good, epoch: good.epoch + 1 }),
    'nobody': forge({ ...good, sub: randomUUID() }),
    'no such role': forge({ ...good, role: 'emperor' }),
    'a key of its own': forge(good, { header: { jwk: { kty: 'oct', k: 'AA' } } }),
    'cut off': maria.token.slice(0, -3),
    'no token': 'nonsense',
    'an unknown key': `odk_${'A'.repeat(43)}`,
  };
  for (const [what, token] of Object.entries(wrong)) {
    const answer = await bearer(token).get('/api/v1/me');
    assert.equal(answer.status, 401, `${what}: ${answer.text}`);
    assert.match(answer.headers.get('www-authenticate'), /^Bearer/);
  }
  assert.equal((await nobody.get('/api/v1/me')).status, 401);
});

test('a token that claims more than the person is, or another tenant, opens nothing', async () => {
  const low = await agent();
  const c = claims(low.token);
  assert.equal((await bearer(forge({ ...c, role: 'owner', jti: randomUUID() })).get(`${tenant}/users`)).status, 401);
  const strayed = bearer(forge({ ...c, tid: env.OUTDIAL_OTHER_TENANT_ID, jti: randomUUID() }));
  assert.equal((await strayed.get(`/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}`)).status, 404);
  assert.equal((await low.get(`${tenant}/users`)).status, 403);
});

test('a suspended tenant is told so, and returns', async (t) => {
  const path = `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}`;
  const stranger = await rival();
  t.after(() => maria.post(`${path}/resume`));
  assert.equal((await maria.post(`${path}/suspend`)).body.status, 'suspended');
  problem(await stranger.get('/api/v1/me'), 403, 'tenant_suspended');
  problem(await login(env.OUTDIAL_OTHER_ADMIN_EMAIL, env.OUTDIAL_OTHER_ADMIN_PASSWORD), 403, 'tenant_suspended');
  problem(await login(env.OUTDIAL_OTHER_ADMIN_EMAIL, 'wrong-password'), 401, 'invalid_credentials');
  assert.equal((await maria.post(`${path}/resume`)).body.status, 'active');
  assert.equal((await stranger.get('/api/v1/me')).status, 200);
});

test('people change their own name, phone and password, with the present one', async (t) => {
  const who = await newcomer(t);
  const changed = await who.patch('/api/v1/me', { name: 'Ayşe', phone: '(212) 555-0142', locale: 'tr' });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual([changed.body.user.name, changed.body.user.phone, changed.body.user.locale], ['Ayşe', '+12125550142', 'tr']);
  wrong(await who.patch('/api/v1/me', { role: 'owner' }), 'role', 'unknown_field');
  wrong(await who.patch('/api/v1/me', { password: 'another-one' }), 'current_password', 'required');
  wrong(await who.patch('/api/v1/me', { password: 'another-one', current_password: 'wrong' }), 'current_password', 'wrong_password');
  wrong(await who.patch('/api/v1/me', { password: 'short', current_password: who.password }), 'password', 'too_short');
  const password = `new-${randomUUID()}`;
  assert.equal((await who.patch('/api/v1/me', { password, current_password: who.password })).status, 200);
  problem(await who.get('/api/v1/me'), 401, 'token_revoked');
  problem(await login(who.user.email, who.password), 401, 'invalid_credentials');
  assert.equal((await login(who.user.email, password)).status, 200);
});

test('a one-time link sets a password once', async (t) => {
  const who = await newcomer(t);
  const { createHash } = await import('node:crypto');
  const link = async (expires) => {
    const token = randomUUID();
    await rows(`INSERT INTO setup_links (token_hash, tenant_id, user_id, expires_at) VALUES ($1, $2, $3, outdial.now() + $4::interval)`,
      [createHash('sha256').update(token).digest('hex'), env.OUTDIAL_TENANT_ID, who.user.id, expires]);
    return token;
  };
  const setup = (token, password) => nobody.post('/api/v1/auth/setup', { token, password });
  const token = await link('1 hour'), password = `new-${randomUUID()}`;
  wrong(await setup(token, 'short'), 'password', 'too_short');
  const answer = await setup(token, password);
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await bearer(answer.body.access_token).get('/api/v1/me')).body.user.id, who.user.id);
  problem(await who.get('/api/v1/me'), 401, 'token_revoked');
  assert.equal((await login(who.user.email, password)).status, 200);
  problem(await setup(token, password), 401, 'invalid_setup_token');
  problem(await setup(await link('-1 second'), password), 401, 'invalid_setup_token');
  problem(await setup('nonsense', password), 401, 'invalid_setup_token');
});

test('login refuses what it cannot read', async () => {
  wrong(await nobody.post('/api/v1/auth/login', { email: 'a@b.c' }), 'password', 'required');
  wrong(await nobody.post('/api/v1/auth/login', { email: 'a@b.c', password: 'x', remember: true }), 'remember', 'unknown_field');
  wrong(await nobody.post('/api/v1/auth/login', { email: ['a'], password: 'x' }), 'email', 'wrong_type');
  problem(await request('POST', '/api/v1/auth/login', { raw: '{"email":"a","email":"b"}', headers: { 'content-type': 'application/json' } }), 400, 'malformed_json');
  problem(await request('POST', '/api/v1/auth/login', { raw: 'email=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } }), 415, 'unsupported_media_type');
  problem(await nobody.get('/api/v1/auth/login'), 405, 'method_not_allowed');
});

// Tokens of other issuers, made by jsonwebtoken and node:crypto: whom they let in, and everything that they do not.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import http from 'node:http';
import { after, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { admin, as, bearer, env, problem, request, rows } from './play.mjs';

const pem = (key) => key.export({ type: 'spki', format: 'pem' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const now = () => Math.floor(Date.now() / 1000);

async function company(name) {
  const password = randomUUID();
  const email = `owner-${randomUUID()}@idp.example`;
  const made = await (await admin()).post('/api/v1/tenants', { name, slug: `i-${randomUUID()}`, owner_email: email, owner_password: password });
  assert.equal(made.status, 201, made.text);
  return { id: made.body.id, path: `/api/v1/tenants/${made.body.id}`, email, password, owner: await as(email, password) };
}

async function colleague(acme, role) {
  const password = randomUUID();
  const email = `${role}-${randomUUID()}@idp.example`;
  const made = await acme.owner.post(`${acme.path}/users`, { email, role, password });
  assert.equal(made.status, 201, made.text);
  return { id: made.body.id, email, password };
}

/** A provider of the play's own, as the tenant sets it up. */
async function trust(acme, fields = {}, who = acme.owner) {
  return who.post(`${acme.path}/identity-providers`, {
    name: 'Company login', issuer: `https://${randomUUID()}.example`, audience: 'outdial-app', algorithm: 'RS256', public_key: pem(rsa.publicKey), default_role: 'manager', ...fields,
  });
}

const claims = (provider, person, fields = {}) => ({ iss: provider.issuer, aud: provider.audience, sub: `s-${person.email}`, email: person.email, email_verified: true, iat: now(), exp: now() + 300, ...fields });
const sign = (payload, key = rsa.privateKey, algorithm = 'RS256', options = {}) => bearer(jwt.sign(JSON.parse(JSON.stringify(payload)), key, { algorithm, ...options }));
const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** A token by hand: any header, HMAC with any key, or no signature at all. */
function forge(header, payload, key) {
  const body = `${part(header)}.${part(payload)}`;
  return bearer(`${body}.${key ? createHmac('sha256', key).update(body).digest('base64url') : ''}`);
}

test('RS256 and ES256 tokens let the right person in, in their role', async () => {
  const acme = await company('Tokens');
  const ann = await colleague(acme, 'agent');
  const one = (await trust(acme)).body;
  const two = (await trust(acme, { algorithm: 'ES256', public_key: pem(ec.publicKey) })).body;
  for (const token of [sign(claims(one, ann)), sign(claims(two, ann), ec.privateKey, 'ES256')]) {
    const me = await token.get('/api/v1/me');
    assert.equal(me.status, 200, me.text);
    assert.equal(me.body.user.id, ann.id);
  }
  const who = sign(claims(one, ann, { aud: ['another', 'outdial-app'] }));
  assert.deepEqual([(await who.get('/api/v1/me')).body.role, (await who.get(`${acme.path}/campaigns`)).status], ['agent', 200]);
  problem(await who.get(`${acme.path}/users`), 403, 'forbidden');
  assert.equal((await who.get(`${acme.path}/campaigns`)).headers.get('server-timing'), 'db;desc=1', 'a token that was just seen costs no round trip of its own');
  assert.equal((await sign(claims(one, ann, { email: undefined })).get('/api/v1/me')).body.user.id, ann.id, 'from then on the subject is enough');
  problem(await sign(claims(one, ann, { sub: 'stranger', email: 'stranger@idp.example' })).get('/api/v1/me'), 401, 'unknown_user');
});

test('every other token is refused', async () => {
  const acme = await company('Forged');
  const ben = await colleague(acme, 'agent');
  const provider = (await trust(acme)).body;
  const good = claims(provider, ben);
  assert.equal((await sign(good).get('/api/v1/me')).status, 200);
  const secret = pem(rsa.publicKey);
  const refused = {
    'another key': sign(good, otherRsa.privateKey),
    'another issuer': sign({ ...good, iss: 'https://evil.example' }),
    'no issuer': sign({ ...good, iss: undefined }),
    'another audience': sign({ ...good, aud: 'other-app' }),
    'another audience in a list': sign({ ...good, aud: ['other-app', ['outdial-app']] }),
    'no audience': sign({ ...good, aud: undefined }),
    expired: sign({ ...good, iat: now() - 900, exp: now() - 120 }),
    'without an end': sign({ ...good, exp: undefined }),
    'not yet valid': sign({ ...good, nbf: now() + 600 }),
    'of the future': sign({ ...good, iat: now() + 600 }),
    'without a date': sign({ ...good, iat: undefined }, rsa.privateKey, 'RS256', { noTimestamp: true }),
    'without a subject': sign({ ...good, sub: undefined }),
    'an address that nobody has verified': sign({ ...good, sub: 'x1', email_verified: false }),
    'an address verified in words': sign({ ...good, sub: 'x2', email_verified: 'true' }),
    'alg none': forge({ alg: 'none', typ: 'JWT' }, good),
    'alg NONE': forge({ alg: 'NONE' }, good),
    'alg none with a signature': forge({ alg: 'none' }, good, secret),
    'HS256 with the public key as its secret': forge({ alg: 'HS256', typ: 'JWT' }, good, secret),
    'HS256 with the public key without its last line end': forge({ alg: 'HS256', typ: 'JWT' }, good, secret.trim()),
    'HS256 that says RS256': forge({ alg: 'RS256', typ: 'JWT' }, good, secret),
    'HS256 with our own secret and their issuer': sign(good, env.JWT_SECRET, 'HS256'),
    'their key and our issuer': sign({ ...good, iss: env.JWT_ISSUER, aud: env.JWT_AUDIENCE, tid: acme.id, role: 'owner', typ: 'access', epoch: 1 }),
    'ES256': sign(good, ec.privateKey, 'ES256'),
    RS512: sign(good, rsa.privateKey, 'RS512'),
    PS256: sign(good, rsa.privateKey, 'PS256'),
    'a key of its own in the header': forge({ alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) }, good, secret),
    'an address of keys in the header': sign(good, rsa.privateKey, 'RS256', { header: { jku: 'http://127.0.0.1/keys' } }),
    'a critical extension': sign(good, rsa.privateKey, 'RS256', { header: { crit: ['exp'] } }),
    'more than 8 KiB': sign({ ...good, filler: 'x'.repeat(7000) }),
    'four parts': bearer(`${sign(good).token}.x`),
    'its signature cut': bearer(sign(good).token.slice(0, -20)),
    'a claim changed': bearer(sign(good).token.split('.').map((piece, at) => (at === 1 ? part({ ...good, sub: 's-owner' }) : piece)).join('.')),
  };
  for (const [why, who] of Object.entries(refused)) {
    const answer = await who.get('/api/v1/me');
    assert.equal(answer.status, 401, `${why}: ${answer.text}`);
    assert.ok(answer.headers.get('www-authenticate'), why);
  }
});

test('a tenant\'s issuer opens that tenant and no other', async () => {
  const [acme, rival] = [await company('Ours'), await company('Theirs')];
  const [cem, dan] = [await colleague(acme, 'manager'), await colleague(rival, 'manager')];
  const provider = (await trust(acme, { default_role: 'owner' })).body;
  problem(await sign(claims(provider, cem)).get(`${rival.path}/campaigns`), 404, 'not_found');
  problem(await sign(claims(provider, dan)).get('/api/v1/me'), 401, 'unknown_user');
  problem(await sign(claims(provider, dan, { tid: rival.id })).get(`${rival.path}/campaigns`), 401, 'unknown_user');
  problem(await sign(claims(provider, { email: env.OUTDIAL_ADMIN_EMAIL })).get('/api/v1/me'), 401, 'unknown_user');

  // Both trust one issuer: each its own people, whichever tenant the address names.
  assert.equal((await trust(rival, { issuer: provider.issuer })).status, 201);
  assert.equal((await sign(claims(provider, dan)).get(`${rival.path}/campaigns`)).status, 200);
  assert.equal((await sign(claims(provider, cem)).get(`${acme.path}/campaigns`)).status, 200);
  problem(await sign(claims(provider, cem)).get(`${rival.path}/campaigns`), 404, 'not_found');
});

test('roles are mapped, and nobody is vouched for above them', async () => {
  const acme = await company('Roles');
  const [eve, gus] = [await colleague(acme, 'manager'), await colleague(acme, 'admin')];
  const provider = (await trust(acme, { role_claim: 'realm_access.roles', role_map: { staff: 'agent', leads: 'manager' }, default_role: null })).body;
  const role = async (roles) => (await sign(claims(provider, eve, { realm_access: { roles } })).get('/api/v1/me')).body.role;
  assert.equal(await role(['x', 'staff']), 'agent');
  assert.equal(await role(['staff', 'leads']), 'manager');
  assert.equal(await role('staff other'), 'agent');
  assert.equal(await role(['x']), undefined);
  assert.equal(await role({ staff: true }), undefined);
  problem(await sign(claims(provider, gus, { realm_access: { roles: ['leads'] } })).get('/api/v1/me'), 401, 'unknown_user');

  const maria = await as(gus.email, gus.password);
  problem(await trust(acme, { default_role: 'admin' }, maria), 403, 'forbidden');
  problem(await trust(acme, { role_map: { boss: 'owner' } }, maria), 403, 'forbidden');
  const high = (await trust(acme, { default_role: 'owner' })).body;
  problem(await maria.patch(`${acme.path}/identity-providers/${high.id}`, { default_role: 'viewer' }), 403, 'forbidden');
  problem(await maria.delete(`${acme.path}/identity-providers/${high.id}`), 403, 'forbidden');
  assert.equal((await maria.patch(`${acme.path}/identity-providers/${provider.id}`, { role_map: { staff: 'viewer' } })).status, 200);
  problem(await (await as(eve.email, eve.password)).get(`${acme.path}/identity-providers`), 403, 'forbidden');
});

test('a wrong provider is told what is wrong with it', async () => {
  const acme = await company('Wrong');
  for (const [fields, field] of [
    [{ public_key: 'no PEM' }, 'public_key'], [{ public_key: pem(ec.publicKey) }, 'public_key'], [{ public_key: null }, 'public_key'], [{ algorithm: 'HS256' }, 'algorithm'],
    [{ public_key: pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey) }, 'public_key'], [{ keys: { a: 'no PEM' } }, 'keys'],
    [{ role_map: { staff: 'king' } }, 'role_map'], [{ issuer: env.JWT_ISSUER }, 'issuer'], [{ jwks_url: 'http://example.com/keys' }, 'jwks_url'],
    [{ jwks_url: 'file:///etc/passwd' }, 'jwks_url'], [{ jwks_url: 'https://a:b@example.com/' }, 'jwks_url'], [{ name: '' }, 'name'],
  ]) problem(await trust(acme, fields), 422, 'invalid', field);
  const made = await trust(acme);
  problem(await trust(acme, { issuer: made.body.issuer }), 409, 'already_exists', 'issuer');
  const listed = await acme.owner.get(`${acme.path}/identity-providers`);
  assert.deepEqual(listed.body.data.map((one) => one.id), [made.body.id]);
});

test('keys are changed by kid, or fetched from where the issuer serves them', async () => {
  const acme = await company('Keys');
  const ina = await colleague(acme, 'agent');
  const by_kid = (await trust(acme, { public_key: null, keys: { old: pem(rsa.publicKey), new: pem(otherRsa.publicKey) } })).body;
  const kid = (name) => ({ header: { kid: name } });
  assert.equal((await sign(claims(by_kid, ina), rsa.privateKey, 'RS256', kid('old')).get('/api/v1/me')).status, 200);
  assert.equal((await sign(claims(by_kid, ina), otherRsa.privateKey, 'RS256', kid('new')).get('/api/v1/me')).status, 200);
  assert.equal((await sign(claims(by_kid, ina), rsa.privateKey, 'RS256', kid('new')).get('/api/v1/me')).status, 401, 'the wrong one of them');
  assert.equal((await sign(claims(by_kid, ina), rsa.privateKey, 'RS256', kid('../../etc/passwd')).get('/api/v1/me')).status, 401);
  assert.equal((await sign(claims(by_kid, ina)).get('/api/v1/me')).status, 200, 'without a kid each is tried');

  let asked = 0;
  const served = { keys: [{ kty: 'oct', k: 'c2VjcmV0' }, { ...otherRsa.publicKey.export({ format: 'jwk' }), kid: 'enc', use: 'enc' }, { ...ec.publicKey.export({ format: 'jwk' }), kid: 'e1', use: 'sig', alg: 'ES256' }] };
  const server = http.createServer((_, answer) => { asked += 1; answer.end(JSON.stringify(served)); });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}/keys`;
  const fetched = (await trust(acme, { algorithm: 'ES256', public_key: null, jwks_url: url })).body;
  assert.equal(fetched.jwks_url, url);
  assert.equal((await sign(claims(fetched, ina), ec.privateKey, 'ES256', kid('e1')).get('/api/v1/me')).status, 200);
  for (let i = 0; i < 5; i++) {
    assert.equal((await sign(claims(fetched, ina, { n: i }), ec.privateKey, 'ES256', kid('e1')).get('/api/v1/me')).status, 200);
    assert.equal((await sign(claims(fetched, ina, { n: i }), ec.privateKey, 'ES256', kid(`unknown-${i}`)).get('/api/v1/me')).status, 401);
  }
  assert.ok(asked >= 1 && asked <= 8, `the keys were fetched ${asked} times`);
  const gone = (await trust(acme, { public_key: null, jwks_url: 'https://127.0.0.1:1/keys' })).body;
  problem(await sign(claims(gone, ina)).get('/api/v1/me'), 503, 'unavailable');
  assert.equal((await acme.owner.patch(`${acme.path}/identity-providers/${fetched.id}`, { is_active: false })).status, 200);
  assert.equal((await sign(claims(fetched, ina, { n: 'off' }), ec.privateKey, 'ES256', kid('e1')).get('/api/v1/me')).status, 401);
});

test('people can be made as they come, and are shut out like everybody else', async () => {
  const acme = await company('Joiners');
  const provider = (await trust(acme, { creates_users: true, default_role: 'agent' })).body;
  const newcomer = { email: `new-${randomUUID()}@idp.example` };
  const made = await sign(claims(provider, newcomer)).get('/api/v1/me');
  assert.deepEqual([made.body.user.email, made.body.user.role], [newcomer.email, 'agent']);
  const again = await Promise.all([1, 2, 3, 4].map((n) => sign(claims(provider, newcomer, { n })).get('/api/v1/me')));
  assert.ok(again.every((answer) => answer.body.user.id === made.body.user.id));
  problem(await sign(claims(provider, { email: acme.email })).get('/api/v1/me'), 401, 'unknown_user');
  problem(await sign(claims(provider, { email: env.OUTDIAL_OTHER_ADMIN_EMAIL })).get('/api/v1/me'), 401, 'unknown_user');

  const token = sign(claims(provider, newcomer, { n: 'before' }));
  assert.equal((await token.get('/api/v1/me')).status, 200);
  assert.equal((await token.post('/api/v1/auth/logout', {})).status, 204);
  assert.equal((await token.get('/api/v1/me')).status, 401, 'signed out');
  const [{ epoch_at: never }] = await rows('SELECT epoch_at FROM users WHERE id = $1', [made.body.user.id]);
  assert.equal(never, null);
  const older = sign(claims(provider, newcomer, { iat: now() - 30 }));
  assert.equal((await older.get('/api/v1/me')).status, 200);
  assert.equal((await acme.owner.patch(`${acme.path}/users/${made.body.user.id}`, { role: 'viewer' })).status, 200);
  assert.equal((await older.get('/api/v1/me')).status, 401, 'a token from before the change');
  assert.equal((await sign(claims(provider, newcomer, { iat: now() + 5 })).get('/api/v1/me')).body.role, 'viewer', 'a later one, in the new role');
  assert.equal((await acme.owner.patch(`${acme.path}/users/${made.body.user.id}`, { status: 'disabled' })).status, 200);
  assert.equal((await sign(claims(provider, newcomer, { iat: now() + 10 })).get('/api/v1/me')).status, 401, 'disabled');
});

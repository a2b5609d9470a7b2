// Second factors, sessions one can see and end, networks a tenant is open to.

import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import { test } from 'node:test';
import { admin, agent, as, bearer, env, problem, request, rows } from './play.mjs';

/** A tenant of the play's own, with its owner. */
async function company(name) {
  const password = randomUUID();
  const email = `owner-${randomUUID()}@factor.example`;
  const made = await (await admin()).post('/api/v1/tenants', { name, slug: `f-${randomUUID()}`, owner_email: email, owner_password: password });
  assert.equal(made.status, 201, made.text);
  return { id: made.body.id, path: `/api/v1/tenants/${made.body.id}`, email, password, owner: await as(email, password) };
}

async function colleague(company, role) {
  const password = randomUUID();
  const email = `${role}-${randomUUID()}@factor.example`;
  const made = await company.owner.post(`${company.path}/users`, { email, role, password });
  assert.equal(made.status, 201, made.text);
  return { id: made.body.id, email, password, role };
}

/** What an authenticator application shows (RFC 6238), steps away from now. */
function codeOf(secret, steps = 0) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
  const digest = createHmac('sha1', key).update(counter).digest();
  return String((digest.readUInt32BE(digest[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

const login = (who, code) => request('POST', '/api/v1/auth/login', { body: { email: who.email, password: who.password, ...(code === undefined ? {} : { code }) } });
const refresh = (token) => request('POST', '/api/v1/auth/refresh', { body: { refresh_token: token } });

/** The operator's command, where it is at hand; else what it would have done. */
async function operator(words, instead) {
  if (!env.OUTDIAL_BIN || !env.OUTDIAL_STATE) return instead?.();
  const done = spawnSync(`${env.OUTDIAL_BIN}/outdial`, ['--state', env.OUTDIAL_STATE, ...words], { encoding: 'utf8', env: { ...env, OUTDIAL_TENANT_ID: '' } });
  assert.equal(done.status, 0, done.stderr);
  return true;
}

/** The same request from another address of this machine. */
function from(localAddress, method, path, { token, body, agent: userAgent } = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = http.request(env.OUTDIAL_URL + path, {
      method, localAddress,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}), ...(userAgent ? { 'user-agent': userAgent } : {}) },
    }, async (answer) => {
      let all = '';
      for await (const piece of answer) all += piece;
      resolve({ status: answer.statusCode, headers: new Headers(answer.headers), text: all, body: all ? JSON.parse(all) : undefined });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Somebody with a confirmed second factor: the secret and the recovery codes. */
async function equip(person) {
  const who = await as(person.email, person.password);
  const begun = await who.post('/api/v1/me/totp');
  assert.equal(begun.status, 200, begun.text);
  const used = codeOf(begun.body.secret);
  const confirmed = await who.post('/api/v1/me/totp/confirm', { code: used });
  assert.equal(confirmed.status, 200, confirmed.text);
  return { who, secret: begun.body.secret, used, recovery: confirmed.body.recovery_codes };
}

test('a second factor is set up, asked for, and counts once', async () => {
  const acme = await company('Factor');
  const ann = await colleague(acme, 'manager');
  const first = await as(ann.email, ann.password);
  problem(await first.post('/api/v1/me/totp/confirm', { code: '000000' }), 409, 'totp_not_started');
  problem(await request('DELETE', '/api/v1/me/totp', { token: first.token, body: { code: '000000' } }), 409, 'totp_not_enabled');
  const begun = await first.post('/api/v1/me/totp');
  assert.match(begun.body.uri, new RegExp(`^otpauth://totp/Outdial:${encodeURIComponent(ann.email)}\\?secret=${begun.body.secret}&issuer=Outdial`));
  assert.match(begun.body.qr_svg, /^<svg /);
  assert.equal((await login(ann)).status, 200, 'begun is not confirmed');
  problem(await first.post('/api/v1/me/totp/confirm', { code: '12345' }), 422, 'invalid', 'code');

  const { who, secret, used, recovery } = await equip(ann);
  assert.notEqual(secret, begun.body.secret, 'beginning anew replaces the secret');
  assert.equal(recovery.length, 10);
  assert.equal((await who.get('/api/v1/me')).body.user.totp_enabled, true);
  problem(await who.post('/api/v1/me/totp'), 409, 'totp_enabled');
  const [kept] = await rows('SELECT secret_sealed, (SELECT string_agg(code_hash, \' \') FROM recovery_codes r WHERE r.user_id = s.user_id) AS hashes FROM totp_secrets s WHERE user_id = $1', [ann.id]);
  assert.ok(kept.secret_sealed.startsWith('v1:') && !kept.secret_sealed.includes(secret));
  assert.ok(!recovery.some((code) => kept.hashes.includes(code)));

  problem(await login(ann), 401, 'totp_required');
  problem(await login({ ...ann, password: 'wrong password' }, codeOf(secret)), 401, 'invalid_credentials');
  problem(await login(ann, 'abc'), 401, 'invalid_code');
  problem(await login(ann, used), 401, 'invalid_code');
  const code = codeOf(secret, 1);
  assert.equal((await login(ann, ` ${code.slice(0, 3)} ${code.slice(3)}`)).status, 200);
  problem(await login(ann, code), 401, 'invalid_code');
  problem(await login(ann, codeOf(secret, 3)), 401, 'invalid_code');

  assert.equal((await login(ann, recovery[0].toUpperCase())).status, 200);
  problem(await login(ann, recovery[0]), 401, 'invalid_code');
  problem(await request('DELETE', '/api/v1/me/totp', { token: who.token, body: { code: recovery[0] } }), 422, 'invalid', 'code');
  assert.equal((await request('DELETE', '/api/v1/me/totp', { token: who.token, body: { code: recovery[1] } })).status, 204);
  assert.equal((await login(ann)).status, 200);
  const actions = (await acme.owner.get(`${acme.path}/audit-log`)).body.data.map((line) => line.action);
  for (const action of ['user.totp_enable', 'user.recovery_code', 'user.totp_disable']) assert.ok(actions.includes(action), action);
});

test('guessing codes ends after ten, and two who send one code get one session', async () => {
  const acme = await company('Guessing');
  const ben = await colleague(acme, 'agent');
  const { recovery } = await equip(ben);
  const twins = await Promise.all([1, 2, 3, 4].map(() => login(ben, recovery[0])));
  assert.deepEqual(twins.map((answer) => answer.status).sort(), [200, 401, 401, 401]);
  for (let left = 12; left > 0; left--) {
    const answer = await login(ben, '000000');
    if (answer.status === 429) break;
    problem(answer, 401, 'invalid_code');
    assert.ok(left > 1, 'nobody stopped the guessing');
  }
  problem(await login(ben, recovery[1]), 429, 'too_many_requests');
});

test('an administrator takes a lost second factor away, but not an owner\'s', async () => {
  const acme = await company('Lost');
  const [boss, cem] = [await colleague(acme, 'admin'), await colleague(acme, 'agent')];
  await equip(cem);
  await equip(acme);
  const maria = await as(boss.email, boss.password);
  assert.equal((await maria.delete(`${acme.path}/users/${cem.id}/totp`)).status, 204);
  problem(await maria.delete(`${acme.path}/users/${cem.id}/totp`), 409, 'totp_not_enabled');
  assert.equal((await login(cem)).status, 200);
  const owner = (await maria.get(`${acme.path}/users`)).body.data.find((user) => user.role === 'owner');
  assert.equal(owner.totp_enabled, true);
  problem(await maria.delete(`${acme.path}/users/${owner.id}/totp`), 403, 'forbidden');
  if (await operator(['user', 'totp-reset', acme.email])) assert.equal((await login(acme)).status, 200, 'the operator can');
  problem(await (await agent()).delete(`/api/v1/tenants/${env.OUTDIAL_TENANT_ID}/users/${env.OUTDIAL_AGENT_ID}/totp`), 403, 'forbidden');
  problem(await maria.delete(`${acme.path}/users/${env.OUTDIAL_AGENT_ID}/totp`), 404, 'not_found');
});

test('where a tenant requires it, somebody without may only set one up', async () => {
  const acme = await company('Required');
  const dora = await colleague(acme, 'viewer');
  const key = await acme.owner.post(`${acme.path}/api-keys`, { name: 'robot', scopes: ['viewer'] });
  assert.equal((await acme.owner.patch(acme.path, { require_totp: true })).body.require_totp, true);
  const who = await as(dora.email, dora.password);
  assert.equal(who.login.tenant.require_totp, true);
  problem(await who.get(`${acme.path}/campaigns`), 403, 'totp_setup_required');
  problem(await who.get('/api/v1/me/sessions'), 403, 'totp_setup_required');
  problem(await who.get(`/api/v1/tenants/${env.OUTDIAL_TENANT_ID}/campaigns`), 404, 'not_found');
  assert.equal((await who.get('/api/v1/me')).status, 200);
  const { secret } = (await who.post('/api/v1/me/totp')).body;
  assert.equal((await who.post('/api/v1/me/totp/confirm', { code: codeOf(secret) })).status, 200);
  const next = await refresh(who.login.refresh_token);
  assert.equal((await bearer(next.body.access_token).get(`${acme.path}/campaigns`)).status, 200);
  assert.equal((await bearer(key.body.secret).get(`${acme.path}/campaigns`)).status, 200, 'API keys have no second factor');
  assert.equal((await refresh(acme.owner.login.refresh_token)).status, 200);
});

test('sessions can be seen and ended, one by one and all', async () => {
  const acme = await company('Sessions');
  const eve = await colleague(acme, 'agent');
  const body = { email: eve.email, password: eve.password };
  const phone = await from('127.0.0.1', 'POST', '/api/v1/auth/login', { body, agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Safari/604.1' });
  const laptop = await from('127.0.7.9', 'POST', '/api/v1/auth/login', { body, agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0' });
  const here = bearer(laptop.body.access_token);
  const listed = (await here.get('/api/v1/me/sessions')).body.data;
  assert.deepEqual(listed.map(({ agent: name, network, current }) => [name, network, current]), [['Firefox, Linux', '127.0.7.0/24', true], ['Safari, iPhone', '127.0.0.0/24', false]]);

  const again = await from('127.0.0.1', 'POST', '/api/v1/auth/refresh', { body: { refresh_token: phone.body.refresh_token }, agent: 'curl/8' });
  const after = (await here.get('/api/v1/me/sessions')).body.data;
  assert.equal(after.length, 2);
  assert.deepEqual([after[1].id, after[1].agent, after[1].created_at], [listed[1].id, 'curl', listed[1].created_at]);

  const there = bearer(again.body.access_token);
  assert.equal((await there.get('/api/v1/me')).status, 200);
  assert.equal((await here.delete(`/api/v1/me/sessions/${listed[1].id}`)).status, 204);
  problem(await there.get('/api/v1/me'), 401, 'token_revoked');
  problem(await bearer(phone.body.access_token).get('/api/v1/me'), 401, 'token_revoked');
  problem(await refresh(again.body.refresh_token), 401, 'invalid_refresh_token');
  problem(await here.delete(`/api/v1/me/sessions/${listed[1].id}`), 404, 'not_found');
  problem(await here.delete('/api/v1/me/sessions/no-id'), 404, 'not_found');
  const other = (await acme.owner.get('/api/v1/me/sessions')).body.data[0].id;
  problem(await here.delete(`/api/v1/me/sessions/${other}`), 404, 'not_found');

  await as(eve.email, eve.password);
  assert.equal((await here.delete('/api/v1/me/sessions')).status, 204);
  assert.deepEqual((await here.get('/api/v1/me/sessions')).body.data.map((session) => session.current), [true]);
  assert.equal((await acme.owner.get(`${acme.path}/users/${eve.id}/sessions`)).body.data.length, 1);
  assert.equal((await acme.owner.delete(`${acme.path}/users/${eve.id}/sessions`)).status, 204);
  problem(await here.get('/api/v1/me'), 401, 'token_revoked');
  problem(await (await agent()).get(`/api/v1/tenants/${env.OUTDIAL_TENANT_ID}/users/${env.OUTDIAL_AGENT_ID}/sessions`), 403, 'forbidden');
});

test('a tenant may be open to some networks only', async () => {
  const acme = await company('Networks');
  const gus = await colleague(acme, 'agent');
  const key = (await acme.owner.post(`${acme.path}/api-keys`, { name: 'robot', scopes: ['admin'] })).body.secret;
  const outside = await from('127.0.0.2', 'POST', '/api/v1/auth/login', { body: { email: gus.email, password: gus.password } });
  assert.equal(outside.status, 200);
  for (const [networks, field] of [[['10.0.0.1/8'], 'allowed_networks[0]'], [['127.0.0.1', 'here'], 'allowed_networks[1]'], [['10.0.0.0/8'], 'allowed_networks'], [[], 'allowed_networks'], [Array(101).fill('127.0.0.1'), 'allowed_networks']])
    problem(await acme.owner.patch(acme.path, { allowed_networks: networks }), 422, 'invalid', field);
  const set = await acme.owner.patch(acme.path, { allowed_networks: ['127.0.0.1', '2001:DB8::/32'] });
  assert.deepEqual(set.body.allowed_networks, ['127.0.0.1/32', '2001:db8::/32']);
  assert.equal((await acme.owner.get(acme.path)).status, 200);

  problem(await from('127.0.0.2', 'GET', '/api/v1/me', { token: outside.body.access_token }), 403, 'address_not_allowed');
  problem(await from('127.0.0.2', 'GET', acme.path, { token: key }), 403, 'address_not_allowed');
  problem(await from('127.0.0.2', 'GET', `/api/v1/tenants/${env.OUTDIAL_TENANT_ID}`, { token: key }), 404, 'not_found');
  problem(await from('127.0.0.2', 'POST', '/api/v1/auth/login', { body: { email: gus.email, password: gus.password } }), 403, 'address_not_allowed');
  problem(await from('127.0.0.2', 'POST', '/api/v1/auth/login', { body: { email: gus.email, password: 'wrong password' } }), 401, 'invalid_credentials');
  problem(await from('127.0.0.2', 'POST', '/api/v1/auth/refresh', { body: { refresh_token: outside.body.refresh_token } }), 403, 'address_not_allowed');
  assert.equal((await bearer(key).get(acme.path)).status, 200);
  const asked = await bearer(key).get(acme.path);
  assert.equal(asked.headers.get('server-timing'), 'db;desc=1', 'the look at the address costs no round trip of its own');
  assert.equal((await refresh(outside.body.refresh_token)).status, 200, 'the refused attempt has not used it up');

  const headers = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' };
  const forged = await new Promise((resolve) => http.get(`${env.OUTDIAL_URL}/api/v1/me`, { localAddress: '127.0.0.2', headers: { ...headers, authorization: `Bearer ${key}` } }, (answer) => { answer.resume(); resolve(answer.statusCode); }));
  assert.equal(forged, 403, 'nobody is believed about where they are');

  assert.equal((await acme.owner.patch(acme.path, { allowed_networks: ['10.0.0.0/8'], force: true })).status, 200);
  problem(await acme.owner.get(acme.path), 403, 'address_not_allowed');
  await operator(['tenant', 'networks', '--tenant', acme.id, '--clear'], () => rows('UPDATE tenants SET allowed_networks = NULL WHERE id = $1', [acme.id]));
  assert.equal((await acme.owner.get(acme.path)).status, 200);
  assert.equal((await acme.owner.patch(acme.path, { allowed_networks: ['127.0.0.0/8'] })).status, 200);
  assert.equal((await acme.owner.patch(acme.path, { allowed_networks: null })).body.allowed_networks, null);
});

test('a suspended tenant is shut at every door', async () => {
  const acme = await company('Suspended');
  const key = (await acme.owner.post(`${acme.path}/api-keys`, { name: 'robot', scopes: ['viewer'] })).body.secret;
  const boss = await admin();
  assert.equal((await boss.post(`/api/v1/tenants/${acme.id}/suspend`)).status, 200);
  problem(await login(acme), 403, 'tenant_suspended');
  problem(await bearer(key).get(acme.path), 403, 'tenant_suspended');
  problem(await acme.owner.get('/api/v1/me'), 403, 'tenant_suspended');
  assert.equal((await refresh(acme.owner.login.refresh_token)).status, 401);
  assert.equal((await boss.post(`/api/v1/tenants/${acme.id}/resume`)).status, 200);
  assert.equal((await refresh(acme.owner.login.refresh_token)).status, 200, 'the refused refresh has not used the token up');
});

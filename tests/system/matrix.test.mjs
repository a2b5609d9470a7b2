// Who may do what: every route of the table × every kind of asker.  Nothing here is written down twice: routes and roles come from
// `outdial routes`, so a route that is added is tested, and one whose objects nobody here can make fails until somebody can.
//
// Each denial has its positive control: the same request by the lowest role that may is neither 401 nor 403 nor 404.  Requests
// with a body carry one of a type that no route takes, so that whoever is let in is told 415 and nothing happens.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { admin, as, carrier, env, fresh, request, rival, rows, tenant } from './play.mjs';

const roles = ['viewer', 'agent', 'manager', 'admin', 'owner'];
const routes = execFileSync(`${env.OUTDIAL_BIN}/outdial`, ['routes'], { encoding: 'utf8' }).trim().split('\n').map((line) => {
  const [, method, pattern, who, about] = line.match(/^(\S+) +(\S+) +(\S+) (.*)$/);
  return { method, pattern, who, noBody: about.includes('[no-body]'), name: `${method} ${pattern}` };
});
const guarded = routes.filter((route) => !['anyone', 'signed'].includes(route.who));

let maria, stranger, people, tokens;
const public_key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });

/** A token as whoever has the key could write it, with these claims changed. */
function forge(token, changes) {
  const text = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  const signed = `${text({ alg: 'HS256', typ: 'JWT' })}.${text({ ...claims, ...changes })}`;
  return `${signed}.${createHmac('sha256', env.JWT_SECRET).update(signed).digest('base64url')}`;
}

async function person(role) {
  const password = `pass-${randomUUID()}`;
  const made = await maria.post(`${tenant}/users`, { email: `matrix-${randomUUID()}@demo.example`, name: 'Matrix', role, password });
  assert.equal(made.status, 201, made.text);
  return { ...(await as(made.body.email, password)), id: made.body.id };
}

const made = async (who, path, body) => {
  const answer = await who.post(path, body);
  assert.ok([200, 201, 202].includes(answer.status), `${path}: ${answer.text}`);
  return answer.body.id ?? answer.body.import_id;
};
const hex = () => randomUUID().replaceAll('-', '');
const ours = () => ({ who: maria, at: tenant, id: env.OUTDIAL_TENANT_ID });
const theirs = () => ({ who: stranger, at: `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}`, id: env.OUTDIAL_OTHER_TENANT_ID });

/** By the segment ahead of ":id": how one of its kind is made in a tenant.  A fresh one each time, so that each may be spoiled. */
const makers = {
  users: ({ who, at }) => made(who, `${at}/users`, { email: `matrix-${randomUUID()}@demo.example`, name: 'Matrix', role: 'viewer' }),
  'api-keys': ({ who, at }) => made(who, `${at}/api-keys`, { name: 'Matrix' }),
  'provider-accounts': ({ who, at }) => made(who, `${at}/provider-accounts`, { provider: 'twilio', account_sid: `AC${hex()}` }),
  trunks: ({ who, at }) => made(who, `${at}/trunks`, { name: 'Matrix', trunk_sid: `TK${hex()}` }),
  campaigns: ({ who, at }) => made(who, `${at}/campaigns`, { name: 'Matrix' }),
  leads: ({ who, at }) => made(who, `${at}/leads`, { name: 'Matrix', phone: fresh() }),
  'lead-lists': ({ who, at }) => made(who, `${at}/lead-lists`, { name: `Matrix ${hex()}` }),
  dnc: ({ who, at }) => made(who, `${at}/dnc`, { phone: fresh(), scope: 'tenant' }),
  imports: async ({ who, at }) => {
    const answer = await request('POST', `${at}/leads/import`, { raw: `phone\n${fresh()}\n`, headers: { 'content-type': 'text/csv' }, token: who.token });
    assert.equal(answer.status, 200, answer.text);
    return answer.body.import_id;
  },
  'phone-numbers': async ({ id }) => {
    const number = fresh('646');
    await rows('INSERT INTO phone_numbers (tenant_id, account_id, number, type, provider, is_active) SELECT $1, id, $2, $3, $4, false FROM provider_accounts WHERE tenant_id = $1 LIMIT 1', [id, number, 'LOCAL', 'TWILIO']);
    return (await rows('SELECT id FROM phone_numbers WHERE tenant_id = $1 AND number = $2', [id, number]))[0].id;
  },
  calls: async ({ id }) => (await rows("INSERT INTO conversations (tenant_id, kind, phone_e164, opened_at, closed_at) VALUES ($1, 'single', $2, now(), now()) RETURNING id", [id, fresh()]))[0].id,
  'webhook-endpoints': async ({ who, at, id }) => {
    await rows("DELETE FROM webhook_endpoints WHERE tenant_id = $1 AND url LIKE 'http://127.0.0.1:9/%'", [id]);     // a tenant has few
    return made(who, `${at}/webhook-endpoints`, { url: `http://127.0.0.1:9/${hex()}` });
  },
  'identity-providers': async ({ who, at, id }) => {
    await rows("DELETE FROM identity_providers WHERE tenant_id = $1 AND name = 'Matrix'", [id]);
    return made(who, `${at}/identity-providers`, { name: 'Matrix', issuer: `https://${hex()}.example`, audience: 'outdial', algorithm: 'ES256', public_key });
  },
  sessions: async ({ caller }) => (await request('GET', '/api/v1/me/sessions', { token: caller })).body.data[0].id,
  tenants: () => made(maria, '/api/v1/tenants', { name: `Matrix ${randomUUID()}`, owner_email: `matrix-${randomUUID()}@demo.example`, owner_password: randomUUID() }),
};

/** The same for ":part"; path has its object already. */
const parts_of = {
  deliveries: async ({ who }, path) => made(who, path.replace(/\/deliveries\/.*/, '/test')),
};

/** The pattern's path in a tenant, with a new object for its ":id". */
async function path_of(route, place) {
  let path = route.pattern.replace(':tenant', place.id);
  const kind = path.match(/\/([^/]+)\/:id/)?.[1];
  if (kind) {
    assert.ok(makers[kind], `${route.name}: add a maker for "${kind}"`);
    path = path.replace(':id', await makers[kind](place));
  }
  const parts = parts_of[route.pattern.match(/\/([^/]+)\/:part/)?.[1]];
  if (path.includes(':part')) {
    assert.ok(parts, `${route.name}: say what its ":part" is`);
    path = path.replace(':part', await parts(place, path));
  }
  if (path.startsWith('/api/outbound-caller/')) path += `?campaign_id=${await makers.campaigns(place)}`;
  return path;
}

function ask(route, path, token) {
  const body = ['GET', 'DELETE'].includes(route.method) || route.noBody ? {} : { raw: 'x', headers: { 'content-type': 'text/plain' } };
  return request(route.method, path, { ...body, token });
}

before(async () => {
  [maria, stranger] = [await admin(), await rival()];
  await carrier.reset();
  people = Object.fromEntries(await Promise.all(roles.map(async (role) => [role, await person(role)])));
  const leaver = await person('admin');
  assert.ok((await leaver.post('/api/v1/auth/logout', {})).status < 300);
  const disabled = await person('admin');
  assert.equal((await maria.patch(`${tenant}/users/${disabled.id}`, { status: 'disabled' })).status, 200);
  const key = (await maria.post(`${tenant}/api-keys`, { name: 'Matrix', scopes: ['admin'] })).body;
  assert.equal((await maria.delete(`${tenant}/api-keys/${key.id}`)).status, 204);
  const good = people.owner.token, now = Math.floor(Date.now() / 1000);
  assert.equal((await request('GET', '/api/v1/me', { token: forge(good, {}) })).status, 200, 'a forged token with nothing changed is good: the forgeries below are refused for what was changed');
  tokens = {
    'no token': undefined,
    'an expired token': forge(good, { iat: now - 2000, exp: now - 1000 }),
    'a token of another issuer': forge(good, { iss: 'elsewhere' }),
    'a token for another audience': forge(good, { aud: 'elsewhere' }),
    'a refresh token': forge(good, { typ: 'refresh' }),
    'a token of an older epoch': forge(good, { epoch: -1 }),
    'a role the user does not have': forge(people.viewer.token, { role: 'owner' }),
    'a token with another signature': `${good.slice(0, -4)}AAAA`,
    'a token after logging out': leaver.token,
    'a token of somebody disabled': disabled.token,
    'a revoked API key': key.secret,
    'an unknown API key': `odk_${hex()}${hex().slice(0, 11)}`,
  };
});

test('without a good credential every route says 401, whatever is behind it', async () => {
  for (const route of guarded) {
    const path = route.pattern.replace(':tenant', env.OUTDIAL_TENANT_ID).replace(':id', randomUUID()).replace(':part', 'x');
    for (const [what, token] of Object.entries(tokens)) {
      const answer = await ask(route, path, token);
      assert.equal(answer.status, 401, `${route.name} with ${what}: ${answer.text}`);
      assert.ok(answer.headers.get('www-authenticate'), `${route.name} with ${what}`);
    }
  }
});

test('each role passes where it may, and is told 403 where it may not', async () => {
  for (const route of guarded) {
    const needed = roles.indexOf(route.who);
    for (const [rank, role] of roles.entries()) {
      const may = route.who !== 'platform' && rank >= needed;
      // logging out and the like spoil the sign-in that they are tried with
      const token = may && !route.pattern.includes(':tenant') && route.pattern.startsWith('/api/v1/') ? (await person(role)).token : people[role].token;
      const answer = await ask(route, await path_of(route, { ...ours(), caller: token }), token);
      if (!may) assert.equal(answer.status, 403, `${route.name} as ${role}: ${answer.text}`);
      else assert.ok(![401, 403, 404, 405].includes(answer.status) && answer.status < 500, `${route.name} as ${role}: ${answer.status} ${answer.text}`);
    }
    if (route.who !== 'platform') continue;
    const answer = await ask(route, await path_of(route, ours()), maria.token);
    assert.ok(![401, 403, 404, 405].includes(answer.status) && answer.status < 500, `${route.name} as platform administrator: ${answer.status} ${answer.text}`);
  }
});

test('another tenant, its objects and what does not exist at all are the same 404', async () => {
  const body = (answer) => JSON.stringify({ ...answer.body, instance: '', request_id: '' });
  for (const route of guarded.filter((r) => r.pattern.includes(':tenant'))) {
    const reference = body(await request('GET', `${tenant}/leads/${randomUUID()}`, { token: maria.token }));
    const foreign = await path_of(route, theirs());
    const strangers = [['their tenant', foreign], ['no tenant', foreign.replace(env.OUTDIAL_OTHER_TENANT_ID, randomUUID())]];
    if (route.pattern.includes(':id')) {
      const mine = foreign.replace(env.OUTDIAL_OTHER_TENANT_ID, env.OUTDIAL_TENANT_ID);
      strangers.push(['their object', mine], ['no object', route.pattern.replace(':tenant', env.OUTDIAL_TENANT_ID).replace(':id', randomUUID())]);
    }
    for (const [what, path] of strangers) {
      for (const token of [people.owner.token, people.viewer.token]) {
        const answer = await ask(route, path, token);
        assert.equal(answer.status, 404, `${route.name}, ${what}: ${answer.text}`);
        assert.equal(body(answer), reference, `${route.name}, ${what}`);
      }
    }
    const control = await ask(route, foreign, stranger.token);
    assert.ok(![401, 403, 404, 405].includes(control.status) && control.status < 500, `${route.name} by its own owner: ${control.status} ${control.text}`);
  }
});

test('unsigned webhooks are refused, and nothing is kept of them', async () => {
  const sid = `CA${hex()}`;
  for (const route of routes.filter((r) => r.who === 'signed')) {
    const form = `CallSid=${sid}&CallStatus=completed&AccountSid=${env.TWILIO_ACCOUNT_SID}`;
    for (const headers of [{}, { 'x-twilio-signature': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }]) {
      const answer = route.method === 'GET' ? await request('GET', `${route.pattern}?${form}`, { headers })
        : await request(route.method, route.pattern, { raw: form, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } });
      assert.equal(answer.status, 403, `${route.name}: ${answer.text}`);
    }
  }
  assert.deepEqual(await rows('SELECT FROM stray_events WHERE call_sid = $1 UNION ALL SELECT FROM legs WHERE provider_sid = $1', [sid]), []);
});

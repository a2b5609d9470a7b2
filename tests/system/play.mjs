// The small vocabulary that the plays are written in.  A play reads like the manual:
//
//   const maria = await as(env.OUTDIAL_ADMIN_EMAIL, env.OUTDIAL_ADMIN_PASSWORD);
//   await carrier.script('+12125550101', { outcome: 'busy' });
//   const started = await maria.post('/api/outbound-caller/start', { leads, intervalMinutes: 0 });
//   await until('the run is over', async () => !(await maria.get('/api/outbound-caller/status')).body.isRunning);
//
// No sleeps: until() asks again until something is true, and fails with the sentence it was given.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Contract } from './contract.mjs';

export const env = process.env;
for (const name of ['OUTDIAL_URL', 'OUTDIAL_SANDBOX_URL', 'OUTDIAL_SANDBOX_TOKEN', 'OUTDIAL_TENANT_ID', 'OUTDIAL_DATABASE_URL'])
  assert.ok(env[name], `${name} is not set: run these plays through make check, or source $STATE/run.env first`);

const base = env.OUTDIAL_URL;
export const tenant = `/api/v1/tenants/${env.OUTDIAL_TENANT_ID}`;

let document;
/** The description of the API, asked for once. */
export async function contract() {
  document ??= fetch(`${base}/api/openapi.json`).then(async (answer) => new Contract(await answer.json()));
  try {
    return await document;
  } catch (error) {
    document = undefined;
    throw error;
  }
}

/** One request; the body is parsed when it is JSON.  The answer is held against the description of the API. */
export async function request(method, path, { body, headers = {}, token, raw } = {}) {
  const init = { method, headers: { ...headers }, redirect: 'manual' };
  if (token) init.headers.authorization = `Bearer ${token}`;
  if (raw !== undefined) init.body = raw;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers['content-type'] ??= 'application/json';
  }
  const url = path.startsWith('http') ? path : base + path;
  const response = await fetch(url, init);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const answer = { status: response.status, headers: response.headers, text, body: /json/.test(type) && text ? JSON.parse(text) : undefined };
  if (url.startsWith(`${base}/`)) {
    const wrong = (await contract()).wrong(method, url.slice(base.length), init.body, answer);
    assert.ok(!wrong, `${method} ${path} answered ${answer.status} other than described: ${wrong}`);
  }
  return answer;
}

/** Somebody who can ask: verbs with a credential. */
export function bearer(token) {
  const verb = (method) => (path, body, headers) => request(method, path, { body, headers, token });
  return { token, get: (path, headers) => request('GET', path, { headers, token }), post: verb('POST'), put: verb('PUT'), patch: verb('PATCH'), delete: verb('DELETE') };
}

export async function as(email, password) {
  const login = await request('POST', '/api/v1/auth/login', { body: { email, password } });
  assert.equal(login.status, 200, `login as ${email}: ${login.text}`);
  return { ...bearer(login.body.access_token), login: login.body };
}
export const admin = () => as(env.OUTDIAL_ADMIN_EMAIL, env.OUTDIAL_ADMIN_PASSWORD);
export const agent = () => as(env.OUTDIAL_AGENT_EMAIL, env.OUTDIAL_AGENT_PASSWORD);
export const rival = () => as(env.OUTDIAL_OTHER_ADMIN_EMAIL, env.OUTDIAL_OTHER_ADMIN_PASSWORD);
export const nobody = { get: (path) => request('GET', path), post: (path, body) => request('POST', path, { body }) };

/** What the carrier is told to do, and what it saw. */
const control = (method, path, body) => request(method, `${env.OUTDIAL_SANDBOX_URL}/control/${path}`, { body, token: env.OUTDIAL_SANDBOX_TOKEN });
export const carrier = {
  async reset() { assert.equal((await control('POST', 'reset', {})).status < 300, true); },
  async speed(factor, callbacks) {
    const answer = await control('POST', 'speed', callbacks === undefined ? { factor } : { factor, callbacks });
    assert.ok(answer.status < 300, answer.text);
  },
  async script(to, what) {
    const answer = await control('POST', 'script', { to, ...what });
    assert.ok(answer.status < 300, answer.text);
  },
  async inbound(to, from) { return control('POST', 'inbound', { to, from }); },
  async calls(filter = () => true) { return (await control('GET', 'calls')).body.calls.filter(filter); },
  /** Calls that we placed (not dialed legs) to one number. */
  async saw(to) { return this.calls((call) => call.to === to && !call.parent_sid); },
  async log(since = 0) { return (await control('GET', `log?since=${since}`)).body.log; },
};

/** Asks again until it is true (or gives something); fails with the sentence. */
export async function until(sentence, question, limit_ms = 30000) {
  const end = Date.now() + limit_ms;
  let last;
  for (;;) {
    try {
      last = await question();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${limit_ms} ms in vain: ${sentence}` + (last instanceof Error ? ` (${last.message})` : ''));
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

/** Rows as owner, for what no client can see. */
export async function rows(sql, parameters = []) {
  const client = new pg.Client({ connectionString: env.OUTDIAL_DATABASE_URL });
  await client.connect();
  try {
    await client.query('SET search_path = outdial, pg_temp');
    return (await client.query(sql, parameters)).rows;
  } finally {
    await client.end();
  }
}

/** Numbers nobody has used: from a place of its own for each play, so far apart that plays do not meet. */
let next = Number.parseInt(randomUUID().slice(0, 8), 16) % 6_900_000;
export const fresh = (area = '212') => `+1${area}${2_000_000 + ++next}`;

/** A single call of ours that rings for minutes: its attempt's row and the number. */
export async function ringing() {
  await carrier.reset();
  await carrier.speed(1);
  const phone = fresh();
  await carrier.script(phone, { outcome: 'human', ring_secs: 500 });
  const placed = await (await agent()).post('/api/outbound-caller/call', { phone });
  assert.equal(placed.status, 200, placed.text);
  const [attempt] = await rows('SELECT id, tenant_id, provider_sid FROM attempts WHERE provider_sid = $1', [placed.body.callSid]);
  await until('the carrier itself has said that it rings',
    async () => (await rows("SELECT FROM call_events WHERE attempt_id = $1 AND kind = 'ringing'", [attempt.id])).length === 1);
  return { ...attempt, phone };
}

/** A problem document as RFC 9457 has it, with the field that is to blame. */
export function problem(answer, status, code, field) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type'), /application\/problem\+json/);
  assert.equal(answer.body.status, status);
  assert.equal(answer.body.code, code, answer.text);
  assert.ok(answer.body.title && answer.body.type && answer.body.request_id, answer.text);
  if (field) assert.ok(answer.body.errors.some((wrong) => wrong.field === field), `no error for ${field}: ${answer.text}`);
}

/** A campaign of the play's own, so that plays do not meet. */
export async function campaign(who, fields = {}) {
  const made = await who.post(`${tenant}/campaigns`, { name: `Play ${randomUUID().slice(0, 8)}`, intervalMinutes: 0, maxConcurrentCalls: 50, callsPerSecond: 50, retries: {}, ...fields });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

/** Starts a list and waits until its last call has ended. */
export async function run(who, id, leads, fields = {}) {
  const started = await who.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads, intervalMinutes: 0, ...fields });
  assert.equal(started.status, 200, started.text);
  await over(who, id);
  return started.body;
}
export const status = async (who, id) => (await who.get(`/api/outbound-caller/status?campaign_id=${id}`)).body;
export const over = (who, id, limit_ms = 60000) => until('the run is over', async () => (await status(who, id)).isRunning === false, limit_ms);
export const log = async (who, id) => (await who.get(`/api/outbound-caller/logs?campaign_id=${id}&limit=1000`)).body.logs;

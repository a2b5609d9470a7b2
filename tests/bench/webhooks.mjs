// Requests per second and latency of the three hot routes, beside what they could cost at least and what others need.

import { createHmac } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as s from './stage.mjs';

const CLIENTS = 64;
const ROUNDS = s.quick ? 2 : 4;
const SECONDS = s.quick ? 1 : 2;
const SESSIONS = 16;                                            // of pgbench: what the others leave of the server's connections
const EACH = s.quick ? 400 : 1000;                              // transactions of each
const TAIL = s.quick ? 3000 : 12000;                            // requests of each look at the slowest one
const PACED_SECONDS = s.quick ? 2 : 8;
const PACE = 1000;
const CALLS = s.quick ? 90000 : 500000;

// ---- calls

/** Attempt n's id and sid, computed alike here, in SQL and in pgbench's scripts. */
const attempt = (n) => `01970000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
const sid = (n) => `CA${n.toString(16).padStart(32, '0')}`;
const ATTEMPT = (n) => `('01970000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
const SID = (n) => `'CA' || lpad(to_hex(${n}), 32, '0')`;

/** Accepted attempts whose line is being dialed: the carrier has their ringing still to tell. */
export async function makeCalls(stack, count) {
  const { env } = stack;
  const client = await stack.pool.connect();
  try {
    await client.query(`SET session_replication_role = replica; SET synchronous_commit = off;`).catch(() => client.query('SET synchronous_commit = off'));
    const [account] = (await client.query(`SELECT id FROM provider_accounts WHERE account_sid = $1`, [env.TWILIO_ACCOUNT_SID])).rows;
    for (let from = 0; from < count; from += 20000) {
      const until = Math.min(from + 20000, count) - 1;
      const series = `generate_series(${from}, ${until}) n`;
      const talk = `('01970000-0000-7001-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
      await client.query(`INSERT INTO conversations (id, tenant_id, kind, phone_e164, campaign_id, opened_at)
        SELECT ${talk}, $1, 'campaign', '+1212' || (2000000 + n), $2, outdial.now() FROM ${series}`, [env.OUTDIAL_TENANT_ID, env.OUTDIAL_CAMPAIGN_TWILIO_ID]);
      await client.query(`INSERT INTO attempts (id, tenant_id, conversation_id, campaign_id, account_id, phone_e164, caller_id, state, permitted_at, permit_until, holder, rules,
          provider_sid, settled_at, last_heard_at, next_look_at)
        SELECT ${ATTEMPT('n')}, $1, ${talk}, $2, $3, '+1212' || (2000000 + n), $4, 'accepted', outdial.now(), outdial.now(), 1, '{}',
          ${SID('n')}, outdial.now(), outdial.now(), outdial.now() + interval '1 hour' FROM ${series}`, [env.OUTDIAL_TENANT_ID, env.OUTDIAL_CAMPAIGN_TWILIO_ID, account.id, env.TWILIO_PHONE_NUMBER]);
      await client.query(`INSERT INTO legs (tenant_id, conversation_id, attempt_id, account_id, provider_sid, party, phone_e164, status, initiated_at)
        SELECT $1, ${talk}, ${ATTEMPT('n')}, $2, ${SID('n')}, 'lead', '+1212' || (2000000 + n), 'dialing', outdial.now() FROM ${series}`, [env.OUTDIAL_TENANT_ID, account.id]);
    }
    await client.query('RESET ALL');
    await client.query('VACUUM ANALYZE conversations, attempts, legs, call_events');
    return account.id;
  } finally {
    client.release(true);
  }
}

// ---- requests

function signed(env, host, path, form) {
  const said = env.PUBLIC_BASE_URL + path + Object.keys(form).sort().map((name) => name + form[name]).join('');
  const signature = createHmac('sha1', env.TWILIO_AUTH_TOKEN).update(said).digest('base64');
  return s.httpText('POST', path, host, { 'X-Twilio-Signature': signature, 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' }, new URLSearchParams(form).toString());
}

const told = (env, n) => ({ AccountSid: env.TWILIO_ACCOUNT_SID, ApiVersion: '2010-04-01', CallSid: sid(n), Called: `+1212${2000000 + n}`, CalledCity: 'NEW YORK', CalledCountry: 'US',
  CalledState: 'NY', CalledZip: '10001', Caller: env.TWILIO_PHONE_NUMBER, CallerCity: 'NEW YORK', CallerCountry: 'US', CallerState: 'NY', CallerZip: '10001',
  Direction: 'outbound-api', From: env.TWILIO_PHONE_NUMBER, FromCity: 'NEW YORK', FromCountry: 'US', FromState: 'NY', FromZip: '10001', To: `+1212${2000000 + n}`, ToCity: 'NEW YORK',
  ToCountry: 'US', ToState: 'NY', ToZip: '10001' });

const when = new Date().toUTCString().replace('GMT', '+0000');
const path = (env, name, n) => `/api/outbound-caller/${name}?a=${attempt(n)}&t=${env.OUTDIAL_TENANT_ID}`;
export const statusText = ({ env, url }, n) => signed(env, url.host, path(env, 'call-status', n),
  { ...told(env, n), CallStatus: 'ringing', CallbackSource: 'call-progress-events', SequenceNumber: '1', Timestamp: when });
const voiceText = ({ env, url }, n) => signed(env, url.host, path(env, 'voice', n), { ...told(env, n), CallStatus: 'in-progress', AnsweredBy: 'human' });
export const listText = ({ env, url }, token) => s.httpText('GET', `/api/v1/tenants/${env.OUTDIAL_TENANT_ID}/phone-numbers?limit=20`, url.host, { Authorization: `Bearer ${token}` });

async function requests(stack) {
  const { env } = stack;
  await s.request(stack, 'POST', `/api/v1/tenants/${env.OUTDIAL_TENANT_ID}/phone-numbers/import`, { token: await s.signIn(stack), body: {} });
  return {
    status: s.requestFile(join(stack.place, 'status'), CALLS, (n) => statusText(stack, n)),
    voice: s.requestFile(join(stack.place, 'voice'), CALLS, (n) => voiceText(stack, n)),
  };
}

const listRequest = async (stack) => {
  const token = await s.signIn(stack);
  return s.requestFile(join(stack.place, 'list'), 1, () => listText(stack, token));
};

// ---- rivals

async function rivals(stack, account) {
  const { env } = stack;
  const [admin] = await s.rows(stack, `SELECT id, epoch FROM users WHERE email = $1`, [env.OUTDIAL_ADMIN_EMAIL]);
  // enter() and the list in one statement, which a driver without pipelines needs to stay at one round trip
  await stack.pool.query(`CREATE SCHEMA bench; GRANT USAGE ON SCHEMA bench TO api;
    CREATE FUNCTION bench.number_list(p_tenant uuid, p_principal text, p_epoch bigint, p_token_id text, p_role text, p_limit integer)
    RETURNS TABLE (id uuid, tenant_id uuid, number text, type text, provider text, provider_sid text, campaign_id uuid, livekit_trunk_id text, is_active boolean,
                   purchased_at timestamptz, metadata jsonb) LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
    #variable_conflict use_column
    BEGIN
        PERFORM outdial.enter(p_tenant, p_principal, p_epoch, p_token_id, p_role);
        RETURN QUERY SELECT n.id, n.tenant_id, n.number, n.type, n.provider, n.provider_sid, n.campaign_id, n.livekit_trunk_id, n.is_active AND NOT n.carrier_gone,
                            n.purchased_at, n.metadata FROM phone_numbers n WHERE n.tenant_id = p_tenant ORDER BY n.id DESC LIMIT p_limit;
    END $$;
    GRANT EXECUTE ON FUNCTION bench.number_list TO api`);
  const common = { DATABASE_URL: env.OUTDIAL_DATABASE_URL.replace('owner@', 'api@'), BENCH_TENANT: env.OUTDIAL_TENANT_ID, BENCH_ACCOUNT: account, BENCH_USER: admin.id, BENCH_EPOCH: String(admin.epoch) };
  const list = [];
  const add = async (name, title, program, args, http) => {
    const socket = s.socketOf(stack, name);
    s.launch(stack, program, args(socket), { ...common, SOCKET: socket });
    await s.appears(socket);
    list.push({ name, title, port: await s.front(stack, name, socket, { http }) });
  };
  await add('null', 'null FastCGI responder', join(s.programs, 'bench/responder'), (socket) => ['null', socket, 2, 16], false);
  await add('bare', 'bare libfcgi responder', join(s.programs, 'bench/responder'), (socket) => ['bare', socket, 2, 16], false);
  list.push({ name: 'outdial', title: '**Outdial**', port: Number(stack.url.port) });
  await add('fastify', 'Fastify + pg + SDK', process.execPath, () => [join(s.here, 'server.mjs')], true);
  return { list, common };
}

// ---- pgbench: the statements alone, one commit each

const scripts = (env, common) => ({
  status: `\\set i :i + 1
\\set n :base + :client_id * :share + :i
SELECT outdial.hook_status('${env.OUTDIAL_TENANT_ID}', ${ATTEMPT(':n::bigint')}, '{${common.BENCH_ACCOUNT}}', ${SID(':n::bigint')}, NULL, ${SID(':n::bigint')} || '-ringing-1', 'ringing', outdial.now(), NULL, NULL, '+12122000000', '{"CallStatus": "ringing", "Direction": "outbound-api", "SequenceNumber": "1"}');
`,
  voice: `\\set i :i + 1
\\set n :base + :client_id * :share + :i
SELECT * FROM outdial.hook_voice('${env.OUTDIAL_TENANT_ID}', ${ATTEMPT(':n::bigint')}, '{${common.BENCH_ACCOUNT}}', ${SID(':n::bigint')}, 'human', 'voice-' || ${SID(':n::bigint')} || '-human', '{"CallStatus": "in-progress", "AnsweredBy": "human", "Direction": "outbound-api"}');
`,
  list: `\\startpipeline
SELECT outdial.enter('${env.OUTDIAL_TENANT_ID}', 'user:${common.BENCH_USER}', ${common.BENCH_EPOCH}, NULL, 'admin');
SELECT id, tenant_id, number, type, provider, provider_sid, campaign_id, livekit_trunk_id, is_active AND NOT carrier_gone AS is_active, purchased_at, metadata, updated_at FROM outdial.phone_numbers WHERE tenant_id = '${env.OUTDIAL_TENANT_ID}' ORDER BY id DESC LIMIT 21;
\\endpipeline
`,
});

async function pgbench(stack, file, what, texts, common) {
  const script = join(stack.place, `${what}.pgbench`);
  writeFileSync(script, texts[what]);
  const base = file?.next ?? 0;
  if (file && base + SESSIONS * EACH > file.count) throw new Error('there are not enough calls');
  const { stdout } = await promisify(execFile)('pgbench', ['-n', '-M', 'prepared', '-c', SESSIONS, '-j', 2, '-t', EACH, '-D', 'i=-1', '-D', `base=${base}`, '-D', `share=${EACH}`, '-f', script, common.DATABASE_URL].map(String),
    { env: { ...process.env, PGOPTIONS: '-c jit=off' } });
  if (file) file.next += SESSIONS * EACH;
  return { rate: Number(/tps = ([0-9.]+)/.exec(stdout)[1]), good: Number(/actually processed: ([0-9]+)/.exec(stdout)[1]) };
}

// ---- the measurement

export async function webhooks() {
  return s.stage({ dialers: 0 }, async (stack) => {
    const say = (text) => console.log(`  ${text}`);
    const [settings] = await s.rows(stack, `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`);
    const account = await makeCalls(stack, CALLS);
    const files = await requests(stack);
    const { list, common } = await rivals(stack, account);
    const texts = scripts(stack.env, common);
    const groups = { nginx: [s.pid(stack, 'nginx')], workers: [s.pid(stack, 'outdial-api', 1), s.pid(stack, 'outdial-api', 2)], PostgreSQL: [s.pid(stack, 'postgres')] };
    const stored = async (after) => Number((await s.rows(stack, `SELECT count(*) AS n FROM call_events WHERE tenant_id = $1 AND seq > $2 AND source IN ('webhook', 'twiml')`, [stack.env.OUTDIAL_TENANT_ID, after]))[0].n);
    const last = async () => (await s.rows(stack, 'SELECT coalesce(max(seq), 0) AS seq FROM call_events WHERE tenant_id = $1', [stack.env.OUTDIAL_TENANT_ID]))[0].seq;
    const kinds = [['status', 'status webhook'], ['voice', 'voice webhook'], ['list', 'number list']];
    const figures = {}, wrong = [];

    for (const [kind, title] of kinds) {
      files.list = await listRequest(stack);
      if (kind === 'voice') {
        await stack.pool.query(`UPDATE legs SET status = 'ringing', ringing_at = outdial.now() WHERE status = 'dialing'`);
        await stack.pool.query('VACUUM ANALYZE legs, attempts, call_events');
      }
      const file = files[kind], again = kind === 'list', writes = kind !== 'list';
      const f = figures[kind] = { rate: Object.fromEntries(['pgbench', ...list.map((one) => one.name)].map((name) => [name, []])), us: [], tails: {} };
      const once = async (one, wish) => {
        const from = writes && one.name !== 'null' ? await last() : 0;
        const used = file.next;
        const out = await s.load(one.port, file, { connections: CLIENTS, again, ...wish });
        if (!out.good) throw new Error(`${one.name}, ${title}: no good answer of ${out.requests}`);
        if (one.name === 'null') file.next = used;              // it used no call up
        if (out.good !== out.requests) wrong.push(`${one.name}, ${title}: ${JSON.stringify(out.statuses)}`);
        if (writes && one.name !== 'null') {
          const rows = await stored(from);
          if (rows !== out.good) wrong.push(`${one.name}, ${title}: ${out.good} answers, ${rows} rows`);
        }
        return out;
      };
      for (const one of list) await once(one, { seconds: 0.3 });
      for (let round = 0; round < ROUNDS; round++) {
        for (const one of list) {
          const { result, us } = await s.processor(groups, () => once(one, { seconds: SECONDS }));
          f.rate[one.name].push(result.rate);
          if (one.name === 'outdial') f.us.push(Object.fromEntries(Object.entries(us).map(([name, sum]) => [name, sum / result.good])));
        }
        f.rate.pgbench.push((await pgbench(stack, writes ? file : null, kind, texts, common)).rate);
        say(`${title}, round ${round + 1}: ${['null', 'pgbench', 'bare', 'outdial', 'fastify'].map((name) => `${name} ${s.whole(f.rate[name].at(-1))}`).join('  ')}`);
      }
      const outdial = list.find((one) => one.name === 'outdial');
      f.paced = await once(outdial, { seconds: PACED_SECONDS, rate: PACE });
      for (const connections of [64, 128, 256]) f.tails[connections] = await once(outdial, { connections, count: TAIL });
      say(`${title}, paced: p50 ${s.ms(f.paced.p50)} p99 ${s.ms(f.paced.p99)} p99.9 ${s.ms(f.paced.p999)} ms`);
    }
    return tables(figures, kinds, list, settings, wrong);
  });
}

function tables(figures, kinds, list, settings, wrong) {
  const rate = (kind, name) => s.median(figures[kind].rate[name]);
  const ratio = (kind, name) => s.median(figures[kind].rate.outdial.map((value, i) => value / figures[kind].rate[name][i]));
  const ask = { status: 2.2, voice: 1.8, list: 1.8 };
  const names = [['null', 'null FastCGI responder'], ['pgbench', `pgbench, the same SQL, ${SESSIONS} sessions`], ['bare', 'bare libfcgi responder'], ['outdial', '**Outdial**'], ['fastify', 'Fastify + pg + SDK']];
  const head = ['', ...kinds.map(([, title]) => title)];
  const judged = (kind, name, least) => {
    const value = ratio(kind, name);
    s.target(`${kind}: ${value.toFixed(2)} of ${name}, ${least} wanted`, value >= least);
    return `${value.toFixed(2)} (>= ${least})`;
  };
  const per = (kind, name) => Math.round(s.median(figures[kind].us.map((one) => one[name])));
  const lines = [
    ...names.map(([name, title]) => [title, ...kinds.map(([kind]) => `${s.whole(rate(kind, name))}/s`)]),
    ['Outdial : Fastify', ...kinds.map(([kind]) => judged(kind, 'fastify', ask[kind]))],
    ['Outdial : bare responder', ...kinds.map(([kind]) => judged(kind, 'bare', 0.75))],
    ['processor us per request: nginx', ...kinds.map(([kind]) => per(kind, 'nginx'))],
    ['... workers', ...kinds.map(([kind]) => per(kind, 'workers'))],
    ['... PostgreSQL', ...kinds.map(([kind]) => per(kind, 'PostgreSQL'))],
  ];
  const slow = [64, 128, 256].map((connections) => [`${connections} clients: slowest (limit 10 x p50 + 50) ms`, ...kinds.map(([kind]) => {
    const one = figures[kind].tails[connections], limit = 10 * one.p50 + 50000;
    s.target(`${kind}, ${connections} clients: slowest ${s.ms(one.max, 0)} ms, limit ${s.ms(limit, 0)}`, one.max <= limit);
    return `${s.ms(one.max, 0)} (${s.ms(limit, 0)})`;
  })]);
  const paced = ['p50', 'p99', 'p999'].map((name) => [`${PACE}/s, open loop: ${name.replace('p999', 'p99.9')} ms`, ...kinds.map(([kind]) => {
    const one = figures[kind].paced;
    if (name === 'p99') s.target(`${kind} at ${PACE}/s: p99 ${s.ms(one.p99)} ms, 2.5 wanted`, one.p99 <= 2500);
    return s.ms(one[name]) + (name === 'p99' ? ' (<= 2.5)' : '');
  })]);
  for (const sentence of wrong) s.target(sentence, false);
  const text = [
    `${CLIENTS} connections through nginx, signatures and tokens checked, every write committed (fsync ${settings.fsync}, synchronous_commit ${settings.commit}); `
      + `medians of ${ROUNDS} interleaved rounds of ${SECONDS} s. Every rival stands behind an nginx with the same configuration and asks the same database; `
      + 'stored rows equal answers. The bare responder runs the same statements through the same database layer without signatures, tokens or routes; '
      + 'pgbench runs them alone, one commit each.',
    '', s.markdown(head, lines), '', s.markdown(head, [...paced, ...slow]),
  ].join('\n');
  return { title: 'Requests', text };
}

// Calls that dialers originate per second when nothing limits them, and what the carrier's fake can take by itself.

import { join } from 'node:path';
import * as s from './stage.mjs';
import { makeCalls } from './webhooks.mjs';

const CALLS = s.quick ? 4000 : 20000;
const HISTORY = 20000;                                          // calls of earlier days: a database without them plans blindly
const WANTED = 2000;
const PATIENCE_MS = 120000;

/** Calls that are over. */
async function history(stack) {
  await makeCalls(stack, HISTORY);
  await stack.pool.query(`UPDATE attempts SET state = 'ended', ended_at = outdial.now(), next_look_at = NULL`);
  await stack.pool.query(`UPDATE conversations SET closed_at = outdial.now(), outcome = 'answered'`);
  await stack.pool.query(`UPDATE legs SET status = 'completed', ended_at = outdial.now()`);
  await stack.pool.query('VACUUM ANALYZE');
}

/** Creates per second of the sandbox alone, asked as the dialer asks. */
async function sandboxAlone(stack) {
  const { env } = stack, sandbox = new URL(env.OUTDIAL_SANDBOX_URL);
  const key = Buffer.from(`${env.TWILIO_API_KEY}:${env.TWILIO_API_SECRET}`).toString('base64');
  const file = s.requestFile(join(stack.place, 'creates'), 40000, (n) => s.httpText('POST', `/twilio/2010-04-01/Accounts/${env.TWILIO_ACCOUNT_SID}/Calls.json`, sandbox.host,
    { Authorization: `Basic ${key}`, 'Content-Type': 'application/x-www-form-urlencoded' },
    new URLSearchParams([['To', `+1213${2000000 + n}`], ['From', env.TWILIO_PHONE_NUMBER], ['Url', `${env.OUTDIAL_URL}/api/outbound-caller/voice`], ['Method', 'POST'],
      ['StatusCallback', `${env.OUTDIAL_URL}/api/outbound-caller/call-status`], ['StatusCallbackMethod', 'POST'],
      ...['initiated', 'ringing', 'answered', 'completed'].map((event) => ['StatusCallbackEvent', event]), ['Timeout', '30'], ['MachineDetection', 'Enable'], ['MachineDetectionTimeout', '5']]).toString()));
  const out = await s.load(sandbox.port, file, { connections: 64, seconds: s.quick ? 1 : 3 });
  if (out.good !== out.requests) throw new Error(`the sandbox answered ${JSON.stringify(out.statuses)}`);
  return out.rate;
}

/** Campaigns with so many leads in all, and no limit anywhere. */
async function limitless(stack, campaigns) {
  const { env, pool } = stack, tenant = env.OUTDIAL_TENANT_ID, each = CALLS / campaigns, made = [];
  for (const { table, name } of await s.rows(stack, `SELECT conrelid::regclass::text AS table, conname AS name FROM pg_constraint
      WHERE contype = 'c' AND connamespace = 'outdial'::regnamespace AND pg_get_constraintdef(oid) ~ '(calls_per_second|max_open_calls)'`)) {
    await pool.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  }
  await pool.query('UPDATE provider_accounts SET calls_per_second = 1e6, max_open_calls = 1000000 WHERE account_sid = $1', [env.TWILIO_ACCOUNT_SID]);
  const token = await s.signIn(stack);
  for (let n = 0; n < campaigns; n++) {
    const campaign = (await s.request(stack, 'POST', `/api/v1/tenants/${tenant}/campaigns`, { token, body: { name: `As fast as it goes, ${n}`, intervalMinutes: 0 } })).id;
    const [list] = await s.rows(stack, 'INSERT INTO campaign_lists (tenant_id, campaign_id, total) VALUES ($1, $2, $3) RETURNING id', [tenant, campaign, each]);
    await pool.query(`WITH made AS (INSERT INTO leads (tenant_id, name, phone_e164, original_phone) SELECT $1, 'Business ' || n, '+1214' || (2000000 + $5::integer + n), '-' FROM generate_series(1, $2::integer) n RETURNING id, phone_e164)
      INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position) SELECT $1, $3, $4, id, row_number() OVER (ORDER BY phone_e164) FROM made`, [tenant, each, list.id, campaign, n * each]);
    await pool.query('UPDATE campaigns SET list_id = $2, interval_ms = 0, max_open_calls = 1000000, calls_per_second = 1e6 WHERE id = $1', [campaign, list.id]);
    made.push(campaign);
  }
  await pool.query('ANALYZE leads, campaign_leads');
  return made;
}

const progress = async (stack, campaigns) => (await s.rows(stack, `SELECT count(*)::int AS permitted, count(*) FILTER (WHERE state IN ('accepted', 'ended'))::int AS accepted,
    count(*) FILTER (WHERE state NOT IN ('permitted', 'accepted', 'ended'))::int AS other FROM attempts WHERE campaign_id = ANY ($1::uuid[])`, [campaigns]))[0];

/** Everybody is called once; how fast, and what it costs. */
async function originate({ dialers, campaigns }) {
  return s.stage({ dialers }, async (stack) => {
    const title = `${dialers} ${dialers > 1 ? 'dialers' : 'dialer'}, ${campaigns} ${campaigns > 1 ? 'campaigns' : 'campaign'}`;
    await history(stack);
    await s.control(stack, 'script', { to: '*', outcome: 'human', ring_secs: 600 });
    await s.control(stack, 'speed', { factor: 1, callbacks: false });
    const alone = await sandboxAlone(stack);
    console.log(`  sandbox alone: ${s.whole(alone)} creates/s`);
    await s.control(stack, 'reset', {});
    await s.control(stack, 'script', { to: '*', outcome: 'human', ring_secs: 600 });
    await s.control(stack, 'speed', { factor: 1, callbacks: false });

    const groups = { dialer: Array.from({ length: dialers }, (unused, n) => s.pid(stack, 'outdial-dialer', n + 1)), sandbox: [s.pid(stack, 'outdial-sandbox')], PostgreSQL: [s.pid(stack, 'postgres')] };
    const all = await limitless(stack, campaigns);
    let now;
    const { us } = await s.processor(groups, async () => {
      await stack.pool.query(`UPDATE campaigns SET state = 'running' WHERE id = ANY ($1::uuid[])`, [all]);
      for (const end = Date.now() + PATIENCE_MS; ; await s.pause(250)) {
        now = await progress(stack, all);
        if (now.accepted + now.other >= CALLS) break;
        if (Date.now() > end) throw new Error(`after ${PATIENCE_MS / 1000} s: ${JSON.stringify(now)}`);
      }
    });
    // from the tenth to the ninetieth hundredth: without beginning and end
    const [pace] = await s.rows(stack, `SELECT extract(epoch FROM percentile_disc(0.9) WITHIN GROUP (ORDER BY settled_at) - percentile_disc(0.1) WITHIN GROUP (ORDER BY settled_at))::float8 AS seconds,
        1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - permitted_at))::float8 AS p50, 1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - permitted_at))::float8 AS p99
      FROM attempts WHERE campaign_id = ANY ($1::uuid[])`, [all]);
    const rate = 0.8 * CALLS / pace.seconds;
    const { calls } = await s.request(stack, 'GET', `${stack.env.OUTDIAL_SANDBOX_URL}/control/calls`, { token: stack.env.OUTDIAL_SANDBOX_TOKEN });
    const numbers = new Set(calls.map((call) => call.to));
    s.target(`${title}: ${CALLS} leads, ${now.accepted} accepted, ${calls.length} calls at the carrier to ${numbers.size} numbers`, now.accepted === CALLS && calls.length === CALLS && numbers.size === CALLS);
    s.target(`${title}: ${s.whole(rate)} originations/s, ${WANTED} wanted`, rate >= WANTED);
    s.target(`sandbox alone is not faster than ${title}: ${s.whole(alone)}/s`, alone > rate);
    console.log(`  ${title}: ${s.whole(rate)}/s`);
    return [title, s.whole(rate), s.whole(alone), `${pace.p50.toFixed(0)} ms`, `${pace.p99.toFixed(0)} ms`, ...Object.values(us).map((sum) => Math.round(sum / CALLS))];
  });
}

export async function dialer() {
  const lines = [];
  for (const what of [{ dialers: 1, campaigns: 1 }, { dialers: 2, campaigns: 1 }, { dialers: 1, campaigns: 5 }]) lines.push(await originate(what));
  return { title: 'Dialing', text: [`${s.whole(CALLS)} leads, ${s.whole(HISTORY)} calls of earlier days, no pacing, callbacks off; each number was called exactly once. Wanted: ${s.whole(WANTED)} originations/s; `
    + 'the sandbox alone takes what the third column says. From permit to the written answer: p50, p99; processor time per call in microseconds.', '',
    s.markdown(['', 'originations/s', 'sandbox alone', 'p50', 'p99', 'dialer', 'sandbox', 'PostgreSQL'], lines)].join('\n') };
}

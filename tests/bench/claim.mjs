// What it costs to claim 100 leads, however many are waiting, and with an old snapshot open that keeps dead rows from being removed.

import pg from 'pg';
import * as s from './stage.mjs';

const SIZES = s.quick ? [1e3, 1e4] : s.full ? [1e3, 1e4, 1e5, 1e6, 1e7] : [1e3, 1e4, 1e5, 1e6];
const BATCH = 100;
const WANTED_MS = 2;

/** As superuser, so that the server tells the time of each statement inside functions. */
async function open(stack) {
  const client = new pg.Client({ connectionString: stack.env.OUTDIAL_DATABASE_URL.replace('owner@', 'postgres@'), options: '-c search_path=outdial,public,pg_temp -c jit=off' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function world(stack, client) {
  const { env } = stack, most = SIZES.at(-1);
  await client.query('SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = \'512MB\'');
  await client.query(`UPDATE provider_accounts SET calls_per_second = 1000, max_open_calls = 100000 WHERE account_sid = '${env.TWILIO_ACCOUNT_SID}'`);
  for (let from = 0; from < most; from += 500000) {
    await client.query(`INSERT INTO leads (id, tenant_id, name, phone_e164, original_phone)
      SELECT ('01960000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, 'Business ' || n, '+1' || (2122000000 + n), '-' FROM generate_series($2::bigint, $3::bigint) n`,
      [env.OUTDIAL_TENANT_ID, from, Math.min(from + 500000, most) - 1]);
  }
  await client.query('INSERT INTO account_pace (account_id, refilled_at) SELECT id, outdial.now() FROM provider_accounts ON CONFLICT DO NOTHING');
  const campaigns = [];
  for (const size of SIZES) {
    const [{ id }] = (await client.query(`INSERT INTO campaigns (tenant_id, name, state, interval_ms, max_open_calls, calls_per_second) VALUES ($1, $2, 'running', 0, 100000, 1000) RETURNING id`, [env.OUTDIAL_TENANT_ID, `${size} waiting`])).rows;
    const [list] = (await client.query(`INSERT INTO campaign_lists (tenant_id, campaign_id, total) VALUES ($1, $2, $3) RETURNING id`, [env.OUTDIAL_TENANT_ID, id, size])).rows;
    await client.query('UPDATE campaigns SET list_id = $2 WHERE id = $1', [id, list.id]);
    await client.query('INSERT INTO campaign_pace (campaign_id) VALUES ($1)', [id]);
    for (let from = 0; from < size; from += 500000) {
      await client.query(`INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position)
        SELECT $1, $2, $3, ('01960000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, n FROM generate_series($4::bigint, $5::bigint) n`, [env.OUTDIAL_TENANT_ID, list.id, id, from, Math.min(from + 500000, size) - 1]);
    }
    campaigns.push({ size, id });
  }
  await client.query('RESET session_replication_role');
  await client.query('VACUUM ANALYZE leads, campaign_leads, attempts, conversations');
  return campaigns;
}

/** One turn of the campaign as a dialer takes it; the time of the turn, and of those statements in it that claim. */
async function turn(stack, client, campaign, most = BATCH) {
  let claimed_ms = 0;
  const listen = (notice) => {
    const found = /^duration: ([0-9.]+) ms\s+plan:\s+Query Text: ([^]*)/.exec(notice.message);
    if (found && /SKIP LOCKED/.test(found[2]) && !/dial_campaign/.test(found[2].slice(0, 200))) claimed_ms += Number(found[1]);
  };
  client.on('notice', listen);
  await client.query('BEGIN');
  await client.query(`SELECT enter($1, 'dialer', 0, NULL, NULL)`, [stack.env.OUTDIAL_TENANT_ID]);
  // the buckets are full again
  await client.query(`UPDATE account_pace SET tokens = 1e6, refilled_at = outdial.now()`);
  await client.query(`UPDATE campaign_pace SET tokens = 1e6, refilled_at = outdial.now() - interval '1 minute' WHERE campaign_id = $1`, [campaign.id]);
  const begin = process.hrtime.bigint();
  const { rows } = await client.query({ name: 'turn', text: 'SELECT count(attempt_id)::int AS permits, max(reason) AS reason FROM dial_campaign($1, $2, 1, $3, $4)', values: [stack.env.OUTDIAL_TENANT_ID, campaign.id, most, stack.env.TWILIO_PHONE_NUMBER] });
  const turn_ms = Number(process.hrtime.bigint() - begin) / 1e6;
  await client.query('COMMIT');
  client.off('notice', listen);
  return { turn_ms, claimed_ms, permits: rows[0].permits, reason: rows[0].reason };
}

/** Ends the calls, so that their numbers are free and nothing counts as open. */
async function endCalls(client) {
  await client.query(`UPDATE attempts SET state = 'ended', ended_at = outdial.now(), next_look_at = NULL WHERE ended_at IS NULL`);
  await client.query(`UPDATE conversations SET closed_at = outdial.now() WHERE closed_at IS NULL`);
}

async function measure(stack, client, campaign, times) {
  const turns = [], claims = [];
  for (let n = 0; n < 2 * times; n++) {
    // telling the time of each statement costs more than the statements: turns and claims are measured in turn
    await client.query(`SET auto_explain.log_min_duration = ${n % 2 ? -1 : 0}`);
    const one = await turn(stack, client, campaign);
    if (one.permits !== BATCH) throw new Error(`${campaign.size} waiting: a turn gave ${one.permits} permits, ${one.reason}`);
    if (n % 2) turns.push(one.turn_ms);
    else claims.push(one.claimed_ms);
    if (n % 10 === 9) await endCalls(client);
  }
  await endCalls(client);
  return { claim: s.median(claims), worst: Math.max(...claims), turn: s.median(turns) };
}

export async function claim() {
  return s.stage({ dialers: 0 }, async (stack) => {
    const client = await open(stack), old = await open(stack);
    try {
      const begin = Date.now();
      const campaigns = await world(stack, client);
      console.log(`  ${s.whole(SIZES.at(-1))} leads after ${((Date.now() - begin) / 1000).toFixed(0)} s`);
      await client.query(`LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET client_min_messages = log`);
      const lines = [];
      for (const campaign of campaigns) {
        const fresh = await measure(stack, client, campaign, campaign.size > 1000 ? 15 : 1);
        await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        await old.query('SELECT count(*) FROM tenants');
        // so many have gone since the snapshot was taken
        await client.query('SET auto_explain.log_min_duration = -1');
        const gone = Math.min(20000, campaign.size / 4);
        for (let left = gone; left > 0;) {
          left -= (await turn(stack, client, campaign, Math.min(left, 100))).permits || left;
          await endCalls(client);
        }
        const held = await measure(stack, client, campaign, campaign.size > 1000 ? 15 : 1);
        await old.query('ROLLBACK');
        console.log(`  ${s.whole(campaign.size)}: claim ${fresh.claim.toFixed(2)} ms (worst ${fresh.worst.toFixed(2)}), turn ${fresh.turn.toFixed(1)} ms; old snapshot: claim ${held.claim.toFixed(2)} ms (worst ${held.worst.toFixed(2)}), turn ${held.turn.toFixed(1)} ms`);
        s.target(`claim of ${BATCH} of ${campaign.size}: p50 ${fresh.claim.toFixed(2)} ms, ${WANTED_MS} wanted`, fresh.claim <= WANTED_MS);
        s.target(`claim of ${BATCH} of ${campaign.size} with an old snapshot: p50 ${held.claim.toFixed(2)} ms, ${WANTED_MS} wanted`, held.claim <= WANTED_MS);
        lines.push([s.whole(campaign.size), fresh.claim.toFixed(2), held.claim.toFixed(2), fresh.turn.toFixed(1), held.turn.toFixed(1)]);
      }
      return { title: 'Claiming', text: [`${BATCH} leads claimed, milliseconds, p50; wanted: ${WANTED_MS} for the claim. A turn is the whole transaction's work: claim, rules, ${BATCH} permits written. `
        + 'Old snapshot: another session has held one open while up to 20,000 leads were called.', '',
        s.markdown(['leads waiting', 'claim', 'claim, old snapshot', 'turn', 'turn, old snapshot'], lines)].join('\n') };
    } finally {
      await client.end();
      await old.end();
    }
  });
}

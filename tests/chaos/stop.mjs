// SIGTERM: a worker, idle or loaded, is out within ten seconds and loses no request; a dialer permits nothing more and reports
// what is in flight.
//
//   stop.mjs --rounds 3        (needs the variables of run.env and OUTDIAL_STATE; one dialer)

import http from 'node:http';
import { admin, campaign, carrier, env, over, rows, status, tenant, until } from '../system/play.mjs';
import { alive, leaks, options, pause, pidOf, successor, table } from './stack.mjs';
import { numberOf } from './list.mjs';

const wish = options({ rounds: 3, connections: 16 });
const OUT_MS = 10000;
const maria = await admin();
const wrong = [];

async function terminate(name, number) {
  const pid = pidOf(name, number), at = Date.now();
  process.kill(pid, 'SIGTERM');
  while (alive(pid) && Date.now() - at < 30000) await pause(2);
  const out = Date.now() - at;
  if (out > OUT_MS) wrong.push(`${name}.${number} was out after ${out} ms`);
  const back = await successor(name, number, pid, at + out);
  if (back > 1000) wrong.push(`the successor of ${name}.${number} came after ${back} ms`);
  return out;
}

// ---- workers

let asked = 0, stop = false;
const phone = numberOf(1, '214');
const wire = new http.Agent({ keepAlive: true, maxSockets: wish.connections });
const ask = (method, path, body) => new Promise((settle) => {
  const text = body && JSON.stringify(body);
  http.request(env.OUTDIAL_URL + path, { method, agent: wire, headers: { authorization: `Bearer ${maria.token}`, ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}) } }, (answer) => {
    let got = '';
    answer.on('data', (piece) => { got += piece; }).on('end', () => settle({ status: answer.statusCode, text: got })).on('error', (error) => settle({ status: 0, text: `cut: ${error.message}` }));
  }).on('error', (error) => settle({ status: 0, text: error.message })).end(text);
});
async function load(n) {
  while (!stop) {
    const answer = n % 2 ? await ask('GET', `${tenant}/phone-numbers?limit=50`) : await ask('POST', `${tenant}/dnc`, { phone, scope: 'tenant' });
    asked++;
    if (answer.status < 200 || answer.status > 299) wrong.push(`${n % 2 ? 'GET phone-numbers' : 'POST dnc'}: ${answer.status} ${answer.text.slice(0, 160)}`);
  }
}

const idle = [], loaded = [];
for (let round = 0; round < wish.rounds; round++) {
  for (const number of [1, 2]) idle.push(await terminate('outdial-api', number));
  const after = await ask('GET', `${tenant}/phone-numbers?limit=1`);
  if (after.status !== 200) wrong.push(`after the idle stop: ${after.status} ${after.text.slice(0, 160)}`);
}
const clients = Array.from({ length: wish.connections }, (unused, n) => load(n));
await pause(500);
for (let round = 0; round < wish.rounds; round++)
  for (const number of [1, 2]) {
    const before = asked;
    loaded.push(await terminate('outdial-api', number));
    await until('the load goes on', () => asked > before + 50);
  }
stop = true;
await Promise.all(clients);
wire.destroy();

// ---- the dialer

await carrier.reset();
await carrier.speed(10);
await carrier.script('*', { outcome: 'human', ring_secs: 2, talk_secs: 4 });
const dialer = [], permits = [];
for (let round = 0; round < wish.rounds; round++) {
  dialer.push(await terminate('outdial-dialer', 1));
  const id = await campaign(maria, { maxConcurrentCalls: 200, callsPerSecond: 60 });
  const leads = Array.from({ length: 300 }, (unused, i) => ({ business_name: `Business ${i}`, phone: numberOf(1000 * (round + 1) + i, '215') }));
  const started = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads, intervalMinutes: 0 });
  if (started.status !== 200) throw new Error(started.text);
  await until('calls are under way', async () => (await status(maria, id)).callsMade > 30);
  const holders = (await rows('SELECT DISTINCT holder FROM attempts WHERE campaign_id = $1', [id])).map((row) => row.holder);
  const at = new Date();
  dialer.push(await terminate('outdial-dialer', 1));
  const out = new Date();
  const left = await rows('SELECT state, failure, permitted_at FROM attempts WHERE campaign_id = $1 AND holder = ANY ($2) AND (state IN (\'permitted\', \'unknown\') OR permitted_at > $3)', [id, holders, new Date(at.getTime() + 500)]);
  for (const one of left) wrong.push(`the stopped dialer left an attempt ${one.state}, permitted ${one.permitted_at - at} ms after SIGTERM: ${one.failure ?? ''}`);
  permits.push((await rows('SELECT count(*)::int AS n FROM attempts WHERE campaign_id = $1 AND permitted_at <= $2', [id, out]))[0].n);
  await over(maria, id, 120000);
  const calls = await carrier.calls((call) => !call.parent_sid && leads.some((lead) => lead.phone === call.to));
  if (calls.length !== leads.length || new Set(calls.map((call) => call.to)).size !== leads.length) wrong.push(`${leads.length} leads, ${calls.length} calls`);
}
wrong.push(...leaks());

const most = (list) => `${Math.max(...list)} ms (longest of ${list.length})`;
table('stops', [['idle worker out after', most(idle)], ['loaded worker out after', `${most(loaded)}; ${asked} requests by ${wish.connections} connections meanwhile`],
  ['dialer out after', `${most(dialer)}; permits before each stop: ${permits.join(', ')}`]]);
table('violations', [['all', wrong.length]]);
for (const one of wrong.slice(0, 20)) console.log(`  ${one}`);
process.exit(wrong.length ? 1 : 0);

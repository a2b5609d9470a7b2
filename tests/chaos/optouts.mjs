// Opt-outs race a dialer over the same numbers: no request may begin after an opt-out was acknowledged.
//
//   optouts.mjs --optouts 10000 --seed n         (needs the variables of run.env)
//
// Both clocks are this machine's.  An acknowledgement is the instant when the client has read the answer; a request is as late as
// the carrier saw it, which is never before it began.

import http from 'node:http';
import { admin, campaign, carrier, env, rows, status, tenant, until } from '../system/play.mjs';
import { chance, leaks, options, pause, table } from './stack.mjs';
import { numberOf } from './list.mjs';

const wish = options({ optouts: 10000, seed: Date.now() % 1000000, connections: 32, 'calls-per-second': 120 });
const random = chance(wish.seed);
const numbers = Array.from({ length: wish.optouts }, (unused, i) => numberOf(i, '213'));

const maria = await admin();
await carrier.reset();
await carrier.speed(20);
await carrier.script('*', { outcome: 'human', ring_secs: 4, talk_secs: 4 });
const id = await campaign(maria, { maxConcurrentCalls: 500, callsPerSecond: wish['calls-per-second'] });
const started = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: numbers.map((phone, i) => ({ business_name: `Business ${i}`, phone })), intervalMinutes: 0 });
if (started.status !== 200) throw new Error(`start: ${started.text}`);

const wire = new http.Agent({ keepAlive: true, maxSockets: wish.connections });
const place = new URL(env.OUTDIAL_URL + tenant + '/dnc');
const optOut = (phone) => new Promise((settle, fail) => {
  const body = JSON.stringify({ phone, reason: 'asked', scope: 'tenant' });
  const asked = Date.now();
  http.request(place, { method: 'POST', agent: wire, headers: { authorization: `Bearer ${maria.token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (answer) => {
    let text = '';
    answer.on('data', (piece) => { text += piece; }).on('end', () => settle({ status: answer.statusCode, text, at: Date.now(), took: Date.now() - asked }));
  }).on('error', fail).end(body);
});

// Where the dialer is, so that the opt-outs meet it there.
let front = 0, over = false;
const scout = (async () => {
  while (!over) {
    front = (await status(maria, id)).currentIndex;
    await pause(25);
  }
})();

const acknowledged = new Map(), refused = [], waits = [];
const left = new Set(numbers.keys());
let lowest = 0;
function choose() {
  while (lowest < numbers.length && !left.has(lowest)) lowest++;
  if (lowest >= numbers.length) return -1;
  for (let tries = 0; tries < 8; tries++) {
    const i = front - 10 + Math.floor(random() * 60);
    if (left.has(i)) return i;
  }
  // near the dialer all is done: those behind it, then wait for it to move on, but not forever
  return lowest < front ? lowest : random() < 0.05 ? lowest : -2;
}
await Promise.all(Array.from({ length: wish.connections }, async () => {
  for (let i = choose(); i !== -1; i = choose()) {
    if (i === -2) {
      await pause(5);
      continue;
    }
    left.delete(i);
    const answer = await optOut(numbers[i]);
    waits.push(answer.took);
    if (answer.status === 201 || answer.status === 200) acknowledged.set(numbers[i], answer.at);
    else refused.push(`${answer.status} ${answer.text.slice(0, 200)}`);
  }
}));
await until('the run is over', async () => (await status(maria, id)).isRunning === false, 150000);
over = true;
await scout;
wire.destroy();

const mine = new Set(numbers);
const calls = await carrier.calls((call) => mine.has(call.to) && !call.parent_sid);
const requests = [];
for (let since = 0; ;) {
  const page = await carrier.log(since);
  if (!page.length) break;
  for (const entry of page)
    if (entry.kind === 'request' && entry.method === 'POST' && /\/Calls\.json/.test(entry.url)) {
      const to = new URLSearchParams(entry.body ?? '').get('To');
      if (mine.has(to)) requests.push({ to, at: Date.parse(entry.at) });
    }
  since = page.at(-1).seq;
}
const late = [...requests, ...calls.map((call) => ({ to: call.to, at: Date.parse(call.created_at) }))].filter((one) => acknowledged.has(one.to) && one.at > acknowledged.get(one.to));
const near = requests.filter((one) => acknowledged.has(one.to)).map((one) => acknowledged.get(one.to) - one.at).filter((ms) => ms >= 0).sort((a, b) => a - b);
const listed = new Set((await rows('SELECT phone_e164 FROM dnc WHERE tenant_id = $1', [env.OUTDIAL_TENANT_ID])).map((row) => row.phone_e164));
const unlisted = numbers.filter((phone) => acknowledged.has(phone) && !listed.has(phone));
const twice = calls.length - new Set(calls.map((call) => call.to)).size;
const ends = await rows(`SELECT state, count(*)::int AS n FROM campaign_leads WHERE campaign_id = $1 GROUP BY 1 ORDER BY 1`, [id]);
waits.sort((a, b) => a - b);

table('opt-outs', [
  ['acknowledged', `${acknowledged.size} of ${numbers.length} by ${wish.connections} connections`],
  ['an acknowledgement took', `${waits[waits.length >> 1]} ms (median), ${waits[Math.floor(waits.length * 0.99)]} ms (p99), ${waits.at(-1)} ms (longest)`],
  ['requests to call seen by the carrier', `${requests.length}; calls ${calls.length}`],
  ['closest request before its acknowledgement', near.length ? `${near[0]} ms; within 100 ms: ${near.filter((ms) => ms <= 100).length}; within 1 s: ${near.filter((ms) => ms <= 1000).length}` : '-'],
  ['leads', ends.map((row) => `${row.state} ${row.n}`).join(', ')],
]);
const leaked = leaks();
table('violations', [['requests after the acknowledgement', late.length], ['acknowledged, but not listed', unlisted.length], ['opt-outs refused', refused.length], ['dialed twice', twice],
  ['leads without an end', ends.filter((row) => ['waiting', 'calling'].includes(row.state)).reduce((sum, row) => sum + row.n, 0)], ['logs', leaked.length]]);
for (const one of late.slice(0, 20)) console.log(`  ...${one.to.slice(-7)}: request ${one.at - acknowledged.get(one.to)} ms after the acknowledgement`);
for (const one of [...refused.slice(0, 5), ...leaked]) console.log(`  ${one}`);
const raced = near.filter((ms) => ms <= 1000).length;
if (!raced) console.log('  the opt-outs never met the dialer: this run proves nothing');
process.exit(late.length || unlisted.length || refused.length || twice || leaked.length || !raced || ends.some((row) => ['waiting', 'calling'].includes(row.state)) ? 1 : 0);

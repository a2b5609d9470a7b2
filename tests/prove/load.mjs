// Two figures of a worker and a dialer.
//
//   memory      so many requests to the number list and as carrier's webhooks: each outdial-api process stays below 64 MiB, flat
//   open calls  one dialer holds 200 open calls, replaces those that end, and does not fall behind its pace
//
//   load.mjs --requests 100000 --open 200 --seconds 60        (needs the variables of run.env and OUTDIAL_STATE)
//
// --any-size: sanitizers' memory is not measured.

import { createHmac } from 'node:crypto';
import http from 'node:http';
import { admin, campaign, carrier, env, over, rows, status, tenant, until } from '../system/play.mjs';
import { leaks, options, pause, pidOf, residentKiB, table } from '../chaos/stack.mjs';
import { numberOf } from '../chaos/list.mjs';

const wish = options({ requests: 100000, connections: 32, open: 200, 'calls-per-second': 20, seconds: 60, only: 'memory,open', 'any-size': false });
const MOST_KIB = 64 * 1024;
const FLAT_KIB = 4 * 1024;                                      // growth that is allowed after the first tenth
const wrong = [];
const maria = await admin();
const workers = [1, 2].map((n) => pidOf('outdial-api', n)).filter(Boolean);

const wire = new http.Agent({ keepAlive: true, maxSockets: wish.connections });
const ask = (method, url, headers, text) => new Promise((settle, fail) => {
  http.request(url, { method, agent: wire, headers: { ...headers, ...(text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }) } }, (answer) => {
    let size = 0;
    answer.on('data', (piece) => { size += piece.length; }).on('end', () => settle({ status: answer.statusCode, size }));
  }).on('error', fail).end(text);
});

/** As Twilio signs: address, then each parameter's name and value, sorted. */
function signed(url, form) {
  const said = url + Object.keys(form).sort().map((name) => name + form[name]).join('');
  return { 'x-twilio-signature': createHmac('sha1', env.TWILIO_AUTH_TOKEN).update(said).digest('base64'), 'content-type': 'application/x-www-form-urlencoded' };
}

async function memory() {
  await carrier.reset();
  await carrier.speed(50);
  await carrier.script('*', { outcome: 'human', ring_secs: 1, talk_secs: 1 });
  const id = await campaign(maria, { maxConcurrentCalls: 100, callsPerSecond: 100 });
  const leads = Array.from({ length: 200 }, (unused, i) => ({ business_name: `Business ${i}`, phone: numberOf(i, '216') }));
  const started = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads, intervalMinutes: 0 });
  if (started.status !== 200) throw new Error(started.text);
  await over(maria, id, 90000);
  const calls = (await carrier.log()).filter((entry) => entry.kind === 'callback' && entry.url.includes('/call-status') && entry.status === 204)
    .map((entry) => ({ url: entry.url, form: Object.fromEntries(new URLSearchParams(entry.body)) }));
  if (calls.length < 100) throw new Error(`only ${calls.length} webhooks to repeat`);

  const most = new Map(workers.map((pid) => [pid, 0])), early = new Map();
  let next = 0, bad = 0;
  const trace = [];
  const begin = Date.now();
  const look = () => {
    const now = workers.map((pid) => residentKiB(pid));
    workers.forEach((pid, i) => most.set(pid, Math.max(most.get(pid), now[i])));
    return now;
  };
  const before = look();
  const tenth = Math.floor(wish.requests / 10);
  let token = maria.token, tokenAt = Date.now();
  await Promise.all(Array.from({ length: wish.connections }, async () => {
    while (next < wish.requests) {
      const n = next++;
      if (n % tenth === 0) {
        trace.push(look().map((kib) => (kib / 1024).toFixed(1)).join('/'));
        if (n === tenth) workers.forEach((pid, i) => early.set(pid, look()[i]));
        if (Date.now() - tokenAt > 600000) {
          tokenAt = Date.now();
          token = (await admin()).token;
        }
      }
      let answer;
      if (n % 2) answer = await ask('GET', `${env.OUTDIAL_URL}${tenant}/phone-numbers?limit=50`, { authorization: `Bearer ${token}` });
      else {
        const one = calls[(n >> 1) % calls.length];
        // half of them are new words about a call that is over, half are repetitions
        const form = n % 4 ? one.form : { ...one.form, SequenceNumber: String(n) };
        answer = await ask('POST', one.url, signed(one.url, form), new URLSearchParams(form).toString());
      }
      if (answer.status !== 200 && answer.status !== 204 && ++bad < 5) wrong.push(`request ${n}: ${answer.status}`);
    }
  }));
  const after = look(), seconds = (Date.now() - begin) / 1000;
  workers.forEach((pid, i) => {
    if (pidOf('outdial-api', i + 1) !== pid) wrong.push(`outdial-api.${i + 1} is another process now`);
    if (wish['any-size']) return;
    if (most.get(pid) > MOST_KIB) wrong.push(`outdial-api.${i + 1} took ${most.get(pid)} KiB`);
    if (after[i] - early.get(pid) > FLAT_KIB) wrong.push(`outdial-api.${i + 1} grew by ${after[i] - early.get(pid)} KiB after the first tenth`);
  });
  if (bad) wrong.push(`${bad} requests were refused`);
  const mib = (list) => list.map((kib) => (kib / 1024).toFixed(1)).join(' / ');
  table('memory', [['requests', `${wish.requests} in ${seconds.toFixed(1)} s by ${wish.connections} connections: ${Math.round(wish.requests / seconds)}/s`],
    ['resident before (MiB per process)', mib(before)], ['resident after', mib(after)], ['most', mib([...most.values()])], ['at each tenth', trace.join('  ')]]);
}

async function open() {
  await carrier.reset();
  await carrier.speed(1);
  await carrier.script('*', { outcome: 'human', ring_secs: 1, talk_secs: 25 });
  const pace = wish['calls-per-second'];
  const id = await campaign(maria, { maxConcurrentCalls: wish.open, callsPerSecond: pace });
  const enough = wish.open * 2 + Math.ceil(wish.seconds * wish.open / 20) + 200;
  const leads = Array.from({ length: enough }, (unused, i) => ({ business_name: `Business ${i}`, phone: numberOf(i, '217') }));
  const begin = Date.now();
  const started = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads, intervalMinutes: 0 });
  if (started.status !== 200) throw new Error(started.text);
  const sample = async () => (await rows(`SELECT count(*) FILTER (WHERE ended_at IS NULL)::int AS open, count(*)::int AS made, count(*) FILTER (WHERE state = 'unknown')::int AS unknown FROM attempts WHERE campaign_id = $1`, [id]))[0];
  await until('all are open', async () => (await sample()).open >= wish.open, wish.open / pace * 3000 + 20000);
  const filled = (Date.now() - begin) / 1000;
  const seen = [], madeAt = (await sample()).made, from = Date.now();
  while (Date.now() - from < wish.seconds * 1000) {
    seen.push(await sample());
    await pause(250);
  }
  const made = seen.at(-1).made - madeAt;
  const spans = await rows(`SELECT extract(epoch FROM max(permitted_at) - min(permitted_at)) AS s, count(*)::int AS n FROM (SELECT permitted_at FROM attempts WHERE campaign_id = $1 ORDER BY permitted_at LIMIT $2) f`, [id, wish.open]);
  const late = await rows(`SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - permitted_at)) AS p99, max(extract(epoch FROM settled_at - permitted_at)) AS most FROM attempts WHERE campaign_id = $1`, [id]);
  const second = await rows(`SELECT max(n)::int AS most FROM (SELECT count(*) AS n FROM attempts WHERE campaign_id = $1 GROUP BY date_trunc('second', permitted_at)) s`, [id]);
  await maria.post(`/api/outbound-caller/stop?campaign_id=${id}`, {});
  const lowest = Math.min(...seen.map((s) => s.open)), highest = Math.max(...seen.map((s) => s.open)), average = seen.reduce((sum, s) => sum + s.open, 0) / seen.length;
  const filling = (spans[0].n - 1) / spans[0].s;
  table('open calls', [
    ['reached', `${wish.open} open after ${filled.toFixed(1)} s; pace while filling ${filling.toFixed(1)} calls/s of ${pace} allowed; most in a second ${second[0].most}`],
    ['held', `${lowest} to ${highest} open, ${average.toFixed(1)} on average over ${wish.seconds} s`],
    ['replaced', `${made} calls, ${(made / wish.seconds).toFixed(1)}/s`],
    ['from permit to the carrier\'s answer', `p99 ${Number(late[0].p99 * 1000).toFixed(0)} ms, longest ${Number(late[0].most * 1000).toFixed(0)} ms`],
    ['unknown', Math.max(...seen.map((s) => s.unknown))],
  ]);
  if (filling < pace * 0.85) wrong.push(`the pace while filling was ${filling.toFixed(1)} calls/s`);
  if (average < wish.open * 0.95) wrong.push(`${average.toFixed(1)} calls were open on average`);
  if (highest > wish.open) wrong.push(`${highest} calls were open`);
  if (second[0].most > pace) wrong.push(`${second[0].most} permits in one second`);
  await carrier.speed(100);
  await until('the calls have ended', async () => (await sample()).open === 0, 120000);
}

for (const name of wish.only.split(',')) await (name === 'memory' ? memory() : open());
wire.destroy();
wrong.push(...leaks());
table('violations', [['all', wrong.length]]);
for (const one of wrong.slice(0, 20)) console.log(`  ${one}`);
process.exit(wrong.length ? 1 : 0);

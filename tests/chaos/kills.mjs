// A list of leads is called while programs are killed at random.  Afterwards the carrier's truth and our rows must agree.
//
//   kills.mjs --leads 2000 --kills 200 --seed n        (needs the variables of run.env and OUTDIAL_STATE)

import { admin, campaign, carrier, status, until } from '../system/play.mjs';
import { alive, chance, childrenOf, leaks, options, pause, pidOf, successor, table } from './stack.mjs';
import { mixedList } from './list.mjs';
import { compare } from './truth.mjs';

const wish = options({ leads: 2000, kills: 200, seed: Date.now() % 1000000, 'gap-ms': 500, 'calls-per-second': 0 });
const random = chance(wish.seed);
const dialers = Number(process.env.OUTDIAL_DIALERS ?? 1);
const BACK_MS = 1000;
// an attempt that is settled after two minutes as never placed is dialed again, and the end of that call may be asked for late, too
const LAST_MS = 260000;
const STOPPED_MS = 30000;                                       // three lease lengths

const killed = new Map();
const back = [];
let stopped = 0;                                                // the dialer that stands still, by number

function victim() {
  const kinds = [[30, 'outdial-dialer'], [30, 'outdial-api'], [18, 'backend'], [8, 'postgres'], [8, 'nginx worker'], [2, 'nginx'], [4, 'outdial-sandbox']];
  let left = random() * 100;
  const kind = kinds.find(([weight]) => (left -= weight) < 0)[1];
  const child = (parent) => {
    const some = childrenOf(parent);
    return some[Math.floor(random() * some.length)] ?? 0;
  };
  if (kind === 'backend') return { kind, pid: child(pidOf('postgres')) };
  if (kind === 'nginx worker') return { kind, pid: child(pidOf('nginx')) };
  const number = kind === 'outdial-dialer' ? 1 + Math.floor(random() * dialers) : kind === 'outdial-api' ? 1 + Math.floor(random() * 2) : 1;
  return kind === 'outdial-dialer' && number === stopped ? victim() : { kind, number, name: kind, pid: pidOf(kind, number) };
}

function strike() {
  const one = victim();
  if (!one.pid || !alive(one.pid)) return false;                // dead already, its successor is not there yet
  const at = Date.now();
  try {
    process.kill(one.pid, 'SIGKILL');
  } catch {
    return false;
  }
  killed.set(one.kind, (killed.get(one.kind) ?? 0) + 1);
  if (one.name) back.push(successor(one.name, one.number, one.pid, at).then((ms) => ({ ...one, ms })));
  return true;
}

/** One dialer stands still for three lease lengths, with whatever it was about to send. */
async function standStill() {
  stopped = 1 + Math.floor(random() * dialers);
  for (;;) {
    const pid = pidOf('outdial-dialer', stopped);
    if (pid && alive(pid)) {
      process.kill(pid, 'SIGSTOP');
      await pause(STOPPED_MS);
      process.kill(pid, 'SIGCONT');
      break;
    }
    await pause(50);
  }
  stopped = 0;
}

const patient = async (ask) => until('the API answers', ask, 30000);
console.log(`kills and faults: ${wish.leads} leads, ${wish.kills} kills, ${dialers} dialer(s), seed ${wish.seed}`);
const maria = await patient(admin);
await carrier.reset();
await carrier.speed(4);
const leads = await mixedList(wish.leads, random);
// the calls are spread over the time that the kills take
const pace = wish['calls-per-second'] || Math.max(1, Math.min(50, Math.ceil(wish.leads / (wish.kills * wish['gap-ms'] * 1.2 / 1000))));
const id = await campaign(maria, { maxConcurrentCalls: 500, callsPerSecond: pace });
const list = leads.map((lead, i) => ({ business_name: `Business ${i}`, phone: lead.phone, category: 'Dentists' }));
const started = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads: list, intervalMinutes: 0 });
if (started.status !== 200) throw new Error(`start: ${started.text}`);
const begin = Date.now();
console.log(`started ${started.body.totalLeads} at up to ${pace} calls/s; killing`);

let standing = Promise.resolve();
for (let done = 0; done < wish.kills;) {
  if (dialers > 1 && done === wish.kills >> 2 && !stopped) standing = standStill();
  done += strike();
  await pause(wish['gap-ms'] * (0.2 + 1.6 * random()));
}
const lastFault = await standing.then(() => Date.now());
const returns = await Promise.all(back);
console.log(`killed ${wish.kills} in ${Math.round((Date.now() - begin) / 1000)} s; waiting for the end of the run`);

const problems = [];
let token = maria;
let end;
await until('the run is over', async () => {
  let now = await status(token, id);
  if (now?.isRunning === undefined) {
    token = await admin();
    now = await status(token, id);
  }
  end = now;
  return now.isRunning === false;
}, Math.max(0, wish.leads / pace * 1000 - (Date.now() - begin)) + LAST_MS).catch((error) => problems.push({ what: 'stuck', text: error.message }));
const took = Date.now() - begin;
// the last status words of calls that have ended may still be on their way
await until('the last words are here', async () => (await carrier.calls((call) => !['completed', 'busy', 'no-answer', 'failed', 'canceled'].includes(call.status))).length === 0, 60000)
  .catch((error) => problems.push({ what: 'stuck', text: error.message }));
await pause(3000);

const found = await compare(id);
problems.push(...found.wrong);
for (const one of returns) if (one.ms > BACK_MS) problems.push({ what: 'slow return', text: `slow return: ${one.name}.${one.number} was back after ${one.ms} ms` });
for (const leak of leaks()) problems.push({ what: 'log', text: leak });
if (end && !(end.currentIndex === end.totalLeads && end.remaining === 0 && end.totalLeads === wish.leads)) problems.push({ what: 'status', text: `status: ${JSON.stringify(end)}` });
const restarted = returns.map((one) => one.ms).sort((a, b) => a - b);

table('kills', [...killed].sort().map(([kind, count]) => [kind, count]));
table('run', [
  ['took', `${Math.round(took / 1000)} s, ${Math.round((took - (lastFault - begin)) / 1000)} s of it after the last fault`],
  ...found.lines,
  ['new process after a kill', restarted.length ? `${restarted[restarted.length >> 1]} ms (median), ${restarted.at(-1)} ms (longest) of ${restarted.length}` : '-'],
]);
const kinds = [...new Set(problems.map((one) => one.what))];
table('violations', kinds.length ? kinds.map((what) => [what, problems.filter((one) => one.what === what).length]) : [['none', 0]]);
for (const one of problems.slice(0, 40)) console.log(`  ${one.text}`);
process.exit(problems.length ? 1 : 0);

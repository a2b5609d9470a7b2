// A receiver of webhooks is down for ten minutes while a campaign runs, and a dialer is killed meanwhile: afterwards every event is
// there, none is lost and none came twice; another receiver of the same tenant was not kept waiting.
//
//   hooks.mjs --down-s 600 --leads 1300        (needs the variables of run.env and OUTDIAL_STATE; two dialers)

import { admin, campaign, carrier, over, rows, tenant, until } from '../system/play.mjs';
import { receiver } from '../system/receiver.mjs';
import { leaks, options, pause, pidOf, successor, table } from './stack.mjs';
import { numberOf } from './list.mjs';

const wish = options({ 'down-s': 600, leads: 1300 });
const wrong = [];
const maria = await admin();
await carrier.reset();
await carrier.speed(20);
await carrier.script('*', { outcome: 'human', ring_secs: 4, talk_secs: 20 });

async function endpoint() {
  const here = await receiver();
  const made = await maria.post(`${tenant}/webhook-endpoints`, { url: here.url });
  if (made.status !== 201) throw new Error(made.text);
  here.secret = made.body.secret;
  here.id = made.body.id;
  return here;
}
const [suffering, healthy] = [await endpoint(), await endpoint()];

// The campaign is at it before, during and after the outage.
const rate = wish.leads / (wish['down-s'] * 1.08 + 2);
const id = await campaign(maria, { maxConcurrentCalls: 200, callsPerSecond: rate });
const leads = Array.from({ length: wish.leads }, (unused, i) => ({ business_name: `Business ${i}`, phone: numberOf(i, '216'), category: 'Any' }));
const started = await maria.post(`/api/outbound-caller/start?campaign_id=${id}`, { leads, intervalMinutes: 0 });
if (started.status !== 200) throw new Error(started.text);
await until('the first call is told', () => suffering.of('call.completed').length > 0);
const before = suffering.got.length;

// The first third nobody listens, then somebody answers 503, then nobody answers at all.
const third = wish['down-s'] * 1000 / 3;
await suffering.down();
const down = Date.now();
await pause(third);
suffering.does = () => 503;
await suffering.up();
const victim = pidOf('outdial-dialer', 1);
process.kill(victim, 'SIGKILL');
await successor('outdial-dialer', 1, victim, Date.now());
await pause(third);
suffering.does = () => undefined;
await pause(third);
await suffering.down();
const during = suffering.got.length - before;
suffering.does = () => 200;
await suffering.up();
const up = Date.now();

// What is to be told: a call's steps for every lead that the carrier saw, and the campaign's two.
await over(maria, id, 600000);
const calls = await carrier.calls((call) => !call.parent_sid && call.to.startsWith('+1216'));
if (calls.length !== leads.length) wrong.push(`${leads.length} leads, ${calls.length} calls`);
const events = (await rows("SELECT id, type FROM webhook_events WHERE tenant_id = $1 ORDER BY seq", [process.env.OUTDIAL_TENANT_ID]));
const backlog = Math.max(0, events.length - suffering.got.length);
await until('everything is there', () => {
  const here = new Set(suffering.ids());
  return events.every((event) => here.has(event.id));
}, 900000).catch((error) => wrong.push(error.message));
const complete = Date.now();
await until('the log is at rest', async () => (await rows("SELECT FROM webhook_deliveries WHERE state = 'waiting'")).length === 0, 120000).catch((error) => wrong.push(error.message));

// news that was overtaken by better news on its way from the carrier is not told
const types = [['call.started', true], ['call.ringing', false], ['call.answered', false], ['call.completed', true]];
for (const here of [suffering, healthy]) {
  const name = here === suffering ? 'the one that was down' : 'the other one';
  const ids = here.ids(), known = new Set(events.map((event) => event.id));
  if (here.forged) wrong.push(`${name}: ${here.forged} signatures did not verify`);
  const heard = new Set(ids);
  const lost = events.filter((event) => !heard.has(event.id)).length;
  if (lost) wrong.push(`${name}: ${lost} events never came`);
  if (ids.some((one) => !known.has(one))) wrong.push(`${name}: an event that nobody knows`);
  here.twice = ids.length - heard.size;
  const per = new Map();
  for (const message of new Map(here.got.map((one) => [one.id, one])).values()) {
    const key = `${message.body.data.to_number ?? message.body.data.id} ${message.type}`;
    per.set(key, (per.get(key) ?? 0) + 1);
  }
  for (const lead of leads)
    for (const [type, always] of types)
      if (![1, ...(always ? [] : [undefined])].includes(per.get(`${lead.phone} ${type}`))) wrong.push(`${name}: ${per.get(`${lead.phone} ${type}`) ?? 0} times ${type} of one call`);
  if (per.get(`${id} campaign.state_changed`) !== 2) wrong.push(`${name}: the campaign's two states`);
}
if (suffering.twice) wrong.push(`the one that was down: ${suffering.twice} events came twice`);
// the dialer that was killed may have sent to the other one without having written it down: the same id again, as is said
if (healthy.twice > 8) wrong.push(`the other one: ${healthy.twice} events came twice`);
if (during) wrong.push(`${during} messages were taken while nobody was there`);
wrong.push(...leaks());
for (const here of [suffering, healthy]) {
  await maria.delete(`${tenant}/webhook-endpoints/${here.id}`);
  await here.down();
}

const late = (list) => list.map((message) => message.at - Date.parse(message.body.timestamp)).sort((a, b) => a - b);
const at = (list, share) => `${list.length ? list[Math.min(list.length - 1, Math.floor(list.length * share))] : '-'} ms`;
const meanwhile = late(healthy.got.filter((message) => message.at > down && message.at < up));
const after = late(suffering.got.filter((message) => message.at > up && Date.parse(message.body.timestamp) > complete));
table('webhooks through an outage', [
  ['down', `${Math.round((up - down) / 1000)} s: refused, 503, silent; one dialer killed`],
  ['events', `${events.length} of ${calls.length} calls; ${before} before`],
  ['tries in vain', suffering.tries.length - suffering.got.length],
  ['waiting when it came back', backlog],
  ['everything was there after', `${complete - up} ms (the campaign ended meanwhile)`],
  ['came twice', `${suffering.twice}; to the other one ${healthy.twice}, by the killed dialer`],
  ['the other one meanwhile, event to answer', `p50 ${at(meanwhile, 0.5)}, p99 ${at(meanwhile, 0.99)}, longest ${at(meanwhile, 1)}`],
  ['this one afterwards', after.length ? `p50 ${at(after, 0.5)}` : 'no event was left to tell'],
]);
table('violations', [['all', wrong.length]]);
for (const one of wrong.slice(0, 20)) console.log(`  ${one}`);
process.exit(wrong.length ? 1 : 0);

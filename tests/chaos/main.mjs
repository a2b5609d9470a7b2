// All proofs of this folder, one after another, each against a stack of its own.
//
//   run                          full size: 2,000 leads and 200 kills with one dialer and with three, 10,000 opt-outs, stops
//   run --small                  the same in about three minutes; webhooks' receiver is down for seconds, not for ten minutes
//   run --only kills,load        some of them; load (memory and open calls) only when it is named
//   run --seed n                 the same random choices again     --keep   leaves state and logs where they are

import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { options, start } from './stack.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const wish = options({ small: false, only: 'kills,optouts,stop,hooks', dialers: '', seed: Date.now() % 1000000, leads: 0, kills: 0, optouts: 0, bin: process.env.OUTDIAL_BIN ?? 'build/release', keep: false, 'gap-ms': 500 });
const size = wish.small ? { leads: 150, kills: 25, optouts: 400, rounds: 1, dialers: '3', load: ['--requests', 5000, '--seconds', 10], hooks: ['--down-s', 8, '--leads', 160] } : { leads: 2000, kills: 220, optouts: 10000, rounds: 3, dialers: '1,3', load: [], hooks: [] };
for (const name of ['leads', 'kills', 'optouts', 'dialers']) if (wish[name]) size[name] = wish[name];

const prove = join(here, '../prove');
const proofs = [];
for (const name of wish.only.split(','))
  if (name === 'kills')
    for (const dialers of String(size.dialers).split(',')) proofs.push([`kills, ${dialers} dialer(s)`, Number(dialers), 'kills.mjs', ['--leads', size.leads, '--kills', size.kills, '--seed', wish.seed, '--gap-ms', wish['gap-ms']]]);
  else if (name === 'optouts') proofs.push(['opt-outs', 2, 'optouts.mjs', ['--optouts', size.optouts, '--seed', wish.seed]]);
  else if (name === 'load') proofs.push(['memory and open calls', 1, join(prove, 'load.mjs'), size.load]);
  else if (name === 'stop') proofs.push(['stops', 1, 'stop.mjs', ['--rounds', size.rounds]]);
  else if (name === 'hooks') proofs.push(['webhooks through an outage', 2, 'hooks.mjs', size.hooks, wish.small ? { OUTDIAL_WEBHOOK_PERCENT: '5' } : {}]);
  else throw new Error(`there is no proof ${name}`);

let child;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child?.kill('SIGKILL'));
const results = [];
for (const [title, dialers, file, given, settings] of proofs) {
  console.log(`\n== ${title}`);
  const begin = Date.now();
  const stack = await start({ bin: wish.bin, dialers, keep: wish.keep, settings });
  child = spawn(process.execPath, [resolve(here, file), ...given.map(String)], { stdio: 'inherit', env: stack.env });
  const code = await new Promise((settle) => child.once('exit', (status, signal) => settle(signal ?? status)));
  const survived = stack.alive();
  const ended = await stack.stop();
  results.push([title, code === 0 && survived && ended === 0 && !stack.reports.length, Math.round((Date.now() - begin) / 1000)]);
  for (const report of stack.reports.slice(0, 20)) console.log(`  ${report}`);
  if (!survived || ended !== 0) console.log(`FAILED: the supervisor ended with ${ended}`);
}
console.log();
for (const [title, good, seconds] of results) console.log(`${good ? 'ok    ' : 'FAILED'}  ${title}, ${seconds} s`);
console.log(`${results.filter(([, good]) => good).length} passed, ${results.filter(([, good]) => !good).length} failed`);
process.exit(results.every(([, good]) => good) ? 0 : 1);

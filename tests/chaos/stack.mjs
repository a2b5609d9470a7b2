// A stack of the proof's own: started, stopped, and looked at from outside through $STATE/pids.
//
// It asks for nothing but the built programs, so it can be started many times side by side.

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, openSync, closeSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));

/** --name value, --flag; what is not given keeps its preset, whose type decides. */
export function options(presets, argv = process.argv.slice(2)) {
  const given = { ...presets };
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i].replace(/^--/, '');
    if (!argv[i].startsWith('--') || !(name in presets)) {
      console.error(`unknown option ${argv[i]}; there are ${Object.entries(presets).map(([key, value]) => `--${key} (${value})`).join(', ')}`);
      process.exit(2);
    }
    if (typeof presets[name] === 'boolean') given[name] = true;
    else given[name] = typeof presets[name] === 'number' ? Number(argv[++i]) : argv[++i];
  }
  return given;
}

/** The same numbers for the same seed. */
export function chance(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function variables(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => /^[A-Z]/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

const free = (port) => new Promise((settle) => {
  const probe = createServer().once('error', () => settle(false)).listen(port, '127.0.0.1', () => probe.close(() => settle(true)));
});

async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 20000);
    if (await free(port) && await free(port + 1)) return port;
  }
}

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, async () => {
    for (const stack of running) await stack.stop();
    process.exit(130);
  });

/** What sanitizers wrote, when the programs were built with them: complete once the stack has ended. */
function sanitizers(logs) {
  if (!existsSync(logs)) return [];
  return readdirSync(logs).flatMap((file) => readFileSync(join(logs, file), 'latin1').split('\n')
    .filter((line) => /ERROR: (Address|Leak)Sanitizer|DEADLYSIGNAL|runtime error:|WARNING: ThreadSanitizer/.test(line)).map((line) => `${file}: ${line}`));
}

/** Starts a stack in a new folder; the answer has env, state (folder), alive() and stop(), then reports. */
export async function start({ bin, dialers = 1, workers = 2, keep = false, settings = {} }) {
  const place = mkdtempSync(join(tmpdir(), 'outdial-chaos-'));
  chmodSync(place, 0o755);
  const state = join(place, 'state');
  const out = openSync(join(place, 'stack.log'), 'a');
  const { MAKELEVEL, MAKEFLAGS, MFLAGS, ...clean } = process.env;
  const child = spawn(join(resolve(top, bin), 'outdial'), ['run'], {
    stdio: ['ignore', out, out],
    detached: true,
    env: { ...clean, ...settings, STATE: state, PORT: String(await freePort()), DIALERS: String(dialers), WORKERS: String(workers), OUTDIAL_DIALERS: undefined },
  });
  closeSync(out);
  let ended;
  const end = new Promise((settle) => child.once('exit', (code, signal) => { ended = signal ?? code; settle(); }));
  const stack = {
    state,
    place,
    alive: () => ended === undefined,
    async stop() {
      if (ended === undefined) child.kill('SIGTERM');
      await Promise.race([end, pause(60000).then(() => child.kill('SIGKILL'))]);
      await end;
      running.delete(stack);
      stack.reports = sanitizers(join(state, 'logs'));
      if (keep) console.log(`kept: ${place}`);
      else rmSync(place, { recursive: true, force: true });
      return ended;
    },
  };
  running.add(stack);
  for (let waited = 0; !existsSync(join(state, 'run.env')); waited += 50) {
    if (ended !== undefined || waited > 180000) {
      const said = readFileSync(join(place, 'stack.log'), 'utf8');
      await stack.stop();
      throw new Error(`the stack does not start:\n${said}`);
    }
    await pause(50);
  }
  stack.env = { ...process.env, ...variables(join(state, 'run.env')), OUTDIAL_STATE: state, OUTDIAL_DIALERS: String(dialers), OUTDIAL_BIN: resolve(top, bin) };
  return stack;
}

// ---- looking at a running one: $OUTDIAL_STATE

const state = () => process.env.OUTDIAL_STATE;
export const alive = (pid) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
};

/** The process id in $STATE/pids/NAME.N, or 0. */
export function pidOf(name, number = 1) {
  try {
    return Number(readFileSync(join(state(), 'pids', `${name}.${number}`), 'utf8'));
  } catch {
    return 0;
  }
}

export function childrenOf(parent) {
  const found = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]) === parent) found.push(Number(entry));
    } catch {
      // it ended meanwhile
    }
  }
  return found;
}

export const residentKiB = (pid) => Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

/** Waits until NAME.N is another, living process; answers after how many ms since `from`. */
export async function successor(name, number, old, from, limit_ms = 30000) {
  for (;;) {
    const pid = pidOf(name, number);
    if (pid && pid !== old && alive(pid)) return Date.now() - from;
    if (Date.now() - from > limit_ms) return Infinity;
    await pause(5);
  }
}

/** Telephone numbers and secrets of run.env that stand in the logs. */
export function leaks() {
  const found = [];
  const env = variables(join(state(), 'run.env'));
  const secrets = Object.entries(env).filter(([name, value]) => /(PASSWORD|SECRET|TOKEN|KEY)$/.test(name) && value.length >= 12);
  for (const file of readdirSync(join(state(), 'logs')).filter((name) => name.endsWith('.log'))) {
    const text = readFileSync(join(state(), 'logs', file), 'latin1');
    for (const [name, value] of secrets) if (text.includes(value)) found.push(`${file} shows ${name}`);
    const number = /(\+|%2B)[1-9][0-9]{7,14}/.exec(text);
    if (number) found.push(`${file} shows a telephone number: ...${text.slice(Math.max(0, number.index - 80), number.index + 4)}...`);
  }
  return found;
}

/** Prints name and value in two columns. */
export function table(title, lines) {
  console.log(`\n${title}`);
  for (const [name, value] of lines) console.log(`  ${String(name).padEnd(46)} ${value}`);
}

// What every measurement needs: a stack, rivals behind an nginx of the same configuration, the load generator, processor time, figures.

import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { childrenOf, pause, start, top } from '../chaos/stack.mjs';

export const here = dirname(fileURLToPath(import.meta.url));
export const programs = process.env.OUTDIAL_BIN ?? join(top, 'build/release');
export const full = process.env.FULL === '1';
/** Sizes shrink to a tenth with QUICK=1, to try the bench itself. */
export const quick = process.env.QUICK === '1';

// ---- processes of ours: none outlives this one

const children = new Set();
process.on('exit', () => { for (const child of children) child.kill('SIGKILL'); });

/** The user that the stack runs as. */
const user = (state) => {
  const { uid, gid } = statSync(state);
  return process.getuid() === 0 ? { uid, gid } : {};
};

export function launch(stack, command, args, env = {}) {
  const child = spawn(command, args, { ...user(stack.state), cwd: stack.place, stdio: ['ignore', 'ignore', 'inherit'], env: { ...stack.env, ...env } });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

export async function dismiss(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((settle) => child.once('exit', settle));
  const all = [child.pid, ...descendants(child.pid)];
  child.kill('SIGTERM');
  await Promise.race([gone, pause(3000)]);
  for (const pid of all) {
    try { process.kill(pid, 'SIGKILL'); } catch { /* it has ended */ }
  }
  await gone;
}

const descendants = (pid) => childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);

async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 20000);
    if (await new Promise((settle) => {
      const probe = createServer().once('error', () => settle(false)).listen(port, '127.0.0.1', () => probe.close(() => settle(true)));
    })) return port;
  }
}

// ---- a stack

export async function stage(options, work) {
  const stack = await start({ bin: programs, ...options });
  stack.url = new URL(stack.env.OUTDIAL_URL);
  stack.pool = new pg.Pool({ connectionString: stack.env.OUTDIAL_DATABASE_URL, max: 2, options: '-c search_path=outdial,public,pg_temp' });
  stack.pool.on('error', () => {});
  try {
    return await work(stack);
  } finally {
    await stack.pool.end();
    for (const child of [...children]) await dismiss(child);
    await stack.stop();
  }
}

export const rows = async (stack, sql, values) => (await stack.pool.query(sql, values)).rows;
export const pid = (stack, name, n = 1) => Number(readFileSync(join(stack.state, 'pids', `${name}.${n}`), 'utf8'));

export async function request(stack, method, path, { body, token, headers = {} } = {}) {
  const answer = await fetch(path.startsWith('http') ? path : stack.env.OUTDIAL_URL + path, {
    method, headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
    body: body && JSON.stringify(body), signal: AbortSignal.timeout(600000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
  return text && /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
}

export const control = (stack, path, body) => request(stack, 'POST', `${stack.env.OUTDIAL_SANDBOX_URL}/control/${path}`, { body, token: stack.env.OUTDIAL_SANDBOX_TOKEN });

export async function signIn(stack) {
  const login = await request(stack, 'POST', '/api/v1/auth/login', { body: { email: stack.env.OUTDIAL_ADMIN_EMAIL, password: stack.env.OUTDIAL_ADMIN_PASSWORD } });
  return login.access_token;
}

// ---- rivals

/** A folder of the rival's own that the stack's user owns. */
function folder(stack, name) {
  const place = join(stack.place, name);
  for (const part of ['', 'nginx', 'uploads', 'logs']) {
    mkdirSync(join(place, part), { recursive: true });
    const { uid, gid } = user(stack.state);
    if (uid !== undefined) chownSync(join(place, part), uid, gid);
  }
  return place;
}

/**
 * An nginx with the stack's own configuration before another socket; an HTTP server there is spoken to over kept connections.
 * Answers its port.
 */
export async function front(stack, name, socket, { http = false } = {}) {
  const place = folder(stack, name), port = await freePort();
  let text = readFileSync(join(stack.state, 'nginx/outdial.conf'), 'utf8');
  const swap = (pattern, by) => {
    if (!text.match(pattern)) throw new Error(`nginx/outdial.conf has no ${pattern}`);
    text = text.replace(pattern, by);
  };
  swap(/upstream workers \{[^}]*\}/, http ? `upstream workers { server unix:${socket}; keepalive 256; }` : `upstream workers { server unix:${socket} max_fails=0; }`);
  swap(/listen [^ ;]+/, `listen 127.0.0.1:${port}`);
  swap(/pid [^;]+;/, `pid ${place}/nginx/nginx.pid;`);
  swap(/access_log [^ ;]+ json/, `access_log ${place}/logs/access.log json`);
  swap(/client_body_temp_path [^;]+;/, `client_body_temp_path ${place}/uploads;`);
  swap(/([a-z]+_temp_path) [^;]*nginx\/([a-z]+);/g, `$1 ${place}/nginx/$2;`);
  if (http) {
    swap(/fastcgi_pass workers;/g, 'proxy_pass http://workers;');
    swap(/fastcgi_keep_conn off;/, 'fastcgi_keep_conn off; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;');
  }
  const file = join(place, 'nginx.conf');
  writeFileSync(file, text);
  launch(stack, existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx', ['-e', 'stderr', '-p', place, '-c', file]);
  return port;
}

export const socketOf = (stack, name) => join(folder(stack, name), 'app.sock');

export async function appears(path, limit_ms = 15000) {
  for (let waited = 0; !existsSync(path); waited += 50) {
    if (waited > limit_ms) throw new Error(`${path} does not appear`);
    await pause(50);
  }
}

// ---- load

/** Writes requests for tests/bench/load.c. */
export function requestFile(path, count, make) {
  const pieces = [];
  for (let n = 0; n < count; n++) {
    const text = make(n);
    pieces.push(`${Buffer.byteLength(text)}\n${text}`);
  }
  writeFileSync(path, pieces.join(''));
  return { path, count, next: 0 };
}

export function httpText(method, path, host, headers, body = '') {
  const lines = Object.entries({ Host: host, 'User-Agent': 'bench', Accept: '*/*', ...headers, ...(body || method === 'POST' ? { 'Content-Length': Buffer.byteLength(body) } : {}) });
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

/** One run of the generator.  A file whose requests may be sent once only goes on where the last run ended. */
export async function load(port, file, { connections = 64, seconds, rate, count, again = false }) {
  const args = ['--port', port, '--file', file.path, '--connections', connections];
  if (seconds) args.push('--seconds', seconds);
  if (rate) args.push('--rate', rate);
  if (count) args.push('--count', count);
  if (again) args.push('--again', 1);
  else args.push('--from', file.next);
  const child = spawn(join(programs, 'bench/load'), args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  let text = '';
  child.stdout.on('data', (piece) => { text += piece; });
  const code = await new Promise((settle) => child.once('close', settle));
  children.delete(child);
  if (code !== 0) throw new Error(`load ended with ${code}`);
  const out = JSON.parse(text);
  if (!again) file.next += out.requests;
  out.good = Object.entries(out.statuses).reduce((sum, [status, n]) => sum + (status[0] === '2' ? n : 0), 0);
  out.rate = out.good / out.seconds;
  return out;
}

// ---- processor time

const TICK_US = 1e6 / Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout || 100);

/** User and system time of a process and its living children, and of children that have ended. */
function ticks(pid) {
  let sum = 0;
  for (const one of [pid, ...descendants(pid)]) {
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'utf8');
      const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
      sum += field[11] + field[12] + (one === pid ? field[13] + field[14] : 0);
    } catch {
      // it ended meanwhile
    }
  }
  return sum;
}

/** What these groups use while work runs, in microseconds: {name: [pid, ...]} -> {name: us}. */
export async function processor(groups, work) {
  const read = () => Object.fromEntries(Object.entries(groups).map(([name, pids]) => [name, pids.reduce((sum, one) => sum + ticks(one), 0)]));
  const before = read();
  const result = await work();
  const after = read();
  return { result, us: Object.fromEntries(Object.keys(groups).map((name) => [name, (after[name] - before[name]) * TICK_US])) };
}

// ---- figures

export const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
export const ms = (us, digits = 2) => (us / 1000).toFixed(digits);
export const whole = (n) => Math.round(n).toLocaleString('en-US');

/** A table in Markdown, columns aligned. */
export function markdown(head, lines) {
  const all = [head, ...lines].map((line) => line.map(String));
  const width = head.map((unused, i) => Math.max(...all.map((line) => line[i].length), 3));
  const row = (line) => `| ${line.map((cell, i) => (i ? cell.padStart(width[i]) : cell.padEnd(width[i]))).join(' | ')} |`;
  return [row(all[0]), `|${width.map((w, i) => (i ? `${'-'.repeat(w + 1)}:` : '-'.repeat(w + 2))).join('|')}|`, ...all.slice(1).map(row)].join('\n');
}

/** A target: said with the figure, counted at the end. */
export const missed = [];
export function target(sentence, met) {
  if (!met) missed.push(sentence);
  return met;
}

export { pause, top };

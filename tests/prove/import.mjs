// A large list: imported, its workers killed midway, gone on with by their successors; nothing doubled, nothing lost, memory flat.
//
//   node import.mjs [--rows 1000000] [--bin build/release]
//
// Prints what was measured and ends with "N passed, N failed".

import { createReadStream, createWriteStream, readFileSync, readdirSync, statSync } from 'node:fs';
import { request as http } from 'node:http';
import { join } from 'node:path';
import pg from 'pg';
import { alive, options, pause, pidOf, start, table } from '../chaos/stack.mjs';

const wish = options({ rows: 1000000, bin: 'build/release' });
const AREAS = [212, 415, 312, 206, 305, 813];

/** Every tenth number in national punctuation, every hundredth row refused, some rows twice. */
function line(i) {
  const area = AREAS[i % 6], number = `${200 + Math.floor(i / 6) % 700}${String((i * 7) % 10000).padStart(4, '0')}`;
  const phone = i % 100 === 99 ? '12x' : i % 10 === 0 ? `(${area}) ${number.slice(0, 3)}-${number.slice(3)}` : `+1${area}${number}`;
  return `Person ${i},${phone},CRM-${i},cat ${i % 20},Ankara\n`;
}

async function write(path) {
  const out = createWriteStream(path);
  out.write('name,phone,external_id,category,city\n');
  for (let i = 0; i < wish.rows; i += 10000) {
    let piece = '';
    for (let k = i; k < Math.min(i + 10000, wish.rows); k++) piece += line(k);
    if (!out.write(piece)) await new Promise((resume) => out.once('drain', resume));
  }
  await new Promise((resume) => out.end(resume));
}

const stack = await start({ bin: wish.bin });
Object.assign(process.env, { OUTDIAL_STATE: stack.state });
const { env } = stack, base = `${env.OUTDIAL_URL}/api/v1/tenants/${env.OUTDIAL_TENANT_ID}`;
const database = new pg.Client({ connectionString: env.OUTDIAL_DATABASE_URL });
let passed = 0, failed = 0;
const check = (sentence, good) => { console.log(`${good ? 'ok' : 'not ok'} - ${sentence}`); if (good) passed++; else failed++; };

try {
  await database.connect();
  const login = await fetch(`${env.OUTDIAL_URL}/api/v1/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: env.OUTDIAL_ADMIN_EMAIL, password: env.OUTDIAL_ADMIN_PASSWORD }) });
  const token = (await login.json()).access_token, file = join(stack.place, 'leads.csv');
  await write(file);
  const bytes = statSync(file).size;

  const begun = await new Promise((settle, fail) => {
    const ask = http(`${base}/leads/import`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv', 'content-length': bytes, prefer: 'respond-async' } },
      (answer) => { let text = ''; answer.on('data', (d) => { text += d; }).on('end', () => settle({ status: answer.statusCode, body: JSON.parse(text) })); });
    ask.on('error', fail);
    createReadStream(file).pipe(ask);
  });
  const from = Date.now();
  check('the file was taken', begun.status === 202);
  const row = async () => (await database.query('SELECT state, rows::int, imported::int, updated::int, refused::int FROM outdial.imports WHERE id = $1', [begun.body.import_id])).rows[0];
  const workers = () => [1, 2].map((n) => pidOf('outdial-api', n)).filter((pid) => pid && alive(pid));
  const anonymous = (pid) => Number(/RssAnon:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  const cpu_ms = (pid) => { const s = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(s[11]) + Number(s[12])) * 10; };
  let memory = 0, killed_at = 0, killed_rows = 0, cpu = 0, now;
  for (;;) {
    now = await row();
    for (const pid of workers()) { try { memory = Math.max(memory, anonymous(pid)); } catch { /* it has just ended */ } }
    if (!killed_at && now.rows >= wish.rows * 0.4 && now.state === 'running') {
      const [writer] = (await database.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'outdial-import'")).rows;
      if (writer) cpu = cpu_ms(writer.pid);
      for (const pid of workers()) process.kill(pid, 'SIGKILL');
      killed_at = Date.now();
      killed_rows = now.rows;
    }
    if (now.state !== 'running' || Date.now() - from > 1200000) break;
    await pause(20);
  }
  const seconds = (Date.now() - from) / 1000, bad = Math.floor(wish.rows / 100);
  const [leads] = (await database.query("SELECT count(*)::int AS n, count(DISTINCT external_id)::int AS different FROM outdial.leads WHERE external_id LIKE 'CRM-%'")).rows;
  const [refusals] = (await database.query('SELECT count(*)::int AS n, count(DISTINCT line)::int AS lines FROM outdial.import_refusals WHERE import_id = $1', [begun.body.import_id])).rows;
  check('its workers were killed midway', killed_at > 0);
  check('it came to its end by itself', now.state === 'done');
  check('every row was counted once', now.rows === wish.rows && now.imported === wish.rows - bad && now.updated === 0 && now.refused === bad);
  check('no lead is doubled or lost', leads.n === wish.rows - bad && leads.different === leads.n);
  check('every bad row is told once', refusals.n === bad && refusals.lines === bad);
  check('memory does not grow with the file', memory < 64 * 1024);
  check('no file is left', readdirSync(join(stack.state, 'imports')).length === 0);
  table('a large import', [
    ['rows, bytes', `${wish.rows}, ${bytes}`], ['seconds, with the kill', seconds.toFixed(1)],
    ['rows a second until the kill', Math.round(killed_rows / ((killed_at - from) / 1000))],
    ['database, microseconds of CPU a row', killed_rows && cpu ? (cpu * 1000 / killed_rows).toFixed(1) : 'not seen'],
    ['memory of a worker, KiB at most', memory],
  ]);
} finally {
  await database.end();
  await stack.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

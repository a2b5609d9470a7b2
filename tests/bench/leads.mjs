// A file of leads from CSV to committed rows, over HTTP: repeated and differently written numbers, nonsense here and there.

import { createWriteStream, openAsBlob } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { residentKiB } from '../chaos/stack.mjs';
import * as s from './stage.mjs';

const ROWS = s.quick ? 100000 : 1000000;
const WANTED = 100000;

async function write(path) {
  const out = createWriteStream(path), ways = [(n) => `+1${n}`, (n) => n, (n) => `(${n.slice(0, 3)}) ${n.slice(3, 6)}-${n.slice(6)}`, (n) => `${n.slice(0, 3)}-${n.slice(3, 6)}-${n.slice(6)}`, (n) => `1${n}`];
  let piece = 'name,phone,category,external_id\n', repeated = 0, nonsense = 0;
  for (let n = 0; n < ROWS; n++) {
    const again = n % 20 === 19, who = again ? n - 10 : n;       // a twentieth repeats an earlier row
    repeated += again;
    const wrong = n % 1000 === 500;
    nonsense += wrong;
    piece += `"Business ${who}, Inc.",${wrong ? '123' : ways[n % 5](String(2122000000 + who))},Bakery,x${who}\n`;
    if (piece.length > 1 << 20) {
      if (!out.write(piece)) await once(out, 'drain');
      piece = '';
    }
  }
  out.end(piece);
  await once(out, 'finish');
  return { repeated, nonsense };
}

export async function leads() {
  return s.stage({ dialers: 0 }, async (stack) => {
    const file = join(stack.place, 'leads.csv');
    const { repeated, nonsense } = await write(file);
    const blob = await openAsBlob(file), token = await s.signIn(stack);
    const workers = [1, 2].map((n) => s.pid(stack, 'outdial-api', n));
    const before = workers.map(residentKiB), most = [...before];
    const look = setInterval(() => workers.forEach((pid, i) => { most[i] = Math.max(most[i], residentKiB(pid)); }), 50);
    const begin = process.hrtime.bigint();
    let body;
    try {
      const answer = await fetch(`${stack.env.OUTDIAL_URL}/api/v1/tenants/${stack.env.OUTDIAL_TENANT_ID}/leads/import`, { method: 'POST', body: blob, headers: { 'content-type': 'text/csv', authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(590000) });
      body = await answer.json();
      if (answer.status !== 200) throw new Error(JSON.stringify(body));
    } finally {
      clearInterval(look);
    }
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9, rate = body.rows / seconds;
    const after = workers.map(residentKiB);
    const [{ stored }] = await s.rows(stack, `SELECT count(*)::int AS stored FROM leads WHERE tenant_id = $1 AND external_id LIKE 'x%'`, [stack.env.OUTDIAL_TENANT_ID]);
    s.target(`import: ${JSON.stringify(body)}, ${stored} rows stored; ${ROWS} given, ${repeated} repeated, ${nonsense} nonsense`,
      body.rows === ROWS && body.refused === nonsense && body.imported + body.updated + body.refused === ROWS && stored === body.imported);
    s.target(`import: ${s.whole(rate)} rows/s, ${s.whole(WANTED)} wanted`, rate >= WANTED);
    const mib = (list) => list.map((kib) => (kib / 1024).toFixed(1)).join(' / ');
    return { title: 'Importing', text: [`${s.whole(ROWS)} rows of CSV (${(blob.size / 1e6).toFixed(0)} MB) posted through nginx, normalised and committed; five spellings, ${s.whole(repeated)} repetitions, ${s.whole(nonsense)} that are no numbers.`, '',
      s.markdown(['', ''], [['rows per second', `${s.whole(rate)} (>= ${s.whole(WANTED)})`], ['imported, updated, refused', [body.imported, body.updated, body.refused].map(s.whole).join(', ')],
        ['worker processes before, MiB', mib(before)], ['... at most', mib(most)], ['... afterwards', mib(after)]])].join('\n') };
  });
}

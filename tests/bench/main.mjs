// make bench: runs the parts, prints their tables, and puts them into README.md between its two marker comments.
//
//   ONLY=webhooks,dialer,claim,import,memory    FULL=1 the large sizes    QUICK=1 a try of the bench itself, README stays as it is

import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import * as s from './stage.mjs';
import { claim } from './claim.mjs';
import { dialer } from './dialer.mjs';
import { leads } from './leads.mjs';
import { memory } from './memory.mjs';
import { webhooks } from './webhooks.mjs';

const parts = { webhooks, dialer, claim, import: leads, memory };
const chosen = process.env.ONLY ? process.env.ONLY.split(',') : Object.keys(parts);
for (const name of chosen) {
  if (!(name in parts)) {
    console.error(`no part ${name}; there are ${Object.keys(parts).join(', ')}`);
    process.exit(2);
  }
}

const sections = [];
let broken = 0;
for (const name of chosen) {
  const begin = Date.now();
  console.log(`== ${name}`);
  try {
    sections.push(await parts[name]());
  } catch (error) {
    broken++;
    console.error(`${name}: ${error.stack}`);
  }
  console.log(`  ${((Date.now() - begin) / 1000).toFixed(0)} s`);
}

const heading = (title) => `### ${title}\n`;
for (const { title, text } of sections) console.log(`\n${heading(title)}\n${text}`);

/** Sections that were not measured this time keep their text. */
function intoReadme() {
  const path = join(s.top, 'README.md'), readme = readFileSync(path, 'utf8');
  const parts = /(<!-- figures: written by make bench -->\n)([^]*)(<!-- end of figures -->)/.exec(readme);
  if (!parts) throw new Error('README.md has lost its marker comments');
  const kept = new Map(parts[2].split(/^(?=### )/m).filter((piece) => piece.startsWith('### ')).map((piece) => [piece.slice(4, piece.indexOf('\n')), piece.slice(piece.indexOf('\n') + 1).trim()]));
  for (const { title, text } of sections) kept.set(title, text);
  const cores = `${availableParallelism()} cores, everything on one machine: carrier, clients, nginx, workers and PostgreSQL.`;
  const block = `\n${cores}\n\n${[...kept].map(([title, text]) => `${heading(title)}\n${text}\n`).join('\n')}\n`;
  writeFileSync(path, readme.replace(parts[0], () => parts[1] + block + parts[3]));
}
if (!s.quick && sections.length) intoReadme();

console.log(`\n${s.missed.length} targets missed`);
for (const sentence of s.missed) console.log(`  ${sentence}`);
process.exit(broken ? 1 : 0);

// Memory of the workers over many requests: lists, and webhooks of which every one but the first is a repetition.

import { join } from 'node:path';
import { residentKiB } from '../chaos/stack.mjs';
import * as s from './stage.mjs';
import { listText, makeCalls, statusText } from './webhooks.mjs';

const EACH = s.quick ? 10000 : s.full ? 1000000 : 200000;       // requests per worker
const MOST_MIB = 64;
const FLAT_MIB = 4;                                             // growth that is allowed after the first tenth
const CALLS = 2000;

export async function memory() {
  return s.stage({ dialers: 0 }, async (stack) => {
    await makeCalls(stack, CALLS);
    const token = await s.signIn(stack);
    const file = s.requestFile(join(stack.place, 'mixed'), 2 * CALLS, (n) => (n % 2 ? listText(stack, token) : statusText(stack, n >> 1)));
    const workers = [1, 2].map((n) => s.pid(stack, 'outdial-api', n)), curve = [];
    let requests = 0, seconds = 0;
    const look = () => curve.push(workers.map((pid) => residentKiB(pid) / 1024));
    look();
    for (let tenth = 0; tenth < 10; tenth++) {
      const out = await s.load(stack.url.port, file, { connections: 64, count: Math.ceil(EACH * workers.length / 10), again: true });
      if (out.good !== out.requests) throw new Error(`answers: ${JSON.stringify(out.statuses)}`);
      requests += out.requests;
      seconds += out.seconds;
      look();
    }
    const most = Math.max(...curve.flat()), growth = Math.max(...workers.map((pid, i) => curve.at(-1)[i] - curve[1][i]));
    workers.forEach((pid, i) => s.target(`memory: outdial-api.${i + 1} is another process now`, s.pid(stack, 'outdial-api', i + 1) === pid));
    s.target(`memory: ${most.toFixed(1)} MiB, ${MOST_MIB} allowed`, most <= MOST_MIB);
    s.target(`memory: grew by ${growth.toFixed(1)} MiB after the first tenth, ${FLAT_MIB} allowed`, growth <= FLAT_MIB);
    return { title: 'Memory', text: [`${s.whole(requests)} requests to two workers, half lists of 20, half webhooks, by 64 connections: ${s.whole(requests / seconds)}/s. Resident MiB:`, '',
      s.markdown(['', 'before', ...Array.from({ length: 10 }, (unused, i) => `${i + 1}/10`)], workers.map((pid, i) => [`worker ${i + 1}`, ...curve.map((point) => point[i].toFixed(1))])), '',
      `At most ${most.toFixed(1)} (<= ${MOST_MIB}).`].join('\n') };
  });
}

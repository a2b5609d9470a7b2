// The numbers that a proof calls, and how those who are called behave.

import { carrier } from '../system/play.mjs';

/** The nth of up to 792,000 ordinary numbers of one area code. */
export const numberOf = (n, area = '212') => `+1${area}${200 + Math.floor(n / 1000) % 700}${String(1000 + n % 1000).padStart(4, '0')}`;

/** Does it for each, so many at a time. */
export async function each(items, width, work) {
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, async () => {
    while (next < items.length) {
      const i = next++;
      await work(items[i], i);
    }
  }));
}

const outcomes = [
  [20, { outcome: 'human' }], [20, { outcome: 'human', digits: '1' }], [15, { outcome: 'human', digits: '2' }], [15, { outcome: 'machine' }],
  [10, { outcome: 'busy' }], [10, { outcome: 'no-answer' }], [5, { outcome: 'failed' }], [5, { outcome: 'reject', error_code: 21211 }],
];
const creates = [[4, 'lost-answer'], [4, '500'], [2, '429'], [4, 'drop'], [2, 'late-answer'], [84, undefined]];

function pick(random, weighted) {
  let left = random() * weighted.reduce((sum, [weight]) => sum + weight, 0);
  return weighted.find(([weight]) => (left -= weight) < 0)[1];
}

/** A mixed list with everything that carriers do; answers what was asked for each number. */
export async function mixedList(size, random) {
  const leads = Array.from({ length: size }, (unused, i) => {
    const create = pick(random, creates);
    const callbacks = { duplicate: 0.2, drop: 0.2, ...(random() < 0.3 ? { reorder: true } : {}), ...(random() < 0.3 ? { delay_ms: Math.floor(random() * 2000) } : {}) };
    return { phone: numberOf(i), script: { ring_secs: 2, talk_secs: 4, ...pick(random, outcomes), faults: { ...(create ? { create } : {}), callbacks } } };
  });
  await each(leads, 16, (lead) => carrier.script(lead.phone, lead.script));
  return leads;
}

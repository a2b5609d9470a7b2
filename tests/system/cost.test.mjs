// What calls cost: the carrier's prices reach every call and every sum, exactly; what it does not tell stays an estimate.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, agent, campaign, carrier, fresh, problem, rival, rows, run, tenant, until } from './play.mjs';

/** Decimal text as whole millionths. */
const micros = (text) => {
  const [, whole, fraction = ''] = /^-?(\d+)(?:\.(\d{1,6}))?$/.exec(text);
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
};
/** What the sandbox charges for a line to +1: thirteen thousandths a begun minute. */
const charged = (call) => call.answered_at ? 13_000n * BigInt(Math.max(1, Math.ceil(call.duration / 60))) : 0n;

/** The questions that would come later are due now. */
const askNow = (id) => rows('UPDATE price_asks SET due_at = outdial.now() WHERE attempt_id IN (SELECT id FROM attempts WHERE campaign_id = $1)', [id]);
const settled = async (who, id, count) => until('every call has its price', async () => {
  await askNow(id);
  const { body } = await who.get(`${tenant}/campaigns/${id}/cost`);
  return body.totals[0]?.unsettledCalls === 0 && body.totals[0].calls === count ? body.totals : undefined;
}, 60000);

test('calls are priced by the carrier, and the campaign costs what it charged, to the last digit', async () => {
  await carrier.reset();
  await carrier.speed(100);
  const who = await admin();
  const id = await campaign(who);
  const phones = Array.from({ length: 8 }, () => fresh());
  await carrier.script('*', { outcome: 'human', ring_secs: 1, talk_secs: 5 });
  await carrier.script(phones[0], { outcome: 'busy' });
  await carrier.script(phones[1], { outcome: 'machine' });
  await carrier.script(phones[2], { outcome: 'human', talk_secs: 30, digits: '1' });
  await carrier.script(phones[3], { outcome: 'human', talk_secs: 5, faults: { create: 'lost-answer' } });
  await run(who, id, phones.map((phone) => ({ business_name: 'Cost', phone, category: 'x' })));

  const before = (await who.get(`${tenant}/calls?campaign_id=${id}`)).body.data;
  assert.ok(before.every(({ price, price_currency, price_estimated }) => /^\d+(\.\d+)?$/.test(price) && price_currency === 'USD' && typeof price_estimated === 'boolean'), JSON.stringify(before));
  const [total] = await settled(who, id, 8);

  const lines = await carrier.calls((call) => phones.includes(call.to) || before.some(({ call_sid }) => call_sid === call.parent_sid));
  assert.ok(lines.some(({ parent_sid }) => parent_sid), 'the agent\'s line is one of them');
  assert.equal(micros(total.total), lines.reduce((sum, call) => sum + charged(call), 0n));
  assert.equal(total.settled, total.total);
  assert.equal(total.estimated, '0');
  assert.equal(total.leads, 8);
  const calls = (await who.get(`${tenant}/calls?campaign_id=${id}`)).body.data;
  assert.equal(calls.reduce((sum, { price }) => sum + micros(price), 0n), micros(total.total));
  assert.ok(calls.every(({ price_estimated }) => price_estimated === false));
  assert.equal(calls.find(({ to_number }) => to_number === phones[0]).price, '0', 'a busy line');

  const csv = (await who.get(`${tenant}/calls?campaign_id=${id}`, { accept: 'text/csv' })).text.trim().split('\r\n');
  assert.match(csv[0], /,price,price_currency,price_estimated$/);
  assert.equal(csv.slice(1).filter((line) => /,\d+(\.\d+)?,USD,no$/.test(line)).length, 8);

  for (const group of ['day', 'campaign', 'number']) {
    const { body } = await who.get(`${tenant}/analytics/cost?group=${group}`);
    assert.ok(body.data.length > 0, group);
    if (group === 'campaign')
      assert.equal(body.data.find(({ key }) => key === id).total, total.total);
  }
  problem(await who.get(`${tenant}/analytics/cost?group=moon`), 422, 'invalid', 'group');
  problem(await who.get(`${tenant}/analytics/cost?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`), 422, 'invalid', 'from');
  assert.equal((await (await rival()).get(`${tenant}/campaigns/${id}/cost`)).status, 404);
});

test('a call that the carrier does not know any more stays estimated, and is asked about no more', async () => {
  await carrier.reset();
  await carrier.speed(100);
  const who = await admin();
  const id = await campaign(who);
  const phone = fresh();
  await carrier.script(phone, { outcome: 'human', ring_secs: 1, talk_secs: 5 });
  await run(who, id, [{ business_name: 'Gone', phone, category: 'x' }]);
  await carrier.reset();
  await until('nobody asks any more', async () => {
    await askNow(id);
    return (await rows('SELECT FROM price_asks q JOIN attempts a ON a.id = q.attempt_id WHERE a.campaign_id = $1', [id])).length === 0;
  }, 60000);
  const [call] = (await who.get(`${tenant}/calls?campaign_id=${id}`)).body.data;
  assert.equal(call.price_estimated, true);
  assert.equal(call.price, '0.014');
});

test('rates are a table that admins edit; the longest prefix decides, and a forecast follows', async () => {
  const who = await admin();
  const made = await who.post(`${tenant}/provider-accounts`, { provider: 'twilio', label: 'Rates', account_sid: `AC${'0123456789abcdef'.repeat(2)}`, auth_token: 'x'.repeat(32) });
  const rates = `${tenant}/provider-accounts/${made.body.id}/rates`;
  assert.equal(made.status, 201, made.text);
  try {
    const first = await who.get(rates);
    assert.equal(first.body.currency, 'USD');
    const table = { currency: 'EUR', rates: [{ prefix: '*', per_minute_micros: 90000 }, { prefix: '+49', per_minute_micros: 12345, per_call_micros: 5 }] };
    const put = await who.put(rates, table);
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(put.body, { currency: 'EUR', rates: [{ prefix: '*', per_minute_micros: 90000, per_call_micros: 0 }, { prefix: '+49', per_minute_micros: 12345, per_call_micros: 5 }] });
    assert.equal((await who.put(rates, table, { 'if-match': first.headers.get('etag') })).status, 412);
    for (const [field, body] of [
      ['currency', { ...table, currency: 'euro' }], ['rates', { currency: 'EUR', rates: [] }], ['rates', { currency: 'EUR' }], ['colour', { ...table, colour: 1 }],
      ['rates[0].prefix', { currency: 'EUR', rates: [{ prefix: '49', per_minute_micros: 1 }] }], ['rates[1].prefix', { currency: 'EUR', rates: [table.rates[1], table.rates[1]] }],
      ['rates[0].per_minute_micros', { currency: 'EUR', rates: [{ prefix: '*' }] }], ['rates[0].per_minute_micros', { currency: 'EUR', rates: [{ prefix: '*', per_minute_micros: -1 }] }],
      ['rates[0].per_call_micros', { currency: 'EUR', rates: [{ prefix: '*', per_minute_micros: 1, per_call_micros: 1.5 }] }], ['rates[0]', { currency: 'EUR', rates: ['*'] }],
    ])
      problem(await who.put(rates, body), 422, 'invalid', field);
    assert.equal((await (await agent()).get(rates)).status, 403);
    assert.equal((await (await rival()).get(rates)).status, 404);
  } finally {
    await who.delete(`${tenant}/provider-accounts/${made.body.id}`);
  }

  const id = await campaign(who);
  const forecast = await (await agent()).post(`${tenant}/campaigns/${id}/forecast`, { phones: [fresh(), '(212) 555-0123', 'nobody'], leads: 1000 });
  assert.equal(forecast.status, 200, forecast.text);
  assert.deepEqual(forecast.body, { currency: 'USD', leads: 1000, low: '2.8', high: '28', answeredPercent: [20, 100], minutesPerAnswer: [1, 2], knownCalls: 0 });
});

// Outgoing webhooks: signed, once each, through outages; and never to where they must not go.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { admin, agent, campaign, carrier, env, fresh, nobody, problem, rival, rows, run, tenant, until } from './play.mjs';
import { receiver } from './receiver.mjs';

const path = `${tenant}/webhook-endpoints`;
let maria;
const made = [], receivers = [];

before(async () => {
  maria = await admin();
  await carrier.reset();
  await carrier.speed(100);
});
after(async () => {
  for (const id of made) await maria.delete(`${path}/${id}`);
  await Promise.all(receivers.map((shop) => shop.down()));
});

/** An endpoint with its receiver, both gone afterwards. */
async function endpoint(fields = {}) {
  const shop = await receiver();
  receivers.push(shop);
  const answer = await maria.post(path, { url: shop.url, ...fields });
  assert.equal(answer.status, 201, answer.text);
  shop.secret = answer.body.secret;
  shop.id = answer.body.id;
  shop.log = async () => (await maria.get(`${path}/${shop.id}/deliveries?limit=1000`)).body.data;
  shop.now = async () => (await maria.get(`${path}/${shop.id}`)).body;
  made.push(shop.id);
  return shop;
}
const send_test = async (shop) => {
  const sent = await maria.post(`${path}/${shop.id}/test`);
  assert.equal(sent.status, 202, sent.text);
  return sent.body;
};
/** What waits for its next try is due now: the waits themselves are the database tests' business. */
const hurry = (shop) => rows("UPDATE webhook_deliveries SET due_at = now() WHERE endpoint_id = $1 AND state = 'waiting' AND lent_until IS NULL", [shop.id]);
const settled = (shop, id, state) => until(`delivery is ${state}`, async () => {
  await hurry(shop);
  return (await shop.log()).find((one) => one.id === id && one.state === state);
});
const gone = async (shop) => assert.equal((await maria.delete(`${path}/${shop.id}`)).status, 204);

test('an endpoint shows its secret once, and is changed and removed like anything else', async () => {
  const shop = await endpoint({ description: 'The shop', events: ['call.completed'] });
  assert.match(shop.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  const shown = await maria.get(`${path}/${shop.id}`);
  assert.deepEqual([shown.body.url, shown.body.description, shown.body.events, shown.body.is_active, shown.body.secret],
    [shop.url, 'The shop', ['call.completed'], true, undefined]);
  assert.ok((await maria.get(path)).body.data.some((one) => one.id === shop.id));
  const changed = await maria.patch(`${path}/${shop.id}`, { events: null, is_active: false });
  assert.deepEqual([changed.status, changed.body.events, changed.body.is_active, changed.body.description], [200, ['*'], false, 'The shop']);
  problem(await maria.post(`${path}/${shop.id}/test`), 409, 'endpoint_inactive');
  const audit = (await maria.get(`${tenant}/audit-log?object_id=${shop.id}`)).body.data.map((line) => line.action);
  assert.deepEqual(audit, ['webhook.update', 'webhook.add']);
  await gone(shop);
  problem(await maria.get(`${path}/${shop.id}`), 404, 'not_found');
  const stored = await rows('SELECT secret_sealed FROM webhook_endpoints WHERE tenant_id = $1', [env.OUTDIAL_TENANT_ID]);
  assert.ok(stored.every((row) => row.secret_sealed.startsWith('v1:')), 'what is stored is sealed');
});

test('the events that the API lists are the ones that the database knows', async () => {
  const listed = (await maria.get(`${path}/events`)).body.data.map((event) => event.name);
  const [{ text }] = await rows("SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'webhook_endpoints_events_check'");
  assert.deepEqual(listed, [...text.matchAll(/'([a-z._]+)'/g)].map((match) => match[1]));
});

test('only admins, and only in their own tenant', async () => {
  const shop = await endpoint();
  const [andy, eve] = [await agent(), await rival()];
  problem(await andy.get(path), 403, 'forbidden');
  problem(await andy.post(path, { url: shop.url }), 403, 'forbidden');
  problem(await nobody.get(path), 401, 'unauthorized');
  problem(await eve.get(`${path}/${shop.id}/deliveries`), 404, 'not_found');
  const theirs = `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}/webhook-endpoints`;
  for (const [verb, tail] of [['get', ''], ['patch', ''], ['delete', ''], ['post', '/rotate'], ['post', '/test'], ['get', '/deliveries']])
    problem(await eve[verb](`${theirs}/${shop.id}${tail}`, verb === 'patch' ? {} : undefined), 404, 'not_found');
  await gone(shop);
});

test('where webhooks must not go is told at once', async () => {
  const refused = async (url, code) => {
    const answer = await maria.post(path, { url });
    problem(answer, 422, 'invalid', 'url');
    assert.equal(answer.body.errors[0].code, code, url);
  };
  for (const host of ['10.0.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '[fd00::1]', '[fe80::1]', '[::ffff:10.0.0.1]', '[64:ff9b::a00:1]',
    '0xa000001', '167772161', '012.0.0.1', '10.1', '224.0.0.1', '[2002:a00:1::]'])
    await refused(`https://${host}/hooks`, 'address_not_public');
  await refused('http://8.8.8.8/hooks', 'https_required');
  for (const url of ['', 'example.com', 'ftp://example.com/', 'file:///etc/passwd', 'gopher://127.0.0.1/', 'https://', 'https://user:secret@example.com/', 'https://example.com/#here',
    'https://exa mple.com/', 'https://example.com:99999/', 'javascript:alert(1)'])
    await refused(url, 'malformed');
  await refused('https://example.com:25/', 'port_not_allowed');
  problem(await maria.post(path, { url: 'https://example.com', events: ['call.imagined'] }), 422, 'invalid', 'events[0]');
  problem(await maria.post(path, { url: 'https://example.com', events: [] }), 422, 'invalid', 'events');
  problem(await maria.post(path, { url: 'https://example.com', secret: 'mine' }), 422, 'invalid', 'secret');
});

test('a name that means a private address is refused when it is sent, in words that do not tell the address', async () => {
  // loopback is allowed here, the machine's own other names are not: 0.0.0.0 is "this host" to a resolver
  const shop = await endpoint();
  await rows("UPDATE webhook_endpoints SET url = $2 WHERE id = $1", [shop.id, 'https://0/hooks']);
  const sent = await send_test(shop);
  const delivery = await until('it was tried', async () => (await shop.log()).find((one) => one.id === sent.id && one.error));
  assert.match(delivery.error, /not at an address that webhooks may be sent to/);
  assert.equal(delivery.response_status, null);
  // http to a name of the open internet: refused by the address that it turns out to have, or because it has none here
  await rows("UPDATE webhook_endpoints SET url = $2 WHERE id = $1", [shop.id, 'http://8.8.8.8/hooks']);
  const other = await send_test(shop);
  assert.match((await until('it was tried', async () => (await shop.log()).find((one) => one.id === other.id && one.error))).error, /not at an address/);
  await gone(shop);
});

test('a test event is signed as Standard Webhooks has it, and the log tells how it went', async () => {
  const shop = await endpoint({ events: ['dnc.added'] });
  const sent = await send_test(shop);
  assert.deepEqual([sent.event_type, sent.state], ['webhook.test', 'waiting']);
  const message = await shop.heard('webhook.test');
  assert.equal(shop.forged, 0);
  assert.equal(message.method, 'POST');
  assert.equal(message.id, sent.event_id);
  assert.match(message.headers['content-type'], /^application\/json/);
  assert.deepEqual(Object.keys(message.body), ['type', 'timestamp', 'sequence', 'data']);
  assert.equal(message.body.data.endpoint_id, shop.id);
  const delivery = await settled(shop, sent.id, 'delivered');
  assert.deepEqual([delivery.attempts, delivery.response_status, delivery.response, delivery.next_try_at, delivery.error],
    [1, 200, 'answered 200', null, null]);
  assert.ok(delivery.duration_ms >= 0);
  await gone(shop);
});

test('a call is told from start to end, each message as the API shows the call', async () => {
  const shop = await endpoint();
  const narrow = await endpoint({ events: ['call.completed', 'campaign.state_changed'] });
  const phone = fresh();
  await carrier.script(phone, { outcome: 'human', ring_secs: 2, talk_secs: 60 });
  const id = await campaign(maria);
  await run(maria, id, [{ business_name: 'Ann', phone, category: 'Bakery' }]);
  const end = await until('the end of the call', () => shop.of('call.completed').find((message) => message.body.data.to_number === phone));
  const call = (await maria.get(`${tenant}/calls/${end.body.data.id}`)).body;
  const mine = () => shop.got.filter((message) => message.body.data.id === call.id).sort((a, b) => a.body.sequence - b.body.sequence);
  assert.deepEqual(mine().map((message) => message.type).filter((type) => type !== 'call.updated'), ['call.started', 'call.ringing', 'call.answered', 'call.completed']);
  assert.deepEqual(mine().filter((message) => message.type !== 'call.updated').map((message) => message.body.data.status), ['dialing', 'ringing', 'in_progress', 'completed']);
  const last = await until('the last message is the call as it is now', () => {
    const message = mine().at(-1);
    return JSON.stringify(message.body.data) === JSON.stringify(call) && message;
  });
  assert.equal(new Set(mine().map((message) => message.body.sequence)).size, mine().length);
  assert.ok(last.body.timestamp <= new Date().toISOString());
  const states = await until('the campaign was told', () => {
    const told = shop.of('campaign.state_changed').filter((message) => message.body.data.id === id).sort((a, b) => a.body.sequence - b.body.sequence);
    return told.length === 2 && told;
  });
  assert.deepEqual(states.map((message) => message.body.data.state), ['running', 'done']);
  assert.deepEqual(states[1].body.data, (await maria.get(`${tenant}/campaigns/${id}`)).body);
  await until('the narrow endpoint has what it wants', () => narrow.got.length === 3);
  assert.deepEqual(narrow.got.map((message) => message.type).sort(), ['call.completed', 'campaign.state_changed', 'campaign.state_changed']);
  assert.deepEqual(narrow.of('call.completed').map((message) => message.id), [end.id], 'the same event has the same id everywhere');
  assert.equal(shop.forged + narrow.forged, 0);
  await gone(shop);
  await gone(narrow);
});

test('opt-outs, do-not-call rows and imports are told', async () => {
  const shop = await endpoint({ events: ['lead.opted_out', 'dnc.added', 'import.completed'] });
  const [pressed, added] = [fresh(), fresh()];
  await carrier.script(pressed, { outcome: 'human', ring_secs: 1, talk_secs: 10, digits: '2' });
  await run(maria, await campaign(maria), [{ business_name: 'Ann', phone: pressed, category: 'Bakery' }]);
  const out = await until('the opt-out', () => shop.of('lead.opted_out').find((message) => message.body.data.phone_e164 === pressed));
  assert.equal(out.body.data.source, 'keypress');
  assert.equal((await maria.get(`${tenant}/calls/${out.body.data.call_id}`)).body.lead_id, out.body.data.lead_id);
  const row = (await maria.post(`${tenant}/dnc`, { phone: added, reason: 'asked by letter' })).body;
  await maria.post(`${tenant}/dnc`, { phone: added });
  await until('the row', () => shop.of('dnc.added').some((message) => JSON.stringify(message.body.data) === JSON.stringify(row)));
  assert.deepEqual(shop.of('dnc.added').map((message) => message.body.data.phone_e164).sort(), [pressed, added].sort(), 'once each');
  assert.equal(shop.of('lead.opted_out').length, 1);
  const csv = await fetch(`${env.OUTDIAL_URL}${tenant}/leads/import`, { method: 'POST', body: `name,phone\nAnn,${fresh()}\n`,
    headers: { authorization: `Bearer ${maria.token}`, 'content-type': 'text/csv' } });
  const imported = await csv.json();
  const told = await shop.heard('import.completed');
  assert.deepEqual([told.body.data.import_id, told.body.data.imported, told.body.data.refused_url], [imported.import_id, 1, imported.refused_url]);
  await gone(shop);
});

test('a receiver that is down hears everything afterwards, each once; another one is not kept waiting', async () => {
  const shop = await endpoint({ events: ['dnc.added'] });
  const other = await endpoint({ events: ['dnc.added'] });
  await shop.down();
  const phones = Array.from({ length: 25 }, () => fresh());
  for (const phone of phones) assert.equal((await maria.post(`${tenant}/dnc`, { phone })).status, 201);
  await until('the other one has all', () => other.got.length === 25);
  await until('it was tried in vain', async () => (await shop.now()).failing_since);
  await shop.up();
  await hurry(shop);
  await until('everything is there', () => shop.got.length >= 25);
  await until('the log says so', async () => (await shop.log()).every((one) => one.state === 'delivered'));
  assert.deepEqual(shop.got.map((message) => message.body.data.phone_e164).sort(), [...phones].sort());
  assert.equal(shop.tries.length, 25, 'nothing came twice');
  assert.equal((await shop.now()).failing_since, null);
  await gone(shop);
  await gone(other);
});

test('500, silence, an endless answer and a redirect: tried again under the same id until it is taken', async () => {
  const shop = await endpoint({ events: ['dnc.added'] });
  const script = [() => 500, (message, response) => { response.destroy(); }, () => 302,
    (message, response) => {
      here_got(message);
      response.writeHead(200);
      response.write('x'.repeat(100000));
    }];
  const here_got = (message) => { message.status = 200; shop.got.push(message); };
  shop.does = (message, response) => script.shift()(message, response);
  const sent = await send_test(shop);
  const delivery = await settled(shop, sent.id, 'delivered');
  assert.equal(delivery.attempts, 4);
  assert.equal(delivery.response, 'x'.repeat(1024), 'only the beginning of an answer is read');
  assert.deepEqual(new Set(shop.tries.map((message) => message.id)), new Set([sent.event_id]));
  assert.deepEqual(new Set(shop.tries.map((message) => message.path)), new Set(['/hooks']), 'redirects are not followed');
  assert.equal(shop.forged, 0);
  await gone(shop);
});

test('an event can be delivered again, under the same id', async () => {
  const shop = await endpoint();
  const sent = await send_test(shop);
  await settled(shop, sent.id, 'delivered');
  const again = await maria.post(`${path}/${shop.id}/deliveries/${sent.id}/redeliver`);
  assert.deepEqual([again.status, again.body.state], [202, 'waiting']);
  await until('it came twice', () => shop.of('webhook.test').length === 2);
  assert.equal(new Set(shop.ids()).size, 1);
  problem(await maria.post(`${path}/${shop.id}/deliveries/${shop.id}/redeliver`), 404, 'not_found');
  problem(await maria.post(`${path}/${shop.id}/deliveries/nonsense/redeliver`), 404, 'not_found');
  await gone(shop);
});

test('for a day after a rotation both secrets sign', async () => {
  const shop = await endpoint();
  const rotated = await maria.post(`${path}/${shop.id}/rotate`);
  assert.equal(rotated.status, 200, rotated.text);
  assert.notEqual(rotated.body.secret, shop.secret);
  const ends = Date.parse(rotated.body.old_secret_until) - Date.now();
  assert.ok(ends > 23.9 * 3600e3 && ends < 24.1 * 3600e3);
  let text;
  shop.does = (message) => { text = JSON.stringify(message.body); return 200; };
  await send_test(shop);
  const message = await shop.heard('webhook.test');
  assert.equal(message.headers['webhook-signature'].split(' ').length, 2);
  assert.equal(shop.forged, 0, 'who has only the old secret still accepts it');
  assert.equal(new Webhook(rotated.body.secret).verify(text, message.headers).type, 'webhook.test');
  await rows("UPDATE webhook_endpoints SET old_secret_until = now() - interval '1 second' WHERE id = $1", [shop.id]);
  shop.secret = rotated.body.secret;
  shop.got.length = 0;
  await send_test(shop);
  assert.equal((await shop.heard('webhook.test')).headers['webhook-signature'].split(' ').length, 1);
  await gone(shop);
});

test('410 ends an endpoint, and so do five days of failures; the audit tells, and it can begin anew', async () => {
  const shop = await endpoint();
  shop.does = () => 410;
  await send_test(shop);
  const ended = await until('it is disabled', async () => { const now = await shop.now(); return !now.is_active && now; });
  assert.match(ended.disabled_reason, /410/);
  assert.ok(ended.disabled_at);
  const [line] = (await maria.get(`${tenant}/audit-log?object_id=${shop.id}`)).body.data;
  assert.deepEqual([line.action, line.principal], ['webhook.disabled', 'dialer']);
  shop.does = () => 200;
  await hurry(shop);
  const anew = await maria.patch(`${path}/${shop.id}`, { is_active: true });
  assert.deepEqual([anew.body.is_active, anew.body.disabled_reason, anew.body.disabled_at], [true, null, null]);
  await shop.heard('webhook.test');

  shop.does = () => 503;
  await rows("UPDATE webhook_endpoints SET failures = 20, failing_since = now() - interval '6 days' WHERE id = $1", [shop.id]);
  await send_test(shop);
  assert.match((await until('it is disabled', async () => { const now = await shop.now(); return !now.is_active && now; })).disabled_reason, /five days/);
  await gone(shop);
});

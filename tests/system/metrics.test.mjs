// What Prometheus sees: text that promtool accepts, counters that count, alert rules and a dashboard that ask for what is there.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { admin, carrier, env, fresh, nobody, request, tenant, until } from './play.mjs';

const monitoring = new URL('../../systemd/monitoring/', import.meta.url).pathname;
const read = async () => (await nobody.get('/metrics')).text;
/** The sum of all series of a name whose labels contain this. */
const value = (text, name, labels = '') => text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  .filter((line) => line.includes(labels)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

test('/metrics is what promtool expects, and names no tenant and no number', async () => {
  const answer = await nobody.get('/metrics');
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: answer.text, encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.doesNotMatch(answer.text, /[0-9a-f]{8}-[0-9a-f]{4}|\+[0-9]{6}/);
});

test('requests, refused webhooks and calls are counted, whichever process served them', async () => {
  const before = await read();
  const maria = await admin();
  for (let i = 0; i < 20; i++) assert.equal((await maria.get(`${tenant}/campaigns?limit=1`)).status, 200);
  assert.equal((await request('POST', '/api/outbound-caller/call-status', { raw: 'CallSid=CA1', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 403);
  await carrier.reset();
  const phone = fresh();
  await carrier.script(phone, { outcome: 'busy' });
  assert.equal((await maria.post('/api/outbound-caller/call', { phone })).status, 200);
  const route = 'route="/api/v1/tenants/:tenant/campaigns",method="GET"';
  const after = await until('the line\'s end has been counted', async () => {
    const text = await read();
    return value(text, 'outdial_line_news_total', 'status="busy"') > value(before, 'outdial_line_news_total', 'status="busy"') && text;
  });
  assert.equal(value(after, 'outdial_http_requests_total', `${route},status="2xx"`) - value(before, 'outdial_http_requests_total', `${route},status="2xx"`), 20);
  assert.equal(value(after, 'outdial_http_request_duration_seconds_count', route) - value(before, 'outdial_http_request_duration_seconds_count', route), 20);
  assert.equal(value(after, 'outdial_webhooks_rejected_total', 'unsigned') - value(before, 'outdial_webhooks_rejected_total', 'unsigned'), 1);
  await until('a dialer has told how the installation stands', async () => value(await read(), 'outdial_dialers') >= 1, 30000);
});

test('the alert rules hold, and fire when they should', () => {
  assert.match(execFileSync('promtool', ['check', 'rules', join(monitoring, 'outdial.rules.yml')], { encoding: 'utf8' }), /SUCCESS/);
  const tests = new URL('metrics.alerts.yml', import.meta.url).pathname;
  const run = spawnSync('promtool', ['test', 'rules', tests], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout + run.stderr);
});

test('rules and dashboard ask only for what is measured', async () => {
  const text = await read();
  const dashboard = JSON.parse(readFileSync(join(monitoring, 'outdial.dashboard.json'), 'utf8'));
  const asked = dashboard.panels.flatMap((panel) => panel.targets.map((target) => target.expr));
  assert.ok(asked.length >= 10);
  const known = new Set(text.split('\n').filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]));
  const names = (asked.join(' ') + readFileSync(join(monitoring, 'outdial.rules.yml'), 'utf8')).match(/outdial_[a-z_]+/g);
  for (const name of names) assert.ok(known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, '')), `${name} is not measured`);
  const folder = mkdtempSync(join(tmpdir(), 'outdial-metrics-'));
  try {
    writeFileSync(join(folder, 'panels.yml'), JSON.stringify({ groups: [{ name: 'panels', rules: asked.map((expr, i) => ({ record: `panel:${i}`, expr })) }] }));
    assert.match(execFileSync('promtool', ['check', 'rules', join(folder, 'panels.yml')], { encoding: 'utf8' }), /SUCCESS/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('only this machine may ask', async () => {
  const config = readFileSync(join(env.OUTDIAL_STATE, 'nginx', 'outdial.conf'), 'utf8');
  assert.match(config, /location = \/metrics \{ allow 127\.0\.0\.0\/8; deny all;/);
});

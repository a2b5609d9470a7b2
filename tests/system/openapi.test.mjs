// The description of the API: it is served, it is what the programs have, and the rules of the trade find nothing in it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { admin, contract, env, nobody, problem, request, tenant } from './play.mjs';

const execute = promisify(execFile);
const tests = new URL('..', import.meta.url).pathname;

test('the document is served to anybody, and again only when it has changed', async () => {
  const answer = await nobody.get('/api/openapi.json');
  assert.equal(answer.status, 200);
  assert.equal(answer.body.openapi, '3.1.0');
  const again = await request('GET', '/api/openapi.json', { headers: { 'if-none-match': answer.headers.get('etag') } });
  assert.equal(again.status, 304);
  const { stdout } = await execute(join(env.OUTDIAL_BIN, 'outdial'), ['routes', '--openapi'], { maxBuffer: 8 << 20 });
  assert.deepEqual(JSON.parse(stdout), answer.body);
});

test('the linter finds nothing', async (t) => {
  const place = await mkdtemp(join(tmpdir(), 'outdial-openapi-'));
  t.after(() => rm(place, { recursive: true }));
  const file = join(place, 'openapi.json');
  await writeFile(file, (await nobody.get('/api/openapi.json')).text);
  const linter = [join(tests, 'node_modules/@redocly/cli/bin/cli.js'), 'lint', '--config', join(tests, 'redocly.yaml'), '--format', 'stylish', file];
  await execute(process.execPath, linter, { env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } })
    .catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`));
});

test('every operation that needs nothing but a role and a tenant answers as it is described', async () => {
  const maria = await admin();
  const { document } = await contract();
  const plain = Object.keys(document.paths).filter((path) => document.paths[path].get && !/\{(?!tenant\})/.test(path) && !/\/(voice|gather|inbound)$/.test(path));
  assert.ok(plain.length > 10, 'there are such operations');
  for (const path of plain) await maria.get(path.replace('{tenant}', env.OUTDIAL_TENANT_ID));
});

test('a difference between answer and description is found', async () => {
  const described = await contract();
  const answer = (status, body, type = 'application/json') =>
    ({ status, body, text: JSON.stringify(body), headers: new Headers({ 'content-type': type }) });
  const wrong = (...rest) => described.wrong('GET', ...rest);
  assert.equal(wrong('/healthz', undefined, answer(200, { status: 'ok' })), undefined);
  assert.match(wrong('/healthz', undefined, answer(200, { status: 'fine' })), /status must be equal to one of the allowed values/);
  assert.match(wrong('/healthz', undefined, answer(200, { status: 'ok', more: 1 })), /additional properties \(more\)/);
  assert.match(wrong('/healthz', undefined, answer(200, { status: 'ok' }, 'text/plain')), /content type/);
  assert.match(wrong('/healthz', undefined, answer(418, {})), /418 is not among/);
  assert.match(wrong('/api/v1/nothing', undefined, answer(200, {})), /does not have/);
  assert.match(described.wrong('POST', `${tenant}/leads`, '{"name":"x","phone":"1","colour":"red"}', answer(422, {}, 'application/problem+json')), /must have required/);
  assert.match(described.accepted(described.find(`${tenant}/leads`).item.post, '{"name":"x","phone":"1","colour":"red"}', { status: 201 }), /colour/);
});

test('query members that are not described are refused, and ones that are given twice', async () => {
  const maria = await admin();
  problem(await maria.get(`${tenant}/leads?colour=red`), 400, 'unknown_parameter', 'colour');
  problem(await maria.get(`${tenant}/leads?limit=1&limit=2`), 400, 'repeated_parameter', 'limit');
  problem(await maria.get('/api/v1/me?colour=red'), 400, 'unknown_parameter', 'colour');
  assert.equal((await maria.get('/api/outbound-caller/status?colour=red')).status, 200);
  problem(await maria.get('/api/outbound-caller/logs?limit=1&limit=2'), 400, 'repeated_parameter', 'limit');
});

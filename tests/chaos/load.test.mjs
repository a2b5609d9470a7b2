// A worker under load, for the sanitizer that watches its threads: what it finds is in the logs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

test('numbers and webhooks by 32 connections: nothing is refused', () => {
  const load = fileURLToPath(new URL('../prove/load.mjs', import.meta.url));
  const ran = spawnSync(process.execPath, [load, '--only', 'memory', '--requests', '6000', '--any-size'], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
});

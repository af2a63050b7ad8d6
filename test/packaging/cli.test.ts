// What is published of the command is enough to run it, and the emulator is there only where somebody installed it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmulator } from '@esauth/emulator';
import { afterAll, expect, inject, test } from 'vitest';
import { end, killAll, run } from '../support/command.js';

const { npm, pnpm } = inject('packed');
const command = 'node_modules/.bin/esauth';

afterAll(killAll);

test('it has one command, so that npx needs to be told no name', async () => {
  const manifest = await readFile(join(npm, 'node_modules/@esauth/cli/package.json'), 'utf8');
  expect(Object.keys(JSON.parse(manifest).bin)).toEqual(['esauth']);
});

test('it says who somebody is', async () => {
  const emulator = await startEmulator({ ui: false });
  const env = {
    ...process.env,
    ESAUTH_NODES: emulator.url,
    ESAUTH_CREDENTIAL: emulator.authorization('elastic'),
  };
  const { code, out, err } = await run(
    ['whoami', '--timeout-ms', '50000'],
    { cwd: npm, env },
    join(npm, command),
  ).ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('user          elastic\n');
  await emulator.close();
});

test('it starts the emulator where that is installed', async () => {
  const started = run(['emulator', '--port', '0', '--quiet'], { cwd: npm }, join(npm, command));
  const [url] = await started.printed(/^http:\/\/127\.0\.0\.1:\d+$/m);
  expect((await fetch(url)).status).toBe(401);
  expect((await end(started)).code).toBe(0);
});

test('it says how to have the emulator where it is not', async () => {
  // pnpm's commands are scripts of a shell; there nothing is found that a manifest does not name.
  const bin = join(pnpm, 'node_modules/@esauth/cli/bin/esauth.js');
  // The tests' own modules are no installation of anybody's.
  const env = { ...process.env, NODE_PATH: '' };
  const { code, err } = await run(['emulator'], { cwd: pnpm, env }, bin).ended;
  expect(err).toBe(
    'esauth: @esauth/emulator is not installed here: npm install --save-dev @esauth/emulator, or npx @esauth/emulator\n',
  );
  expect(code).toBe(64);
});

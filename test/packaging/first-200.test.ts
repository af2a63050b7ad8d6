// Every line of docs/quick-start.md, and the servers of the root README, run as they stand there, as modules and in
// CommonJS, and are answered as the page says. `node scripts/first-200.mjs` does the same with every major of the
// frameworks, from `npm init` on.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { node, scratch } from './scratch.js';

const script = fileURLToPath(new URL('../../scripts/first-200.mjs', import.meta.url));

test('the quick start is as it says, and the servers of the root README answer with 200', async () => {
  // As `npm init -y` writes it; older versions of npm leave it out, and mean the same.
  const folder = await scratch({ 'package.json': JSON.stringify({ type: 'commonjs' }) });
  const { stdout, stderr, code } = await node([script, '--in', folder], folder);
  const [, ...lines] = stdout.trim().split('\n');
  expect(stderr).toBe('');
  // Framework and file, and what comes behind the two times.
  const found = lines.map((line) => line.replace(/ +[\d.]+ s +[\d.]+ s +/, ': ').replace(/ +/, ' '));
  const quickStart = ['express', 'koa', 'fastify'].flatMap((name) => [
    `${name} server.mjs: 401 200 200 403`,
    `${name} server.js: 401 200 200 403`,
  ]);
  expect(found.slice(0, quickStart.length)).toEqual(quickStart);
  const readme = found.slice(quickStart.length);
  expect(readme.length).toBeGreaterThan(0);
  for (const line of readme) expect(line).toMatch(/^\w+ readme\.mjs: 200$/);
  expect(code).toBe(0);
});

// The servers of the root README, as they stand there, as modules and in CommonJS, answer their first request with 200.
// `node scripts/first-200.mjs` does the same with every major of the frameworks, from `npm init` on.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { node, scratch } from './scratch.js';

const script = fileURLToPath(new URL('../../scripts/first-200.mjs', import.meta.url));

test('the servers of the root README answer with 200', async () => {
  // As `npm init -y` writes it; older versions of npm leave it out, and mean the same.
  const folder = await scratch({ 'package.json': JSON.stringify({ type: 'commonjs' }) });
  const { stdout, stderr, code } = await node([script, '--in', folder], folder);
  const [, ...lines] = stdout.trim().split('\n');
  expect(stderr).toBe('');
  expect(lines.map((line) => line.split(/ +/)).map((cells) => [cells[0], cells[1], cells.at(-1)])).toEqual(
    ['express', 'koa', 'fastify'].flatMap((name) => [
      [name, 'server.mjs', '200'],
      [name, 'server.js', '200'],
    ]),
  );
  expect(code).toBe(0);
});

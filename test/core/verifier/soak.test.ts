import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const soak = fileURLToPath(new URL('../../soak.mjs', import.meta.url));

// The whole one, of ten minutes, is `npm run test:soak`; CI takes one minute.
const seconds = process.env.CI === undefined ? '20' : '60';

test(`${seconds} seconds of mixed traffic with random faults and revocations`, {
  timeout: 120_000,
}, async () => {
  const child = spawn(process.execPath, ['--expose-gc', '--no-warnings', soak, '--seconds', seconds], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'close');
  expect(said).toMatch(/soak: good\n$/);
  expect(code).toBe(0);
});

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { systemClock } from '../../../packages/core/src/time/clock.js';

test('the wall clock counts from the epoch, the other never goes back', () => {
  expect(Math.abs(systemClock.wall() - Date.now())).toBeLessThan(60_000);
  const first = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
});

test('a timer runs once, unless it was stopped', async () => {
  const ran: string[] = [];
  const stop = systemClock.after(0, () => ran.push('stopped'));
  const run = new Promise<void>((resolve) => systemClock.after(0, () => resolve(void ran.push('ran'))));
  stop();
  await run;
  expect(ran).toEqual(['ran']);
});

test('a timer does not keep the process alive', async () => {
  const clock = fileURLToPath(new URL('../../../packages/core/dist/time/clock.js', import.meta.url));
  const script = `import { systemClock } from ${JSON.stringify(clock)}; systemClock.after(86_400_000, () => {});`;
  const options = { timeout: 30_000 };
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], options);
});

// An engine that is slow or away: as if there were none, left alone for a while, and one warning a minute.

import { beforeEach, expect, test } from 'vitest';
import { away, createInTime, type InTime } from '../../../packages/core/src/sharing/in-time.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

let clock: FakeClock;
let inTime: InTime;
let warnings: string[];

beforeEach(() => {
  clock = createFakeClock();
  warnings = [];
  inTime = createInTime(clock, 50, (key, text) => void warnings.push(`${key}: ${text}`));
});

const broken = () => Promise.reject(new Error('Redis is full'));

test('what comes in time is what is asked for', async () => {
  expect(await inTime.ask(async () => 5)).toBe(5);
  expect(inTime.failures).toBe(0);
  await inTime.ask(broken);
  expect(warnings).toHaveLength(1);
  // Nothing is waited for any more.
  expect(clock.timers).toBe(0);
});

test('what comes later is as if it had not come', async () => {
  let late: ((value: number) => void) | undefined;
  const asked = inTime.ask(() => new Promise<number>((resolve) => (late = resolve)));
  await clock.advance(50);
  await new Promise(setImmediate);
  expect(await asked).toBe(away);
  late?.(5);
  expect(inTime.failures).toBe(1);
  expect(warnings.join()).toContain('it said nothing within 50 ms (sharing.timeoutMs)');
});

test('what is refused, or throws at once, is as if it were not there, and the warning has its words', async () => {
  expect(await inTime.ask(broken)).toBe(away);
  const throws = () => {
    throw new Error('Redis is full');
  };
  expect(await inTime.ask(throws)).toBe(away);
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toContain('ESAUTH_SHARING');
  expect(warnings[0]).toContain('Redis is full');
});

test('after five failures in a row it is left alone for a second, and then one call tries it', async () => {
  let asked = 0;
  const ask = (work: () => Promise<unknown>) =>
    inTime.ask(() => {
      asked += 1;
      return work();
    });
  for (let n = 0; n < 5; n += 1) await ask(broken);
  expect(inTime.leftAlone).toBe(true);
  expect(await ask(async () => 1)).toBe(away);
  expect(asked).toBe(5);
  await clock.advance(999);
  expect(inTime.leftAlone).toBe(true);
  await clock.advance(1);
  expect(inTime.leftAlone).toBe(false);
  const [tried, besides] = [ask(broken), ask(async () => 1)];
  expect(await besides).toBe(away);
  expect(await tried).toBe(away);
  expect(asked).toBe(6);
  expect(await ask(async () => 1)).toBe(away);
  await clock.advance(1_000);
  expect(await ask(async () => 1)).toBe(1);
  expect(await ask(broken)).toBe(away);
  expect(inTime.leftAlone).toBe(false);
});

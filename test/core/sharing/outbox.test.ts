// Revocations on their way to the others: in order, together, again and again until they are told, and never too many.

import { beforeEach, describe, expect, test } from 'vitest';
import { createOutbox, type Outbox } from '../../../packages/core/src/sharing/outbox.js';
import type { Message, SharedSubject } from '../../../packages/core/src/sharing/port.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

let clock: FakeClock;
let outbox: Outbox;
let told: Message[];
let answers: { resolve(): void; reject(error: Error): void }[];
let expected: Set<number>;
let failures: unknown[];

beforeEach(() => {
  clock = createFakeClock();
  [told, answers, expected, failures] = [[], [], new Set(), []];
  outbox = createOutbox({
    clock,
    timeoutMs: 50,
    from: 'here',
    now: () => clock.now(),
    tell(message) {
      told.push(message);
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
    expect: (serial) => void expected.add(serial),
    arrive: (serial) => void expected.delete(serial),
    failed: (error) => void failures.push(error),
  });
});

const user = (name: string): SharedSubject => ({ username: name });
const add = (name: string) => outbox.add(user(name), [name]);
const settle = () => clock.advance(0);

describe('a revocation', () => {
  test('is told at once, and shared as soon as it is taken', async () => {
    const reach = add('jane');
    expect(told).toEqual([{ from: 'here', serial: 1, subjects: [user('jane')] }]);
    expect(outbox.waiting).toBe(1);
    answers[0]?.resolve();
    expect(await reach).toBe('shared');
    expect(outbox.waiting).toBe(0);
    // Nothing is waited for any more.
    expect(clock.timers).toBe(0);
    // It counts as revoked after everything until it has come back.
    expect(expected.size).toBe(1);
    outbox.hear(1);
    expect(expected.size).toBe(0);
  });

  test('is local if it is not taken in time, and goes out all the same', async () => {
    const reach = add('jane');
    await clock.advance(50);
    expect(await reach).toBe('local');
    answers[0]?.resolve();
    await settle();
    expect(outbox.waiting).toBe(0);
  });

  test('waits for the one before it, together with all that came meanwhile, in order', async () => {
    void add('first');
    const names = Array.from({ length: 150 }, (_, n) => `user ${n}`);
    const others = names.map(add);
    answers[0]?.resolve();
    await settle();
    answers[1]?.resolve();
    await settle();
    answers[2]?.resolve();
    expect(await Promise.all(others)).toEqual(names.map(() => 'shared'));
    expect(told.map(({ serial }) => serial)).toEqual([1, 2, 3]);
    expect(told.flatMap(({ subjects }) => subjects)).toEqual(['first', ...names].map(user));
    expect(told[1]?.subjects).toHaveLength(100);
  });

  test('is told again after a pause until it is taken, and before all that came later', async () => {
    void add('first');
    void add('second');
    answers[0]?.reject(new Error('no'));
    await settle();
    void add('third');
    expect(told).toHaveLength(1);
    expect(failures).toHaveLength(1);
    await clock.advance(100);
    expect(told[1]?.subjects).toEqual(['first', 'second', 'third'].map(user));
  });

  test('is told again after pauses that grow, up to a second, and begin again when it was taken', async () => {
    void add('first');
    const refuse = async (pauseMs: number) => {
      answers.at(-1)?.reject(new Error('no'));
      await clock.advance(pauseMs - 1);
      const { length } = told;
      await clock.advance(1);
      expect(told).toHaveLength(length + 1);
    };
    for (const pauseMs of [100, 200, 400, 800, 1_000, 1_000]) await refuse(pauseMs);
    answers.at(-1)?.resolve();
    await settle();
    void add('second');
    await refuse(100);
    expect(outbox.waiting).toBe(1);
  });

  test('is told again at once when there is news that it may be taken', async () => {
    void add('jane');
    for (const pauseMs of [100, 200]) {
      answers.at(-1)?.reject(new Error('no'));
      await clock.advance(pauseMs);
    }
    answers.at(-1)?.reject(new Error('no'));
    await clock.advance(350);
    expect(told).toHaveLength(3);
    outbox.wake();
    expect(told).toHaveLength(4);
    // Then the pauses begin again, and nothing is left of the one that was ended.
    answers.at(-1)?.reject(new Error('no'));
    await clock.advance(99);
    expect(told).toHaveLength(4);
    await clock.advance(1);
    expect(told).toHaveLength(5);
  });

  test('is told once more if nobody says whether it was taken', async () => {
    void add('jane');
    await clock.advance(10_100);
    expect(told).toHaveLength(2);
    // A pause longer than before.
    await clock.advance(10_200);
    expect(told).toHaveLength(3);
    // What an engine says of earlier attempts is too late to matter.
    answers[0]?.resolve();
    answers[1]?.reject(new Error('no'));
    await settle();
    expect(failures).toHaveLength(2);
    expect(outbox.waiting).toBe(1);
    answers[2]?.resolve();
    await settle();
    expect(outbox.waiting).toBe(0);
  });

  test('is taken if it comes back, whatever was said of it', async () => {
    const reach = add('jane');
    outbox.hear(1);
    expect(await reach).toBe('shared');
    expect(outbox.waiting).toBe(0);
  });

  test('is told again when the log is another one that does not have it', async () => {
    void add('jane');
    void add('june');
    answers[0]?.resolve();
    await settle();
    answers[1]?.resolve();
    await settle();
    outbox.hear(2);
    outbox.tellAgain();
    expect(told[2]).toEqual({ from: 'here', serial: 3, subjects: [user('jane')] });
  });

  test('is told again once, and before what is told later', async () => {
    for (const [at, name] of ['jane', 'john'].entries()) {
      void add(name);
      if (at === 0) answers[at]?.resolve();
      await settle();
    }
    void add('june');
    // John is being told, and Jane was.
    outbox.tellAgain();
    expect(outbox.waiting).toBe(3);
    answers[1]?.reject(new Error('no'));
    await settle();
    outbox.tellAgain();
    expect(outbox.waiting).toBe(3);
    await clock.advance(100);
    expect(told[2]?.subjects).toEqual(['john', 'jane', 'june'].map(user));
  });

  test('is told again when the log that is read does not show it: another one has taken it', async () => {
    void add('jane');
    outbox.readUntil(clock.now() + 5_000);
    answers[0]?.resolve();
    await settle();
    const taken = clock.now();
    outbox.readUntil(taken + 999);
    expect(told).toHaveLength(1);
    outbox.readUntil(taken + 1_000);
    expect(told[1]).toEqual({ from: 'here', serial: 2, subjects: [user('jane')] });
    expect(expected.size).toBe(1);
    outbox.hear(2);
    outbox.readUntil(taken + 60_000);
    expect(told).toHaveLength(2);
    expect(expected.size).toBe(0);
  });
});

test('an outbox that is full becomes a revocation of everything', async () => {
  const reaches = Array.from({ length: 1_002 }, (_, n) => add(`user ${n}`));
  // Those that are replaced need not wait to know it.
  expect(await Promise.race([reaches[1], settle()])).toBe('local');
  await clock.advance(50);
  expect(new Set(await Promise.all(reaches))).toEqual(new Set(['local']));
  answers[0]?.resolve();
  await settle();
  expect(told[1]?.subjects).toEqual(['all', user('user 1001')]);
  // And counts as one here: the first, everything, and the last.
  expect(expected.size).toBe(3);
});

test('a log that takes everything and shows nothing is told that everything is revoked', async () => {
  for (let n = 0; n <= 1_000; n += 1) {
    void add(`user ${n}`);
    answers[n]?.resolve();
    await settle();
  }
  expect(told[1_000]?.subjects).toContain('all');
  expect(expected.size).toBeLessThan(1_001);
  // From then on it is as before.
  void add('jane');
  expect(told[1_001]?.subjects).toEqual([user('jane')]);
});

describe('close', () => {
  test('waits until all is told', async () => {
    const reach = add('jane');
    let closed = false;
    const closing = outbox.close().then(() => {
      closed = true;
    });
    await settle();
    expect(closed).toBe(false);
    answers[0]?.resolve();
    await closing;
    expect(await reach).toBe('shared');
    expect(await add('june')).toBe('local');
    expect(told).toHaveLength(1);
  });

  test('and ends a pause between attempts: it may be the last chance', async () => {
    const reach = add('jane');
    answers[0]?.reject(new Error('no'));
    await settle();
    const closing = outbox.close();
    answers[1]?.resolve();
    await closing;
    expect(await reach).toBe('shared');
  });

  test('and no longer than for timeoutMs', async () => {
    const reach = add('jane');
    const closing = outbox.close();
    await clock.advance(25);
    answers[0]?.reject(new Error('no'));
    await clock.advance(25);
    await closing;
    expect(await reach).toBe('local');
    // Nor is anything tried later.
    expect(clock.timers).toBe(0);
  });
});

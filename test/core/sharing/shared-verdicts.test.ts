// What counts here of what others have kept, with an engine in the test's hands: each case is one that a real one brings
// about in an instant that nobody can wait for.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Fingerprint } from '../../../packages/core/src/memory/fingerprint.js';
import type { Subject } from '../../../packages/core/src/memory/revocation.js';
import { createCounters } from '../../../packages/core/src/observation/stats.js';
import type { Heard, Message, SharedValue } from '../../../packages/core/src/sharing/port.js';
import {
  createSharedVerdicts,
  type SharedVerdicts,
} from '../../../packages/core/src/sharing/shared-verdicts.js';
import type { Authenticated } from '../../../packages/core/src/values/verdict.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

const jane = 'fingerprint of jane' as Fingerprint;
const native = { name: 'native', type: 'native' };
const verdict: Authenticated = {
  kind: 'authenticated',
  verifiedAt: 0,
  identity: {
    username: 'jane',
    subject: 'jane',
    authenticationType: 'token',
    roles: [],
    metadata: {},
    realm: native,
    lookupRealm: native,
  } as unknown as Authenticated['identity'],
};

let clock: FakeClock;
let shared: SharedVerdicts;
/** What is kept under any name. */
let value: SharedValue | undefined;
let told: Message[];
let forgotten: Subject[];
let warnings: string[];
/** Ends the reading that is under way. */
let reading: { resolve(heard: Heard): void; reject(error: Error): void };
let findFails: ((error: Error) => void) | undefined;

/** How long an answer is under way. */
let answerMs = 0;

/** The engine's own clock. */
let setBackMs = 0;
const time = () => 1_000_000 + clock.monotonic() - setBackMs;

beforeEach(() => {
  clock = createFakeClock();
  [value, told, forgotten, warnings, setBackMs, findFails] = [undefined, [], [], [], 0, undefined];
  answerMs = 0;
  const memory = {
    read: () => new Promise<Heard>((resolve, reject) => Object.assign(reading, { resolve, reject })),
    async tell(message: Message) {
      told.push(structuredClone(message));
    },
    find: () =>
      findFails === undefined
        ? Promise.resolve({ time: time(), value, unsealed: false, leased: false }).finally(() =>
            clock.advance(answerMs),
          )
        : new Promise<never>((_, reject) => {
            findFails = reject;
          }),
    async keep(_: unknown, kept: SharedValue) {
      value = kept;
    },
    drop: async () => undefined,
    lease: async () => true,
    release: async () => undefined,
    close: async () => findFails?.(new Error('nobody waits any more')),
  };
  reading = { resolve: () => undefined, reject: () => undefined };
  shared = createSharedVerdicts(
    {
      sharing: { digestKeys: ['00'], open: () => memory },
      ...{ authority: '', timeoutMs: 50, blindAfterMs: 60_000, blindMaxAgeMs: 5_000, leaseMs: 1_000 },
    },
    {
      ...{ clock, timeline: clock, counters: createCounters(), lifeMs: 30_000, memoryMs: 35_000 },
      longestMs: 1_000,
      warn: (_, text) => void warnings.push(text),
      forget: (subject) => void forgotten.push(subject),
    },
  );
});

/** Everything was read, up to a place. */
async function hear(epoch: string, at: string, more: Partial<Heard> = {}): Promise<void> {
  const checked = { askedAt: clock.now(), time: time() };
  reading.resolve({ told: [], position: { epoch, at }, checked, since: undefined, unsealed: 0, ...more });
  await clock.advance(0);
}

/** Somebody has looked her up, and shares it. */
async function keep(): Promise<void> {
  const start = shared.start();
  if (start === undefined) throw new Error('it has heard nothing');
  shared.keep(['jane'], verdict, start);
  await clock.advance(1);
}

const found = async () => (await shared.find(['jane'], jane)).kind;

describe('a value counts', () => {
  test('if it is of this epoch, whatever its place and time', async () => {
    await hear('one', '5', { since: '1' });
    await keep();
    expect(await found()).toBe('found');
    await hear('another', '3', { since: '1' });
    expect(await found()).toBe('absent');
  });

  test('since when it was looked up, however long the answer is under way', async () => {
    await hear('one', '5', { since: '1' });
    const since = clock.wall();
    await keep();
    await clock.advance(10);
    answerMs = 20;
    expect(await shared.find(['jane'], jane)).toMatchObject({
      startedAt: since - clock.wall() + clock.now(),
      verdict: { verifiedAt: since },
    });
  });

  test('and is not kept at all if another one has begun since its lookup started', async () => {
    await hear('one', '5', { since: '1' });
    const start = shared.start();
    await hear('another', '5', { since: '1' });
    if (start !== undefined) shared.keep(['jane'], verdict, start);
    await clock.advance(1);
    expect(value).toBeUndefined();
  });

  test('if she was not refused here since, also when part of the log is lost', async () => {
    await hear('one', '5', { since: '1' });
    await keep();
    shared.refuse(jane);
    expect(await found()).toBe('absent');
    await hear('one', '5', { since: '5' });
    expect(await found()).toBe('absent');
    // Whoever asked for her later has an answer that counts.
    await clock.advance(10);
    await hear('one', '5');
    await keep();
    expect(await found()).toBe('found');
  });

  test("unless it is from a time that is yet to come: the engine's clock was set back", async () => {
    await hear('one', '5', { since: '1' });
    await keep();
    setBackMs = 3_600_000;
    expect(await found()).toBe('found');
    await hear('one', '5');
    expect(await found()).toBe('absent');
    // And nobody has to have seen that.
    await clock.advance(3_601_000);
    await hear('one', '5');
    await keep();
    expect(await found()).toBe('found');
    if (value !== undefined) value = { ...value, start: { ...value.start, time: value.start.time + 60_000 } };
    expect(await found()).toBe('absent');
  });

  test('nor if that clock was set back since by less than the value is old', async () => {
    await hear('one', '5', { since: '1' });
    await keep();
    await clock.advance(20_000);
    await hear('one', '5');
    expect(await found()).toBe('found');
    setBackMs = 10_000;
    await hear('one', '5');
    expect(await found()).toBe('absent');
    // Until it has gone on as far, nothing that is kept says how old it is.
    await keep();
    expect(await found()).toBe('absent');
    await clock.advance(10_100);
    await hear('one', '5');
    await keep();
    expect(await found()).toBe('found');
  });
});

describe('a revocation', () => {
  test('is told as it was said, whatever becomes of its list while it waits', async () => {
    await hear('one', '5', { since: '1' });
    void shared.revoke('all');
    const apiKeyIds = ['a', 'b'];
    void shared.revoke({ apiKeyIds });
    apiKeyIds.length = 0;
    await clock.advance(0);
    expect(told.map(({ subjects }) => subjects)).toEqual([['all'], [{ apiKeyIds: ['a', 'b'] }]]);
  });

  test('that was taken and is not shown by the log that is read is told again', async () => {
    await hear('one', '5', { since: '1' });
    expect(await shared.revoke({ username: 'jane' })).toBe('shared');
    await clock.advance(1_000);
    expect(told).toHaveLength(1);
    await hear('one', '5');
    expect(told[1]?.subjects).toEqual([{ username: 'jane' }]);
  });
});

describe('what was remembered before the log was read', () => {
  test('is forgotten if that failed at first: it may have been another log when somebody was revoked', async () => {
    reading.reject(new Error('the engine is away'));
    await clock.advance(100);
    await hear('one', '5', { since: '1' });
    expect(forgotten).toEqual(['all']);
  });

  test('is kept if not', async () => {
    await hear('one', '5', { since: '1' });
    expect(forgotten).toEqual([]);
  });
});

test('what is under way on close warns of nothing', async () => {
  await hear('one', '5', { since: '1' });
  findFails = () => undefined;
  const finding = found();
  await shared.close();
  expect(await finding).toBe('away');
  expect(warnings).toEqual([]);
});

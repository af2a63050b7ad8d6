// By way of what others know: what it makes of a refusal that somebody else may yet contradict, and how much of a
// caller's time it takes.

import { expect, test } from 'vitest';
import type { Fingerprint } from '../../../packages/core/src/memory/fingerprint.js';
import type { Found, SharedVerdicts } from '../../../packages/core/src/sharing/shared-verdicts.js';
import { rejected } from '../../../packages/core/src/values/verdict.js';
import { type LookUp, notRevocable } from '../../../packages/core/src/verification/lookup.js';
import {
  createSharedLookup,
  type SharedLookupParts,
} from '../../../packages/core/src/verification/shared-lookup.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

const absent = { kind: 'absent', leased: false, kept: false } as const;
const leased = { ...absent, leased: true };
const fingerprint = 'of garbage' as Fingerprint;
const landed = notRevocable(rejected('credentials_invalid'));

/** Looks up what Elasticsearch refuses. @param some what matters of what others know. */
function refusedBeside(clock: FakeClock, timeoutMs: number, some: Partial<SharedVerdicts>, lookUp: LookUp) {
  const shared = {
    nameOf: () => ['name'],
    start: () => undefined,
    refuse: () => undefined,
    release: () => undefined,
    timeoutMs: 50,
    ...some,
  };
  const parts = {
    ...{ clock, timeline: clock, timeoutMs, shared, revocations: undefined },
    cache: { begin: () => ({}), end: () => undefined },
  } as unknown as SharedLookupParts;
  return createSharedLookup(parts, lookUp)(
    { kind: 'question', credential: { authorization: 'Bearer garbage' } as never, fingerprint },
    { background: false, source: undefined },
    {
      abandoned: { aborted: false } as never,
      startedAt: 0,
      deadline: undefined,
      token: {},
      endsAt: () => undefined,
    },
  );
}

test.each<[string, Found, boolean]>([
  ['nobody knows and nobody else asks for is not noted: garbage would fill the notes', absent, false],
  ['somebody has kept is noted', { ...absent, kept: true }, true],
  ['somebody asks for, who may keep it late, is noted', leased, true],
])('a refusal of what %s', async (_, found, isNoted) => {
  const clock = createFakeClock();
  const noted: Fingerprint[] = [];
  const shared = {
    find: async () => found,
    lease: async () => true,
    refuse: (refused: Fingerprint) => void noted.push(refused),
    leaseMs: 1_000,
  };
  const asking = refusedBeside(clock, 5_000, shared, async () => landed);
  await clock.advance(1_100);
  expect(await asking).toBe(landed);
  expect(noted).toEqual(isNoted ? [fingerprint] : []);
});

// An engine takes this share of what it may take for each answer, and whoever asks for all has died.
const shares = [0.01, 0.3, 0.5, 0.9, 1];
test.each([400, 4_000, 30_000].flatMap((timeoutMs) => shares.map((share) => [timeoutMs, share] as const)))(
  'of %i ms, half are left for Elasticsearch, if an engine takes %d of its time for each answer',
  async (timeoutMs, share) => {
    const clock = createFakeClock();
    const start = clock.monotonic();
    const takes = async <Answer>(answer: Answer) => {
      await new Promise<void>((resolve) => clock.after((share * timeoutMs) / 4, resolve));
      return answer;
    };
    const shared = {
      find: () => takes(leased),
      lease: () => takes(false),
      leaseMs: 60_000,
      timeoutMs: timeoutMs / 4,
    };
    let askedAt = Infinity;
    const asking = refusedBeside(clock, timeoutMs, shared, async () => {
      askedAt = clock.monotonic();
      return landed;
    });
    await clock.advance(timeoutMs);
    await asking;
    expect(askedAt - start).toBeLessThanOrEqual(timeoutMs / 2);
    // Not at once, either: if he lives, he may yet bring it.
    expect(askedAt - start).toBeGreaterThanOrEqual(timeoutMs / 4);
  },
);

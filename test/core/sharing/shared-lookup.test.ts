// By way of what others know: what it makes of a refusal that somebody else may yet contradict.

import { expect, test } from 'vitest';
import type { Fingerprint } from '../../../packages/core/src/memory/fingerprint.js';
import type { Found } from '../../../packages/core/src/sharing/shared-verdicts.js';
import { rejected } from '../../../packages/core/src/values/verdict.js';
import { notRevocable } from '../../../packages/core/src/verification/lookup.js';
import {
  createSharedLookup,
  type SharedLookupParts,
} from '../../../packages/core/src/verification/shared-lookup.js';
import { createFakeClock } from '../../support/fake-clock.js';

const absent = { kind: 'absent', leased: false, kept: false } as const;
const leased = { ...absent, leased: true };

test.each<[string, Found, boolean]>([
  ['nobody knows and nobody else asks for is not noted: garbage would fill the notes', absent, false],
  ['somebody has kept is noted', { ...absent, kept: true }, true],
  ['somebody asks for, who may keep it late, is noted', leased, true],
])('a refusal of what %s', async (_, found, isNoted) => {
  const clock = createFakeClock();
  const noted: Fingerprint[] = [];
  const shared = {
    nameOf: () => ['name'],
    find: async () => found,
    lease: async () => true,
    start: () => undefined,
    refuse: (fingerprint: Fingerprint) => void noted.push(fingerprint),
    release: () => undefined,
    leaseMs: 1_000,
  };
  const parts = {
    ...{ clock, timeline: clock, timeoutMs: 5_000, shared, revocations: undefined },
    cache: { begin: () => ({}), end: () => undefined },
  } as unknown as SharedLookupParts;
  const fingerprint = 'of garbage' as Fingerprint;
  const landed = notRevocable(rejected('credentials_invalid'));
  const asking = createSharedLookup(parts, async () => landed)(
    { kind: 'question', credential: { authorization: 'Bearer garbage' } as never, fingerprint },
    { background: false, source: undefined },
    { abandoned: { aborted: false } as never, deadline: undefined, token: {}, endsAt: () => undefined },
  );
  await clock.advance(1_100);
  expect(await asking).toBe(landed);
  expect(noted).toEqual(isNoted ? [fingerprint] : []);
});

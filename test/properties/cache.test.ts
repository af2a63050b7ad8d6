import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCache, type LookupStart } from '../../packages/core/src/memory/cache.js';
import { createFingerprinter } from '../../packages/core/src/memory/fingerprint.js';
import { createRevocations } from '../../packages/core/src/memory/revocation.js';
import { type Authenticated, type Rejected, rejected } from '../../packages/core/src/values/verdict.js';
import { createFakeClock } from '../support/fake-clock.js';
import { userIdentity } from '../support/identities.js';

const ttlMs = 100;
const rejectedTtlMs = 30;
const fingerprint = createFingerprinter();
const users = ['alice', 'bob'] as const;
const names = { alice: fingerprint('Bearer alice'), bob: fingerprint('Bearer bob') };

type User = (typeof users)[number];
type Step =
  | { readonly do: 'start' | 'revoke' | 'find'; readonly user: User }
  | {
      readonly do: 'answer';
      readonly lookup: number;
      readonly yes: boolean;
      readonly lives?: number | undefined;
    }
  | { readonly do: 'wait' | 'jump'; readonly ms: number }
  | { readonly do: 'revoke all' };

const user = fc.constantFrom(...users);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('start' as const), user }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      lookup: fc.nat(5),
      yes: fc.boolean(),
      lives: fc.option(fc.integer({ min: -10, max: 60 }), { nil: undefined }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('find' as const), user }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(25) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), user }) },
  { weight: 1, arbitrary: fc.constant({ do: 'revoke all' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      ms: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    }),
  },
);

/**
 * What a simple mind would keep: of each user the answer whose lookup started last, until it is found to be
 * over. From then on an answer to an earlier lookup counts again; single flight sees to it that none comes.
 */
interface Known {
  readonly verdict: Authenticated | Rejected;
  readonly order: number;
  readonly endsAt: number;
}

test('P13-P15, P19, P21: any order of lookups, answers, revocations and time serves what a simple model serves', {
  timeout: 60_000,
}, async () => {
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const clock = createFakeClock();
      const revocations = createRevocations(clock, ttlMs);
      const settings = {
        ttlMs,
        refreshAfterMs: 0,
        staleIfErrorMs: 0,
        rejectedTtlMs,
        maxEntries: 10,
        maxBytes: 1_000_000,
        maxRejectedEntries: 10,
        jitter: 0,
      };
      const cache = createCache(settings, clock, clock, revocations);

      let order = 0;
      const lookups: { readonly user: User; readonly start: LookupStart; readonly order: number }[] = [];
      const known = new Map<User, Known>();
      const revokedAt = { alice: 0, bob: 0, all: 0 };
      /** The latest start of a lookup that was refused. */
      const refusedOrder = { alice: 0, bob: 0 };

      for (const next of steps) {
        order += 1;
        switch (next.do) {
          case 'start': {
            const start = cache.begin(names[next.user]);
            lookups.push({ user: next.user, start, order });
            break;
          }
          case 'answer': {
            const lookup = lookups.splice(next.lookup % Math.max(1, lookups.length), 1)[0];
            // A real lookup is over within its deadline, and notes are kept for longer than that.
            if (lookup === undefined || clock.now() - lookup.start.startedAt > ttlMs) break;
            const expiresAt = next.lives === undefined ? undefined : clock.wall() + next.lives;
            const identity = userIdentity(lookup.user, {}, expiresAt);
            const verdict = next.yes
              ? ({ kind: 'authenticated', identity, verifiedAt: 0 } as const)
              : rejected('credentials_invalid');
            cache.remember(names[lookup.user], verdict, lookup.start);

            const { startedAt } = lookup.start;
            const before = known.get(lookup.user);
            if (before !== undefined && before.order > lookup.order) break;
            const ownEnd = next.yes ? clock.now() + (next.lives ?? Infinity) : Infinity;
            const endsAt = Math.min(startedAt + (next.yes ? ttlMs : rejectedTtlMs), ownEnd);
            known.delete(lookup.user);
            if (!next.yes) refusedOrder[lookup.user] = Math.max(refusedOrder[lookup.user], lookup.order);
            if (next.yes && lookup.order < refusedOrder[lookup.user]) break;
            if (endsAt > clock.now()) known.set(lookup.user, { verdict, order: lookup.order, endsAt });
            break;
          }
          case 'wait':
            await clock.advance(next.ms);
            break;
          case 'jump':
            clock.setWall(clock.wall() + next.ms);
            break;
          case 'revoke':
            revocations.revoke({ username: next.user });
            revokedAt[next.user] = order;
            break;
          case 'revoke all':
            revocations.revoke('all');
            revokedAt.all = order;
            break;
          case 'find':
            hits += Number(check(next.user) !== undefined);
        }
      }
      for (const each of users) hits += Number(check(each) !== undefined);

      function check(who: User) {
        const entry = known.get(who);
        const expected = served(who, entry) ? entry?.verdict : undefined;
        if (expected === undefined) known.delete(who);
        const found = cache.find(names[who], clock.now())?.verdict;
        expect(found).toBe(expected);
        return found;
      }

      function served(who: User, entry: Known | undefined): boolean {
        if (entry === undefined || entry.endsAt <= clock.now() || entry.order < revokedAt.all) return false;
        return entry.verdict.kind === 'rejected' || entry.order >= revokedAt[who];
      }
    }),
    { numRuns: 500 },
  );
  // The generator does reach answers that are served.
  expect(hits).toBeGreaterThan(100);
});

// The byte budget of the cache beside a list that a simple mind would keep: whoever was used last stands last, and the
// first make room until the rest fits.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCache } from '../../packages/core/src/memory/cache.js';
import { createFingerprinter } from '../../packages/core/src/memory/fingerprint.js';
import {
  createPrivilegeMemory,
  type PrivilegeMemory,
} from '../../packages/core/src/memory/privilege-memory.js';
import { createRevocations } from '../../packages/core/src/memory/revocation.js';
import type { Identity } from '../../packages/core/src/values/identity.js';
import { rejected } from '../../packages/core/src/values/verdict.js';
import { createFakeClock } from '../support/fake-clock.js';
import { userIdentity } from '../support/identities.js';

const fingerprint = createFingerprinter();
const users = ['a', 'b', 'c', 'd', 'e', 'f'];
const named = (user: string) => fingerprint(`Bearer ${user}`);
const settings = {
  ttlMs: 60_000,
  refreshAfterMs: 0,
  staleIfErrorMs: 0,
  rejectedTtlMs: 60_000,
  maxEntries: 5,
  maxRejectedEntries: 100,
  jitter: 0,
};

function cacheOf(maxBytes: number) {
  const clock = createFakeClock();
  const revocations = createRevocations(clock, 100_000);
  return { revocations, cache: createCache({ ...settings, maxBytes }, clock, clock, revocations), clock };
}

function say(cache: ReturnType<typeof cacheOf>['cache'], user: string, identity: Identity | undefined): void {
  const yes = identity && ({ kind: 'authenticated', identity, verifiedAt: 0 } as const);
  cache.remember(named(user), yes ?? rejected('credentials_invalid'), cache.begin(named(user)));
}

/** What an identity is charged where there is room for all. */
function chargeOf(identity: Identity): number {
  const { cache } = cacheOf(1e9);
  say(cache, 'anybody', identity);
  return cache.bytes;
}

const user = fc.constantFrom(...users);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('accept' as const), user, length: fc.nat(12_000) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('find' as const), user }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('learn' as const),
      user,
      names: fc.array(fc.tuple(fc.nat(90), fc.nat(250)), { minLength: 1, maxLength: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), user }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), user }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flood' as const), count: fc.nat(300) }) },
);

/** Somebody who is remembered. */
interface Seat {
  readonly user: string;
  readonly charge: number;
  facts: PrivilegeMemory | undefined;
  revoked: boolean;
}

test('P24, P61: any order of answers, facts, refusals and revocations keeps who was used last, within the budget', {
  timeout: 60_000,
}, () => {
  let evicted = 0;
  let charged = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 8_000, max: 40_000 }),
      fc.array(step, { minLength: 20, maxLength: 80 }),
      (maxBytes, steps) => {
        const { cache, revocations, clock } = cacheOf(maxBytes);
        let seats: Seat[] = [];
        const refused = new Set<string>();
        const bytesOf = ({ charge, facts }: Seat) => charge + (facts?.bytes ?? 0);
        const total = () => seats.reduce((sum, seat) => sum + bytesOf(seat), 0);

        /** Whoever is named, made the last; nobody if he was revoked. */
        const use = (who: string): Seat | undefined => {
          const seat = seats.find((each) => each.user === who);
          seats = seats.filter((each) => each !== seat);
          if (seat === undefined || seat.revoked) return undefined;
          seats.push(seat);
          return seat;
        };
        const seatLast = (seat: Seat) => {
          if (bytesOf(seat) > maxBytes) seat.facts = undefined;
          seats = seats.filter((each) => each.user !== seat.user);
          if (bytesOf(seat) > maxBytes) return;
          seats.push(seat);
          while (total() > maxBytes || seats.length > settings.maxEntries) {
            seats.shift();
            evicted += 1;
          }
        };

        for (const next of steps) {
          switch (next.do) {
            case 'accept': {
              const identity = userIdentity(next.user, { metadata: { is: 'x'.repeat(next.length) } });
              say(cache, next.user, identity);
              refused.delete(next.user);
              seatLast({
                user: next.user,
                charge: chargeOf(identity),
                facts: use(next.user)?.facts,
                revoked: false,
              });
              break;
            }
            case 'find': {
              const found = cache.find(named(next.user), clock.now())?.verdict.kind;
              const kind = use(next.user) === undefined ? undefined : 'authenticated';
              expect(found).toBe(kind ?? (refused.has(next.user) ? 'rejected' : undefined));
              break;
            }
            case 'learn': {
              const memory = cache.privilegesOf(named(next.user));
              const seat = use(next.user);
              expect(memory === undefined).toBe(seat === undefined);
              if (memory === undefined || seat === undefined) break;
              const fact = {
                granted: true,
                startedAt: clock.now(),
                verifiedAt: 0,
                expiresAt: 1e9,
                refreshAt: 0,
              };
              const facts = new Map(next.names.map(([n, length]) => [`${n}`.padEnd(length, 'x'), fact]));
              memory.keep(facts);
              seat.facts ??= createPrivilegeMemory();
              seat.facts.keep(facts);
              charged += 1;
              seatLast(seat);
              break;
            }
            case 'refuse':
              say(cache, next.user, undefined);
              refused.add(next.user);
              seats = seats.filter((each) => each.user !== next.user);
              break;
            case 'revoke':
              revocations.revoke({ username: next.user });
              for (const seat of seats) seat.revoked ||= seat.user === next.user;
              break;
            case 'flood':
              // So few that those of our users are still known.
              for (let n = 0; n < next.count % 90; n += 1) say(cache, `nobody ${n}`, undefined);
          }
          expect(cache.bytes).toBe(total());
          expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
          expect(cache.entries).toBe(seats.length);
        }
        const kept = users.filter(
          (each) => cache.find(named(each), clock.now())?.verdict.kind === 'authenticated',
        );
        expect(kept).toEqual(users.filter((each) => use(each) !== undefined));
        expect(cache.bytes).toBe(total());
      },
    ),
    { numRuns: 500 },
  );
  // The generator does reach what it is about.
  expect(evicted).toBeGreaterThan(300);
  expect(charged).toBeGreaterThan(300);
});

// The verifier under random histories: callers that come, wait and leave, time, revocations, an Elasticsearch
// that changes its mind, breaks and is mended. Every verdict is held against `support/witness.ts`, which knows
// the contract and nothing of how the verifier does it.

import type { Revocable } from '@esauth/core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Drawn, instantsOf, maxAgesAmong } from '../support/drawn-lifetimes.js';
import { bearEvidence } from '../support/evidence.js';
import { createFakeClock } from '../support/fake-clock.js';
import { type Answer, type Failure, failureNames, type Holder, type Truth } from '../support/holders.js';
import { type Asked, startUpstream, type Upstream } from '../support/upstream.js';
import { type CommonStep, setOut, walk } from '../support/walk.js';
import { createWitness } from '../support/witness.js';

const sequences = 10_000;

// ---- who comes

const base64 = (text: string) => Buffer.from(text).toString('base64');
const unpadded = (text: string) => text.replace(/=+$/, '');
const bearer = (token: string) => [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`] as const;
const pair = (scheme: 'ApiKey' | 'Basic', text: string) => {
  const value = base64(text);
  return [
    `${scheme} ${value}`,
    `${scheme.toLowerCase()}  ${unpadded(value)}`,
    `${scheme.toUpperCase()} ${value}`,
  ] as const;
};
/** A JWT that ends some seconds after the fake clock's start. */
const jwtEndsAt = createFakeClock().wall() + 9_000;
const claims = Buffer.from(JSON.stringify({ sub: 'bob', exp: jwtEndsAt / 1_000 })).toString('base64url');

/** As near to each other as credentials can be. */
const holders: readonly [Holder, ...Holder[]] = [
  { scheme: 'Bearer', spellings: bearer('dGhlLXRva2VuLW9mLWFsaWNl0'), username: 'alice', realm: 'native1' },
  { scheme: 'Bearer', spellings: bearer('dGhlLXRva2VuLW9mLWFsaWNl1'), username: 'bob', realm: 'native1' },
  {
    scheme: 'Bearer',
    spellings: bearer(`e30.${claims}.c2ln`),
    username: 'bob',
    realm: 'native2',
    expiresAt: jwtEndsAt,
  },
  {
    scheme: 'ApiKey',
    spellings: pair('ApiKey', 'key1:good'),
    username: 'alice',
    realm: 'native1',
    apiKeyId: 'key1',
  },
  {
    scheme: 'ApiKey',
    spellings: pair('ApiKey', 'key1:goo'),
    username: 'carol',
    realm: 'native2',
    apiKeyId: 'key1',
  },
  { scheme: 'Basic', spellings: pair('Basic', 'key1:good'), username: 'key1', realm: 'native2' },
];

const holderAt = (index: number) => holders[index % holders.length] ?? holders[0];

// ---- what happens

type Step =
  | {
      readonly do: 'verify' | 'peek';
      readonly who: number;
      readonly spelling: number;
      readonly maxAgeMs: number | undefined;
      readonly times: number;
    }
  | { readonly do: 'set the wall clock'; readonly by: number }
  | { readonly do: 'decide'; readonly who: number; readonly truth: Truth }
  | { readonly do: 'become'; readonly mode: 'up' | 'holding' | Answer }
  | { readonly do: 'release'; readonly which: number; readonly answer: 'as asked' | 'as it is' | Answer };

// Few, so that histories meet: most present one of two credentials.
const who = fc.oneof(
  { weight: 4, arbitrary: fc.nat(1) },
  { weight: 2, arbitrary: fc.nat(holders.length - 1) },
);
const failure = fc.constantFrom<Failure[]>(...failureNames);
const truth = fc.constantFrom<Truth[]>('yes', 'yes', 'invalid', 'invalid', 'expired', 'restricted');
const subject: fc.Arbitrary<Revocable> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(who, fc.nat(2))
      .map(([at, spelling]) => ({ credential: holders[at]?.spellings[spelling] ?? '' })),
  },
  {
    weight: 8,
    arbitrary: fc.constantFrom<Revocable[]>(
      { apiKeyIds: ['key1', 'key9'] },
      { apiKeyIds: ['key9'] },
      { username: 'alice' },
      { username: 'bob', realm: 'native1' },
      { username: 'bob', realm: 'native3' },
      { realm: 'native1' },
      { realm: 'native3' },
      'all',
    ),
  },
);

const settings: fc.Arbitrary<Drawn> = fc.record({
  ttlMs: fc.constantFrom(0, 1_000, 6_000, 6_000, 20_000),
  refreshed: fc.constantFrom(0, 0.1, 0.1, 0.5),
  staleIfErrorMs: fc.constantFrom(0, 2_000, 20_000, 20_000),
  rejectedTtlMs: fc.constantFrom(0, 2_000, 20_000),
  jitter: fc.constantFrom(0, 0, 0, 0.1, 0.5),
});
const history = fc
  .option(settings, { freq: 10 })
  .chain((cache) =>
    fc.tuple(fc.constant(cache), fc.array(stepWithin(cache), { minLength: 5, maxLength: 24 })),
  );

function stepWithin(cache: Drawn | null): fc.Arbitrary<Step | CommonStep> {
  const ms = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...instantsOf(cache)) },
    { weight: 2, arbitrary: fc.constantFrom(1, 500, 1_500) },
    { weight: 1, arbitrary: fc.nat(7_000) },
  );
  const maxAgeMs = maxAgesAmong(ms);
  const does = <const Does extends (Step | CommonStep)['do']>(...names: Does[]) => fc.constantFrom(...names);
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: does('verify', 'verify', 'peek'),
        who,
        spelling: fc.nat(2),
        maxAgeMs,
        times: fc.constantFrom(1, 1, 2),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: does('advance'), ms }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: does('release'),
        which: fc.nat(2),
        answer: fc.oneof(fc.constantFrom('as asked' as const, 'as it is' as const), failure),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: does('become'),
        mode: fc.oneof(fc.constant('up' as const), fc.constant('holding' as const), failure),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: does('decide'), who, truth }) },
    { weight: 2, arbitrary: fc.record({ do: does('revoke'), subject }) },
    { weight: 1, arbitrary: fc.record({ do: does('abort'), which: fc.nat(2) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: does('set the wall clock'),
        by: fc.integer({ min: -20, max: 20 }).map((seconds) => seconds * 1_000),
      }),
    },
  );
}

// ---- the property

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());

test(`P1, P2, P9, P13-P19, P21: ${sequences} random histories give only verdicts that the contract allows`, async (context) => {
  const seen: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(history, async ([drawn, steps]) => {
      const start = setOut(upstream, drawn, { schemes: ['Bearer', 'ApiKey', 'Basic'] });
      const { verifier, clock, lifetimes } = start;
      const witness = createWitness(verifier, upstream, clock, holders, lifetimes);

      const truths = new Map<string, Truth>();
      const whenAsked = new Map<Asked, Truth>();
      const truthOf = ({ authorization }: Asked) => truths.get(authorization) ?? 'yes';
      let mode: Extract<Step, { do: 'become' }>['mode'] = 'up';
      upstream.onArrival((asked) => {
        if (mode !== 'holding') return witness.reply(asked, mode === 'up' ? truthOf(asked) : mode);
        whenAsked.set(asked, truthOf(asked));
        return undefined;
      });
      await walk(steps, start, upstream, witness, take);
      for (const [what, count] of Object.entries(witness.seen)) seen[what] = (seen[what] ?? 0) + count;

      function take(next: Step): void {
        switch (next.do) {
          case 'verify':
          case 'peek':
            for (let time = 0; time < next.times; time += 1) {
              witness[next.do](holderAt(next.who), next.spelling + time, next.maxAgeMs);
            }
            break;
          case 'set the wall clock':
            clock.setWall(clock.wall() + next.by);
            // Looked at, so that a step that is taken back later has been noticed.
            verifier.peek('Bearer nobody');
            break;
          case 'decide':
            truths.set(holderAt(next.who).spellings[0], next.truth);
            witness.truth(holderAt(next.who), next.truth === 'yes');
            break;
          case 'become':
            mode = next.mode;
            break;
          case 'release': {
            const asked = upstream.open[next.which % Math.max(1, upstream.open.length)];
            if (asked === undefined) break;
            const { answer } = next;
            const told = { 'as asked': whenAsked.get(asked), 'as it is': truthOf(asked) };
            const chosen = answer === 'as asked' || answer === 'as it is' ? told[answer] : answer;
            upstream.answer(asked, witness.reply(asked, chosen ?? 'yes'));
          }
        }
      }
    }),
    { numRuns: sequences },
  );
  // The histories do reach all that is to be checked.
  for (const what of ['authenticated', 'rejected', 'unavailable', 'stale', 'refresh', 'dropped']) {
    expect(seen[what], what).toBeGreaterThan(sequences / 500);
  }
  bearEvidence(context, { 'histories of a verifier': sequences });
}, 300_000);

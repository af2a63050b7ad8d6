// The verifier under random histories of questions about privileges: callers that ask for things that overlap, an
// Elasticsearch that changes its mind about who somebody is and what he may, revocations while it is asked. What
// callers are told is held against `support/privilege-witness.ts`. Without privileges: `verifier-model.test.ts`.

import type { Revocable } from '@esauth/core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Drawn, instantsOf, maxAgesAmong } from '../support/drawn-lifetimes.js';
import { bearEvidence } from '../support/evidence.js';
import { failureNames, type Holder, type Truth } from '../support/holders.js';
import type { PrivilegesAnswer } from '../support/privilege-model.js';
import { type Item, items } from '../support/privilege-pool.js';
import { createPrivilegeWitness } from '../support/privilege-witness.js';
import { type Asked, startUpstream, type Upstream } from '../support/upstream.js';
import { type CommonStep, setOut, walk } from '../support/walk.js';

const sequences = 5_000;

const holders: readonly [Holder, ...Holder[]] = [
  { scheme: 'Bearer', spellings: ['Bearer dGhlLXRva2VuLW9mLWFsaWNl0'], username: 'alice', realm: 'native1' },
  {
    scheme: 'ApiKey',
    spellings: [`ApiKey ${Buffer.from('key1:good').toString('base64')}`],
    username: 'alice',
    realm: 'native1',
    apiKeyId: 'key1',
  },
  { scheme: 'Bearer', spellings: ['Bearer dGhlLXRva2VuLW9mLWFsaWNl1'], username: 'bob', realm: 'native2' },
];

const holderAt = (at: number) => holders[at] ?? holders[0];

// ---- what happens

type Step =
  | { readonly do: 'verify' | 'peek'; readonly who: number; readonly maxAgeMs: number | undefined }
  | {
      readonly do: 'hasPrivileges' | 'peekPrivileges';
      readonly who: number;
      /** Names of items. */
      readonly questions: readonly (readonly string[])[];
      readonly maxAgeMs: number | undefined;
    }
  | { readonly do: 'decide'; readonly who: number; readonly truth: Truth }
  | { readonly do: 'grant'; readonly item: string }
  | { readonly do: 'become'; readonly mode: 'up' | 'holding' | 'holding privileges' | PrivilegesAnswer }
  | {
      readonly do: 'release';
      readonly which: number;
      readonly answer: 'as asked' | 'as it is' | PrivilegesAnswer;
    };

// Few, so that histories meet: most are about one credential.
const who = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(holders.length - 1) },
);
const names = items.map(({ name }) => name);
const item = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...names.slice(0, 3)) },
  { weight: 2, arbitrary: fc.constantFrom(...names.slice(3)) },
);
const question = fc.uniqueArray(item, { minLength: 1, maxLength: 3 });
const useless = fc.constantFrom<PrivilegesAnswer[]>(...failureNames, 'somebody else');
const held = ['holding', 'holding privileges', 'holding privileges'] as const;
const truth = fc.constantFrom<Truth[]>('yes', 'yes', 'invalid', 'expired', 'restricted');
const subject = fc.oneof(
  who.map((at): Revocable => ({ credential: holderAt(at).spellings[0] })),
  fc.constantFrom<Revocable[]>(
    { apiKeyIds: ['key1', 'key9'] },
    { apiKeyIds: ['key9'] },
    { username: 'alice' },
    { username: 'bob' },
    { username: 'alice', realm: 'native1' },
    { username: 'alice', realm: 'native3' },
    { realm: 'native1' },
    { realm: 'native3' },
    'all',
  ),
);

const settings: fc.Arbitrary<Drawn> = fc.record({
  ttlMs: fc.constantFrom(0, 1_000, 6_000, 6_000, 20_000),
  refreshed: fc.constantFrom(0, 0, 0.1, 0.5),
  staleIfErrorMs: fc.constantFrom(0, 2_000, 20_000),
  rejectedTtlMs: fc.constantFrom(0, 2_000, 20_000),
  jitter: fc.constantFrom(0, 0, 0, 0.5),
});
type Mode = Extract<Step, { do: 'become' }>['mode'];
const isAnswer = (mode: Mode): mode is PrivilegesAnswer =>
  mode !== 'up' && mode !== 'holding' && mode !== 'holding privileges';
const history = fc
  .option(settings, { freq: 10 })
  .chain((cache) =>
    fc.tuple(
      fc.constant(cache),
      fc.constantFrom<Mode[]>('up', 'up', 'holding privileges'),
      fc.array(stepWithin(cache), { minLength: 5, maxLength: 24, size: 'max' }),
    ),
  );

function stepWithin(cache: Drawn | null): fc.Arbitrary<Step | CommonStep> {
  const ms = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...instantsOf(cache)) },
    { weight: 3, arbitrary: fc.constantFrom(1, 500, 1_500) },
  );
  const maxAgeMs = maxAgesAmong(ms);
  const does = <const Does extends (Step | CommonStep)['do']>(...names: Does[]) => fc.constantFrom(...names);
  const answer = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('as asked' as const, 'as it is' as const) },
    { weight: 1, arbitrary: useless },
    { weight: 2, arbitrary: truth },
  );
  const questions = fc.array(question, { minLength: 1, maxLength: 2 });
  return fc.oneof(
    {
      weight: 14,
      arbitrary: fc.record({
        do: does('hasPrivileges', 'hasPrivileges', 'hasPrivileges', 'peekPrivileges'),
        who,
        questions,
        maxAgeMs,
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: does('verify', 'verify', 'peek'), who, maxAgeMs }) },
    { weight: 5, arbitrary: fc.record({ do: does('advance'), ms }) },
    { weight: 9, arbitrary: fc.record({ do: does('release'), which: fc.nat(2), answer }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: does('become'),
        mode: fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom(...held, 'up' as const, 'up' as const) },
          { weight: 1, arbitrary: useless },
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: does('decide'), who, truth }) },
    { weight: 2, arbitrary: fc.record({ do: does('grant'), item }) },
    { weight: 4, arbitrary: fc.record({ do: does('revoke'), subject }) },
    { weight: 3, arbitrary: fc.record({ do: does('abort'), which: fc.nat(2) }) },
  );
}

// ---- the property

/** Of each there must be enough. */
const interesting = [
  ...['hasPrivileges: answered', 'hasPrivileges: rejected', 'hasPrivileges: unavailable', 'late', 'invalid'],
  ...['peekPrivileges: answered', 'peekPrivileges: rejected', 'verify: authenticated', 'verify: rejected'],
  ...['has_all_requested true', 'has_all_requested false', 'with and without restricted indices'],
  ...['all from memory', 'partly from memory', 'joined', 'asked again without what others asked for'],
  ...['revoked during a question', 'privileges: no', 'privileges: dropped'],
  'privileges asked again in the background',
];

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());

test(`${sequences} random histories tell of privileges only what the contract allows`, async (context) => {
  const seen: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(history, async ([drawn, first, steps]) => {
      // Repeated requests do not concern privileges, and so every request is one question.
      const start = setOut(upstream, drawn, { upstream: { retries: 0 } });
      const { verifier, clock, lifetimes } = start;
      const witness = createPrivilegeWitness(verifier, upstream, clock, holders, lifetimes);

      const truths = new Map<string, Truth>();
      const whenAsked = new Map<Asked, readonly [Truth, ReadonlySet<Item>]>();
      const truthOf = ({ authorization }: Asked) => truths.get(authorization) ?? 'yes';
      let granted: ReadonlySet<Item> = new Set(items);
      let mode = first;
      upstream.onArrival((asked) => {
        const holds = mode === 'holding' || (mode === 'holding privileges' && asked.body !== '');
        if (!holds) return witness.reply(asked, isAnswer(mode) ? mode : truthOf(asked), granted);
        whenAsked.set(asked, [truthOf(asked), granted]);
        return undefined;
      });
      await walk(steps, start, upstream, witness, take);
      for (const [what, count] of Object.entries(witness.seen)) seen[what] = (seen[what] ?? 0) + count;

      function take(next: Step): void {
        switch (next.do) {
          case 'verify':
          case 'peek':
            witness[next.do](holderAt(next.who), next.maxAgeMs);
            break;
          case 'hasPrivileges':
          case 'peekPrivileges':
            for (const asked of next.questions) {
              const about = items.filter(({ name }) => asked.includes(name));
              witness[next.do](holderAt(next.who), about, next.maxAgeMs);
            }
            break;
          case 'decide':
            truths.set(holderAt(next.who).spellings[0], next.truth);
            break;
          case 'grant':
            granted = new Set(items.filter((each) => granted.has(each) !== (each.name === next.item)));
            break;
          case 'become':
            mode = next.mode;
            break;
          case 'release': {
            const asked = upstream.open[next.which % Math.max(1, upstream.open.length)];
            if (asked === undefined) break;
            const [truthThen = 'yes', grantedThen = granted] = whenAsked.get(asked) ?? [];
            if (next.answer === 'as asked') {
              upstream.answer(asked, witness.reply(asked, truthThen, grantedThen));
            } else {
              const what = next.answer === 'as it is' ? truthOf(asked) : next.answer;
              upstream.answer(asked, witness.reply(asked, what, granted));
            }
          }
        }
      }
    }),
    { numRuns: sequences },
  );
  // The histories do reach all that is to be checked.
  for (const what of interesting) expect(seen[what], what).toBeGreaterThan(sequences / 250);
  bearEvidence(context, { 'histories of privileges': sequences });
}, 300_000);

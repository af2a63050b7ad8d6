// Histories at random: three processes that share a store use a token, time passes, Elasticsearch or the store goes
// away, answers are lost, a process is stopped between a refresh and its storing, the session is ended elsewhere.
//
// Whatever happens: no refresh token is used again by who could know that it was; no header is given that has ended, or
// of which that was said; nobody is told to sign in again while the session can go on; and a logout leaves nothing.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearEvidence } from '../support/evidence.js';
import { warningsDuring } from '../support/warnings.js';
import { counts, openWorld, type Step, type World } from './token-source-world.js';

const runs = Number(process.env.ESAUTH_HISTORIES ?? 30);
const seconds = 1000;
const minutes = 60 * seconds;

const process3 = fc.nat(2);
/** So long that a renewal is due, and the token still good or just over. */
const untilDue = fc.integer({ min: 15 * minutes, max: 21 * minutes });
const aWhile = fc.oneof(
  fc.integer({ min: 1, max: 40 * seconds }),
  fc.integer({ min: 1, max: 25 * minutes }),
  fc.constant(26 * 60 * minutes),
);
const steps: readonly (readonly [weight: number, step: fc.Arbitrary<Step>])[] = [
  [6, fc.record({ kind: fc.constant('use' as const), process: process3 })],
  [3, fc.constant({ kind: 'all' as const })],
  [4, fc.record({ kind: fc.constant('advance' as const), ms: aWhile })],
  [2, fc.record({ kind: fc.constant('break' as const), how: fc.constantFrom('away', 'overloaded', 'lost') })],
  [2, fc.constant({ kind: 'mend' as const })],
  [
    4,
    fc.record({
      kind: fc.constant('lose' as const),
      process: process3,
      afterMs: untilDue,
      brokenMs: fc.integer({ min: 0, max: 32 * seconds }),
    }),
  ],
  [2, fc.record({ kind: fc.constant('stop' as const), process: process3, afterMs: untilDue })],
  [2, fc.record({ kind: fc.constant('go on' as const), process: process3 })],
  [
    2,
    fc.record({ kind: fc.constant('break store' as const), how: fc.constantFrom('get', 'set', 'set after') }),
  ],
  [2, fc.constant({ kind: 'mend store' as const })],
  [1, fc.constant({ kind: 'revoke access' as const })],
  [1, fc.constant({ kind: 'revoke session' as const })],
  [1, fc.record({ kind: fc.constant('sign out' as const), process: process3 })],
];
const history = fc.array(
  fc.oneof(...steps.map(([weight, arbitrary]) => ({ weight, arbitrary: arbitrary as fc.Arbitrary<Step> }))),
  { minLength: 4, maxLength: 25 },
);

/** One in which everything happens that is to be survived, whatever is drawn besides. */
const eventful: Step[] = [
  { kind: 'break store', how: 'set' },
  { kind: 'advance', ms: 17 * minutes },
  { kind: 'use', process: 0 },
  { kind: 'mend store' },
  { kind: 'advance', ms: 2 * seconds },
  { kind: 'use', process: 0 },
  { kind: 'lose', process: 1, afterMs: 17 * minutes, brokenMs: 1 * seconds },
  { kind: 'advance', ms: 2 * seconds },
  { kind: 'stop', process: 2, afterMs: 17 * minutes },
  { kind: 'go on', process: 2 },
  { kind: 'sign out', process: 0 },
  { kind: 'use', process: 0 },
];

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  // biome-ignore lint/suspicious/noConsole: how much a run has seen is what it is worth
  console.log('token source:', JSON.stringify(counts));
  await world.close();
});

test.each([
  ['without a grant', false],
  ['with a grant', true],
])(
  '%s',
  async (_, hasGrant) => {
    const property = fc.asyncProperty(history, (all) => world.play(all, hasGrant));
    // The same histories in each run of the tests, and others on demand.
    const seed = process.env.ESAUTH_HISTORIES === undefined ? { seed: 1 } : {};
    // Many of them have a store that takes nothing, which is warned of.
    await warningsDuring(() => fc.assert(property, { numRuns: runs, examples: [[eventful]], ...seed }));
  },
  600_000,
);

test('what is to be survived has happened', (context) => {
  for (const name of ['lost', 'recovered', 'stopped', 'unstored', 'ended', 'signedOut'] as const) {
    expect([name, counts[name] > 0]).toEqual([name, true]);
  }
  // On demand there are more; with a grant and without one.
  if (process.env.ESAUTH_HISTORIES === undefined) bearEvidence(context, { 'histories of tokens': 2 * runs });
});

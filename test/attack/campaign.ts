// How long an attack lasts, and how the same one is made again. In `npm test` it is a number of attempts; with
// ESAUTH_ATTACK_SECONDS, which `npm run test:attack` sets, it is a time. What is attempted comes from a seed: always the
// same in `npm test`, which judges a change and not its luck, else a new one. That of a failure is told with it, and
// ESAUTH_ATTACK_SEED (and ESAUTH_ATTACK_PATH, to the smallest failing attempt) repeats it.

import fc from 'fast-check';
import type { TestContext } from 'vitest';
import { bearEvidence } from '../support/evidence.js';

const seconds = Number(process.env.ESAUTH_ATTACK_SECONDS ?? 0);
const seed = process.env.ESAUTH_ATTACK_SEED ?? (seconds === 0 ? '1' : undefined);
const path = process.env.ESAUTH_ATTACK_PATH;

/** How many attacks share the time. */
const attacks = 4;

/** Whether one attempt is made again, which cannot meet everything. */
export const isRepeated: boolean = path !== undefined;

/** For the test that makes an attack, in milliseconds: longer than it can take. */
export const patienceMs: number = 120_000 + seconds * 1_000;

/**
 * @param runs how many attempts `npm test` makes.
 * @param shrinks whether an attempt goes the same way twice, so that a smaller one can be looked for. Default `true`.
 * @param attempt throws what it has found wrong.
 * @throws what the smallest attempt that failed has found, and how to make it again.
 */
export async function attack<Attempt>(
  attempts: fc.Arbitrary<Attempt>,
  { runs, shrinks = true }: { readonly runs: number; readonly shrinks?: boolean },
  attempt: (what: Attempt) => Promise<void>,
): Promise<void> {
  const long = seconds > 0 && path === undefined;
  let latest: Promise<void> | undefined;
  const result = await fc.check(
    fc.asyncProperty(attempts, (what) => {
      latest = attempt(what);
      return latest;
    }),
    {
      endOnFailure: !shrinks,
      numRuns: long ? Number.MAX_SAFE_INTEGER : runs,
      ...(long && { interruptAfterTimeLimit: (seconds * 1_000) / attacks }),
      ...(seed !== undefined && { seed: Number(seed) }),
      ...(path !== undefined && { path }),
    },
  );
  // When the time is over, fast-check does not wait for the attempt that is under way.
  if (!result.failed) return latest;
  const again = `ESAUTH_ATTACK_SEED=${result.seed} ESAUTH_ATTACK_PATH=${result.counterexamplePath}`;
  const smallest = JSON.stringify(result.counterexample?.[0], undefined, 1)?.slice(0, 4_000);
  throw new Error(`after ${result.numRuns} attempts, again by ${again}: ${smallest}`, {
    cause: result.errorInstance,
  });
}

/** Tells what an attack has come to, if it was asked for. */
export function tell(name: string, figures: Readonly<Record<string, number>>): void {
  if (seconds === 0) return;
  const pairs = Object.entries(figures).map(([what, count]) => `${what} ${count}`);
  process.stdout.write(`${name}: ${pairs.join(', ')}\n`);
}

/** How many attempts `npm test` makes, for the page that tells of it; a long attack makes as many as it can. */
export function tellAttempts(context: TestContext, name: string, runs: number): void {
  if (seconds === 0 && !isRepeated) bearEvidence(context, { [`attempts: ${name}`]: runs });
}

/** What must not happen in this process meanwhile, as it happens. */
export function watchProcess(): { readonly broken: readonly unknown[]; stop(): void } {
  const broken: unknown[] = [];
  const note = (error: unknown) => void broken.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtExceptionMonitor', note);
  return {
    broken,
    stop() {
      process.off('unhandledRejection', note);
      process.off('uncaughtExceptionMonitor', note);
    },
  };
}

// What keeps an engine out of the way: whatever it does not say in time is as if there were none, and after some such
// failures in a row it is left alone for a while. One warning a minute tells why, in the engine's own words.

import type { Warn } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import { whenRead } from '../time/when-read.js';

/** So many failures in a row, and it is left alone; then one call tries it. */
const failuresToOpen = 5;
const openMs = 1_000;

/** Instead of what was asked for. */
export const away: unique symbol = Symbol('away');

export interface InTime {
  /** @returns what `work` brings, or `away`. Never rejects. */
  ask<Result>(work: () => Promise<Result>): Promise<Result | typeof away>;
  /** Whether there is no use in asking now. */
  readonly leftAlone: boolean;
  /** Calls that brought nothing in time. */
  readonly failures: number;
}

export function createInTime(clock: Clock, timeoutMs: number, warn: Warn): InTime {
  let failures = 0;
  let inARow = 0;
  let openUntil = -Infinity;
  let trying = false;

  const isOpen = () => inARow >= failuresToOpen && (trying || clock.monotonic() < openUntil);

  return {
    async ask(work) {
      if (isOpen()) return away;
      const tries = inARow >= failuresToOpen;
      if (tries) trying = true;
      const result = await settle(work);
      if (tries) trying = false;
      if (result !== away) {
        inARow = 0;
        return result;
      }
      failures += 1;
      inARow += 1;
      if (inARow >= failuresToOpen) openUntil = clock.monotonic() + openMs;
      return away;
    },
    get leftAlone() {
      return isOpen();
    },
    get failures() {
      return failures;
    },
  };

  function settle<Result>(work: () => Promise<Result>): Promise<Result | typeof away> {
    return new Promise((resolve) => {
      const stop = whenRead(clock, timeoutMs, () => {
        warnOfEngine(warn, `it said nothing within ${timeoutMs} ms (sharing.timeoutMs)`);
        resolve(away);
      });
      // What comes later settles nothing, and its rejection was heard.
      startOf(work).then(
        (result) => {
          stop();
          resolve(result);
        },
        (error: unknown) => {
          stop();
          warnOfEngine(warn, error);
          resolve(away);
        },
      );
    });
  }
}

/** An engine that throws at once is one that rejects. */
async function startOf<Result>(work: () => Promise<Result>): Promise<Result> {
  return work();
}

/** @param reason an engine's own error, whose message is for operators, or words of ours. */
export function warnOfEngine(warn: Warn, reason: unknown): void {
  const text = reason instanceof Error ? reason.message : String(reason);
  warn('ESAUTH_SHARING', `what verifiers share cannot be had, so each asks for itself: ${text}`);
}

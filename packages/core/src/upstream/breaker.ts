// Whether a node is worth asking. After so many failures in a row it is left alone for a while, and then one
// lookup tries it: a slow cluster is not finished off by those who ask it.

import type { BreakerState } from '../observation/stats.js';
import type { Clock } from '../time/clock.js';

export interface BreakerSettings {
  /** Failures in a row after which the node is left alone. */
  readonly failures: number;
  /** For how long, in milliseconds. */
  readonly openMs: number;
}

export interface Patience {
  /** How long a node may say nothing at all, in milliseconds, before that is a failure. */
  readonly silenceMs: number;
}

export interface Breaker {
  readonly state: BreakerState;
  readonly failures: number;
  /** Whether the node failed last time, lately: others go first. */
  readonly resting: boolean;
  /** Milliseconds until it may be asked; 0 if now. */
  readonly waitMs: number;
  /** Takes leave to ask. Once open, whoever takes it is the one that tries the node. */
  begin(): Attempt;
}

/** A question to the node. It ends in one of these ways. */
export interface Attempt {
  /** No connection, a broken one, 502, 503, 504, or another node answered what this one kept silent about. */
  failed(): void;
  /** Any other reply, however useless. */
  answered(): void;
  /**
   * Given up before there was a reply, by its deadline or by those who waited for it. A failure as soon as the node has
   * said nothing for `silenceMs` in all, however many questions that took: whoever leaves early must not keep a silent
   * node's breaker closed, nor open that of a node which would have answered.
   */
  unanswered(): void;
}

/** Whoever left sooner has not waited: this part of `silenceMs`. */
const leastWait = 0.1;
/** Timers count from the start of a turn of the event loop, and cut fractions off. */
const timerSlack = 0.9;

/** @param onChange called whenever the state is another one. */
export function createBreaker(
  settings: BreakerSettings & Patience,
  clock: Clock,
  onChange: (state: BreakerState) => void,
): Breaker {
  let state: BreakerState = 'closed';
  let failures = 0;
  let leftAloneUntil = -Infinity;
  let trial: Attempt | undefined;
  /** How long it was waited for since its last reply; questions that overlap count once. */
  let silentMs = 0;
  let countedUntil = -Infinity;

  const become = (next: BreakerState) => {
    if (next === state) return;
    state = next;
    onChange(next);
  };

  return {
    get state() {
      // It takes a lookup to try the node, but that it may be tried is so from now on.
      return state === 'open' && clock.monotonic() >= leftAloneUntil ? 'half_open' : state;
    },
    get failures() {
      return failures;
    },
    get resting() {
      return failures > 0 && clock.monotonic() < leftAloneUntil;
    },
    get waitMs() {
      if (state === 'closed') return 0;
      // While one lookup tries it, the others go by its outcome.
      if (trial !== undefined) return settings.openMs;
      return Math.max(0, leftAloneUntil - clock.monotonic());
    },
    begin() {
      const begunAt = clock.monotonic();
      const attempt: Attempt = {
        failed() {
          // What was asked before it opened tells nothing new: it must not prolong that, nor pass for the trial.
          if (state !== 'closed' && attempt !== trial) return;
          failures += 1;
          leftAloneUntil = clock.monotonic() + settings.openMs;
          if (state === 'closed' && failures < settings.failures) return;
          trial = undefined;
          become('open');
        },
        answered() {
          failures = 0;
          silentMs = 0;
          countedUntil = clock.monotonic();
          trial = undefined;
          become('closed');
        },
        unanswered() {
          const now = clock.monotonic();
          if (now - begunAt >= settings.silenceMs * leastWait) {
            silentMs += now - Math.max(begunAt, countedUntil);
            countedUntil = now;
            if (silentMs >= settings.silenceMs * timerSlack) {
              attempt.failed();
              return;
            }
          }
          if (attempt !== trial) return;
          trial = undefined;
          become('open');
        },
      };
      if (state !== 'closed') {
        trial = attempt;
        become('half_open');
      }
      return attempt;
    },
  };
}

// Whether a node is worth asking. After so many failures in a row it is left alone for a while, and then one
// lookup tries it: a slow cluster is not finished off by those who ask it.

import type { Clock } from './clock.js';

export interface BreakerSettings {
  /** Failures in a row after which the node is left alone. */
  readonly failures: number;
  /** For how long, in milliseconds. */
  readonly openMs: number;
}

/** `open`: the node is left alone; `half_open`: one lookup may try it, or does; `closed`: it is asked as usual. */
export type BreakerState = 'closed' | 'open' | 'half_open';

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
  /** No connection, a broken one, 502, 503, 504, or no reply in time. */
  failed(): void;
  /** Any other reply, however useless. */
  answered(): void;
  /** Nobody waited for the reply any more. */
  abandoned(): void;
}

/** @param onChange called whenever the state is another one. */
export function createBreaker(
  settings: BreakerSettings,
  clock: Clock,
  onChange: (state: BreakerState) => void,
): Breaker {
  let state: BreakerState = 'closed';
  let failures = 0;
  let leftAloneUntil = -Infinity;
  let trial: Attempt | undefined;

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
          trial = undefined;
          become('closed');
        },
        abandoned() {
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

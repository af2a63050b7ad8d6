// Whether a node is worth asking. After so many failures in a row it is left alone for a while, and then one
// lookup tries it: a slow cluster is not finished off by those who ask it.

import type { Clock } from './clock.js';

export interface BreakerSettings {
  /** Failures in a row after which the node is left alone. */
  readonly failures: number;
  /** For how long, in milliseconds. */
  readonly openMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface Breaker {
  readonly state: BreakerState;
  readonly failures: number;
  /** Whether the node failed last time, lately: others go first. */
  readonly resting: boolean;
  /** Milliseconds until it may be asked; 0 if now. */
  readonly waitMs: number;
  /** Takes leave to ask. To be followed by one of the three below. */
  begin(): void;
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
  let trying = false;

  const become = (next: BreakerState) => {
    if (next === state) return;
    state = next;
    onChange(next);
  };

  return {
    get state() {
      return state;
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
      if (trying) return settings.openMs;
      return Math.max(0, leftAloneUntil - clock.monotonic());
    },
    begin() {
      if (state === 'closed') return;
      trying = true;
      become('half_open');
    },
    failed() {
      failures += 1;
      leftAloneUntil = clock.monotonic() + settings.openMs;
      if (state === 'closed' && failures < settings.failures) return;
      trying = false;
      become('open');
    },
    answered() {
      failures = 0;
      trying = false;
      become('closed');
    },
    abandoned() {
      if (state !== 'half_open') return;
      trying = false;
      become('open');
    },
  };
}

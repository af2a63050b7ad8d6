// Whether a node is worth asking. After so many failures in a row it is left alone for a while, and then one lookup
// tries it: a slow cluster is not finished off by those who ask it. Nor can those who ask decide how it is: a question
// whose callers leave early says nothing, and where a node has been quiet for long it is asked in nobody's name.

import type { BreakerState } from '../observation/stats.js';
import type { Clock } from '../time/clock.js';

export interface BreakerSettings {
  /** Failures in a row after which the node is left alone. */
  readonly failures: number;
  /** For how long, in milliseconds. */
  readonly openMs: number;
}

export interface Patience {
  /** How long a question may take, in milliseconds. */
  readonly timeoutMs: number;
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

/** A question to the node. It ends in one of these ways; `left` may be on the way to one. */
export interface Attempt {
  /** No connection, a broken one, 502, 503, 504, or another node answered what this one kept silent about. */
  failed(): void;
  /** Any other reply, however useless. */
  answered(): void;
  /** No reply within the deadline: a failure, unless the node was asked shortly before it. */
  late(): void;
  /** Given up, which tells nothing. */
  dropped(): void;
  /**
   * Everybody who waited for it has left. @returns whether the node is to be asked in nobody's name, so that its reply
   * or its silence tells how it is: in place of the one that tries it, and as often as it takes to open where it has
   * said nothing for as long as a question may take.
   */
  left(): boolean;
}

/** A node that was asked in another's place, or besides, has had this part of a question's time at least. */
const fairPart = 1 / 3;
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
  /** When it was asked first since its last reply. */
  let quietSince: number | undefined;
  const witnesses = new Set<Attempt>();

  const become = (next: BreakerState) => {
    if (next === state) return;
    state = next;
    onChange(next);
  };

  const ways: Ways = { failed, answered, late, dropped, left };
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
      quietSince ??= begunAt;
      const attempt = new Begun(ways, begunAt);
      if (state !== 'closed') {
        trial = attempt;
        become('half_open');
      }
      return attempt;
    },
  };

  function failed(attempt: Attempt): void {
    witnesses.delete(attempt);
    // What was asked before it opened tells nothing new: it must not prolong that, nor pass for the trial.
    if (state !== 'closed' && attempt !== trial) return;
    failures += 1;
    leftAloneUntil = clock.monotonic() + settings.openMs;
    if (state === 'closed' && failures < settings.failures) return;
    trial = undefined;
    become('open');
  }

  function answered(attempt: Attempt): void {
    witnesses.delete(attempt);
    failures = 0;
    quietSince = undefined;
    trial = undefined;
    become('closed');
  }

  function late(attempt: Attempt, begunAt: number): void {
    if (clock.monotonic() - begunAt >= settings.timeoutMs * fairPart) failed(attempt);
    else dropped(attempt);
  }

  function dropped(attempt: Attempt): void {
    witnesses.delete(attempt);
    if (attempt !== trial) return;
    trial = undefined;
    become('open');
  }

  function left(attempt: Attempt, begunAt: number): boolean {
    if (attempt === trial) return true;
    const quietMs = clock.monotonic() - (quietSince ?? begunAt);
    const suspect = state === 'closed' && quietMs >= settings.timeoutMs * timerSlack;
    if (suspect && witnesses.size < settings.failures) witnesses.add(attempt);
    return witnesses.has(attempt);
  }
}

/** What attempts can come to, of which each node's breaker has its own. */
interface Ways {
  failed(attempt: Attempt): void;
  answered(attempt: Attempt): void;
  late(attempt: Attempt, begunAt: number): void;
  dropped(attempt: Attempt): void;
  left(attempt: Attempt, begunAt: number): boolean;
}

/** A class, so that an attempt is one small object and not five functions. */
class Begun implements Attempt {
  readonly #ways: Ways;
  readonly #begunAt: number;

  constructor(ways: Ways, begunAt: number) {
    this.#ways = ways;
    this.#begunAt = begunAt;
  }

  failed(): void {
    this.#ways.failed(this);
  }
  answered(): void {
    this.#ways.answered(this);
  }
  late(): void {
    this.#ways.late(this, this.#begunAt);
  }
  dropped(): void {
    this.#ways.dropped(this);
  }
  left(): boolean {
    return this.#ways.left(this, this.#begunAt);
  }
}

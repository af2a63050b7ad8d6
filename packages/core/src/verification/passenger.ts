// Who waits for a lookup: until when, and whom else it waits beside. One object for each who waits: ten thousand of them
// may come in one turn, and all that they hold is moved by the collector twice before they hear anything.

import { onAbort } from '../time/abort.js';
import type { Clock } from '../time/clock.js';
import { whenRead } from '../time/when-read.js';

/** How long somebody waits. */
export interface Wait {
  /** How long this caller waits at most, on the monotonic clock. */
  readonly deadline: number;
  /** His time has only just begun: a lookup that starts with him, and need not wait, may end with it. */
  readonly justCame: boolean;
}

export interface Waiter<Result> extends Wait {
  /** What it gets then. */
  readonly late: Result;
  /** Rejects this caller with the signal's reason, and nobody else. */
  readonly signal?: AbortSignal | undefined;
  /**
   * A lookup under way is good enough only if it started at most this many milliseconds ago; 0: not at all.
   * Else the caller waits for the next one, which starts when this one is over.
   */
  readonly maxAgeMs?: number | undefined;
}

/** What he waits on. */
export interface Vehicle<Result> {
  readonly clock: Clock;
  /** He gives up, or has no more time. */
  leave(passenger: Passenger<Result>): void;
}

export abstract class Passenger<Result> implements Waiter<Result> {
  abstract readonly deadline: number;
  abstract readonly justCame: boolean;
  abstract readonly late: Result;
  abstract readonly signal: AbortSignal | undefined;
  abstract readonly maxAgeMs: number | undefined;
  /** Where he is seated, if he is, and between whom. To be written by `Seats` alone. */
  vehicle: Vehicle<Result> | undefined = undefined;
  before: Passenger<Result> | undefined = undefined;
  after: Passenger<Result> | undefined = undefined;
  #stopTimer: (() => void) | undefined = undefined;
  #stopListening: (() => void) | undefined = undefined;

  /** What it brought. */
  abstract land(result: Result): void;
  /** What kept it from bringing anything. */
  abstract fail(reason: unknown): void;

  /** Hears of his signal from now on, if he has one. */
  watchSignal(): void {
    const { signal } = this;
    if (signal === undefined) return;
    this.#stopListening = onAbort(signal, () => {
      this.vehicle?.leave(this);
      this.fail(signal.reason);
    });
  }

  /** Has a timer from now on, if he has none. */
  watchTime({ clock }: Vehicle<Result>): void {
    this.#stopTimer ??= whenRead(clock, this.deadline - clock.monotonic(), () => {
      this.vehicle?.leave(this);
      this.land(this.late);
    });
  }

  /** Keeps an eye on nothing any more. */
  rest(): void {
    this.#stopTimer?.();
    this.#stopListening?.();
    this.#stopTimer = undefined;
    this.#stopListening = undefined;
  }
}

/** Those who wait for the same, the first to come first. By their own links: a set costs its memory once more. */
export class Seats<Result> {
  size = 0;
  #first: Passenger<Result> | undefined = undefined;
  #last: Passenger<Result> | undefined = undefined;

  add(passenger: Passenger<Result>, vehicle: Vehicle<Result>): void {
    passenger.vehicle = vehicle;
    passenger.before = this.#last;
    if (this.#last === undefined) this.#first = passenger;
    else this.#last.after = passenger;
    this.#last = passenger;
    this.size += 1;
  }

  /** To be called for one who is seated here. */
  remove(passenger: Passenger<Result>): void {
    const { before, after } = passenger;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    passenger.vehicle = undefined;
    passenger.before = undefined;
    passenger.after = undefined;
    this.size -= 1;
    passenger.rest();
  }

  /** @returns who has come first, who is not seated any more. */
  take(): Passenger<Result> | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  each(visit: (passenger: Passenger<Result>) => void): void {
    for (let next = this.#first; next !== undefined; next = next.after) visit(next);
  }
}

// One lookup per credential at a time, however many callers wait for it. The lookup belongs to none of them:
// a caller that gives up or runs out of time leaves the others unharmed, and only when nobody waits any more
// is it cancelled.

import type { Clock } from './clock.js';

export interface Waiter<Result> {
  /** How long this caller waits at most, in milliseconds. */
  readonly timeoutMs: number;
  /** What it gets then. */
  readonly late: () => Result;
  /** Rejects this caller with the signal's reason, and nobody else. */
  readonly signal?: AbortSignal | undefined;
  /**
   * A lookup under way is good enough only if it started at most this many milliseconds ago; 0: not at all.
   * Else the caller waits for the next one, which starts when this one is over.
   */
  readonly maxAgeMs?: number | undefined;
}

export interface SingleFlight<Result> {
  /**
   * Joins the flight of `key`, or starts it: one at a time, and at most one more that waits for it to end.
   * `start`'s signal fires when nobody waits any more.
   */
  join(
    key: string,
    start: (abandoned: AbortSignal) => Promise<Result>,
    waiter: Waiter<Result>,
  ): Promise<Result>;
  has(key: string): boolean;
  /** Gives every caller `result` at once and cancels all flights. */
  land(result: Result): void;
  /** Flights under way. */
  readonly inFlight: number;
  /** Callers waiting for them. */
  readonly waiting: number;
}

interface Seat<Result> {
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

interface Flight<Result> {
  readonly start: (abandoned: AbortSignal) => Promise<Result>;
  readonly seats: Set<Seat<Result>>;
  readonly abandoned: AbortController;
  /** On the monotonic clock. */
  startedAt: number;
  /** Starts when this one is over, if anybody waits for it then. */
  next: Flight<Result> | undefined;
}

export function createSingleFlight<Result>(clock: Clock): SingleFlight<Result> {
  const flights = new Map<string, Flight<Result>>();
  let waiting = 0;

  return {
    join(key, start, waiter) {
      const current = flights.get(key);
      if (current === undefined) return takeSeat(key, depart(key, plan(start)), waiter);
      if (isFresh(current, waiter.maxAgeMs)) return takeSeat(key, current, waiter);
      current.next ??= plan(start);
      return takeSeat(key, current.next, waiter);
    },

    has: (key) => flights.has(key),

    land(result) {
      for (const [key, flight] of flights) {
        flights.delete(key);
        flight.abandoned.abort();
        for (const { seats } of [flight, flight.next ?? { seats: [] }]) {
          for (const seat of seats) seat.resolve(result);
        }
      }
    },

    get inFlight() {
      return flights.size;
    },
    get waiting() {
      return waiting;
    },
  };

  function plan(start: Flight<Result>['start']): Flight<Result> {
    const abandoned = new AbortController();
    return { start, seats: new Set(), abandoned, startedAt: Infinity, next: undefined };
  }

  function isFresh(flight: Flight<Result>, maxAgeMs = Infinity): boolean {
    // Strictly: what started in the same instant, but before the caller came, is not asked after it came.
    return maxAgeMs > 0 && clock.monotonic() - flight.startedAt <= maxAgeMs;
  }

  function depart(key: string, flight: Flight<Result>): Flight<Result> {
    flights.set(key, flight);
    flight.startedAt = clock.monotonic();
    const arrive = (settle: (seat: Seat<Result>) => void) => {
      makeRoom(key, flight);
      for (const seat of flight.seats) settle(seat);
    };
    // A start that throws rejects its callers, like one that rejects; else nobody would ever clear its flight.
    new Promise<Result>((resolve) => resolve(flight.start(flight.abandoned.signal))).then(
      (result) => arrive((seat) => seat.resolve(result)),
      (error: unknown) => arrive((seat) => seat.reject(error)),
    );
    return flight;
  }

  /** A flight is over, by arrival or because everybody left: the next one's turn. */
  function makeRoom(key: string, flight: Flight<Result>): void {
    if (flights.get(key) !== flight) return;
    flights.delete(key);
    if (flight.next !== undefined && flight.next.seats.size > 0) depart(key, flight.next);
  }

  function takeSeat(key: string, flight: Flight<Result>, waiter: Waiter<Result>): Promise<Result> {
    const { timeoutMs, late, signal } = waiter;
    return new Promise((resolve, reject) => {
      const seat: Seat<Result> = {
        resolve(result) {
          leave();
          resolve(result);
        },
        reject(reason) {
          leave();
          reject(reason);
        },
      };
      const giveUp = () => seat.reject(signal?.reason);
      const stopTimer = clock.after(timeoutMs, () => seat.resolve(late()));
      signal?.addEventListener('abort', giveUp, { once: true });
      flight.seats.add(seat);
      waiting += 1;

      function leave(): void {
        waiting -= 1;
        flight.seats.delete(seat);
        stopTimer();
        signal?.removeEventListener('abort', giveUp);
        // One that has arrived is not under way any more, and one that has not departed may still find callers.
        if (flight.seats.size > 0 || flights.get(key) !== flight) return;
        makeRoom(key, flight);
        flight.abandoned.abort();
      }
    });
  }
}

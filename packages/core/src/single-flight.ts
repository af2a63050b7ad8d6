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
}

export interface SingleFlight<Result> {
  /** Joins the flight of `key`, or starts it. `start`'s signal fires when nobody waits any more. */
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
  readonly seats: Set<Seat<Result>>;
  readonly abandoned: AbortController;
}

export function createSingleFlight<Result>(clock: Clock): SingleFlight<Result> {
  const flights = new Map<string, Flight<Result>>();
  let waiting = 0;

  return {
    join(key, start, waiter) {
      const flight = flights.get(key) ?? depart(key, start);
      return takeSeat(key, flight, waiter);
    },

    has: (key) => flights.has(key),

    land(result) {
      for (const [key, flight] of flights) {
        flights.delete(key);
        for (const seat of flight.seats) seat.resolve(result);
      }
    },

    get inFlight() {
      return flights.size;
    },
    get waiting() {
      return waiting;
    },
  };

  function depart(key: string, start: (abandoned: AbortSignal) => Promise<Result>): Flight<Result> {
    const flight: Flight<Result> = { seats: new Set(), abandoned: new AbortController() };
    flights.set(key, flight);
    const arrive = (settle: (seat: Seat<Result>) => void) => {
      if (flights.get(key) === flight) flights.delete(key);
      for (const seat of flight.seats) settle(seat);
    };
    // A start that throws rejects its callers, like one that rejects; else nobody would ever clear its flight.
    new Promise<Result>((resolve) => resolve(start(flight.abandoned.signal))).then(
      (result) => arrive((seat) => seat.resolve(result)),
      (error: unknown) => arrive((seat) => seat.reject(error)),
    );
    return flight;
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
        if (flight.seats.size > 0) return;
        // Also after an arrival, where it does nothing: the lookup is over.
        if (flights.get(key) === flight) flights.delete(key);
        flight.abandoned.abort();
      }
    });
  }
}

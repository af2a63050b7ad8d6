// One lookup per credential at a time, however many callers wait for it. The lookup belongs to none of them: a caller
// that gives up or runs out of time leaves the others unharmed, and only when nobody waits any more is it cancelled.
// When a lookup is over is decided in one place, by itself: a caller has a timer of its own only if his time is up
// sooner, because the lookup has had to wait or is made once more.

import { publishWait } from '../observation/events.js';
import { onAbort } from '../time/abort.js';
import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
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

/** What a lookup knows of those who wait for it. */
export interface Departure {
  /** Fires when nobody waits any more. */
  readonly abandoned: AbortSignal;
  /** When the time of a caller is up with whom it starts, on the monotonic clock, if he has just come. */
  readonly deadline: number | undefined;
  /** To be said by a lookup that is sure to be over at an instant: until then nobody else keeps an eye on the time. */
  endsAt(instant: number): void;
}

export type Start<Result> = (departure: Departure) => Promise<Result>;

export interface SingleFlight<Result> {
  /**
   * Joins the flight of `key`, or starts it: one at a time, and at most one more that waits for it to end.
   */
  join(key: string, start: Start<Result>, waiter: Waiter<Result>): Promise<Result>;
  has(key: string): boolean;
  /** Gives every caller `result` at once and cancels all flights. */
  land(result: Result): void;
  /** Flights under way. */
  readonly inFlight: number;
  /** Callers waiting for them. */
  readonly waiting: number;
}

interface Seat<Result> {
  readonly deadline: number;
  resolve(result: Result): void;
  reject(reason: unknown): void;
  /** Has a timer from now on, if it has none. */
  watchTime(): void;
}

interface Flight<Result> {
  readonly start: Start<Result>;
  readonly seats: Set<Seat<Result>>;
  readonly abandoned: AbortController;
  startedAt: number;
  /** When it is over by itself, on the monotonic clock. */
  endsAt: number;
  /** Starts when this one is over, if anybody waits for it then. */
  next: Flight<Result> | undefined;
}

export function createSingleFlight<Result>(clock: Clock, timeline: Timeline): SingleFlight<Result> {
  const flights = new Map<string, Flight<Result>>();
  let waiting = 0;

  return {
    join(key, start, waiter) {
      const current = flights.get(key);
      if (current === undefined) {
        return takeSeat(key, depart(key, plan(start), waiter.justCame ? waiter.deadline : undefined), waiter);
      }
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

  function plan(start: Start<Result>): Flight<Result> {
    const abandoned = new AbortController();
    const notYet = { startedAt: Infinity, endsAt: Infinity, next: undefined };
    return { start, seats: new Set(), abandoned, ...notYet };
  }

  function isFresh(flight: Flight<Result>, maxAgeMs = Infinity): boolean {
    // Strictly: what started in the same instant, but before the caller came, is not asked after it came.
    return maxAgeMs > 0 && timeline.now() - flight.startedAt <= maxAgeMs;
  }

  function depart(key: string, flight: Flight<Result>, deadline?: number): Flight<Result> {
    flights.set(key, flight);
    flight.startedAt = timeline.now();
    const arrive = (settle: (seat: Seat<Result>) => void) => {
      makeRoom(key, flight);
      for (const seat of flight.seats) settle(seat);
    };
    const departure: Departure = {
      abandoned: flight.abandoned.signal,
      deadline,
      endsAt(instant) {
        flight.endsAt = instant;
        for (const seat of flight.seats) if (seat.deadline < instant) seat.watchTime();
      },
    };
    // A start that throws rejects its callers, like one that rejects; else nobody would ever clear its flight.
    new Promise<Result>((resolve) => resolve(flight.start(departure))).then(
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
    const { deadline, late, signal } = waiter;
    publishWait(flight.abandoned.signal);
    return new Promise((resolve, reject) => {
      let stopTimer: (() => void) | undefined;
      const seat: Seat<Result> = {
        deadline,
        resolve(result) {
          leave();
          resolve(result);
        },
        reject(reason) {
          leave();
          reject(reason);
        },
        watchTime() {
          stopTimer ??= whenRead(clock, deadline - clock.monotonic(), () => seat.resolve(late));
        },
      };
      const stopListening = signal && onAbort(signal, () => seat.reject(signal.reason));
      if (deadline < flight.endsAt) seat.watchTime();
      flight.seats.add(seat);
      waiting += 1;

      function leave(): void {
        waiting -= 1;
        flight.seats.delete(seat);
        stopTimer?.();
        stopListening?.();
        // One that has arrived is not under way any more, and one that has not departed may still find callers.
        if (flight.seats.size > 0 || flights.get(key) !== flight) return;
        makeRoom(key, flight);
        flight.abandoned.abort();
      }
    });
  }
}

// One lookup per credential at a time, however many callers wait for it. The lookup belongs to none of them: a caller
// that gives up or runs out of time leaves the others unharmed, and only when nobody waits any more is it cancelled.
// When a lookup is over is decided in one place, by itself: a caller has a timer of its own only if his time is up
// sooner, because the lookup has had to wait or is made once more.

import { publishWait } from '../observation/events.js';
import { onAbort } from '../time/abort.js';
import type { Clock } from '../time/clock.js';
import { type Ending, Stop } from '../time/stop.js';
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
  readonly abandoned: Ending;
  /** When the time of a caller is up with whom it starts, on the monotonic clock, if he has just come. */
  readonly deadline: number | undefined;
  /** Which lookup it is, for those who listen to events. */
  readonly token: object;
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

export function createSingleFlight<Result>(clock: Clock, timeline: Timeline): SingleFlight<Result> {
  const hall = new Hall<Result>(clock, timeline);
  return {
    join(key, start, waiter) {
      const current = hall.flights.get(key);
      if (current === undefined) {
        const flight = new Flight(hall, key, start, waiter.justCame ? waiter.deadline : undefined);
        flight.depart();
        return flight.seat(waiter);
      }
      if (current.isFresh(waiter.maxAgeMs)) return current.seat(waiter);
      current.next ??= new Flight(hall, key, start, undefined);
      return current.next.seat(waiter);
    },

    has: (key) => hall.flights.has(key),

    land(result) {
      for (const [key, flight] of hall.flights) {
        hall.flights.delete(key);
        flight.abandoned.abort();
        flight.land(result);
        flight.next?.land(result);
      }
    },

    get inFlight() {
      return hall.flights.size;
    },
    get waiting() {
      return hall.waiting;
    },
  };
}

/** What all flights have in common. */
class Hall<Result> {
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly flights = new Map<string, Flight<Result>>();
  waiting = 0;

  constructor(clock: Clock, timeline: Timeline) {
    this.clock = clock;
    this.timeline = timeline;
  }
}

// Classes: of what a flight and a seat can do next to nothing is done, and functions would be made for each.
class Flight<Result> implements Departure {
  readonly abandoned: Stop = new Stop();
  readonly deadline: number | undefined;
  /** Starts when this one is over, if anybody waits for it then. */
  next: Flight<Result> | undefined = undefined;
  readonly #hall: Hall<Result>;
  readonly #key: string;
  readonly #start: Start<Result>;
  #seats = new Set<Seat<Result>>();
  #startedAt = Number.POSITIVE_INFINITY;
  /** When it is over by itself, on the monotonic clock. */
  #endsAt = Number.POSITIVE_INFINITY;
  #token: object | undefined = undefined;

  constructor(hall: Hall<Result>, key: string, start: Start<Result>, deadline: number | undefined) {
    this.#hall = hall;
    this.#key = key;
    this.#start = start;
    this.deadline = deadline;
  }

  depart(): void {
    const { flights, timeline } = this.#hall;
    flights.set(this.#key, this);
    this.#startedAt = timeline.now();
    // A start that throws rejects its callers, like one that rejects; else nobody would ever clear its flight.
    let landing: Promise<Result>;
    try {
      landing = this.#start(this);
    } catch (error) {
      landing = Promise.reject(error);
    }
    landing.then(
      (result) => {
        this.#makeRoom();
        this.land(result);
      },
      (error: unknown) => {
        this.#makeRoom();
        for (const seat of this.#vacate()) seat.reject(error);
      },
    );
  }

  /** Made when somebody listens: what a flight has itself leads to the credential. */
  get token(): object {
    this.#token ??= {};
    return this.#token;
  }

  endsAt(instant: number): void {
    this.#endsAt = instant;
    for (const seat of this.#seats) if (seat.deadline < instant) seat.watchTime();
  }

  isFresh(maxAgeMs = Number.POSITIVE_INFINITY): boolean {
    // Strictly: what started in the same instant, but before the caller came, is not asked after it came.
    return maxAgeMs > 0 && this.#hall.timeline.now() - this.#startedAt <= maxAgeMs;
  }

  seat(waiter: Waiter<Result>): Promise<Result> {
    publishWait(this);
    return new Promise((resolve, reject) => {
      const seat = new Seat(this, this.#hall.clock, waiter, resolve, reject);
      if (waiter.deadline < this.#endsAt) seat.watchTime();
      this.#seats.add(seat);
      this.#hall.waiting += 1;
    });
  }

  /** Gives everybody on board `result`. To be called when it is not under way any more. */
  land(result: Result): void {
    for (const seat of this.#vacate()) seat.resolve(result);
  }

  /** All at once: to take thousands out of a set one by one costs as much again as to tell them. */
  #vacate(): ReadonlySet<Seat<Result>> {
    const seats = this.#seats;
    this.#seats = new Set();
    this.#hall.waiting -= seats.size;
    return seats;
  }

  /** One gives up, or has no more time. */
  leave(seat: Seat<Result>): void {
    if (!this.#seats.delete(seat)) return;
    this.#hall.waiting -= 1;
    // One that has arrived is not under way any more, and one that has not departed may still find callers.
    if (this.#seats.size > 0 || this.#hall.flights.get(this.#key) !== this) return;
    this.#makeRoom();
    this.abandoned.abort();
  }

  /** It is over, by arrival or because everybody left: the next one's turn. */
  #makeRoom(): void {
    const { flights } = this.#hall;
    if (flights.get(this.#key) !== this) return;
    flights.delete(this.#key);
    if (this.next !== undefined && this.next.#seats.size > 0) this.next.depart();
  }
}

class Seat<Result> {
  readonly deadline: number;
  readonly #flight: Flight<Result>;
  readonly #clock: Clock;
  readonly #late: Result;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (reason: unknown) => void;
  #stopTimer: (() => void) | undefined = undefined;
  #stopListening: (() => void) | undefined = undefined;

  constructor(
    flight: Flight<Result>,
    clock: Clock,
    { deadline, late, signal }: Waiter<Result>,
    resolve: (result: Result) => void,
    reject: (reason: unknown) => void,
  ) {
    this.deadline = deadline;
    this.#flight = flight;
    this.#clock = clock;
    this.#late = late;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal === undefined) return;
    this.#stopListening = onAbort(signal, () => {
      this.#flight.leave(this);
      this.reject(signal.reason);
    });
  }

  resolve(result: Result): void {
    this.#over();
    this.#resolve(result);
  }

  reject(reason: unknown): void {
    this.#over();
    this.#reject(reason);
  }

  /** Has a timer from now on, if it has none. */
  watchTime(): void {
    const delayMs = this.deadline - this.#clock.monotonic();
    this.#stopTimer ??= whenRead(this.#clock, delayMs, () => {
      this.#flight.leave(this);
      this.resolve(this.#late);
    });
  }

  #over(): void {
    this.#stopTimer?.();
    this.#stopListening?.();
  }
}

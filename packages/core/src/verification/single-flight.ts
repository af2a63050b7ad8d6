// One lookup per credential at a time, however many callers wait for it. The lookup belongs to none of them: a caller
// that gives up or runs out of time leaves the others unharmed, and only when nobody waits any more is it cancelled.
// When a lookup is over is decided in one place, by itself: a caller has a timer of its own only if his time is up
// sooner, because the lookup has had to wait or is made once more.

import { publishWait } from '../observation/events.js';
import type { Clock } from '../time/clock.js';
import { type Ending, Stop } from '../time/stop.js';
import type { Timeline } from '../time/timeline.js';
import { Passenger, Seats, type Vehicle, type Waiter } from './passenger.js';

/** What a lookup knows of those who wait for it. */
export interface Departure {
  /** Fires when nobody waits any more. */
  readonly abandoned: Ending;
  /** When it departed, on the timeline. */
  readonly startedAt: number;
  /** When the time of a caller is up with whom it starts, on the monotonic clock, if he has just come. */
  readonly deadline: number | undefined;
  /** Which lookup it is, for those who listen to events. */
  readonly token: object;
  /** To be said by a lookup that is sure to be over at an instant: until then nobody else keeps an eye on the time. */
  endsAt(instant: number): void;
}

export type Start<Result> = (departure: Departure) => Promise<Result>;

/** Who starts a lookup if there is none that he can wait for. */
export interface Starter<Result> {
  start(departure: Departure): Promise<Result>;
}

export interface SingleFlight<Result> {
  /**
   * Joins the flight of `key`, or starts it: one at a time, and at most one more that waits for it to end.
   */
  join(key: string, start: Start<Result>, waiter: Waiter<Result>): Promise<Result>;
  /** The same for who hears of it himself, and has not left. */
  board(key: string, passenger: Passenger<Result> & Starter<Result>): void;
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
  const board = (key: string, passenger: Passenger<Result> & Starter<Result>) => {
    const current = hall.flights.get(key);
    if (current === undefined) {
      const deadline = passenger.justCame ? passenger.deadline : undefined;
      const flight = new Flight(hall, key, passenger, deadline);
      flight.depart();
      flight.seat(passenger);
    } else if (current.isFresh(passenger.maxAgeMs)) {
      current.seat(passenger);
    } else {
      current.next ??= new Flight(hall, key, passenger, undefined);
      current.next.seat(passenger);
    }
  };
  return {
    board,
    join: (key, start, waiter) =>
      new Promise((resolve, reject) => board(key, new Joined(start, waiter, resolve, reject))),

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

// A class: of what a flight can do next to nothing is done, and functions would be made for each.
class Flight<Result> implements Departure, Vehicle<Result> {
  readonly clock: Clock;
  readonly abandoned: Stop = new Stop();
  readonly deadline: number | undefined;
  /** Starts when this one is over, if anybody waits for it then. */
  next: Flight<Result> | undefined = undefined;
  startedAt: number = Number.POSITIVE_INFINITY;
  readonly #hall: Hall<Result>;
  readonly #key: string;
  #starter: Starter<Result> | undefined;
  readonly #seats = new Seats<Result>();
  /** When it is over by itself, on the monotonic clock. */
  #endsAt = Number.POSITIVE_INFINITY;
  #token: object | undefined = undefined;

  constructor(hall: Hall<Result>, key: string, starter: Starter<Result>, deadline: number | undefined) {
    this.clock = hall.clock;
    this.#hall = hall;
    this.#key = key;
    this.#starter = starter;
    this.deadline = deadline;
  }

  depart(): void {
    const { flights, timeline } = this.#hall;
    flights.set(this.#key, this);
    this.startedAt = timeline.now();
    const starter = this.#starter;
    // He may leave before it is over, and then nothing of him is kept.
    this.#starter = undefined;
    // A start that throws rejects its callers, like one that rejects; else nobody would ever clear its flight.
    let landing: Promise<Result>;
    try {
      // The cast holds: it departs once.
      landing = (starter as Starter<Result>).start(this);
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
        for (let next = this.#take(); next !== undefined; next = this.#take()) next.fail(error);
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
    if (this.#seats.size === 0) return;
    this.#seats.each((passenger) => {
      if (passenger.deadline < instant) passenger.watchTime(this);
    });
  }

  isFresh(maxAgeMs = Number.POSITIVE_INFINITY): boolean {
    if (maxAgeMs === Number.POSITIVE_INFINITY) return true;
    // Strictly: what started in the same instant, but before the caller came, is not asked after it came.
    return maxAgeMs > 0 && this.#hall.timeline.now() - this.startedAt <= maxAgeMs;
  }

  seat(passenger: Passenger<Result>): void {
    publishWait(this);
    this.#seats.add(passenger, this);
    this.#hall.waiting += 1;
    passenger.watchSignal();
    if (passenger.deadline < this.#endsAt) passenger.watchTime(this);
  }

  /** Gives everybody on board `result`. To be called when it is not under way any more. */
  land(result: Result): void {
    for (let next = this.#take(); next !== undefined; next = this.#take()) next.land(result);
  }

  #take(): Passenger<Result> | undefined {
    const taken = this.#seats.take();
    if (taken !== undefined) this.#hall.waiting -= 1;
    return taken;
  }

  leave(passenger: Passenger<Result>): void {
    this.#seats.remove(passenger);
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

/** Hears by a promise. */
class Joined<Result> extends Passenger<Result> implements Starter<Result> {
  readonly start: Start<Result>;
  readonly deadline: number;
  readonly justCame: boolean;
  readonly late: Result;
  readonly signal: AbortSignal | undefined;
  readonly maxAgeMs: number | undefined;
  readonly land: (result: Result) => void;
  readonly fail: (reason: unknown) => void;

  constructor(
    start: Start<Result>,
    { deadline, justCame, late, signal, maxAgeMs }: Waiter<Result>,
    resolve: (result: Result) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.start = start;
    this.deadline = deadline;
    this.justCame = justCame;
    this.late = late;
    this.signal = signal;
    this.maxAgeMs = maxAgeMs;
    this.land = resolve;
    this.fail = reject;
  }
}

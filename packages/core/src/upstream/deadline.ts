// When the time of a question is up, and who is to blame. By the clock a deadline has passed at an instant; what came
// when cannot be known of a process that stood still then. So what can be read at the first opportunity after it
// counts as in time (it is late by less than one turn of the event loop, or this process is), and nothing that comes
// later does.

import { Agenda, Appointment } from '../time/agenda.js';
import type { Clock } from '../time/clock.js';

/** The reason with which a question is ended at its deadline: the node has had a fair part of its time, */
export const timeIsUp: unknown = new Error('its time is up');
/** or this process has stood still, and its own silence tells nothing of the node. */
export const stoodStill: unknown = new Error('its time is up, and this process has stood still');

/** The last part of the time, in which this process has to have listened. As in `breaker.ts`. */
const fairPart = 1 / 3;
/** A timer that is late by more than this part of the time, */
const latePart = 1 / 10;
/** and by more than timers of a busy process are, was kept from running. In milliseconds. */
const usuallyLate = 100;

export interface Timed {
  /** @param reason which of the two it is. */
  end(reason: unknown): void;
}

export interface Deadlines {
  /** @param endsAt on the monotonic clock. */
  start(endsAt: number, timed: Timed): Deadline;
}

/** One that is kept an eye on, until it has passed or is `over`. */
export interface Deadline {
  over(): void;
}

/** @param timeoutMs how much time each has. */
export function createDeadlines(clock: Clock, timeoutMs: number): Deadlines {
  const watch = new Watch(clock, timeoutMs);
  return { start: (endsAt, timed) => new Watched(watch, endsAt, timed) };
}

/** What all deadlines with the same time have in common. */
class Watch {
  readonly clock: Clock;
  readonly fairMs: number;
  readonly #lateMs: number;
  // Two, so that each grows at its end.
  readonly middles: Agenda;
  readonly ends: Agenda;

  constructor(clock: Clock, timeoutMs: number) {
    this.clock = clock;
    this.fairMs = timeoutMs * fairPart;
    this.#lateMs = Math.max(timeoutMs * latePart, usuallyLate);
    this.middles = new Agenda(clock);
    this.ends = new Agenda(clock);
  }

  isLate(due: number): boolean {
    return this.clock.monotonic() - due > this.#lateMs;
  }
}

class Watched extends Appointment implements Deadline {
  readonly #watch: Watch;
  readonly #endsAt: number;
  readonly #timed: Timed;
  #isLast = false;
  #stands = false;
  #reading: NodeJS.Immediate | undefined = undefined;

  constructor(watch: Watch, endsAt: number, timed: Timed) {
    super();
    this.#watch = watch;
    this.#endsAt = endsAt;
    this.#timed = timed;
    watch.middles.add(this, Math.max(watch.clock.monotonic(), endsAt - watch.fairMs));
  }

  fallDue(): void {
    const { due } = this;
    const watch = this.#watch;
    const endsAt = this.#endsAt;
    this.#stands ||= watch.isLate(due);
    if (!this.#isLast) {
      this.#isLast = true;
      // Late, if it has passed by now.
      this.#stands ||= watch.isLate(endsAt);
      watch.ends.add(this, endsAt);
      return;
    }
    // Node runs timers before it reads: after this process has stood still, what came in time lies unread now.
    this.#reading = setImmediate(() =>
      this.#timed.end(this.#stands || watch.isLate(endsAt) ? stoodStill : timeIsUp),
    );
  }

  over(): void {
    (this.#isLast ? this.#watch.ends : this.#watch.middles).remove(this);
    if (this.#reading !== undefined) clearImmediate(this.#reading);
  }
}

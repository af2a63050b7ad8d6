// What falls due when, of many things of which nearly all are over before: one timer for all, where each would set one
// and clear it (1 900 instructions). What is over is taken out at once, so that nothing of it stays alive until its time.

import type { Clock } from './clock.js';

/** A place in an agenda: a ring of neighbours, or by itself while it is in none. */
class Place {
  due: number = Number.NEGATIVE_INFINITY;
  before: Place = this;
  after: Place = this;
}

/** To be put into one agenda at a time. */
export abstract class Appointment extends Place {
  /** It is time. It is not in the agenda any more. */
  abstract fallDue(): void;
}

export class Agenda {
  readonly #clock: Clock;
  readonly #ring = new Place();
  #timerAt = Number.POSITIVE_INFINITY;
  #stopTimer = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param due on the monotonic clock. */
  add(appointment: Appointment, due: number): void {
    appointment.due = due;
    // The last to come is nearly always the last to fall due.
    let { before } = this.#ring;
    while (before.due > due) before = before.before;
    appointment.before = before;
    appointment.after = before.after;
    before.after.before = appointment;
    before.after = appointment;
    if (due < this.#timerAt) this.#setTimer(due);
  }

  /** Does nothing if it is not in. */
  remove(appointment: Appointment): void {
    const { before, after } = appointment;
    if (before === appointment) return;
    before.after = after;
    after.before = before;
    appointment.before = appointment;
    appointment.after = appointment;
    // While others are in, the timer stays: if it comes too early, it finds out when it should have.
    if (this.#ring.after === this.#ring) this.#clearTimer();
  }

  #setTimer(due: number): void {
    this.#stopTimer();
    this.#timerAt = due;
    this.#stopTimer = this.#clock.after(due - this.#clock.monotonic(), () => {
      this.#clearTimer();
      this.#callDue(this.#clock.monotonic());
    });
  }

  #clearTimer(): void {
    this.#stopTimer();
    this.#stopTimer = () => {};
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #callDue(now: number): void {
    for (let next = this.#ring.after; next instanceof Appointment; next = this.#ring.after) {
      if (next.due > now) {
        if (next.due < this.#timerAt) this.#setTimer(next.due);
        return;
      }
      this.remove(next);
      next.fallDue();
    }
  }
}

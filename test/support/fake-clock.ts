// Time that stands still until a test moves it. The two readings start far apart, so that code which takes
// one for the other is found out.

import type { Clock } from '../../packages/core/src/time/clock.js';
import type { Timeline } from '../../packages/core/src/time/timeline.js';

/**
 * It is a timeline as well, for the parts that only measure ages: each step of the wall clock forward is time that
 * passed.
 */
export interface FakeClock extends Clock, Timeline {
  /**
   * Moves both readings on by `ms`. Timers that fall due run in order, each at its own instant; before the
   * first, after each and at the end promises settle. `advance(0)` only does that.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves both readings on by `ms` as a process finds them that stood still: timers that fell due run late, with the
   * next step.
   */
  standStill(ms: number): void;
  /**
   * Sets the wall clock, as an operator or NTP would, or as one finds it after a sleep. Timers and the monotonic
   * reading do not notice.
   */
  setWall(ms: number): void;
  /** Timers that have neither run nor been stopped. */
  readonly timers: number;
  /** How long until the next of them falls due, in milliseconds; `Infinity` if there is none. */
  readonly nextIn: number;
}

export function createFakeClock(): FakeClock {
  let now = 5_000;
  let epoch = Date.UTC(2026, 0, 1) - now;
  let slept = 0;
  // In the order in which they were set, which is also the order of those that fall due together.
  const timers = new Set<{ readonly due: number; readonly callback: () => void }>();

  return {
    wall: () => epoch + now,
    monotonic: () => now,
    now: () => now + slept,

    after(delayMs, callback) {
      const timer = { due: now + delayMs, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },

    async advance(ms) {
      const end = now + ms;
      await settled();
      for (let timer = nextUntil(end); timer !== undefined; timer = nextUntil(end)) {
        timers.delete(timer);
        now = Math.max(now, timer.due);
        timer.callback();
        await settled();
      }
      now = end;
      await settled();
    },

    standStill(ms) {
      now += ms;
    },

    setWall(ms) {
      slept += Math.max(0, ms - now - epoch);
      epoch = ms - now;
    },

    get timers() {
      return timers.size;
    },
    get nextIn() {
      return Math.min(...[...timers].map(({ due }) => Math.max(0, due - now)));
    },
  };

  function nextUntil(end: number) {
    return [...timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
  }
}

/** All promises that can settle without anything from outside have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

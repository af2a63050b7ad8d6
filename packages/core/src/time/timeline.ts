// By what ages are measured: instants that advance with the monotonic clock, or with the wall clock where that has gone
// further. The first stands still while a machine sleeps or is paused (CLOCK_MONOTONIC, clock_gettime(2)), and what is
// remembered must not be younger than it is. A wall clock that is set back changes nothing; one that is set forward
// costs lookups. Only for ages: deadlines and pauses are monotonic.

import type { Clock } from './clock.js';

export interface Timeline {
  /** In milliseconds, never going back. */
  now(): number;
}

/** The wall clock ticks in whole milliseconds, at moments of its own: if it is behind by more, it was set back. */
const tickMs = 2;

export function createTimeline(clock: Clock): Timeline {
  let offset = clock.wall() - clock.monotonic();
  /** How far the wall clock has got ahead of the monotonic one, in all. */
  let lead = 0;
  return {
    now() {
      const elapsed = clock.monotonic() + lead;
      const wall = clock.wall() - offset;
      if (wall > elapsed) {
        lead += wall - elapsed;
        return wall;
      }
      if (elapsed - wall > tickMs) offset += wall - elapsed;
      return elapsed;
    },
  };
}

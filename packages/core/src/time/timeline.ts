// By what ages are measured: instants that advance with the monotonic clock, or with the wall clock where that has gone
// further. The first stands still while a machine sleeps or is paused (CLOCK_MONOTONIC, clock_gettime(2)), and what is
// remembered must not be younger than it is. A wall clock that is set back changes nothing; one that is set forward
// costs lookups. For ages, and pauses between what is asked again; deadlines are monotonic.

import type { Clock } from './clock.js';

export interface Timeline {
  /** In milliseconds, never going back. */
  now(): number;
}

/** A wall clock may be so coarse; if it is behind by more, it was set back. What a jump hides then is less. */
const coarsenessMs = 100;

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
      if (elapsed - wall > coarsenessMs) offset += wall - elapsed;
      return elapsed;
    },
  };
}

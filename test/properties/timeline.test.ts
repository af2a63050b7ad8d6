// The timeline under two clocks that do what they like: held against every earlier look at both, in the obvious way.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTimeline } from '../../packages/core/src/time/timeline.js';

interface Look {
  readonly wall: number;
  readonly monotonic: number;
  readonly now: number;
  /** How much had passed at the most, if in each stretch the clock is right that says more. */
  readonly most: number;
}

/** A wall clock may be so coarse, and so much behind for no other reason. */
const coarsenessMs = 100;

// In eighths of a millisecond, which add up without rounding.
const passing = fc.oneof(fc.nat(80), fc.nat(8 * 60_000)).map((eighths) => eighths / 8);
const setting = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: -150, max: 150 }) },
  { weight: 2, arbitrary: fc.integer({ min: -7_200_000, max: 7_200_000 }) },
);
const stretch = fc.record({
  passes: passing,
  /** Nobody looks at a clock that is read while the machine sleeps. */
  asleep: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  set: setting,
});

test('P19: nothing is younger than by either clock, nor older than the two explain, and it never goes back', () => {
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 40 }), fc.nat(7), (stretches, phase) => {
      let time = Date.UTC(2026, 0, 1) + phase / 8;
      let monotonic = 5_000;
      let wall = Math.floor(time);
      const timeline = createTimeline({
        wall: () => wall,
        monotonic: () => monotonic,
        after: () => () => {},
      });
      const looks: Look[] = [{ wall, monotonic, now: timeline.now(), most: 0 }];
      for (const { passes, asleep, set } of stretches) {
        const before = looks.at(-1) as Look;
        time += passes + set;
        wall = Math.floor(time);
        monotonic += asleep ? 0 : passes;
        const most = before.most + Math.max(monotonic - before.monotonic, wall - before.wall);
        const look = { wall, monotonic, now: timeline.now(), most };
        for (const earlier of looks) {
          const age = look.now - earlier.now;
          expect(age).toBeGreaterThanOrEqual(0);
          expect(age).toBeGreaterThanOrEqual(look.monotonic - earlier.monotonic);
          expect(age).toBeGreaterThanOrEqual(look.wall - earlier.wall - coarsenessMs);
          expect(age).toBeLessThanOrEqual(look.most - earlier.most);
        }
        looks.push(look);
      }
    }),
    { numRuns: 300 },
  );
});

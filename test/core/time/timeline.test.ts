// What is older by which of two clocks: the one that stands still while a machine sleeps, and the one that people set.
// For random histories of both: `test/properties/timeline.test.ts`.

import { expect, test } from 'vitest';
import { createTimeline, type Timeline } from '../../../packages/core/src/time/timeline.js';

const hour = 3_600_000;

let wall: number;
let monotonic: number;

function start(): Timeline {
  wall = Date.UTC(2026, 0, 1);
  monotonic = 5_000;
  return createTimeline({ wall: () => wall, monotonic: () => monotonic, after: () => () => {} });
}

/** By how much either clock goes on, and how much older everything is then. */
type Stretch = readonly [byMonotonic: number, byWall: number, older: number];

test.each<[string, readonly Stretch[]]>([
  ['both go on', [[700, 700, 700]]],
  ['the machine sleeps', [[0, 8 * hour, 8 * hour]]],
  ['the wall clock is set forward', [[10, hour, hour]]],
  ['the wall clock is set back', [[10, -hour, 10]]],
  [
    'it goes on from where it was set back to',
    [
      [10, -hour, 10],
      [20, 20, 20],
      [0, 500, 500],
    ],
  ],
  [
    'it is set forward, back and forward again',
    [
      [0, hour, hour],
      [0, -hour, 0],
      [0, hour, hour],
    ],
  ],
  [
    'it is set back, forward and back again',
    [
      [5, -hour, 5],
      [5, hour, hour],
      [5, -hour, 5],
    ],
  ],
  [
    'it runs behind by less than is told from its ticks, and catches up',
    [
      [100, 0, 100],
      [5, 105, 5],
    ],
  ],
  [
    'it runs behind by more, and catches up',
    [
      [101, 0, 101],
      [5, 106, 106],
    ],
  ],
])('%s', (_what, stretches) => {
  const timeline = start();
  for (const [byMonotonic, byWall, older] of stretches) {
    const before = timeline.now();
    wall += byWall;
    monotonic += byMonotonic;
    expect(timeline.now() - before).toBe(older);
  }
});

test('a wall clock that ticks in whole milliseconds does not run ahead, however often it is looked at', () => {
  const timeline = start();
  const [first, began, epoch] = [timeline.now(), monotonic, wall];
  const ahead: number[] = [];
  // An odd number of 64ths of a millisecond, so that ticks fall everywhere between two looks.
  for (let look = 0; look < 10_000; look += 1) {
    monotonic += 37 / 64;
    wall = epoch + Math.floor(monotonic - began + 0.25);
    ahead.push(timeline.now() - first - (monotonic - began));
  }
  expect(Math.min(...ahead)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...ahead)).toBeLessThan(1);
});

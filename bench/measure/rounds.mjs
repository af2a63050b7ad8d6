// Rounds in which every variant has its turn, in an order that rotates and is reversed every other time: a machine
// that gets slower for a second does so to all of them, and what follows whom does not favour anybody.

import { pick } from './bench.mjs';
import { attempt, must } from './work.mjs';

/**
 * @template T
 * @param {import('./bench.mjs').Bench} bench
 * @param {Record<string, () => T | Promise<T>>} variants each call is one turn
 * @param {number} rounds
 * @returns {Promise<Record<string, T[]>>} what the turns returned
 */
export async function turns(bench, variants, rounds) {
  const names = Object.keys(variants);
  const taken = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const shift = round % names.length;
    const order = [...names.slice(shift), ...names.slice(0, shift)];
    for (const name of round % 2 === 1 ? order.reverse() : order) {
      const result = await attempt(bench, name, variants[name]);
      if (result !== undefined) taken[name].push(result);
    }
  }
  return taken;
}

/**
 * @typedef {object} Variant
 * @property {(operations: number) => unknown} run does so many operations, and throws if one of them was not done
 * @property {string} [base] the variant whose cost is taken off: what each operation needs to be one at all
 * @property {boolean} [isInert] nothing is decided in it, so there is nothing to check either
 * @property {number} [window] operations in one window of counted instructions; default 3 000
 * @property {number} [warmUp] operations before the first window; default ten times as many
 * @property {() => Promise<number>} [served] how many questions the other side has answered, if an operation is one
 * @property {() => unknown} [close]
 */

/**
 * Wall clock (`time`) and processor time of one operation of each variant, in nanoseconds, round by round.
 *
 * @param {import('./bench.mjs').Bench} bench
 * @param {Record<string, Variant>} variants
 */
export async function timed(bench, variants) {
  const batchMs = pick(bench, { full: 15, quick: 4, check: 0 });
  const sizes = {};
  for (const [name, variant] of Object.entries(variants)) {
    // Tiers of compilation are climbed here, not in a round.
    sizes[name] = await attempt(bench, name, () => fitting(variant, batchMs));
  }
  const rounds = pick(bench, { full: 21, quick: 5, check: 0 });
  const able = Object.entries(variants).filter(([name]) => sizes[name] !== undefined);
  const turn = (variant, size) => async () => {
    const { wall, processor } = await batch(variant, size);
    return { time: (wall * 1e6) / size, processor: (processor * 1e3) / size };
  };
  return turns(bench, Object.fromEntries(able.map(([name, v]) => [name, turn(v, sizes[name])])), rounds);
}

/** How many operations fill a batch. */
async function fitting(variant, batchMs) {
  let size = 64;
  for (;;) {
    const { wall } = await batch(variant, size);
    // Twice what is needed, so that the first thousands are behind it.
    if (wall >= 2 * batchMs) return Math.max(16, Math.round((size * batchMs) / Math.max(wall, 0.1)));
    size = Math.ceil(size * Math.min(8, Math.max(1.5, (2.4 * batchMs) / Math.max(wall, 0.1))));
  }
}

/**
 * So many operations, of which the other side must have heard each.
 *
 * @returns wall clock in milliseconds, and processor time of this process in microseconds
 */
export async function batch(variant, size) {
  const before = await variant.served?.();
  const usage = process.cpuUsage();
  const start = performance.now();
  const running = variant.run(size);
  if (running instanceof Promise) await running;
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(usage);
  const after = await variant.served?.();
  must(
    after === undefined || after - before === size,
    () => `${size} operations, ${after - before} requests`,
  );
  return { wall, processor: user + system };
}

// That `cache.maxBytes` is kept on the heap, and not only in what we think of it: the scenes of `bench/parts/charge.mjs`,
// each in a process of its own. What is charged is estimated from above, so the heap must not hold more.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../../bench/parts/charge.mjs', import.meta.url));
const budget = 67_108_864;

interface Figures {
  readonly entries: number;
  /** As charged, and on the heap. */
  readonly bytes: number;
  readonly heap: number;
}

async function play(scene: string): Promise<Figures> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, scene]);
  return JSON.parse(stdout);
}

describe('what is remembered takes no more than it is charged', { timeout: 120_000 }, () => {
  test.each([
    ['10 000 callers with different metadata of 4 kB', '4 kB: objects that differ', 1_000],
    ['10 000 callers with 64 long facts each', 'with 64 long facts each', 1_000],
    ['15 callers with metadata of 1 MiB', '1 MiB: lists in lists', 1],
    ['15 callers with other metadata of 1 MiB', '1 MiB: objects that differ', 3],
  ])('and no more than all may together: %s', async (_who, scene, least) => {
    const { entries, bytes, heap } = await play(scene);
    expect(entries).toBeGreaterThan(least);
    expect(bytes).toBeLessThanOrEqual(budget);
    expect(bytes).toBeGreaterThan(0.6 * budget);
    expect(heap).toBeLessThan(1.1 * bytes);
    expect(heap).toBeGreaterThan(bytes / 2);
  });

  test('all of 10 000 ordinary callers are remembered, with a fact each too', async () => {
    for (const scene of ['ordinary callers', 'with one fact each']) {
      const { entries, bytes, heap } = await play(scene);
      expect(entries).toBe(10_000);
      expect(bytes).toBeLessThan(budget / 2);
      expect(heap).toBeLessThan(bytes);
    }
  });

  test('of metadata of 1 MiB nothing is read by default', async () => {
    const { entries, heap } = await play('1 MiB, by default');
    // Those that came before, without.
    expect(entries).toBe(8);
    expect(heap).toBeLessThan(2_000_000);
  });
});

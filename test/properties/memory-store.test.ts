// The store beside `lru-cache`, which has kept entries here before: the same steps leave the same values in the same
// order of use, of the same weight, and push out the same ones.

import fc from 'fast-check';
import { LRUCache } from 'lru-cache';
import { expect, test } from 'vitest';
import type { Fingerprint } from '../../packages/core/src/memory/fingerprint.js';
import { createMemoryStore } from '../../packages/core/src/memory/memory-store.js';

interface Value {
  readonly bytes: number;
}

/**
 * Names of 32 bytes, as digests are, but chosen as nobody can choose digests: those of a family begin alike, so that
 * they are in one list, and differ in one byte of the half that tells them apart, wherever it is.
 */
const name = fc
  .record({
    family: fc.constantFrom(0, 0xff),
    at: fc.constantFrom(0, 3, 4, 15),
    byte: fc.constantFrom(1, 0x80),
  })
  .map(({ family, at, byte }) => nameOf(new Array(32).fill(family).with(at, byte)));

function nameOf(bytes: readonly number[]): Fingerprint {
  return String.fromCharCode(...bytes) as Fingerprint;
}

/** Some that several names have, beside others that only one has. */
const values: readonly Value[] = [7, 20, 33].map((bytes) => ({ bytes }));

const bytes = fc.integer({ min: 1, max: 60 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('set' as const), name, bytes }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('use' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('weigh' as const), name, bytes }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('sweep' as const), places: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
);

test('P24, P25: any order of steps leaves what lru-cache leaves', { timeout: 60_000 }, () => {
  let evicted = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 60, max: 200 }),
      fc.array(step, { minLength: 10, maxLength: 120 }),
      (max, maxBytes, steps) => {
        let gone = 0;
        const store = createMemoryStore<Value>(max, {
          ...{ maxBytes, bytesOf: (value) => value.bytes, numbers: 1 },
          onGone: () => {
            gone += 1;
          },
        });
        let left = 0;
        let evictions = 0;
        const model = new LRUCache<Fingerprint, Value>({
          ...{ max, maxSize: maxBytes, sizeCalculation: (value) => value.bytes },
          dispose: (_value, _name, reason) => {
            left += 1;
            evictions += Number(reason === 'evict');
          },
        });
        const names = new Set<Fingerprint>();
        const stamps = new Set<number>();

        const set = (name: Fingerprint, value: Value) => {
          names.add(name);
          model.delete(name);
          model.set(name, value);
          const slot = store.set(name, value);
          const stamp = store.stampAt(slot);
          expect([stamps.has(stamp), store.numberAt(slot, 0)]).toEqual([false, 0]);
          stamps.add(stamp);
          store.setNumberAt(slot, 0, stamp);
        };
        for (const next of steps) {
          switch (next.do) {
            case 'set':
              set(next.name, values[next.bytes % 5] ?? { bytes: next.bytes });
              break;
            case 'use': {
              const slot = store.use(next.name);
              expect(slot === 0 ? undefined : store.valueAt(slot)).toBe(model.get(next.name));
              if (slot !== 0) expect(store.numberAt(slot, 0)).toBe(store.stampAt(slot));
              break;
            }
            case 'delete':
              store.delete(next.name);
              model.delete(next.name);
              break;
            case 'weigh': {
              const slot = store.use(next.name);
              const value = model.get(next.name);
              expect(slot === 0).toBe(value === undefined);
              if (value === undefined) break;
              store.weighAt(slot, next.bytes);
              // It weighs what it holds already only once more if it lets go of it before.
              model.delete(next.name);
              model.set(next.name, value, { size: next.bytes });
              gone += 1;
              break;
            }
            case 'sweep': {
              const isGood = (name: Fingerprint, value: Value) => {
                expect(model.peek(name)).toBe(value);
                return value.bytes % 2 === 0;
              };
              for (let from = 1; from !== 0; ) from = store.sweep(isGood, from, next.places);
              for (const [name, value] of [...model.entries()]) if (value.bytes % 2 === 1) model.delete(name);
              break;
            }
            case 'clear':
              store.clear();
              left -= model.size;
              model.clear();
          }
          check();
        }
        // Who makes room now tells the order of use.
        for (let fresh = 1; fresh <= max; fresh += 1) {
          set(nameOf(new Array(32).fill(fresh)), { bytes: 20 });
          check();
        }
        evicted += evictions;

        function check() {
          expect([store.size, store.bytes, store.evictions, gone]).toEqual([
            ...[model.size, model.calculatedSize, evictions, left],
          ]);
          for (const each of names) expect(store.has(each)).toBe(model.has(each));
        }
      },
    ),
    { numRuns: 300 },
  );
  // The generator does reach what it is about.
  expect(evicted).toBeGreaterThan(1_000);
});

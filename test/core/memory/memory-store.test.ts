import { describe, expect, test } from 'vitest';
import { createFingerprinter } from '../../../packages/core/src/memory/fingerprint.js';
import { createMemoryStore } from '../../../packages/core/src/memory/memory-store.js';

const fingerprint = createFingerprinter();
const name = (index: number) => fingerprint(`Bearer ${index}`);

function filled(maxEntries: number, entries: number) {
  const store = createMemoryStore<{ readonly index: number }>(maxEntries);
  for (let index = 0; index < entries; index += 1) store.set(name(index), { index });
  return store;
}

test('gives back the very entry that was put in, and nothing for other names', () => {
  const store = createMemoryStore<object>(2);
  const entry = {};
  store.set(name(1), entry);
  expect(store.get(name(1))).toBe(entry);
  expect(store.get(name(2))).toBeUndefined();
});

test('forgets what it is told to forget, and no more', () => {
  const store = filled(3, 3);
  store.delete(name(1));
  store.delete(name(99));
  expect([0, 1, 2].map((index) => store.get(name(index))?.index)).toEqual([0, undefined, 2]);
  expect(store.size).toBe(2);
});

test('P24: when it is full the next entry goes in, and the one that was used least recently makes room', () => {
  const store = filled(3, 3);
  store.get(name(0));
  store.set(name(3), { index: 3 });
  expect([0, 1, 2, 3].map((index) => store.get(name(index))?.index)).toEqual([0, undefined, 2, 3]);
});

test('a new entry under a known name makes nobody leave', () => {
  const store = filled(3, 3);
  store.set(name(1), { index: 100 });
  expect([0, 1, 2].map((index) => store.get(name(index))?.index)).toEqual([0, 100, 2]);
  expect(store.evictions).toBe(0);
});

test('counts as evicted what had to make room, not what was deleted, replaced or cleared', () => {
  const store = filled(3, 5);
  expect(store.evictions).toBe(2);
  store.delete(name(4));
  store.set(name(3), { index: 3 });
  store.clear();
  expect(store.size).toBe(0);
  expect(store.get(name(3))).toBeUndefined();
  expect(store.evictions).toBe(2);
});

test('swept, it keeps what is good, each where it was in the order of use', () => {
  const store = filled(4, 4);
  const seen: number[] = [];
  store.sweep((fingerprint, { index }) => {
    expect(fingerprint).toBe(name(index));
    seen.push(index);
    return index !== 1;
  });
  expect(seen.sort()).toEqual([0, 1, 2, 3]);
  expect([store.size, store.evictions]).toEqual([3, 0]);
  for (const index of [4, 5]) store.set(name(index), { index });
  expect([0, 1, 2, 3, 4, 5].filter((index) => store.has(name(index)))).toEqual([2, 3, 4, 5]);
});

describe('a budget in bytes', () => {
  type Weighed = { bytes: number };
  const weighed = (maxBytes: number, ...weights: readonly number[]) => {
    const store = createMemoryStore<Weighed>(100, { maxBytes, bytesOf: ({ bytes }) => bytes });
    for (const [index, bytes] of weights.entries()) store.set(name(index), { bytes });
    return store;
  };
  const kept = (store: ReturnType<typeof weighed>, count: number) =>
    Array.from({ length: count }, (_, index) => index).filter((index) => store.has(name(index)));

  test('P24: those that were used least recently make room, as many as it takes', () => {
    const store = weighed(100, 40, 30, 30);
    expect(store.bytes).toBe(100);
    store.get(name(0));
    store.set(name(3), { bytes: 31 });
    expect(kept(store, 4)).toEqual([0, 3]);
    expect([store.bytes, store.evictions]).toEqual([71, 2]);
  });

  test('what is heavier than all may be together is not kept, nor what it should replace, and nobody makes room', () => {
    const store = weighed(100, 40, 30);
    store.set(name(0), { bytes: 101 });
    expect(kept(store, 2)).toEqual([1]);
    expect([store.bytes, store.evictions]).toEqual([30, 0]);
  });

  test('one that has grown is weighed again when it is set again', () => {
    const store = weighed(100, 40, 30);
    const entry = store.get(name(0));
    if (entry === undefined) throw new TypeError('it is kept');
    entry.bytes = 90;
    store.set(name(0), entry);
    expect(store.get(name(0))).toBe(entry);
    expect(kept(store, 2)).toEqual([0]);
    expect(store.bytes).toBe(90);
  });

  test('what is replaced, deleted or cleared is given back', () => {
    const store = weighed(100, 40, 30, 20);
    store.set(name(0), { bytes: 10 });
    expect(store.bytes).toBe(60);
    store.delete(name(1));
    expect(store.bytes).toBe(30);
    store.clear();
    expect([store.bytes, store.evictions]).toEqual([0, 0]);
  });

  test('without one nothing is weighed', () => {
    expect(filled(3, 3).bytes).toBe(0);
  });
});

test('P25: holds no more entries than it may, however many come', () => {
  const store = filled(100, 20_000);
  expect(store.size).toBe(100);
  expect(store.evictions).toBe(19_900);
});

import { expect, test } from 'vitest';
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

test('P25: holds no more entries than it may, however many come', () => {
  const store = filled(100, 20_000);
  expect(store.size).toBe(100);
  expect(store.evictions).toBe(19_900);
});

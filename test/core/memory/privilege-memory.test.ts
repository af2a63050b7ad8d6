import { expect, test } from 'vitest';
import { createPrivilegeMemory } from '../../../packages/core/src/memory/privilege-memory.js';

const fact = (startedAt: number, granted = true) => ({
  granted,
  startedAt,
  verifiedAt: startedAt,
  expiresAt: startedAt + 1_000,
  refreshAt: 0,
});

test('a fact is found until the instant on which it ends', () => {
  const memory = createPrivilegeMemory();
  memory.keep(new Map([['a', fact(5_000, false)]]));
  expect(memory.find('a', 5_999)).toEqual(fact(5_000, false));
  expect(memory.find('a', 6_000)).toBeUndefined();
  expect(memory.find('b', 5_000)).toBeUndefined();
});

test('nothing is older than maxAgeMs, and 0 finds nothing', () => {
  const memory = createPrivilegeMemory();
  memory.keep(new Map([['a', fact(5_000)]]));
  expect(memory.find('a', 5_100, 100)).toBeDefined();
  expect(memory.find('a', 5_101, 100)).toBeUndefined();
  expect(memory.find('a', 5_000, 0)).toBeUndefined();
});

test('an answer never replaces one whose question started later', () => {
  const memory = createPrivilegeMemory();
  memory.keep(new Map([['a', fact(5_000, false)]]));
  memory.keep(new Map([['a', fact(4_999, true)]]));
  expect(memory.find('a', 5_000)?.granted).toBe(false);
  memory.keep(new Map([['a', fact(5_001, true)]]));
  expect(memory.find('a', 5_001)?.granted).toBe(true);
});

test('P61: of 10 000 different facts the 64 used last are kept', () => {
  const memory = createPrivilegeMemory();
  for (let n = 0; n < 10_000; n += 1) {
    memory.keep(new Map([[`fact ${n}`, fact(5_000)]]));
    // Used in between, so it stays.
    expect(memory.find('fact 0', 5_000)).toBeDefined();
  }
  expect(memory.size).toBe(64);
  expect(memory.find('fact 9937', 5_000)).toBeDefined();
  expect(memory.find('fact 9936', 5_000)).toBeUndefined();
});

test('P61: long names take no more room than others, and are told apart to the last character', () => {
  const memory = createPrivilegeMemory();
  const long = 'x'.repeat(100_000);
  memory.keep(new Map([[`${long}a`, fact(5_000)]]));
  expect(memory.find(`${long}a`, 5_000)).toBeDefined();
  expect(memory.find(`${long}b`, 5_000)).toBeUndefined();
});

test('is charged for what it holds, by the lengths of the names, and tells whenever facts were kept', () => {
  const told: number[] = [];
  const memory = createPrivilegeMemory(() => void told.push(memory.bytes));
  const kept = (...names: readonly string[]) =>
    memory.keep(new Map(names.map((name) => [name, fact(5_000)] as const)));
  kept('abc');
  const base = memory.bytes - 2 * 3;
  kept('abc', 'abcdef');
  kept('abc');
  expect(told).toEqual([base + 6, 2 * base + 18, 2 * base + 18]);
  // As long as a digest.
  kept('x'.repeat(1_000));
  expect(memory.bytes).toBe(3 * base + 18 + 2 * 64);
});

test('is charged for 64 facts at most, however many it has seen', () => {
  const memory = createPrivilegeMemory();
  for (let n = 100; n < 1_000; n += 1) memory.keep(new Map([[`fact ${n}`, fact(5_000)]]));
  const [all] = [memory.bytes];
  memory.keep(new Map(Array.from({ length: 900 }, (_, n) => [`more ${100 + n}`, fact(5_000)] as const)));
  expect(memory.size).toBe(64);
  expect(memory.bytes).toBe(all);
});

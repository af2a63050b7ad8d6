import { expect, test } from 'vitest';
import { weightOf } from '../../../packages/core/src/values/weight.js';

// What they are compared with is the heap: `test/core/verifier/memory.test.ts`.
test.each<[string, unknown, unknown]>([
  ['a longer text', 'aa', 'a'],
  ['a longer list', [1, 2], [1]],
  ['a list in a list', [[]], [1]],
  ['an object with a member more', { a: 1, b: 1 }, { a: 1 }],
  ['a member with a longer name', { ab: 1 }, { a: 1 }],
  ['what is deeper', { a: { b: { c: 1 } } }, { a: { b: 1 } }],
  ['a text', '', true],
])('%s weighs more', (_what, heavy, light) => {
  expect(weightOf(heavy)).toBeGreaterThan(weightOf(light));
});

test.each([undefined, null, true, false])('%s weighs nothing beside its place', (value) => {
  expect(weightOf(value)).toBe(0);
  expect(weightOf([value])).toBe(weightOf([]) + 8);
});

test('members are added up, at any depth', () => {
  const part = { a: ['x', 0.5, { b: null }] };
  expect(weightOf([part, part])).toBe(weightOf([]) + 2 * (8 + weightOf(part)));
  const depth = 100_000;
  expect(weightOf(JSON.parse('['.repeat(depth) + ']'.repeat(depth)))).toBe(64 * depth - 8);
});

test("only an object's own members are weighed", () => {
  const heir = Object.create({ inherited: 'x'.repeat(100) });
  expect(weightOf(heir)).toBe(weightOf({}));
});

import { expect, test } from 'vitest';
import { SharedValues } from '../../../packages/core/src/memory/shared-values.js';

test('rows that have the same value have one number, until none has it any more', () => {
  const values = new SharedValues<object>();
  const [jane, john] = [{}, {}];
  const first = values.take(jane, 1);
  expect(values.take(jane, 1)).toBe(first);
  expect(values.take(john, 1)).not.toBe(first);
  values.release(first);
  expect(values.get(first)).toBe(jane);
  values.release(first);
  expect(values.get(first)).toBeUndefined();
  // The number is free for others, and who had it gets one anew.
  const joan = {};
  expect(values.take(joan, 1)).toBe(first);
  expect(values.get(values.take(jane, 1))).toBe(jane);
  expect(values.get(first)).toBe(joan);
});

test('a value that was not had lately gets another number, and goes when it has neither', () => {
  const values = new SharedValues<object>();
  const jane = {};
  const first = values.take(jane, 1);
  for (let n = 0; n < 1_024; n += 1) values.take({ n }, 1);
  const second = values.take(jane, 1);
  expect(second).not.toBe(first);
  values.release(first);
  expect([values.get(first), values.get(second)]).toEqual([undefined, jane]);
  expect(values.take(jane, 1)).toBe(second);
  values.release(second);
  values.release(second);
  expect(values.get(second)).toBeUndefined();
});

test('what a value weighs is known for as long as it is found again', () => {
  const values = new SharedValues<object>();
  const jane = {};
  expect(values.weightOf(jane)).toBeUndefined();
  const number = values.take(jane, 80);
  expect(values.weightOf(jane)).toBe(80);
  values.release(number);
  expect(values.weightOf(jane)).toBeUndefined();
  // What gets its number has its own weight.
  const john = {};
  expect(values.take(john, 90)).toBe(number);
  expect(values.weightOf(john)).toBe(90);
});

const many = 8_192;

/** Values that are packed as their names, and of which the one is not packed. */
function packable(stays = -1) {
  const attempts: number[] = [];
  const values = new SharedValues<{ n: number }>({
    pack({ n }) {
      attempts.push(n);
      return n === stays ? undefined : { own: `${n}`, common: {} };
    },
    unpack: (own) => ({ n: Number(own) }),
  });
  return { values, attempts };
}

test('of more than 8 192 values, those that came first are packed, and are equal when they are asked for', () => {
  const { values, attempts } = packable(1);
  const all = Array.from({ length: 2 * many }, (_, n) => ({ n }));
  const numbers = all.map((value) => values.take(value, 1));
  for (const [at, number] of numbers.entries()) expect(values.get(number)).toEqual(all[at]);
  // One for each that comes, but not the first, which was not found again, nor the one that is not to be packed.
  expect(attempts).toEqual(Array.from({ length: many }, (_, n) => n + 1));
  expect(values.get(numbers[1] as number)).toBe(all[1]);
  expect(values.get(numbers[2] as number)).not.toBe(all[2]);
  expect(values.get(numbers[many + 1] as number)).toBe(all[many + 1]);
});

test('what several rows have, or what is found again, is not packed', () => {
  const { values, attempts } = packable();
  const take = (from: number, to: number) => {
    for (let n = from; n < to; n += 1) values.take({ n }, 1);
  };
  take(0, 2);
  const jane = { n: -1 };
  const first = values.take(jane, 1);
  values.take(jane, 1);
  take(3, many);
  // In an old place, but the newest.
  const john = { n: -2 };
  values.release(5);
  expect(values.take(john, 1)).toBe(5);
  take(many, many + 100);
  expect(attempts).toEqual(expect.arrayContaining([1, 3, 4, 6]));
  expect(attempts).not.toContain(-1);
  expect(attempts).not.toContain(-2);
  expect([values.get(first), values.get(5)]).toEqual([jane, john]);
});

test('few are not packed, however often others come and go', () => {
  const { values, attempts } = packable();
  for (let n = 0; n < many / 4; n += 1) values.take({ n }, 1);
  for (let n = 0; n < 3 * many; n += 1) values.release(values.take({ n }, 1));
  expect(attempts).toEqual([]);
});

test('a packed value goes with its row, and its number is free for others', () => {
  const { values, attempts } = packable();
  const numbers = Array.from({ length: 2 * many }, (_, n) => values.take({ n }, 1));
  const packed = numbers[5] as number;
  expect(attempts).toContain(5);
  values.release(packed);
  expect(values.get(packed)).toBeUndefined();
  const joan = { n: -2 };
  expect(values.take(joan, 1)).toBe(packed);
  expect(values.get(packed)).toBe(joan);
  values.clear();
  expect(values.get(packed)).toBeUndefined();
});

// The price of second questions, to the question. What it comes to for a whole cluster: `hedging.test.ts`.

import { expect, test } from 'vitest';
import { createHedgeBudget, type HedgeBudget } from '../../../packages/core/src/upstream/hedge-budget.js';

/** Asks a second time for as long as that may be. */
function spendAll(budget: HedgeBudget): number {
  const before = budget.spent;
  while (budget.left) budget.spend();
  return budget.spent - before;
}

test('ten on credit, and none more', () => {
  const budget = createHedgeBudget(10);
  expect(budget.spent).toBe(0);
  expect(spendAll(budget)).toBe(10);
  expect([budget.left, budget.spent]).toEqual([false, 10]);
});

test('then one for every ten questions, and not for nine', () => {
  const budget = createHedgeBudget(10);
  spendAll(budget);
  for (let round = 1; round <= 50; round += 1) {
    for (let question = 1; question <= 9; question += 1) budget.earn();
    expect(budget.left).toBe(false);
    budget.earn();
    expect(spendAll(budget)).toBe(1);
    expect(budget.spent).toBe(10 + round);
  }
});

test('what a quiet time saves is no more than the credit', () => {
  const budget = createHedgeBudget(10);
  for (let question = 0; question < 100_000; question += 1) budget.earn();
  expect(spendAll(budget)).toBe(10);
  for (let question = 0; question < 100_000; question += 1) budget.earn();
  expect(spendAll(budget)).toBe(10);
});

test('a part of the credit that was used comes back, and the rest is not lost', () => {
  const budget = createHedgeBudget(10);
  for (let second = 0; second < 4; second += 1) budget.spend();
  for (let question = 0; question < 25; question += 1) budget.earn();
  expect(spendAll(budget)).toBe(6 + 2);
  for (let question = 0; question < 5; question += 1) budget.earn();
  expect(spendAll(budget)).toBe(1);
});

test('each has its own', () => {
  spendAll(createHedgeBudget(10));
  expect(createHedgeBudget(10).left).toBe(true);
});

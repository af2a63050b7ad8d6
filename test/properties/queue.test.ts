// The queue against a model of the contract's words that is as slow and as simple as they are.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createQueue, type Entrance } from '../../packages/core/src/verification/queue.js';

type Step =
  | { readonly kind: 'enter'; readonly source: string }
  | { readonly kind: 'leave' | 'done'; readonly at: number };

interface Visitor {
  readonly name: number;
  readonly source: string;
}

/** Lists, searched from end to end. */
class Model {
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly onWire: Visitor[] = [];
  readonly waiting: Visitor[] = [];
  readonly outcomes: string[] = [];
  /** Sources with waiters, next turn first. */
  turns: string[] = [];

  constructor(maxConcurrent: number, maxQueue: number) {
    this.maxConcurrent = maxConcurrent;
    this.maxQueue = maxQueue;
  }

  enter(name: number, source: string): void {
    const visitor = { name, source };
    if (this.onWire.length < this.maxConcurrent) {
      this.onWire.push(visitor);
      this.outcomes[name] = 'on wire';
      return;
    }
    if (this.waiting.length >= this.maxQueue) {
      const most = Math.max(...this.turns.map((each) => this.count(each)));
      if (this.count(source) >= most) {
        this.outcomes[name] = 'full';
        return;
      }
      const crowded = this.turns.find((each) => this.count(each) === most);
      const newest = this.waiting.findLast((each) => each.source === crowded);
      if (newest !== undefined) this.leave(newest, 'full');
    }
    this.waiting.push(visitor);
    if (!this.turns.includes(source)) this.turns.push(source);
    this.outcomes[name] = 'waits';
  }

  leave(visitor: Visitor, outcome: string): void {
    this.waiting.splice(this.waiting.indexOf(visitor), 1);
    if (this.count(visitor.source) === 0) this.turns = this.turns.filter((each) => each !== visitor.source);
    this.outcomes[visitor.name] = outcome;
  }

  done(visitor: Visitor): void {
    this.onWire.splice(this.onWire.indexOf(visitor), 1);
    this.outcomes[visitor.name] = 'done';
    const [source] = this.turns;
    const next = this.waiting.find((each) => each.source === source);
    if (source === undefined || next === undefined) return;
    this.leave(next, 'on wire');
    this.onWire.push(next);
    if (this.count(source) > 0) this.turns = [...this.turns.filter((each) => each !== source), source];
  }

  private count(source: string): number {
    return this.waiting.filter((each) => each.source === source).length;
  }
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('enter' as const),
      source: fc.constantFrom('a', 'b', 'c', 'd'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'done' as const), at: fc.nat(50) }),
  },
);

test('P56: whoever comes, leaves and is done, in any order: the model and the queue agree on everybody', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(step, { maxLength: 80 }),
      async (maxConcurrent, maxQueue, steps) => {
        const queue = createQueue(maxConcurrent, maxQueue);
        const model = new Model(maxConcurrent, maxQueue);
        const outcomes: string[] = [];
        const places = new Map<number, () => void>();
        const leaving = new Map<number, AbortController>();
        const note = (name: number, outcome: Entrance) => {
          if (typeof outcome === 'function') places.set(name, outcome);
          outcomes[name] = typeof outcome === 'function' ? 'on wire' : outcome;
        };

        for (const each of steps) {
          if (each.kind === 'enter') {
            const name = outcomes.length;
            const controller = new AbortController();
            leaving.set(name, controller);
            outcomes[name] = 'waits';
            const turnedAway = queue.turnsAway(each);
            const entered = queue.enter(each.source, controller.signal);
            expect(turnedAway).toBe(entered === 'full');
            if (entered instanceof Promise) void entered.then((outcome) => note(name, outcome));
            else note(name, entered);
            model.enter(name, each.source);
          } else {
            const all = each.kind === 'leave' ? model.waiting : model.onWire;
            const visitor = all[each.at % Math.max(1, all.length)];
            if (visitor === undefined) continue;
            if (each.kind === 'leave') {
              leaving.get(visitor.name)?.abort();
              model.leave(visitor, 'left');
            } else {
              outcomes[visitor.name] = 'done';
              places.get(visitor.name)?.();
              model.done(visitor);
            }
          }
          for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
          expect(outcomes).toEqual(model.outcomes);
          expect([queue.onWire, queue.waiting]).toEqual([model.onWire.length, model.waiting.length]);
        }
      },
    ),
    { numRuns: 500 },
  );
});

import { describe, expect, test } from 'vitest';
import {
  createQueue,
  type Entrance,
  type Leave,
  type Queue,
} from '../../../packages/core/src/verification/queue.js';

/** Lookups that come to a queue, by name, and what became of them so far. */
function visitorsOf(queue: Queue) {
  const outcomes = new Map<string, Entrance | 'waits'>();
  const admitted: string[] = [];
  const leaving = new Map<string, AbortController>();
  const note = (name: string, outcome: Entrance) => {
    outcomes.set(name, outcome);
    if (typeof outcome === 'function') admitted.push(name);
  };
  return {
    /** Names of those who got a place, in that order. */
    admitted,
    async enters(name: string, source?: string): Promise<void> {
      const controller = new AbortController();
      leaving.set(name, controller);
      const entered = queue.enter(source, controller.signal);
      if (!(entered instanceof Promise)) return note(name, entered);
      outcomes.set(name, 'waits');
      void entered.then((outcome) => note(name, outcome));
      await settled();
    },
    async leaves(name: string): Promise<void> {
      leaving.get(name)?.abort();
      await settled();
    },
    async isDone(name: string): Promise<void> {
      const place = outcomes.get(name);
      if (typeof place !== 'function') throw new Error(`${name} has no place`);
      place();
      await settled();
    },
    /** What became of somebody: `on wire`, `waits`, `full` or `left`. */
    is(name: string): string {
      const outcome = outcomes.get(name);
      return typeof outcome === 'function' ? 'on wire' : String(outcome);
    },
  };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

describe('limits', () => {
  test('so many are on the wire, so many wait, the next is turned away at once', async () => {
    const queue = createQueue(2, 3);
    const visitors = visitorsOf(queue);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await visitors.enters(name);
    expect(['a', 'b', 'c', 'd', 'e', 'f'].map(visitors.is)).toEqual([
      'on wire',
      'on wire',
      'waits',
      'waits',
      'waits',
      'full',
    ]);
    expect([queue.onWire, queue.waiting]).toEqual([2, 3]);
  });

  test('who does not have to wait is let in without a promise, and turned away without one', () => {
    const queue = createQueue(1, 1);
    expect(queue.enter(undefined, never)).toBeTypeOf('function');
    expect(queue.enter(undefined, never)).toBeInstanceOf(Promise);
    expect(queue.enter(undefined, never)).toBe('full');
  });

  test('a place that is given back goes to the next at once: it is never free while somebody waits', async () => {
    const queue = createQueue(1, 5);
    const visitors = visitorsOf(queue);
    for (const name of ['a', 'b']) await visitors.enters(name);
    const entered = queue.enter(undefined, never);
    await visitors.isDone('a');
    expect(queue.onWire).toBe(1);
    await visitors.isDone('b');
    expect([queue.onWire, queue.waiting]).toEqual([1, 0]);
    ((await entered) as Leave)();
    expect(queue.onWire).toBe(0);
  });

  test('giving a place back twice gives back one', async () => {
    const queue = createQueue(1, 5);
    const place = queue.enter(undefined, never) as Leave;
    const second = queue.enter(undefined, never);
    const third = queue.enter(undefined, never);
    place();
    place();
    expect([queue.onWire, queue.waiting]).toEqual([1, 1]);
    expect([await second, third]).toEqual([expect.any(Function), expect.any(Promise)]);
  });
});

describe('fair in order', () => {
  test('first come, first served within a source; unknown ones share one place in the order', async () => {
    const visitors = visitorsOf(createQueue(1, 10));
    for (const name of ['a', 'b', 'c', 'd']) await visitors.enters(name);
    for (const name of ['a', 'b', 'c']) await visitors.isDone(name);
    expect(visitors.admitted).toEqual(['a', 'b', 'c', 'd']);
  });

  test('sources take turns, however many of one wait', async () => {
    const visitors = visitorsOf(createQueue(1, 100));
    await visitors.enters('on the wire', 'x');
    for (const name of ['x1', 'x2', 'x3', 'x4']) await visitors.enters(name, 'x');
    for (const name of ['y1', 'y2']) await visitors.enters(name, 'y');
    await visitors.enters('z1', 'z');
    for (let turn = 0; turn < 7; turn += 1) await visitors.isDone(visitors.admitted.at(-1) ?? '');
    expect(visitors.admitted.slice(1)).toEqual(['x1', 'y1', 'z1', 'x2', 'y2', 'x3', 'x4']);
  });

  test('a source that comes again after its last waiter left the line takes its turn at the end', async () => {
    const visitors = visitorsOf(createQueue(1, 100));
    await visitors.enters('on the wire');
    await visitors.enters('x1', 'x');
    await visitors.enters('y1', 'y');
    await visitors.enters('y2', 'y');
    await visitors.isDone('on the wire');
    await visitors.enters('x2', 'x');
    await visitors.isDone('x1');
    await visitors.isDone('y1');
    expect(visitors.admitted.slice(1)).toEqual(['x1', 'y1', 'x2']);
  });

  test('addresses of one /64 are one source', async () => {
    const visitors = visitorsOf(createQueue(1, 100));
    await visitors.enters('on the wire');
    await visitors.enters('a', '2001:db8::1');
    await visitors.enters('b', '2001:db8::2');
    await visitors.enters('c', '2001:db8:0:1::1');
    await visitors.isDone('on the wire');
    await visitors.isDone('a');
    expect(visitors.admitted.slice(1)).toEqual(['a', 'c']);
  });
});

describe('fair in room', () => {
  async function fullOf(counts: Readonly<Record<string, number>>) {
    const room = Object.values(counts).reduce((sum, count) => sum + count);
    const queue = createQueue(1, room);
    const visitors = visitorsOf(queue);
    await visitors.enters('on the wire', 'elsewhere');
    for (const [source, count] of Object.entries(counts)) {
      for (let n = 1; n <= count; n += 1) await visitors.enters(`${source}${n}`, source);
    }
    expect(queue.waiting).toBe(room);
    return { queue, visitors };
  }

  test('P56: a newcomer takes the place of the newest waiter of the source with most', async () => {
    const { queue, visitors } = await fullOf({ x: 5, y: 2 });
    await visitors.enters('new', 'z');
    expect(['x4', 'x5', 'y2', 'new'].map(visitors.is)).toEqual(['waits', 'full', 'waits', 'waits']);
    expect(queue.waiting).toBe(7);
  });

  test('so does one whose source waits already, but with fewer', async () => {
    const { visitors } = await fullOf({ x: 5, y: 4 });
    await visitors.enters('y5', 'y');
    expect(['x5', 'y5'].map(visitors.is)).toEqual(['full', 'waits']);
  });

  test('one with just as many is turned away, and so is the source with most itself', async () => {
    const { visitors } = await fullOf({ x: 3, y: 3 });
    await visitors.enters('y4', 'y');
    await visitors.enters('x4', 'x');
    expect(['x4', 'y4', 'x3', 'y3'].map(visitors.is)).toEqual(['full', 'full', 'waits', 'waits']);
  });

  test('from one source alone nobody is displaced', async () => {
    const { visitors } = await fullOf({ x: 3 });
    await visitors.enters('x4', 'x');
    expect(['x3', 'x4'].map(visitors.is)).toEqual(['waits', 'full']);
  });

  test('those who left do not count: neither for the source with most, nor as its newest', async () => {
    const { visitors } = await fullOf({ x: 5, y: 3 });
    for (const name of ['x3', 'x4', 'x5']) await visitors.leaves(name);
    for (const name of ['z1', 'z2', 'z3']) await visitors.enters(name, 'z');
    await visitors.enters('w1', 'w');
    expect(['x2', 'y3', 'z3', 'w1'].map(visitors.is)).toEqual(['waits', 'full', 'waits', 'waits']);
  });

  test('who was displaced does not count either', async () => {
    const { queue, visitors } = await fullOf({ x: 4 });
    for (const name of ['y', 'z', 'v']) await visitors.enters(name, name);
    expect(['x1', 'x2', 'x3', 'x4'].map(visitors.is)).toEqual(['waits', 'full', 'full', 'full']);
    for (let turn = 0; turn < 4; turn += 1) await visitors.isDone(visitors.admitted.at(-1) ?? '');
    expect(visitors.admitted.slice(1)).toEqual(['x1', 'y', 'z', 'v']);
    expect(queue.waiting).toBe(0);
  });

  test('where every source waits once, a newcomer still takes one place: it waits with fewer', async () => {
    const { queue, visitors } = await fullOf({ x: 1, y: 1, z: 1 });
    await visitors.enters('w', 'w');
    expect(visitors.is('w')).toBe('waits');
    expect(['x1', 'y1', 'z1'].map(visitors.is).toSorted()).toEqual(['full', 'waits', 'waits']);
    expect(queue.waiting).toBe(3);
  });
});

describe('leaving while waiting', () => {
  test('makes room, and nobody loses his turn', async () => {
    const queue = createQueue(1, 3);
    const visitors = visitorsOf(queue);
    for (const name of ['a', 'b', 'c', 'd']) await visitors.enters(name);
    await visitors.leaves('b');
    expect([visitors.is('b'), queue.waiting]).toEqual(['left', 2]);
    await visitors.enters('e');
    await visitors.isDone('a');
    expect([visitors.is('c'), visitors.is('e'), queue.waiting]).toEqual(['on wire', 'waits', 2]);
  });

  test('after having been let in, or turned away, changes nothing', async () => {
    const queue = createQueue(1, 1);
    const visitors = visitorsOf(queue);
    await visitors.enters('a', 'x');
    await visitors.enters('b', 'x');
    await visitors.enters('c', 'x');
    await visitors.isDone('a');
    for (const name of ['a', 'b', 'c']) await visitors.leaves(name);
    expect([visitors.is('b'), visitors.is('c'), queue.onWire, queue.waiting]).toEqual([
      'on wire',
      'full',
      1,
      0,
    ]);
  });

  test('a source all of whose waiters left is not in the order any more', async () => {
    const queue = createQueue(1, 9);
    const visitors = visitorsOf(queue);
    await visitors.enters('on the wire');
    await visitors.enters('x1', 'x');
    await visitors.enters('y1', 'y');
    await visitors.leaves('x1');
    await visitors.isDone('on the wire');
    await visitors.isDone('y1');
    expect([queue.onWire, queue.waiting]).toEqual([0, 0]);
  });

  test('a long line with many gaps stays in order', async () => {
    const visitors = visitorsOf(createQueue(1, 1_000));
    await visitors.enters('0');
    const names = Array.from({ length: 300 }, (_, n) => `${n + 1}`);
    for (const name of names) await visitors.enters(name);
    const stay = names.filter((_, n) => n % 3 === 0);
    for (const name of names) if (!stay.includes(name)) await visitors.leaves(name);
    for (let turn = 0; turn < stay.length; turn += 1) await visitors.isDone(visitors.admitted.at(-1) ?? '');
    expect(visitors.admitted).toEqual(['0', ...stay]);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { Agenda, Appointment } from '../../../packages/core/src/time/agenda.js';
import { systemClock } from '../../../packages/core/src/time/clock.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

let clock: FakeClock;
let agenda: Agenda;
let kept: string[];

class Named extends Appointment {
  readonly name: string;
  readonly also: (() => void) | undefined;

  constructor(name: string, also?: () => void) {
    super();
    this.name = name;
    this.also = also;
  }

  fallDue(): void {
    kept.push(`${this.name} ${clock.monotonic() - 5_000}`);
    this.also?.();
  }
}

/** Puts an appointment in, so many milliseconds from now. */
function add(name: string, inMs: number, also?: () => void): Named {
  const appointment = new Named(name, also);
  agenda.add(appointment, clock.monotonic() + inMs);
  return appointment;
}

beforeEach(() => {
  clock = createFakeClock();
  agenda = new Agenda(clock);
  kept = [];
});

describe('falls due', () => {
  test('in the order of their instants, in whichever they came, and those of one instant as they came', async () => {
    add('c', 30);
    add('a', 10);
    add('d', 30);
    add('b', 20);
    expect(clock.timers).toBe(1);
    await clock.advance(9);
    expect(kept).toEqual([]);
    await clock.advance(100);
    expect(kept).toEqual(['a 10', 'b 20', 'c 30', 'd 30']);
    expect(clock.timers).toBe(0);
  });

  test('at once, if its instant has passed', async () => {
    add('past', -10);
    await clock.advance(0);
    expect(kept).toEqual(['past 0']);
  });

  test('late, all that passed while the process stood still', async () => {
    add('a', 10);
    add('b', 20);
    add('c', 90);
    clock.standStill(50);
    await clock.advance(0);
    expect(kept).toEqual(['a 50', 'b 50']);
    await clock.advance(40);
    expect(kept).toEqual(['a 50', 'b 50', 'c 90']);
  });

  test('and may come again then, or bring others', async () => {
    add('first', 10, () => add('second', 10, () => add('at once', 0)));
    await clock.advance(100);
    expect(kept).toEqual(['first 10', 'second 20', 'at once 20']);
    expect(clock.timers).toBe(0);
  });
});

describe('taken out', () => {
  test.each(['a', 'b', 'c'])('%s does not fall due, and the others do', async (gone) => {
    const all = [add('a', 10), add('b', 20), add('c', 30)];
    for (const each of all) if (each.name === gone) agenda.remove(each);
    await clock.advance(100);
    expect(kept).toEqual(['a 10', 'b 20', 'c 30'].filter((said) => !said.startsWith(gone)));
  });

  test('the last one takes the timer with it', async () => {
    const all = [add('a', 10), add('b', 20)];
    for (const each of all) agenda.remove(each);
    expect(clock.timers).toBe(0);
    await clock.advance(100);
    expect(kept).toEqual([]);
  });

  test('twice, or when it has fallen due, it changes nothing', async () => {
    const a = add('a', 10);
    const b = add('b', 20);
    agenda.remove(b);
    agenda.remove(b);
    await clock.advance(10);
    agenda.remove(a);
    add('c', 10);
    agenda.remove(a);
    await clock.advance(10);
    expect(kept).toEqual(['a 10', 'c 20']);
  });

  test('by one that falls due in the same instant', async () => {
    let other: Named | undefined;
    add('a', 10, () => other && agenda.remove(other));
    other = add('b', 10);
    await clock.advance(100);
    expect(kept).toEqual(['a 10']);
  });
});

test('a thousand set one timer, and another only when it comes', async () => {
  const all = Array.from({ length: 1_000 }, (_, n) => add(`${n}`, 1_000 + n));
  for (const each of all.slice(0, 990)) agenda.remove(each);
  expect([clock.timers, clock.nextIn]).toEqual([1, 1_000]);
  await clock.advance(1_000);
  expect([clock.timers, clock.nextIn, kept]).toEqual([1, 990, []]);
  await clock.advance(1_000);
  expect(kept).toHaveLength(10);
});

test('on the real clock nothing falls due before its instant', async () => {
  const real = new Agenda(systemClock);
  const early: number[] = [];
  let due = 0;
  class Timed extends Appointment {
    fallDue(): void {
      early.push(Math.max(0, this.due - systemClock.monotonic()));
    }
  }
  for (let n = 0; n < 50; n += 1) {
    due = systemClock.monotonic() + 20 + n / 3;
    real.add(new Timed(), due);
  }
  while (early.length < 50) await sleep(5);
  expect(early).toEqual(Array(50).fill(0));
});

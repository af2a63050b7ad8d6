// Which values of others were revoked since: by place, for as long as it matters, and for a bounded number of subjects.

import { describe, expect, test } from 'vitest';
import { createSharedNotes } from '../../../packages/core/src/sharing/shared-notes.js';

const memoryMs = 1_000;
function start() {
  let now = 0;
  const notes = createSharedNotes(() => now, memoryMs);
  notes.restart('10');
  return {
    notes,
    wait(ms: number) {
      now += ms;
    },
  };
}

describe('a value counts', () => {
  test('if none of its subjects was revoked at a later place', () => {
    const { notes } = start();
    notes.note(['jane'], '20');
    expect(notes.outdates('19', ['june', 'jane'])).toBe(true);
    expect(notes.outdates('20', ['june', 'jane'])).toBe(false);
    expect(notes.outdates('19', ['june'])).toBe(false);
    notes.note(['jane'], '30');
    expect(notes.outdates('29', ['jane'])).toBe(true);
  });

  test('if everything is known that was revoked after it', () => {
    const { notes } = start();
    expect(notes.outdates('09', ['jane'])).toBe(true);
    expect(notes.outdates('10', ['jane'])).toBe(false);
    notes.note('all', '40');
    expect(notes.outdates('39', ['jane'])).toBe(true);
    expect(notes.outdates('40', ['jane'])).toBe(false);
  });

  test('if nothing was revoked here about it that has no place yet', () => {
    const { notes } = start();
    notes.expect(1, ['jane']);
    notes.expect(2, ['jane']);
    notes.arrive(1);
    notes.arrive(1);
    expect(notes.outdates('99', ['jane'])).toBe(true);
    expect(notes.outdates('99', ['june'])).toBe(false);
    notes.arrive(2);
    expect(notes.outdates('99', ['jane'])).toBe(false);
    notes.arrive(2);
    notes.expect(3, 'all');
    notes.expect(4, 'all');
    notes.arrive(3);
    notes.arrive(3);
    expect(notes.outdates('99', ['june'])).toBe(true);
    notes.arrive(4);
    expect(notes.outdates('99', ['june'])).toBe(false);
  });

  test('if it is of the same log: another one begins with nothing noted', () => {
    const { notes } = start();
    notes.note(['jane'], '50');
    notes.expect(1, ['john']);
    notes.restart('05');
    expect(notes.outdates('06', ['jane'])).toBe(false);
    expect(notes.outdates('04', ['jane'])).toBe(true);
    // What is on its way comes into the new one.
    expect(notes.outdates('99', ['john'])).toBe(true);
  });
});

test('P61: what is noted is bounded: values from before the oldest notes that are gone do not count', () => {
  const { notes } = start();
  notes.note(['jane'], '20000');
  for (let n = 1; n < 10_000; n += 1) notes.note([`user ${n}`], String(20_000 + n));
  expect(notes.outdates('19999', ['somebody else'])).toBe(false);
  // Who is revoked again is no longer the oldest.
  notes.note(['jane'], '30000');
  notes.note(['john'], '30001');
  expect(notes.outdates('20000', ['somebody else'])).toBe(true);
  expect(notes.outdates('20001', ['somebody else'])).toBe(false);
});

test('notes end when no value can be as old', () => {
  const { notes, wait } = start();
  notes.note(['jane'], '20');
  wait(memoryMs);
  notes.note(['june'], '30');
  expect(notes.outdates('19', ['john'])).toBe(true);
  expect(notes.outdates('20', ['john'])).toBe(false);
  expect(notes.outdates('29', ['june'])).toBe(true);
});

test('what is forgotten last brings nothing back: a revocation of everything was later', () => {
  const { notes, wait } = start();
  notes.note(['jane'], '20');
  notes.note('all', '40');
  wait(memoryMs);
  notes.note(['june'], '50');
  expect(notes.outdates('39', ['john'])).toBe(true);
});

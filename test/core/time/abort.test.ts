// Many who wait for one signal: one listener of ours on it, and each is told once.

import { getEventListeners } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import { onAbort } from '../../../packages/core/src/time/abort.js';

let leaving: AbortController;
let told: string[];
beforeEach(() => {
  leaving = new AbortController();
  told = [];
});

const listeners = () => getEventListeners(leaving.signal, 'abort').length;

/** @returns what ends the wait. */
function wait(name: string, callback = () => {}): () => void {
  return onAbort(leaving.signal, () => {
    told.push(name);
    callback();
  });
}

test('everybody is told once, in the order in which they came, by one listener', () => {
  wait('first');
  wait('second');
  wait('third');
  expect(listeners()).toBe(1);
  leaving.abort();
  expect(told).toEqual(['first', 'second', 'third']);
  expect(listeners()).toBe(0);
});

test('who has ended his wait is not told, and the others are', () => {
  wait('first');
  const end = wait('second');
  wait('third');
  end();
  expect(listeners()).toBe(1);
  leaving.abort();
  expect(told).toEqual(['first', 'third']);
});

test('nothing is left on a signal that nobody waits for, and who comes then is told again', () => {
  const ends = [wait('first'), wait('second')];
  for (const end of ends) end();
  expect(listeners()).toBe(0);
  wait('third');
  expect(listeners()).toBe(1);
  leaving.abort();
  expect(told).toEqual(['third']);
});

test('each signal has its own', () => {
  wait('one who waits for another signal');
  const another = new AbortController();
  onAbort(another.signal, () => told.push('the other'));
  another.abort();
  expect(told).toEqual(['the other']);
  expect(listeners()).toBe(1);
});

test('who ends his own wait, or that of somebody told before him, keeps nobody from being told', () => {
  const ends: (() => void)[] = [];
  const endAll = () => {
    for (const end of ends) end();
  };
  ends.push(wait('first', endAll));
  ends.push(wait('second', endAll));
  wait('third', endAll);
  wait('fourth');
  leaving.abort();
  expect(told).toEqual(['first', 'second', 'third', 'fourth']);
  expect(listeners()).toBe(0);
});

test('who comes while others are told is too late, and does not keep them busy', () => {
  const again = () => {
    // An end to it, should they.
    if (told.length < 10) wait('somebody new', again);
  };
  wait('first', again);
  wait('second');
  leaving.abort();
  expect(told).toEqual(['first', 'second']);
});

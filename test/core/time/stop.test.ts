import { describe, expect, test } from 'vitest';
import { type Ending, Stop } from '../../../packages/core/src/time/stop.js';

/** A signal of Node's is what ours has to be like. */
const kinds: readonly (readonly [string, () => { ending: Ending; end(reason?: unknown): void }])[] = [
  [
    'ours',
    () => {
      const ending = new Stop();
      return { ending, end: (reason) => ending.abort(reason) };
    },
  ],
  [
    'an AbortSignal',
    () => {
      const controller = new AbortController();
      return { ending: controller.signal, end: (reason) => controller.abort(reason) };
    },
  ],
];

describe.each(kinds)('%s', (_name, create) => {
  test('is told to end once, and keeps the first reason', () => {
    const { ending, end } = create();
    expect([ending.aborted, ending.reason]).toEqual([false, undefined]);
    const heard: unknown[] = [];
    ending.addEventListener('abort', () => heard.push(ending.reason));
    end('first');
    end('second');
    expect(heard).toEqual(['first']);
    expect([ending.aborted, ending.reason]).toEqual([true, 'first']);
  });

  test('tells functions and objects, in the order in which they came, when it has ended', () => {
    const { ending, end } = create();
    const heard: string[] = [];
    const say = (what: string) => () => void heard.push(`${what} ${ending.aborted}`);
    ending.addEventListener('abort', say('first'));
    ending.addEventListener('abort', { handleEvent: say('second') });
    ending.addEventListener('abort', say('third'));
    end();
    expect(heard).toEqual(['first true', 'second true', 'third true']);
  });

  test.each([0, 1, 2])('does not tell who does not listen any more: the one at %i of three', (gone) => {
    const { ending, end } = create();
    const heard: number[] = [];
    const listeners = [0, 1, 2].map((n) => () => void heard.push(n));
    for (const listener of listeners) ending.addEventListener('abort', listener);
    ending.removeEventListener('abort', listeners[gone] ?? (() => {}));
    ending.removeEventListener('abort', () => {});
    end();
    expect(heard).toEqual([0, 1, 2].filter((n) => n !== gone));
  });

  test('nor whom another one has just told not to', () => {
    const { ending, end } = create();
    const heard: string[] = [];
    const second = () => void heard.push('second');
    ending.addEventListener('abort', () => {
      heard.push('first');
      ending.removeEventListener('abort', second);
      ending.addEventListener('abort', () => heard.push('too late'));
    });
    ending.addEventListener('abort', second);
    end();
    expect(heard).toEqual(['first']);
  });
});

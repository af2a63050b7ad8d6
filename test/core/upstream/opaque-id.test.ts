import { describe, expect, test } from 'vitest';
import { createEchoMemory, echoOf, newOpaqueId } from '../../../packages/core/src/upstream/opaque-id.js';

test('an id is new each time', () => {
  expect(new Set(Array.from({ length: 10_000 }, newOpaqueId)).size).toBe(10_000);
});

test.each<[string | string[] | undefined, string]>([
  [undefined, 'none'],
  ['a', 'ours'],
  ['A', 'another'],
  ['', 'another'],
  ['b', 'another'],
  ['a, a', 'another'],
  ['a, b', 'another'],
  [['a', 'a'], 'another'],
  [['a', 'b'], 'another'],
  [['a'], 'another'],
])('of the question a, an answer with %j is %s', (returned, echo) => {
  expect(echoOf(returned, 'a')).toBe(echo);
});

describe('an answer without an id', () => {
  /**
   * What becomes of answers in turn: `+` bears the id of its question, `-` none. @returns for each `-`, whether it is
   * believed.
   */
  const believed = (answers: string) => {
    const memory = createEchoMemory();
    return [...answers].flatMap((answer) => {
      if (answer === '-') return [memory.missed()];
      memory.echoed();
      return [];
    });
  };
  const returns = '+'.repeat(16);

  test.each<[string, string, readonly boolean[]]>([
    ['of a node that never returned one is believed', '-'.repeat(100), Array(100).fill(true)],
    ['of a node that has hardly begun to is believed', `${'+'.repeat(15)}-`, [true]],
    ['of a node that returns it is not', `${returns}-`, [false]],
    ['nor another one a while later', `${returns}-${returns}-${returns}-`, [false, false, false]],
    ['nor three at once', `${returns}---`, [false, false, false]],
    [
      'is from the fourth on: the way there has changed',
      `${returns}-------`,
      [false, false, false, ...Array(4).fill(true)],
    ],
    ['with few others between, too', `${returns}-+-+-+-+-`, [false, false, false, false, true]],
    [
      'is not any more, once it returns it again for long',
      `${returns}----${'+'.repeat(64)}-`,
      [false, false, false, true, false],
    ],
  ])('%s', (_what, answers, expected) => {
    expect(believed(answers)).toEqual(expected);
  });

  test.each([2, 3, 5, 10])(
    'of a node behind proxies, of which each %sth strips it, is soon believed for ever',
    (n) => {
      const stripped = believed(`${'+'.repeat(n - 1)}-`.repeat(10_000));
      expect(stripped.lastIndexOf(false)).toBeLessThan(20);
    },
  );

  test('the same in any order', () => {
    let refused = 0;
    for (let round = 0; round < 100; round += 1) {
      const answers = Array.from({ length: 2_000 }, () => (Math.random() < 0.5 ? '+' : '-')).join('');
      refused += believed(answers).filter((is) => !is).length;
    }
    // Sixteen of one kind at first: once in 65 536 rounds.
    expect(refused).toBeLessThan(10);
  });
});

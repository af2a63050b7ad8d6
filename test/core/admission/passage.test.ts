import { EventEmitter } from 'node:events';
import {
  type Admission,
  DenialError,
  type Gate,
  InvalidArgumentError,
  passGate,
  passGuard,
  type Refusal,
  type Way,
} from '@esauth/core';
import { describe, expect, test } from 'vitest';
import { denied } from '../../support/denied.js';

const denial = denied('forbidden');
const request = { headers: {} };

/** A way on, and what happened on it. */
function way(more: Partial<Way> = {}) {
  const happened: unknown[] = [];
  const made: Way = {
    response: new EventEmitter(),
    next: (error) => {
      happened.push(error ?? 'next');
      return 'what next returns';
    },
    nextHearsErrors: true,
    answer: (written) => void happened.push(written.status),
    ...more,
  };
  return { made, happened };
}

const guardOf = (outcome: Refusal | undefined) => () => outcome;

describe('with something to go on with, in the same turn', () => {
  test.each<[string, Refusal | undefined, unknown]>([
    ['goes on', undefined, 'next'],
    ['answers', denial, 403],
    ['hands on an error', new DenialError(denial), expect.any(DenialError)],
  ])('%s, and returns nothing that a framework could wait for', (_what, outcome, expected) => {
    const { made, happened } = way();
    expect(passGuard(guardOf(outcome), request, request, made)).toBeUndefined();
    expect(happened).toEqual([expected]);
  });

  test('where next hears of no errors they are thrown, and what it returns is waited for', async () => {
    const { made, happened } = way({ nextHearsErrors: false });
    expect(await passGuard(guardOf(undefined), request, request, made)).toBe('what next returns');
    expect(await passGuard(guardOf(denial), request, request, made)).toBeUndefined();
    await expect(passGuard(guardOf(new DenialError(denial)), request, request, made)).rejects.toBeInstanceOf(
      DenialError,
    );
    expect(happened).toEqual(['next', 403]);
  });
});

test.each([true, false])(
  'with nothing to go on with, whatever refuses rejects: next hears of errors %s',
  async (hears) => {
    const { made, happened } = way({ next: undefined, nextHearsErrors: hears });
    for (const refusal of [denial, new DenialError(denial)]) {
      for (const outcome of [refusal, async () => refusal]) {
        const failed = await passGuard(() => outcome, request, request, made)?.catch(
          (error: unknown) => error,
        );
        expect(failed).toBeInstanceOf(DenialError);
        expect(failed).toMatchObject({ code: 'forbidden', status: 403 });
      }
    }
    expect(await passGuard(guardOf(undefined), request, request, made)).toBeUndefined();
    expect(await passGuard(() => async () => undefined, request, request, made)).toBeUndefined();
    const broken = new Error('broken');
    await expect(passGuard(() => () => Promise.reject(broken), request, request, made)).rejects.toBe(broken);
    expect(happened).toEqual([]);
  },
);

test('what can refuse nobody throws, before anything is asked or recorded', () => {
  const asked: unknown[] = [];
  const gate: Gate<object> = {
    admit: (admitted) => {
      asked.push(admitted);
      return { identity: undefined } satisfies Admission;
    },
    show: () => {},
    forRoute: () => gate,
  };
  const wrong: readonly unknown[] = [
    way({ response: undefined as never }).made,
    way({ response: {} as never }).made,
    way({ response: (() => {}) as never }).made,
    way({ next: null as never }).made,
    way({ next: 'route' as never }).made,
    way({ next: {} as never }).made,
  ];
  for (const made of wrong as readonly Way[]) {
    expect(() => passGate(gate, request, made, () => {})).toThrow(InvalidArgumentError);
    expect(() => passGuard(guardOf(undefined), request, request, made)).toThrow(InvalidArgumentError);
  }
  expect(asked).toEqual([]);
});

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
function way(more: { readonly response?: never; readonly next?: never } = {}) {
  const happened: unknown[] = [];
  const made: Extract<Way, { nextHearsErrors: true }> = {
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

function throwingWay(more: { readonly next?: never } = {}) {
  const { made, happened } = way();
  const throwing: Extract<Way, { nextHearsErrors: false }> = {
    ...made,
    nextHearsErrors: false,
    send: ({ status }) => void happened.push(`sent ${status}`),
    ...more,
  };
  return { made: throwing, happened };
}

function gateOf(refusal: Refusal | undefined): Gate<object> {
  const gate: Gate<object> = {
    admit: () => (refusal === undefined ? { identity: undefined } : { refusal }),
    show: () => {},
    forRoute: () => gate,
  };
  return gate;
}

const guardOf = (outcome: Refusal | undefined) => () => outcome;

describe('with something to go on with, in the same turn', () => {
  test.each<[string, Refusal | undefined, unknown]>([
    ['goes on', undefined, 'next'],
    ['answers', denial, 403],
    ['hands on an error', new DenialError(denial), expect.any(DenialError)],
  ])('%s', (_what, outcome, expected) => {
    const { made, happened } = way();
    void passGuard(guardOf(outcome), request, request, made);
    expect(happened).toEqual([expected]);
  });

  test('what is given back tells a framework nothing, and whoever awaits it only that somebody is let in', async () => {
    const told: unknown[] = [];
    const await_ = async (
      outcome: ReturnType<typeof guardOf> | (() => () => Promise<Refusal | undefined>),
    ) => {
      const { made, happened } = way();
      const given = passGuard(outcome as never, request, request, made);
      // As Fastify and Express 5 do.
      given?.then(
        () => told.push('framework'),
        () => told.push('framework'),
      );
      void (async () => {
        await given;
        told.push('went on');
      })();
      await new Promise(setImmediate);
      return [...happened, ...told.splice(0)];
    };
    expect(await await_(guardOf(undefined))).toEqual(['next', 'went on']);
    expect(await await_(() => async () => undefined)).toEqual(['next', 'went on']);
    for (const refusal of [denial, new DenialError(denial)]) {
      const answered = refusal === denial ? 403 : refusal;
      expect(await await_(guardOf(refusal))).toEqual([answered]);
      expect(await await_(() => async () => refusal)).toEqual([answered]);
    }
  });

  describe('where next hears of no errors', () => {
    test('a gate answers, and what next returns is waited for', async () => {
      const { made, happened } = throwingWay();
      expect(await passGate(gateOf(undefined), request, made, {})).toBe('what next returns');
      expect(await passGate(gateOf(denial), request, made, {})).toBeUndefined();
      const thrown = passGate(gateOf(new DenialError(denial)), request, made, {});
      await expect(thrown).rejects.toBeInstanceOf(DenialError);
      expect(happened).toEqual(['next', 403]);
    });

    test('a guard throws, and the gate behind which it stands answers', async () => {
      const { made, happened } = throwingWay();
      const guard = { ...made, next: () => happened.push('went on') };
      const behind = { ...made, next: () => passGuard(guardOf(denial), request, request, guard) };
      await passGate(gateOf(undefined), request, behind, {});
      expect(happened).toEqual([403]);
      // The gate is through, so that nobody would answer any more.
      await expect(passGuard(guardOf(denial), request, request, guard)).rejects.toMatchObject({
        status: 403,
      });
      expect(happened).toEqual([403, 'sent 403']);
      expect(await passGuard(guardOf(undefined), request, request, made)).toBe('what next returns');
    });

    test('what somebody else throws, a gate does not answer', async () => {
      const { made, happened } = throwingWay();
      for (const error of [new Error('broken'), new DenialError(denial)]) {
        const behind = { ...made, next: () => Promise.reject(error) };
        await expect(passGate(gateOf(undefined), request, behind, {})).rejects.toBe(error);
      }
      expect(happened).toEqual([]);
    });
  });
});

test.each([true, false])(
  'with nothing to go on with, whatever refuses rejects: next hears of errors %s',
  async (hears) => {
    const none = { next: undefined as never };
    const { made, happened } = hears ? way(none) : throwingWay(none);
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

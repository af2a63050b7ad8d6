import { EventEmitter } from 'node:events';
import {
  type Admission,
  DenialError,
  type Gate,
  type Guard,
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

/** An adapter's way, with the response and what goes on as one request has them. */
interface Made<Kind extends boolean> {
  readonly response: EventEmitter;
  readonly next: ((error?: Error) => unknown) | undefined;
  readonly nextHearsErrors: Kind;
  readonly answer: (written: Refusal) => void;
  readonly send?: (sent: Refusal) => void;
}
type AnyMade = Made<true> | Made<false>;

function wayOf(made: AnyMade): Way<EventEmitter> {
  const { nextHearsErrors, answer, send = answer } = made;
  return {
    responseOf: (response) => response,
    nextHearsErrors,
    answer: (_response, written) => answer(written),
    send: (_response, written) => send(written),
  };
}

const gated = (gate: Gate<object>, made: AnyMade) =>
  passGate(gate, wayOf(made), request, made.response, made.next, {});
const guarded = (guard: Guard<object>, made: AnyMade) =>
  passGuard(guard, wayOf(made), request, request, made.response, made.next);

/** A way on, and what happened on it. */
function way(more: { readonly response?: never; readonly next?: never } = {}) {
  const happened: unknown[] = [];
  const made: Made<true> = {
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
  const throwing: Made<false> = {
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
    void guarded(guardOf(outcome), made);
    expect(happened).toEqual([expected]);
  });

  test('what is given back tells a framework nothing, and whoever awaits it only that somebody is let in', async () => {
    const told: unknown[] = [];
    const await_ = async (
      outcome: ReturnType<typeof guardOf> | (() => () => Promise<Refusal | undefined>),
    ) => {
      const { made, happened } = way();
      const given = guarded(outcome as never, made);
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
      expect(await gated(gateOf(undefined), made)).toBe('what next returns');
      expect(await gated(gateOf(denial), made)).toBeUndefined();
      const thrown = gated(gateOf(new DenialError(denial)), made);
      await expect(thrown).rejects.toBeInstanceOf(DenialError);
      expect(happened).toEqual(['next', 403]);
    });

    test('a guard throws, and the gate behind which it stands answers', async () => {
      const { made, happened } = throwingWay();
      const guard = { ...made, next: () => happened.push('went on') };
      const behind = { ...made, next: () => guarded(guardOf(denial), guard) };
      await gated(gateOf(undefined), behind);
      expect(happened).toEqual([403]);
      // The gate is through, so that nobody would answer any more.
      await expect(guarded(guardOf(denial), guard)).rejects.toMatchObject({
        status: 403,
      });
      expect(happened).toEqual([403, 'sent 403']);
      expect(await guarded(guardOf(undefined), made)).toBe('what next returns');
    });

    test('what somebody else throws, a gate does not answer', async () => {
      const { made, happened } = throwingWay();
      for (const error of [new Error('broken'), new DenialError(denial)]) {
        const behind = { ...made, next: () => Promise.reject(error) };
        await expect(gated(gateOf(undefined), behind)).rejects.toBe(error);
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
        const failed = await guarded(() => outcome, made)?.catch((error: unknown) => error);
        expect(failed).toBeInstanceOf(DenialError);
        expect(failed).toMatchObject({ code: 'forbidden', status: 403 });
      }
    }
    expect(await guarded(guardOf(undefined), made)).toBeUndefined();
    expect(await guarded(() => async () => undefined, made)).toBeUndefined();
    const broken = new Error('broken');
    await expect(guarded(() => () => Promise.reject(broken), made)).rejects.toBe(broken);
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
  for (const made of wrong as readonly AnyMade[]) {
    expect(() => gated(gate, made)).toThrow(InvalidArgumentError);
    expect(() => guarded(guardOf(undefined), made)).toThrow(InvalidArgumentError);
  }
  expect(asked).toEqual([]);
});

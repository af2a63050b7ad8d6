// How every adapter goes on with a request: in the same turn if it is known what to do, else when Elasticsearch has
// been asked. Where the framework gave something to go on with, that is called or the answer written. Where it gave
// nothing, because somebody awaits our middleware in his own function, a promise says it, and rejects for every
// refusal: what stands after the `await` must not run.

import { createDenials, type Denial, DenialError } from '../values/denial.js';
import { InvalidArgumentError, LookupError } from '../values/errors.js';
import { unavailable } from '../values/verdict.js';
import type { Gate } from './admission.js';
import type { Refusal, RequestLike } from './entrance.js';
import type { Guard } from './guard.js';
import { type Ask, type ResponseLike, whenKnown } from './when-known.js';

/** What a framework gives to go on with. */
export interface Way {
  readonly response: ResponseLike;
  /** Runs what comes next; `undefined` where somebody awaits. */
  readonly next: ((error?: Error) => unknown) | undefined;
  /** Whether `next` hears of errors too. Otherwise they are thrown, and what `next` returns is waited for. */
  readonly nextHearsErrors: boolean;
  /** Writes an answer, unless somebody else, such as a timeout middleware, has begun one meanwhile. */
  answer(denial: Denial): void;
}

/**
 * Lets a request in, or not.
 *
 * @param holder has the identity as a property afterwards, where the framework's users look.
 * @param enter puts who it is (or that it is nobody) where the framework's users look.
 * @returns nothing where `next` hears of errors. Otherwise a promise: of what `next` returns; or without `next`, of
 *   nothing if the request is let in, and one that rejects with a `DenialError` if not, also if the client has left
 *   before that was known (`timeout`, which nobody is there to read).
 * @throws {InvalidArgumentError} `invalid_argument` at once, if there is no response, or what should go on is no
 *   function: nobody could be refused.
 */
export function passGate<Request>(
  gate: Gate<Request>,
  request: Request,
  way: Way,
  holder: object,
): Promise<unknown> | undefined {
  checkWay(way);
  return pass(way, gate.admit(request), ({ identity, refusal }) => {
    gate.show(holder, identity);
    return refusal;
  });
}

/** Lets a request through a guard, or not; as above. `admitted` is the request that admission has seen. */
export function passGuard<Request>(
  guard: Guard<Request>,
  admitted: RequestLike,
  request: Request,
  way: Way,
): Promise<unknown> | undefined {
  checkWay(way);
  return pass(way, guard(admitted, request), (refusal) => refusal);
}

function checkWay({ response, next }: Way): void {
  if (typeof response?.once !== 'function' || typeof response.off !== 'function') {
    throw new InvalidArgumentError(
      'middleware must be called with a response, after the request: await guard(request, response)',
    );
  }
  if (next !== undefined && typeof next !== 'function') {
    throw new InvalidArgumentError(
      'middleware must be called with a function that goes on, or awaited without one',
    );
  }
}

function pass<Outcome>(
  way: Way,
  outcome: Outcome | Ask<Outcome>,
  take: (outcome: Outcome) => Refusal | undefined,
): Promise<unknown> | undefined {
  const { response, next, nextHearsErrors } = way;
  if (next === undefined) return awaited(response, outcome, take);
  const settle = (known: Outcome): unknown => {
    const refusal = take(known);
    if (refusal === undefined) return next();
    if (!(refusal instanceof DenialError)) return way.answer(refusal);
    return nextHearsErrors ? next(refusal) : Promise.reject(refusal);
  };
  const result = whenKnown(outcome, response, settle, nextHearsErrors ? next : undefined);
  return nextHearsErrors ? undefined : Promise.resolve(result);
}

async function awaited<Outcome>(
  response: ResponseLike,
  outcome: Outcome | Ask<Outcome>,
  take: (outcome: Outcome) => Refusal | undefined,
): Promise<void> {
  // Nothing is called when the client has left.
  let refusal: Refusal | undefined = gone;
  await whenKnown(outcome, response, (known) => {
    refusal = take(known);
  });
  if (refusal !== undefined) throw refusal instanceof DenialError ? refusal : new DenialError(refusal);
}

const gone = createDenials([], { realm: 'elasticsearch' })(
  unavailable(new LookupError('timeout', 'the client left before it was decided')),
);

// How every adapter goes on with a request: in the same turn if it is known what to do, else when Elasticsearch has
// been asked. Where the framework gave something to go on with, that is called or the answer written. Where it gave
// nothing, because somebody awaits our middleware in his own function, a promise says it, and rejects for every
// refusal. What stands after an `await` of ours must not run for whoever is not let in, also if somebody awaits it and
// gives it something to go on with.

import { createDenials, DenialError } from '../values/denial.js';
import { InvalidArgumentError, LookupError } from '../values/errors.js';
import { processState } from '../values/process-state.js';
import { unavailable } from '../values/verdict.js';
import type { Admission, Gate } from './admission.js';
import { Decision } from './decision.js';
import type { Refusal, RequestLike } from './entrance.js';
import type { Guard } from './guard.js';
import { LetIn } from './let-in.js';
import { type Ask, type ResponseLike, whenKnown } from './when-known.js';

/** What a framework gives to go on with. */
export type Way = WayOfErrors | WayOfThrows;

interface AnyWay {
  readonly response: ResponseLike;
  /** Runs what comes next; `undefined` where somebody awaits. */
  readonly next: ((error?: Error) => unknown) | undefined;
  /** Writes an answer, unless somebody else, such as a timeout middleware, has begun one meanwhile. */
  answer(denial: Refusal): void;
}

/** Where `next` hears of errors too. */
interface WayOfErrors extends AnyWay {
  readonly nextHearsErrors: true;
}

/** Where errors are thrown, and what `next` returns is waited for. */
interface WayOfThrows extends AnyWay {
  readonly nextHearsErrors: false;
  /** Sends an answer at once: nobody comes after who would. */
  send(denial: Refusal): void;
}

/**
 * Lets a request in, or not.
 *
 * @param holder has the identity as a property afterwards, where the framework's users look.
 * @returns without `next` a promise of nothing if the request is let in, and one that rejects with a `DenialError` if
 *   not, also if the client has left before that was known (`timeout`, which nobody is there to read). Where `next`
 *   hears of errors, nothing if the request was let in at once, else a promise that settles only when it is let in, for
 *   whoever awaits although he gave a `next`. Otherwise a promise of what `next` returns.
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
  const take: Take<Admission> = ({ identity, refusal }) => {
    gate.show(holder, identity);
    return refusal;
  };
  const outcome = gate.admit(request);
  const { response, next } = way;
  if (next === undefined) return new Decision(awaited(response, outcome, take));
  if (way.nextHearsErrors) return told(way, next, outcome, take);
  const settle = (known: Admission): unknown => {
    const refusal = take(known);
    if (refusal === undefined) return answering(way, next);
    return refusal instanceof DenialError ? Promise.reject(refusal) : way.answer(refusal);
  };
  return Promise.resolve(whenKnown(outcome, response, settle));
}

/**
 * Lets a request through a guard, or not; as above, but that a refusal is thrown where errors are: whoever awaits a
 * guard in his own function, with a `next`, does not go on. The gate in front of it answers.
 *
 * @param admitted the request that admission has seen.
 */
export function passGuard<Request>(
  guard: Guard<Request>,
  admitted: RequestLike,
  request: Request,
  way: Way,
): Promise<unknown> | undefined {
  checkWay(way);
  const outcome = guard(admitted, request);
  const { response, next } = way;
  if (next === undefined) return new Decision(awaited(response, outcome, (refusal) => refusal));
  if (way.nextHearsErrors) return told(way, next, outcome, (refusal) => refusal);
  return thrown(way, next, outcome);
}

function checkWay({ response, next }: Way): void {
  if (typeof response?.once !== 'function' || typeof response.off !== 'function') {
    throw new InvalidArgumentError(
      `middleware must be called with a response, after the request: await guard(request, response); ${ofAnother}`,
    );
  }
  if (next !== undefined && typeof next !== 'function') {
    throw new InvalidArgumentError(
      `middleware must be called with a function that goes on, or awaited without one; ${ofAnother}`,
    );
  }
}

const ofAnother =
  'by a framework it is only if it is of the package for that one: @esauth/express, @esauth/koa, @esauth/fastify';

type Take<Outcome> = (outcome: Outcome) => Refusal | undefined;
type Next = (error?: Error) => unknown;

function told<Outcome>(
  { response, answer }: WayOfErrors,
  next: Next,
  outcome: Outcome | Ask<Outcome>,
  take: Take<Outcome>,
): Promise<void> | undefined {
  const settle = (known: Outcome): boolean => {
    const refusal = take(known);
    if (refusal === undefined) next();
    else if (refusal instanceof DenialError) next(refusal);
    else answer(refusal);
    return refusal === undefined;
  };
  const letIn = whenKnown(outcome, response, settle, next);
  return letIn === true ? undefined : new LetIn(letIn);
}

async function thrown(
  way: WayOfThrows,
  next: Next,
  outcome: Refusal | undefined | Ask<Refusal | undefined>,
): Promise<unknown> {
  const { response } = way;
  let refusal: Refusal | undefined = gone;
  await whenKnown(outcome, response, (known) => {
    refusal = known;
  });
  if (refusal === undefined) return next();
  if (refusal instanceof DenialError) throw refusal;
  const error = new DenialError(refusal);
  if (answeringGates().has(response)) toAnswer().add(error);
  else way.send(refusal);
  throw error;
}

/** Gates that answer for the guards behind them, by the responses; and what they are to answer. */
const answeringGates = processState('answeringGates.1', () => new WeakSet<object>());
const toAnswer = processState('toAnswer.1', () => new WeakSet<object>());

async function answering(way: WayOfThrows, next: Next): Promise<unknown> {
  const { response } = way;
  // Of several gates in a row the last one answers.
  const outermost = !answeringGates().has(response);
  answeringGates().add(response);
  try {
    return await next();
  } catch (error) {
    if (!(error instanceof DenialError) || !toAnswer().delete(error)) throw error;
    return way.answer(error);
  } finally {
    if (outermost) answeringGates().delete(response);
  }
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

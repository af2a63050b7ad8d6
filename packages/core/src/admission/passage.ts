// How every adapter goes on with a request: in the same turn if it is known what to do, else when Elasticsearch has
// been asked. Where the framework gave something to go on with, that is called or the answer written. Where it gave
// nothing, because somebody awaits our middleware in his own function, a promise says it, and rejects for every
// refusal. What stands after an `await` of ours must not run for whoever is not let in, also if somebody awaits it and
// gives it something to go on with.

import { EventEmitter } from 'node:events';
import { createDenials, DenialError } from '../values/denial.js';
import { InvalidArgumentError, LookupError } from '../values/errors.js';
import { processState } from '../values/process-state.js';
import { unavailable } from '../values/verdict.js';
import type { Admission, Gate } from './admission.js';
import { type Attached, attached } from './attached.js';
import type { Refusal } from './caller.js';
import { Decision } from './decision.js';
import type { RequestLike } from './entrance.js';
import type { Guard } from './guard.js';
import { LetIn } from './let-in.js';
import { type Ask, isAsk, type ResponseLike, whenKnown } from './when-known.js';

/** How a framework's requests are answered. One for each adapter, so that a request makes none. */
export type Way<Reply> = WayOfErrors<Reply> | WayOfThrows<Reply>;

interface AnyWay<Reply> {
  /** Node's response, where the framework has it; `undefined` if it has none. */
  responseOf(reply: Reply): ResponseLike | undefined;
  /** Writes an answer, unless somebody else, such as a timeout middleware, has begun one meanwhile. */
  answer(reply: Reply, denial: Refusal): void;
}

/** Where `next` hears of errors too. */
interface WayOfErrors<Reply> extends AnyWay<Reply> {
  readonly nextHearsErrors: true;
}

/** Where errors are thrown, and what `next` returns is waited for. */
interface WayOfThrows<Reply> extends AnyWay<Reply> {
  readonly nextHearsErrors: false;
  /** Sends an answer at once: nobody comes after who would. */
  send(reply: Reply, denial: Refusal): void;
}

/** Runs what comes next; `undefined` where somebody awaits. */
type GivenNext = Next | undefined;
type Next = (error?: Error) => unknown;

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
export function passGate<Request, Reply>(
  gate: Gate<Request>,
  way: Way<Reply>,
  request: Request,
  reply: Reply,
  next: GivenNext,
  holder: object,
): Promise<unknown> | undefined {
  const response = checkWay(way.responseOf(reply), next);
  const outcome = gate.admit(request);
  // Nothing is made for a hit, neither a function nor (where nobody waits for one) a promise.
  if (next !== undefined && !isAsk(outcome) && outcome.refusal === undefined) {
    gate.show(holder, outcome.identity);
    if (!way.nextHearsErrors) return answering(way, reply, response, next);
    next();
    return undefined;
  }
  return passSlowly(gate, way, outcome, reply, response, next, holder);
}

function passSlowly<Request, Reply>(
  gate: Gate<Request>,
  way: Way<Reply>,
  outcome: Admission | Ask<Admission>,
  reply: Reply,
  response: ResponseLike,
  next: GivenNext,
  holder: object,
): Promise<unknown> | undefined {
  const take: Take<Admission> = ({ identity, refusal }) => {
    gate.show(holder, identity);
    return refusal;
  };
  if (next === undefined) return new Decision(awaited(response, outcome, take));
  if (way.nextHearsErrors) return told(way, reply, response, next, outcome, take);
  const settle = (known: Admission): unknown => {
    const refusal = take(known);
    if (refusal === undefined) return answering(way, reply, response, next);
    return refusal instanceof DenialError ? Promise.reject(refusal) : way.answer(reply, refusal);
  };
  return Promise.resolve(whenKnown(outcome, response, settle));
}

/**
 * Lets a request through a guard, or not; as above, but that a refusal is thrown where errors are: whoever awaits a
 * guard in his own function, with a `next`, does not go on. The gate in front of it answers.
 *
 * @param admitted the request that admission has seen.
 */
export function passGuard<Request, Reply>(
  guard: Guard<Request>,
  way: Way<Reply>,
  admitted: RequestLike,
  request: Request,
  reply: Reply,
  next: GivenNext,
): Promise<unknown> | undefined {
  const response = checkWay(way.responseOf(reply), next);
  const outcome = guard(admitted, request);
  if (next === undefined) return new Decision(awaited(response, outcome, (refusal) => refusal));
  if (!way.nextHearsErrors) return thrown(way, reply, response, next, outcome);
  if (outcome !== undefined) return told(way, reply, response, next, outcome, (refusal) => refusal);
  next();
  return undefined;
}

function checkWay(response: ResponseLike | undefined, next: GivenNext): ResponseLike {
  if (response === undefined || !isResponse(response)) {
    throw new InvalidArgumentError(
      `middleware must be called with a response, after the request: await guard(request, response); ${ofAnother}`,
    );
  }
  if (next !== undefined && typeof next !== 'function') {
    throw new InvalidArgumentError(
      `middleware must be called with a function that goes on, or awaited without one; ${ofAnother}`,
    );
  }
  return response;
}

/** Node's own are told by what they descend from: on Express each look at a member costs thousands of instructions. */
function isResponse(response: ResponseLike): boolean {
  if (response instanceof EventEmitter) return true;
  return typeof response?.once === 'function' && typeof response.off === 'function';
}

const ofAnother =
  'by a framework it is only if it is of the package for that one: @esauth/express, @esauth/koa, @esauth/fastify';

type Take<Outcome> = (outcome: Outcome) => Refusal | undefined;

function told<Outcome, Reply>(
  way: WayOfErrors<Reply>,
  reply: Reply,
  response: ResponseLike,
  next: Next,
  outcome: Outcome | Ask<Outcome>,
  take: Take<Outcome>,
): Promise<void> | undefined {
  const settle = (known: Outcome): boolean => {
    const refusal = take(known);
    if (refusal === undefined) next();
    else if (refusal instanceof DenialError) next(refusal);
    else way.answer(reply, refusal);
    return refusal === undefined;
  };
  const letIn = whenKnown(outcome, response, settle, next);
  return letIn === true ? undefined : new LetIn(letIn);
}

async function thrown<Reply>(
  way: WayOfThrows<Reply>,
  reply: Reply,
  response: ResponseLike,
  next: Next,
  outcome: Refusal | undefined | Ask<Refusal | undefined>,
): Promise<unknown> {
  let refusal: Refusal | undefined = gone;
  await whenKnown(outcome, response, (known) => {
    refusal = known;
  });
  if (refusal === undefined) return next();
  if (refusal instanceof DenialError) throw refusal;
  const error = new DenialError(refusal);
  if (answeringGates().get(response)) toAnswer().add(error);
  else way.send(reply, refusal);
  throw error;
}

/** By the responses, whether a gate answers for the guards behind it; and what it is to answer. */
const answeringGates = attached as () => Attached<true>;
const toAnswer = processState('toAnswer.1', () => new WeakSet<object>());

async function answering<Reply>(
  way: WayOfThrows<Reply>,
  reply: Reply,
  response: ResponseLike,
  next: Next,
): Promise<unknown> {
  // Of several gates in a row the last one answers.
  const isOutermost = !answeringGates().get(response);
  if (isOutermost) answeringGates().set(response, true, true);
  try {
    return await next();
  } catch (error) {
    if (!(error instanceof DenialError) || !toAnswer().delete(error)) throw error;
    return way.answer(reply, error);
  } finally {
    if (isOutermost) answeringGates().delete(response);
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

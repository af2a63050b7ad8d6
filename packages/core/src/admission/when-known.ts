// How every adapter goes on: in the same turn if it is known what to do, else when Elasticsearch has been asked,
// unless the client has left meanwhile. Knows the responses of Node's HTTP servers, nothing of what is asked.

/** Finds out what is not known yet; rejects with the reason of `gone` if that fires. */
export type Ask<Outcome> = (gone?: AbortSignal) => Promise<Outcome>;

/** The part of a response that is watched. */
export interface ResponseLike {
  readonly closed?: boolean;
  /** Only HTTP/2 has one; its response does not tell itself whether it is closed. */
  readonly stream?: { readonly closed: boolean };
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/**
 * Goes on with what a gate or guard has found: at once if nothing has to be asked.
 *
 * @param then is not called any more when the response is closed, by whomever.
 * @param failed hears what asking, or `then` after it, throws; without it the promise rejects. What asking throws
 *   is an object there, an error with it as its `cause` if it was none.
 * @returns what `then` returns; a promise of it only if something has to be asked, of `undefined` if the client
 *   has left.
 */
export function whenKnown<Outcome, Result>(
  outcome: Outcome | Ask<Outcome>,
  response: ResponseLike,
  then: (outcome: Outcome) => Result,
  failed?: (error: Error) => void,
): Result | Promise<Result | undefined> {
  if (!isAsk(outcome)) return then(outcome);
  const settled = ask(outcome, response, then);
  return failed === undefined ? settled : settled.catch((error) => void failed(error));
}

async function ask<Outcome, Result>(
  question: Ask<Outcome>,
  response: ResponseLike,
  then: (outcome: Outcome) => Result,
): Promise<Result | undefined> {
  if (response.closed || response.stream?.closed) return undefined;
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  let outcome: Outcome;
  try {
    outcome = await question(gone.signal);
  } catch (error) {
    if (gone.signal.aborted) return undefined;
    throw asFailure(error);
  } finally {
    response.off('close', leave);
  }
  return gone.signal.aborted ? undefined : then(outcome);
}

// Express and Fastify take a failure of nothing for leave to go on, and Express that of 'route' for leave to skip.
function asFailure(thrown: unknown): unknown {
  if (typeof thrown === 'object' && thrown !== null) return thrown;
  return new Error('esauth: something other than an error was thrown', { cause: thrown });
}

// No outcome is a function.
export function isAsk<Outcome>(outcome: Outcome | Ask<Outcome>): outcome is Ask<Outcome> {
  return typeof outcome === 'function';
}

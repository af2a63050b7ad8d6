// The option `dispatcher`: whether somebody else's undici dispatcher speaks the handler interface that `transport.ts`
// calls it with. A dispatcher of another major takes the first request and then fails in words about a missing method,
// so it is told apart when the application starts, and without a request.

import { EventEmitter } from 'node:events';
import type { Dispatcher } from 'undici';
import { ConfigurationError } from '../values/errors.js';

/** Of the `undici` in our dependencies. */
const neededMajor = 7;

/** @throws {ConfigurationError} `invalid_option` */
export function readDispatcher(given: unknown): Dispatcher | undefined {
  if (given === undefined) return undefined;
  if (!isDispatcher(given)) throw new ConfigurationError('dispatcher', 'must be an undici dispatcher');
  if (isOfAnotherMajor(given)) {
    throw new ConfigurationError(
      'dispatcher',
      `must be one of undici ${neededMajor}: this one is of another major version, or Node's own`,
    );
  }
  return given;
}

/** As far as it is used. */
function isDispatcher(given: unknown): given is Dispatcher {
  return (
    typeof given === 'object' && given !== null && 'dispatch' in given && typeof given.dispatch === 'function'
  );
}

/**
 * Asks the class that all of undici's dispatchers come from, whichever copy of undici it is in: agents, pools, mocks,
 * what was composed, and what was derived from one. What has another origin is believed.
 */
function isOfAnotherMajor(dispatcher: Dispatcher): boolean {
  const base = baseOf(dispatcher);
  if (base?.constructor.name !== 'Dispatcher') return false;
  // Up to 5 there is none.
  if (!('compose' in base) || typeof base.compose !== 'function') return true;
  // Only 7 puts an adapter between interceptors, for handlers written to the interface of 6; 6 has nothing to adapt to,
  // and 8 forgot the old interface (lib/dispatcher/dispatcher.js of each). Our interceptor hands nothing on.
  const old = {};
  let seen: unknown = old;
  const look = () => (_options: unknown, handler: unknown) => {
    seen = handler;
    return true;
  };
  base.compose.call(dispatcher, look).dispatch({}, old);
  return seen === old;
}

/** The prototype next to `EventEmitter`'s. */
function baseOf(dispatcher: object): object | undefined {
  let at: object | null = dispatcher;
  while (at !== null) {
    const above: object | null = Object.getPrototypeOf(at);
    if (above === EventEmitter.prototype) return at;
    at = above;
  }
  return undefined;
}

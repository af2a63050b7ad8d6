// The commonest slip with functions that make middleware: handing them on instead of calling them, so that they are
// given a request where their options should be. Without a word they would then neither let in nor refuse.

import { ConfigurationError, InvalidArgumentError } from '../values/errors.js';

/**
 * @param call how it is called, for the message.
 * @throws {ConfigurationError} `invalid_option` if the first argument is a request of Node's, or of a framework's.
 */
export function refuseUncalled(name: string, first: unknown, call: string): void {
  const parts = [first, member(first, 'req'), member(first, 'raw')];
  if (!parts.some((part) => typeof member(part, 'httpVersion') === 'string')) return;
  throw new ConfigurationError(name, `was given a request in place of its options; call it: ${call}`);
}

/**
 * @param more what was given besides one thing.
 * @param call what asks for all of it, for the message.
 * @throws {ConfigurationError} `invalid_option` if there is anything: unseen it would leave a route more open than
 * meant.
 */
export function refuseMore(name: string, more: readonly unknown[], call: string): void {
  if (more.length > 0) throw new ConfigurationError(name, `takes one only; for several write ${call}`);
}

/**
 * Refuses an error handler that was called where it ought to be handed over.
 *
 * @param next what Express and Koa give to middleware, and Fastify as a reply to an error handler.
 * @throws {InvalidArgumentError} `invalid_argument` if the error handler of an adapter was called by the application.
 */
export function refuseCalled(next: unknown, registration: string): void {
  if (next !== undefined) return;
  throw new InvalidArgumentError(`handleDenials is handed on without being called: ${registration}`);
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}

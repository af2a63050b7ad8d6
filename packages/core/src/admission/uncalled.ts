// The commonest slip with functions that make middleware: handing them on instead of calling them, so that they are
// given a request where their options should be. Without a word they would then neither let in nor refuse.

import { ConfigurationError } from '../values/errors.js';

/**
 * @param call how it is called, for the message.
 * @throws {ConfigurationError} `invalid_option` if the first argument is a request of Node's, or of a framework's.
 */
export function refuseUncalled(name: string, first: unknown, call: string): void {
  const parts = [first, member(first, 'req'), member(first, 'raw')];
  if (!parts.some((part) => typeof member(part, 'httpVersion') === 'string')) return;
  throw new ConfigurationError(name, `was given a request in place of its options; call it: ${call}`);
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}

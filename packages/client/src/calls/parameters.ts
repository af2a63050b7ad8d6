// What a call must be given before it can be sent: an object, and names that stay where they are put in a path.

import { InvalidArgumentError } from '@esauth/core';

/** @throws {InvalidArgumentError} if the parameters of a call are no object */
export function checkParameters(call: string, given: unknown): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw new InvalidArgumentError(`${call}: takes an object with parameters`);
}

/**
 * A name as a segment of a path. An empty one would be another endpoint (`PUT /_security/api_key/` makes a key), and so
 * would `.` and `..` behind a proxy that resolves them (RFC 3986 §5.2.4), also where they are escaped.
 *
 * @throws {InvalidArgumentError}
 */
export function segment(call: string, field: string, value: unknown): string {
  // A lone surrogate cannot be encoded.
  if (typeof value === 'string' && !/^\.{0,2}$|\p{Cs}/u.test(value)) return encodeURIComponent(value);
  throw new InvalidArgumentError(`${call}: ${field} must be a text that is neither empty nor . or ..`);
}

/** @returns those members that are texts: of credentials, whatever else was given cannot be one */
export function textsIn(given: object, names: readonly string[]): readonly string[] {
  const values: readonly (readonly [string, unknown])[] = Object.entries(given);
  return values.flatMap(([name, value]) =>
    names.includes(name) && typeof value === 'string' ? [value] : [],
  );
}

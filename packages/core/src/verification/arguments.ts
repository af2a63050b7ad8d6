// What `verify`, `peek` and their likes are called with, checked: a mistake in the program, that would be passed over.

import { misplacedIn, type Presented } from '../values/credential.js';
import { InvalidArgumentError } from '../values/errors.js';
import type { VerifyOptions } from './verification.js';
import { Wanted } from './wanted.js';

/** What is asked for by who asks for nothing. */
export const nothing: VerifyOptions = Object.freeze({});

const wantedNames: ReadonlySet<string> = new Set<keyof VerifyOptions>(['maxAgeMs', 'source', 'signal']);

/** Every hit comes here, so no list is made of what it has. */
function unknownIn(wanted: VerifyOptions): string | undefined {
  if (typeof wanted !== 'object' || wanted === null) return 'options';
  for (const name in wanted) {
    if (!wantedNames.has(name) && Object.hasOwn(wanted, name)) return name;
  }
  return undefined;
}

/** @throws {InvalidArgumentError} `invalid_argument` */
export function checkArguments(presented: Presented, wanted: VerifyOptions): void {
  // There is nothing wrong with these, and they are checked at every hit.
  if (typeof presented === 'string' && (wanted === nothing || wanted instanceof Wanted)) return;
  const misplaced = misplacedIn(presented);
  if (misplaced !== undefined) {
    const what = "must be the Authorization header's value, not what holds it";
    throw new InvalidArgumentError(`presented: ${what}: verify(${misplaced})`);
  }
  // Types forbid all of it. What is not known would be passed over, and an answer be older than was asked for.
  const unknown = unknownIn(wanted);
  if (unknown !== undefined) {
    const known = '{ maxAgeMs, source, signal }, maxAgeMs in milliseconds';
    throw new InvalidArgumentError(`${unknown}: is not known; what may be asked for is ${known}`);
  }
  const { maxAgeMs, source, signal } = wanted;
  if (signal !== undefined && typeof signal.throwIfAborted !== 'function') {
    throw new InvalidArgumentError('signal: must be an AbortSignal: controller.signal');
  }
  if (maxAgeMs !== undefined && !(typeof maxAgeMs === 'number' && maxAgeMs >= 0)) {
    throw new InvalidArgumentError('maxAgeMs: must be a number of milliseconds from 0');
  }
  if (source !== undefined && typeof source !== 'string') {
    throw new InvalidArgumentError('source: must be a string');
  }
}

// Checks the names of options: a misspelt one would be silently left out.

import { ConfigurationError, unknownAmong } from '@esauth/core';

/** @throws {ConfigurationError} for what is no object, or has another member than `names` */
export function checkOptions(given: unknown, names: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError('options', 'must be an object');
  }
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw new ConfigurationError(name, unknownAmong(name, names));
  }
}

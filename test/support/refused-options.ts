// What `readOptions` says of options that it does not take, and that it repeats nothing of them.

import { inspect } from 'node:util';
import { expect } from 'vitest';
import { readOptions } from '../../packages/core/src/options/options.js';
import { textOf } from './text-of.js';

/** To be put where a secret may stand. */
export const canary = 'c4n4ry-of-a-s3cr3t';

/** What `readOptions` throws, after a search for the canary in everything that it shows. */
export function refusalOf(given: unknown): { readonly option: unknown; readonly message: string } {
  try {
    readOptions(given);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    for (const shown of [error.message, String(error), error.stack, inspect(error), JSON.stringify(error)]) {
      expect(shown).not.toContain(canary.slice(0, 8));
    }
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' });
    return { option: 'option' in error ? error.option : undefined, message: textOf(error.message) };
  }
  throw new TypeError('it was taken');
}

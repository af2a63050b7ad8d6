// How a gate asks about one request. It is handed to a verifier where options are, but what it says was checked when the
// gate was made, and where the request comes from is made out only when Elasticsearch is asked. It keeps the entry that
// was found, so that a guard needs no second digest: that is 4 000 instructions.

import type { Entry } from '../memory/cache.js';

export abstract class Wanted {
  abstract get maxAgeMs(): number | undefined;
  abstract get source(): string | undefined;

  /** @param finder who found it: entries of one verifier mean nothing to another. */
  abstract found(entry: Entry, finder: object): void;
  abstract foundBy(finder: object): Entry | undefined;
}

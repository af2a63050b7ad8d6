// How a gate asks about one request. It is handed to a verifier where options are, but what it says was checked when the
// gate was made, and where the request comes from is made out only when Elasticsearch is asked. It keeps the name under
// which the credential was found, so that a guard needs no second digest: that is 4 000 instructions.

import type { Fingerprint } from '../memory/fingerprint.js';

export abstract class Wanted {
  abstract get maxAgeMs(): number | undefined;
  abstract get source(): string | undefined;

  /** @param finder who found it: names of one verifier mean nothing to another. */
  abstract found(fingerprint: Fingerprint, finder: object): void;
  abstract foundBy(finder: object): Fingerprint | undefined;
}

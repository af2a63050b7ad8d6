// Has a verifier forget what is not valid any more, whatever it was called.

import type { Revocable, Verifier } from '@esauth/core';

/** Never throws: what the verifier cannot tell from others takes all others with it. */
export function forget(verifier: Pick<Verifier, 'revoke'>, revoked: readonly Revocable[]): void {
  for (const each of revoked) {
    try {
      verifier.revoke(each);
    } catch {
      verifier.revoke('all');
    }
  }
}

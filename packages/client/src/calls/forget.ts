// Has a verifier forget what is not valid any more, whatever it was called.

import type { Revocable } from '@esauth/core';

/** What of a verifier is needed. It forgets before it returns; what it returns, when others know, is not waited for. */
export interface Forgetful {
  revoke(subject: Revocable): unknown;
}

/** Never throws: what the verifier cannot tell from others takes all others with it. */
export function forget(verifier: Forgetful, revoked: readonly Revocable[]): void {
  for (const each of revoked) {
    try {
      verifier.revoke(each);
    } catch {
      verifier.revoke('all');
    }
  }
}

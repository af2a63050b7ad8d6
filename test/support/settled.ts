// What a gate or a guard comes to say, for tests that have no response to go on with.

import type { Ask } from '@esauth/core';

/** Asks, if it is not known yet. */
export async function settled<Outcome extends object | undefined>(
  outcome: Outcome | Ask<Outcome>,
  signal?: AbortSignal,
): Promise<Outcome> {
  return typeof outcome === 'function' ? outcome(signal) : outcome;
}

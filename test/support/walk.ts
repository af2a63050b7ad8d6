// A walk through a random history: a verifier of its own, one step after the other, each when nothing moves any more,
// and at the end it is closed. What time, leaving and revocation are is the same in all histories; the other steps are
// taken by whoever walks, and what callers may be told on the way is a witness's affair.

import { createVerifier, type Revocable, type Verifier, type VerifierOptions } from '@esauth/core';
import { expect } from 'vitest';
import { type Drawn, lifetimesOf } from './drawn-lifetimes.js';
import { createFakeClock, type FakeClock } from './fake-clock.js';
import type { Lifetimes } from './model.js';
import type { Upstream } from './upstream.js';
import type { Witness } from './witness.js';

export interface Start {
  readonly verifier: Verifier;
  readonly clock: FakeClock;
  readonly lifetimes: Lifetimes;
}

/** Steps that are the same in all histories. */
export type CommonStep =
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'abort'; readonly which: number }
  | { readonly do: 'revoke'; readonly subject: Revocable };

export function setOut(
  { url }: Upstream,
  drawn: Drawn | null,
  { upstream, ...options }: Partial<VerifierOptions>,
): Start {
  const clock = createFakeClock();
  const lifetimes = lifetimesOf(drawn);
  const { timeoutMs, ...cache } = lifetimes;
  const verifier = createVerifier({
    nodes: url,
    clock,
    // Room for all, but not for ten thousand: that is most of what making a verifier costs.
    cache: drawn !== null && { maxEntries: 50, maxRejectedEntries: 50, ...cache },
    // The breaker has tests of its own; here every question reaches Elasticsearch.
    upstream: { timeoutMs, breaker: { failures: 1_000_000 }, ...upstream },
    ...options,
  });
  return { verifier, clock, lifetimes };
}

export async function walk<Step extends { readonly do: string }>(
  steps: readonly (CommonStep | Step)[],
  { verifier, clock }: Start,
  upstream: Upstream,
  witness: Pick<Witness, 'waiting' | 'revoke' | 'closed' | 'audit'>,
  take: (step: Step) => void,
): Promise<void> {
  try {
    for (const step of steps) {
      if (isCommon(step)) await happen(step);
      else take(step);
      await settle();
    }
    witness.closed();
    await verifier.close();
    await settle();
    expect([witness.waiting.length, clock.timers, upstream.open.length]).toEqual([0, 0, 0]);
  } finally {
    await verifier.close();
  }

  async function settle(): Promise<void> {
    await upstream.still(() => verifier.stats().inFlight);
    witness.audit();
  }

  async function happen(step: CommonStep): Promise<void> {
    switch (step.do) {
      case 'advance':
        // From timer to timer, so that nothing is under way on the wire when the next one runs.
        for (let left = step.ms; left > 0; ) {
          const ms = Math.min(left, clock.nextIn);
          await clock.advance(ms);
          await settle();
          left -= ms;
        }
        break;
      case 'abort':
        witness.waiting[step.which]?.abort(new Error('left'));
        break;
      case 'revoke':
        witness.revoke(step.subject);
    }
  }
}

function isCommon(step: { readonly do: string }): step is CommonStep {
  return step.do === 'advance' || step.do === 'abort' || step.do === 'revoke';
}

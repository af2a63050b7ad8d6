// Lifetimes as chance draws them for a history, and the strides in which time passes in it: they meet what the
// lifetimes make of it, on the instant and just beside.

import fc from 'fast-check';
import type { Lifetimes } from './model.js';

export interface Drawn extends Omit<Lifetimes, 'refreshAfterMs' | 'timeoutMs'> {
  /** Which part of `ttlMs` is over when it is asked again in the background. */
  readonly refreshed: number;
}

/** As with `cache: false`. */
const nothing: Drawn = { ttlMs: 0, refreshed: 0, staleIfErrorMs: 0, rejectedTtlMs: 0, jitter: 0 };
const timeoutMs = 3_000;

/** @param drawn `null` if nothing is remembered. */
export function lifetimesOf(drawn: Drawn | null): Lifetimes {
  const { refreshed, ...lifetimes } = drawn ?? nothing;
  return { ...lifetimes, refreshAfterMs: lifetimes.ttlMs * refreshed, timeoutMs };
}

/** When something begins or ends, and just before. */
export function instantsOf(drawn: Drawn | null): readonly number[] {
  const { ttlMs, refreshAfterMs, staleIfErrorMs, rejectedTtlMs } = lifetimesOf(drawn);
  return [ttlMs, refreshAfterMs, ttlMs + staleIfErrorMs, rejectedTtlMs, timeoutMs, 1_000]
    .flatMap((instant) => [instant, instant - 1])
    .filter((instant) => instant > 0);
}

/** How old an answer may be for somebody who asks. */
export function maxAgesAmong(strides: fc.Arbitrary<number>): fc.Arbitrary<number | undefined> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: strides },
  );
}

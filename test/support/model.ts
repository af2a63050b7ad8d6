// What the contract (1.1 to 1.3, 1.5) says of one credential at one instant, given what has happened: the last
// word on it, how long that counts, and what ended it. The obvious way, without a thought for what it costs.

import type { Revocable } from '@esauth/core';
import type { FakeClock } from './fake-clock.js';
import type { Holder } from './holders.js';

export interface Lifetimes {
  readonly ttlMs: number;
  readonly refreshAfterMs: number;
  readonly staleIfErrorMs: number;
  readonly rejectedTtlMs: number;
  readonly jitter: number;
  readonly timeoutMs: number;
}

/** A question to Elasticsearch, asked once more if need be. */
export interface Lookup {
  readonly holder: Holder;
  readonly order: number;
  /** On the timeline. */
  readonly startedAt: number;
  /** On the monotonic clock. */
  readonly askedAt: number;
  readonly verifiedAt: number;
  /** Itself, or the first of those that were repeated because of revocations: what callers joined. */
  readonly first: Pick<Lookup, 'order' | 'startedAt'>;
  readonly refreshes: Known | undefined;
  attempt: 'first' | 'to be repeated' | 'second';
  end?: { readonly order: number; readonly verdict: Landed; readonly outdated: boolean };
}

export type Landed =
  | { readonly kind: 'yes'; readonly ownEnd: number }
  | { readonly kind: 'no'; readonly code: string }
  | { readonly kind: 'none'; readonly code: string }
  | { readonly kind: 'dropped' };

/** The last word on a credential. */
export interface Known {
  readonly lookup: Lookup;
  readonly verdict: Extract<Landed, { kind: 'yes' | 'no' }>;
  pausedUntil: number;
}

export interface Caller {
  readonly holder: Holder;
  readonly order: number;
  /** On the monotonic clock. */
  readonly at: number;
  /** The same on the timeline. */
  readonly instant: number;
  readonly maxAgeMs: number | undefined;
  readonly remembered: Remembered;
  fromMemory: boolean;
}

export type Remembered = { readonly may: 'must' | 'might' | 'not'; readonly known: Known | undefined };

export interface Model {
  /** The order of all that happens. */
  readonly next: number;
  learn(lookup: Lookup, verdict: Known['verdict']): void;
  revoke(subject: Revocable): void;
  close(): void;
  readonly closed: boolean;
  lastWord(holder: Holder): Known | undefined;
  revokedSince(lookup: Pick<Lookup, 'order' | 'holder'>, yes: boolean): boolean;
  remembered(holder: Holder, maxAgeMs?: number): Remembered;
  /** What may be served after a failure. */
  stale(holder: Holder): Remembered;
  /** Whether an age is inside a lifetime; between what `jitter` may leave of it and all of it, perhaps. */
  within(ageMs: number, lifetimeMs: number): Remembered['may'];
}

export function createModel(clock: FakeClock, lifetimes: Lifetimes): Model {
  const { ttlMs, staleIfErrorMs, rejectedTtlMs, jitter } = lifetimes;
  const revocations: { readonly order: number; readonly subject: Revocable }[] = [];
  const known = new Map<Holder, Known>();
  const nothing = { may: 'not', known: undefined } as const;
  let order = 0;
  let closed = false;

  function revokedSince({ order: since, holder }: Pick<Lookup, 'order' | 'holder'>, yes: boolean): boolean {
    return revocations.some((each) => each.order > since && concerns(each.subject, holder, yes));
  }

  function within(ageMs: number, lifetimeMs: number): Remembered['may'] {
    if (ageMs >= lifetimeMs) return 'not';
    return ageMs < lifetimeMs * (1 - jitter) ? 'must' : 'might';
  }

  function remembered(holder: Holder, maxAgeMs = Infinity, lengthenedMs = 0): Remembered {
    const last = known.get(holder);
    if (last === undefined || closed) return nothing;
    const { lookup, verdict } = last;
    const yes = verdict.kind === 'yes';
    const ageMs = clock.now() - lookup.startedAt;
    if (revokedSince(lookup, yes) || (yes && clock.now() >= verdict.ownEnd)) return nothing;
    if (maxAgeMs === 0 || ageMs > maxAgeMs) return nothing;
    return { may: within(ageMs, yes ? ttlMs + lengthenedMs : Math.min(rejectedTtlMs, ttlMs)), known: last };
  }

  return {
    get next() {
      order += 1;
      return order;
    },
    learn: (lookup, verdict) => void known.set(lookup.holder, { lookup, verdict, pausedUntil: 0 }),
    revoke(subject) {
      order += 1;
      revocations.push({ order, subject });
    },
    close() {
      closed = true;
    },
    get closed() {
      return closed;
    },
    lastWord: (holder) => known.get(holder),
    revokedSince,
    remembered: (holder, maxAgeMs) => remembered(holder, maxAgeMs),
    stale(holder) {
      const bridge = remembered(holder, Infinity, staleIfErrorMs);
      return bridge.known?.verdict.kind === 'yes' ? bridge : nothing;
    },
    within,
  };
}

function concerns(
  subject: Revocable,
  { spellings, username, realm, apiKeyId }: Holder,
  yes: boolean,
): boolean {
  if (subject === 'all') return true;
  if ('credential' in subject) return spellings.includes(subject.credential);
  if (!yes) return false;
  if ('apiKeyIds' in subject) return apiKeyId !== undefined && subject.apiKeyIds.includes(apiKeyId);
  const sameUser = !('username' in subject) || subject.username === username;
  // A key does not show its owner's realm, so that it is dropped for any.
  return sameUser && (subject.realm === undefined || subject.realm === realm || apiKeyId !== undefined);
}

/** Whether what started then is recent enough for a caller. */
export function suffices(start: Pick<Lookup, 'order' | 'startedAt'>, caller: Caller): boolean {
  const { maxAgeMs = Infinity } = caller;
  return start.order > caller.order || (maxAgeMs > 0 && caller.instant - start.startedAt <= maxAgeMs);
}

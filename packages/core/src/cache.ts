// How long which verdict is remembered. A yes and a no live in two stores, so that no flood of refusals can
// push out an identity; what is no verdict is not remembered at all. Only whoever presents the whole
// credential reaches an entry, because its fingerprint is the only way to it.

import type { Clock } from './clock.js';
import type { Fingerprint } from './fingerprint.js';
import { createMemoryStore, type MemoryStore } from './memory-store.js';
import type { Revocations } from './revocation.js';
import type { Authenticated, Rejected, Verdict } from './verdict.js';

/** How much is remembered, and for how long. Durations in milliseconds. */
export interface CacheSettings {
  readonly ttlMs: number;
  readonly rejectedTtlMs: number;
  readonly maxEntries: number;
  readonly maxRejectedEntries: number;
}

/** Where things stood when a lookup started. */
export interface LookupStart {
  /** On the monotonic clock: a verdict's age counts from here, not from when the answer came. */
  readonly startedAt: number;
  readonly revision: number;
}

export interface Cache {
  /** @returns the verdict if it may still be served; an entry that may not is dropped. */
  find(fingerprint: Fingerprint): Authenticated | Rejected | undefined;
  /** Keeps a verdict if it may be kept, and drops what it contradicts. */
  remember(fingerprint: Fingerprint, verdict: Verdict, lookup: LookupStart): void;
  clear(): void;
  readonly entries: number;
  readonly rejectedEntries: number;
  readonly evictions: number;
}

interface Entry<Kind> {
  readonly verdict: Kind;
  readonly startedAt: number;
  /** Up to which revision nothing has revoked it. */
  revision: number;
  /** First instant at which it may not be served any more, on the monotonic clock. */
  readonly expiresAt: number;
}

export function createCache(settings: CacheSettings, clock: Clock, revocations: Revocations): Cache {
  const identities = createMemoryStore<Entry<Authenticated>>(settings.maxEntries);
  const refusals = createMemoryStore<Entry<Rejected>>(settings.maxRejectedEntries);

  return {
    find(fingerprint) {
      const now = clock.monotonic();
      return findIn(identities, fingerprint, now) ?? findIn(refusals, fingerprint, now);
    },

    remember(fingerprint, verdict, lookup) {
      if (verdict.kind === 'unavailable') return;
      // An answer never replaces one whose lookup started later.
      const known = identities.get(fingerprint) ?? refusals.get(fingerprint);
      if (known !== undefined && known.startedAt > lookup.startedAt) return;
      if (verdict.kind === 'authenticated') {
        refusals.delete(fingerprint);
        keepIn(identities, fingerprint, { ...lookup, verdict, expiresAt: endOf(verdict, lookup.startedAt) });
      } else {
        identities.delete(fingerprint);
        keepIn(refusals, fingerprint, {
          ...lookup,
          verdict,
          expiresAt: lookup.startedAt + settings.rejectedTtlMs,
        });
      }
    },

    clear() {
      identities.clear();
      refusals.clear();
    },

    get entries() {
      return identities.size;
    },
    get rejectedEntries() {
      return refusals.size;
    },
    get evictions() {
      return identities.evictions + refusals.evictions;
    },
  };

  function findIn<Kind extends Authenticated | Rejected>(
    store: MemoryStore<Entry<Kind>>,
    fingerprint: Fingerprint,
    now: number,
  ): Kind | undefined {
    const entry = store.get(fingerprint);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > now && !revocations.outdates(entry.revision, fingerprint, entry.verdict)) {
      // Checked against everything noted so far: the next hit is back to one comparison.
      entry.revision = revocations.revision;
      return entry.verdict;
    }
    store.delete(fingerprint);
    return undefined;
  }

  function keepIn<E extends Entry<unknown>>(store: MemoryStore<E>, fingerprint: Fingerprint, entry: E): void {
    if (entry.expiresAt > clock.monotonic()) store.set(fingerprint, entry);
    else store.delete(fingerprint);
  }

  // A credential's own expiry only ends what is remembered. It is read against the wall clock once, here, so
  // that a clock that is set back later cannot lengthen it.
  function endOf(verdict: Authenticated, startedAt: number): number {
    const { expiresAt } = verdict.identity;
    const ownEnd = expiresAt === undefined ? Infinity : clock.monotonic() + expiresAt - clock.wall();
    return Math.min(startedAt + settings.ttlMs, ownEnd);
  }
}

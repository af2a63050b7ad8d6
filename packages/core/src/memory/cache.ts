// How long which verdict is remembered, and how much of all. A yes and a no live in two stores, so that no flood of
// refusals can push out an identity; what is no verdict is not remembered at all. Only whoever presents the whole
// credential reaches an entry, because its fingerprint is the only way to it.

import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
import type { Authenticated, Rejected, Verdict } from '../values/verdict.js';
import { weightOf } from '../values/weight.js';
import type { Fingerprint } from './fingerprint.js';
import { createMemoryStore, type MemoryStore } from './memory-store.js';
import { createPrivilegeMemory, type PrivilegeMemory } from './privilege-memory.js';
import type { Revocations } from './revocation.js';

/** How much is remembered, and for how long. Durations in milliseconds. */
export interface CacheSettings {
  readonly ttlMs: number;
  readonly refreshAfterMs: number;
  readonly staleIfErrorMs: number;
  readonly rejectedTtlMs: number;
  readonly maxEntries: number;
  /** What identities and what is known of their privileges may take together, as estimated. */
  readonly maxBytes: number;
  readonly maxRejectedEntries: number;
  readonly jitter: number;
}

/** Where things stood when a lookup started. */
export interface LookupStart {
  /** Grows with every lookup: a coarse clock does not tell which of two started first. */
  readonly order: number;
  /** On the timeline: a verdict's age counts from here, not from when the answer came. */
  readonly startedAt: number;
  readonly revision: number;
  /** A lookup that started later has ended in a refusal: whatever this one brings is not so any more. */
  overruled: boolean;
}

/**
 * A remembered verdict. Instants are on the timeline. Those that every hit reads are whole milliseconds,
 * rounded down so that nothing is served late: small integers need no memory access of their own.
 */
export interface Entry<Kind extends Authenticated | Rejected = Authenticated | Rejected> {
  readonly verdict: Kind;
  readonly order: number;
  readonly startedAt: number;
  /** Up to which revision nothing has revoked it. */
  revision: number;
  /** From here on a hit asks again in the background; 0: never. */
  refreshAt: number;
  /** From here on it is served only if a lookup fails. */
  readonly expiresAt: number;
  /** From here on it is not served at all. */
  readonly endsAt: number;
  /**
   * What it takes without `privileges`, as estimated; 0 for refusals, whose number is bounded and whose verdicts are
   * shared.
   */
  readonly bytes: number;
  /** What is known of an identity's privileges; made when somebody asks. */
  privileges: PrivilegeMemory | undefined;
}

export interface Cache {
  /**
   * @param now on the timeline.
   * @param maxAgeMs what is older is not found; 0 finds nothing.
   * @returns what may be served now.
   */
  find(fingerprint: Fingerprint, now: number, maxAgeMs?: number): Entry | undefined;
  /** @returns what may be served because a lookup just failed. */
  findStale(fingerprint: Fingerprint, now: number): Authenticated | undefined;
  /** To be called when a lookup starts, */
  begin(fingerprint: Fingerprint): LookupStart;
  /** and when it is over. */
  end(fingerprint: Fingerprint, lookup: LookupStart): void;
  /** Whether anything is remembered of a credential, or being asked. */
  knows(fingerprint: Fingerprint): boolean;
  /** Keeps a verdict if it may be kept, and drops what it contradicts. */
  remember(fingerprint: Fingerprint, verdict: Verdict, lookup: LookupStart): void;
  /** What is known of an identity's privileges. Of one that is not remembered nothing is, nor will be. */
  privilegesOf(fingerprint: Fingerprint): PrivilegeMemory | undefined;
  /** How long what was learnt at `startedAt` counts: a yes, and every fact about privileges. */
  lifetimeFrom(startedAt: number): Pick<Entry, 'expiresAt' | 'refreshAt'>;
  /** Drops all that has ended or was revoked; the rest is from now on as if nothing had been revoked since. */
  sweep(): void;
  clear(): void;
  readonly entries: number;
  readonly rejectedEntries: number;
  /** What identities take, as estimated. */
  readonly bytes: number;
  readonly evictions: number;
}

/**
 * What an entry takes besides its identity: its place in the store, its name, its verdict (`bench/memory.mjs`).
 */
const entryBytes = 512;

export function createCache(
  settings: CacheSettings,
  clock: Clock,
  timeline: Timeline,
  revocations: Revocations,
): Cache {
  const { maxBytes } = settings;
  const identities = createMemoryStore<Entry<Authenticated>>(settings.maxEntries, { maxBytes, bytesOf });
  const refusals = createMemoryStore<Entry<Rejected>>(settings.maxRejectedEntries);
  /** Lookups under way: a handful for a credential. */
  const open = new Map<Fingerprint, Set<LookupStart>>();
  let begun = 0;
  /** Of those, which are over. */
  let over: (readonly [Fingerprint, LookupStart])[] = [];

  return {
    find(fingerprint, now, maxAgeMs) {
      const entry = findIn(identities, fingerprint, now) ?? findIn(refusals, fingerprint, now);
      if (entry === undefined || entry.expiresAt <= now) return undefined;
      if (maxAgeMs === undefined) return entry;
      // Strictly for 0: what was asked for in this very instant was still asked for before.
      return maxAgeMs > 0 && now - entry.startedAt <= maxAgeMs ? entry : undefined;
    },

    findStale(fingerprint, now) {
      return findIn(identities, fingerprint, now)?.verdict;
    },

    begin(fingerprint) {
      begun += 1;
      const { revision } = revocations;
      const lookup = { order: begun, startedAt: timeline.now(), revision, overruled: false };
      const others = open.get(fingerprint);
      if (others === undefined) open.set(fingerprint, new Set([lookup]));
      else others.add(lookup);
      return lookup;
    },

    end(fingerprint, lookup) {
      // Not before those who waited have heard of it, which takes some microtasks. All of a turn of the event loop at
      // once: each `setImmediate` costs 1 500 instructions.
      if (over.length === 0) setImmediate(closeAll).unref();
      over.push([fingerprint, lookup]);
    },

    knows(fingerprint) {
      return open.has(fingerprint) || identities.has(fingerprint) || refusals.has(fingerprint);
    },

    remember(fingerprint, verdict, lookup) {
      if (verdict.kind === 'unavailable') return;
      // An answer never replaces one whose lookup started later, nor does a yes outlive a refusal that is forgotten.
      if (lookup.overruled && verdict.kind === 'authenticated') return;
      const known = identities.get(fingerprint) ?? refusals.get(fingerprint);
      if (known !== undefined && known.order > lookup.order) return;
      if (verdict.kind === 'authenticated') {
        refusals.delete(fingerprint);
        keepIn(identities, fingerprint, identityEntry(fingerprint, verdict, lookup));
      } else {
        for (const other of open.get(fingerprint) ?? []) other.overruled ||= other.order < lookup.order;
        identities.delete(fingerprint);
        keepIn(refusals, fingerprint, refusalEntry(verdict, lookup));
      }
    },

    privilegesOf(fingerprint) {
      const entry = findIn(identities, fingerprint, timeline.now());
      if (entry === undefined) return undefined;
      entry.privileges ??= createPrivilegeMemory(() => weighAgain(fingerprint));
      return entry.privileges;
    },

    lifetimeFrom: (startedAt) => lifetimeFrom(startedAt, drawPortion()),

    sweep() {
      const now = timeline.now();
      const isGood = (fingerprint: Fingerprint, entry: Entry) => stillCounts(fingerprint, entry, now);
      identities.sweep(isGood);
      refusals.sweep(isGood);
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
    get bytes() {
      return identities.bytes;
    },
    get evictions() {
      return identities.evictions + refusals.evictions;
    },
  };

  function closeAll(): void {
    const closing = over;
    over = [];
    for (const [fingerprint, lookup] of closing) {
      const lookups = open.get(fingerprint);
      lookups?.delete(lookup);
      if (lookups?.size === 0) open.delete(fingerprint);
    }
  }

  /** An entry that has not ended and was not revoked; one that has is dropped. */
  function findIn<E extends Entry>(
    store: MemoryStore<E>,
    fingerprint: Fingerprint,
    now: number,
  ): E | undefined {
    const entry = store.get(fingerprint);
    if (entry === undefined || stillCounts(fingerprint, entry, now)) return entry;
    store.delete(fingerprint);
    return undefined;
  }

  function stillCounts(fingerprint: Fingerprint, entry: Entry, now: number): boolean {
    if (entry.endsAt <= now) return false;
    const { revision } = revocations;
    if (entry.revision === revision) return true;
    if (revocations.outdates(entry.revision, fingerprint, entry.verdict)) return false;
    // Checked against everything noted so far: the next hit is back to one comparison.
    entry.revision = revision;
    return true;
  }

  function weighAgain(fingerprint: Fingerprint): void {
    const entry = identities.get(fingerprint);
    if (entry !== undefined) keepIn(identities, fingerprint, entry);
  }

  function keepIn<E extends Entry>(store: MemoryStore<E>, fingerprint: Fingerprint, entry: E): void {
    // Rather know who it is than what he may do.
    if (bytesOf(entry) > maxBytes) entry.privileges = undefined;
    if (entry.endsAt > timeline.now()) store.set(fingerprint, entry);
    else store.delete(fingerprint);
  }

  function identityEntry(
    fingerprint: Fingerprint,
    verdict: Authenticated,
    lookup: LookupStart,
  ): Entry<Authenticated> {
    const { order, startedAt, revision } = lookup;
    const { ttlMs, staleIfErrorMs } = settings;
    // A credential's own expiry only ends what is remembered. It is read against the wall clock once, here,
    // so that a clock that is set back later cannot lengthen it.
    const ownEnd = timeline.now() + (verdict.identity.expiresAt ?? Infinity) - clock.wall();
    const portion = drawPortion();
    const { refreshAt, expiresAt } = lifetimeFrom(startedAt, portion);
    // What is known of its privileges has ages of its own, and goes on if it is still the same caller.
    const previous = findIn(identities, fingerprint, timeline.now());
    const same = previous?.verdict.identity.subject === verdict.identity.subject;
    return {
      verdict,
      order,
      startedAt,
      revision,
      refreshAt,
      expiresAt: Math.floor(Math.min(expiresAt, ownEnd)),
      endsAt: Math.floor(Math.min(startedAt + portion * (ttlMs + staleIfErrorMs), ownEnd)),
      // In full also where several credentials share one identity: rather too much than who pays for it next.
      bytes: entryBytes + weightOf(verdict.identity),
      privileges: same ? previous.privileges : undefined,
    };
  }

  function lifetimeFrom(startedAt: number, portion: number): Pick<Entry, 'expiresAt' | 'refreshAt'> {
    const { ttlMs, refreshAfterMs } = settings;
    return {
      refreshAt: refreshAfterMs === 0 ? 0 : Math.floor(startedAt + portion * refreshAfterMs),
      expiresAt: Math.floor(startedAt + portion * ttlMs),
    };
  }

  function refusalEntry(verdict: Rejected, { order, startedAt, revision }: LookupStart): Entry<Rejected> {
    const { ttlMs, rejectedTtlMs } = settings;
    const endsAt = Math.floor(startedAt + drawPortion() * Math.min(rejectedTtlMs, ttlMs));
    const never = { refreshAt: 0, bytes: 0, privileges: undefined };
    return { verdict, order, startedAt, revision, expiresAt: endsAt, endsAt, ...never };
  }

  // What was learnt at one instant must not have to be asked again at one instant.
  function drawPortion(): number {
    return 1 - settings.jitter * Math.random();
  }
}

function bytesOf({ bytes, privileges }: Entry): number {
  return bytes + (privileges?.bytes ?? 0);
}

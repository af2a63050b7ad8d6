// How long which verdict is remembered, and how much of all. A yes and a no live in two stores, so that no flood of
// refusals can push out an identity; what is no verdict is not remembered at all. Only whoever presents the whole
// credential reaches an entry, because its fingerprint is the only way to it.

import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
import type { Identity } from '../values/identity.js';
import { createIdentityPacking } from '../values/packed-identity.js';
import type { Authenticated, Rejected, Verdict } from '../values/verdict.js';
import { weightOf } from '../values/weight.js';
import { type Entry, EntryStore, type NewEntry } from './entries.js';
import type { Fingerprint } from './fingerprint.js';
import { createJudgement, type Store } from './judgement.js';
import { createPrivilegeMemory, type PrivilegeMemory } from './privilege-memory.js';
import type { Slot } from './records.js';
import type { Judge, Revocations } from './revocation.js';

export type { Entry } from './entries.js';

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

export interface Cache {
  /**
   * @param now on the timeline.
   * @param maxAgeMs what is older is not found; 0 finds nothing.
   * @returns what may be served now.
   */
  find(fingerprint: Fingerprint, now: number, maxAgeMs?: number): Entry | undefined;
  /** @returns what may be served because a lookup just failed. */
  findStale(fingerprint: Fingerprint, now: number): Authenticated | undefined;
  /**
   * To be called when a lookup starts,
   *
   * @param now on the timeline, for who has read it just now.
   */
  begin(fingerprint: Fingerprint, now?: number): LookupStart;
  /** and when it is over. */
  end(fingerprint: Fingerprint, lookup: LookupStart): void;
  /** Whether anything is remembered of a credential, or being asked. */
  knows(fingerprint: Fingerprint): boolean;
  /**
   * Keeps a verdict if it may be kept, and drops what it contradicts.
   *
   * @param now on the timeline, for who has read it just now.
   */
  remember(fingerprint: Fingerprint, verdict: Verdict, lookup: LookupStart, now?: number): void;
  /**
   * Keeps an identity that another process has looked up, unless something is known here that was asked for later.
   *
   * @param lookup when it started there, on the timeline here, and up to which revision nothing has revoked it.
   * @returns whether it counts.
   */
  adopt(
    fingerprint: Fingerprint,
    verdict: Authenticated,
    lookup: Pick<LookupStart, 'startedAt' | 'revision'>,
  ): boolean;
  /** What is known of an identity's privileges. Of one that is not remembered nothing is, nor will be. */
  privilegesOf(fingerprint: Fingerprint): PrivilegeMemory | undefined;
  /** How long what was learnt at `startedAt` counts: a yes, and every fact about privileges. */
  lifetimeFrom(startedAt: number): Pick<Entry, 'expiresAt' | 'refreshAt'>;
  /**
   * Drops all that these notes concern, for when they are summed up. Done, to whoever asks, when it returns; the
   * entries are gone through in the turns of the event loop that come.
   */
  readonly judge: Judge;
  clear(): void;
  readonly entries: number;
  readonly rejectedEntries: number;
  /** What identities take, as estimated. */
  readonly bytes: number;
  readonly evictions: number;
}

/**
 * What an entry takes besides its identity: its place in the store, its name, its verdict
 * (`bench/scenarios/charge.mjs`).
 */
const entryBytes = 512;

export function createCache(
  settings: CacheSettings,
  clock: Clock,
  timeline: Timeline,
  revocations: Revocations,
): Cache {
  const identities = new EntryStore<Authenticated, Identity>({
    maxEntries: settings.maxEntries,
    maxBytes: settings.maxBytes,
    // In full also where several credentials share one identity: rather too much than who pays for it next.
    bytesOf: (identity) => entryBytes + weightOf(identity),
    sharedBy: ({ identity }) => identity,
    packing: createIdentityPacking(),
    verdictOf: (identity, verifiedAt) => Object.freeze({ kind: 'authenticated', identity, verifiedAt }),
  });
  // Not charged: their number is bounded, and their verdicts are shared.
  const refusals = new EntryStore<Rejected, Rejected>({
    maxEntries: settings.maxRejectedEntries,
    sharedBy: (refusal) => refusal,
    verdictOf: (refusal) => refusal,
  });
  /** Lookups under way: nearly always one for a credential. */
  const open = new Map<Fingerprint, LookupStart[]>();
  let begun = 0;
  /** Of those, which are over. */
  let over: (readonly [Fingerprint, LookupStart])[] = [];
  const judgement = createJudgement([identities, refusals], timeline, revocations);
  const { stillCounts } = judgement;

  return {
    find(fingerprint, now, maxAgeMs) {
      if (maxAgeMs === undefined) {
        const { revision } = revocations;
        const quiet =
          identities.useQuiet(fingerprint, now, revision) ?? refusals.useQuiet(fingerprint, now, revision);
        if (quiet !== undefined) return quiet;
      }
      const slot = findIn(identities, fingerprint, now);
      if (slot !== 0) return entryIn(identities, slot, fingerprint, now, maxAgeMs);
      const refusal = findIn(refusals, fingerprint, now);
      return refusal === 0 ? undefined : entryIn(refusals, refusal, fingerprint, now, maxAgeMs);
    },

    findStale(fingerprint, now) {
      const slot = findIn(identities, fingerprint, now);
      return slot === 0 ? undefined : identities.entryAt(slot, fingerprint).verdict;
    },

    begin(fingerprint, now = timeline.now()) {
      begun += 1;
      const { revision } = revocations;
      const lookup = { order: begun, startedAt: now, revision, overruled: false };
      const others = open.get(fingerprint);
      if (others === undefined) open.set(fingerprint, [lookup]);
      else others.push(lookup);
      return lookup;
    },

    end(fingerprint, lookup) {
      // Not before those who waited have heard of it, which takes some microtasks. All of a turn of the event loop at
      // once: each `setImmediate` costs 1 500 instructions.
      if (over.length === 0) setImmediate(closeAll).unref();
      over.push([fingerprint, lookup]);
    },

    knows(fingerprint) {
      return open.has(fingerprint) || identities.rows.has(fingerprint) || refusals.rows.has(fingerprint);
    },

    remember(fingerprint, verdict, lookup, now = timeline.now()) {
      if (verdict.kind === 'unavailable') return;
      // An answer never replaces one whose lookup started later, nor does a yes outlive a refusal that is forgotten.
      if (lookup.overruled && verdict.kind === 'authenticated') return;
      if (latestOrder(fingerprint) > lookup.order) return;
      if (verdict.kind === 'authenticated') {
        refusals.rows.delete(fingerprint);
        keepIn(identities, fingerprint, identityEntry(fingerprint, verdict, lookup, now), now);
      } else {
        for (const other of open.get(fingerprint) ?? []) other.overruled ||= other.order < lookup.order;
        identities.rows.delete(fingerprint);
        keepIn(refusals, fingerprint, refusalEntry(verdict, lookup), now);
      }
    },

    adopt(fingerprint, verdict, { startedAt, revision }) {
      for (const store of [identities, refusals]) {
        const slot = store.rows.use(fingerprint);
        // Entries have whole milliseconds.
        if (slot !== 0 && store.startedAt(slot) >= Math.floor(startedAt)) return false;
      }
      // In the place of what it replaces: a lookup of our own that is under way asks later than any of others.
      const order = latestOrder(fingerprint);
      refusals.rows.delete(fingerprint);
      const lookup = { order, startedAt, revision, overruled: false };
      const now = timeline.now();
      keepIn(identities, fingerprint, identityEntry(fingerprint, verdict, lookup, now), now);
      return true;
    },

    privilegesOf(fingerprint) {
      const slot = findIn(identities, fingerprint, timeline.now());
      if (slot === 0) return undefined;
      const known = identities.privilegesAt(slot);
      if (known !== undefined) return known;
      const made = createPrivilegeMemory(() => weighAgain(fingerprint));
      identities.keepPrivileges(slot, made);
      return made;
    },

    lifetimeFrom: (startedAt) => lifetimeFrom(startedAt, drawPortion()),

    judge: judgement.judge,

    clear() {
      judgement.leave();
      identities.clear();
      refusals.clear();
    },

    get entries() {
      return identities.rows.size;
    },
    get rejectedEntries() {
      return refusals.rows.size;
    },
    get bytes() {
      return identities.rows.bytes;
    },
    get evictions() {
      return identities.rows.evictions + refusals.rows.evictions;
    },
  };

  function closeAll(): void {
    const closing = over;
    over = [];
    for (const [fingerprint, lookup] of closing) {
      const lookups = open.get(fingerprint) ?? [];
      if (lookups.length > 1) lookups.splice(lookups.indexOf(lookup), 1);
      else open.delete(fingerprint);
    }
  }

  /** Where an entry is that has not ended and was not revoked; one that has is dropped. */
  function findIn(store: Store, fingerprint: Fingerprint, now: number): Slot {
    const slot = store.rows.use(fingerprint);
    if (slot === 0 || stillCounts(store, slot, fingerprint, now)) return slot;
    store.rows.deleteAt(slot);
    return 0;
  }

  /** One that may be served, if it is young enough. */
  function entryIn(
    store: Store,
    slot: Slot,
    fingerprint: Fingerprint,
    now: number,
    maxAgeMs: number | undefined,
  ): Entry | undefined {
    if (store.expiresAt(slot) <= now) return undefined;
    // Strictly for 0: what was asked for in this very instant was still asked for before.
    if (maxAgeMs !== undefined && !(maxAgeMs > 0 && now - store.startedAt(slot) <= maxAgeMs))
      return undefined;
    return store.entryAt(slot, fingerprint);
  }

  /** Of the lookup that has brought what is remembered of a credential; 0 if nothing is. */
  function latestOrder(fingerprint: Fingerprint): number {
    const slot = identities.rows.use(fingerprint);
    if (slot !== 0) return identities.order(slot);
    const refusal = refusals.rows.use(fingerprint);
    return refusal === 0 ? 0 : refusals.order(refusal);
  }

  function weighAgain(fingerprint: Fingerprint): void {
    const slot = identities.rows.use(fingerprint);
    if (slot === 0) return;
    const known = identities.privilegesAt(slot);
    if (known !== undefined) identities.keepPrivileges(slot, known);
  }

  function keepIn<Kind extends Authenticated | Rejected, Shared extends object>(
    store: EntryStore<Kind, Shared>,
    fingerprint: Fingerprint,
    entry: NewEntry<Kind>,
    now: number,
  ): void {
    if (entry.endsAt > now) store.keep(fingerprint, entry);
    else store.rows.delete(fingerprint);
  }

  function identityEntry(
    fingerprint: Fingerprint,
    verdict: Authenticated,
    lookup: LookupStart,
    now: number,
  ): NewEntry<Authenticated> {
    const { order, startedAt, revision } = lookup;
    const { ttlMs, staleIfErrorMs } = settings;
    // A credential's own expiry only ends what is remembered. It is read against the wall clock once, here,
    // so that a clock that is set back later cannot lengthen it.
    const { expiresAt: wallEnd } = verdict.identity;
    const ownEnd = wallEnd === undefined ? Infinity : now + wallEnd - clock.wall();
    const portion = drawPortion();
    const { refreshAt, expiresAt } = lifetimeFrom(startedAt, portion);
    // What is known of its privileges has ages of its own, and goes on if it is still the same caller.
    const previous = findIn(identities, fingerprint, now);
    const same = previous !== 0 && identities.rows.valueAt(previous).subject === verdict.identity.subject;
    return {
      verdict,
      order,
      startedAt,
      revision,
      refreshAt,
      expiresAt: Math.floor(Math.min(expiresAt, ownEnd)),
      endsAt: Math.floor(Math.min(startedAt + portion * (ttlMs + staleIfErrorMs), ownEnd)),
      privileges: same ? identities.privilegesAt(previous) : undefined,
    };
  }

  function lifetimeFrom(startedAt: number, portion: number): Pick<Entry, 'expiresAt' | 'refreshAt'> {
    const { ttlMs, refreshAfterMs } = settings;
    return {
      refreshAt: refreshAfterMs === 0 ? 0 : Math.floor(startedAt + portion * refreshAfterMs),
      expiresAt: Math.floor(startedAt + portion * ttlMs),
    };
  }

  function refusalEntry(verdict: Rejected, { order, startedAt, revision }: LookupStart): NewEntry<Rejected> {
    const { ttlMs, rejectedTtlMs } = settings;
    const endsAt = Math.floor(startedAt + drawPortion() * Math.min(rejectedTtlMs, ttlMs));
    const never = { refreshAt: 0, privileges: undefined };
    return { verdict, order, startedAt, revision, expiresAt: endsAt, endsAt, ...never };
  }

  // What was learnt at one instant must not have to be asked again at one instant.
  function drawPortion(): number {
    return 1 - settings.jitter * Math.random();
  }
}

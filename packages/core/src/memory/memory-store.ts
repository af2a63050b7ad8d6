// Entries in this process, at most so many, and of a bounded weight altogether: the least recently used one makes
// room. Knows nothing of lifetimes; what an entry means and how long it counts is `cache.ts`'s business.

import { LRUCache } from 'lru-cache';
import type { Fingerprint } from './fingerprint.js';

/** A bounded map from fingerprints to entries. */
export interface MemoryStore<Entry> {
  /** Reading an entry also makes it the most recently used one. */
  get(fingerprint: Fingerprint): Entry | undefined;
  has(fingerprint: Fingerprint): boolean;
  /**
   * Keeps an entry as the most recently used one, as heavy as it is now: to be called again for one that has grown.
   * What is heavier than all may be together is not kept.
   */
  set(fingerprint: Fingerprint, entry: Entry): void;
  delete(fingerprint: Fingerprint): void;
  /** Looks at every entry, without using it, and keeps those that are good. */
  sweep(isGood: (fingerprint: Fingerprint, entry: Entry) => boolean): void;
  clear(): void;
  readonly size: number;
  /** What they weigh together; 0 without a budget. */
  readonly bytes: number;
  /** How many entries had to make room so far. */
  readonly evictions: number;
}

/** How much entries may weigh together. */
export interface Budget<Entry> {
  readonly maxBytes: number;
  /** A positive integer. */
  bytesOf(entry: Entry): number;
}

export function createMemoryStore<Entry extends object>(
  maxEntries: number,
  budget?: Budget<Entry>,
): MemoryStore<Entry> {
  let evictions = 0;
  const entries = new LRUCache<Fingerprint, Entry>({
    max: maxEntries,
    ...(budget && { maxSize: budget.maxBytes, sizeCalculation: budget.bytesOf }),
    dispose: (_entry, _fingerprint, reason) => {
      if (reason === 'evict') evictions += 1;
    },
  });
  return {
    get: (fingerprint) => entries.get(fingerprint),
    has: (fingerprint) => entries.has(fingerprint),
    set(fingerprint, entry) {
      // What the library holds already it would not weigh again.
      entries.delete(fingerprint);
      entries.set(fingerprint, entry);
    },
    delete: (fingerprint) => void entries.delete(fingerprint),
    sweep(isGood) {
      for (const [fingerprint, entry] of [...entries.entries()]) {
        if (!isGood(fingerprint, entry)) entries.delete(fingerprint);
      }
    },
    clear: () => entries.clear(),
    get size() {
      return entries.size;
    },
    get bytes() {
      return entries.calculatedSize;
    },
    get evictions() {
      return evictions;
    },
  };
}

// Entries in this process, at most so many: the least recently used one makes room. Knows nothing of
// lifetimes; what an entry means and how long it counts is `cache.ts`'s business.

import { LRUCache } from 'lru-cache';
import type { Fingerprint } from './fingerprint.js';

/** A bounded map from fingerprints to entries. */
export interface MemoryStore<Entry> {
  /** Reading an entry also makes it the most recently used one. */
  get(fingerprint: Fingerprint): Entry | undefined;
  has(fingerprint: Fingerprint): boolean;
  set(fingerprint: Fingerprint, entry: Entry): void;
  delete(fingerprint: Fingerprint): void;
  clear(): void;
  readonly size: number;
  /** How many entries had to make room so far. */
  readonly evictions: number;
}

export function createMemoryStore<Entry extends object>(maxEntries: number): MemoryStore<Entry> {
  let evictions = 0;
  const entries = new LRUCache<Fingerprint, Entry>({
    max: maxEntries,
    dispose: (_entry, _fingerprint, reason) => {
      if (reason === 'evict') evictions += 1;
    },
  });
  return {
    get: (fingerprint) => entries.get(fingerprint),
    has: (fingerprint) => entries.has(fingerprint),
    set: (fingerprint, entry) => void entries.set(fingerprint, entry),
    delete: (fingerprint) => void entries.delete(fingerprint),
    clear: () => entries.clear(),
    get size() {
      return entries.size;
    },
    get evictions() {
      return evictions;
    },
  };
}

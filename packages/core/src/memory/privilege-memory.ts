// What one credential's privileges are known to be: a bounded number of facts, the least recently used one makes
// room. It hangs on the identity's entry, so that whatever ends the entry ends it too, and what is learnt for an
// entry that has ended goes nowhere.

import { hash } from 'node:crypto';

/** One privilege on one resource, granted or not. */
export interface KnownFact {
  readonly granted: boolean;
  /** When its question started, on the timeline. */
  readonly startedAt: number;
  /** The same in milliseconds since the epoch. */
  readonly verifiedAt: number;
  /** From here on it has to be asked again. */
  readonly expiresAt: number;
  /** From here on it is asked again in the background, if somebody wants to know it; 0: never. */
  refreshAt: number;
}

export interface PrivilegeMemory {
  /** @param maxAgeMs what is older is not found; 0 finds nothing. */
  find(key: string, now: number, maxAgeMs?: number): KnownFact | undefined;
  /** Keeps a fact, unless the one that is known was asked for later. */
  keep(key: string, fact: KnownFact): void;
  readonly size: number;
}

/** Facts of one credential. An application that asks for more, or a caller that makes it, asks Elasticsearch. */
const maxFacts = 64;
/** Longer names are kept by a digest: resources come from whoever calls. */
const maxKeyLength = 256;

export function createPrivilegeMemory(): PrivilegeMemory {
  // The least recently used first. A map for each credential: an LRU library's would cost 64 slots at once.
  const facts = new Map<string, KnownFact>();
  return {
    find(key, now, maxAgeMs = Infinity) {
      const name = nameOf(key);
      const fact = facts.get(name);
      if (fact === undefined || fact.expiresAt <= now) return undefined;
      if (maxAgeMs === 0 || now - fact.startedAt > maxAgeMs) return undefined;
      facts.delete(name);
      facts.set(name, fact);
      return fact;
    },
    keep(key, fact) {
      const name = nameOf(key);
      const known = facts.get(name);
      if (known !== undefined && known.startedAt > fact.startedAt) return;
      facts.delete(name);
      facts.set(name, fact);
      const [oldest] = facts.keys();
      if (facts.size > maxFacts && oldest !== undefined) facts.delete(oldest);
    },
    get size() {
      return facts.size;
    },
  };
}

function nameOf(key: string): string {
  return key.length > maxKeyLength ? hash('sha256', key) : key;
}

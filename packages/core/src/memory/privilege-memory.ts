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
  /** Keeps facts by their keys, each unless the one that is known was asked for later. */
  keep(facts: ReadonlyMap<string, KnownFact>): void;
  readonly size: number;
  /** What they take, as estimated. */
  readonly bytes: number;
}

/** Facts of one credential. An application that asks for more, or a caller that makes it, asks Elasticsearch. */
const maxFacts = 64;
/** Longer names are kept by a digest: resources come from whoever calls. */
const maxKeyLength = 256;

/**
 * What a fact takes besides the characters of its name, counted as two bytes each: it and its numbers are 130 bytes,
 * when it was used 40, its place in a map 50 (`bench/scenarios/charge.mjs`).
 */
const factBytes = 232;

interface Kept {
  readonly fact: KnownFact;
  /** Counts up with every use. To move it to the end of the map instead was 700 instructions of each look. */
  used: number;
}

/** @param onChange called when facts were kept. */
export function createPrivilegeMemory(onChange: () => void = () => {}): PrivilegeMemory {
  let bytes = 0;
  let uses = 0;
  // A map for each credential: an LRU library's would cost 64 slots at once.
  const facts = new Map<string, Kept>();
  return {
    find(key, now, maxAgeMs = Infinity) {
      const kept = facts.get(nameOf(key));
      if (kept === undefined) return undefined;
      const { fact } = kept;
      if (fact.expiresAt <= now || maxAgeMs === 0 || now - fact.startedAt > maxAgeMs) return undefined;
      kept.used = ++uses;
      return fact;
    },
    keep(learnt) {
      for (const [key, fact] of learnt) {
        const name = nameOf(key);
        const known = facts.get(name);
        if (known !== undefined && known.fact.startedAt > fact.startedAt) continue;
        if (known === undefined) bytes += bytesOf(name);
        facts.set(name, { fact, used: ++uses });
        if (facts.size > maxFacts) dropLeastRecentlyUsed();
      }
      onChange();
    },
    get size() {
      return facts.size;
    },
    get bytes() {
      return bytes;
    },
  };

  function dropLeastRecentlyUsed(): void {
    let name = '';
    let least = Infinity;
    for (const [each, { used }] of facts) {
      if (used >= least) continue;
      name = each;
      least = used;
    }
    facts.delete(name);
    bytes -= bytesOf(name);
  }
}

function bytesOf(name: string): number {
  return factBytes + 2 * name.length;
}

function nameOf(key: string): string {
  return key.length > maxKeyLength ? hash('sha256', key) : key;
}

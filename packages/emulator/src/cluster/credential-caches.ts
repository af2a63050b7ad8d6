/**
 * Whom Elasticsearch would still know without looking into its index, because somebody was let in lately: its caches
 * of users, tokens of services and API keys. As long as the index can be read they make no difference here.
 */

import type { Clock } from '../controls/clock.js';

// `cache.ttl` of the realms, of `authc.service_token`, `authc.api_key.doc_cache` and `authc.api_key`. Use does not
// prolong it.
const lifetimesMs: Readonly<Record<CachedKind, number>> = {
  reserved: 20 * 60_000,
  native: 20 * 60_000,
  'service token': 20 * 60_000,
  'API key': 5 * 60_000,
  'secret of a key': 24 * 3_600_000,
};

/** What is in a cache of its own. */
export type CachedKind = 'reserved' | 'native' | 'service token' | 'API key' | 'secret of a key';

/** The caches of a cluster. */
export interface CredentialCaches {
  /** Somebody was let in. */
  remember(kind: CachedKind, name: string): void;
  /** Whether somebody was, not long ago. */
  knows(kind: CachedKind, name: string): boolean;
  /** @param names `undefined`: all of them */
  forget(kind: CachedKind, names?: readonly string[]): void;
}

/** Makes empty caches. */
export function createCredentialCaches(clock: Clock): CredentialCaches {
  const empty = (): Map<string, number> => new Map();
  const caches: Readonly<Record<CachedKind, Map<string, number>>> = {
    reserved: empty(),
    native: empty(),
    'service token': empty(),
    'API key': empty(),
    'secret of a key': empty(),
  };

  function knows(kind: CachedKind, name: string): boolean {
    const since = caches[kind].get(name);
    return since !== undefined && clock.now() - since < lifetimesMs[kind];
  }

  return {
    knows,
    remember(kind, name) {
      if (!knows(kind, name)) caches[kind].set(name, clock.now());
    },
    forget(kind, names) {
      if (names === undefined) caches[kind].clear();
      else for (const name of names) caches[kind].delete(name);
    },
  };
}

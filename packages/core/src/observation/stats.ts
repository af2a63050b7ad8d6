// What a verifier counts, and how it sums up the state of its nodes. Numbers only: no name of a caller, no part of
// a credential.

/** `open`: the node is left alone; `half_open`: one lookup may try it, or does; `closed`: it is asked as usual. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** What the breaker of one node knows. */
export interface NodeState {
  /** Base URL. */
  readonly node: string;
  readonly breaker: BreakerState;
  /** Failures in a row. */
  readonly failures: number;
}

/** How things are upstream. */
export interface Health {
  /**
   * `down`: every node is left alone; `degraded`: one is, or has not been tried again since, or the last lookup
   * gave no verdict (a 401 that says that its check failed is no news, since it may be about one credential only), or
   * what others revoke is not heard (`stats().sharing.blind`); else `up`. `down` passes without traffic (`upstream.breaker.openMs`), so it may keep traffic
   * away; `degraded` passes with the next answer only, so it should not.
   */
  readonly state: 'up' | 'degraded' | 'down';
  readonly nodes: readonly NodeState[];
}

/** What is shared with other processes (`sharing`). */
export interface SharingStats {
  /** Identities that others had looked up, found when they were not remembered here or about to end. */
  readonly hits: number;
  /** Searches that found nothing that counts. */
  readonly misses: number;
  /** What could not be had in time (`sharing.timeoutMs`) or was refused. */
  readonly failures: number;
  /** What was found there and cannot be opened: it counts as nothing, and in the log as a revocation of everything. */
  readonly unsealed: number;
  /** Messages of the log heard, own ones too. */
  readonly heard: number;
  /** Messages told, each with all revocations that waited. */
  readonly told: number;
  /** How often part of the log was lost, so that everything was forgotten. */
  readonly lost: number;
  /** The log was not read for `sharing.blindAfterMs`: nothing is served that is older than `sharing.blindMaxAgeMs`. */
  readonly blind: boolean;
  /** How long ago nothing was missing that others had revoked, in milliseconds. */
  readonly lagMs: number;
  /** Revocations that wait to be told. */
  readonly outbox: number;
  /**
   * Up to where the log was heard: an epoch and, after a space, a place in it; `undefined` before the first reading.
   * Within an epoch places are in order as strings are.
   */
  readonly position: string | undefined;
}

/** Counters since the verifier was made, and what is remembered or under way at this moment. */
export interface VerifierStats {
  /** Answered from memory: identities and refusals. */
  readonly hits: number;
  /** Calls that started a lookup. */
  readonly misses: number;
  /** Calls that waited for a lookup that others started. */
  readonly shared: number;
  /** Calls answered with an identity past `ttlMs` because the lookup failed. */
  readonly stale: number;
  /** Questions to Elasticsearch, background refreshes and repeats after a revocation included. */
  readonly lookups: number;
  /** Background refreshes among them. */
  readonly refreshes: number;
  /** Questions about privileges among them. */
  readonly privilegeLookups: number;
  /** Requests to a second node because the first kept silent (`upstream.hedgeAfterMs`). */
  readonly hedges: number;
  /**
   * Requests under way in nobody's name, to find out how a node is that has been silent for as long as
   * `upstream.timeoutMs`, or that is being tried, after everybody who waited for it has left.
   */
  readonly probes: number;
  /** Lookups that ended in a refusal. */
  readonly refusals: number;
  /** Lookups that ended without a verdict. */
  readonly unavailable: number;
  /** Lookups turned away because too many waited. */
  readonly shed: number;
  readonly revocations: number;
  /** Entries that had to make room. */
  readonly evictions: number;
  /** Identities remembered now. */
  readonly entries: number;
  /** Refusals remembered now. */
  readonly rejectedEntries: number;
  /**
   * What remembered identities, details of keys and answers about privileges take now, as estimated
   * (`cache.maxBytes`).
   */
  readonly bytes: number;
  /** Lookups under way now. */
  readonly inFlight: number;
  /** Those of them that wait for a place on the wire. */
  readonly queued: number;
  /** Callers waiting for lookups now; a background refresh counts as one. */
  readonly waiting: number;
  readonly nodes: readonly NodeState[];
  /** With the option `sharing` only. */
  readonly sharing?: SharingStats;
}

/** The counters of a verifier, at their start. */
export function createCounters(): Counters {
  return {
    hits: 0,
    misses: 0,
    shared: 0,
    stale: 0,
    lookups: 0,
    refreshes: 0,
    privilegeLookups: 0,
    refusals: 0,
    unavailable: 0,
    shed: 0,
    revocations: 0,
  };
}

/** The part of the statistics that only grows. */
export type Counters = {
  -readonly [Name in
    | 'hits'
    | 'misses'
    | 'shared'
    | 'stale'
    | 'lookups'
    | 'refreshes'
    | 'privilegeLookups'
    | 'refusals'
    | 'unavailable'
    | 'shed'
    | 'revocations']: VerifierStats[Name];
};

export function healthOf(nodes: readonly NodeState[], closed: boolean, lastFailed: boolean): Health {
  if (closed || nodes.every(({ breaker }) => breaker === 'open')) return { state: 'down', nodes };
  const degraded = lastFailed || nodes.some(({ breaker }) => breaker !== 'closed');
  return { state: degraded ? 'degraded' : 'up', nodes };
}

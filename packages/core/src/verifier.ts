// Puts the parts together; the only file that knows them all. A request meets them in this order: header,
// fingerprint, cache, single flight, lookup, revocation, cache.

import { createCache, type Entry } from './cache.js';
import { headerOf, knownSchemes, type Presented, parseCredential } from './credential.js';
import { createDenials, type Denial } from './denial.js';
import { createElasticsearch } from './elasticsearch.js';
import { InvalidArgumentError, LookupError } from './errors.js';
import { publishRevocation, publishVerdict } from './events.js';
import { createFingerprinter, type Fingerprint } from './fingerprint.js';
import { createLookup, type Question } from './lookup.js';
import { createNodes, type NodeState } from './nodes.js';
import { readOptions, type Settings, type VerifierOptions } from './options.js';
import { createQueue } from './queue.js';
import { checkSubject, createRevocations } from './revocation.js';
import { createSingleFlight } from './single-flight.js';
import { createTransports } from './transport.js';
import {
  type Rejected,
  rejected,
  type Unavailable,
  type UnavailableCode,
  unavailable,
  type Verdict,
} from './verdict.js';
import { createWarner, type Warn } from './warnings.js';

/** Tells who is calling. One for each application: what it remembers is its own. */
export interface Verifier {
  /**
   * Resolves a credential: from memory, by joining a lookup that is under way, or by asking Elasticsearch.
   *
   * @param presented the `Authorization` header's value, or an object with all its values (a request's
   *   `headers` will do).
   * @returns a verdict of any kind, within `upstream.timeoutMs`. Never rejects for an expected outcome; only
   *   with the abort reason when `signal` fires, and an already aborted signal rejects even on a hit.
   * @throws {InvalidArgumentError} `invalid_argument`, as a rejection, if `maxAgeMs` is not a number from 0.
   */
  verify(presented: Presented, options?: VerifyOptions): Promise<Verdict>;

  /**
   * What `verify` would return without waiting: a remembered identity or refusal, or a verdict that needs no
   * lookup; never a stale one. Counts as the same hit. `undefined` if Elasticsearch would have to be asked.
   *
   * @throws {InvalidArgumentError} `invalid_argument` if `maxAgeMs` is not a number from 0.
   */
  peek(presented: Presented, options?: Pick<VerifyOptions, 'maxAgeMs' | 'source'>): Verdict | undefined;

  /**
   * Forgets, at once and in this process: from when this returns, no verdict reached on a lookup that started
   * earlier is served for that subject. Callers waiting for such a lookup are looked up again. May drop more
   * than was asked for, never less: a key's owner realm is not in its identity, so revoking a realm drops all
   * verdicts on API keys. Does not revoke anything in Elasticsearch.
   *
   * @throws {InvalidArgumentError} `invalid_argument` if `subject` is none of these, or a credential without its
   *   scheme: a mistake must not revoke nothing.
   */
  revoke(subject: Revocable): void;

  /**
   * The answer for a client that is not let in: status, headers and problem body, ready to be written. For
   * whoever connects a framework that has no adapter.
   *
   * @param presented what was verified; the challenge names its scheme.
   */
  denial(verdict: Rejected | Unavailable, presented?: Presented): Denial;

  /**
   * Asks every node, without a credential, whether it is an Elasticsearch that checks credentials. For start-up.
   *
   * @throws {LookupError} as a rejection: what is wrong with the first node that is not, and which option or
   *   setting cures it.
   */
  check(): Promise<void>;

  /** How things are upstream, from what is known, without asking anybody. For readiness probes. */
  health(): Health;

  /** Counters since the start, and how things stand now. */
  stats(): VerifierStats;

  /** Ends sockets and timers. Callers that wait, and all later ones, get `unavailable` with code `closed`. */
  close(): Promise<void>;
}

export interface VerifyOptions {
  /** Ends the wait of this caller, and of nobody else. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How old a verdict may be, in milliseconds: a hard bound, for identities and refusals, and never a stale
   * one. A lookup under way is good enough if it started at most so long ago; 0 means asked after this call.
   */
  readonly maxAgeMs?: number | undefined;
  /**
   * Where the request comes from, usually the client's address; an IPv6 address counts by its /64. When lookups
   * have to wait, they wait in fair turns between sources, so that one that floods delays itself.
   */
  readonly source?: string | undefined;
}

/** How things are upstream. */
export interface Health {
  /**
   * `down`: every node is left alone; `degraded`: one is, or has not been tried again since, or the last lookup
   * gave no verdict; else `up`. `down` passes without traffic (`upstream.breaker.openMs`), so it may keep traffic
   * away; `degraded` passes with the next answer only, so it should not.
   */
  readonly state: 'up' | 'degraded' | 'down';
  readonly nodes: readonly NodeState[];
}

/** Whose verdicts to forget. `credential` is an `Authorization` value, in any spelling that is accepted. */
export type Revocable =
  | { readonly credential: string }
  | { readonly apiKeyIds: readonly string[] }
  | { readonly username: string; readonly realm?: string }
  | { readonly realm: string }
  | 'all';

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
  /** Lookups under way now. */
  readonly inFlight: number;
  /** Those of them that wait for a place on the wire. */
  readonly queued: number;
  /** Callers waiting for lookups now; a background refresh counts as one. */
  readonly waiting: number;
  readonly nodes: readonly NodeState[];
}

/** Failures that may be bridged with an identity past its lifetime; the others could be the caller's doing. */
const bridged: ReadonlySet<UnavailableCode> = new Set([
  'unreachable',
  'timeout',
  'overloaded',
  'server_error',
  'circuit_open',
]);

/** After a refresh without a verdict the next comes no sooner. */
const refreshPauseMs = 1_000;

/**
 * Makes a verifier. It opens no connection before the first credential comes.
 *
 * @throws {ConfigurationError} `invalid_option` if an option is wrong, naming it and what is accepted.
 * @example
 * const verifier = createVerifier({ nodes: 'https://es.internal:9200', tls: { ca } });
 * const verdict = await verifier.verify(request.headers.authorization);
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readOptions(options);
  const { clock, schemes, upstream, clientAuthentication } = settings;
  const { timeoutMs, maxConcurrent } = upstream;
  const warn = createWarner(clock);
  warnOfOpenDoors(settings, warn);

  const { ttlMs, staleIfErrorMs } = settings.cache;
  const revocations = createRevocations(clock, ttlMs + staleIfErrorMs + timeoutMs);
  const cache = createCache(settings.cache, clock, revocations);
  const connect = createTransports({
    tls: settings.tls,
    dispatcher: settings.dispatcher,
    maxConnections: maxConcurrent,
    // With another node to turn to, a dead address must leave time for it.
    connectTimeoutMs: settings.nodes.length > 1 ? Math.ceil(timeoutMs / 3) : timeoutMs,
  });
  const nodes = createNodes({ urls: settings.nodes, ...upstream }, clock, connect);
  const elasticsearch = createElasticsearch(nodes, { clock, timeoutMs, clientAuthentication, warn });
  const queue = createQueue(maxConcurrent, upstream.maxQueue);
  const flights = createSingleFlight<Verdict>(clock);
  const fingerprint = createFingerprinter();
  const denialOf = createDenials(schemes, settings.challenge);
  const count = {
    hits: 0,
    misses: 0,
    shared: 0,
    stale: 0,
    lookups: 0,
    refreshes: 0,
    refusals: 0,
    unavailable: 0,
    shed: 0,
    revocations: 0,
  };
  const lookUp = createLookup({ clock, queue, elasticsearch, revocations, cache }, count);
  const late = unavailable(
    new LookupError('timeout', `no verdict within ${timeoutMs} ms (upstream.timeoutMs)`),
  );
  let closed: Unavailable | undefined;

  return {
    async verify(presented, { signal, maxAgeMs, source } = {}) {
      checkOptions(maxAgeMs, source);
      signal?.throwIfAborted();
      const known = consider(presented, maxAgeMs, source);
      if (known.kind !== 'question') return known;
      count[flights.has(known.fingerprint) ? 'shared' : 'misses'] += 1;
      const start = (abandoned: AbortSignal) => lookUp(known, { abandoned, background: false, source });
      const verdict = await flights.join(known.fingerprint, start, { timeoutMs, late, signal, maxAgeMs });
      const stale =
        maxAgeMs === undefined && mayBridge(verdict)
          ? cache.findStale(known.fingerprint, clock.monotonic())
          : undefined;
      if (stale === undefined) {
        publishVerdict(verdict, 'lookup');
        return verdict;
      }
      count.stale += 1;
      publishVerdict(stale, 'stale');
      return Object.freeze({ ...stale, stale: true as const });
    },

    peek(presented, { maxAgeMs, source } = {}) {
      checkOptions(maxAgeMs, source);
      const known = consider(presented, maxAgeMs, source);
      return known.kind === 'question' ? undefined : known;
    },

    revoke(subject) {
      checkSubject(subject);
      if (subject === 'all' || !('credential' in subject)) {
        revocations.revoke(subject);
      } else {
        const parsed = parseCredential(subject.credential, knownSchemes);
        if (parsed.kind === 'credential') {
          revocations.revoke({ fingerprint: fingerprint(parsed.authorization) });
        } else if (parsed.code !== 'credentials_invalid') {
          // Most likely a token without its scheme, which would revoke nothing.
          throw new InvalidArgumentError(
            'revoke: credential must be an Authorization value, with its scheme',
          );
        }
      }
      count.revocations += 1;
      publishRevocation({
        revoked: subject === 'all' || !('credential' in subject) ? subject : 'credential',
      });
    },

    denial: (verdict, presented) => denialOf(verdict, presented),

    async check() {
      const problem = closed === undefined ? await elasticsearch.check() : closed.cause;
      if (problem !== undefined) throw problem;
    },

    health() {
      const { states } = nodes;
      const down = closed !== undefined || states.every(({ breaker }) => breaker === 'open');
      const degraded = elasticsearch.lastFailed || states.some(({ breaker }) => breaker !== 'closed');
      return { state: down ? 'down' : degraded ? 'degraded' : 'up', nodes: states };
    },

    stats: () => ({
      ...count,
      evictions: cache.evictions,
      entries: cache.entries,
      rejectedEntries: cache.rejectedEntries,
      inFlight: flights.inFlight,
      queued: queue.waiting,
      waiting: flights.waiting,
      nodes: nodes.states,
    }),

    async close() {
      closed ??= unavailable(new LookupError('closed', 'the verifier was closed'));
      flights.land(closed);
      cache.clear();
      await nodes.close();
    },
  };

  /** Everything that can be said without asking. */
  function consider(
    presented: Presented,
    maxAgeMs: number | undefined,
    source: string | undefined,
  ): Verdict | Question {
    if (closed !== undefined) return unasked(closed);
    const header = headerOf(presented);
    if (header === undefined) return unasked(rejected('credentials_missing'));
    if (header === null || header.length > settings.maxHeaderLength) {
      return unasked(rejected('credentials_malformed'));
    }

    // Nearly every header comes in canonical spelling, and only those are names of entries. So a hit costs
    // one digest and no parsing: the same characters were parsed before.
    const now = clock.monotonic();
    const asPresented = fingerprint(header);
    const hit = cache.find(asPresented, now, maxAgeMs);
    if (hit !== undefined) return serve(hit, header, asPresented, now, source);

    const credential = parseCredential(header, schemes);
    if (credential.kind === 'unusable') return unasked(rejected(credential.code));
    const { authorization } = credential;
    if (authorization === header) return { kind: 'question', credential, fingerprint: asPresented };
    const canonical = fingerprint(authorization);
    const known = cache.find(canonical, now, maxAgeMs);
    if (known !== undefined) return serve(known, authorization, canonical, now, source);
    return { kind: 'question', credential, fingerprint: canonical };
  }

  function mayBridge(verdict: Verdict): boolean {
    // Who ran out of time while the lookup waited in our queue, and not at a node, may have filled it himself.
    return verdict.kind === 'unavailable' && verdict !== late && bridged.has(verdict.code);
  }

  function unasked<V extends Verdict>(verdict: V): V {
    publishVerdict(verdict, 'none');
    return verdict;
  }

  function serve(
    entry: Entry,
    authorization: string,
    name: Fingerprint,
    now: number,
    source: string | undefined,
  ): Verdict {
    count.hits += 1;
    const due = entry.refreshAt > 0 && entry.refreshAt <= now;
    if (due && !flights.has(name)) refresh(entry, authorization, name, source);
    publishVerdict(entry.verdict, 'memory');
    return entry.verdict;
  }

  /** Asks again in the background; the answer goes to `cache.remember` like any other. */
  function refresh(entry: Entry, authorization: string, name: Fingerprint, source: string | undefined): void {
    const credential = parseCredential(authorization, schemes);
    if (credential.kind === 'unusable') return;
    count.refreshes += 1;
    const question: Question = { kind: 'question', credential, fingerprint: name };
    const start = (abandoned: AbortSignal) => lookUp(question, { abandoned, background: true, source });
    const pause = () => {
      entry.refreshAt = Math.ceil(clock.monotonic() + refreshPauseMs);
    };
    flights.join(name, start, { timeoutMs, late }).then(
      (verdict) => verdict.kind === 'unavailable' && pause(),
      (error: unknown) => {
        // Only a clock or a dispatcher that somebody brought can have thrown; there is no caller to tell.
        pause();
        warn('ESAUTH_REFRESH', `a background refresh failed: ${error}`);
      },
    );
  }
}

function checkOptions(maxAgeMs: unknown, source: unknown): void {
  if (maxAgeMs !== undefined && !(typeof maxAgeMs === 'number' && maxAgeMs >= 0)) {
    throw new InvalidArgumentError('maxAgeMs: must be a number of milliseconds from 0');
  }
  if (source !== undefined && typeof source !== 'string') {
    throw new InvalidArgumentError('source: must be a string');
  }
}

function warnOfOpenDoors({ nodes, tls }: Settings, warn: Warn): void {
  if (tls.rejectUnauthorized === false) {
    warn('ESAUTH_ANY_CERTIFICATE', 'tls.rejectUnauthorized is false: credentials go to whoever answers');
  }
  for (const { protocol, hostname, href } of nodes) {
    if (protocol === 'https:' || isLoopback(hostname)) continue;
    warn(
      `ESAUTH_PLAIN_HTTP ${href}`,
      `nodes: ${href} is plain http, so credentials travel readably; use https`,
    );
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

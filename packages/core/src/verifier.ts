// Puts the parts together; the only file that knows them all. A request meets them in this order: header,
// fingerprint, cache, single flight, lookup, revocation, cache.

import { createCache, type Entry } from './cache.js';
import { type Credential, headerOf, knownSchemes, type Presented, parseCredential } from './credential.js';
import { createDenials, type Denial } from './denial.js';
import { createElasticsearch } from './elasticsearch.js';
import { InvalidArgumentError, LookupError } from './errors.js';
import { publishLookup, publishRevocation, publishVerdict } from './events.js';
import { createFingerprinter, type Fingerprint } from './fingerprint.js';
import { createNodes } from './nodes.js';
import { readOptions, type VerifierOptions } from './options.js';
import { checkSubject, createRevocations } from './revocation.js';
import { createSingleFlight } from './single-flight.js';
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
  peek(presented: Presented, options?: Pick<VerifyOptions, 'maxAgeMs'>): Verdict | undefined;

  /**
   * Forgets, at once and in this process: from when this returns, no verdict reached on a lookup that started
   * earlier is served for that subject. Callers waiting for such a lookup are looked up again. May drop more
   * than was asked for, never less: a key's owner realm is not in its identity, so revoking a realm drops all
   * verdicts on API keys. Does not revoke anything in Elasticsearch.
   *
   * @throws {InvalidArgumentError} `invalid_argument` if `subject` is none of these.
   */
  revoke(subject: Revocable): void;

  /**
   * The answer for a client that is not let in: status, headers and problem body, ready to be written. For
   * whoever connects a framework that has no adapter.
   *
   * @param presented what was verified; the challenge names its scheme.
   */
  denial(verdict: Rejected | Unavailable, presented?: Presented): Denial;

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
  readonly revocations: number;
  /** Entries that had to make room. */
  readonly evictions: number;
  /** Identities remembered now. */
  readonly entries: number;
  /** Refusals remembered now. */
  readonly rejectedEntries: number;
  /** Lookups under way now. */
  readonly inFlight: number;
  /** Callers waiting for them now; a background refresh counts as one. */
  readonly waiting: number;
}

/** What has to be asked: the credential lives in this value for as long as its lookup, and nowhere else. */
interface Question {
  readonly kind: 'question';
  readonly credential: Credential;
  readonly fingerprint: Fingerprint;
}

/** What a flight brings, and where the counter of revocations stood when its lookup started. */
interface Landed {
  readonly verdict: Verdict;
  readonly revision: number;
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
  const { clock, schemes, timeoutMs } = settings;
  const warn = createWarner(clock);
  warnOfPlainHttp(settings.nodes, warn);

  const { ttlMs, staleIfErrorMs } = settings.cache;
  const revocations = createRevocations(clock, ttlMs + staleIfErrorMs + timeoutMs);
  const cache = createCache(settings.cache, clock, revocations);
  const nodes = createNodes(settings.nodes, { ca: settings.ca, timeoutMs });
  const elasticsearch = createElasticsearch(nodes, { clock, timeoutMs, warn });
  const flights = createSingleFlight<Landed>(clock);
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
    revocations: 0,
  };
  let closed: Unavailable | undefined;

  return {
    async verify(presented, { signal, maxAgeMs } = {}) {
      checkMaxAge(maxAgeMs);
      signal?.throwIfAborted();
      const known = consider(presented, maxAgeMs);
      if (known.kind !== 'question') return known;
      count[flights.has(known.fingerprint) ? 'shared' : 'misses'] += 1;
      const start = (abandoned: AbortSignal) => lookUp(known, abandoned, false);
      const deadline = clock.monotonic() + timeoutMs;
      const fly = () => {
        signal?.throwIfAborted();
        if (closed !== undefined) return notRevocable(closed);
        const waiter = { timeoutMs: deadline - clock.monotonic(), late, signal, maxAgeMs };
        return flights.join(known.fingerprint, start, waiter);
      };
      let landed = await fly();
      // Callers hear of a verdict some microtasks after it was found good. In between there is room for a
      // revocation, and for callers that come after it.
      while (revocations.outdates(landed.revision, known.fingerprint, landed.verdict)) landed = await fly();
      const { verdict } = landed;
      const bridge = maxAgeMs === undefined && verdict.kind === 'unavailable' && bridged.has(verdict.code);
      const stale = bridge ? cache.findStale(known.fingerprint, clock.monotonic()) : undefined;
      if (stale === undefined) {
        publishVerdict(verdict, 'lookup');
        return verdict;
      }
      count.stale += 1;
      publishVerdict(stale, 'stale');
      return Object.freeze({ ...stale, stale: true as const });
    },

    peek(presented, { maxAgeMs } = {}) {
      checkMaxAge(maxAgeMs);
      const known = consider(presented, maxAgeMs);
      return known.kind === 'question' ? undefined : known;
    },

    revoke(subject) {
      checkSubject(subject);
      count.revocations += 1;
      if (subject === 'all' || !('credential' in subject)) {
        revocations.revoke(subject);
        publishRevocation({ revoked: subject });
        return;
      }
      publishRevocation({ revoked: 'credential' });
      const parsed = parseCredential(subject.credential, knownSchemes);
      // What is no credential was never accepted, so there is nothing to forget.
      if (parsed.kind === 'credential')
        revocations.revoke({ fingerprint: fingerprint(parsed.authorization) });
    },

    denial: (verdict, presented) => denialOf(verdict, presented),

    stats: () => ({
      ...count,
      evictions: cache.evictions,
      entries: cache.entries,
      rejectedEntries: cache.rejectedEntries,
      inFlight: flights.inFlight,
      waiting: flights.waiting,
    }),

    async close() {
      closed ??= unavailable(new LookupError('closed', 'the verifier was closed'));
      flights.land(notRevocable(closed));
      cache.clear();
      await nodes.close();
    },
  };

  /** Everything that can be said without asking. */
  function consider(presented: Presented, maxAgeMs: number | undefined): Verdict | Question {
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
    if (hit !== undefined) return serve(hit, header, asPresented, now);

    const credential = parseCredential(header, schemes);
    if (credential.kind === 'unusable') return unasked(rejected(credential.code));
    const { authorization } = credential;
    if (authorization === header) return { kind: 'question', credential, fingerprint: asPresented };
    const canonical = fingerprint(authorization);
    const known = cache.find(canonical, now, maxAgeMs);
    if (known !== undefined) return serve(known, authorization, canonical, now);
    return { kind: 'question', credential, fingerprint: canonical };
  }

  function unasked<V extends Verdict>(verdict: V): V {
    publishVerdict(verdict, 'none');
    return verdict;
  }

  function serve(entry: Entry, authorization: string, name: Fingerprint, now: number): Verdict {
    count.hits += 1;
    if (entry.refreshAt <= now && !flights.has(name)) refresh(entry, authorization, name);
    publishVerdict(entry.verdict, 'memory');
    return entry.verdict;
  }

  /** Asks again in the background; the answer goes to `cache.remember` like any other. */
  function refresh(entry: Entry, authorization: string, name: Fingerprint): void {
    const credential = parseCredential(authorization, schemes);
    if (credential.kind === 'unusable') return;
    count.refreshes += 1;
    const question: Question = { kind: 'question', credential, fingerprint: name };
    void flights
      .join(name, (abandoned) => lookUp(question, abandoned, true), { timeoutMs, late })
      .then(({ verdict }) => {
        if (verdict.kind === 'unavailable') entry.refreshAt = clock.monotonic() + refreshPauseMs;
      });
  }

  /** Asks until the answer is not older than a revocation that concerns it; callers leave when they must. */
  async function lookUp(question: Question, abandoned: AbortSignal, background: boolean): Promise<Landed> {
    for (;;) {
      const lookup = { startedAt: clock.monotonic(), revision: revocations.revision };
      count.lookups += 1;
      const verdict = await elasticsearch.authenticate(question.credential, abandoned);
      if (abandoned.aborted) return notRevocable(verdict);
      publishLookup(verdict, clock.monotonic() - lookup.startedAt, background);
      if (verdict.kind === 'unavailable') {
        count.unavailable += 1;
        return notRevocable(verdict);
      }
      if (revocations.outdates(lookup.revision, question.fingerprint, verdict)) continue;
      if (verdict.kind === 'rejected') count.refusals += 1;
      cache.remember(question.fingerprint, verdict, lookup);
      return { verdict, revision: lookup.revision };
    }
  }

  function late(): Landed {
    const message = `no verdict within ${timeoutMs} ms (upstream.timeoutMs)`;
    return notRevocable(unavailable(new LookupError('timeout', message)));
  }
}

function notRevocable(verdict: Verdict): Landed {
  return { verdict, revision: Infinity };
}

function checkMaxAge(maxAgeMs: number | undefined): void {
  if (maxAgeMs === undefined || (typeof maxAgeMs === 'number' && maxAgeMs >= 0)) return;
  throw new InvalidArgumentError('maxAgeMs: must be a number of milliseconds from 0');
}

function warnOfPlainHttp(nodes: readonly URL[], warn: Warn): void {
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

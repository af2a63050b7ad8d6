// Puts the parts together; the only file that knows them all. A request meets them in this order: header,
// fingerprint, cache, single flight, lookup, revocation, cache.

import { createCache } from './cache.js';
import { type Credential, headerOf, knownSchemes, type Presented, parseCredential } from './credential.js';
import { createDenials, type Denial } from './denial.js';
import { createElasticsearch } from './elasticsearch.js';
import { LookupError } from './errors.js';
import { createFingerprinter, type Fingerprint } from './fingerprint.js';
import { createNodes } from './nodes.js';
import { readOptions, type VerifierOptions } from './options.js';
import { checkSubject, createRevocations } from './revocation.js';
import { createSingleFlight } from './single-flight.js';
import { type Rejected, rejected, type Unavailable, unavailable, type Verdict } from './verdict.js';
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
   */
  verify(presented: Presented, options?: { readonly signal?: AbortSignal | undefined }): Promise<Verdict>;

  /**
   * What `verify` would return without waiting: a remembered identity or refusal, or a verdict that needs no
   * lookup. Counts as the same hit. `undefined` if Elasticsearch would have to be asked.
   */
  peek(presented: Presented): Verdict | undefined;

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
  /** Calls that joined a lookup under way. */
  readonly shared: number;
  /** Questions to Elasticsearch, repeats after a revocation included. */
  readonly lookups: number;
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
  /** Callers waiting for them now. */
  readonly waiting: number;
}

/** What has to be asked: the credential lives in this value for as long as its lookup, and nowhere else. */
interface Question {
  readonly kind: 'question';
  readonly credential: Credential;
  readonly fingerprint: Fingerprint;
}

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

  const longestMemoryMs = Math.max(settings.cache.ttlMs, settings.cache.rejectedTtlMs) + timeoutMs;
  const revocations = createRevocations(clock, longestMemoryMs);
  const cache = createCache(settings.cache, clock, revocations);
  const nodes = createNodes(settings.nodes, { ca: settings.ca, timeoutMs });
  const elasticsearch = createElasticsearch(nodes, { clock, timeoutMs, warn });
  const flights = createSingleFlight<Verdict>(clock);
  const fingerprint = createFingerprinter();
  const denialOf = createDenials(schemes, settings.challenge);
  const count = { hits: 0, misses: 0, shared: 0, lookups: 0, refusals: 0, unavailable: 0, revocations: 0 };
  let closed: Unavailable | undefined;

  return {
    verify(presented, { signal } = {}) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      const known = consider(presented);
      if (known.kind !== 'question') return Promise.resolve(known);
      count[flights.has(known.fingerprint) ? 'shared' : 'misses'] += 1;
      return flights.join(known.fingerprint, (abandoned) => lookUp(known, abandoned), {
        timeoutMs,
        late,
        signal,
      });
    },

    peek(presented) {
      const known = consider(presented);
      return known.kind === 'question' ? undefined : known;
    },

    revoke(subject) {
      checkSubject(subject);
      count.revocations += 1;
      if (subject === 'all' || !('credential' in subject)) {
        revocations.revoke(subject);
        return;
      }
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
      flights.land(closed);
      cache.clear();
      await nodes.close();
    },
  };

  /** Everything that can be said without asking. */
  function consider(presented: Presented): Verdict | Question {
    if (closed !== undefined) return closed;
    const header = headerOf(presented);
    if (header === undefined) return rejected('credentials_missing');
    if (header === null || header.length > settings.maxHeaderLength) return rejected('credentials_malformed');

    // Nearly every header comes in canonical spelling, and only those are names of entries. So a hit costs
    // one digest and no parsing: the same characters were parsed before.
    const asPresented = fingerprint(header);
    const hit = cache.find(asPresented);
    if (hit !== undefined) return counted(hit);

    const credential = parseCredential(header, schemes);
    if (credential.kind === 'unusable') return rejected(credential.code);
    if (credential.authorization === header) {
      return { kind: 'question', credential, fingerprint: asPresented };
    }
    const canonical = fingerprint(credential.authorization);
    const known = cache.find(canonical);
    if (known !== undefined) return counted(known);
    return { kind: 'question', credential, fingerprint: canonical };
  }

  function counted<V extends Verdict>(verdict: V): V {
    count.hits += 1;
    return verdict;
  }

  /** Asks until the answer is not older than a revocation that concerns it; callers leave when they must. */
  async function lookUp(question: Question, abandoned: AbortSignal): Promise<Verdict> {
    for (;;) {
      const lookup = { startedAt: clock.monotonic(), revision: revocations.revision };
      count.lookups += 1;
      const verdict = await elasticsearch.authenticate(question.credential, abandoned);
      if (abandoned.aborted) return verdict;
      if (verdict.kind === 'unavailable') {
        count.unavailable += 1;
        return verdict;
      }
      if (revocations.outdates(lookup.revision, question.fingerprint, verdict)) continue;
      if (verdict.kind === 'rejected') count.refusals += 1;
      cache.remember(question.fingerprint, verdict, lookup);
      return verdict;
    }
  }

  function late(): Unavailable {
    return unavailable(new LookupError('timeout', `no verdict within ${timeoutMs} ms (upstream.timeoutMs)`));
  }
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

// Puts the parts together; the only file that knows them all. What they do with a request is in `verification.ts`.

import { createCache } from './memory/cache.js';
import { createFingerprinter } from './memory/fingerprint.js';
import { createRecent } from './memory/recent.js';
import { createRevocations, type Revocable } from './memory/revocation.js';
import { countFor, publishRevocation } from './observation/events.js';
import { createCounters, type Health, healthOf, type VerifierStats } from './observation/stats.js';
import { createWarner } from './observation/warnings.js';
import { readTls, type TlsOptions, warnOfOpenDoors } from './options/node-options.js';
import { readOptions, type VerifierOptions } from './options/options.js';
import type { Reach } from './sharing/outbox.js';
import { createSharedVerdicts } from './sharing/shared-verdicts.js';
import { createTimeline } from './time/timeline.js';
import { createElasticsearch, probe } from './upstream/elasticsearch.js';
import { createNodes } from './upstream/nodes.js';
import { createTransports } from './upstream/transport.js';
import { clientAuthenticationHeaders, keepClientAuthentication } from './values/client-authentication.js';
import type { Presented } from './values/credential.js';
import { createDenials, type Denial } from './values/denial.js';
import { ConfigurationError, InvalidArgumentError, LookupError } from './values/errors.js';
import { unworded } from './values/messages.js';
import type { PrivilegesQuestion } from './values/privileges.js';
import {
  type PrivilegesVerdict,
  type Rejected,
  type Unavailable,
  unavailable,
  type Verdict,
} from './values/verdict.js';
import { checkArguments, nothing } from './verification/arguments.js';
import { keepShortcut } from './verification/granted.js';
import { createLookup, type Landed, notRevocable } from './verification/lookup.js';
import { createPrivilegeLookups } from './verification/privilege-lookup.js';
import { createPrivilegeVerification } from './verification/privilege-verification.js';
import { createQueue } from './verification/queue.js';
import { createForget, createRevoke } from './verification/revoke.js';
import { createSharedLookup } from './verification/shared-lookup.js';
import { createSingleFlight } from './verification/single-flight.js';
import { createVerification, type VerifyOptions } from './verification/verification.js';

/** What `verifier.check` has to find. */
export interface CheckOptions {
  /**
   * So many good nodes suffice, and what is wrong with the others is a warning: with 1 an application starts while one
   * of several nodes is restarted. Default: all of them.
   */
  readonly atLeast?: number | undefined;
}

/** Tells who is calling. One for each application: what it remembers is its own. */
export interface Verifier {
  /**
   * Resolves a credential: from memory, by joining a lookup that is under way, or by asking Elasticsearch.
   *
   * @param presented the `Authorization` header's value, or an object with all its values (the
   *   `headers` of one of Node's requests will do).
   * @returns a verdict of any kind, within `upstream.timeoutMs`. Never rejects for an expected outcome; only
   *   with the abort reason when `signal` fires, and an already aborted signal rejects even on a hit.
   * @throws {InvalidArgumentError} `invalid_argument`, as a rejection, if `maxAgeMs` is not a number from 0, if there
   *   is an option that is none, or if `presented` is a whole request.
   */
  verify(presented: Presented, options?: VerifyOptions): Promise<Verdict>;

  /**
   * Verifies, and then finds out which privileges the caller has. Elasticsearch is asked with the caller's own
   * credential (`POST /_security/user/_has_privileges`), and its answers, yes and no, are remembered with the
   * identity: each as long as `cache.ttlMs`, at most 64 privileges on resources for one credential, and never
   * longer than the identity itself.
   *
   * @param privileges what is asked, with Elasticsearch's field names; at most 1 000 privileges on resources.
   * @returns within `upstream.timeoutMs` as a whole. `maxAgeMs` bounds the identity and every answer.
   * @throws {InvalidPrivilegesError} `invalid_privileges`, as a rejection, if the question is empty or of the wrong
   *   shape, or if there is no such privilege: a mistake in the program. Rejects also as `verify` does.
   */
  hasPrivileges(
    presented: Presented,
    privileges: PrivilegesQuestion,
    options?: VerifyOptions,
  ): Promise<PrivilegesVerdict>;

  /**
   * What `hasPrivileges` would return without waiting; `undefined` if Elasticsearch would have to be asked.
   *
   * @throws {InvalidPrivilegesError} `invalid_privileges` if the question is empty or of the wrong shape.
   */
  peekPrivileges(
    presented: Presented,
    privileges: PrivilegesQuestion,
    options?: Pick<VerifyOptions, 'maxAgeMs' | 'source'>,
  ): PrivilegesVerdict | undefined;

  /**
   * What `verify` would return without waiting: a remembered identity or refusal, or a verdict that needs no
   * lookup, such as that too many of them wait; never a stale one. Counts as the same hit. `undefined` if
   * Elasticsearch would have to be asked.
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
   * @returns with `sharing`, when the others can know: `'shared'` as soon as the revocation stands where all of them
   *   read it, `'local'` if that was not to be had within `sharing.timeoutMs`: it is sent when it can be. Without, at
   *   once `'local'`. Never rejects, and need not be awaited: what it does here is done when it returns.
   * @throws {InvalidArgumentError} `invalid_argument` if `subject` is none of these, or a credential without its
   *   scheme: a mistake must not revoke nothing.
   */
  revoke(subject: Revocable): PromiseLike<Reach>;

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
   * @throws {InvalidArgumentError} `invalid_argument`, as a rejection, if `atLeast` is not a count of nodes.
   */
  check(options?: CheckOptions): Promise<void>;

  /** How things are upstream, from what is known, without asking anybody. For readiness probes. */
  health(): Health;

  /** Counters since the start, and how things stand now. */
  stats(): VerifierStats;

  /**
   * Secures the connections to the nodes with other certificates from now on, without a restart: for authorities and
   * client certificates that are renewed. Connections that are there finish the request that they are used for and are
   * then closed, idle ones at once; no lookup that starts later uses them. Remembers everything that is known. Does
   * nothing after `close`.
   *
   * @param tls all of the option `tls`, not only what changes.
   * @throws {ConfigurationError} `invalid_option` if it is wrong, and then nothing changes; or if the verifier was made
   *   with a `dispatcher`, whose connections are its owner's.
   */
  renewTls(tls: TlsOptions): void;

  /** Ends sockets and timers. Callers that wait, and all later ones, get `unavailable` with code `closed`. */
  close(): Promise<void>;
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
  const { clock, schemes, upstream } = settings;
  const clientAuthentication = clientAuthenticationHeaders(settings.clientAuthentication);
  const { timeoutMs, maxConcurrent } = upstream;
  const warn = createWarner(clock);
  warnOfOpenDoors(settings.nodes, settings.tls, warn);

  const { ttlMs } = settings.cache;
  const lifeMs = ttlMs + settings.cache.staleIfErrorMs;
  const timeline = createTimeline(clock);
  const revocations = createRevocations(clock, lifeMs + timeoutMs);
  const cache = createCache(settings.cache, clock, timeline, revocations);
  const transports = createTransports({
    tls: settings.tls,
    proxies: settings.proxies,
    dispatcher: settings.dispatcher,
    maxConnections: maxConcurrent,
    // With another node to turn to, a dead address must leave time for it.
    connectTimeoutMs: settings.nodes.length > 1 ? Math.ceil(timeoutMs / 3) : timeoutMs,
  });
  const nodes = createNodes({ urls: settings.nodes, probe, ...upstream }, clock, transports.connect, warn);
  const { apiKeyDetails } = settings;
  const elasticsearch = createElasticsearch(nodes, {
    ...{ clock, timeoutMs, clientAuthentication, apiKeyDetails, warn },
    maxBodyBytes: upstream.maxBodyBytes,
  });
  const queue = createQueue(maxConcurrent, upstream.maxQueue);
  const flights = createSingleFlight<Landed>(clock, timeline);
  const fingerprint = createFingerprinter(settings.sharing?.sharing.digestKeys[0]);
  const recent = settings.recent > 0 ? createRecent(settings.recent, clock) : undefined;
  const denialOf = createDenials(schemes, settings.challenge);
  const count = createCounters();
  const longestMs = Math.max(ttlMs, timeoutMs);
  const forget = createForget(cache, revocations, recent);
  const shared =
    settings.sharing &&
    createSharedVerdicts(settings.sharing, {
      ...{ clock, timeline, counters: count, warn, forget },
      ...{ lifeMs, memoryMs: lifeMs + timeoutMs, longestMs: timeoutMs / 4 },
    });
  const revokeAndTell = createRevoke(fingerprint, forget, shared);
  const refused = shared?.refuse;
  const parts = { clock, timeline, timeoutMs, longestMs, queue, elasticsearch, revocations, cache, refused };
  const askAlone = createLookup(parts, count);
  const lookUp = shared === undefined ? askAlone : createSharedLookup({ ...parts, shared }, askAlone);
  const lookups = createPrivilegeLookups({ ...parts, warn }, count);
  let closed: Unavailable | undefined;
  const verification = createVerification({
    ...{ ...parts, schemes, recent, fingerprint, flights, lookUp, count, warn, bound: shared?.bound },
    maxHeaderLength: settings.maxHeaderLength,
    closed: () => closed,
  });
  const { peek, consider, serve, shed, resolve } = verification;
  const { hasPrivileges, peekPrivileges, areGranted } = createPrivilegeVerification({
    ...parts,
    verification,
    lookups,
    count,
  });

  /** What is known of privileges is as old as an identity may be. */
  const bounded = (wanted: VerifyOptions): VerifyOptions => {
    if (shared === undefined) return wanted;
    const maxAgeMs = shared.bound(wanted.maxAgeMs, timeline.now());
    return maxAgeMs === wanted.maxAgeMs ? wanted : { maxAgeMs, source: wanted.source, signal: wanted.signal };
  };

  const verifier: Verifier = {
    // Not asynchronous itself: the promise and the wait besides those of `resolve` cost 1 300 instructions.
    verify(presented, wanted = nothing) {
      try {
        checkArguments(presented, wanted);
        wanted.signal?.throwIfAborted();
        const known = consider(presented, wanted.maxAgeMs);
        if (known.kind === 'found') return Promise.resolve(serve(known, wanted));
        if (known.kind !== 'question') return Promise.resolve(known);
        const turnedAway = shed(known, wanted);
        if (turnedAway !== undefined) return Promise.resolve(turnedAway);
        transports.load();
        return resolve(known, wanted, { deadline: clock.monotonic() + timeoutMs, justCame: true });
      } catch (error) {
        return Promise.reject(error);
      }
    },

    peek(presented, wanted = nothing) {
      checkArguments(presented, wanted);
      return peek(presented, wanted);
    },

    async hasPrivileges(presented, privileges, wanted = {}) {
      checkArguments(presented, wanted);
      transports.load();
      return hasPrivileges(presented, privileges, bounded(wanted));
    },

    peekPrivileges(presented, privileges, wanted = {}) {
      checkArguments(presented, wanted);
      return peekPrivileges(presented, privileges, bounded(wanted));
    },

    revoke(subject) {
      const reach = revokeAndTell(subject);
      count.revocations += 1;
      const revoked = subject === 'all' || !('credential' in subject) ? subject : 'credential';
      publishRevocation({ verifier, revoked });
      return reach;
    },

    denial: (verdict, presented) => denialOf(verdict, presented),

    async check({ atLeast = settings.nodes.length } = {}) {
      if (!(Number.isInteger(atLeast) && atLeast >= 1 && atLeast <= settings.nodes.length)) {
        throw new InvalidArgumentError(
          'check: atLeast must be a count of nodes, from 1 to as many as there are',
        );
      }
      transports.load();
      const problems = closed === undefined ? await elasticsearch.check() : [closed.cause];
      const [first] = problems;
      const isEnough = closed === undefined && settings.nodes.length - problems.length >= atLeast;
      if (first !== undefined && !isEnough) throw first;
      for (const { code, node, message } of problems) {
        const warning = code.toUpperCase() as Uppercase<typeof code>;
        warn(`ESAUTH_${warning} ${node}`, `check: ${unworded(message)}`);
      }
    },

    health() {
      const degraded = elasticsearch.lastFailed || shared?.blind === true;
      return healthOf(nodes.states, closed !== undefined, degraded);
    },

    stats: () => ({
      ...count,
      hedges: nodes.hedges,
      probes: nodes.probes,
      evictions: cache.evictions,
      entries: cache.entries,
      rejectedEntries: cache.rejectedEntries,
      bytes: cache.bytes,
      inFlight: flights.inFlight + lookups.inFlight,
      queued: queue.waiting,
      waiting: flights.waiting + lookups.waiting,
      nodes: nodes.states,
      ...(shared && { sharing: shared.stats }),
    }),

    renewTls(given) {
      if (closed !== undefined) return;
      if (settings.dispatcher !== undefined) {
        throw new ConfigurationError('dispatcher', 'its connections are its own, renewTls cannot renew them');
      }
      // Nothing given would mean the system's trust: rather a mistake than a wish.
      if (given === undefined)
        throw new ConfigurationError('tls', 'must be an object, all of the option tls');
      const tls = readTls(given);
      warnOfOpenDoors([], tls, warn);
      transports.renewTls(tls);
    },

    async close() {
      closed ??= unavailable(
        new LookupError('closed', 'the verifier was closed; close() comes after the last request'),
      );
      flights.land(notRevocable(closed));
      lookups.close(closed);
      cache.clear();
      recent?.wipe();
      await Promise.all([nodes.close(), shared?.close()]);
    },
  };
  keepClientAuthentication(verifier, clientAuthentication);
  keepShortcut(verifier, areGranted);
  countFor(verifier, count);
  return verifier;
}

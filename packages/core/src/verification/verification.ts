// From a header to a verdict: what needs no lookup, what is remembered, and what has to be asked or waited for.
// A request meets the parts in this order: header, fingerprint, cache, single flight, lookup, revocation.

import type { Cache, Entry } from '../memory/cache.js';
import type { Fingerprint, Fingerprinter } from '../memory/fingerprint.js';
import { inBackground, isDue } from '../memory/refresh.js';
import type { Revocations } from '../memory/revocation.js';
import { publishVerdict } from '../observation/events.js';
import type { Counters } from '../observation/stats.js';
import { type Warn, warnOnce } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
import type { UnavailableCode } from '../values/codes.js';
import {
  headerOf,
  knownSchemes,
  type Presented,
  parseCredential,
  type Scheme,
  schemeOf,
} from '../values/credential.js';
import { type Rejected, rejected, type Unavailable, type Verdict } from '../values/verdict.js';
import { type Landed, type LookUp, notRevocable, outOfTime, type Question, queueFull } from './lookup.js';
import type { Queue } from './queue.js';
import type { Departure, SingleFlight, Wait } from './single-flight.js';

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

/** Remembered: an entry that may be served, and the credential that it is for. */
export interface Found {
  readonly kind: 'found';
  readonly entry: Entry;
  readonly authorization: string;
  readonly fingerprint: Fingerprint;
  /** When, on the timeline. */
  readonly now: number;
}

export interface Verification {
  /** Everything that can be said without asking; a verdict if it needs no memory either. */
  consider(presented: Presented, maxAgeMs: number | undefined): Rejected | Unavailable | Found | Question;
  /** Tells what was found, and asks again in the background if it is time. */
  serve(found: Found, source: string | undefined): Verdict;
  /** Whether there is no room to ask, said before anything is made for it; `undefined` if there may be. */
  shed(question: Question, source: string | undefined): Unavailable | undefined;
  /** Asks, or waits for somebody else's question. */
  resolve(question: Question, wanted: VerifyOptions, wait: Wait): Promise<Verdict>;
  /** The question that an entry once answered. */
  questionOf(found: Found): Question | Rejected;
}

export interface VerificationParts {
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly schemes: readonly Scheme[];
  readonly maxHeaderLength: number;
  readonly timeoutMs: number;
  readonly fingerprint: Fingerprinter;
  readonly cache: Cache;
  readonly flights: SingleFlight<Landed>;
  readonly lookUp: LookUp;
  readonly queue: Queue;
  readonly revocations: Revocations;
  readonly count: Counters;
  readonly warn: Warn;
  /** What everybody gets once the verifier is closed. */
  readonly closed: () => Unavailable | undefined;
}

/** Failures that may be bridged with an identity past its lifetime; the others could be the caller's doing. */
const bridged: ReadonlySet<UnavailableCode> = new Set([
  'unreachable',
  'timeout',
  'overloaded',
  'server_error',
  'circuit_open',
]);

export function createVerification(parts: VerificationParts): Verification {
  const { clock, timeline, schemes, timeoutMs, fingerprint, cache, flights, lookUp, queue, revocations } =
    parts;
  const { count } = parts;
  const late = notRevocable(outOfTime(timeoutMs));

  return {
    consider(presented, maxAgeMs) {
      const closed = parts.closed();
      if (closed !== undefined) return unasked(closed, count);
      const header = headerOf(presented);
      if (header === undefined) return unasked(rejected('credentials_missing'), count);
      if (header === null || header.length > parts.maxHeaderLength) {
        return unasked(rejected('credentials_malformed'), count);
      }

      // Nearly every header comes in canonical spelling, and only those are names of entries. So a hit costs
      // one digest and no parsing: the same characters were parsed before.
      const now = timeline.now();
      const asPresented = fingerprint(header);
      const hit = cache.find(asPresented, now, maxAgeMs);
      if (hit !== undefined)
        return { kind: 'found', entry: hit, authorization: header, fingerprint: asPresented, now };

      const credential = parseCredential(header, schemes);
      if (credential.kind === 'unusable') {
        if (credential.code === 'scheme_unsupported') warnOfBasic(header);
        return unasked(rejected(credential.code), count);
      }
      const { authorization } = credential;
      if (authorization === header) return { kind: 'question', credential, fingerprint: asPresented };
      const canonical = fingerprint(authorization);
      const known = cache.find(canonical, now, maxAgeMs);
      if (known !== undefined)
        return { kind: 'found', entry: known, authorization, fingerprint: canonical, now };
      return { kind: 'question', credential, fingerprint: canonical };
    },

    serve(found, source) {
      const { entry } = found;
      count.hits += 1;
      if (isDue(entry, found.now) && !flights.has(found.fingerprint)) refresh(found, source);
      publishVerdict(entry.verdict, 'memory', count);
      return entry.verdict;
    },

    shed({ fingerprint }, source) {
      if (flights.has(fingerprint) || !queue.turnsAway(source)) return undefined;
      count.misses += 1;
      count.shed += 1;
      publishVerdict(queueFull, 'lookup', count);
      return queueFull;
    },

    async resolve(question, { signal, maxAgeMs, source }, wait) {
      count[flights.has(question.fingerprint) ? 'shared' : 'misses'] += 1;
      const start = (departure: Departure) => lookUp(question, { background: false, source }, departure);
      const fly = (wait: Wait) => {
        signal?.throwIfAborted();
        const closed = parts.closed();
        if (closed !== undefined) return notRevocable(closed);
        const { deadline, justCame } = wait;
        const waiter = { deadline, justCame, late, signal, maxAgeMs };
        return flights.join(question.fingerprint, start, waiter);
      };
      let landed = await fly(wait);
      // Callers hear of a verdict some microtasks after it was found good. In between there is room for a
      // revocation, and for callers that come after it.
      while (revocations.outdates(landed.revision, question.fingerprint, landed.verdict))
        landed = await fly({ ...wait, justCame: false });
      const { verdict } = landed;
      const stale =
        maxAgeMs === undefined && mayBridge(landed)
          ? cache.findStale(question.fingerprint, timeline.now())
          : undefined;
      if (stale === undefined) {
        publishVerdict(verdict, 'lookup', count);
        return verdict;
      }
      count.stale += 1;
      publishVerdict(stale, 'stale', count);
      return Object.freeze({ ...stale, stale: true as const });
    },

    questionOf,
  };

  function mayBridge(landed: Landed): boolean {
    // Who ran out of time while the lookup waited in our queue, and not at a node, may have filled it himself.
    return landed !== late && landed.verdict.kind === 'unavailable' && bridged.has(landed.verdict.code);
  }

  /** Asks again in the background; the answer goes to `cache.remember` like any other. */
  function refresh(found: Found, source: string | undefined): void {
    const question = questionOf(found);
    if (question.kind !== 'question') return;
    const { entry } = found;
    count.refreshes += 1;
    const start = (departure: Departure) => lookUp(question, { background: true, source }, departure);
    const deadline = clock.monotonic() + timeoutMs;
    const asked = flights.join(found.fingerprint, start, { deadline, justCame: true, late });
    inBackground(asked, ({ verdict }) => verdict.kind === 'unavailable', [entry], parts);
  }

  function questionOf({ authorization, fingerprint }: Found): Question | Rejected {
    const credential = parseCredential(authorization, schemes);
    if (credential.kind === 'unusable') return rejected(credential.code);
    return { kind: 'question', credential, fingerprint };
  }
}

/** Once in a process: it may be the first password that somebody tries, or just a scanner. */
function warnOfBasic(header: string): void {
  if (schemeOf(header, knownSchemes) !== 'Basic') return;
  warnOnce(
    'ESAUTH_BASIC_OFF',
    "a caller sent a user name and password, which are refused; to accept them, set schemes: ['Bearer', 'ApiKey', 'Basic']",
  );
}

function unasked<V extends Verdict>(verdict: V, count: Counters): V {
  publishVerdict(verdict, 'none', count);
  return verdict;
}

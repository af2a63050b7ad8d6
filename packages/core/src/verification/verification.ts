// From a header to a verdict: what needs no lookup, what is remembered, and what has to be asked or waited for.
// A request meets the parts in this order: header, fingerprint, cache, single flight, lookup, revocation.

import type { Cache, Entry } from '../memory/cache.js';
import type { Fingerprint, Fingerprinter } from '../memory/fingerprint.js';
import type { Recent } from '../memory/recent.js';
import { inBackground, isDue } from '../memory/refresh.js';
import type { Revocations } from '../memory/revocation.js';
import { publishVerdict } from '../observation/events.js';
import type { Counters } from '../observation/stats.js';
import { type Warn, warnOnce } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
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
import type { Wait } from './passenger.js';
import type { Queue } from './queue.js';
import type { Departure, SingleFlight } from './single-flight.js';
import { WaitingCaller } from './waiting-caller.js';
import { Wanted } from './wanted.js';

/** What one caller of `verify` asks for. */
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

export type Remembering = Pick<VerifyOptions, 'maxAgeMs' | 'source'>;

export interface Verification {
  /** What can be told without asking; the same as `consider` and `serve`. */
  peek(presented: Presented, wanted: Remembering): Verdict | undefined;
  /** Everything that can be said without asking; a verdict if it needs no memory either. */
  consider(presented: Presented, maxAgeMs: number | undefined): Rejected | Unavailable | Found | Question;
  /** Tells what was found, and asks again in the background if it is time. */
  serve(found: Found, wanted: Remembering): Verdict;
  /** What is remembered of whom a gate has let in, found without another digest; nothing if it is due. */
  findAgain(wanted: Remembering, now: number): Entry | undefined;
  /** Tells what was found. */
  tell(entry: Entry): Verdict;
  /** Whether there is no room to ask, said before anything is made for it; `undefined` if there may be. */
  shed(question: Question, who: { readonly source?: string | undefined }): Unavailable | undefined;
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
  /** If headers may be kept. */
  readonly recent: Recent | undefined;
  readonly flights: SingleFlight<Landed>;
  readonly lookUp: LookUp;
  readonly queue: Queue;
  readonly revocations: Revocations;
  readonly count: Counters;
  readonly warn: Warn;
  /** How old may be what is served at an instant, if anything but what was asked for bounds it. */
  readonly bound?: ((maxAgeMs: number | undefined, now: number) => number | undefined) | undefined;
  /** What everybody gets once the verifier is closed. */
  readonly closed: () => Unavailable | undefined;
}

export function createVerification(parts: VerificationParts): Verification {
  const { clock, timeline, schemes, timeoutMs, fingerprint, cache, flights, lookUp, queue, revocations } =
    parts;
  const { count, maxHeaderLength, recent, bound } = parts;
  const late = notRevocable(outOfTime(timeoutMs));
  const { closed } = parts;
  const callers = { timeline, flights, lookUp, revocations, cache, count, late, boundNow, closed };

  const verification: Verification = {
    peek(presented, wanted) {
      const header = usable(presented);
      if (typeof header !== 'string') return header;
      const now = timeline.now();
      const maxAgeMs = boundAt(wanted.maxAgeMs, now);
      const recalled = recent?.find(header);
      const asPresented = recalled ?? fingerprint(header);
      const hit = cache.find(asPresented, now, maxAgeMs);
      if (hit !== undefined) {
        // Nothing is made for a hit, which saves 250 instructions.
        if (recalled === undefined) keepRecent(header, asPresented, hit);
        if (wanted instanceof Wanted) wanted.found(hit, verification);
        // As in `serve`, written out: with one function more V8 inlines less here, and a hit takes 450 instructions more.
        if (hit.quietUntil <= now && isDue(hit, now) && !flights.has(asPresented))
          refresh(header, asPresented, hit, wanted);
        return tell(hit);
      }
      const known = read(header, asPresented, now, maxAgeMs);
      if (known.kind === 'found') return verification.serve(known, wanted);
      return known.kind === 'question' ? verification.shed(known, wanted) : known;
    },

    consider(presented, longestMs) {
      const header = usable(presented);
      if (typeof header !== 'string') return header;
      // Nearly every header comes in canonical spelling, and only those are names of entries. So a hit costs
      // one digest and no parsing: the same characters were parsed before.
      const now = timeline.now();
      const maxAgeMs = boundAt(longestMs, now);
      const recalled = recent?.find(header);
      const asPresented = recalled ?? fingerprint(header);
      const entry = cache.find(asPresented, now, maxAgeMs);
      if (entry === undefined) return read(header, asPresented, now, maxAgeMs);
      if (recalled === undefined) keepRecent(header, asPresented, entry);
      return { kind: 'found', entry, authorization: header, fingerprint: asPresented, now };
    },

    serve({ entry, authorization, fingerprint, now }, wanted) {
      if (entry.quietUntil <= now && isDue(entry, now) && !flights.has(fingerprint))
        refresh(authorization, fingerprint, entry, wanted);
      return tell(entry);
    },

    shed({ fingerprint }, who) {
      if (!queue.turnsAway(who) || flights.has(fingerprint)) return undefined;
      count.misses += 1;
      count.shed += 1;
      publishVerdict(queueFull, 'lookup', count);
      return queueFull;
    },

    findAgain(wanted, now) {
      const found = wanted instanceof Wanted ? wanted.foundBy(verification) : undefined;
      if (found === undefined || parts.closed() !== undefined) return undefined;
      // What is known of privileges may be older than what may be served.
      const { maxAgeMs } = wanted;
      if (boundAt(maxAgeMs, now) !== maxAgeMs) return undefined;
      // Nearly always, and without looking it up, which saves 300 instructions.
      if (maxAgeMs === undefined && found.isQuiet(now, revocations.revision)) return found;
      const entry = cache.find(found.name, now, maxAgeMs);
      return entry === undefined || (entry.quietUntil <= now && isDue(entry, now)) ? undefined : entry;
    },

    tell,

    resolve(question, wanted, wait) {
      count[flights.has(question.fingerprint) ? 'shared' : 'misses'] += 1;
      return new Promise((resolve, reject) => {
        new WaitingCaller(callers, question, wanted, wait, resolve, reject).fly();
      });
    },

    questionOf,
  };
  return verification;

  function keepRecent(header: string, fingerprint: Fingerprint, { verdict }: Entry): void {
    if (verdict.kind === 'authenticated') recent?.keep(header, fingerprint);
  }

  /** The one value presented, if it can be a credential's and has to be looked at. */
  function usable(presented: Presented): string | Rejected | Unavailable {
    const closed = parts.closed();
    if (closed !== undefined) return unasked(closed, count);
    const header = headerOf(presented);
    if (header === undefined) return unasked(rejected('credentials_missing'), count);
    if (header === null || header.length > maxHeaderLength) {
      return unasked(rejected('credentials_malformed'), count);
    }
    return header;
  }

  /** What a header says that is no name of an entry. */
  function read(
    header: string,
    asPresented: Fingerprint,
    now: number,
    maxAgeMs: number | undefined,
  ): Rejected | Found | Question {
    const credential = parseCredential(header, schemes);
    if (credential.kind === 'unusable') {
      if (credential.code === 'scheme_unsupported') warnOfBasic(header);
      return unasked(rejected(credential.code), count);
    }
    const { authorization } = credential;
    if (authorization === header) return { kind: 'question', credential, fingerprint: asPresented };
    const canonical = fingerprint(authorization);
    const entry = cache.find(canonical, now, maxAgeMs);
    if (entry === undefined) return { kind: 'question', credential, fingerprint: canonical };
    return { kind: 'found', entry, authorization, fingerprint: canonical, now };
  }

  function tell({ verdict }: Entry): Verdict {
    count.hits += 1;
    publishVerdict(verdict, 'memory', count);
    return verdict;
  }

  function boundAt(maxAgeMs: number | undefined, now: number): number | undefined {
    return bound === undefined ? maxAgeMs : bound(maxAgeMs, now);
  }

  /** A miss reads the clock a dozen times, 170 instructions each: not where nothing bounds it. */
  function boundNow(maxAgeMs: number | undefined): number | undefined {
    return bound === undefined ? maxAgeMs : bound(maxAgeMs, timeline.now());
  }

  /** Asks again in the background; the answer goes to `cache.remember` like any other. */
  function refresh(
    authorization: string,
    fingerprint: Fingerprint,
    entry: Entry,
    { source }: Remembering,
  ): void {
    const question = questionOf({ authorization, fingerprint });
    if (question.kind !== 'question') return;
    count.refreshes += 1;
    const start = (departure: Departure) => lookUp(question, { background: true, source }, departure);
    const deadline = clock.monotonic() + timeoutMs;
    const asked = flights.join(fingerprint, start, { deadline, justCame: true, late });
    inBackground(asked, ({ verdict }) => verdict.kind === 'unavailable', [entry], parts);
  }

  function questionOf({
    authorization,
    fingerprint,
  }: Pick<Found, 'authorization' | 'fingerprint'>): Question | Rejected {
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

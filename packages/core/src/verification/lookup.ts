// One lookup: waits for its place on the wire, asks, and asks again if what it learnt was revoked meanwhile.
// Its answer is remembered here; who waits for it is `single-flight.ts`'s business.

import type { Cache } from '../memory/cache.js';
import type { Fingerprint } from '../memory/fingerprint.js';
import type { Revocations } from '../memory/revocation.js';
import { areLookupsObserved, publishLookup } from '../observation/events.js';
import type { Counters } from '../observation/stats.js';
import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
import type { Asking, Elasticsearch } from '../upstream/elasticsearch.js';
import type { Credential } from '../values/credential.js';
import { LookupError } from '../values/errors.js';
import { type Unavailable, unavailable, type Verdict } from '../values/verdict.js';
import type { Entrance, Queue } from './queue.js';
import type { Departure } from './single-flight.js';

/** What has to be asked: the credential lives in this value for as long as its lookup, and nowhere else. */
export interface Question {
  readonly kind: 'question';
  readonly credential: Credential;
  readonly fingerprint: Fingerprint;
}

export interface LookupParts {
  readonly clock: Clock;
  readonly timeline: Timeline;
  /** How long a lookup may take, in milliseconds; our own queue not counted. */
  readonly timeoutMs: number;
  /**
   * What a lookup brings counts if it started so many milliseconds ago at most, on the timeline: a machine may have
   * slept over it, or this process stood still.
   */
  readonly longestMs: number;
  readonly queue: Queue;
  readonly elasticsearch: Elasticsearch;
  readonly revocations: Revocations;
  readonly cache: Cache;
  /** Told of a refusal that is remembered, if others may know the credential (`sharing`). */
  readonly refused?: ((fingerprint: Fingerprint) => void) | undefined;
}

/** For whom a lookup is made. */
export interface LookupContext {
  /** Nobody waited from the start. */
  readonly background: boolean;
  readonly source: string | undefined;
  /** How old may be what others have looked up, in milliseconds: as old as it likes if it does not say. */
  readonly maxAgeMs?: number | undefined;
}

/** What a lookup brings, and where the counter of revocations stood when it started. */
export interface Landed {
  readonly verdict: Verdict;
  readonly revision: number;
  /** Another process has looked it up: since when it counts, on the timeline. */
  readonly sharedSince?: number;
}

export type LookUp = (question: Question, context: LookupContext, departure: Departure) => Promise<Landed>;

/** A verdict that no revocation concerns. */
export function notRevocable(verdict: Verdict): Landed {
  return { verdict, revision: Infinity };
}

/** One for all: being turned away is attacker-paced, so it must cost nothing. */
export const queueFull: Unavailable = unavailable(
  new LookupError('queue_full', 'too many lookups wait; see upstream.maxConcurrent and upstream.maxQueue'),
);
/** What a lookup ends with when nobody will see it. */
export const unseen: Unavailable = unavailable(
  new LookupError('timeout', 'nobody waited for this lookup any more'),
);

/** What a caller gets whose time is up. */
export function outOfTime(timeoutMs: number): Unavailable {
  return unavailable(new LookupError('timeout', `no verdict within ${timeoutMs} ms (upstream.timeoutMs)`));
}

const noRoom = notRevocable(queueFull);
/** The same, of no credential. */
export const nobodyWaits: Landed = notRevocable(unseen);

/** @param count kept up to date. */
export function createLookup(parts: LookupParts, count: Counters): LookUp {
  const { clock, timeline, timeoutMs, longestMs, queue, elasticsearch, revocations, cache } = parts;

  return (question, { background, source }, departure) => {
    const entered = queue.enter(source, departure.abandoned);
    // What waits for its turn is no more than this function: many may.
    if (entered instanceof Promise)
      return entered.then((place) => lookUp(place, question, background, departure, true));
    return lookUp(entered, question, background, departure, false);
  };

  function turnedAway(why: 'full' | 'left'): Landed {
    if (why === 'left') return nobodyWaits;
    count.shed += 1;
    return noRoom;
  }

  async function lookUp(
    place: Entrance,
    question: Question,
    background: boolean,
    departure: Departure,
    waited: boolean,
  ): Promise<Landed> {
    if (typeof place === 'string') return turnedAway(place);
    const { abandoned } = departure;
    const { credential, fingerprint } = question;
    const besides = queue.enterNow;
    const wasGood = () => cache.find(fingerprint, timeline.now())?.verdict.kind === 'authenticated';
    let deadline = waited ? undefined : departure.deadline;
    // Who need not wait for his turn asks in the instant in which he departed.
    let startedAt = waited ? undefined : departure.startedAt;
    try {
      // Until the answer is young, and not older than a revocation that concerns it; callers leave when they must.
      for (;;) {
        const endsAt = deadline ?? clock.monotonic() + timeoutMs;
        departure.endsAt(endsAt);
        const lookup = cache.begin(fingerprint, startedAt);
        const askedAt = areLookupsObserved() ? clock.monotonic() : endsAt - timeoutMs;
        count.lookups += 1;
        const asking: Asking = { credential, abandoned, endsAt, besides, wasGood, node: undefined };
        let verdict: Verdict;
        try {
          verdict = await elasticsearch.authenticate(asking);
        } finally {
          cache.end(fingerprint, lookup);
        }
        if (abandoned.aborted) return notRevocable(verdict);
        if (areLookupsObserved()) {
          const tookMs = clock.monotonic() - askedAt;
          publishLookup('identity', verdict, tookMs, background, asking.node, departure, count);
        }
        if (verdict.kind === 'unavailable') {
          count.unavailable += 1;
          return notRevocable(verdict);
        }
        const overruled = lookup.overruled && verdict.kind === 'authenticated';
        const now = timeline.now();
        const old = now - lookup.startedAt > longestMs;
        if (!old && !overruled && !revocations.outdates(lookup.revision, fingerprint, verdict)) {
          if (verdict.kind === 'rejected') count.refusals += 1;
          cache.remember(fingerprint, verdict, lookup, now);
          return { verdict, revision: lookup.revision };
        }
        deadline = undefined;
        startedAt = undefined;
      }
    } finally {
      place();
    }
  }
}

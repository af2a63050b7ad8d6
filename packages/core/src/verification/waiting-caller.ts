// One caller whose credential has to be asked about, from then on until he has a verdict that counts. He hears of it in
// his own person, without a promise for each part of his way: with those each of ten thousand who wait for one lookup
// held 1 600 bytes.

import { AsyncResource } from 'node:async_hooks';
import type { Cache } from '../memory/cache.js';
import type { Revocations } from '../memory/revocation.js';
import { isObserved, publishVerdict } from '../observation/events.js';
import type { Counters } from '../observation/stats.js';
import type { Timeline } from '../time/timeline.js';
import type { UnavailableCode } from '../values/codes.js';
import type { Unavailable, Verdict } from '../values/verdict.js';
import { type Landed, type LookUp, notRevocable, type Question } from './lookup.js';
import { Passenger, type Wait } from './passenger.js';
import type { Departure, SingleFlight, Starter } from './single-flight.js';

/** What a caller may ask for. */
export interface Asked {
  readonly maxAgeMs?: number | undefined;
  readonly source?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What all callers have in common. */
export interface CallerParts {
  readonly timeline: Timeline;
  readonly flights: SingleFlight<Landed>;
  readonly lookUp: LookUp;
  readonly revocations: Revocations;
  readonly cache: Cache;
  readonly count: Counters;
  /** What whoever runs out of time gets. */
  readonly late: Landed;
  /** How old may be what is served now, of what was asked for. */
  readonly boundNow: (maxAgeMs: number | undefined) => number | undefined;
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

export class WaitingCaller extends Passenger<Landed> implements Starter<Landed> {
  readonly deadline: number;
  justCame: boolean;
  readonly signal: AbortSignal | undefined;
  readonly maxAgeMs: number | undefined;
  readonly #parts: CallerParts;
  readonly #question: Question;
  readonly #asked: Asked;
  readonly #resolve: (verdict: Verdict) => void;
  readonly #reject: (reason: unknown) => void;
  /** In which he asked, so that what is published of him can be told to be his. */
  readonly #context: AsyncResource | undefined;

  constructor(
    parts: CallerParts,
    question: Question,
    asked: Asked,
    { deadline, justCame }: Wait,
    resolve: (verdict: Verdict) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.deadline = deadline;
    this.justCame = justCame;
    this.signal = asked.signal;
    this.maxAgeMs = parts.boundNow(asked.maxAgeMs);
    this.#parts = parts;
    this.#question = question;
    this.#asked = asked;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#context = isObserved() ? new AsyncResource('esauth') : undefined;
  }

  get late(): Landed {
    return this.#parts.late;
  }

  fly(): void {
    const { signal } = this;
    const closed = this.#parts.closed();
    if (signal?.aborted) this.fail(signal.reason);
    else if (closed !== undefined) this.#conclude(notRevocable(closed));
    else this.#parts.flights.board(this.#question.fingerprint, this);
  }

  start(departure: Departure): Promise<Landed> {
    const context = { background: false, source: this.#asked.source, maxAgeMs: this.maxAgeMs };
    return this.#parts.lookUp(this.#question, context, departure);
  }

  land(landed: Landed): void {
    if (this.#context === undefined) this.#hear(landed);
    else this.#context.runInAsyncScope(this.#hear, this, landed);
  }

  fail(reason: unknown): void {
    this.#reject(reason);
  }

  #hear(landed: Landed): void {
    try {
      // Callers hear of a verdict some microtasks after it was found good. In between there is room for a revocation, and
      // for callers that come after it.
      if (this.#counts(landed)) {
        this.#conclude(landed);
      } else {
        this.justCame = false;
        this.fly();
      }
    } catch (error) {
      // It is his alone, and not of those who wait beside him.
      this.#reject(error);
    }
  }

  #counts({ verdict, revision, sharedSince }: Landed): boolean {
    const { revocations, timeline } = this.#parts;
    if (revocations.outdates(revision, this.#question.fingerprint, verdict)) return false;
    // Whoever joined a lookup may have asked for a younger verdict than somebody else had made.
    const { maxAgeMs } = this;
    return sharedSince === undefined || maxAgeMs === undefined || timeline.now() - sharedSince <= maxAgeMs;
  }

  #conclude(landed: Landed): void {
    const { cache, timeline, boundNow, count } = this.#parts;
    const { verdict, sharedSince } = landed;
    const stale =
      this.#mayBridge(landed) && boundNow(this.maxAgeMs) === undefined
        ? cache.findStale(this.#question.fingerprint, timeline.now())
        : undefined;
    if (stale === undefined) {
      publishVerdict(verdict, sharedSince === undefined ? 'lookup' : 'shared', count);
      this.#resolve(verdict);
    } else {
      count.stale += 1;
      publishVerdict(stale, 'stale', count);
      this.#resolve(Object.freeze({ ...stale, stale: true as const }));
    }
  }

  #mayBridge(landed: Landed): boolean {
    // Who ran out of time while the lookup waited in our queue, and not at a node, may have filled it himself.
    return landed !== this.late && landed.verdict.kind === 'unavailable' && bridged.has(landed.verdict.code);
  }
}

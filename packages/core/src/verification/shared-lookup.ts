// A lookup that first looks whether another process has made it already, and has one of them ask for all. What it finds
// is remembered as if it had been asked here, at its own age; what it has to ask is kept for the others. An engine that
// is slow or away changes nothing but that.

import type { Cache } from '../memory/cache.js';
import { isDue } from '../memory/refresh.js';
import type { Revocations } from '../memory/revocation.js';
import type { SharedName } from '../sharing/port.js';
import type { Found, SharedVerdicts } from '../sharing/shared-verdicts.js';
import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
import { type Landed, type LookUp, type LookupContext, nobodyWaits, type Question } from './lookup.js';
import type { Departure } from './single-flight.js';

export interface SharedLookupParts {
  readonly clock: Clock;
  readonly timeline: Timeline;
  /** How long a caller waits at most, in milliseconds. */
  readonly timeoutMs: number;
  readonly cache: Cache;
  readonly revocations: Revocations;
  readonly shared: SharedVerdicts;
}

/** Between two looks for what somebody else is asking, growing from one to the other, in milliseconds. */
const shortestWaitMs = 5;
const longestWaitMs = 40;

/** @returns `lookUp`, by way of what others know. */
export function createSharedLookup(parts: SharedLookupParts, lookUp: LookUp): LookUp {
  const { clock, timeline, timeoutMs, cache, revocations, shared } = parts;

  return async (question, context, departure) => {
    const name = shared.nameOf(question.credential.authorization, question.fingerprint);
    // Until then nobody else keeps an eye on the time; none of what is asked of an engine takes longer.
    if (departure.deadline !== undefined) departure.endsAt(departure.deadline);
    const found = context.maxAgeMs === 0 ? undefined : await search(name, question, context, departure);
    if (found?.kind === 'landed') return found.landed;
    try {
      if (departure.abandoned.aborted) return nobodyWaits;
      const kept = found?.kind !== 'absent' || found.kept;
      return await ask(name, question, context, departure, kept);
    } finally {
      if (found?.kind === 'absent' && found.holds) shared.release(name);
    }
  };

  /** Looks once, and then for as long as somebody else is asking. */
  async function search(
    name: SharedName,
    question: Question,
    context: LookupContext,
    { abandoned }: Departure,
  ) {
    // So that half of a caller's time is left to ask, also if the last look brings nothing in time.
    const longest = Math.min(shared.leaseMs, timeoutMs / 2 - shared.timeoutMs);
    const waitsUntil = clock.monotonic() + longest;
    let waitMs = shortestWaitMs;
    for (let waited = false; ; waited = true) {
      const found = await look(name, question, context);
      if (found.kind !== 'absent') return found;
      if (abandoned.aborted || shared.leaseMs === 0) return { ...found, holds: false };
      const othersAsk = found.leased || (!waited && !(await shared.lease(name)));
      // Whoever asked for all and is done has found nothing that can be shared: from then on each asks for itself. He
      // may yet keep something, late, that began before.
      if (!othersAsk) return { ...found, kept: waited || found.kept, holds: !waited };
      const left = waitsUntil - clock.monotonic();
      if (left <= 0) return { ...found, kept: true, holds: false };
      await new Promise<void>((resolve) => clock.after(Math.min(waitMs, left), resolve));
      waitMs = Math.min(2 * waitMs, longestWaitMs);
    }
  }

  async function look(
    name: SharedName,
    { fingerprint }: Question,
    context: LookupContext,
  ): Promise<Exclude<Found, { kind: 'found' }> | { readonly kind: 'landed'; readonly landed: Landed }> {
    const reading = cache.begin(fingerprint);
    const found = await shared.find(name, fingerprint).finally(() => cache.end(fingerprint, reading));
    if (found.kind !== 'found') return found;
    const { verdict, startedAt, leased } = found;
    const { revision, overruled } = reading;
    const now = timeline.now();
    const { expiresAt, refreshAt } = cache.lifetimeFrom(startedAt);
    // What is due here is due there: somebody has to ask.
    const old = expiresAt <= now || (context.background && isDue({ refreshAt }, now));
    const tooOld = context.maxAgeMs !== undefined && now - startedAt > context.maxAgeMs;
    const counts =
      !old &&
      !tooOld &&
      !overruled &&
      !revocations.outdates(revision, fingerprint, verdict) &&
      !hasEnded(verdict);
    if (!counts || !cache.adopt(fingerprint, verdict, { startedAt, revision })) {
      return { kind: 'absent', leased, kept: true };
    }
    return { kind: 'landed', landed: { verdict, revision, sharedSince: startedAt } };
  }

  /** A credential's own end, by the clock here. */
  function hasEnded({ identity }: Extract<Found, { kind: 'found' }>['verdict']): boolean {
    return (identity.expiresAt ?? Infinity) <= clock.wall();
  }

  /** @param mayBeThere somebody else may have kept what a refusal contradicts. */
  async function ask(
    name: SharedName,
    question: Question,
    context: LookupContext,
    departure: Departure,
    mayBeThere: boolean,
  ): Promise<Landed> {
    const start = shared.start();
    let said = false;
    const { abandoned, deadline } = departure;
    const asking = lookUp(question, context, {
      abandoned,
      // It is asked from now on.
      startedAt: timeline.now(),
      deadline,
      // Made when somebody looks at it.
      get token() {
        return departure.token;
      },
      endsAt(instant) {
        said = true;
        departure.endsAt(instant);
      },
    });
    // It has to wait for its turn: callers keep an eye on their own time.
    if (!said) departure.endsAt(Infinity);
    const landed = await asking;
    const { verdict } = landed;
    if (verdict.kind === 'authenticated' && start !== undefined) shared.keep(name, verdict, start);
    if (verdict.kind === 'rejected' && mayBeThere) shared.refuse(question.fingerprint);
    return landed;
  }
}

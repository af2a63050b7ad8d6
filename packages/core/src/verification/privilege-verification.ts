// From a header and a question about privileges to an answer: verifies first, then puts the answer together from
// what is remembered with the identity and what has to be asked.

import type { Cache } from '../memory/cache.js';
import type { Fingerprint } from '../memory/fingerprint.js';
import type { KnownFact, PrivilegeMemory } from '../memory/privilege-memory.js';
import { isDue } from '../memory/refresh.js';
import type { Revocations } from '../memory/revocation.js';
import { publishVerdict } from '../observation/events.js';
import type { Counters } from '../observation/stats.js';
import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
import type { Presented } from '../values/credential.js';
import { type Fact, factsOf, type PrivilegesQuestion, privilegesOf } from '../values/privileges.js';
import type { Authenticated, PrivilegesVerdict } from '../values/verdict.js';
import type { Wait } from './passenger.js';
import type { PrivilegeLookups, PrivilegesInquiry } from './privilege-lookup.js';
import type { Verification, VerifyOptions } from './verification.js';
import type { Wanted } from './wanted.js';

export interface PrivilegeVerification {
  hasPrivileges(
    presented: Presented,
    question: PrivilegesQuestion,
    wanted: VerifyOptions,
  ): Promise<PrivilegesVerdict>;
  peekPrivileges(
    presented: Presented,
    question: PrivilegesQuestion,
    wanted: VerifyOptions,
  ): PrivilegesVerdict | undefined;
  /**
   * Whether all of this is remembered as granted, of whom a gate has let in, and nothing is due. Counts as the same hit
   * as `peekPrivileges`, and does nothing if not.
   */
  areGranted(facts: readonly Fact[], wanted: Wanted): boolean;
}

export interface PrivilegeVerificationParts {
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly timeoutMs: number;
  readonly cache: Cache;
  readonly revocations: Revocations;
  readonly verification: Verification;
  readonly lookups: PrivilegeLookups;
  readonly count: Counters;
}

export function createPrivilegeVerification(parts: PrivilegeVerificationParts): PrivilegeVerification {
  const { clock, timeline, timeoutMs, cache, revocations, verification, lookups } = parts;

  return {
    areGranted(facts, wanted) {
      const now = timeline.now();
      const entry = verification.findAgain(wanted, now);
      if (entry === undefined) return false;
      // Once: it is looked up each time.
      const { privileges } = entry;
      if (privileges === undefined || entry.verdict.kind !== 'authenticated') return false;
      const { maxAgeMs } = wanted;
      for (const { key } of facts) {
        const fact = privileges.find(key, now, maxAgeMs);
        if (fact === undefined || !fact.granted || isDue(fact, now)) return false;
      }
      verification.tell(entry);
      return true;
    },

    async hasPrivileges(presented, asked, wanted) {
      const facts = factsOf(asked);
      const wait = { deadline: clock.monotonic() + timeoutMs, justCame: true };
      // Once more whenever his identity has ended while he waited: revoked, refused or past its lifetime.
      for (;;) {
        wanted.signal?.throwIfAborted();
        const { revision } = revocations;
        const known = verification.consider(presented, wanted.maxAgeMs);
        const question = known.kind === 'found' ? verification.questionOf(known) : known;
        if (question.kind !== 'question') return question;
        const verdict =
          known.kind === 'found'
            ? verification.serve(known, wanted)
            : await verification.resolve(question, wanted, { ...wait });
        wait.justCame &&= known.kind === 'found';
        if (verdict.kind !== 'authenticated') return verdict;
        // Read before he waits: an entry that another yes has replaced by then has not ended for him.
        const expiresAt = known.kind === 'found' ? known.entry.expiresAt : undefined;
        const memory = cache.privilegesOf(question.fingerprint);
        const inquiry = { question, verdict, revision, memory };
        const answer = await find(inquiry, facts, { ...wanted, ...wait });
        wait.justCame = false;
        const ended = answer.kind === 'answered' && hasEnded(expiresAt, question.fingerprint);
        if (ended || answer.kind === 'outdated') continue;
        if (answer.kind !== 'answered') publishVerdict(answer, 'lookup', parts.count);
        return answer;
      }
    },

    peekPrivileges(presented, asked, wanted) {
      const facts = factsOf(asked);
      const again = answerAgain(facts, wanted);
      if (again !== undefined) return again;
      const known = verification.consider(presented, wanted.maxAgeMs);
      if (known.kind === 'question') return undefined;
      if (known.kind !== 'found') return known;
      const { entry, now } = known;
      if (entry.verdict.kind === 'rejected') return entry.verdict;
      const recalled = recall(entry.privileges, facts, now, wanted.maxAgeMs);
      if (recalled.size < facts.length) return undefined;
      verification.serve(known, wanted);
      const due = dueAmong(facts, recalled, now);
      const question = due.size > 0 ? verification.questionOf(known) : undefined;
      if (question?.kind === 'question') {
        const { revision } = revocations;
        const inquiry = { question, verdict: entry.verdict, revision, memory: entry.privileges };
        lookups.refresh(inquiry, due, wanted.source);
      }
      return answerOf(entry.verdict, facts, recalled);
    },
  };

  /** What is remembered of whom a gate has let in, if that is all and nothing of it is due. */
  function answerAgain(facts: readonly Fact[], wanted: VerifyOptions): PrivilegesVerdict | undefined {
    const now = timeline.now();
    const entry = verification.findAgain(wanted, now);
    if (entry === undefined || entry.verdict.kind !== 'authenticated') return undefined;
    const recalled = recall(entry.privileges, facts, now, wanted.maxAgeMs);
    if (recalled.size < facts.length || dueAmong(facts, recalled, now).size > 0) return undefined;
    verification.tell(entry);
    return answerOf(entry.verdict, facts, recalled);
  }

  /** Whether what was remembered has outlived its lifetime, or is not remembered any more, or there is a refusal. */
  function hasEnded(expiresAt: number | undefined, fingerprint: Fingerprint): boolean {
    const now = timeline.now();
    const current = cache.find(fingerprint, now);
    if (current?.verdict.kind === 'rejected') return true;
    return expiresAt !== undefined && (expiresAt <= now || current === undefined);
  }

  /** What is remembered, and what has to be asked for until all is known. */
  async function find(
    inquiry: PrivilegesInquiry,
    facts: readonly Fact[],
    wanted: VerifyOptions & Wait,
  ): Promise<PrivilegesVerdict | { readonly kind: 'outdated' }> {
    const { deadline, source, signal, maxAgeMs } = wanted;
    let { justCame } = wanted;
    const learnt = new Map<string, KnownFact>();
    let mayJoin = true;
    for (;;) {
      // All is looked at in one turn, so that nothing has outlived its lifetime when it is told.
      const now = timeline.now();
      const known = recall(inquiry.memory, facts, now, maxAgeMs, learnt);
      if (known.size === facts.length) {
        const due = dueAmong(facts, known, now);
        if (due.size > 0) lookups.refresh(inquiry, due, source);
        return answerOf(inquiry.verdict, facts, known);
      }
      const missing = facts.filter(({ key }) => !known.has(key));
      const waiter = { deadline, justCame, source, signal, maxAgeMs, mayJoin };
      const outcome = await lookups.ask(inquiry, missing, waiter);
      justCame = false;
      if (outcome.kind === 'learnt') {
        for (const [key, fact] of outcome.facts) learnt.set(key, fact);
      } else if (outcome.kind !== 'invalid') {
        return outcome;
      } else if (outcome.joined) {
        // What somebody else asked for in the same request is not this caller's mistake.
        mayJoin = false;
      } else {
        throw outcome.error;
      }
    }
  }
}

/** What is known of these facts. @param learnt just now, which is good whatever its age. */
function recall(
  memory: PrivilegeMemory | undefined,
  facts: readonly Fact[],
  now: number,
  maxAgeMs: number | undefined,
  learnt?: ReadonlyMap<string, KnownFact>,
): ReadonlyMap<string, KnownFact> {
  const known = new Map<string, KnownFact>();
  for (const { key } of facts) {
    const fact = learnt?.get(key) ?? memory?.find(key, now, maxAgeMs);
    if (fact !== undefined) known.set(key, fact);
  }
  return known;
}

/** Facts that are to be asked again in the background; the answer is remembered like any other. */
function dueAmong(
  facts: readonly Fact[],
  known: ReadonlyMap<string, KnownFact>,
  now: number,
): ReadonlyMap<Fact, KnownFact> {
  const due = new Map<Fact, KnownFact>();
  for (const fact of facts) {
    const it = known.get(fact.key);
    if (it !== undefined && isDue(it, now)) due.set(fact, it);
  }
  return due;
}

function answerOf(
  { identity, verifiedAt }: Authenticated,
  facts: readonly Fact[],
  known: ReadonlyMap<string, KnownFact>,
): PrivilegesVerdict {
  let oldest = verifiedAt;
  for (const fact of known.values()) oldest = Math.min(oldest, fact.verifiedAt);
  const privileges = privilegesOf(facts, ({ key }) => known.get(key)?.granted === true);
  return { kind: 'answered', identity, verifiedAt: oldest, privileges };
}

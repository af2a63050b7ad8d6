// Watches a verifier and its upstream, and holds every verdict against the contract as `model.ts` has it. It does
// not do what the verifier does: it writes down who asked, what was answered and what was revoked, in order, and
// says of each verdict whether that history allows it, or demands another. What chance decides (`jitter`) may
// go either way between the two ends.
// It relies on nothing moving while it is told of the next step: `Upstream.still` in between.

import type { Authenticated, Revocable, Verdict, Verifier } from '@esauth/core';
import type { FakeClock } from './fake-clock.js';
import { createFindings } from './findings.js';
import { type Answer, type Holder, meaningOf, scriptOf } from './holders.js';
import {
  type Caller,
  createModel,
  type Known,
  type Landed,
  type Lifetimes,
  type Lookup,
  suffices,
} from './model.js';
import { respond, type Script } from './scripted-node.js';
import type { Asked, Upstream } from './upstream.js';

const askedOnceMore: ReadonlySet<Answer> = new Set(['gateway', 'reset']);
const bridged: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'overloaded', 'server_error']);
const refreshPauseMs = 1_000;

export interface Witness {
  /** Callers that wait. */
  readonly waiting: readonly AbortController[];
  /** How often what was seen. */
  readonly seen: Readonly<Record<string, number>>;
  verify(holder: Holder, spelling: number, maxAgeMs?: number): void;
  peek(holder: Holder, spelling: number, maxAgeMs?: number): void;
  revoke(subject: Revocable): void;
  /** From now on Elasticsearch accepts this credential, or does not. Only checked against, not acted on. */
  truth(holder: Holder, accepted: boolean): void;
  /** Notes what a request is answered with, and makes the answer. */
  reply(asked: Asked, answer: Answer): Script;
  closed(): void;
  /** Throws the first thing that was wrong. To be called when nothing moves. */
  audit(): void;
}

export function createWitness(
  verifier: Verifier,
  upstream: Upstream,
  clock: FakeClock,
  holders: readonly Holder[],
  lifetimes: Lifetimes,
): Witness {
  const { ttlMs, refreshAfterMs, staleIfErrorMs, jitter, timeoutMs } = lifetimes;
  const model = createModel(clock, lifetimes);
  const { seen, count, check, report } = createFindings();
  const answers = new Map<Asked, Answer>();
  const lookups: Lookup[] = [];
  const open = new Map<Asked, Lookup>();
  const refreshing = new Map<Holder, { readonly known: Known; readonly until: number }>();
  const refusedSince = new Map<Holder, number>();
  const callers = new Map<AbortController, Caller>();
  let inCall: { refreshes: Known | undefined; asked: number } | undefined;
  const before = verifier.stats();
  let { hits } = before;

  upstream.watch({ asked, over });

  // ---- what happens at the client's end of the wire

  function asked(request: Asked): void {
    const holder = holders.find(({ spellings }) => spellings[0] === request.authorization);
    if (holder === undefined) {
      check(false, 'not a canonical spelling', request.authorization);
      return;
    }
    const last = lookups.findLast((each) => each.holder === holder);
    if (last?.attempt === 'to be repeated') {
      last.attempt = 'second';
      open.set(request, last);
      return;
    }
    const repeated = last?.end?.outdated === true && inCall === undefined;
    if (inCall !== undefined) inCall.asked += 1;
    else {
      const waited = [...callers.values()].some(
        (caller) =>
          caller.holder === holder &&
          !caller.fromMemory &&
          (repeated || last === undefined || !suffices(last.first, caller)),
      );
      check(waited || (repeated && refreshing.has(holder)), 'nobody waits for this question', holder);
    }
    const start = { order: model.next, startedAt: clock.now() };
    const lookup: Lookup = {
      holder,
      ...start,
      askedAt: clock.monotonic(),
      verifiedAt: clock.wall(),
      first: repeated ? last.first : start,
      refreshes: inCall?.refreshes ?? (repeated ? last.refreshes : undefined),
      attempt: 'first',
    };
    lookups.push(lookup);
    open.set(request, lookup);
  }

  function over(request: Asked, failed: boolean): void {
    const lookup = open.get(request);
    const answer = answers.get(request);
    if (lookup === undefined) return;
    open.delete(request);
    answers.delete(request);
    if (answer !== undefined && askedOnceMore.has(answer) && lookup.attempt === 'first') {
      lookup.attempt = 'to be repeated';
      return;
    }
    const verdict = landed(lookup, failed && answer !== 'reset' ? undefined : answer);
    const yes = verdict.kind === 'yes';
    // Read after a sleep that was longer than anything may be old.
    const old = clock.now() - lookup.startedAt > Math.max(lifetimes.ttlMs, timeoutMs);
    const outdated = (yes || verdict.kind === 'no') && (old || model.revokedSince(lookup, yes));
    lookup.end = { order: model.next, verdict, outdated };
    count(verdict.kind);
    if (outdated) return;
    const { refreshes } = lookup;
    if (refreshes !== undefined && refreshing.get(lookup.holder)?.known === refreshes) {
      refreshing.delete(lookup.holder);
      if (verdict.kind === 'none') refreshes.pausedUntil = clock.now() + refreshPauseMs;
    }
    if (verdict.kind === 'yes' || verdict.kind === 'no') {
      model.learn(lookup, verdict);
    }
  }

  function landed({ askedAt, holder }: Lookup, answer: Answer | undefined): Landed {
    if (answer === undefined) {
      const late = clock.monotonic() >= askedAt + timeoutMs;
      return late ? { kind: 'none', code: 'timeout' } : { kind: 'dropped' };
    }
    const { kind, code } = meaningOf(answer);
    const end = holder.expiresAt ?? Infinity;
    if (kind === 'yes') return { kind, ownEnd: clock.now() + end - clock.wall() };
    const past = code === 'credentials_invalid' && end <= clock.wall();
    return { kind, code: past ? 'credentials_expired' : code };
  }

  // ---- what callers get

  function judge(caller: Caller, verdict: Verdict) {
    const { holder, maxAgeMs } = caller;
    const now = clock.monotonic();
    const waited = now - caller.at;
    const said = [verdict, { maxAgeMs, waited, lifetimes }];
    count(verdict.kind);
    check(waited <= timeoutMs, 'every caller is answered before its deadline', said);
    const last = lookups.findLast(
      (each) => each.holder === holder && (each.end?.order ?? 0) > caller.order && !each.end?.outdated,
    );
    const lookup = last !== undefined && !caller.fromMemory && suffices(last, caller) ? last : undefined;
    const outcome = lookup?.end?.verdict;
    const late = waited === timeoutMs;

    switch (verdict.kind) {
      case 'authenticated':
        return judgeIdentity(caller, verdict, lookup);
      case 'rejected': {
        const before = caller.remembered.known?.verdict;
        const reason = caller.fromMemory ? before : outcome;
        check(reason?.kind === 'no' && reason.code === verdict.code, 'never a no from no verdict', said);
        return;
      }
      case 'unavailable': {
        const failed = outcome?.kind === 'none' && outcome.code === verdict.code;
        check(!caller.fromMemory, 'no verdict is never remembered', said);
        const timedOut = late && verdict.code === 'timeout';
        const closed = model.closed && verdict.code === 'closed';
        check(failed || timedOut || closed, 'unavailable only without a verdict', said);
        const bridge =
          maxAgeMs === undefined && bridged.has(verdict.code) && model.stale(holder).may === 'must';
        check(!bridge, 'a stale identity is served within staleIfErrorMs', said);
      }
    }
  }

  function judgeIdentity(caller: Caller, verdict: Authenticated, lookup: Lookup | undefined) {
    const { holder, maxAgeMs, fromMemory } = caller;
    const { identity, verifiedAt } = verdict;
    const now = clock.monotonic();
    const said = [verdict, { maxAgeMs, waited: now - caller.at, lifetimes }];
    const source = lookups.find(({ order }) => order === identity.metadata.serial);
    if (source === undefined) return check(false, 'an identity that was never answered', said);
    check(source.holder === holder, "never A's identity for B's credential", said);
    check(identity.username === holder.username, 'the answer is passed on as it was', said);
    check(verifiedAt === source.verifiedAt, 'verifiedAt is the start of its lookup', said);
    check(!model.revokedSince(source, true), 'nothing of before a revoke after it', said);
    check(model.lastWord(holder)?.lookup === source, 'only the last word counts', said);
    if (maxAgeMs !== undefined) {
      check(source.order > caller.order || maxAgeMs > 0, 'maxAgeMs 0 means asked after I called', said);
      check(caller.instant - source.startedAt <= maxAgeMs, 'nothing is older than maxAgeMs', said);
    }
    const refusedMs = now - (refusedSince.get(holder) ?? now);
    const bound = Math.max(timeoutMs, ttlMs + (verdict.stale ? staleIfErrorMs : 0));
    check(refusedMs <= bound, 'refused for longer than the bound', said);

    const outcome = lookup?.end?.verdict;
    const fromBefore = (source.end?.order ?? Infinity) < caller.order;
    if (verdict.stale) {
      count('stale');
      check(maxAgeMs === undefined, 'never stale with maxAgeMs', said);
      check(clock.now() - source.startedAt >= ttlMs * (1 - jitter), 'stale only past ttlMs', said);
      check(model.stale(holder).may !== 'not', 'stale only within staleIfErrorMs', said);
      const failed = outcome?.kind === 'none' && bridged.has(outcome.code);
      const late = now - caller.at === timeoutMs;
      check(fromBefore && !fromMemory && (failed || late), 'stale only after a failure', said);
    } else if (fromMemory) {
      check(fromBefore && caller.remembered.known?.lookup === source, 'what was remembered', said);
    } else {
      check(lookup === source && outcome?.kind === 'yes', 'a verdict is of a lookup waited for', said);
    }
  }

  function callerOf(holder: Holder, maxAgeMs: number | undefined): Caller {
    const remembered = model.remembered(holder, maxAgeMs);
    const [at, instant] = [clock.monotonic(), clock.now()];
    return { holder, order: model.next, at, instant, maxAgeMs, remembered, fromMemory: false };
  }

  /** Makes a call, and checks what can be seen of it in the same turn. */
  function call<T>(caller: Caller, waits: boolean, present: () => T): T {
    const { holder, maxAgeMs } = caller;
    const { may, known: last } = caller.remembered;
    const busy = [...open.values()].some((lookup) => lookup.holder === holder);
    inCall = { refreshes: undefined, asked: 0 };
    // If the verifier asks now although it knows, it is to refresh what it knows.
    if (may !== 'not' && last !== undefined) inCall.refreshes = last;
    const result = present();
    const { asked: questions } = inCall;
    inCall = undefined;
    const fromMemory = verifier.stats().hits > hits;
    caller.fromMemory = fromMemory;
    if (fromMemory) hits += 1;
    const lookup = open.size > 0 ? lookups.at(-1) : undefined;
    const said = { may, maxAgeMs, busy, questions, fromMemory, lifetimes };
    check(fromMemory ? may !== 'not' : may !== 'must', 'what is remembered is what is served', said);
    if (fromMemory && last?.verdict.kind === 'yes') {
      const age = clock.now() - last.lookup.startedAt;
      const off = refreshAfterMs === 0 || busy || last.pausedUntil > clock.now();
      const due = off ? 'must' : model.within(age, refreshAfterMs);
      check(due === 'might' || questions === (due === 'not' ? 1 : 0), 'refreshed when due', {
        due,
        age,
        said,
      });
      if (questions === 1) {
        count('refresh');
        refreshing.set(holder, { known: last, until: clock.monotonic() + timeoutMs });
      }
    } else {
      const expected = waits && !fromMemory && !busy && !model.closed ? 1 : 0;
      check(questions === expected, 'one lookup for a credential, and only if nothing is known', said);
      if (lookup !== undefined && questions === 1) Object.assign(lookup, { refreshes: undefined });
    }
    return result;
  }

  return {
    seen,
    get waiting() {
      return [...callers.keys()];
    },

    verify(holder, spelling, maxAgeMs) {
      const controller = new AbortController();
      const { signal } = controller;
      const caller = callerOf(holder, maxAgeMs);
      callers.set(controller, caller);
      call(caller, true, () => verifier.verify(spelled(holder, spelling), { signal, maxAgeMs }))
        .then(
          (verdict) => judge(caller, verdict),
          (reason: unknown) => check(reason === signal.reason, 'rejects only with the abort reason', reason),
        )
        .finally(() => callers.delete(controller));
    },

    peek(holder, spelling, maxAgeMs) {
      const caller = callerOf(holder, maxAgeMs);
      const verdict = call(caller, false, () => verifier.peek(spelled(holder, spelling), { maxAgeMs }));
      if (verdict !== undefined) judge(caller, verdict);
    },

    revoke(subject) {
      void verifier.revoke(subject);
      model.revoke(subject);
    },

    truth(holder, accepted) {
      if (accepted) refusedSince.delete(holder);
      else if (!refusedSince.has(holder)) refusedSince.set(holder, clock.monotonic());
    },

    reply(request, answer) {
      answers.set(request, answer);
      const lookup = open.get(request);
      return lookup === undefined ? respond() : scriptOf(answer, lookup.holder, lookup.order);
    },

    closed() {
      model.close();
      refreshing.clear();
    },

    audit() {
      const now = clock.monotonic();
      for (const [who, { until }] of refreshing) if (until <= now) refreshing.delete(who);
      for (const { signal } of callers.keys()) check(!signal.aborted, 'who leaves is let go');
      // Everybody left before it could be.
      for (const lookup of lookups) if (lookup.attempt === 'to be repeated') lookup.attempt = 'second';
      for (const holder of holders) {
        const waiters = [...callers.values()].filter((caller) => caller.holder === holder);
        const questions = [...open.values()].filter((lookup) => lookup.holder === holder).length;
        check(questions <= 1, 'never more than one flight for one credential', holder);
        const wanted = waiters.length > 0 || refreshing.has(holder);
        check(questions === Number(wanted), 'asked for as long as somebody waits', { questions, holder });
        for (const caller of waiters) {
          check(now < caller.at + timeoutMs, 'every caller is answered before its deadline', caller.maxAgeMs);
          const missed = lookups.find(
            (each) =>
              each.holder === holder &&
              (each.end?.order ?? 0) > caller.order &&
              each.end?.verdict.kind !== 'dropped' &&
              !each.end?.outdated &&
              suffices(each.first, caller),
          );
          check(missed === undefined, 'a verdict is given to those who waited for it', missed);
        }
      }
      const { hits: counted, lookups: started, waiting, inFlight } = verifier.stats();
      const expected = [hits, before.lookups + lookups.length, callers.size + refreshing.size, open.size];
      const stats = [counted, started, waiting, inFlight];
      check(String(stats) === String(expected), 'stats', { stats, expected });
      report();
    },
  };
}

function spelled({ spellings }: Holder, index: number): string {
  return spellings[index % spellings.length] ?? spellings[0];
}

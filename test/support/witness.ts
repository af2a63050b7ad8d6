// Watches a verifier and its upstream, and holds every verdict against the contract (1.1 to 1.3, 1.5). It does
// not do what the verifier does: it writes down who asked, what was answered and what was revoked, in order, and
// says of each verdict whether that history allows it, or demands another. What chance decides (`jitter`) may
// go either way between the two ends.
//
// It relies on nothing moving while it is told of the next step: `Upstream.still` in between.

import { isDeepStrictEqual } from 'node:util';
import type { Revocable, Scheme, UnavailableCode, Verdict, Verifier } from '@esauth/core';
import type { FakeClock } from './fake-clock.js';
import { errorBody, identityBody, respond, type Script } from './scripted-node.js';
import type { Asked, Upstream } from './upstream.js';

/** A credential and whom Elasticsearch takes its holder for. */
export interface Holder {
  readonly scheme: Scheme;
  /** Canonical first. */
  readonly spellings: readonly [string, ...string[]];
  readonly username: string;
  readonly realm: string;
  readonly apiKeyId?: string;
  /** On the wall clock. */
  readonly expiresAt?: number;
}

/** What Elasticsearch, or what stands in its place, says of a credential. */
export type Answer = 'yes' | keyof typeof refusals | keyof typeof failures;

const refusals = {
  invalid: ['credentials_invalid', 401, 'unable to authenticate user'],
  expired: ['credentials_expired', 401, 'token expired'],
  restricted: ['credentials_restricted', 403, 'restricted to a workflow'],
} as const;

const failures: Readonly<Record<string, readonly [UnavailableCode, Script]>> = {
  broken: ['server_error', respond({ status: 500 })],
  busy: ['overloaded', respond({ status: 429 })],
  gateway: ['server_error', respond({ status: 503 })],
  unchecked: [
    'server_error',
    respond({ status: 401, body: errorBody(401, 'error attempting to authenticate request') }),
  ],
  reset: ['unreachable', (socket) => void socket.destroy()],
  empty: ['bad_response', respond({ body: '{}' })],
  stranger: ['not_elasticsearch', respond({ headers: { 'x-elastic-product': undefined } })],
};
export const failureNames: readonly string[] = Object.keys(failures);

const askedOnceMore: ReadonlySet<Answer> = new Set(['gateway', 'reset']);
const bridged: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'overloaded', 'server_error']);
const refreshPauseMs = 1_000;

export interface Lifetimes {
  readonly ttlMs: number;
  readonly refreshAfterMs: number;
  readonly staleIfErrorMs: number;
  readonly rejectedTtlMs: number;
  readonly jitter: number;
  readonly timeoutMs: number;
}

/** A question to Elasticsearch, asked once more if need be. */
interface Lookup {
  readonly holder: Holder;
  readonly order: number;
  readonly startedAt: number;
  readonly verifiedAt: number;
  /** Itself, or the first of those that were repeated because of revocations: what callers joined. */
  readonly first: Pick<Lookup, 'order' | 'startedAt'>;
  readonly refreshes: Known | undefined;
  attempts: number;
  end?: { readonly order: number; readonly verdict: Landed; readonly outdated: boolean };
}

type Landed =
  | { readonly kind: 'yes'; readonly ownEnd: number }
  | { readonly kind: 'no'; readonly code: string }
  | { readonly kind: 'none'; readonly code: string }
  | { readonly kind: 'dropped' };

/** The last word on a credential. */
interface Known {
  readonly lookup: Lookup;
  readonly verdict: Extract<Landed, { kind: 'yes' | 'no' }>;
  pausedUntil: number;
}

interface Caller {
  readonly holder: Holder;
  readonly order: number;
  readonly at: number;
  readonly maxAgeMs: number | undefined;
  readonly signal: AbortSignal;
  readonly remembered: Remembered;
  fromMemory: boolean;
}

type Remembered = { readonly may: 'must' | 'might' | 'not'; readonly known: Known | undefined };

export interface Witness {
  /** Callers that wait. */
  readonly waiting: readonly AbortController[];
  /** How many verdicts were checked, by kind, and how many lookups were seen. */
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
  const { ttlMs, refreshAfterMs, staleIfErrorMs, rejectedTtlMs, jitter, timeoutMs } = lifetimes;
  const wrong: Error[] = [];
  const revocations: { readonly order: number; readonly subject: Revocable }[] = [];
  const answers = new Map<Asked, Answer>();
  const lookups: Lookup[] = [];
  const open = new Map<Asked, Lookup>();
  const known = new Map<Holder, Known>();
  const refreshing = new Map<Holder, { readonly known: Known; readonly until: number }>();
  const refusedSince = new Map<Holder, number>();
  const callers = new Map<AbortController, Caller>();
  const seen: Record<string, number> = {};
  let order = 0;
  let inCall: { refreshes: Known | undefined; asked: number } | undefined;
  let hits = 0;
  let isClosed = false;

  upstream.watch({ asked, over });

  function check(holds: unknown, sentence: string, ...details: unknown[]): void {
    if (!holds) wrong.push(new Error(`${sentence} ${JSON.stringify(details)}`));
  }

  // ---- the model: what the contract says of one credential at one instant

  function concerns(subject: Revocable, { spellings, username, realm, apiKeyId }: Holder, yes: boolean) {
    if (subject === 'all') return true;
    if ('credential' in subject) return spellings.includes(subject.credential);
    if (!yes) return false;
    if ('apiKeyIds' in subject) return apiKeyId !== undefined && subject.apiKeyIds.includes(apiKeyId);
    const sameUser = !('username' in subject) || subject.username === username;
    // A key does not show its owner's realm, so that it is dropped for any.
    return sameUser && (subject.realm === undefined || subject.realm === realm || apiKeyId !== undefined);
  }

  function revokedSince(lookup: Lookup, yes: boolean): boolean {
    return revocations.some(
      (each) => each.order > lookup.order && concerns(each.subject, lookup.holder, yes),
    );
  }

  /** Whether an age is inside a lifetime; between what `jitter` may leave of it and all of it, perhaps. */
  function within(ageMs: number, lifetimeMs: number): Remembered['may'] {
    if (ageMs >= lifetimeMs) return 'not';
    return ageMs < lifetimeMs * (1 - jitter) ? 'must' : 'might';
  }

  function remembered(holder: Holder, lengthenedMs: number, maxAgeMs = Infinity): Remembered {
    const last = known.get(holder);
    const nothing = { may: 'not', known: undefined } as const;
    if (last === undefined || isClosed) return nothing;
    const { lookup, verdict } = last;
    const yes = verdict.kind === 'yes';
    const age = clock.monotonic() - lookup.startedAt;
    if (revokedSince(lookup, yes) || (yes && clock.monotonic() >= verdict.ownEnd)) return nothing;
    if (maxAgeMs === 0 || age > maxAgeMs) return nothing;
    return { may: within(age, yes ? ttlMs + lengthenedMs : Math.min(rejectedTtlMs, ttlMs)), known: last };
  }

  function stale(holder: Holder): Remembered {
    const all = remembered(holder, staleIfErrorMs);
    return all.known?.verdict.kind === 'yes' ? all : { may: 'not', known: undefined };
  }

  /** Whether what started then is recent enough for a caller. */
  function suffices(start: Pick<Lookup, 'order' | 'startedAt'>, caller: Caller): boolean {
    const { maxAgeMs = Infinity } = caller;
    return start.order > caller.order || (maxAgeMs > 0 && caller.at - start.startedAt <= maxAgeMs);
  }

  // ---- what happens at the client's end of the wire

  function asked(request: Asked): void {
    const holder = holders.find(({ spellings }) => spellings[0] === request.authorization);
    if (holder === undefined) {
      wrong.push(new Error(`not a canonical spelling: ${request.authorization}`));
      return;
    }
    const last = lookups.findLast((each) => each.holder === holder);
    if (last !== undefined && last.attempts === -1) {
      last.attempts = 2;
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
    const start = { order: ++order, startedAt: clock.monotonic() };
    const lookup: Lookup = {
      holder,
      ...start,
      verifiedAt: clock.wall(),
      first: repeated ? last.first : start,
      refreshes: inCall?.refreshes ?? (repeated ? last.refreshes : undefined),
      attempts: 1,
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
    if (answer !== undefined && askedOnceMore.has(answer) && lookup.attempts === 1) {
      lookup.attempts = -1;
      return;
    }
    const verdict = landed(lookup, failed && answer !== 'reset' ? undefined : answer);
    const yes = verdict.kind === 'yes';
    const outdated = (yes || verdict.kind === 'no') && revokedSince(lookup, yes);
    lookup.end = { order: ++order, verdict, outdated };
    seen[verdict.kind] = (seen[verdict.kind] ?? 0) + 1;
    if (outdated) return;
    const { refreshes } = lookup;
    if (refreshes !== undefined && refreshing.get(lookup.holder)?.known === refreshes) {
      refreshing.delete(lookup.holder);
      if (verdict.kind === 'none') refreshes.pausedUntil = clock.monotonic() + refreshPauseMs;
    }
    if (verdict.kind === 'yes' || verdict.kind === 'no') {
      known.set(lookup.holder, { lookup, verdict, pausedUntil: 0 });
    }
  }

  function landed({ startedAt, holder }: Lookup, answer: Answer | undefined): Landed {
    const now = clock.monotonic();
    if (answer === undefined) {
      return now >= startedAt + timeoutMs ? { kind: 'none', code: 'timeout' } : { kind: 'dropped' };
    }
    if (answer === 'yes') {
      return { kind: 'yes', ownEnd: now + (holder.expiresAt ?? Infinity) - clock.wall() };
    }
    const refusal = Object.entries(refusals).find(([name]) => name === answer)?.[1];
    if (refusal === undefined) return { kind: 'none', code: failures[answer]?.[0] ?? answer };
    const [code] = refusal;
    const past = (holder.expiresAt ?? Infinity) <= clock.wall();
    return { kind: 'no', code: code === 'credentials_invalid' && past ? 'credentials_expired' : code };
  }

  // ---- what callers get

  function judge(caller: Caller, verdict: Verdict): void {
    const { holder, maxAgeMs } = caller;
    const now = clock.monotonic();
    const waited = now - caller.at;
    const said = [verdict, { maxAgeMs, waited, lifetimes }];
    seen[verdict.kind] = (seen[verdict.kind] ?? 0) + 1;
    check(waited <= timeoutMs, 'every caller is answered before its deadline', said);
    const last = lookups.findLast(
      (each) => each.holder === holder && (each.end?.order ?? 0) > caller.order && !each.end?.outdated,
    );
    const lookup = last !== undefined && !caller.fromMemory && suffices(last, caller) ? last : undefined;
    const outcome = lookup?.end?.verdict;
    const late = waited === timeoutMs;

    switch (verdict.kind) {
      case 'authenticated': {
        const { identity, verifiedAt } = verdict;
        const source = lookups.find(({ order: serial }) => serial === identity.metadata.serial);
        if (source === undefined) {
          check(false, 'an identity that was never answered', said);
          return;
        }
        check(source.holder === holder, "never A's identity for B's credential", said);
        check(identity.username === holder.username, 'the answer is passed on as it was', said);
        check(verifiedAt === source.verifiedAt, 'verifiedAt is the start of its lookup', said);
        check(!revokedSince(source, true), 'nothing of before a revoke after it', said);
        const age = now - source.startedAt;
        const fromBefore = (source.end?.order ?? Infinity) < caller.order;
        if (maxAgeMs !== undefined) {
          check(source.order > caller.order || maxAgeMs > 0, 'maxAgeMs 0 means asked after I called', said);
          check(caller.at - source.startedAt <= maxAgeMs, 'nothing is older than maxAgeMs', said);
        }
        check(known.get(holder)?.lookup === source, 'only the last word counts', said);
        const refused = refusedSince.get(holder);
        const bound = Math.max(timeoutMs, ttlMs + (verdict.stale ? staleIfErrorMs : 0));
        check(refused === undefined || now - refused <= bound, 'refused for longer than the bound', said);
        if (verdict.stale) {
          seen.stale = (seen.stale ?? 0) + 1;
          check(maxAgeMs === undefined, 'never stale with maxAgeMs', said);
          check(age >= ttlMs * (1 - jitter), 'stale only past ttlMs', said);
          check(stale(holder).may !== 'not', 'stale only within staleIfErrorMs', said);
          const failed = outcome?.kind === 'none' && bridged.has(outcome.code);
          check(fromBefore && !caller.fromMemory && (failed || late), 'stale only after a failure', said);
        } else if (caller.fromMemory) {
          check(fromBefore && caller.remembered.known?.lookup === source, 'remembered', said);
        } else {
          check(lookup === source && outcome?.kind === 'yes', 'a verdict is of a lookup waited for', said);
        }
        return;
      }
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
        const closed = isClosed && verdict.code === 'closed';
        check(failed || timedOut || closed, 'unavailable only without a verdict', said);
        const bridge = maxAgeMs === undefined && bridged.has(verdict.code) && stale(holder).may === 'must';
        check(!bridge, 'a stale identity is served within staleIfErrorMs', said);
      }
    }
  }

  /** Makes a call, and checks what can be seen of it in the same turn. */
  function call<T>(holder: Holder, maxAgeMs: number | undefined, waits: boolean, present: () => T) {
    const { may, known: last } = remembered(holder, 0, maxAgeMs);
    const busy = [...open.values()].some((lookup) => lookup.holder === holder);
    const hitsBefore = verifier.stats().hits;
    inCall = { refreshes: undefined, asked: 0 };
    // If the verifier asks now although it knows, it is to refresh what it knows.
    if (may !== 'not' && last !== undefined) inCall.refreshes = last;
    const result = present();
    const { asked: questions } = inCall;
    inCall = undefined;
    const fromMemory = verifier.stats().hits > hitsBefore;
    if (fromMemory) hits += 1;
    const lookup = open.size > 0 ? lookups.at(-1) : undefined;
    const said = { may, maxAgeMs, busy, questions, fromMemory, lifetimes };
    check(fromMemory ? may !== 'not' : may !== 'must', 'what is remembered is what is served', said);
    if (fromMemory && last?.verdict.kind === 'yes') {
      const age = clock.monotonic() - last.lookup.startedAt;
      const off = refreshAfterMs === 0 || busy || last.pausedUntil > clock.monotonic();
      const due = off ? 'must' : within(age, refreshAfterMs);
      check(due === 'might' || questions === (due === 'not' ? 1 : 0), 'refreshed when due', {
        due,
        age,
        said,
      });
      if (questions === 1) {
        seen.refresh = (seen.refresh ?? 0) + 1;
        refreshing.set(holder, { known: last, until: clock.monotonic() + timeoutMs });
      }
    } else {
      const expected = waits && !fromMemory && !busy && !isClosed ? 1 : 0;
      check(questions === expected, 'one lookup for a credential, and only if nothing is known', said);
      if (lookup !== undefined && questions === 1) Object.assign(lookup, { refreshes: undefined });
    }
    return { result, fromMemory };
  }

  return {
    seen,
    get waiting() {
      return [...callers.keys()];
    },

    verify(holder, spelling, maxAgeMs) {
      const controller = new AbortController();
      const { signal } = controller;
      const caller: Caller = {
        holder,
        order: ++order,
        at: clock.monotonic(),
        maxAgeMs,
        signal,
        remembered: remembered(holder, 0, maxAgeMs),
        fromMemory: false,
      };
      callers.set(controller, caller);
      const presented = holder.spellings[spelling % holder.spellings.length];
      const { result, fromMemory } = call(holder, maxAgeMs, true, () =>
        verifier.verify(presented, { signal, ...(maxAgeMs !== undefined && { maxAgeMs }) }),
      );
      caller.fromMemory = fromMemory;
      result
        .then(
          (verdict) => judge(caller, verdict),
          (reason: unknown) => check(reason === signal.reason, 'rejects only with the abort reason', reason),
        )
        .finally(() => callers.delete(controller));
    },

    peek(holder, spelling, maxAgeMs) {
      const presented = holder.spellings[spelling % holder.spellings.length];
      const before = remembered(holder, 0, maxAgeMs);
      const { result, fromMemory } = call(holder, maxAgeMs, false, () =>
        verifier.peek(presented, { maxAgeMs }),
      );
      if (result === undefined) return;
      const controller = new AbortController();
      judge(
        {
          holder,
          order: ++order,
          at: clock.monotonic(),
          maxAgeMs,
          signal: controller.signal,
          remembered: before,
          fromMemory,
        },
        result,
      );
    },

    revoke(subject) {
      verifier.revoke(subject);
      revocations.push({ order: ++order, subject });
    },

    truth(holder, accepted) {
      if (accepted) refusedSince.delete(holder);
      else if (!refusedSince.has(holder)) refusedSince.set(holder, clock.monotonic());
    },

    reply(request, answer) {
      answers.set(request, answer);
      const lookup = open.get(request);
      if (lookup === undefined) return respond();
      if (answer === 'yes') return respond({ body: bodyOf(lookup.holder, lookup.order) });
      const refusal = Object.entries(refusals).find(([name]) => name === answer)?.[1];
      if (refusal === undefined) return failures[answer]?.[1] ?? respond();
      return respond({ status: refusal[1], body: errorBody(refusal[1], refusal[2]) });
    },

    closed() {
      isClosed = true;
      refreshing.clear();
    },

    audit() {
      const now = clock.monotonic();
      for (const [holder, { until }] of refreshing) if (until <= now) refreshing.delete(holder);
      for (const holder of holders) {
        const waiters = [...callers.values()].filter((caller) => caller.holder === holder);
        const questions = [...open.values()].filter((lookup) => lookup.holder === holder).length;
        check(questions <= 1, 'never more than one flight for one credential', holder);
        const wanted = waiters.length > 0 || refreshing.has(holder);
        check(questions === Number(wanted), 'asked for as long as somebody waits', { questions, holder });
        for (const caller of waiters) {
          const { at, signal } = caller;
          check(
            !signal.aborted && now < at + timeoutMs,
            'answered when it leaves or is late',
            caller.maxAgeMs,
          );
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
      const expected = [hits, lookups.length, callers.size + refreshing.size, open.size];
      const stats = [counted, started, waiting, inFlight];
      check(isDeepStrictEqual(stats, expected), 'stats', { stats, expected });
      if (wrong[0] !== undefined) throw wrong[0];
    },
  };
}

function bodyOf({ scheme, username, realm, apiKeyId }: Holder, serial: number) {
  const where =
    apiKeyId === undefined ? { name: realm, type: 'native' } : { name: '_es_api_key', type: '_es_api_key' };
  return identityBody({
    username,
    roles: apiKeyId === undefined ? ['reader'] : [],
    metadata: { serial },
    authentication_realm: where,
    lookup_realm: where,
    authentication_type: { Bearer: 'token', ApiKey: 'api_key', Basic: 'realm' }[scheme],
    ...(apiKeyId !== undefined && { api_key: { id: apiKeyId, name: 'key' } }),
  });
}

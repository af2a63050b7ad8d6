// Asks which privileges a caller has: joins questions that are under way, asks for the rest in one request, and
// remembers what it learns with the identity. What a privilege is, is in `privileges.ts`; who the caller is, and
// what is already known, is `privilege-verification.ts`'s business.

import type { KnownFact, PrivilegeMemory } from '../memory/privilege-memory.js';
import { inBackground } from '../memory/refresh.js';
import { publishLookup } from '../observation/events.js';
import type { Counters } from '../observation/stats.js';
import type { Warn } from '../observation/warnings.js';
import type { Asking } from '../upstream/elasticsearch.js';
import { InvalidPrivilegesError } from '../values/errors.js';
import { askable, type Fact } from '../values/privileges.js';
import type { Authenticated, Rejected, Unavailable } from '../values/verdict.js';
import {
  type LookupContext,
  type LookupParts,
  outOfTime,
  type Question,
  queueFull,
  unseen,
} from './lookup.js';
import type { Waiter } from './passenger.js';
import { inTurn } from './queue.js';
import { createSingleFlight, type Departure } from './single-flight.js';

/** About whom it is, and where to remember it. */
export interface PrivilegesInquiry {
  readonly question: Question;
  readonly verdict: Authenticated;
  /** Where the counter of revocations stood before the verdict was given. */
  readonly revision: number;
  readonly memory: PrivilegeMemory | undefined;
}

export interface PrivilegesWaiter extends Omit<Waiter<unknown>, 'late'> {
  readonly source: string | undefined;
  /** Whether questions of others that ask for the same will do. */
  readonly mayJoin: boolean;
  /** Nobody waits. */
  readonly background?: boolean;
}

export interface PrivilegeLookups {
  ask(inquiry: PrivilegesInquiry, facts: readonly Fact[], waiter: PrivilegesWaiter): Promise<Learnt>;
  /** Asks once more, for nobody, for those of these facts that are not asked for already. */
  refresh(inquiry: PrivilegesInquiry, facts: ReadonlyMap<Fact, KnownFact>, source: string | undefined): void;
  /** Gives everybody who waits this verdict, and whoever comes after it. */
  close(verdict: Unavailable): void;
  readonly inFlight: number;
  readonly waiting: number;
}

/**
 * What was learnt, or why nothing was. `outdated`: the caller was revoked meanwhile and has to be verified again.
 * `invalid`: there are no such privileges; with `joined` perhaps only in what others asked for.
 */
export type Learnt =
  | Rejected
  | Unavailable
  | { readonly kind: 'learnt'; readonly facts: ReadonlyMap<string, KnownFact> }
  | { readonly kind: 'outdated' }
  | { readonly kind: 'invalid'; readonly error: InvalidPrivilegesError; readonly joined: boolean };

/** Facts that are asked for in one request. */
interface Batch {
  readonly key: string;
  readonly facts: readonly Fact[];
}

/** What a request brought. */
interface Landed {
  readonly outcome: Rejected | Unavailable | InvalidPrivilegesError | ReadonlyMap<string, KnownFact>;
  /** Where the counter of revocations stood when it was made; `undefined` if no revocation matters. */
  readonly revision?: number;
}

export function createPrivilegeLookups(
  parts: LookupParts & { readonly warn: Warn },
  count: Counters,
): PrivilegeLookups {
  const { clock, timeline, timeoutMs, longestMs, queue, elasticsearch, revocations, cache } = parts;
  const flights = createSingleFlight<Landed>(clock, timeline);
  /** Which batch asks for a fact, by credential and fact. */
  const underWay = new Map<string, Batch>();
  /** Callers: one that asks for several things at once is still one. */
  let waiting = 0;
  let closed: Unavailable | undefined;
  const late: Landed = { outcome: outOfTime(timeoutMs) };

  return {
    ask,

    refresh(inquiry, facts, source) {
      const { fingerprint } = inquiry.question;
      const due = [...facts.keys()].filter(({ key }) => !underWay.has(`${fingerprint} ${key}`));
      if (due.length === 0) return;
      count.refreshes += 1;
      const deadline = clock.monotonic() + timeoutMs;
      const asked = ask(inquiry, due, { deadline, justCame: true, source, mayJoin: false, background: true });
      // That there is no such privilege any more is for the caller to hear who asks when the answer has ended.
      const inVain = ({ kind }: Learnt) => kind === 'unavailable' || kind === 'invalid';
      inBackground(asked, inVain, [...facts.values()], parts);
    },

    close(verdict) {
      closed = verdict;
      flights.land({ outcome: verdict });
    },
    get inFlight() {
      return flights.inFlight;
    },
    get waiting() {
      return waiting;
    },
  };

  async function ask(
    inquiry: PrivilegesInquiry,
    facts: readonly Fact[],
    waiter: PrivilegesWaiter,
  ): Promise<Learnt> {
    // Some microtasks have passed since the caller was verified, or since somebody else's question was answered.
    waiter.signal?.throwIfAborted();
    if (closed !== undefined) return closed;
    const { question, verdict } = inquiry;
    const batches = batchesFor(question, facts, waiter.mayJoin);
    const joined = waiter.mayJoin && batches.some(({ key }) => flights.has(key));
    waiting += 1;
    const flying = Promise.all(batches.map((batch) => fly(inquiry, batch, waiter)));
    const landed = await flying.finally(() => {
      waiting -= 1;
    });
    // Since when the caller must not have been revoked.
    const revision = Math.min(inquiry.revision, ...landed.map((each) => each.revision ?? Infinity));
    if (revocations.outdates(revision, question.fingerprint, verdict)) return { kind: 'outdated' };
    return sumUp(landed, joined);
  }

  /** The batches under way that ask for some of these facts, and new ones for the rest. */
  function batchesFor({ fingerprint }: Question, facts: readonly Fact[], mayJoin: boolean): readonly Batch[] {
    const joined = new Set<Batch>();
    const rest: Fact[] = [];
    for (const fact of facts) {
      const batch = mayJoin ? underWay.get(`${fingerprint} ${fact.key}`) : undefined;
      if (batch === undefined) rest.push(fact);
      else joined.add(batch);
    }
    const own = askable(rest).map((batch) => ({
      key: `${fingerprint} ${JSON.stringify(batch.map(({ key }) => key))}`,
      facts: batch,
    }));
    return [...joined, ...own];
  }

  function fly(
    inquiry: PrivilegesInquiry,
    batch: Batch,
    { source, background = false, ...waiter }: PrivilegesWaiter,
  ): Promise<Landed> {
    if (!background) count[flights.has(batch.key) ? 'shared' : 'misses'] += 1;
    const start = (departure: Departure) => learn(inquiry, batch, { background, source }, departure);
    return flights.join(batch.key, start, { ...waiter, late });
  }

  async function learn(
    inquiry: PrivilegesInquiry,
    batch: Batch,
    { background, source }: LookupContext,
    departure: Departure,
  ): Promise<Landed> {
    const names = batch.facts.map(({ key }) => `${inquiry.question.fingerprint} ${key}`);
    // A value of its own: whoever waited for a request that was given up may have sent the same one by now.
    const mine = { ...batch };
    for (const name of names) {
      // Who must not join may ask for what others ask for too: those can be joined as before.
      const rival = underWay.get(name);
      if (rival === undefined || rival.key === mine.key) underWay.set(name, mine);
    }
    try {
      return await inTurn(
        queue,
        { source, abandoned: departure.abandoned },
        (waited) => request(inquiry, batch.facts, background, departure, waited),
        (why) => {
          if (why === 'full') count.shed += 1;
          return { outcome: why === 'full' ? queueFull : unseen };
        },
      );
    } finally {
      for (const name of names) if (underWay.get(name) === mine) underWay.delete(name);
    }
  }

  async function request(
    { question, verdict, memory }: PrivilegesInquiry,
    facts: readonly Fact[],
    background: boolean,
    departure: Departure,
    waited: boolean,
  ): Promise<Landed> {
    const { credential, fingerprint } = question;
    const { abandoned } = departure;
    const endsAt = (waited ? undefined : departure.deadline) ?? clock.monotonic() + timeoutMs;
    departure.endsAt(endsAt);
    const lookup = cache.begin(fingerprint);
    const { startedAt, revision } = lookup;
    const askedAt = clock.monotonic();
    const verifiedAt = clock.wall();
    count.lookups += 1;
    count.privilegeLookups += 1;
    const { username } = verdict.identity;
    const besides = queue.enterNow;
    const asking: Asking = { credential, abandoned, endsAt, besides, wasGood: () => true, node: undefined };
    let found: Awaited<ReturnType<typeof elasticsearch.hasPrivileges>>;
    try {
      found = await elasticsearch.hasPrivileges(asking, username, facts);
    } finally {
      cache.end(fingerprint, lookup);
    }
    if (abandoned.aborted) return { outcome: unseen };
    const said = found.kind === 'granted' ? verdict : found.kind === 'invalid' ? 'invalid' : found;
    const tookMs = clock.monotonic() - askedAt;
    publishLookup('privileges', said, tookMs, background, asking.node, departure, count);
    const old = timeline.now() - startedAt > longestMs;
    const revoked = old || lookup.overruled || revocations.outdates(revision, fingerprint, verdict);
    switch (found.kind) {
      case 'granted': {
        const lifetime = cache.lifetimeFrom(startedAt);
        const learnt = new Map<string, KnownFact>();
        for (const [key, granted] of found.granted) {
          learnt.set(key, { granted, startedAt, verifiedAt, ...lifetime });
        }
        if (!revoked) memory?.keep(learnt);
        // Whoever waits verifies again where his credential was refused meanwhile, or this took too long.
        return { outcome: learnt, revision: old || lookup.overruled ? -1 : revision };
      }
      case 'rejected':
        if (!revoked) {
          count.refusals += 1;
          cache.remember(fingerprint, found, lookup);
          parts.refused?.(fingerprint);
        }
        return { outcome: found, revision };
      case 'unavailable':
        count.unavailable += 1;
        return { outcome: found };
      case 'invalid':
        return { outcome: found.error };
    }
  }
}

/** What all the requests of one question brought together: a refusal before all, then that nothing can be said. */
function sumUp(landed: readonly Landed[], joined: boolean): Learnt {
  const facts = new Map<string, KnownFact>();
  let outcome: Learnt = { kind: 'learnt', facts };
  for (const { outcome: each } of landed) {
    if (each instanceof InvalidPrivilegesError) {
      if (outcome.kind === 'learnt') outcome = { kind: 'invalid', error: each, joined };
    } else if (!('kind' in each)) {
      for (const [key, fact] of each) facts.set(key, fact);
    } else if (each.kind === 'rejected') {
      return each;
    } else if (outcome.kind !== 'unavailable') {
      outcome = each;
    }
  }
  return outcome;
}

// What the contract (1.3 to 1.5) says of one credential's privileges at one instant, given what has happened: what
// is surely remembered, and what must not be told. The obvious way, without a thought for what it costs.

import type { Revocable } from '@esauth/core';
import type { FakeClock } from './fake-clock.js';
import type { Answer, Holder } from './holders.js';
import { createModel, type Lifetimes } from './model.js';
import type { Item } from './privilege-pool.js';

export type PrivilegesAnswer = Answer | 'somebody else';

/** One request, and what came of it. */
export interface Inquiry {
  readonly holder: Holder;
  readonly order: number;
  readonly startedAt: number;
  readonly verifiedAt: number;
  /** What it asks for; `undefined` if it asks who somebody is. */
  readonly items: readonly Item[] | undefined;
  readonly body: string;
  /** Among the questions about privileges. */
  readonly code: number;
  /** Where its answer is surely kept, if that is still there when it comes. */
  readonly memory: ReadonlyMap<Item, Inquiry> | undefined;
  /** Perhaps asked for by somebody whose last question was of no use because of what others asked for. */
  readonly spared: boolean;
  /** Perhaps asked in the background: what it asks for was known, but not for much longer. */
  readonly refreshes: boolean;
  answer?: { readonly what: PrivilegesAnswer; readonly granted: ReadonlySet<Item> };
  end?: { readonly order: number; readonly at: number; readonly kind: Outcome; readonly code: string };
}
export type Outcome = 'yes' | 'no' | 'none' | 'invalid' | 'dropped';

export interface Caller {
  readonly does: 'verify' | 'peek' | 'hasPrivileges' | 'peekPrivileges';
  readonly holder: Holder;
  readonly items: readonly Item[] | undefined;
  readonly order: number;
  readonly at: number;
  readonly maxAgeMs: number | undefined;
  /** A question that he waited for was of no use because of what others asked for. */
  spared: boolean;
}

/** What is remembered of a credential, as far as that is sure. */
interface Entry {
  readonly yes: Inquiry;
  readonly memory: Map<Item, Inquiry>;
  /** Since when there is this memory. */
  readonly order: number;
}

export interface PrivilegeModel {
  /** The order of all that happens. */
  readonly next: number;
  /** All there ever were, oldest first. */
  readonly inquiries: Inquiry[];
  /** Where the answer to a question that is asked now is surely kept, if that is still there when it comes. */
  memoryOf(holder: Holder): Inquiry['memory'];
  /** Takes in what has come of a question. */
  learn(inquiry: Inquiry): void;
  revoke(subject: Revocable): void;
  /** Whether a yes, reached on a question that was asked then, has been revoked since. */
  isRevoked(inquiry: Inquiry): boolean;
  close(): void;
  readonly closed: boolean;
  /** Whether it is surely remembered who somebody is. */
  isKnown(caller: Caller): boolean;
  /** Whether its answer is so old that it is asked again in the background. */
  isDue(inquiry: Inquiry): boolean;
  /** Whether something about him is. */
  isRemembered(item: Item, caller: Caller): boolean;
  /** @returns which rule forbids to tell a caller this, if any does. */
  forbids(source: Inquiry | undefined, caller: Caller, lifeMs?: number): string | undefined;
}

export function createPrivilegeModel(clock: FakeClock, lifetimes: Lifetimes): PrivilegeModel {
  const { ttlMs, refreshAfterMs, staleIfErrorMs, rejectedTtlMs } = lifetimes;
  const model = createModel(clock, lifetimes);
  const inquiries: Inquiry[] = [];
  const entries = new Map<Holder, Entry>();

  function isKnown({ holder, maxAgeMs }: Caller): boolean {
    const entry = entries.get(holder);
    if (entry === undefined || model.closed || model.revokedSince(entry.yes, true)) return false;
    return isFresh(entry.yes, maxAgeMs);
  }

  function isRemembered(item: Item, caller: Caller): boolean {
    const known = entries.get(caller.holder)?.memory.get(item);
    return isKnown(caller) && known !== undefined && isFresh(known, caller.maxAgeMs);
  }

  function isFresh({ startedAt }: Inquiry, maxAgeMs = Infinity): boolean {
    const age = clock.monotonic() - startedAt;
    return model.within(age, ttlMs) === 'must' && maxAgeMs > 0 && age <= maxAgeMs;
  }

  /** Whether a refusal is surely remembered. */
  function isRefused({ startedAt }: Inquiry, at: number): boolean {
    return model.within(at - startedAt, Math.min(rejectedTtlMs, ttlMs)) === 'must';
  }

  /** @returns which rule forbids to tell a caller this, if any does. */
  function forbids(source: Inquiry | undefined, caller: Caller, lifeMs = ttlMs): string | undefined {
    if (source?.end === undefined) return 'only what was answered';
    const { order, startedAt, end } = source;
    const { maxAgeMs } = caller;
    if (source.holder !== caller.holder) return "never A's answer for B's credential";
    const revoked = model.revokedSince(source, end.kind === 'yes');
    if (revoked) return 'nothing of before a revoke after it';
    const waited = caller.does in waits && end.order > caller.order;
    if (!waited && clock.monotonic() - startedAt >= lifeMs) return 'nothing older than its lifetime';
    if (maxAgeMs === 0 && order < caller.order) return 'maxAgeMs 0 means asked after I called';
    if (maxAgeMs !== undefined && caller.at - startedAt > maxAgeMs) return 'nothing older than maxAgeMs';
    if (end.kind === 'no') {
      const overruled = !waited && isOverruled(source);
      return overruled ? 'no refusal of before a yes that was asked for later' : undefined;
    }
    // A verdict is given to those who waited for it. But who goes on to wait for more is told of a refusal.
    const told = (refusal: Inquiry) =>
      waited
        ? caller.items !== undefined && isRefused(refusal, clock.monotonic())
        : end.order < (refusal.end?.order ?? 0) || isRefused(refusal, end.at);
    const refusals = after(source, 'no').filter((each) => !isOverruled(each));
    if (refusals.some(told)) return 'nothing of before a refusal that was asked for later';
    return undefined;
  }

  /** Answers to questions about the same credential that were asked later, and that no revocation concerns. */
  function after({ holder, order }: Inquiry, kind: 'yes' | 'no'): readonly Inquiry[] {
    return inquiries.filter(
      (each) =>
        each.holder === holder &&
        each.order > order &&
        each.end?.kind === kind &&
        !model.revokedSince(each, true),
    );
  }

  /** Whether Elasticsearch has accepted the credential that it refused. */
  function isOverruled(refusal: Inquiry): boolean {
    return after(refusal, 'yes').some(({ items }) => items === undefined);
  }

  return {
    get next() {
      return model.next;
    },
    inquiries,

    memoryOf(holder) {
      const entry = entries.get(holder);
      // Who waits for a question to be over in order to ask anew, asks for whom he was verified as.
      const since = entry?.order ?? 0;
      const isFollowed = ({ items, order, end }: Inquiry) =>
        items !== undefined && order < since && since < (end?.order ?? Infinity);
      return inquiries.some(isFollowed) ? undefined : entry?.memory;
    },

    learn(inquiry) {
      const { holder, items, end } = inquiry;
      const entry = entries.get(holder);
      if (model.revokedSince(inquiry, true)) return;
      const newer = entry !== undefined && entry.yes.order > inquiry.order;
      if (end?.kind === 'no' && !newer) entries.delete(holder);
      if (end?.kind !== 'yes') return;
      if (items !== undefined) {
        if (inquiry.memory !== entry?.memory) return;
        for (const item of items) entry?.memory.set(item, inquiry);
        return;
      }
      const refused = inquiries.some(
        (each) => each.holder === holder && each.end?.kind === 'no' && each.order > inquiry.order,
      );
      if (newer || refused) return;
      const lasts = entry !== undefined && !model.revokedSince(entry.yes, true);
      const age = clock.monotonic() - (entry?.yes.startedAt ?? 0);
      const goesOn = lasts && model.within(age, ttlMs + staleIfErrorMs) === 'must';
      const { memory, order } = goesOn ? entry : { memory: new Map(), order: end.order };
      entries.set(holder, { yes: inquiry, memory, order });
    },

    revoke: (subject) => model.revoke(subject),
    isRevoked: (inquiry) => model.revokedSince(inquiry, true),
    close: () => model.close(),
    get closed() {
      return model.closed;
    },
    isDue: ({ startedAt }) =>
      refreshAfterMs > 0 && model.within(clock.monotonic() - startedAt, refreshAfterMs) !== 'must',
    isKnown,
    isRemembered,
    forbids,
  };
}

export const waits = { verify: true, hasPrivileges: true };

// Holds what a caller is told about privileges against the contract (1.3 to 1.5), given all that was asked and
// answered: whose it is, how old it is, what was revoked or refused since. For `privilege-witness.ts`.

import { InvalidPrivilegesError, type PrivilegesVerdict, type Verdict } from '@esauth/core';
import type { FakeClock } from './fake-clock.js';
import type { Findings } from './findings.js';
import type { Lifetimes } from './model.js';
import { type Caller, type Inquiry, type PrivilegeModel, waits } from './privilege-model.js';
import { codeOf, type Item, sizeOf } from './privilege-pool.js';

export interface PrivilegeJudge {
  judge(caller: Caller, verdict: Verdict | PrivilegesVerdict): void;
  /** Of a rejected promise. */
  judgeError(caller: Caller, reason: unknown, signal: AbortSignal): void;
}

export function createPrivilegeJudge(
  model: PrivilegeModel,
  { count, check }: Pick<Findings, 'count' | 'check'>,
  clock: FakeClock,
  lifetimes: Lifetimes,
): PrivilegeJudge {
  const { ttlMs, staleIfErrorMs, rejectedTtlMs, timeoutMs } = lifetimes;
  const { inquiries, forbids } = model;

  return { judge, judgeError };

  function judge(caller: Caller, verdict: Verdict | PrivilegesVerdict): void {
    const waited = clock.monotonic() - caller.at;
    const { does, items, maxAgeMs } = caller;
    const said = [verdict, { does, items: items?.map(({ name }) => name), maxAgeMs, waited, lifetimes }];
    count(`${does}: ${verdict.kind}`);
    check(waited <= timeoutMs, 'every caller is answered before its deadline', said);
    switch (verdict.kind) {
      case 'authenticated':
      case 'answered':
        judgeYes(caller, verdict, said);
        return;
      case 'rejected': {
        const lifeMs = Math.min(rejectedTtlMs, ttlMs);
        const reasons = inquiries.filter(({ end }) => end?.kind === 'no' && end.code === verdict.code);
        const allowed = reasons.some((each) => forbids(each, caller, lifeMs) === undefined);
        check(allowed, 'a refusal that was not answered, or not to this caller', said);
        return;
      }
      case 'unavailable': {
        const failed = inquiries.some(
          ({ holder, end }) =>
            holder === caller.holder &&
            end?.kind === 'none' &&
            end.code === verdict.code &&
            end.order > caller.order,
        );
        const late = waited === timeoutMs && verdict.code === 'timeout';
        check(does in waits || model.closed, 'no verdict is never remembered', said);
        check(
          failed || late || (model.closed && verdict.code === 'closed'),
          'unavailable without a failure',
          said,
        );
        if (late) count('late');
      }
    }
  }

  function judgeYes(
    caller: Caller,
    verdict: Extract<Verdict | PrivilegesVerdict, { identity: unknown }>,
    said: unknown,
  ): void {
    const { holder, maxAgeMs, items = [] } = caller;
    const { identity, verifiedAt } = verdict;
    check(!model.closed, 'nothing is told by what is closed', said);
    const self = inquiries.find(({ order }) => order === identity.metadata.serial);
    const failure = inquiries.some(
      (each) => each.end?.kind === 'none' && each.items === undefined && each.end.order > caller.order,
    );
    const mayBeStale = caller.does in waits && maxAgeMs === undefined && failure;
    const rule = forbids(self, caller, ttlMs + (mayBeStale ? staleIfErrorMs : 0));
    check(rule === undefined, `identity: ${rule}`, said);
    check(identity.username === holder.username, 'the identity is passed on as it was', said);
    const sources = self === undefined ? [] : [self];
    if (verdict.kind === 'answered') {
      const { privileges } = verdict;
      const places = new Set(items.flatMap((item) => item.places.map(({ path }) => String(path))));
      check(sizeOf(privileges) === places.size + 1, 'told all that was asked for, and no more', said);
      let all = true;
      for (const item of items) {
        const value = codeOf(privileges, item);
        if (value === undefined) check(false, 'told all that was asked for', item.name, said);
        else sources.push(...sourcesOf(caller, item, value, said));
        all &&= value === 2 ** item.places.length - 1;
      }
      check(privileges.has_all_requested === all, 'has_all_requested is the conjunction', said);
      count(`has_all_requested ${all}`);
      if (sources.every(({ end }) => (end?.order ?? 0) < caller.order)) count('all from memory');
      else if (sources.some(({ end }) => (end?.order ?? 0) < caller.order)) count('partly from memory');
      if (sources.some(({ order, end }) => order < caller.order && (end?.order ?? 0) > caller.order))
        count('joined');
      if (caller.spared) count('asked again without what others asked for');
    }
    const oldest = Math.min(...sources.map((each) => each.verifiedAt));
    check(verifiedAt <= oldest, 'verifiedAt is the start of the oldest question', said);
    const known = inquiries.some((each) => each.holder === holder && each.verifiedAt === verifiedAt);
    check(known, 'verifiedAt is the start of a question', said);
  }

  /** The question that an item's value is of, if it says so. Elsewhere there has to be one that it can be of. */
  function sourcesOf(caller: Caller, item: Item, value: number, said: unknown): readonly Inquiry[] {
    const paths = String(item.places.map(({ path }) => path));
    const twins = (caller.items ?? []).filter(
      (each) => String(each.places.map(({ path }) => path)) === paths,
    );
    const answered = (each: Item) =>
      inquiries.filter(({ items, end }) => end?.kind === 'yes' && items?.includes(each));
    if (item.coded && twins.length === 1) {
      const source = answered(item).find(({ code }) => code === value);
      const rule = forbids(source, caller);
      check(rule === undefined, `privileges: ${rule}`, item.name, said);
      return source === undefined ? [] : [source];
    }
    const allowed = twins.map((each) =>
      answered(each).filter((source) => forbids(source, caller) === undefined),
    );
    const told = (source: Inquiry, each: Item) =>
      each.coded ? source.code : Number(source.answer?.granted.has(each));
    // Both must be granted where two share a place in the answer.
    const values = allowed
      .map((sources, at) => sources.map((source) => told(source, twins[at] ?? item)))
      .reduce((some, others) => some.flatMap((one) => others.map((other) => one & other)));
    if (twins.length > 1) count('with and without restricted indices');
    check(values.includes(value), 'privileges: nothing that may be told says so', item.name, values, said);
    return [];
  }

  function judgeError(caller: Caller, reason: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      check(reason === signal.reason, 'rejects with the abort reason', reason);
      return;
    }
    const bogus = caller.items?.find((item) => item.bogus);
    const told = inquiries.some(
      ({ holder, items, end }) =>
        holder === caller.holder &&
        end?.kind === 'invalid' &&
        end.order > caller.order &&
        items?.some((item) => item.bogus),
    );
    const invalid = reason instanceof InvalidPrivilegesError;
    check(invalid && bogus !== undefined && told, 'rejects for no reason', String(reason));
    count('invalid');
  }
}

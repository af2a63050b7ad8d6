// Watches a verifier that is asked about privileges: who asked, what was answered and what was revoked, in order, and
// whether what is asked of Elasticsearch had to be. What callers are told is judged in `privilege-judge.ts`. Unlike
// `witness.ts`, which is exact about identities, it says what may be told and what must not be asked, and leaves the
// rest open.
// It relies on nothing moving while it is told of the next step: `Upstream.still` in between.

import type { PrivilegesVerdict, Revocable, Verdict, Verifier } from '@esauth/core';
import type { FakeClock } from './fake-clock.js';
import { createFindings } from './findings.js';
import { type Holder, meaningOf, scriptOf } from './holders.js';
import type { Lifetimes } from './model.js';
import { createPrivilegeJudge } from './privilege-judge.js';
import {
  type Caller,
  createPrivilegeModel,
  type Inquiry,
  type Outcome,
  type PrivilegesAnswer,
  waits,
} from './privilege-model.js';
import { answerAbout, codes, type Item, questionAbout, readQuestion } from './privilege-pool.js';
import { errorBody, respond, type Script } from './scripted-node.js';
import type { Asked, Upstream } from './upstream.js';

export interface PrivilegeWitness {
  /** Callers that wait. */
  readonly waiting: readonly AbortController[];
  /** How often what was seen. */
  readonly seen: Readonly<Record<string, number>>;
  verify(holder: Holder, maxAgeMs?: number): void;
  peek(holder: Holder, maxAgeMs?: number): void;
  hasPrivileges(holder: Holder, items: readonly Item[], maxAgeMs?: number): void;
  peekPrivileges(holder: Holder, items: readonly Item[], maxAgeMs?: number): void;
  revoke(subject: Revocable): void;
  /** Notes what a request is answered with, and makes the answer. */
  reply(asked: Asked, answer: PrivilegesAnswer, granted: ReadonlySet<Item>): Script;
  closed(): void;
  /** Throws the first thing that was wrong. To be called when nothing moves. */
  audit(): void;
}

export function createPrivilegeWitness(
  verifier: Verifier,
  upstream: Upstream,
  clock: FakeClock,
  holders: readonly Holder[],
  lifetimes: Lifetimes,
): PrivilegeWitness {
  const { refreshAfterMs, timeoutMs } = lifetimes;
  const model = createPrivilegeModel(clock, lifetimes);
  const { inquiries, isKnown, isRemembered } = model;
  const findings = createFindings(story);
  const { seen, count, check, report } = findings;
  const { judge, judgeError } = createPrivilegeJudge(model, findings, clock, lifetimes);
  const open = new Map<Asked, Inquiry>();
  const callers = new Map<AbortController, Caller>();
  let inCall: Caller | undefined;

  upstream.watch({ asked, over });

  function story(): string {
    const lines = inquiries.map(({ holder, order, startedAt, items, code, end }) => {
      const about = items === undefined ? 'identity' : `${code} ${named({ items })}`;
      return `\n${order} at ${startedAt}: ${holder.username} ${about} → ${end?.order} ${end?.kind} ${end?.code}`;
    });
    return lines.join('');
  }

  // ---- what happens at the client's end of the wire

  function asked(request: Asked): void {
    const { authorization, path, body } = request;
    const holder = holders.find(({ spellings }) => spellings[0] === authorization);
    if (holder === undefined) throw new Error(`asked with a credential of nobody: ${authorization}`);
    const items = path === '/_security/_authenticate' ? undefined : readQuestion(body);
    if (typeof items === 'string') throw new Error(`${items}: ${body}`);
    const waiters = [...callers.values()].filter((each) => each.holder === holder);
    if (items === undefined) {
      check(waiters.length > 0 || inCall || refreshAfterMs > 0, 'nobody waits to be verified');
    }
    const refreshes = items === undefined ? refreshAfterMs > 0 : items.every((item) => isDue(holder, item));
    for (const item of items ?? []) {
      const wanted = waiters.some(
        (each) => !isRemembered(item, each) && (each.items?.includes(item) || isAskedAgain(body, each)),
      );
      check(wanted || refreshes, 'nobody needs to know this', item.name, body);
    }
    const inquiry: Inquiry = {
      holder,
      order: model.next,
      startedAt: clock.monotonic(),
      verifiedAt: clock.wall(),
      items,
      body,
      code: inquiries.filter((each) => each.items !== undefined).length + 1,
      memory: model.memoryOf(holder),
      spared: waiters.some(({ spared }) => spared),
      refreshes,
    };
    check(inquiry.code < codes, 'more questions than codes');
    inquiries.push(inquiry);
    open.set(request, inquiry);
  }

  /** Whether somebody asks for what is known, but has been for so long that it is asked again. */
  function isDue(holder: Holder, item: Item): boolean {
    const asks = (each: Caller | undefined) => each?.holder === holder && each.items?.includes(item);
    return (
      (asks(inCall) || [...callers.values()].some(asks)) &&
      inquiries.some((each) => each.holder === holder && each.items?.includes(item) && model.isDue(each))
    );
  }

  /** Whether it was under way when he wanted to know, but too old for him: then it is asked again as a whole. */
  function isAskedAgain(body: string, { holder, order, maxAgeMs }: Caller): boolean {
    const isIt = (each: Inquiry) => each.body === body && each.holder === holder;
    return (
      maxAgeMs !== undefined && inquiries.some((each) => isIt(each) && (each.end?.order ?? Infinity) > order)
    );
  }

  function over(request: Asked, failed: boolean): void {
    const inquiry = open.get(request);
    if (inquiry === undefined) return;
    open.delete(request);
    const { holder, items } = inquiry;
    const end = landed(inquiry, failed);
    inquiry.end = { order: model.next, at: clock.monotonic(), ...end };
    count(`${items === undefined ? 'identity' : 'privileges'}: ${end.kind}`);
    if (items !== undefined && end.kind === 'yes' && model.isRevoked(inquiry))
      count('revoked during a question');
    if (end.kind === 'invalid') {
      for (const each of callers.values()) {
        if (each.holder === holder && overlap(each, inquiry)) each.spared = true;
      }
    }
    model.learn(inquiry);
  }

  function landed({ startedAt, items, answer }: Inquiry, failed: boolean): { kind: Outcome; code: string } {
    if (answer === undefined || (failed && answer.what !== 'reset')) {
      const late = clock.monotonic() >= startedAt + timeoutMs;
      return late ? { kind: 'none', code: 'timeout' } : { kind: 'dropped', code: '' };
    }
    if (answer.what === 'somebody else') return { kind: 'no', code: 'credentials_invalid' };
    const { kind, code } = meaningOf(answer.what);
    return kind === 'yes' && items?.some(({ bogus }) => bogus) ? { kind: 'invalid', code } : { kind, code };
  }

  // ---- calls

  function callerOf(does: Caller['does'], holder: Holder, items: Caller['items'], maxAgeMs?: number): Caller {
    return { does, holder, items, order: model.next, at: clock.monotonic(), maxAgeMs, spared: false };
  }

  /** Makes a call, and checks that nothing is asked if all is remembered. */
  function call<T>(caller: Caller, present: () => T): T {
    const known = isKnown(caller) && (caller.items ?? []).every((item) => isRemembered(item, caller));
    const { length } = inquiries;
    inCall = caller;
    const result = present();
    inCall = undefined;
    const news = inquiries.slice(length);
    const refresh = news.every(({ refreshes }) => refreshes);
    if (known && news.some(({ items }) => items !== undefined))
      count('privileges asked again in the background');
    check(
      !known || news.length === 0 || refresh,
      'nothing is asked that is remembered',
      caller.does,
      lifetimes,
    );
    if (!(caller.does in waits)) {
      check(news.length === 0 || refresh, 'who peeks does not ask', caller.does);
      check(!known || result !== undefined, 'what is remembered is what is told', caller.does, lifetimes);
    }
    return result;
  }

  function wait(
    caller: Caller,
    present: (signal: AbortSignal) => Promise<Verdict | PrivilegesVerdict>,
  ): void {
    const controller = new AbortController();
    const { signal } = controller;
    callers.set(controller, caller);
    call(caller, () => present(signal))
      .then(
        (verdict) => judge(caller, verdict),
        (reason: unknown) => judgeError(caller, reason, signal),
      )
      .finally(() => callers.delete(controller));
  }

  return {
    seen,
    get waiting() {
      return [...callers.keys()];
    },

    verify(holder, maxAgeMs) {
      const caller = callerOf('verify', holder, undefined, maxAgeMs);
      wait(caller, (signal) => verifier.verify(holder.spellings[0], { signal, maxAgeMs }));
    },
    hasPrivileges(holder, items, maxAgeMs) {
      const caller = callerOf('hasPrivileges', holder, items, maxAgeMs);
      const question = questionAbout(items);
      wait(caller, (signal) => verifier.hasPrivileges(holder.spellings[0], question, { signal, maxAgeMs }));
    },
    peek(holder, maxAgeMs) {
      const caller = callerOf('peek', holder, undefined, maxAgeMs);
      const verdict = call(caller, () => verifier.peek(holder.spellings[0], { maxAgeMs }));
      if (verdict !== undefined) judge(caller, verdict);
    },
    peekPrivileges(holder, items, maxAgeMs) {
      const caller = callerOf('peekPrivileges', holder, items, maxAgeMs);
      const question = questionAbout(items);
      const verdict = call(caller, () =>
        verifier.peekPrivileges(holder.spellings[0], question, { maxAgeMs }),
      );
      if (verdict !== undefined) judge(caller, verdict);
    },

    revoke(subject) {
      void verifier.revoke(subject);
      model.revoke(subject);
    },

    reply(request, answer, granted) {
      const inquiry = open.get(request);
      if (inquiry === undefined) return respond();
      const what = inquiry.items === undefined && answer === 'somebody else' ? 'yes' : answer;
      inquiry.answer = { what, granted };
      const { holder, order, items, code } = inquiry;
      if (what !== 'somebody else' && (items === undefined || what !== 'yes')) {
        return scriptOf(what, holder, order);
      }
      if (what === 'yes' && items?.some(({ bogus }) => bogus)) {
        const reason = 'unknown cluster privilege [bogus]';
        return respond({ status: 400, body: errorBody(400, reason, { type: 'illegal_argument_exception' }) });
      }
      const username = what === 'yes' ? holder.username : `not ${holder.username}`;
      const body = answerAbout(username, items ?? [], (item) =>
        item.coded ? code : Number(granted.has(item)),
      );
      return respond({ body });
    },

    closed() {
      model.close();
    },

    audit() {
      const now = clock.monotonic();
      const asking = [...open.values()];
      for (const [{ signal }, { at, holder, items, does }] of callers) {
        check(!signal.aborted, 'who leaves is let go');
        check(now < at + timeoutMs, 'every caller is answered before its deadline', does);
        const served = asking.some(
          (each) =>
            each.holder === holder &&
            (each.items === undefined || each.items.some((item) => items?.includes(item))),
        );
        check(
          served,
          'nobody waits for nothing',
          does,
          items?.map(({ name }) => name),
        );
      }
      for (const [at, each] of asking.entries()) {
        const rival = asking
          .slice(0, at)
          .find((other) => other.holder === each.holder && overlap(other, each));
        check(
          rival === undefined || each.spared,
          'one question about one thing at a time',
          named(each),
          named(rival),
        );
        const wanted = [...callers.values()].some(
          ({ holder, items }) =>
            holder === each.holder &&
            (each.items === undefined || each.items.some((item) => items?.includes(item))),
        );
        check(wanted || each.refreshes, 'asked for as long as somebody waits');
      }
      const stats = verifier.stats();
      const counted = [stats.inFlight, stats.lookups, stats.privilegeLookups, stats.queued];
      const about = inquiries.filter(({ items }) => items !== undefined).length;
      const expected = [open.size, inquiries.length, about, 0];
      check(String(counted) === String(expected), 'stats', { counted, expected });
      const background = asking.filter(({ refreshes }) => refreshes).length;
      const extra = stats.waiting - callers.size;
      check(extra >= 0 && extra <= background, 'stats: waiting', {
        waiting: stats.waiting,
        callers: callers.size,
      });
      report();
    },
  };
}

function overlap(
  { items: some }: Pick<Inquiry, 'items'>,
  { items: others }: Pick<Inquiry, 'items'>,
): boolean {
  if (some === undefined || others === undefined) return some === others;
  return some.some((item) => others.includes(item));
}

function named(inquiry: Pick<Inquiry, 'items'> | undefined): readonly string[] | undefined {
  return inquiry?.items?.map(({ name }) => name);
}

// Every order in which what concerns one lookup can happen: one thing after the other, and within the one turn of
// the event loop in which an answer comes in. No chance and no clock decides. `explore` goes through all choices,
// each from a fresh verifier.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createVerifier, type Verdict, type Verifier } from '@esauth/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearEvidence } from '../support/evidence.js';
import { explore } from '../support/explore.js';
import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import type { Answer, Holder } from '../support/holders.js';
import { errorBody, identityBody, respond } from '../support/scripted-node.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { createWitness, type Witness } from '../support/witness.js';

const header = 'Bearer dGhlLXRva2VuLW9mLWphbmUK';
const jane: Holder = { scheme: 'Bearer', spellings: [header], username: 'jane', realm: 'native1' };
const answers = ['yes', 'invalid', 'broken'] as const satisfies readonly Answer[];
// An identity ends before its lookup would be given up, so that it can end while it is asked for again.
const lifetimes = {
  ttlMs: 2_000,
  refreshAfterMs: 500,
  staleIfErrorMs: 1_500,
  rejectedTtlMs: 2_000,
  jitter: 0,
  timeoutMs: 3_000,
};

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());

function create(): { readonly clock: FakeClock; readonly verifier: Verifier; still(): Promise<void> } {
  const clock = createFakeClock();
  const { timeoutMs, ...cache } = lifetimes;
  const verifier = createVerifier({
    nodes: upstream.url,
    clock,
    cache: { ...cache, maxEntries: 9, maxRejectedEntries: 9 },
    upstream: { timeoutMs, breaker: { failures: 1_000_000 } },
  });
  return { clock, verifier, still: () => upstream.still(() => verifier.stats().inFlight) };
}

// ---- one thing after the other

/** Each at most once, but two lookups may be answered. */
type Happening = 'abort' | 'revoke' | 'caller' | 'caller, maxAgeMs 0' | 'ttl' | 'close' | Answer;
const others: readonly Happening[] = ['revoke', 'caller', 'caller, maxAgeMs 0'];

const orders: readonly (readonly [string, number, boolean, readonly Happening[]])[] = [
  ['around a first lookup', 9_436, false, [...others, 'ttl']],
  ['around a refresh', 6_904, true, [...others, 'ttl']],
  ['around a first lookup, closed at any time', 2_586, false, [...others, 'close']],
  ['around a refresh, closed at any time', 1_845, true, [...others, 'close']],
];

test.for(orders)(
  'P14-P18, P21: everything that can happen %s, in every order',
  { timeout: 300_000 },
  async ([name, expected, refresh, once], context) => {
    const closing = once.includes('close');
    // One verifier will do for all schedules that do not close it, with another credential for each.
    const shared = create();
    let serial = 0;
    const schedules = await explore(async (choose) => {
      const { clock, verifier, still } = closing ? create() : shared;
      serial += 1;
      const who: Holder = { ...jane, spellings: [`${header}${serial}`] };
      const witness = createWitness(verifier, upstream, clock, [who], lifetimes);
      const happened: Happening[] = [];
      const settle = async () => {
        await still();
        witness.audit();
      };
      try {
        if (refresh) {
          upstream.onArrival((asked) => witness.reply(asked, 'yes'));
          witness.verify(who, 0);
          await settle();
          await clock.advance(lifetimes.refreshAfterMs);
        }
        upstream.onArrival(() => undefined);
        witness.verify(who, 0);
        await settle();

        while (!happened.includes('close')) {
          const alternatives = possible(happened, once, witness);
          if (alternatives.length === 0) break;
          const next = choose(alternatives);
          happened.push(next);
          if (next === 'close') witness.closed();
          await happen(next, who, { witness, clock, verifier });
          await settle();
          // What is remembered now, if anything. It may ask for a refresh.
          const before = upstream.open.length;
          witness.peek(who, 0);
          if (upstream.open.length > before) await settle();
        }

        for (const caller of witness.waiting) caller.abort(new Error('the end'));
        await settle();
        // A refresh goes on without callers.
        upstream.onArrival((asked) => witness.reply(asked, 'invalid'));
        for (const asked of upstream.open) upstream.answer(asked, witness.reply(asked, 'invalid'));
        await settle();
        expect([witness.waiting.length, clock.timers, verifier.stats().inFlight]).toEqual([0, 0, 0]);
      } catch (error) {
        throw new Error(`after ${happened.join(', then ')}: ${error}`, { cause: error });
      } finally {
        if (closing) await verifier.close();
      }
    });
    await shared.verifier.close();
    expect(schedules).toBe(expected);
    bearEvidence(context, { [`orders ${name}`]: schedules });
  },
);

function possible(happened: readonly Happening[], once: readonly Happening[], witness: Witness) {
  const leaving: readonly Happening[] = witness.waiting.length > 0 ? ['abort'] : [];
  const answered = happened.filter((each) => answers.some((answer) => answer === each)).length;
  const answering = upstream.open.length > 0 && answered < 2 ? answers : [];
  return [...[...once, ...leaving].filter((each) => !happened.includes(each)), ...answering];
}

async function happen(
  next: Happening,
  who: Holder,
  { witness, clock, verifier }: Pick<ReturnType<typeof create>, 'clock' | 'verifier'> & { witness: Witness },
): Promise<void> {
  switch (next) {
    case 'abort':
      witness.waiting[0]?.abort(new Error('left'));
      break;
    case 'revoke':
      witness.revoke({ credential: who.spellings[0] });
      break;
    case 'caller':
      witness.verify(who, 0);
      break;
    case 'caller, maxAgeMs 0':
      witness.verify(who, 0, 0);
      break;
    case 'ttl':
      await clock.advance(lifetimes.ttlMs);
      break;
    case 'close':
      await verifier.close();
      break;
    default: {
      const [asked] = upstream.open;
      if (asked !== undefined) upstream.answer(asked, witness.reply(asked, next));
    }
  }
}

// ---- within one turn

/** More microtasks than pass between an answer's last byte and the last caller who is told of it. */
const depth = 15;
const actions = ['revoke', 'call', 'revoke and call', 'call, maxAgeMs 0', 'abort', 'close'] as const;
type Action = (typeof actions)[number];

/** What may come some microtasks later. */
const followers: Readonly<Record<Action, readonly (Action | undefined)[]>> = {
  revoke: [undefined, 'call', 'abort', 'close'],
  call: [undefined, 'revoke'],
  'revoke and call': [undefined, 'close'],
  'call, maxAgeMs 0': [undefined, 'revoke'],
  abort: [undefined],
  close: [undefined],
};

/** A call, and how many microtasks after the answer it was made and dealt with. */
interface Call {
  readonly madeAt: number;
  readonly afterRevoke: boolean;
  readonly afterClose: boolean;
  readonly now: boolean;
  settledAt?: number;
  outcome?: string;
}

test('P14-P18: whatever happens between two microtasks while an answer comes in', async (context) => {
  const schedules = await explore(async (choose) => {
    const refresh = choose([false, true]);
    const answer = choose(answers);
    const first = choose(actions);
    const firstAt = choose(turns(0));
    // Two things at two instants, where the second may be misled by the first.
    const second = choose(followers[first]);
    const secondAt = second === undefined ? 0 : choose(turns(firstAt).slice(0, 6));
    const told = { refresh, answer, first, firstAt, second, secondAt };

    const { clock, verifier, still } = create();
    let serial = 0;
    const script = (what: Answer) => {
      if (what === 'invalid') return respond({ status: 401, body: errorBody(401, 'unable to authenticate') });
      if (what === 'broken') return respond({ status: 500 });
      serial += 1;
      return respond({ body: identityBody({ username: `jane ${serial}` }) });
    };
    const calls: Call[] = [];
    const leaving = new AbortController();
    let turn = -1;
    let revokedAt = Infinity;
    let abortedAt = Infinity;
    let closedAt = Infinity;
    let ended: Promise<void> | undefined;
    const peeked: (Verdict | undefined)[] = [];
    const call = (maxAgeMs?: 0, signal?: AbortSignal) => {
      const mine: Call = {
        madeAt: turn,
        afterRevoke: revokedAt < Infinity,
        afterClose: closedAt < Infinity,
        now: maxAgeMs === 0,
      };
      calls.push(mine);
      const settled = (outcome: string) => Object.assign(mine, { settledAt: turn, outcome });
      verifier.verify(header, { maxAgeMs, signal }).then(
        (verdict) => settled(nameOf(verdict)),
        (reason: unknown) => settled(String(reason)),
      );
    };
    const act = (action: Action) => {
      if (action.startsWith('revoke')) {
        void verifier.revoke({ credential: header });
        revokedAt = turn;
        peeked.push(verifier.peek(header));
      }
      if (action.endsWith('call')) call();
      if (action === 'call, maxAgeMs 0') call(0);
      if (action === 'abort') {
        leaving.abort('left');
        abortedAt = turn;
      }
      if (action === 'close') {
        closedAt = turn;
        ended = verifier.close();
        call();
      }
    };

    if (refresh) {
      upstream.onArrival(() => script('yes'));
      await verifier.verify(header);
      await clock.advance(lifetimes.refreshAfterMs);
    }
    upstream.onArrival(() => undefined);
    call(undefined, leaving.signal);
    await still();

    const through = new Promise<void>((resolve) => {
      const tick = () => {
        turn += 1;
        if (turn === firstAt) act(first);
        if (turn === secondAt && second !== undefined) act(second);
        if (turn < 2 * depth) queueMicrotask(tick);
        else resolve();
      };
      const over = () => {
        unsubscribe('undici:request:trailers', over);
        tick();
      };
      subscribe('undici:request:trailers', over);
    });
    // Whoever asks from now on learns that the credential is not good any more.
    upstream.onArrival(() => script('invalid'));
    const [asked] = upstream.open;
    if (asked !== undefined) upstream.answer(asked, script(answer));
    await through;
    await ended;
    await still();

    try {
      // Nothing of before a revocation after it.
      for (const verdict of peeked) expect(verdict).toBeUndefined();
      for (const [index, call] of calls.entries()) {
        const { madeAt, settledAt = Infinity, outcome = 'nothing' } = call;
        const said = JSON.stringify({ ...call, revokedAt, abortedAt, closedAt });
        const known = /^jane \d$/;
        // What has been handed over cannot be taken back, and that takes some microtasks.
        const handedOver = (at: number) => settledAt <= at + 4;
        if (madeAt > closedAt || call.afterClose) expect(outcome, said).toBe('closed');
        else if (outcome === 'closed') expect(closedAt, said).toBeLessThan(Infinity);
        else if (outcome === 'left') expect([index, abortedAt < Infinity], said).toEqual([0, true]);
        else if (call.now) expect(outcome, said).toBe('credentials_invalid');
        else if (call.afterRevoke) {
          expect(outcome, said).toMatch(
            answer === 'broken' ? /^(server_error|credentials_invalid)$/ : /^credentials_invalid$/,
          );
        } else if (settledAt > revokedAt + 1) expect(outcome, said).not.toMatch(known);
        if (answer !== 'yes' && !refresh) expect(outcome, said).not.toMatch(known);
        if (index === 0 && !handedOver(abortedAt)) expect(outcome, said).toBe('left');
        if (!handedOver(closedAt)) expect(outcome, said).toBe('closed');
        expect(outcome, said).not.toBe('nothing');
      }
      const { inFlight, waiting, entries, lookups } = verifier.stats();
      expect([inFlight, waiting, clock.timers]).toEqual([0, 0, 0]);
      if (closedAt < Infinity) expect(entries).toBe(0);
      // Else some microtasks would not have been looked at.
      if (first === 'call' && second === undefined && answer !== 'broken') {
        for (const { settledAt = Infinity } of calls) expect(settledAt).toBeLessThan(firstAt + depth);
      }
      // Everybody who came while the answer was under way, or after it, shares it.
      if (first === 'call' && second !== 'revoke' && answer !== 'broken') {
        expect(lookups).toBe(refresh ? 2 : 1);
        expect(new Set(calls.slice(refresh ? 1 : 0).map(({ outcome }) => outcome)).size).toBe(1);
      }
    } catch (error) {
      throw new Error(`${JSON.stringify(told)}: ${error}`, { cause: error });
    } finally {
      await verifier.close();
    }
  });
  expect(schedules).toBe(3_240);
  bearEvidence(context, { 'orders within one turn': schedules });
}, 300_000);

function turns(from: number): readonly number[] {
  return Array.from({ length: depth - from }, (_, at) => from + at);
}

function nameOf(verdict: Verdict): string {
  return verdict.kind === 'authenticated' ? verdict.identity.username : verdict.code;
}

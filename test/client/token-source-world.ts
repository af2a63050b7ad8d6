// What the histories of `token-source-model.test.ts` are played in: three token sources over one store, clients that
// note what is sent and came back, and a judge who knows from that what each process could know.

import {
  createSecurityClient,
  createTokenSource,
  type GetTokenResponse,
  memoryTokenStore,
  type StoredTokens,
  type TokenSource,
  type TokenStore,
} from '@esauth/client';
import { startEmulator } from '@esauth/emulator';
import { expect } from 'vitest';
import { type OpenableGate, openableGate } from '../support/gate.js';

export type Step =
  | { readonly kind: 'use'; readonly process: number }
  /** All at once. */
  | { readonly kind: 'all' }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'break'; readonly how: Breakage }
  | { readonly kind: 'mend' }
  /** A refresh arrives and is obeyed, and its answer is lost; after some time answers arrive again. */
  | { readonly kind: 'lose'; readonly process: number; readonly afterMs: number; readonly brokenMs: number }
  /** A process has got new tokens, and is stopped before it stores them. */
  | { readonly kind: 'stop'; readonly process: number; readonly afterMs: number }
  | { readonly kind: 'go on'; readonly process: number }
  | { readonly kind: 'break store'; readonly how: 'get' | 'set' | 'set after' }
  | { readonly kind: 'mend store' }
  /** One of the processes was refused with the token, and tells its source. */
  | { readonly kind: 'revoke access' }
  | { readonly kind: 'revoke session' }
  | { readonly kind: 'sign out'; readonly process: number };
type Breakage = 'away' | 'overloaded' | 'lost';

export interface World {
  play(steps: readonly Step[], hasGrant: boolean): Promise<void>;
  close(): Promise<void>;
}

/** What all histories have seen together. */
export const counts = {
  histories: 0,
  used: 0,
  refreshes: 0,
  lost: 0,
  recovered: 0,
  stopped: 0,
  unstored: 0,
  ended: 0,
  signedOut: 0,
};

const seconds = 1000;
const dayMs = 24 * 60 * 60 * seconds;
const lifetimeMs = 20 * 60 * seconds;
const windowMs = 30 * seconds;

/** What the judge knows of a pair. */
interface Pair {
  readonly header: string;
  /** When Elasticsearch made it; of one whose answer was lost, when it was asked for. */
  readonly madeAt: number;
  spentAt?: number;
  /** Whether the pair that came of it has reached anybody, and where it is. */
  successor?: 'lost' | 'stored' | number;
  isRevoked?: true;
}

export async function openWorld(): Promise<World> {
  const emulator = await startEmulator({ users: { alice: { password: 'secret', roles: [] } } });
  const auth = { username: 'elastic', password: 'changeme' };
  const admin = createSecurityClient({ nodes: emulator.url, auth });
  const now = () => emulator.clock.now();
  const grant = { grant_type: 'password' as const, username: 'alice', password: 'secret' };

  async function play(steps: readonly Step[], hasGrant: boolean): Promise<void> {
    counts.histories += 1;
    const pairs = new Map<string, Pair>();
    /** Headers of all tokens that were in the store. */
    const everStored = new Set<string>();
    const store = memoryTokenStore();
    let isBroken: Breakage | undefined;
    let mendFault = () => {};
    let storeFault: 'get' | 'set' | 'set after' | undefined;
    /** When something was last broken; what follows from it lasts a second. */
    let brokenAt = Number.NEGATIVE_INFINITY;
    /** Somebody else has ended the session. */
    let isEnded = false;

    const learn = (answer: GetTokenResponse, madeAt: number) => {
      const { access_token, refresh_token = '' } = answer;
      const known = pairs.get(refresh_token);
      if (known === undefined) pairs.set(refresh_token, { header: `Bearer ${access_token}`, madeAt });
    };
    const clientOf = (process: number) => ({
      async getToken(params: Parameters<typeof admin.getToken>[0]) {
        if (params.grant_type !== 'refresh_token') {
          const answer = await admin.getToken(params);
          learn(answer, now());
          return answer;
        }
        const sentAt = now();
        const pair = pairs.get(params.refresh_token) as Pair;
        const { spentAt, successor } = pair;
        // Who has its successor, or can read it in the store, never uses it again; nobody can after its window.
        if (successor === process) expect(successor).toBe('nothing that this process has itself');
        if (spentAt !== undefined && sentAt - spentAt > windowMs) expect(successor).not.toBe('stored');
        counts.refreshes += 1;
        try {
          const answer = await admin.getToken(params);
          if (successor === 'lost') counts.recovered += 1;
          pair.spentAt ??= sentAt;
          if (pair.successor !== 'stored') pair.successor = process;
          learn(answer, pair.spentAt);
          return answer;
        } catch (error) {
          if (isBroken === 'lost' && spentAt === undefined && isRefreshable(pair)) {
            counts.lost += 1;
            pair.spentAt = sentAt;
            pair.successor = 'lost';
          }
          throw error;
        }
      },
      invalidateToken: admin.invalidateToken,
    });

    /** A process that was stopped before it stores. */
    const gates = new Map<number, { readonly gate: OpenableGate; isReached: boolean }>();
    const storeOf = (process: number): TokenStore => ({
      async get() {
        if (storeFault === 'get') throw new Error('the store is away');
        return store.get();
      },
      async compareAndSet(expected, next) {
        const held = gates.get(process);
        if (held !== undefined) {
          held.isReached = true;
          await held.gate.opened;
        }
        if (storeFault === 'set') {
          counts.unstored += 1;
          throw new Error('the store is away');
        }
        const isStored = await store.compareAndSet(expected, next);
        if (isStored && next !== undefined) everStored.add(`Bearer ${next.accessToken}`);
        const before = pairs.get(expected?.refreshToken ?? '');
        if (isStored && before !== undefined && next !== undefined) before.successor = 'stored';
        if (storeFault === 'set after') throw new Error('the store does not say');
        return isStored;
      },
    });

    interface Timer {
      readonly at: number;
      readonly process: number;
      readonly callback: () => void;
    }
    const timers = new Set<Timer>();
    const processes: readonly TokenSource[] = [0, 1, 2].map((process) =>
      createTokenSource({
        client: clientOf(process),
        store: storeOf(process),
        clock: {
          wall: now,
          after(ms, callback) {
            const timer = { at: now() + ms, process, callback };
            timers.add(timer);
            return () => void timers.delete(timer);
          },
        },
        ...(hasGrant && { grant }),
      }),
    );
    const isStopped = (process: number) => gates.get(process)?.isReached === true;
    const signedOut = new Set<number>();
    /** What each was told that it is refused. */
    const refused = new Set<string>();

    const isRefreshable = ({ madeAt, spentAt, isRevoked }: Pair) =>
      isRevoked === undefined &&
      now() - madeAt < dayMs - 60 * seconds &&
      (spentAt === undefined || now() - spentAt < windowMs - seconds);
    const isAlive = async () => {
      const stored = await store.get();
      const pair = pairs.get(stored?.refreshToken ?? '');
      return pair !== undefined && isRefreshable(pair);
    };
    const isTroubled = () => {
      if (isBroken !== undefined || storeFault !== undefined) brokenAt = now();
      return now() - brokenAt <= seconds;
    };
    const isGood = (authorization: string) =>
      admin.authenticate({ authorization }).then(
        () => true,
        () => false,
      );

    async function use(process: number): Promise<void> {
      if (isStopped(process)) return;
      counts.used += 1;
      const outcome = await (processes[process] as TokenSource).authorization().then(
        (header) => ({ header, code: undefined }),
        (error: Error & { readonly code?: string }) => ({
          header: undefined,
          code: error.code ?? error.message,
        }),
      );
      const { header, code } = outcome;
      if (header !== undefined) {
        expect(signedOut.has(process)).toBe(false);
        const pair = [...pairs.values()].find((each) => each.header === header) as Pair;
        // Its end is known, whatever else has happened.
        expect(now() - pair.madeAt).toBeLessThan(lifetimeMs);
        expect(refused).not.toContain(header);
        if (!isEnded) expect(await isGood(header)).toBe(true);
      } else if (code === 'reauthentication_required') {
        counts.ended += 1;
        if (signedOut.has(process)) return;
        expect([hasGrant && !isEnded, await isAlive()]).toEqual([false, false]);
      } else {
        expect([isTroubled(), code]).toEqual([true, expect.any(String)]);
      }
    }

    /** In steps, as time goes: what waits for an instant is not late. A process that is stopped has no timers. */
    async function advance(ms: number): Promise<void> {
      const end = now() + ms;
      for (;;) {
        const running = [...timers].filter(({ process }) => !isStopped(process));
        for (const timer of running.filter(({ at }) => at <= now())) {
          timers.delete(timer);
          timer.callback();
        }
        await settle();
        const left = end - now();
        if (left <= 0) return;
        const next = [...timers].filter(({ process }) => !isStopped(process)).map(({ at }) => at - now());
        await emulator.clock.advance(Math.min(left, ...next.map((each) => Math.max(1, each))));
      }
    }
    function breakAs(how: Breakage): void {
      mendFault();
      isBroken = how;
      const faults = { away: { reset: true }, overloaded: { status: 429 }, lost: { truncate: true } };
      mendFault = emulator.faults.add({ path: '/_security/oauth2/token', ...faults[how] });
    }
    function mend(): void {
      isTroubled();
      mendFault();
      isBroken = undefined;
    }
    async function goOn(process: number): Promise<void> {
      gates.get(process)?.gate.open();
      gates.delete(process);
      await settle();
    }
    async function revoke(what: { token: string } | { username: string }): Promise<void> {
      await admin.invalidateToken(what).catch((error: { readonly code: string }) => {
        // There may be none left.
        expect(error.code).toBe('not_found');
      });
    }

    async function take(step: Step): Promise<void> {
      switch (step.kind) {
        case 'use':
          return use(step.process);
        case 'all':
          await Promise.all(processes.map((_, process) => use(process)));
          return;
        case 'advance':
          return advance(step.ms);
        case 'break':
          return breakAs(step.how);
        case 'mend':
          return mend();
        case 'lose':
          await advance(step.afterMs);
          breakAs('lost');
          await use(step.process);
          await settle();
          await advance(step.brokenMs);
          return mend();
        case 'stop': {
          if (gates.has(step.process)) return;
          await advance(step.afterMs);
          const held = { gate: openableGate(), isReached: false };
          gates.set(step.process, held);
          (processes[step.process] as TokenSource).authorization().catch(() => {});
          await settle();
          if (held.isReached) counts.stopped += 1;
          else gates.delete(step.process);
          return;
        }
        case 'go on':
          return goOn(step.process);
        case 'break store':
          storeFault = step.how;
          return;
        case 'mend store':
          isTroubled();
          storeFault = undefined;
          return;
        case 'revoke access': {
          const stored = await store.get();
          if (isBroken !== undefined || stored === undefined) return;
          await revoke({ token: stored.accessToken });
          refused.add(`Bearer ${stored.accessToken}`);
          for (const it of processes) it.renew(`Bearer ${stored.accessToken}`);
          return;
        }
        case 'revoke session':
          if (isBroken !== undefined) return;
          await revoke({ username: 'alice' });
          for (const pair of pairs.values()) pair.isRevoked = true;
          isEnded = true;
          return;
        case 'sign out': {
          if (isStopped(step.process)) return;
          const isDone = await (processes[step.process] as TokenSource).invalidate().then(
            () => true,
            () => expect(isTroubled()).toBe(true),
          );
          // Also one that failed may have ended some of them.
          isEnded = true;
          for (const pair of pairs.values()) pair.isRevoked = true;
          if (isDone !== true) return;
          counts.signedOut += 1;
          signedOut.add(step.process);
          return;
        }
      }
    }

    const issuedAt = now();
    const first = await admin.getToken(grant);
    learn(first, issuedAt);
    await store.compareAndSet(undefined, storedOf(first, issuedAt));
    everStored.add(`Bearer ${first.access_token}`);
    for (const step of steps) {
      await take(step);
      await settle();
    }

    // In the end all is well again, and whoever can go on does.
    mend();
    isTroubled();
    storeFault = undefined;
    for (const process of processes.keys()) await goOn(process);
    await advance(31 * seconds);
    const [isLeft, wasEnded] = [hasGrant || (await isAlive()), isEnded];
    for (const process of processes.keys()) {
      if (isLeft && !wasEnded)
        expect(await isGood(await (processes[process] as TokenSource).authorization())).toBe(true);
      else await use(process);
    }
    await settle();
    await judgeLogout();
    for (const it of processes) it.close();

    /** Where somebody has signed out, nothing is good that was shared, and nothing can be renewed that was not. */
    async function judgeLogout(): Promise<void> {
      if (signedOut.size === 0 || hasGrant) return;
      expect(await store.get()).toBeUndefined();
      for (const [refresh_token, { header }] of pairs) {
        if (everStored.has(header)) expect(await isGood(header)).toBe(false);
        const renewed = admin.getToken({ grant_type: 'refresh_token', refresh_token });
        await expect(renewed).rejects.toMatchObject({ code: 'invalid_grant' });
      }
    }
  }

  return {
    play,
    async close() {
      await admin.close();
      await emulator.close();
    },
  };
}

function storedOf(answer: GetTokenResponse, issuedAt: number): StoredTokens {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in } = answer;
  return { accessToken, refreshToken, issuedAt, expiresAt: issuedAt + expires_in * seconds };
}

/** Lets what was begun in the background come to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

// Histories at random: processes that share a store use a token, time passes, Elasticsearch goes away, answers are lost,
// the session is ended elsewhere. Whatever happens, nobody is given a header that is not good while a good one can be
// had, no session is lost that could be kept, and no refresh token is used again when that can only fail.

import {
  createSecurityClient,
  createTokenSource,
  memoryTokenStore,
  type ReauthenticationRequired,
  type SecurityClient,
  type StoredTokens,
  type TokenSource,
} from '@esauth/client';
import { type Emulator, startEmulator } from '@esauth/emulator';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

const runs = Number(process.env.ESAUTH_HISTORIES ?? 60);
const seconds = 1000;
const graceMs = 30 * seconds;

type Step =
  | { readonly kind: 'use'; readonly process: number }
  | { readonly kind: 'both' }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'break'; readonly how: 'away' | 'overloaded' | 'lost'; readonly times: number }
  | { readonly kind: 'mend' }
  | { readonly kind: 'revoke access' }
  | { readonly kind: 'revoke session' }
  | { readonly kind: 'sign out'; readonly process: number };

const ahead = fc.oneof(
  fc.integer({ min: 1, max: 40 * seconds }),
  fc.integer({ min: 1, max: 25 * 60 * seconds }),
  fc.constantFrom(26 * 60 * 60 * seconds),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('use' as const), process: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'both' as const }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: ahead }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('break' as const),
      how: fc.constantFrom('away' as const, 'overloaded' as const, 'lost' as const),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'mend' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'revoke access' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'revoke session' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sign out' as const), process: fc.nat(1) }) },
);

let emulator: Emulator;
let admin: SecurityClient;
let counts = { histories: 0, used: 0, refreshes: 0, lost: 0, ended: 0 };
beforeAll(async () => {
  emulator = await startEmulator({
    users: { alice: { password: 'secret', roles: [] } },
  });
  admin = createSecurityClient({ nodes: emulator.url, auth: { username: 'elastic', password: 'changeme' } });
});
afterAll(async () => {
  // biome-ignore lint/suspicious/noConsole: how much a run has seen is what it is worth
  console.log('token source:', counts);
  await admin.close();
  await emulator.close();
});

/** One history, played to its end. */
async function play(steps: readonly Step[], hasGrant: boolean): Promise<void> {
  counts = { ...counts, histories: counts.histories + 1 };
  const grant = { grant_type: 'password' as const, username: 'alice', password: 'secret' };
  const first = await admin.getToken(grant);
  const store = memoryTokenStore();
  const issuedAt = emulator.clock.now();
  const { access_token: accessToken, refresh_token: refreshToken, expires_in } = first;
  const tokens: StoredTokens = {
    accessToken,
    refreshToken,
    issuedAt,
    expiresAt: issuedAt + expires_in * seconds,
  };
  await store.compareAndSet(undefined, tokens);

  /** When each refresh token was first used with effect. */
  const spentAt = new Map<string, number>();
  let isBroken: 'away' | 'overloaded' | 'lost' | undefined;
  let mend = () => {};
  /** Somebody has ended it, or an answer was lost for longer than it is given again. */
  let mayEnd = false;
  let signedOut = false;
  let lostSince: number | undefined;

  const client: Pick<SecurityClient, 'getToken' | 'invalidateToken'> = {
    async getToken(params) {
      if (params.grant_type !== 'refresh_token') return admin.getToken(params);
      const { refresh_token } = params;
      const now = emulator.clock.now();
      const spent = spentAt.get(refresh_token);
      // After that it can only fail: it may be tried where its answer was lost, and nothing else is known.
      if (spent !== undefined && now - spent > graceMs) expect(lostSince).toBeDefined();
      counts.refreshes += 1;
      if (isBroken === 'lost' && spent === undefined) {
        spentAt.set(refresh_token, now);
        lostSince ??= now;
        counts.lost += 1;
      }
      const pair = await admin.getToken(params);
      if (spent === undefined) spentAt.set(refresh_token, now);
      lostSince = undefined;
      return pair;
    },
    invalidateToken: (params) => admin.invalidateToken(params),
  };
  const waiting = new Set<{ readonly at: number; readonly callback: () => void }>();
  const clock = {
    wall: () => emulator.clock.now(),
    after(ms: number, callback: () => void) {
      const entry = { at: emulator.clock.now() + ms, callback };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
  };
  const fire = async () => {
    for (const entry of [...waiting].filter(({ at }) => at <= emulator.clock.now())) {
      waiting.delete(entry);
      entry.callback();
    }
    await settle();
  };
  const processes: TokenSource[] = [0, 1].map(() =>
    createTokenSource({ client, store, clock, ...(hasGrant && { grant }) }),
  );

  /** Who a header is, asked past all faults. */
  const isGood = async (authorization: string): Promise<boolean> => {
    return admin.authenticate({ authorization }).then(
      () => true,
      () => false,
    );
  };

  const use = async (it: TokenSource): Promise<void> => {
    counts.used += 1;
    const now = emulator.clock.now();
    if (lostSince !== undefined && now - lostSince > graceMs) mayEnd = true;
    const outcome = await it.authorization().then(
      (header) => ({ header }),
      (error: ReauthenticationRequired) => ({ error }),
    );
    if ('header' in outcome) {
      // Somebody may have ended it, which its owner cannot know before he is refused.
      if (!mayEnd) expect(await isGood(outcome.header)).toBe(true);
      return;
    }
    const { error } = outcome;
    if (error.code === 'reauthentication_required') {
      counts.ended += 1;
      expect(mayEnd || signedOut || isOld()).toBe(true);
    } else {
      expect([isBroken !== undefined || recentlyBroken(), error.code]).toEqual([true, expect.any(String)]);
    }
  };

  let mendedAt = Number.NEGATIVE_INFINITY;
  /** A pause after failures is a second at most, while there is no good token. */
  const recentlyBroken = () => emulator.clock.now() - mendedAt <= seconds;
  let lastRefreshable = emulator.clock.now();
  /** No refresh token lives longer than a day. */
  const isOld = () => emulator.clock.now() - lastRefreshable > 24 * 60 * 60 * seconds - 25 * 60 * seconds;

  for (const each of steps) {
    switch (each.kind) {
      case 'use':
        await use(processes[each.process] as TokenSource);
        break;
      case 'both':
        await Promise.all(processes.map(use));
        break;
      case 'advance': {
        // In steps, as time goes: what waits for an instant is not late.
        const end = emulator.clock.now() + each.ms;
        for (let left = each.ms; left > 0; left = end - emulator.clock.now()) {
          const next = Math.min(
            left,
            ...[...waiting].map(({ at }) => Math.max(1, at - emulator.clock.now())),
          );
          await emulator.clock.advance(next);
          await fire();
        }
        break;
      }
      case 'break': {
        mend();
        isBroken = each.how;
        const faults = { away: { reset: true }, overloaded: { status: 429 }, lost: { truncate: true } };
        mend = emulator.faults.add({ path: '/_security/oauth2/token', ...faults[each.how] });
        break;
      }
      case 'mend':
        mend();
        if (isBroken !== undefined) mendedAt = emulator.clock.now();
        isBroken = undefined;
        break;
      case 'revoke access': {
        const stored = await store.get();
        if (isBroken !== undefined || stored === undefined) break;
        await admin.invalidateToken({ token: stored.accessToken }).catch(() => {});
        for (const it of processes) it.renew(`Bearer ${stored.accessToken}`);
        break;
      }
      case 'revoke session':
        if (isBroken !== undefined) break;
        await admin.invalidateToken({ username: 'alice' }).catch(() => {});
        mayEnd = true;
        break;
      case 'sign out':
        await (processes[each.process] as TokenSource).invalidate().catch(() => {});
        signedOut = true;
        mayEnd = true;
        break;
    }
    const stored = await store.get();
    if (stored !== undefined) lastRefreshable = Math.max(lastRefreshable, stored.issuedAt);
  }
  mend();
  for (const it of processes) it.close();
}

/** Lets what was begun in the background come to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test.each([
  ['without a grant', false],
  ['with a grant', true],
])(
  '%s',
  async (_, hasGrant) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) => play(steps, hasGrant)),
      { numRuns: runs },
    );
  },
  120_000,
);

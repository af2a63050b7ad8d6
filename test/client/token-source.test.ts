// A token that is valid now, and every way in which it can be lost.

import { memoryTokenStore, SecurityApiError, type StoredTokens, type TokenStore } from '@esauth/client';
import { describe, expect, test } from 'vitest';
import { openableGate } from '../support/gate.js';
import { client, emulator, grant, grants, minute, signIn, source, useTokens, whose } from './token-scene.js';

useTokens();

async function storeWith(tokens: StoredTokens): Promise<TokenStore> {
  const store = memoryTokenStore();
  await store.compareAndSet(undefined, tokens);
  return store;
}

describe('authorization', () => {
  test('is got once, and renewed by refreshing ahead of its end', async () => {
    const it = source();
    const [first, same] = await Promise.all([it.authorization(), it.authorization()]);
    expect(same).toBe(first);
    expect(grants()).toBe(1);
    await emulator.clock.advance(17 * minute);
    // The old one is good still, and nobody waits.
    expect(await it.authorization()).toBe(first);
    while (grants() < 2) await new Promise((resolve) => setImmediate(resolve));
    await expect.poll(() => it.authorization()).not.toBe(first);
    expect(await whose(await it.authorization())).toBe('alice');
    expect(grants()).toBe(2);
  });

  test('that has ended is never given', async () => {
    const it = source();
    const first = await it.authorization();
    await emulator.clock.advance(20 * minute);
    const second = await it.authorization();
    expect(second).not.toBe(first);
    expect(await whose(second)).toBe('alice');
  });

  test('is asked of the grant when the refresh token is of no use', async () => {
    const it = source();
    await it.authorization();
    await emulator.clock.advance(25 * 60 * minute);
    expect(await whose(await it.authorization())).toBe('alice');
  });

  test.each([
    ['expired', async () => emulator.clock.advance(24.2 * 60 * minute)],
    [
      'invalidated',
      async ({ refreshToken: refresh_token = '' }: StoredTokens) => {
        await client.invalidateToken({ refresh_token });
        await emulator.clock.advance(20 * minute);
      },
    ],
    [
      'already_refreshed',
      async ({ refreshToken: refresh_token = '' }: StoredTokens) => {
        await client.getToken({ grant_type: 'refresh_token', refresh_token });
        await emulator.clock.advance(20 * minute);
      },
    ],
  ] as const)('without a grant it is for its owner to sign in again: %s', async (reason, happens) => {
    const tokens = await signIn();
    const it = source({ grant: undefined, store: await storeWith(tokens) });
    expect(await it.authorization()).toBe(`Bearer ${tokens.accessToken}`);
    await happens(tokens);
    await expect(it.authorization()).rejects.toMatchObject({ code: 'reauthentication_required', reason });
  });

  test('is kept while it lives and Elasticsearch is away, and refused after', async () => {
    const it = source();
    const first = await it.authorization();
    await emulator.clock.advance(17 * minute);
    const mend = emulator.faults.add({ reset: true });
    for (let i = 0; i < 5; i++) expect(await it.authorization()).toBe(first);
    await emulator.clock.advance(3 * minute);
    await expect(it.authorization()).rejects.toMatchObject({ code: 'unavailable' });
    mend();
    await emulator.clock.advance(1_000);
    expect(await whose(await it.authorization())).toBe('alice');
  });

  test('is had a second after Elasticsearch is back, however often it was asked before', async () => {
    const it = source();
    await it.authorization();
    await emulator.clock.advance(20 * minute);
    const mend = emulator.faults.add({ reset: true });
    for (let i = 0; i < 12; i++) {
      await expect(it.authorization()).rejects.toMatchObject({ code: 'unavailable' });
      await emulator.clock.advance(1_000);
    }
    await expect(it.authorization()).rejects.toMatchObject({ code: 'unavailable' });
    mend();
    await emulator.clock.advance(1_000);
    expect(await whose(await it.authorization())).toBe('alice');
  });

  test('is had a second after it is refused, however long the pause was while it was good', async () => {
    let failures = 0;
    let isAway = false;
    const getToken: typeof client.getToken = async (...call) => {
      if (!isAway) return client.getToken(...call);
      failures += 1;
      throw new SecurityApiError('unavailable', 'away');
    };
    const it = source({ client: { getToken, invalidateToken: client.invalidateToken } });
    const first = await it.authorization();
    await emulator.clock.advance(16 * minute);
    isAway = true;
    // Each renewal in the background fails, and the next one is due later: in the end after 8 to 16 seconds.
    for (let asked = 1; asked <= 6; asked += 1) {
      await emulator.clock.advance(30_000);
      expect(await it.authorization()).toBe(first);
      await expect.poll(() => failures).toBe(asked);
    }
    isAway = false;
    it.renew(first);
    await emulator.clock.advance(1_000);
    expect(await it.authorization()).not.toBe(first);
  });

  test('survives that the answer to a refresh is lost', async () => {
    const tokens = await signIn();
    const it = source({ grant: undefined, store: await storeWith(tokens) });
    await emulator.clock.advance(20 * minute);
    // The request arrives and is obeyed; its answer is cut, also when it is sent again.
    const mend = emulator.faults.add({ path: '/_security/oauth2/token', truncate: true });
    await expect(it.authorization()).rejects.toMatchObject({ code: 'unavailable' });
    mend();
    await emulator.clock.advance(2_000);
    expect(await whose(await it.authorization())).toBe('alice');
  });
});

describe('what comes back', () => {
  test('after a long time without Elasticsearch is as young as it can be, and asked for once', async () => {
    const it = source({ grant: undefined, store: await storeWith(await signIn()) });
    const mend = emulator.faults.add({ path: '/_security/oauth2/token', reset: true });
    await emulator.clock.advance(20 * minute);
    await expect(it.authorization()).rejects.toMatchObject({ code: 'unavailable' });
    await emulator.clock.advance(60 * minute);
    mend();
    const before = grants();
    const header = await it.authorization();
    expect(await it.authorization()).toBe(header);
    expect(grants()).toBe(before + 1);
  });

  test.each([
    ['has no token', { type: 'Bearer', expires_in: 1200 }],
    ['has no lifetime', { access_token: 'a', type: 'Bearer' }],
  ])('%s: it is an error, and no header', async (_, body) => {
    emulator.faults.add({
      path: '/_security/oauth2/token',
      body,
      headers: { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' },
    });
    await expect(source().authorization()).rejects.toMatchObject({ code: 'bad_response' });
  });

  test('has ended already, again and again', async () => {
    const ended = { accessToken: 'a', issuedAt: 0, expiresAt: 1 };
    let answers = 0;
    const odd = {
      getToken: async () => ({ access_token: `a${answers++}`, type: 'Bearer' as const, expires_in: 0 }),
      invalidateToken: client.invalidateToken,
    };
    const it = source({ client: odd, store: await storeWith(ended) });
    await expect(it.authorization()).rejects.toMatchObject({
      code: 'unavailable',
      message: /compare the clocks/,
    });
    expect(answers).toBeLessThan(10);
  });
});

describe('close', () => {
  test('stores what is under way, and gives nothing more', async () => {
    const store = memoryTokenStore();
    const it = source({ store });
    const call = it.authorization();
    it.close();
    await expect(call).rejects.toThrow('the token source was closed');
    await expect.poll(async () => whose(`Bearer ${(await store.get())?.accessToken}`)).toBe('alice');
    await expect(it.invalidate()).rejects.toThrow('the token source was closed');
  });
});

describe('several processes', () => {
  test('one is stopped with what it has read until that is of no use, and goes on from what there is', async () => {
    const real = await storeWith(await signIn());
    let isStopped = true;
    const gate = openableGate();
    const slow: TokenStore = {
      compareAndSet: real.compareAndSet,
      async get() {
        const stored = await real.get();
        if (isStopped) await gate.opened;
        return stored;
      },
    };
    const [late, other] = [
      source({ grant: undefined, store: slow }),
      source({ grant: undefined, store: real }),
    ];
    await emulator.clock.advance(20 * minute);
    const call = late.authorization();
    await other.authorization();
    // By then what the other one has got has ended as well, and only its refresh token is good.
    await emulator.clock.advance(21 * minute);
    isStopped = false;
    gate.open();
    expect(await whose(await call)).toBe('alice');
  });

  test('one signs out while another one gets the next pair: that is ended as well', async () => {
    const tokens = await signIn();
    const real = await storeWith(tokens);
    let isHeld = true;
    const [reached, gate] = [openableGate(), openableGate()];
    const slow: TokenStore = {
      get: real.get,
      async compareAndSet(expected, next) {
        if (isHeld) {
          reached.open();
          await gate.opened;
        }
        return real.compareAndSet(expected, next);
      },
    };
    const one = source({ grant: undefined, store: slow });
    await one.authorization();
    const leaving = one.invalidate();
    await reached.opened;
    // It was refreshed just before it was ended.
    const { access_token, refresh_token, expires_in } = await client.getToken(grant);
    const now = emulator.clock.now();
    const next = {
      accessToken: access_token,
      refreshToken: refresh_token,
      issuedAt: now,
      expiresAt: now + expires_in * 1000,
    };
    expect(await real.compareAndSet(tokens, next)).toBe(true);
    isHeld = false;
    gate.open();
    await leaving;
    await expect(whose(`Bearer ${access_token}`)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await real.get()).toBeUndefined();
  });

  test('one has signed out, and another one comes with the next pair: it is ended', async () => {
    const tokens = await signIn();
    const real = await storeWith(tokens);
    const [reached, gate] = [openableGate(), openableGate()];
    const slow: TokenStore = {
      get: real.get,
      async compareAndSet(expected, next) {
        reached.open();
        await gate.opened;
        return real.compareAndSet(expected, next);
      },
    };
    const [late, one] = [
      source({ grant: undefined, store: slow }),
      source({ grant: undefined, store: real }),
    ];
    const header = await late.authorization();
    await emulator.clock.advance(17 * minute);
    // It is due, and renewed while this one is used.
    expect(await late.authorization()).toBe(header);
    await reached.opened;
    await one.invalidate();
    gate.open();
    await expect
      .poll(() => late.authorization().catch((error) => error.code))
      .toBe('reauthentication_required');
    await expect(whose(header)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await real.get()).toBeUndefined();
    const ended = emulator.requests.filter(
      ({ method, path }) => method === 'DELETE' && path.endsWith('token'),
    );
    await expect.poll(() => ended.length).toBeGreaterThanOrEqual(2);
  });

  test('two that get a pair each by their grant: one is kept, the other is not renewed, and harms nobody', async () => {
    const real = memoryTokenStore();
    const [reached, gate] = [openableGate(), openableGate()];
    const slow: TokenStore = {
      get: real.get,
      async compareAndSet(expected, next) {
        reached.open();
        await gate.opened;
        return real.compareAndSet(expected, next);
      },
    };
    const [late, other] = [source({ store: slow }), source({ store: real })];
    const waiting = late.authorization();
    await reached.opened;
    // What it has got already can be in use from here on.
    const inUse = await late.authorization();
    const kept = await other.authorization();
    expect(inUse).not.toBe(kept);
    gate.open();
    await waiting;
    const deleted = () => emulator.requests.filter(({ method }) => method === 'DELETE').length;
    await expect.poll(deleted).toBe(1);
    expect(await late.authorization()).toBe(kept);
    expect([await whose(inUse), await whose(kept)]).toEqual(['alice', 'alice']);
  });

  test('one is refused with a spent token, asks once a second, and goes on when another one has stored its pair', async () => {
    const tokens = await signIn();
    const store = await storeWith(tokens);
    const it = source({ grant: undefined, store });
    await client.getToken({ grant_type: 'refresh_token', refresh_token: String(tokens.refreshToken) });
    await emulator.clock.advance(21 * minute);
    const asked = grants();
    for (let use = 0; use < 3; use += 1)
      await expect(it.authorization()).rejects.toMatchObject({ reason: 'already_refreshed' });
    expect(grants() - asked).toBe(1);
    await emulator.clock.advance(1_000);
    await expect(it.authorization()).rejects.toMatchObject({ reason: 'already_refreshed' });
    expect(grants() - asked).toBe(2);
    const next = await signIn();
    await store.compareAndSet(tokens, next);
    expect(await it.authorization()).toBe(`Bearer ${next.accessToken}`);
  });

  test('a sign-out that failed can be tried again, and meanwhile nothing is given', async () => {
    const it = source({ grant: undefined, store: await storeWith(await signIn()) });
    const header = await it.authorization();
    const mend = emulator.faults.add({ method: 'DELETE', status: 503 });
    const leaving = it.invalidate();
    await expect(it.authorization()).rejects.toMatchObject({ reason: 'invalidated_here' });
    await expect(leaving).rejects.toMatchObject({ code: 'unavailable' });
    mend();
    await it.invalidate();
    await it.invalidate();
    await expect(whose(header)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test('share one family of tokens, and refresh once', async () => {
    const tokens = await signIn();
    const store = await storeWith(tokens);
    const all = [1, 2, 3, 4, 5].map(() => source({ grant: undefined, store }));
    await emulator.clock.advance(20 * minute);
    const values = await Promise.all(all.map((it) => it.authorization()));
    expect(new Set(values).size).toBe(1);
    expect(await whose(values[0] ?? '')).toBe('alice');
    // An hour later one does it, and the others see that.
    await emulator.clock.advance(20 * minute);
    const before = grants();
    for (const it of all) await it.authorization();
    expect(grants()).toBe(before + 1);
  });

  test('one signs out, and no other brings the session back', async () => {
    const store = await storeWith(await signIn());
    const [one, other] = [source({ grant: undefined, store }), source({ grant: undefined, store })];
    const header = await other.authorization();
    await one.invalidate();
    await expect(client.authenticate({ authorization: header })).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await expect(one.authorization()).rejects.toMatchObject({ reason: 'invalidated_here' });
    other.renew(header);
    await expect(other.authorization()).rejects.toMatchObject({ code: 'reauthentication_required' });
  });

  test('a store that fails costs nothing but its own repetition', async () => {
    const real = await storeWith(await signIn());
    let isBroken = true;
    const store: TokenStore = {
      get: real.get,
      async compareAndSet(expected, next) {
        if (isBroken) throw new Error('the store is away');
        return real.compareAndSet(expected, next);
      },
    };
    const it = source({ grant: undefined, store });
    await emulator.clock.advance(20 * minute);
    const header = await it.authorization();
    expect(await whose(header)).toBe('alice');
    isBroken = false;
    await emulator.clock.advance(31_000);
    expect(await it.authorization()).toBe(header);
    await expect.poll(async () => `Bearer ${(await real.get())?.accessToken}`).toBe(header);
  });
});

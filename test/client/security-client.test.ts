// Every method against the emulator, and what it is refused with.

import { createSecurityClient, SecurityApiError, type SecurityClient } from '@esauth/client';
import { createVerifier, type Verifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let emulator: Emulator;
let client: SecurityClient;
let verifier: Verifier;

beforeEach(async () => {
  emulator = await startEmulator({
    users: {
      alice: { password: 'secret-of-alice', roles: ['superuser'] },
      bob: { password: 'secret-of-bob', roles: [] },
    },
  });
  verifier = createVerifier({ nodes: emulator.url, schemes: ['Bearer', 'ApiKey', 'Basic'] });
  client = createSecurityClient({
    nodes: emulator.url,
    auth: { username: 'elastic', password: 'changeme' },
    verifier,
  });
});
afterEach(async () => {
  await client.close();
  await verifier.close();
  await emulator.close();
});

const password = (username: string) => ({
  grant_type: 'password' as const,
  username,
  password: `secret-of-${username}`,
});
const who = (authorization: string) => client.authenticate({ authorization });
const failure = async (call: Promise<unknown>): Promise<SecurityApiError> => {
  const error = await call.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(SecurityApiError);
  return error as SecurityApiError;
};

describe('tokens', () => {
  test('are issued, refreshed and invalidated', async () => {
    const first = await client.getToken(password('alice'));
    expect(first).toMatchObject({ type: 'Bearer', expires_in: 1200 });
    expect(await who(`Bearer ${first.access_token}`)).toMatchObject({ username: 'alice' });
    const { refresh_token = '' } = first;
    const second = await client.getToken({ grant_type: 'refresh_token', refresh_token });
    expect(second.access_token).not.toBe(first.access_token);
    expect((await client.invalidateToken({ token: second.access_token })).invalidated_tokens).toBe(1);
    expect((await failure(who(`Bearer ${second.access_token}`))).code).toBe('unauthorized');
    expect((await client.getToken({ grant_type: 'client_credentials' })).refresh_token).toBeUndefined();
  });

  test.each([
    ['unknown', async () => 'bm90IGEgdG9rZW4='],
    [
      'invalidated',
      async (token: string): Promise<void> => void (await client.invalidateToken({ refresh_token: token })),
    ],
    ['expired', async (): Promise<void> => void (await emulator.clock.advance(24 * 3_600_000 + 1))],
    [
      'already_refreshed',
      async (refresh_token: string) => {
        await client.getToken({ grant_type: 'refresh_token', refresh_token });
        await emulator.clock.advance(31_000);
      },
    ],
  ] as const)('that can not be refreshed: %s', async (reason, prepare) => {
    const { refresh_token = '' } = await client.getToken(password('alice'));
    const other = await prepare(refresh_token);
    const call = client.getToken({ grant_type: 'refresh_token', refresh_token: other ?? refresh_token });
    expect(await failure(call)).toMatchObject({ code: 'invalid_grant', status: 400, reason });
  });

  test('of somebody else can not be refreshed', async () => {
    const { refresh_token = '' } = await client.getToken(password('bob'));
    const { access_token } = await client.getToken(password('alice'));
    const as = { authorization: `Bearer ${access_token}` };
    const call = client.getToken({ grant_type: 'refresh_token', refresh_token }, as);
    expect(await failure(call)).toMatchObject({ code: 'invalid_grant', reason: 'other_client' });
  });

  test('with a wrong password: it is the grant that is bad, and nothing of it is repeated', async () => {
    const call = client.getToken({ grant_type: 'password', username: 'alice', password: 'not-the-password' });
    const error = await failure(call);
    expect(error).toMatchObject({ code: 'invalid_grant', status: 401 });
    expect(error.cause?.message).toContain('unable to authenticate user [alice]');
    expect(JSON.stringify([error, error.message, error.cause])).not.toContain('not-the-password');
  });
});

describe('the verifier forgets, before the call returns', () => {
  const token = async (username: string) => (await client.getToken(password(username))).access_token;
  const remembered = async (authorization: string) => {
    expect(await verifier.verify(authorization)).toMatchObject({ kind: 'authenticated' });
    return () => verifier.peek(authorization);
  };

  test('a token, the tokens of a user, an API key', async () => {
    const one = await token('alice');
    const peekOne = await remembered(`Bearer ${one}`);
    await client.invalidateToken({ token: one });
    expect(peekOne()).toBeUndefined();

    const peekOther = await remembered(`Bearer ${await token('bob')}`);
    await client.invalidateToken({ username: 'bob' });
    expect(peekOther()).toBeUndefined();

    const key = await client.createApiKey({ name: 'k' });
    const peekKey = await remembered(`ApiKey ${key.encoded}`);
    await client.updateApiKey({ id: key.id, metadata: { a: 1 } });
    expect(peekKey()).toBeUndefined();
    await remembered(`ApiKey ${key.encoded}`);
    await client.invalidateApiKey({ name: 'k*' });
    expect(peekKey()).toBeUndefined();
  });

  test('a user who is disabled, or has another password', async () => {
    const basic = `Basic ${btoa('bob:secret-of-bob')}`;
    const peek = await remembered(basic);
    await client.changePassword({ username: 'bob', password: 'another-one' });
    expect(peek()).toBeUndefined();
    expect((await failure(who(basic))).code).toBe('unauthorized');
    const now = `Basic ${btoa('bob:another-one')}`;
    const peekNow = await remembered(now);
    await client.disableUser({ username: 'bob' });
    expect(peekNow()).toBeUndefined();
    await client.enableUser({ username: 'bob' });
    await remembered(now);
    await client.changePassword({ password: 'a-third-one' }, { authorization: now });
    expect(peekNow()).toBeUndefined();
  });

  test('also if the answer is lost, or never comes', async () => {
    const { id, encoded } = await client.createApiKey({ name: 'k' });
    const peek = await remembered(`ApiKey ${encoded}`);
    emulator.faults.add({ method: 'DELETE', truncate: true });
    expect((await failure(client.invalidateApiKey({ ids: [id] }))).code).toBe('unavailable');
    expect(peek()).toBeUndefined();

    const other = await client.createApiKey({ name: 'k' });
    const peekOther = await remembered(`ApiKey ${other.encoded}`);
    emulator.faults.add({ method: 'DELETE', delayMs: Number.POSITIVE_INFINITY });
    const call = client.invalidateApiKey({ name: 'k' }, { timeoutMs: 50 });
    expect((await failure(call)).code).toBe('unavailable');
    expect(peekOther()).toBeUndefined();
  });

  test('keys by their name, where the call was sent twice and the first one did it', async () => {
    const { encoded } = await client.createApiKey({ name: 'named' });
    const peek = await remembered(`ApiKey ${encoded}`);
    emulator.faults.add({ method: 'DELETE', truncate: true, times: 1 });
    // There is none of that name any more, as far as the second one knows.
    expect((await client.invalidateApiKey({ name: 'named' })).invalidated_api_keys).toEqual([]);
    expect(peek()).toBeUndefined();
  });

  test('keys of whom the verifier cannot tell, and nothing of it hides the error', async () => {
    const { encoded } = await client.createApiKey({ name: 'k' });
    const peek = await remembered(`ApiKey ${encoded}`);
    for (const params of [{ ids: [''] }, { ids: 'x' }, { username: '' }, { ids: undefined, name: 5 }]) {
      await remembered(`ApiKey ${encoded}`);
      const error = await client.invalidateApiKey(params as never).catch((reason: unknown) => reason);
      if (error instanceof Error) expect(error).toBeInstanceOf(SecurityApiError);
      expect(peek()).toBeUndefined();
    }
  });

  test('also if the call is given up while it is under way', async () => {
    const { id, encoded } = await client.createApiKey({ name: 'k' });
    const peek = await remembered(`ApiKey ${encoded}`);
    emulator.faults.add({ method: 'DELETE', delayMs: Number.POSITIVE_INFINITY });
    const signal = AbortSignal.timeout(50);
    await expect(client.invalidateApiKey({ ids: [id] }, { signal })).rejects.toThrow();
    expect(peek()).toBeUndefined();
  });
});

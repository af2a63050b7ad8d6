// Both official clients against the emulator: whatever a call of theirs ends or changes is forgotten before its promise
// settles, also where its answer is lost; and nothing that is wrong here gets into the client.

import { revokeOn } from '@esauth/client';
import { createVerifier, type Revocable, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Client, type Conversation, type Pair, pairs } from '../emulator/clients/clients.js';

let conversation: Conversation;
let verifier: Verifier;
let client: Client;

async function open(pair: Pair): Promise<void> {
  const roles = ['superuser'];
  conversation = await pair.open({
    users: { alice: { password: 'secret-of-alice', roles }, bob: { password: 'secret-of-bob', roles: [] } },
  });
  const { emulator } = conversation;
  verifier = createVerifier({ nodes: emulator.url, schemes: ['Bearer', 'ApiKey', 'Basic'] });
  client = conversation.signedIn({ username: emulator.username, password: emulator.password });
  const stop = revokeOn(client, verifier);
  onTestFinished(stop);
}
afterEach(async () => {
  await verifier.close();
  await conversation.close();
});

const basic = (name: string) => `Basic ${btoa(`${name}:secret-of-${name}`)}`;
const token = async (username: string) => {
  const grant = { grant_type: 'password' as const, username, password: `secret-of-${username}` };
  return (await client.security.getToken(grant)).access_token;
};
const apiKey = async (name = 'k') => {
  const { id, encoded } = await client.security.createApiKey({ name });
  return { id, header: `ApiKey ${encoded}` };
};

/** What is remembered, and a call that ends or changes it. */
type Case = readonly [
  name: string,
  begin: () => Promise<readonly [header: string, end: () => Promise<unknown>]>,
];
const cases: readonly Case[] = [
  [
    'invalidateToken by token',
    async () => {
      const access = await token('bob');
      return [`Bearer ${access}`, () => client.security.invalidateToken({ token: access })];
    },
  ],
  [
    'invalidateToken by username',
    async () => [`Bearer ${await token('bob')}`, () => client.security.invalidateToken({ username: 'bob' })],
  ],
  [
    'invalidateToken by realm_name',
    async () => {
      const header = `Bearer ${await token('bob')}`;
      const verdict = await verifier.verify(header);
      const realm_name = verdict.kind === 'authenticated' ? verdict.identity.realm.name : '';
      return [header, () => client.security.invalidateToken({ realm_name })];
    },
  ],
  [
    'invalidateApiKey by ids',
    async () => {
      const { id, header } = await apiKey();
      return [header, () => client.security.invalidateApiKey({ ids: [id] })];
    },
  ],
  [
    'invalidateApiKey by name',
    async () => [(await apiKey('named')).header, () => client.security.invalidateApiKey({ name: 'named' })],
  ],
  [
    'invalidateApiKey by owner',
    async () => [(await apiKey()).header, () => client.security.invalidateApiKey({ owner: true })],
  ],
  [
    'invalidateApiKey by username',
    async () => {
      const { header } = await apiKey();
      return [header, () => client.security.invalidateApiKey({ username: conversation.emulator.username })];
    },
  ],
  [
    'updateApiKey',
    async () => {
      const { id, header } = await apiKey();
      return [header, () => client.security.updateApiKey({ id, metadata: { changed: true } })];
    },
  ],
  [
    'bulkUpdateApiKeys',
    async () => {
      const { id, header } = await apiKey();
      return [header, () => client.security.bulkUpdateApiKeys({ ids: [id], metadata: { changed: true } })];
    },
  ],
  [
    'changePassword of somebody',
    async () => [
      basic('bob'),
      () => client.security.changePassword({ username: 'bob', password: 'another-one' }),
    ],
  ],
  [
    'changePassword of its own',
    async () => {
      const alice = conversation.signedIn({ username: 'alice', password: 'secret-of-alice' });
      onTestFinished(revokeOn(alice, verifier));
      return [basic('alice'), () => alice.security.changePassword({ password: 'another-one' })];
    },
  ],
  ['disableUser', async () => [basic('bob'), () => client.security.disableUser({ username: 'bob' })]],
  ['deleteUser', async () => [basic('bob'), () => client.security.deleteUser({ username: 'bob' })]],
  [
    'putUser',
    async () => [basic('bob'), () => client.security.putUser({ username: 'bob', roles: ['viewer'] })],
  ],
  [
    'deleteServiceToken',
    async () => {
      const of = { namespace: 'elastic', service: 'fleet-server', name: 't' };
      const { token: made } = await client.security.createServiceToken(of);
      return [`Bearer ${made.value}`, () => client.security.deleteServiceToken(of)];
    },
  ],
  [
    'a request by hand, with a query in its path',
    async () => {
      const { id, header } = await apiKey();
      const request = { method: 'DELETE', path: '/_security/api_key/?pretty', body: { ids: [id] } };
      return [header, () => client.transport.request(request)];
    },
  ],
  [
    'a child of the client',
    async () => [basic('bob'), () => client.child({}).security.disableUser({ username: 'bob' })],
  ],
];

async function remembered(header: string): Promise<() => unknown> {
  expect(await verifier.verify(header)).toMatchObject({ kind: 'authenticated' });
  expect(verifier.peek(header)).toMatchObject({ kind: 'authenticated' });
  return () => verifier.peek(header);
}

describe.each(pairs)('$name', (pair) => {
  beforeEach(() => open(pair));

  test.each(cases)('%s', async (_, begin) => {
    const [header, end] = await begin();
    const peek = await remembered(header);
    // The first that hears of it finds nothing remembered.
    expect(await end().then(peek)).toBeUndefined();
  });

  test.each(cases)('%s, whose answer is lost', async (_, begin) => {
    const [header, end] = await begin();
    const peek = await remembered(header);
    const { faults } = conversation.emulator;
    faults.add({ truncate: true });
    const failed = await end().then(
      () => expect.unreachable('the answer was lost'),
      () => ({ peek: peek() }),
    );
    expect(failed).toEqual({ peek: undefined });
  });

  test('a call that is late, or given up', async () => {
    for (const options of [{ requestTimeout: 100 }, { signal: AbortSignal.timeout(100) }]) {
      const { id, header } = await apiKey();
      const peek = await remembered(header);
      const mend = conversation.emulator.faults.add({ method: 'DELETE', delayMs: Number.POSITIVE_INFINITY });
      await expect(client.security.invalidateApiKey({ ids: [id] }, options)).rejects.toThrow();
      expect(peek()).toBeUndefined();
      mend();
    }
  });

  test('keys by their name, where the client has sent it twice and the first one did it', async () => {
    const { emulator } = conversation;
    const auth = { username: emulator.username, password: emulator.password };
    const stubborn = conversation.signedIn(auth, emulator.url, { maxRetries: 3 });
    onTestFinished(revokeOn(stubborn, verifier));
    const peek = await remembered((await apiKey('named')).header);
    emulator.faults.add({ method: 'DELETE', truncate: true, times: 1 });
    expect(await stubborn.security.invalidateApiKey({ name: 'named' })).toMatchObject({ error_count: 0 });
    expect(emulator.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
    expect(peek()).toBeUndefined();
  });

  test('what is compressed is read, and nobody else is forgotten', async () => {
    const { emulator } = conversation;
    const auth = { username: emulator.username, password: emulator.password };
    const pressed = conversation.signedIn(auth, emulator.url, { compression: true });
    onTestFinished(revokeOn(pressed, verifier));
    const [one, other] = [await token('bob'), await token('alice')];
    const peek = await remembered(`Bearer ${one}`);
    const peekOther = await remembered(`Bearer ${other}`);
    await pressed.security.invalidateToken({ token: one });
    expect(peek()).toBeUndefined();
    expect(peekOther()).toBeDefined();
  });

  test('what only reads or makes forgets nobody', async () => {
    const peek = await remembered(basic('bob'));
    await client.security.authenticate();
    await client.security.getApiKey({ owner: true });
    await client.security.getUser({ username: 'bob' });
    await client.security.hasPrivileges({ cluster: ['all'] });
    await client.security.createApiKey({ name: 'another' });
    await client.security.enableUser({ username: 'bob' });
    expect(peek()).toBeDefined();
  });

  test('stops when it is told to', async () => {
    const alone = conversation.signedIn({ username: 'alice', password: 'secret-of-alice' });
    revokeOn(alone, verifier)();
    const peek = await remembered(basic('bob'));
    await alone.security.disableUser({ username: 'bob' });
    expect(peek()).toBeDefined();
  });

  test('never gets in the way of the client', async () => {
    const picky = conversation.signedIn({ username: 'alice', password: 'secret-of-alice' });
    const heard: Revocable[] = [];
    const stop = revokeOn(picky, {
      revoke(subject) {
        heard.push(subject);
        if (subject !== 'all') throw new Error('not this one');
      },
    });
    onTestFinished(stop);
    expect(await picky.security.disableUser({ username: 'bob' })).toEqual({});
    expect(heard).toEqual([{ username: 'bob' }, 'all']);
    // Whom these are about cannot be told.
    for (const [method, path, body] of [
      ['DELETE', '/_security/oauth2/token', '{"token":'],
      ['DELETE', '/_security/oauth2/token', '[1]'],
      ['PUT', '/_security/user/%zz/_disable', '{}'],
    ] as const) {
      heard.length = 0;
      await picky.transport.request({ method, path, body }).catch(() => {});
      expect([path, body, heard]).toEqual([path, body, ['all']]);
    }
  });
});

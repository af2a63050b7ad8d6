// What may this caller do? Users, API keys and service accounts of an emulated Elasticsearch, in front of routes
// that ask for privileges: Elasticsearch decides, with the caller's own credential.

import {
  createGate,
  createGuard,
  createVerifier,
  type Host,
  InvalidPrivilegesError,
  type PrivilegesQuestion,
  privileges,
  type RequestLike,
  type Requirement,
  roles,
  type Verifier,
} from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, send } from '../support/http-client.js';
import { settled } from '../support/settled.js';

let emulator: Emulator;
let verifier: Verifier;
let callers: Readonly<Record<string, string>>;

beforeAll(async () => {
  emulator = await startEmulator({
    roles: {
      reader: {
        cluster: ['monitor', 'manage_own_api_key', 'manage_token'],
        indices: [{ names: ['docs-*'], privileges: ['read'] }],
        applications: [{ application: 'shop', privileges: ['read'], resources: ['item/*'] }],
      },
    },
    users: { alice: { password: 'password', roles: ['reader'] } },
  });
  verifier = createVerifier({ nodes: emulator.url });
  await ask('POST', '/_security/privilege', asAdmin, {
    shop: { read: { actions: ['data:read/*'] }, buy: { actions: ['data:write/buy'] } },
  });
  const alice = basic('alice', 'password');
  const { access_token: token } = await ask('POST', '/_security/oauth2/token', alice, {
    grant_type: 'client_credentials',
  });
  const service = await ask('POST', '/_security/service/elastic/fleet-server/credential/token/t1', asAdmin);
  callers = {
    'the user': `Bearer ${token}`,
    'a key of hers': await keyOf(alice, undefined),
    'a limited key': await keyOf(alice, {
      limited: { index: [{ names: ['docs-1'], privileges: ['read'] }] },
    }),
    'a key that claims more than she has': await keyOf(alice, {
      more: { cluster: ['all'], index: [{ names: ['*'], privileges: ['all'] }] },
    }),
    'a key without privileges': await keyOf(alice, { none: { cluster: [] } }),
    'a restricted key': await keyOf(alice, {
      search: {
        index: [{ names: ['docs-1'], privileges: ['read'] }],
        restriction: { workflows: ['search_application_query'] },
      },
    }),
    'a service account': `Bearer ${service.token.value}`,
  };
});
afterAll(async () => {
  await verifier.close();
  await emulator.close();
});

const asAdmin = basic('elastic', 'changeme');

async function ask(method: string, path: string, headers: object, body?: object) {
  const { status, json } = await send(emulator.url + path, { method, headers: { ...headers }, body });
  expect(status, path).toBe(200);
  return json;
}

async function keyOf(owner: object, descriptors: object | undefined): Promise<string> {
  const body = { name: 'key', ...(descriptors && { role_descriptors: descriptors }) };
  return `ApiKey ${(await ask('POST', '/_security/api_key', owner, body)).encoded}`;
}

const host: Host<RequestLike> = { node: (request) => request, address: () => undefined };

async function statusOf(caller: string, requirement: Requirement): Promise<number> {
  const request = { rawHeaders: ['Authorization', callers[caller] ?? ''], headers: {} };
  const { refusal } = await settled(createGate(verifier, {}, host).admit(request));
  const refused = refusal ?? (await settled(createGuard(requirement)(request, request)));
  return refused?.status ?? 200;
}

const on = (names: string, ...wanted: string[]) => ({ index: [{ names, privileges: wanted }] });
const shop = (resource: string, ...wanted: string[]) => ({
  application: [{ application: 'shop', privileges: wanted, resources: [resource] }],
});
const questions = {
  'cluster monitor': { cluster: ['monitor'] },
  'cluster manage': { cluster: ['manage'] },
  'docs-1 read': on('docs-1', 'read'),
  'docs-2 read': on('docs-2', 'read'),
  'docs-* read': on('docs-*', 'read'),
  '* read': on('*', 'read'),
  'docs-1 read and write': on('docs-1', 'read', 'write'),
  'item/1 read': shop('item/1', 'read'),
  'item/1, an action of read': shop('item/1', 'data:read/price'),
  'item/1 buy': shop('item/1', 'buy'),
  'all of the shop read': shop('*', 'read'),
  'a resource that every object has': shop('__proto__', 'read'),
  'a resource of 5 000 characters': shop(`item/${'x'.repeat(5_000)}`, 'read'),
} satisfies Record<string, PrivilegesQuestion>;

const ofReader: readonly (keyof typeof questions)[] = [
  ...(['cluster monitor', 'docs-1 read', 'docs-2 read', 'docs-* read', 'item/1 read'] as const),
  ...(['item/1, an action of read', 'a resource of 5 000 characters'] as const),
];
const met: Readonly<Record<string, readonly string[]>> = {
  'the user': ofReader,
  'a key of hers': ofReader,
  'a limited key': ['docs-1 read'],
  'a key that claims more than she has': ['cluster monitor', 'docs-1 read', 'docs-2 read', 'docs-* read'],
  'a key without privileges': [],
  'a service account': ['cluster monitor'],
};

describe.each(Object.entries(met))('%s', (caller, granted) => {
  test.each(Object.entries(questions))('%s', async (name, question) => {
    const expected = granted.includes(name) ? 200 : 403;
    expect(await statusOf(caller, privileges(question))).toBe(expected);
    // From memory too.
    expect(await statusOf(caller, privileges(question))).toBe(expected);
  });
});

test('a restricted key is let in nowhere, and that is no matter of privileges', async () => {
  expect(await verifier.verify(callers['a restricted key'])).toEqual({
    kind: 'rejected',
    code: 'credentials_restricted',
  });
  expect(await statusOf('a restricted key', privileges(questions['docs-1 read']))).toBe(403);
});

test('roles are no measure for keys and service accounts', async () => {
  expect(await statusOf('the user', roles('reader'))).toBe(200);
  expect(await statusOf('a key of hers', roles('reader'))).toBe(403);
  expect(await statusOf('a service account', roles('reader'))).toBe(403);
});

test.each<[string, PrivilegesQuestion]>([
  ['a cluster privilege', { cluster: ['monitr'] }],
  ['an index privilege', on('docs-1', 'reed')],
])('%s that does not exist is an error with what Elasticsearch says of it', async (_what, question) => {
  const error = await verifier
    .hasPrivileges(callers['the user'], question)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidPrivilegesError);
  expect(error).toMatchObject({ reason: expect.stringMatching(/monitr|reed/) });
  // The caller is who he was.
  expect(verifier.peek(callers['the user'])?.kind).toBe('authenticated');
});

test('what Elasticsearch takes away is gone after revoke, and within ttlMs without it', async () => {
  const { access_token: token } = await ask('POST', '/_security/oauth2/token', basic('alice', 'password'), {
    grant_type: 'client_credentials',
  });
  const presented = `Bearer ${token}`;
  const granted = async () => {
    const verdict = await verifier.hasPrivileges(presented, questions['docs-1 read']);
    return verdict.kind === 'answered' ? verdict.privileges.has_all_requested : verdict.code;
  };
  expect(await granted()).toBe(true);
  await ask('PUT', '/_security/role/reader', asAdmin, { cluster: ['manage_own_api_key'] });
  expect(await granted()).toBe(true);
  void verifier.revoke({ username: 'alice' });
  expect(await granted()).toBe(false);
});

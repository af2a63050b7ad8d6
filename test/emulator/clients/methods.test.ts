/** Every method of the official clients' security namespace, against an emulator. */

import { describe, expect, test } from 'vitest';
import { isSince } from '../cluster.js';
import { accountCases } from './account-methods.js';
import {
  type Conversation,
  methodsOf,
  type Pair,
  pairs,
  type ResponseError,
  type Result,
} from './clients.js';
import { keyCases } from './key-methods.js';
import type { MethodCase } from './method.js';
import { privilegeCases } from './privilege-methods.js';
import { profileCases } from './profile-methods.js';
import { settingsCases } from './settings-methods.js';
import { tokenCases } from './token-methods.js';

const cases: readonly MethodCase[] = [
  ...tokenCases,
  ...keyCases,
  ...accountCases,
  ...privilegeCases,
  ...profileCases,
  ...settingsCases,
];

/** What the emulator promises the clients; the test below wants more, but these must not be declared absent. */
const promised = [
  'authenticate',
  'getToken',
  'invalidateToken',
  'createApiKey',
  'getApiKey',
  'queryApiKeys',
  'updateApiKey',
  'bulkUpdateApiKeys',
  'invalidateApiKey',
  'grantApiKey',
  'cloneApiKey',
  'createCrossClusterApiKey',
  'hasPrivileges',
  'getUserPrivileges',
  'createServiceToken',
  'putUser',
  'changePassword',
  'enableUser',
  'getSettings',
  'updateSettings',
];

/** Parts of Elasticsearch that the emulator does not have. A client is told so in the routing layer's words. */
const absent: Readonly<Record<string, object>> = {
  delegatePki: { x509_certificate_chain: [] },
  enrollKibana: {},
  enrollNode: {},
  oidcAuthenticate: { nonce: 'x', redirect_uri: 'x', state: 'x' },
  oidcLogout: { token: 'x' },
  oidcPrepareAuthentication: {},
  samlAuthenticate: { content: 'x', ids: [] },
  samlCompleteLogout: { realm: 'x', ids: [] },
  samlInvalidate: { query_string: 'x' },
  samlLogout: { token: 'x' },
  samlPrepareAuthentication: {},
  samlServiceProviderMetadata: { realm_name: 'x' },
};

const options = {
  users: { alice: { password: 'secret', roles: ['superuser'] } },
  kerberosTickets: {
    dGlja2V0: { username: 'alice@EXAMPLE', roles: ['superuser'], responseToken: 'bXV0dWFs' },
  },
};

async function converse(pair: Pair, talk: (conversation: Conversation) => Promise<void>): Promise<void> {
  const conversation = await pair.open(options);
  try {
    await talk(conversation);
  } finally {
    await conversation.close();
  }
}

/** What came, also if the client made an error of it. */
async function outcome({ security }: Conversation, method: string, parameters: object): Promise<Result> {
  const known = security[method];
  if (known === undefined) throw new Error(`the client has no method ${method}`);
  try {
    return await known(parameters, { meta: true });
  } catch (error) {
    const { name, meta } = error as ResponseError;
    if (name !== 'ResponseError') throw error;
    return meta;
  }
}

describe.each(pairs)('$name', (pair) => {
  const server = pair.server.split('.').map(Number) as [number, number];
  const fitting = cases.filter(
    ({ since }) => isSince(server, since ?? [0, 0]) && isSince(pair.client, since ?? [0, 0]),
  );

  test.each(fitting)('$method: $about', ({ method, given, status = 200, answers }) =>
    converse(pair, async (conversation) => {
      const parameters = (await given?.(conversation)) ?? {};
      const result = await outcome(conversation, method, parameters);
      expect({ status: result.statusCode, body: result.body }).toEqual({ status, body: answers });
      // The clients look for it on success only, so that they hand out refusals all the same.
      const isNamed = status !== 401 && status !== 403;
      expect(result.headers?.['x-elastic-product']).toBe(isNamed ? 'Elasticsearch' : undefined);
    }),
  );

  test('no method is left out: each is called above, or known to be absent', () =>
    converse(pair, async ({ client }) => {
      const called = new Set(fitting.map(({ method }) => method));
      const left = methodsOf(client).filter((name) => !called.has(name) && !(name in absent));
      expect(left).toEqual([]);
      const missing = promised.filter((name) => methodsOf(client).includes(name) && !called.has(name));
      expect(missing).toEqual([]);
    }));

  test('of what is absent a client is told in so many words', () =>
    converse(pair, async (conversation) => {
      for (const [method, parameters] of Object.entries(absent)) {
        if (!methodsOf(conversation.client).includes(method)) continue;
        const { statusCode, body } = await outcome(conversation, method, parameters);
        expect({ method, statusCode, body }).toEqual({
          method,
          statusCode: expect.toSatisfy((status) => status === 400 || status === 405),
          body: expect.objectContaining({
            error: expect.stringMatching(/^(no handler found for uri|Incorrect HTTP method for uri) /),
          }),
        });
      }
    }));
});

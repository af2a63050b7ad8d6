// What the client does not take: options, parameters, and names that would be another endpoint.

import {
  type Auth,
  authorize,
  createSecurityClient,
  createTokenSource,
  fileTokenStore,
  revokeOn,
  type SecurityClient,
  type SecurityClientOptions,
  sessionRoutes,
} from '@esauth/client';
import { createVerifier } from '@esauth/core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from '../support/certificates.js';
import { respond, type ScriptedNode, startScriptedNode } from '../support/scripted-node.js';

let node: ScriptedNode;
let client: SecurityClient;
const auth = { username: 'elastic', password: 'changeme' };
beforeAll(async () => {
  node = await startScriptedNode(respond({ body: { username: 'u', updated: true } }));
  client = createSecurityClient({ nodes: node.url, auth });
});
afterAll(async () => {
  await client.close();
  await node.close();
});

/** Tests give what the types forbid. */
const any = (value: unknown) => value as never;
const secret = 'c4n4ry-c4n4ry';

describe('createSecurityClient', () => {
  const make = (more: object) => () => createSecurityClient({ nodes: 'http://127.0.0.1:1', auth, ...more });

  test.each<readonly [string, object, RegExp]>([
    [
      'an unknown name',
      { timeout: 5 },
      /^esauth: timeout: unknown option \(did you mean timeoutMs\?\); known are nodes, /,
    ],
    ['a time that is none', { timeoutMs: '5' }, /^esauth: timeoutMs: must be an integer/],
    ['no time at all', { timeoutMs: 0 }, /^esauth: timeoutMs:/],
    [
      'a flag that is none',
      { allowClientCertificate: 'yes' },
      /^esauth: allowClientCertificate: must be true or false/,
    ],
    ['a verifier that is none', { verifier: {} }, /^esauth: verifier: must be/],
    ['a clock that is none', { clock: {} }, /^esauth: clock: must/],
    ['no nodes', { nodes: undefined }, /nodes/],
    [
      'a proxy beside a dispatcher',
      { dispatcher: any({ dispatch() {} }), proxy: 'http://p:1' },
      /dispatcher/,
    ],
  ])('%s', (_, options, message) => {
    expect(make(options)).toThrow(message);
    expect(make(options)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  test.each<readonly [string, unknown]>([
    ['nothing', undefined],
    ['a text', secret],
    ['two kinds', { bearer: secret, apiKey: secret }],
    ['an empty one', { bearer: '' }],
    ['one with its scheme', { bearer: `Bearer ${secret}` }],
    ['a line break', { bearer: `${secret}\r\nx-evil: 1` }],
    ['a key with a line break', { apiKey: `${secret}\n` }],
    ['half a key', { apiKey: { id: 'x' } }],
    ['a user with a colon', { username: 'a:b', password: secret }],
    ['no password', { username: 'a' }],
    ['a promise', { authorization: Promise.resolve(secret) }],
  ])('auth: %s', (_, given) => {
    expect(make({ auth: given as Auth })).toThrow(/^esauth: auth: must be/);
    expect(make({ auth: given as Auth })).not.toThrow(secret);
  });

  test.each([
    ['password', { username: 'my-api', password: '' }],
    ['apiKey', { apiKey: undefined }],
    ['bearer', { bearer: '' }],
  ])('auth: says that %s is empty, as where a variable of the environment is not set', (name, given) => {
    expect(make({ auth: given })).toThrow(`; ${name} is empty.`);
  });

  test.each([undefined, null, 'http://127.0.0.1:9200', []])('%j for options', (options) => {
    expect(() => createSecurityClient(any(options))).toThrow(/^esauth: options: must be an object/);
  });
});

describe('a call', () => {
  test.each<readonly [string, object, RegExp]>([
    [
      'an unknown name',
      { timeout: 5 },
      /authenticate: timeout: unknown option \(did you mean timeoutMs\?\); known are signal, /,
    ],
    ['a time that is none', { timeoutMs: Number.NaN }, /authenticate: timeoutMs: must be/],
    ['a signal that is none', { signal: null }, /authenticate: signal: must be/],
    ['a credential without a scheme', { authorization: secret }, /authorization must be the value/],
    [
      'a second header',
      { authorization: `Bearer ${secret}\r\nx-evil: 1` },
      /authorization must be the value/,
    ],
    ['no text', { authorization: {} }, /authorization must be the value/],
  ])('with %s', async (_, options, message) => {
    const before = node.requests.length;
    const error: Error = await client.authenticate(any(options)).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'invalid_argument', message });
    expect(String(error.stack)).not.toContain(secret);
    expect(node.requests).toHaveLength(before);
  });

  test('as somebody else, by a client that has a certificate', async () => {
    const { server, ca } = await makeCertificates();
    const tls = { cert: server.cert, key: server.key, ca: [ca] };
    const options: SecurityClientOptions = { nodes: 'https://127.0.0.1:1', auth, tls };
    const as = { authorization: `Bearer ${secret}` };
    const careful = createSecurityClient(options);
    onTestFinished(() => careful.close());
    await expect(careful.authenticate(as)).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'invalid_option',
      message: /allowClientCertificate: true takes that risk/,
    });
    // Here it is tried, and nobody listens.
    await expect(careful.authenticate()).rejects.toMatchObject({ code: 'unavailable' });
    const bold = createSecurityClient({ ...options, allowClientCertificate: true });
    onTestFinished(() => bold.close());
    await expect(bold.authenticate(as)).rejects.toMatchObject({ code: 'unavailable' });
  });

  const methods = Object.entries({
    getToken: 0,
    invalidateToken: 0,
    createApiKey: 0,
    grantApiKey: 0,
    cloneApiKey: 0,
    updateApiKey: 0,
    bulkUpdateApiKeys: 0,
    invalidateApiKey: 0,
    hasPrivileges: 0,
    changePassword: 0,
    enableUser: 0,
    disableUser: 0,
  }).map(([name]) => name as 'getToken');
  test.each(methods)('%s with no parameters at all', async (name) => {
    const before = node.requests.length;
    for (const params of [undefined, null, 'x', []]) {
      const error = await client[name](any(params)).catch((reason) => reason);
      expect(error).toMatchObject({
        code: 'invalid_argument',
        message: expect.stringContaining(`esauth: ${name}: takes an object with parameters`),
      });
    }
    expect(node.requests).toHaveLength(before);
  });
});

describe('a name in a path', () => {
  const calls: readonly (readonly [string, (name: unknown) => Promise<unknown>])[] = [
    ['updateApiKey', (id) => client.updateApiKey({ id: any(id) })],
    ['changePassword', (username) => client.changePassword({ username: any(username), password: secret })],
    ['enableUser', (username) => client.enableUser({ username: any(username) })],
    ['disableUser', (username) => client.disableUser({ username: any(username) })],
  ];
  // `PUT /_security/api_key/` would make a key, `/_security/user/./_password` change the password of the caller.
  test.each(calls)('%s: none, or one that is another path', async (name, call) => {
    const before = node.requests.length;
    const bad = ['', '.', '..', null, 5, {}, ['a'], '\ud800'];
    if (name !== 'changePassword') bad.push(any(undefined));
    for (const each of bad) {
      await expect(call(each)).rejects.toMatchObject({
        code: 'invalid_argument',
        message: /neither empty nor/,
      });
    }
    expect(node.requests).toHaveLength(before);
  });

  test.each(calls)('%s: any other stays one segment', async (_, call) => {
    for (const each of ['a/b?c#d', '../x', 'a%2fb', 'é ü', '...', '%2e%2e', 'a;b']) {
      await call(each);
      const [, path = ''] = /^PUT (\S+) /.exec(node.requests.at(-1) ?? '') ?? [];
      expect(path.split('/').map(decodeURIComponent)).toContain(each);
      expect(path).not.toMatch(/[?#]/);
    }
  });
});

describe('what else is made', () => {
  const verifier = createVerifier({ nodes: 'http://127.0.0.1:1' });
  afterAll(() => verifier.close());
  const pool = { getToken: async () => {}, invalidateToken: async () => {} };

  test.each<readonly [string, () => unknown, RegExp]>([
    ['a source of nothing', () => createTokenSource(any(undefined)), /^esauth: options: must be an object/],
    [
      'a source with a typo',
      () => createTokenSource(any({ client, grants: {} })),
      /^esauth: grants: unknown option/,
    ],
    ['a source without a client', () => createTokenSource(any({})), /^esauth: client: must be/],
    [
      'a source that would refresh for ever',
      () => createTokenSource(any({ client, grant: { grant_type: 'refresh_token', refresh_token: secret } })),
      /^esauth: grant: must have a grant_type/,
    ],
    [
      'a store that is none',
      () => createTokenSource(any({ client, store: new Map() })),
      /^esauth: store: must/,
    ],
    ['a clock that is none', () => createTokenSource(any({ client, clock: Date })), /^esauth: clock: must/],
    ['a path that is none', () => fileTokenStore(any(undefined)), /^esauth: path: must/],
    ['routes of nothing', () => sessionRoutes(any(undefined)), /^esauth: options: must/],
    [
      'routes with a typo',
      () => sessionRoutes(any({ client, verifier, limit: 1 })),
      /^esauth: limit: unknown option/,
    ],
    ['routes without a client', () => sessionRoutes(any({ verifier })), /^esauth: client: must/],
    ['routes without a verifier', () => sessionRoutes(any({ client: pool })), /^esauth: verifier: must/],
    [
      'a throttle that is none',
      () => sessionRoutes(any({ client, verifier, throttle: 5 })),
      /^esauth: throttle: must/,
    ],
    [
      'no origins',
      () => authorize(any({ authorization() {}, renew() {} }), any(undefined)),
      /^esauth: options: must/,
    ],
    ['no source', () => authorize(any({}), { origins: ['http://a'] }), /^esauth: source: must/],
    ['revokeOn no client', () => revokeOn(any({}), verifier), /revokeOn: takes a client/],
    [
      'revokeOn no verifier',
      () => revokeOn(any({ diagnostic: { on() {} } }), any({})),
      /revokeOn: takes a verifier/,
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).not.toThrow(secret);
  });
});

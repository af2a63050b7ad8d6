// Calls on a network that fails: connections cut before and after a request was sent, nodes that are down, answers that
// make no sense, and calls that are given up. What is asked is counted at a real socket.

import { createSecurityClient, type SecurityClient, type SecurityClientOptions } from '@esauth/client';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  errorBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../support/scripted-node.js';

let node: ScriptedNode;
beforeEach(async () => {
  node = await startScriptedNode();
});
afterEach(() => node.close());

const auth = { bearer: 'token-of-the-client' };
function clientOf(options: Partial<SecurityClientOptions> = {}): SecurityClient {
  const client = createSecurityClient({ nodes: node.url, auth, ...options });
  onTestFinished(() => client.close());
  return client;
}

const pair = { access_token: 'a', type: 'Bearer', expires_in: 1200, refresh_token: 'b' };
const refresh = (client: SecurityClient) =>
  client.getToken({ grant_type: 'refresh_token', refresh_token: 'r' });
const cut: Script = (socket) => void socket.destroy();
/** Answers in turn; the last one for ever. */
const inTurn = (...scripts: readonly Script[]): Script => {
  let at = 0;
  return (...request) => scripts[Math.min(at++, scripts.length - 1)]?.(...request);
};

/** Everything that changes something and must not be done twice. */
const onceOnly: readonly (readonly [string, (client: SecurityClient) => Promise<unknown>])[] = [
  ['getToken by client_credentials', (client) => client.getToken({ grant_type: 'client_credentials' })],
  [
    'getToken by password',
    (client) => client.getToken({ grant_type: 'password', username: 'u', password: 'p' }),
  ],
  ['getToken by _kerberos', (client) => client.getToken({ grant_type: '_kerberos', kerberos_ticket: 'k' })],
  ['createApiKey', (client) => client.createApiKey({ name: 'k' })],
  [
    'grantApiKey',
    (client) => client.grantApiKey({ grant_type: 'access_token', access_token: 'x', api_key: { name: 'k' } }),
  ],
  ['cloneApiKey', (client) => client.cloneApiKey({ api_key: 'x', name: 'k' })],
];
const repeatable: readonly (readonly [string, (client: SecurityClient) => Promise<unknown>, object])[] = [
  ['getToken by refresh_token', refresh, pair],
  ['invalidateToken', (client) => client.invalidateToken({ token: 'x' }), { invalidated_tokens: 1 }],
  ['getApiKeys', (client) => client.getApiKeys(), { api_keys: [] }],
  ['queryApiKeys', (client) => client.queryApiKeys(), { api_keys: [] }],
  ['updateApiKey', (client) => client.updateApiKey({ id: 'x' }), { updated: true }],
  ['bulkUpdateApiKeys', (client) => client.bulkUpdateApiKeys({ ids: ['x'] }), { updated: ['x'] }],
  ['invalidateApiKey', (client) => client.invalidateApiKey({ ids: ['x'] }), { invalidated_api_keys: ['x'] }],
  ['authenticate', (client) => client.authenticate(), { username: 'u' }],
  ['hasPrivileges', (client) => client.hasPrivileges({ cluster: ['all'] }), { has_all_requested: true }],
  ['changePassword', (client) => client.changePassword({ username: 'u', password: 'p' }), {}],
  ['enableUser', (client) => client.enableUser({ username: 'u' }), {}],
  ['disableUser', (client) => client.disableUser({ username: 'u' }), {}],
];

describe('a connection that is cut after the request was sent', () => {
  test.each(onceOnly)('%s is not sent again', async (_, call) => {
    node.answer(cut);
    await expect(call(clientOf())).rejects.toMatchObject({ code: 'unavailable', status: undefined });
    expect(node.requests).toHaveLength(1);
    // Nor where a gateway says that it does not know.
    node.answer(respond({ status: 504, body: 'gateway', headers: { 'x-elastic-product': undefined } }));
    await expect(call(clientOf())).rejects.toMatchObject({ code: 'unavailable', status: 504 });
    expect(node.requests).toHaveLength(2);
  });

  test.each(repeatable)('%s is sent once more', async (_, call, body) => {
    node.answer(inTurn(cut, respond({ body })));
    await call(clientOf());
    expect(node.requests).toHaveLength(2);
    const [first, second] = node.requests.map((head) => head.replace(/x-opaque-id: .*/, ''));
    expect(second).toBe(first);
  });

  test('is sent twice at most', async () => {
    node.answer(cut);
    await expect(refresh(clientOf())).rejects.toMatchObject({ code: 'unavailable' });
    expect(node.requests).toHaveLength(2);
  });

  test('in the middle of the answer', async () => {
    node.answer((socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{"access_'));
    await expect(clientOf().createApiKey({ name: 'k' })).rejects.toMatchObject({ code: 'unavailable' });
    expect(node.requests).toHaveLength(1);
  });

  test('a refresh is not sent again when its window may be over', async () => {
    let now = 0;
    const client = clientOf({ clock: { wall: () => now } });
    const late: Script = (socket) => {
      now += 25_000;
      socket.destroy();
    };
    node.answer(inTurn(late, respond({ body: pair })));
    await expect(refresh(client)).rejects.toMatchObject({ code: 'unavailable' });
    expect(node.requests).toHaveLength(1);
    const early: Script = (socket) => {
      now += 24_999;
      socket.destroy();
    };
    node.answer(inTurn(early, respond({ body: pair })));
    expect(await refresh(client)).toEqual(pair);
  });

  test('a change that ended the credential which made it is not called a refusal', async () => {
    const refused = respond({ status: 401, body: errorBody(401, 'unable to authenticate') });
    node.answer(inTurn(cut, refused));
    const call = clientOf().changePassword({ password: 'another-one' });
    await expect(call).rejects.toMatchObject({ code: 'unavailable' });
    node.answer(refused);
    await expect(clientOf().changePassword({ password: 'another-one' })).rejects.toMatchObject({
      code: 'unauthorized',
      status: 401,
    });
  });
});

describe('several nodes', () => {
  test.each([...onceOnly])('%s goes to the next where a node is down', async (_, call) => {
    const down = await startScriptedNode();
    await down.stop();
    node.answer(respond({ body: { ...pair, id: 'x', api_key: 'y' } }));
    const client = clientOf({ nodes: [down.url, node.url] });
    // Whichever comes first.
    await call(client);
    await call(client);
    expect(node.requests).toHaveLength(2);
  });

  test('one that does not answer is not left for another, where that could do it twice', async () => {
    const other = await startScriptedNode(respond({ body: pair }));
    onTestFinished(() => other.close());
    node.answer(cut);
    const client = clientOf({ nodes: [node.url, other.url] });
    await expect(client.createApiKey({ name: 'k' })).rejects.toMatchObject({ code: 'unavailable' });
    expect(other.requests).toHaveLength(0);
  });

  test('none of which is there', async () => {
    const down = await startScriptedNode();
    await down.stop();
    await node.stop();
    const error = await refresh(clientOf({ nodes: [down.url, node.url] })).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unavailable', cause: { name: 'SecurityApiCause' } });
    expect(String(error)).toMatch(/getToken: http:\/\/127\.0\.0\.1:\d+\/: .*ECONNREFUSED/);
  });

  test('with a path before them, and one slash', async () => {
    node.answer(respond({ body: { username: 'u' } }));
    await clientOf({ nodes: `${node.url}/es/` }).authenticate();
    expect(node.requests[0]).toMatch(/^GET \/es\/_security\/_authenticate HTTP/);
  });
});

describe('an answer that makes no sense', () => {
  test.each<readonly [string, Script]>([
    ['no JSON', respond({ body: '<html>' })],
    ['a list', respond({ body: '[]' })],
    ['a number', respond({ body: '1' })],
    ['nothing', respond({ body: '' })],
    ['not of Elasticsearch', respond({ body: pair, headers: { 'x-elastic-product': undefined } })],
    ['without a token', respond({ body: { type: 'Bearer', expires_in: 1200 } })],
    ['with a token that is no text', respond({ body: { ...pair, access_token: { evil: true } } })],
    ['with a lifetime that is no number', respond({ body: { ...pair, expires_in: '1200' } })],
    [
      'with a token only by its prototype',
      respond({ body: '{"__proto__":{"access_token":"a","expires_in":1200}}' }),
    ],
    ['more than a MiB', respond({ body: `{"access_token":"${'x'.repeat(1_100_000)}"}` })],
    ['a redirect', respond({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })],
    ['no content', (socket) => void socket.write('HTTP/1.1 204 No Content\r\n\r\n')],
    ['a page of a proxy', respond({ status: 403, body: '<html>denied</html>' })],
  ])('%s', async (_, script) => {
    node.answer(script);
    const error = await refresh(clientOf()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'SecurityApiError', code: 'bad_response' });
    // Nothing that a framework could take for an answer.
    expect((error as { status?: number }).status ?? 500).toBeGreaterThanOrEqual(400);
    expect(({} as { access_token?: string }).access_token).toBeUndefined();
  });

  test('nothing that is HTTP', async () => {
    node.answer((socket) => void socket.end('SSH-2.0-OpenSSH\r\n'));
    await expect(clientOf().createApiKey({ name: 'k' })).rejects.toMatchObject({ code: 'bad_response' });
  });

  test('the answer to another question', async () => {
    const another = respond({ body: pair, headers: { 'x-opaque-id': 'of-somebody-else' } });
    node.answer(another);
    await expect(clientOf().createApiKey({ name: 'k' })).rejects.toMatchObject({ code: 'bad_response' });
    // Where ids come back, none that comes without is believed.
    const echoing: Script = (socket, head, body) => {
      const [, id] = /x-opaque-id: (\S+)/i.exec(head) ?? [];
      respond({ body: { username: 'u' }, headers: { 'x-opaque-id': id } })(socket, head, body);
    };
    node.answer(echoing);
    const client = clientOf();
    for (let i = 0; i < 20; i += 1) await client.authenticate();
    node.answer(respond({ body: pair, headers: { 'x-opaque-id': undefined } }));
    await expect(client.getToken({ grant_type: 'client_credentials' })).rejects.toMatchObject({
      code: 'bad_response',
      message: /does not bear the X-Opaque-Id/,
    });
  });
});

test.each([
  ['7', 7000],
  ['0', 0],
  ['100000', undefined],
  ['99999', 60_000],
  ['Wed, 21 Oct 2015 07:28:00 GMT', undefined],
  ['-1', undefined],
])('Retry-After: %s', async (value, retryAfterMs) => {
  node.answer(respond({ status: 429, headers: { 'retry-after': value }, body: errorBody(429, 'busy') }));
  await expect(clientOf().authenticate()).rejects.toMatchObject({ code: 'overloaded', retryAfterMs });
});

describe('a call that is given up', () => {
  const why = new Error('changed my mind');

  test('before it begins is not made', async () => {
    const call = clientOf().authenticate({ signal: AbortSignal.abort(why) });
    await expect(call).rejects.toBe(why);
    expect(node.connections).toBe(0);
  });

  test('while its credential is waited for', async () => {
    const client = clientOf({ auth: { authorization: () => new Promise<string>(() => {}) } });
    const giving = new AbortController();
    const call = client.authenticate({ signal: giving.signal });
    setImmediate(() => giving.abort(why));
    await expect(call).rejects.toBe(why);
    await expect(client.authenticate({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'unavailable' });
    expect(node.connections).toBe(0);
  });

  test('while its answer is waited for, and while it comes', async () => {
    const client = clientOf();
    const scripts: readonly Script[] = [
      () => {},
      (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'),
    ];
    for (const script of scripts) {
      const before = node.requests.length;
      node.answer(script as Script);
      const giving = new AbortController();
      const call = client.createApiKey({ name: 'k' }, { signal: giving.signal });
      call.catch(() => {});
      await node.arrived(before + 1);
      giving.abort(why);
      await expect(call).rejects.toBe(why);
      expect(node.requests).toHaveLength(before + 1);
    }
  });

  test('does not leave anything at a signal that outlives it', async () => {
    node.answer(respond({ body: { username: 'u' } }));
    const giving = new AbortController();
    let listeners = 0;
    const { signal } = giving;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...all: Parameters<typeof add>) => {
      listeners += 1;
      add(...all);
    };
    signal.removeEventListener = (...all: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...all);
    };
    const client = clientOf();
    for (let i = 0; i < 5; i += 1) await client.authenticate({ signal });
    expect(listeners).toBe(0);
  });

  test('is late after its own time or the client’s, also with a reason in words', async () => {
    const own = clientOf().authenticate({ timeoutMs: 20 });
    await expect(own).rejects.toThrow('esauth: authenticate: no answer in time. See ');
    await expect(clientOf({ timeoutMs: 20 }).authenticate()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('close', () => {
  test('ends what is under way, and what comes later', async () => {
    const client = clientOf();
    const call = client.createApiKey({ name: 'k' });
    call.catch(() => {});
    await node.arrived(1);
    await client.close();
    await expect(call).rejects.toMatchObject({ code: 'unavailable', message: /the client was closed/ });
    await expect(client.authenticate()).rejects.toMatchObject({ code: 'unavailable' });
    await client.close();
    expect(node.requests).toHaveLength(1);
  });

  test('leaves a dispatcher that was given as it is', async () => {
    const dispatcher = new Agent();
    onTestFinished(() => dispatcher.close());
    const client = clientOf({ dispatcher });
    node.answer(respond({ body: { username: 'u' } }));
    await client.authenticate();
    await client.close();
    await expect(client.authenticate()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await clientOf({ dispatcher }).authenticate()).toMatchObject({ username: 'u' });
  });
});

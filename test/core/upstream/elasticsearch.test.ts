import { createVerifier, type LookupError, type Verdict, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { worded } from '../../../packages/core/src/values/messages.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import {
  errorBody,
  identityBody,
  respond,
  type Script,
  type ScriptedAnswer,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const bearer = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const apiKey = `ApiKey ${Buffer.from('VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw').toString('base64')}`;
const basic = `Basic ${Buffer.from('jane:correct-horse').toString('base64')}`;

let node: ScriptedNode;
let clock: FakeClock;
let verifier: Verifier;

beforeEach(async () => {
  node = await startScriptedNode();
  clock = createFakeClock();
  verifier = createVerifier({ nodes: node.url, schemes: ['Bearer', 'ApiKey', 'Basic'], clock });
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

/** What a verdict says, without the identity. */
async function verdictOf(presented: string, script: Script | ScriptedAnswer): Promise<string> {
  node.answer(typeof script === 'function' ? script : respond(script));
  const verdict = await verifier.verify(presented);
  return verdict.kind === 'authenticated' ? verdict.kind : `${verdict.kind} ${verdict.code}`;
}

const generic =
  'unable to authenticate with provided credentials and anonymous access is not allowed for this request';

describe('an answer becomes a verdict', () => {
  const anonymous = {
    authentication_type: 'anonymous',
    authentication_realm: { name: '__anonymous', type: '__anonymous' },
    lookup_realm: { name: '__anonymous', type: '__anonymous' },
  };
  const product = { 'x-elastic-product': undefined };
  const table: readonly (readonly [string, ScriptedAnswer, string])[] = [
    ['200 with an identity', { body: identityBody() }, 'authenticated'],
    ['200 as anonymous', { body: identityBody(anonymous) }, 'rejected anonymous_refused'],
    ['401', { status: 401, body: errorBody(401, generic) }, 'rejected credentials_invalid'],
    [
      '401 token expired',
      { status: 401, body: errorBody(401, 'token expired') },
      'rejected credentials_expired',
    ],
    [
      '401 api key is expired',
      {
        status: 401,
        body: errorBody(401, generic, {
          additional_unsuccessful_credentials: ['oauth2 token: invalid token', 'API key: api key is expired'],
        }),
      },
      'rejected credentials_expired',
    ],
    [
      '403',
      { status: 403, body: errorBody(403, 'action [x] is unauthorized for user [x]') },
      'rejected credentials_restricted',
    ],
    [
      '401 that says that the check failed',
      { status: 401, body: errorBody(401, 'error attempting to authenticate request') },
      'unavailable server_error',
    ],
    ['429', { status: 429, body: errorBody(429, 'server is too busy to respond') }, 'unavailable overloaded'],
    ['429 of a proxy', { status: 429, headers: product, body: 'slow down' }, 'unavailable overloaded'],
    ['500', { status: 500, body: errorBody(500, 'boom') }, 'unavailable server_error'],
    ['503 of a proxy', { status: 503, headers: product, body: '<h1>no</h1>' }, 'unavailable server_error'],
    [
      '400, security is off',
      { status: 400, body: { error: 'no handler found for uri' } },
      'unavailable bad_response',
    ],
    ['404', { status: 404, body: {} }, 'unavailable bad_response'],
    ['204', { status: 204, headers: { 'content-length': undefined } }, 'unavailable bad_response'],
    [
      'P38: a redirect',
      { status: 302, headers: { location: 'http://127.0.0.1:9/_security/_authenticate' } },
      'unavailable bad_response',
    ],
    [
      'P43: 200 without the product header',
      { headers: product, body: identityBody() },
      'unavailable not_elasticsearch',
    ],
    [
      '200 of another product',
      { headers: { 'x-elastic-product': 'Kibana' }, body: identityBody() },
      'unavailable not_elasticsearch',
    ],
    [
      'P43: 200 of HTML',
      { headers: { ...product, 'content-type': 'text/html' }, body: '<html>' },
      'unavailable not_elasticsearch',
    ],
    [
      '401 without the product header',
      { status: 401, headers: product, body: '{}' },
      'unavailable not_elasticsearch',
    ],
    [
      '403 without the product header',
      { status: 403, headers: product, body: '{}' },
      'unavailable not_elasticsearch',
    ],
    ['200 of HTML with the header', { body: '<html>' }, 'unavailable bad_response'],
    ['an empty 200', { body: '' }, 'unavailable bad_response'],
    ['P43: 200 {}', { body: '{}' }, 'unavailable bad_response'],
    ['200 null', { body: 'null' }, 'unavailable bad_response'],
    [
      'P43: 200 without a user name',
      { body: identityBody({ username: undefined }) },
      'unavailable bad_response',
    ],
    [
      '200 with roles that are no list',
      { body: identityBody({ roles: 'admin' }) },
      'unavailable bad_response',
    ],
    [
      'P29: an encoded 200',
      { headers: { 'content-encoding': 'gzip' }, body: identityBody() },
      'unavailable bad_response',
    ],
    [
      'an encoded 401',
      { status: 401, headers: { 'content-encoding': 'br' }, body: errorBody(401, 'x') },
      'unavailable not_elasticsearch',
    ],
    [
      'a 401 that is no Elasticsearch error',
      { status: 401, body: '{"error":"no"}' },
      'unavailable not_elasticsearch',
    ],
    ['a 403 of HTML', { status: 403, body: '<html>' }, 'unavailable not_elasticsearch'],
    [
      'P29: a body over one MiB',
      { body: identityBody({ metadata: { padding: 'x'.repeat(1_048_576) } }) },
      'unavailable bad_response',
    ],
    [
      'a 500 with a body over one MiB',
      { status: 500, body: 'x'.repeat(2_000_000) },
      'unavailable server_error',
    ],
  ];
  test.each(table)('%s', async (_name, answer, expected) => {
    expect(await verdictOf(bearer, answer)).toBe(expected);
  });

  test('a body that is not UTF-8 is no verdict', async () => {
    const body = Buffer.from(JSON.stringify(identityBody({ username: 'j#ne' })));
    body[body.indexOf('#')] = 0xe4;
    const head = `HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-length: ${body.length}\r\n\r\n`;
    const script: Script = (socket) => void socket.write(Buffer.concat([Buffer.from(head), body]));
    expect(await verdictOf(bearer, script)).toBe('unavailable bad_response');
  });

  test('P38: a redirect is not followed: nothing at all is sent to where it points', async () => {
    const elsewhere = await startScriptedNode(respond({ body: identityBody() }));
    for (const status of [301, 302, 303, 307, 308]) {
      const headers = { location: `${elsewhere.url}/_security/_authenticate` };
      expect(await verdictOf(bearer, { status, headers })).toBe('unavailable bad_response');
    }
    expect(elsewhere.requests).toHaveLength(0);
    await elsewhere.close();
  });

  test('P39: nodes that an answer advertises are never asked', async () => {
    const elsewhere = await startScriptedNode(respond({ body: identityBody() }));
    const address = new URL(elsewhere.url).host;
    const body = { ...identityBody(), nodes: { a: { http: { publish_address: address } } } };
    for (let call = 0; call < 5; call += 1) await verdictOf(`${bearer}${call}`, { body });
    expect(elsewhere.requests).toHaveLength(0);
    await elsewhere.close();
  });

  test('a refused JWT whose exp has passed is expired, one whose exp is to come is invalid', async () => {
    const refused = { status: 401, body: errorBody(401, 'unable to authenticate user [x]') };
    expect(await verdictOf(`Bearer ${jwt(clock.wall() / 1_000 - 1)}`, refused)).toBe(
      'rejected credentials_expired',
    );
    expect(await verdictOf(`Bearer ${jwt(clock.wall() / 1_000 + 1)}`, refused)).toBe(
      'rejected credentials_invalid',
    );
  });
});

describe('the network fails', () => {
  test('a connection that is reset before an answer: unreachable, after one more try', async () => {
    expect(await verdictOf(bearer, (socket) => void socket.destroy())).toBe('unavailable unreachable');
    expect(node.requests).toHaveLength(2);
  });

  test('half a body: unreachable', async () => {
    const half: Script = (socket) => {
      socket.write(
        'HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-length: 400\r\n\r\n{"username":',
      );
      socket.end();
    };
    expect(await verdictOf(bearer, half)).toBe('unavailable unreachable');
  });

  test('an answer that is not HTTP: bad_response, and nothing of it in the cause', async () => {
    node.answer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2p1 secret-banner\r\n'));
    const verdict = await verifier.verify(bearer);
    expect(verdict).toMatchObject({ kind: 'unavailable', code: 'bad_response' });
    expect(JSON.stringify(flat(verdict))).not.toContain('secret-banner');
  });

  test('nobody listens: unreachable, with the node and the reason in the cause', async () => {
    const gone = await startScriptedNode();
    await gone.close();
    const alone = createVerifier({ nodes: gone.url, clock });
    const verdict = await alone.verify(bearer);
    expect(flat(verdict)).toEqual({
      kind: 'unavailable',
      code: 'unreachable',
      retryAfterMs: 1_000,
      cause: {
        code: 'unreachable',
        node: `${gone.url}/`,
        message: worded(
          'unreachable',
          `${gone.url}/: connect ECONNREFUSED ${gone.url.slice('http://'.length)} (ECONNREFUSED); nothing listens there; check host and port in nodes`,
        ),
      },
    });
    await alone.close();
  });

  test('P29: an answer that stops half-way: timeout when upstream.timeoutMs has passed', async () => {
    node.answer((socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{'));
    const pending = verifier.verify(bearer);
    await node.arrived(1);
    await clock.advance(2_999);
    expect(verifier.stats().waiting).toBe(1);
    await clock.advance(1);
    expect(await pending).toMatchObject({
      kind: 'unavailable',
      code: 'timeout',
      cause: { node: `${node.url}/` },
    });
    expect(verifier.stats()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  test('no answer at all: timeout', async () => {
    const pending = verifier.verify(bearer);
    await node.arrived(1);
    await clock.advance(3_000);
    expect(await pending).toMatchObject({ kind: 'unavailable', code: 'timeout' });
  });

  test('what is no verdict is not remembered: the next caller asks again', async () => {
    expect(await verdictOf(bearer, { status: 500 })).toBe('unavailable server_error');
    expect(await verdictOf(bearer, { body: identityBody() })).toBe('authenticated');
  });
});

describe('Retry-After of the answer', () => {
  const table: readonly (readonly [string, string | undefined, number])[] = [
    ['none', undefined, 1_000],
    ['seconds', '7', 7_000],
    ['zero', '0', 1_000],
    ['more than a minute', '3600', 60_000],
    ['nonsense', 'soon', 1_000],
    ['a negative number', '-5', 1_000],
  ];
  test.each(table)('%s', async (_name, header, expected) => {
    node.answer(respond({ status: 429, headers: { 'retry-after': header } }));
    expect(await verifier.verify(bearer)).toMatchObject({ code: 'overloaded', retryAfterMs: expected });
  });

  test('a date', async () => {
    const header = new Date(clock.wall() + 20_000).toUTCString();
    node.answer(respond({ status: 503, headers: { 'retry-after': header } }));
    const verdict = await verifier.verify(bearer);
    // HTTP dates have whole seconds.
    expect(verdict).toMatchObject({ code: 'server_error' });
    expect(verdict.kind === 'unavailable' && verdict.retryAfterMs).toBeGreaterThan(18_999);
    expect(verdict.kind === 'unavailable' && verdict.retryAfterMs).toBeLessThanOrEqual(20_000);
  });
});

describe('the answer must fit what was presented (P42, P54)', () => {
  const realm = (type: string) => ({
    authentication_realm: { name: 'r', type },
    authentication_type: 'realm',
  });
  const keyCalled = (id: string) => `ApiKey ${Buffer.from(`${id}:secret`).toString('base64')}`;
  const jwt = 'Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl';
  const text = '\x00\x01\x00\x01elastic/fleet-server/one:secretsecretsecretse';
  const serviceToken = `Bearer ${Buffer.from(text).toString('base64')}`;
  const serviceRealm = { name: '_service_account', type: '_service_account' };
  const fleet = {
    username: 'elastic/fleet-server',
    authentication_realm: serviceRealm,
    lookup_realm: serviceRealm,
    token: { name: 'one', type: '_service_account_index' },
  };
  const refusedRealms = ['reserved', 'native', 'file', 'ldap', 'active_directory', 'pki', 'kerberos'];
  const good: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
    ['ApiKey as api_key', apiKey, { authentication_type: 'api_key' }],
    ['ApiKey as itself', keyCalled('k1'), { authentication_type: 'api_key', api_key: { id: 'k1' } }],
    ["a cloud's key", 'ApiKey essu_abcdef', { authentication_type: 'api_key', api_key: { id: 'k1' } }],
    ['Bearer as token', bearer, {}],
    ['Bearer of three parts as realm jwt', jwt, realm('jwt')],
    ['Bearer of a service account as that', serviceToken, fleet],
    ['Bearer as a realm of a plugin', bearer, realm('acme')],
    ['Basic as realm native', basic, realm('native')],
    ['Basic as realm ldap', basic, realm('ldap')],
  ];
  test.each(good)('%s fits', async (_name, presented, changes) => {
    expect(await verdictOf(presented, { body: identityBody(changes) })).toBe('authenticated');
  });

  const bad: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
    ['ApiKey as another key', keyCalled('k1'), { authentication_type: 'api_key', api_key: { id: 'k2' } }],
    ['Bearer of one part as realm jwt', bearer, realm('jwt')],
    ['Bearer as a service account', bearer, fleet],
    ['Bearer of a service account as another', serviceToken, { ...fleet, username: 'elastic/kibana' }],
    [
      'Bearer of a service account as another token of it',
      serviceToken,
      { ...fleet, token: { name: 'other' } },
    ],
    ['ApiKey as token', apiKey, {}],
    ['ApiKey as realm', apiKey, realm('native')],
    ['ApiKey as realm pki', apiKey, realm('pki')],
    ['Bearer as api_key', bearer, { authentication_type: 'api_key' }],
    ['Bearer as internal', bearer, { authentication_type: 'internal' }],
    ...refusedRealms.map((type) => [`Bearer as realm ${type}`, bearer, realm(type)] as const),
    ['Basic as token', basic, {}],
    ['Basic as realm pki', basic, realm('pki')],
    ['Basic as realm jwt', basic, realm('jwt')],
    ['Basic as realm kerberos', basic, realm('kerberos')],
  ];
  test.each(bad)('%s is refused, with a warning', async (_name, presented, changes) => {
    const warned = nextWarning();
    expect(await verdictOf(presented, { body: identityBody(changes) })).toBe('rejected credentials_invalid');
    expect((await warned).message).toContain("something else than the caller's credential");
  });
});

describe('the request', () => {
  test('carries the canonical credential and an id of its own, asks for plain JSON, nothing else', async () => {
    await verdictOf(`bEARER   ${bearer.slice(7)}`, { body: identityBody() });
    const [line, ...headers] = node.requests[0]?.split('\r\n') ?? [];
    expect(line).toBe('GET /_security/_authenticate HTTP/1.1');
    const uuid = /^x-opaque-id: [\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
    expect(headers.sort()).toEqual([
      'accept-encoding: identity',
      'accept: application/json',
      `authorization: ${bearer}`,
      'connection: keep-alive',
      `host: ${new URL(node.url).host}`,
      expect.stringMatching(uuid),
    ]);
  });

  test('an API key without padding is sent with it', async () => {
    await verdictOf(apiKey.replace(/=+$/, ''), { body: identityBody({ authentication_type: 'api_key' }) });
    expect(node.requests[0]).toContain(`authorization: ${apiKey}\r\n`);
  });

  test('a cloud key is sent byte for byte', async () => {
    await verdictOf('apikey essu_dev_Zm9v-_~', { status: 401, body: errorBody(401, generic) });
    expect(node.requests[0]).toContain('authorization: ApiKey essu_dev_Zm9v-_~\r\n');
  });
});

test('P47: a warning of an answer that does not fit repeats nothing of the credential', async () => {
  const said = `as ${bearer}`;
  const body = identityBody({
    authentication_type: said,
    authentication_realm: { name: 'r', type: said },
  });
  const warned = nextWarning();
  expect(await verdictOf(bearer, { body })).toBe('rejected credentials_invalid');
  const { message } = await warned;
  expect(message).toContain(
    'a Bearer credential as as Bearer [redacted] of a realm of type as Bearer [redacted]:',
  );
});

describe('the cause', () => {
  test("quotes Elasticsearch's error without any part of the credential (P47)", async () => {
    const token = bearer.slice(7);
    const reason = `cannot read [${token}] nor [${token.slice(3, 15)}] nor [${token.slice(0, 7)}]`;
    node.answer(respond({ status: 500, body: errorBody(500, reason) }));
    const verdict = await verifier.verify(bearer);
    expect(flat(verdict)).toMatchObject({
      cause: {
        code: 'server_error',
        node: `${node.url}/`,
        upstreamStatus: 500,
        type: 'security_exception',
        reason: `cannot read [[redacted]] nor [[redacted]] nor [${token.slice(0, 7)}]`,
      },
    });
  });

  test('does not quote a body that is not an Elasticsearch error', async () => {
    node.answer(respond({ status: 500, body: '<h1>proxy-secret</h1>' }));
    expect(JSON.stringify(flat(await verifier.verify(bearer)))).not.toContain('proxy-secret');
  });

  test('is also a process warning: once per node and code, then at most once a minute', async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.message);
    process.on('warning', note);
    for (const wait of [0, 59_999, 1]) {
      await clock.advance(wait);
      await verdictOf(bearer, { status: 500 });
      await verdictOf(bearer, { status: 500 });
    }
    await new Promise(setImmediate);
    process.off('warning', note);
    const text = `no verdict: ${node.url}/: Elasticsearch answered 500; its own log says why`;
    expect(warnings).toEqual(Array(2).fill(worded('server_error', text)));
  });
});

function jwt(exp: number): string {
  return `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.c2ln`;
}

/** A verdict as plain data, its cause with the message. */
function flat(verdict: Verdict): unknown {
  if (verdict.kind !== 'unavailable') return verdict;
  const { code, node: asked, upstreamStatus, type, reason, message }: LookupError = verdict.cause;
  const cause = { code, node: asked, upstreamStatus, type, reason, message };
  return JSON.parse(JSON.stringify({ ...verdict, cause }));
}

function nextWarning(): Promise<Error> {
  return new Promise((resolve) => process.once('warning', resolve));
}

// Lookups of API keys that read the key's own entry too, against a scripted Elasticsearch.

import { createVerifier, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import {
  errorBody,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const key = `ApiKey ${Buffer.from('k1:secret-of-the-key').toString('base64')}`;
const realm = { name: '_es_api_key', type: '_es_api_key' };
const identity = {
  roles: [],
  authentication_type: 'api_key',
  authentication_realm: realm,
  lookup_realm: realm,
  api_key: { id: 'k1', name: 'ci' },
};

let node: ScriptedNode;
let clock: FakeClock;
let verifier: Verifier;
let who: Script;
let entry: Script;
beforeEach(async () => {
  clock = createFakeClock();
  who = respond({ body: identityBody(identity) });
  entry = listed({});
  node = await startScriptedNode((socket, head) => {
    (head.startsWith('GET /_security/api_key?') ? entry : who)(socket, head);
  });
  verifier = make();
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

function make(apiKeyDetails = true): Verifier {
  return createVerifier({
    nodes: node.url,
    clock,
    apiKeyDetails,
    cache: { jitter: 0, staleIfErrorMs: 60_000 },
    schemes: ['Bearer', 'ApiKey', 'Basic'],
  });
}

function listed(changes: Readonly<Record<string, unknown>>): Script {
  const common = {
    id: 'k1',
    name: 'ci',
    creation: 1,
    invalidated: false,
    username: 'jane',
    realm: 'native1',
  };
  return respond({ body: { api_keys: [{ ...common, metadata: {}, ...changes }] } });
}

const paths = () => node.requests.map((head) => head.split(' ', 2)[1]);

describe('the entry of a key', () => {
  test('gives its end, its metadata and what it is limited to, in a second request with the same key', async () => {
    const roleDescriptors = { reader: { cluster: [], indices: [{ names: ['docs'], privileges: ['read'] }] } };
    const expiration = clock.wall() + 30_000;
    entry = listed({ expiration, metadata: { team: 'ops' }, role_descriptors: roleDescriptors });
    const verdict = await verifier.verify(key);
    expect(verdict).toMatchObject({
      kind: 'authenticated',
      identity: {
        expiresAt: expiration,
        apiKey: { id: 'k1', name: 'ci', expiresAt: expiration, metadata: { team: 'ops' }, roleDescriptors },
        metadata: {},
        subject: 'api_key:_es_api_key:jane:k1',
      },
    });
    if (verdict.kind !== 'authenticated') return;
    expect(() => Object.assign(verdict.identity.apiKey?.metadata ?? {}, { team: 'root' })).toThrow(TypeError);
    expect(paths()).toEqual(['/_security/_authenticate', '/_security/api_key?id=k1']);
    for (const head of node.requests) expect(head).toContain(`authorization: ${key}`);
    expect(verifier.stats()).toMatchObject({ lookups: 1 });
  });

  test('that does not end leaves the identity without an end', async () => {
    const verdict = await verifier.verify(key);
    expect(verdict).toMatchObject({ identity: { apiKey: { id: 'k1', metadata: {} } } });
    if (verdict.kind !== 'authenticated') return;
    expect(verdict.identity).not.toHaveProperty('expiresAt');
    expect(verdict.identity.apiKey).not.toHaveProperty('expiresAt');
  });

  test('ends what is remembered: no hit and no stale identity after it', async () => {
    entry = listed({ expiration: clock.wall() + 10_000 });
    await verifier.verify(key);
    await clock.advance(9_999);
    expect(verifier.peek(key)?.kind).toBe('authenticated');
    await clock.advance(1);
    expect(verifier.peek(key)).toBeUndefined();
    who = respond({ status: 500 });
    expect(await verifier.verify(key)).toMatchObject({ kind: 'unavailable' });
  });

  test('that has ended by our clock, of a key that Elasticsearch accepts: told, and not remembered', async () => {
    entry = listed({ expiration: clock.wall() - 1 });
    expect((await verifier.verify(key)).kind).toBe('authenticated');
    expect(verifier.peek(key)).toBeUndefined();
  });

  test.each<[string, Script]>([
    ['404', respond({ status: 404, body: { api_keys: [] } })],
    ['an empty list', respond({ body: { api_keys: [] } })],
  ])('%s, as for cloud keys: the identity without details', async (_what, answer) => {
    entry = answer;
    const verdict = await verifier.verify(key);
    expect(verdict).toMatchObject({ kind: 'authenticated', identity: { apiKey: { id: 'k1', name: 'ci' } } });
    expect(verifier.peek(key)).toBe(verdict);
  });

  test('is asked for whatever the name of a cloud key is, of which nothing was presented: half a surrogate pair', async () => {
    who = respond({ body: identityBody({ ...identity, api_key: { id: 'k\ud800' } }) });
    entry = respond({ body: { api_keys: [] } });
    expect(await verifier.verify('ApiKey essu_abc')).toMatchObject({ kind: 'authenticated' });
    expect(paths()[1]).toBe('/_security/api_key?id=k%EF%BF%BD');
  });

  test('is found before 7.16 too, where the identity does not name the key', async () => {
    who = respond({ body: identityBody({ ...identity, api_key: undefined }) });
    entry = listed({ metadata: { team: 'ops' } });
    expect(await verifier.verify(key)).toMatchObject({
      identity: { apiKey: { id: 'k1', name: 'ci', metadata: { team: 'ops' } } },
    });
  });

  test('is asked for by an id that is safe in a URL', async () => {
    const id = 'a b&owner=true#é';
    who = respond({ body: identityBody({ ...identity, api_key: { id } }) });
    entry = listed({ id });
    const presented = `ApiKey ${Buffer.from(`${id}:secret`).toString('base64')}`;
    expect((await verifier.verify(presented)).kind).toBe('authenticated');
    expect(paths()[1]).toBe('/_security/api_key?id=a%20b%26owner%3Dtrue%23%C3%A9');
  });
});

describe('without an entry there is no yes', () => {
  test.each<[string, Script, string]>([
    ['401', respond({ status: 401, body: errorBody(401, 'unable to authenticate') }), 'credentials_invalid'],
    [
      '401, expired',
      respond({
        status: 401,
        body: errorBody(401, 'unable to authenticate', {
          additional_unsuccessful_credentials: 'API key: api key is expired',
        }),
      }),
      'credentials_expired',
    ],
    ['an invalidated key', listed({ invalidated: true }), 'credentials_invalid'],
  ])('%s is a refusal', async (_what, answer, code) => {
    entry = answer;
    expect(await verifier.verify(key)).toEqual({ kind: 'rejected', code });
    expect(verifier.peek(key)).toEqual({ kind: 'rejected', code });
  });

  test.each<[string, Script, string]>([
    [
      '403',
      respond({ status: 403, body: errorBody(403, 'action [x] is unauthorized for API key id [y]') }),
      'bad_response',
    ],
    ['429', respond({ status: 429 }), 'overloaded'],
    ['500', respond({ status: 500 }), 'server_error'],
    ['another status', respond({ status: 204, headers: { 'content-length': undefined } }), 'bad_response'],
    [
      '404 of something else',
      respond({ status: 404, headers: { 'x-elastic-product': undefined } }),
      'not_elasticsearch',
    ],
    ['HTML', respond({ body: '<html>' }), 'bad_response'],
    ['no list', respond({ body: { api_keys: { id: 'k1' } } }), 'bad_response'],
    ['another key', listed({ id: 'k2' }), 'bad_response'],
    ['an entry that is none', respond({ body: { api_keys: [7] } }), 'bad_response'],
    ['several keys', respond({ body: { api_keys: [{ id: 'k1' }, { id: 'k1' }] } }), 'bad_response'],
  ])('%s is no verdict, and not remembered', async (_what, answer, code) => {
    entry = answer;
    expect(await verifier.verify(key)).toMatchObject({ kind: 'unavailable', code });
    entry = listed({});
    expect((await verifier.verify(key)).kind).toBe('authenticated');
  });

  test('both requests are inside one deadline and one place on the wire', async () => {
    entry = () => {};
    const waiting = verifier.verify(key);
    await node.arrived(2);
    expect(verifier.stats()).toMatchObject({ inFlight: 1, queued: 0 });
    await clock.advance(3_000);
    expect(await waiting).toMatchObject({ kind: 'unavailable', code: 'timeout' });
    expect(clock.timers).toBe(0);
  });
});

test('is not read for other schemes, nor unless it is asked for', async () => {
  who = respond({ body: identityBody({ api_key: { id: 'k1' } }) });
  expect((await verifier.verify('Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l')).kind).toBe('authenticated');
  who = respond({ body: identityBody({ authentication_type: 'realm' }) });
  expect((await verifier.verify('Basic amFuZTpzM2NyM3Q=')).kind).toBe('authenticated');
  await verifier.close();
  verifier = make(false);
  who = respond({ body: identityBody(identity) });
  expect((await verifier.verify(key)).kind).toBe('authenticated');
  expect(paths()).toEqual(Array(3).fill('/_security/_authenticate'));
});

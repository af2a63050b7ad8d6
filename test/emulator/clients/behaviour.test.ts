/** What the official clients expect of a server beside the answers: labels, the product's name, errors, retries. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rsaKey, signJwt } from '../../support/jwt.js';
import { type Conversation, mismatched, type Pair, pairs, type ResponseError } from './clients.js';

let conversation: Conversation;
afterEach(() => conversation.close());

async function failureOf(promise: Promise<unknown>): Promise<ResponseError> {
  return promise.then(
    () => expect.unreachable('it went well'),
    (error) => error,
  );
}

function beginsWith(pair: Pair): void {
  beforeEach(async () => {
    conversation = await pair.open({ users: { bob: { password: 'secret', roles: [] } } });
  });
}

const vendored = (major: number): string => `application/vnd.elasticsearch+json;compatible-with=${major}`;

describe.each(pairs)('$name', (pair) => {
  beginsWith(pair);
  const [major] = pair.client;

  test('knows the server by its name', async () => {
    const { client } = conversation;
    const { version, tagline } = await client.info();
    expect([version.number, tagline]).toEqual([`${pair.server}.0`, 'You Know, for Search']);
    expect(await client.ping()).toBe(true);
    expect(await client.cluster.health()).toMatchObject({ status: expect.any(String), timed_out: false });
    expect((await client.license.get()).license.type).toBe('trial');
  });

  test('gets answers in the type that it asks for', async () => {
    const { security } = conversation;
    const labels: unknown[] = [];
    for (const [method, parameters] of [
      ['createApiKey', { name: 'k' }],
      ['authenticate', {}],
    ] as const) {
      labels.push((await security[method]?.(parameters, { meta: true }))?.headers?.['content-type']);
    }
    // Without a body it accepts plain text as well, and such a list counts as nothing. The newer client sends
    // the type of a body that is not there, whose version the answer leaves out.
    const plain = major === 8 ? 'application/json' : 'application/vnd.elasticsearch+json';
    expect(labels).toEqual([vendored(major), plain]);
  });

  test('compresses what it sends, and reads what is compressed', async () => {
    const { emulator, signedIn } = conversation;
    const auth = { username: emulator.username, password: emulator.password };
    const client = signedIn(auth, emulator.url, { compression: true });
    const role = { indices: [{ names: ['docs'], privileges: ['read' as const] }] };
    const { encoded } = await client.security.createApiKey({ name: 'k', role_descriptors: { role } });
    const operations = [{ index: { _index: 'docs', _id: '1' } }, { text: 'word '.repeat(1000) }];
    expect(await client.bulk({ operations })).toMatchObject({ errors: false });
    const reader = signedIn({ apiKey: encoded }, emulator.url, { compression: true });
    const found = await reader.search({ index: 'docs' }, { meta: true });
    expect(found.headers).toMatchObject({ 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' });
    expect(found.body.hits.hits).toMatchObject([{ _id: '1', _source: operations[1] }]);
    const refusal = await failureOf(reader.security.getUser());
    expect(refusal.statusCode).toBe(403);
    expect(refusal.headers).toMatchObject({ 'content-encoding': 'gzip' });
    expect(refusal.message).toMatch(/^security_exception/);
  });

  test('does not talk to anything that is not Elasticsearch', async () => {
    conversation.emulator.faults.add({
      status: 200,
      body: {},
      headers: { 'content-type': 'application/json' },
    });
    const error = await failureOf(conversation.call('authenticate'));
    expect(error.name).toBe('ProductNotSupportedError');
  });

  test('makes errors of refusals, with their type and reason, though these do not name the product', async () => {
    const wrong = { headers: { authorization: `Basic ${btoa('bob:wrong-password')}` } };
    const error = await failureOf(conversation.client.security.authenticate(undefined, wrong));
    expect(error).toMatchObject({ name: 'ResponseError', statusCode: 401 });
    expect(error.body).toMatchObject({
      error: {
        type: 'security_exception',
        reason: 'unable to authenticate user [bob] for REST request [/_security/_authenticate]',
      },
    });
    expect(error.message).toContain('security_exception');
    expect(error.headers).toMatchObject({ 'www-authenticate': expect.arrayContaining(['ApiKey']) });
    expect(error.headers).not.toHaveProperty('x-elastic-product');

    const asBob = { headers: { authorization: `Basic ${btoa('bob:secret')}` } };
    const denied = await failureOf(conversation.client.security.getUser(undefined, asBob));
    expect(denied).toMatchObject({ name: 'ResponseError', statusCode: 403 });
    expect(denied.message).toContain('is unauthorized for user [bob] with effective roles []');
    expect(denied.headers).not.toHaveProperty('x-elastic-product');
  });

  test('says what went wrong also where Elasticsearch has another form of errors', async () => {
    const refresh = { grant_type: 'refresh_token', refresh_token: 'unknown' };
    const oauth = await failureOf(conversation.call('getToken', refresh));
    expect(oauth).toMatchObject({ name: 'ResponseError', statusCode: 400 });
    expect(oauth.body).toEqual({
      error: 'invalid_grant',
      error_description: 'could not refresh the requested token',
    });
    const flat = await failureOf(
      conversation.client.transport.request({ method: 'POST', path: '/_security/x' }),
    );
    expect(flat.body).toEqual({ error: 'no handler found for uri [/_security/x] and method [POST]' });
    const domain = await failureOf(conversation.call('deleteUser', { username: 'nobody' }));
    expect(domain).toMatchObject({ statusCode: 404, body: { found: false } });
  });

  test('takes a status that it is to ignore as an answer', async () => {
    const { client } = conversation;
    expect(await client.security.getUser({ username: 'nobody' }, { ignore: [404] })).toEqual({});
  });

  test('signs in with an API key, as an object and in its encoded form, and with a token', async () => {
    const { signedIn, call } = conversation;
    const { id, api_key, encoded } = await call('createApiKey', { name: 'k' });
    const { access_token } = await call('getToken', { grant_type: 'client_credentials' });
    const credentials = [{ apiKey: { id, api_key } }, { apiKey: encoded }, { bearer: access_token }];
    const types: unknown[] = [];
    for (const auth of credentials) {
      types.push((await signedIn(auth).security.authenticate()).authentication_type);
    }
    expect(types).toEqual(['api_key', 'api_key', 'token']);
  });

  test('trusts the authority of a server with TLS, and no other', async () => {
    const secured = await pair.open({ tls: true });
    const { emulator, call, signedIn } = secured;
    expect(emulator.url).toMatch(/^https:/);
    expect(await call('authenticate')).toMatchObject({ username: 'elastic' });
    const stranger = await pair.open({ tls: true });
    const elsewhere = signedIn({ username: 'elastic', password: 'changeme' }, stranger.emulator.url);
    const error = await failureOf(elsewhere.security.authenticate());
    expect(error.name).toBe('ConnectionError');
    expect(error.message).toMatch(/certificate/);
    await secured.close();
    await stranger.close();
  });

  test('signs in with a JSON Web Token, and with the shared secret of the clients of its realm', async () => {
    const { privateKey, jwk } = rsaKey();
    const realm = {
      allowedIssuer: 'https://issuer.example',
      allowedAudiences: ['my-api'],
      pkcJwkset: { keys: [jwk] },
      claims: { principal: 'sub' },
      clientAuthentication: { sharedSecret: 'of the clients' },
    };
    const federated = await pair.open({ jwtRealms: [realm] });
    const claims = { iss: 'https://issuer.example', aud: 'my-api', sub: 'alice' };
    const bearer = await signJwt(privateKey, claims, federated.emulator.clock.now());
    const client = federated.signedIn({ bearer });
    const headers = { 'es-client-authentication': 'SharedSecret of the clients' };
    expect(await client.security.authenticate({}, { headers })).toMatchObject({
      username: 'alice',
      authentication_realm: { name: 'jwt1', type: 'jwt' },
    });
    await expect(client.security.authenticate()).rejects.toMatchObject({ statusCode: 401 });
    await federated.close();
  });

  test('is recognised by the id that it gives its requests', async () => {
    const { client } = conversation;
    const { headers } = await client.security.authenticate({}, { opaqueId: 'request-7', meta: true });
    expect(headers?.['x-opaque-id']).toBe('request-7');
  });

  test('tries again after 503, and not after 429 or 401', async () => {
    const { client, emulator } = conversation;
    const counts: number[] = [];
    for (const status of [503, 429, 401]) {
      emulator.requests.length = 0;
      emulator.faults.add({ status, times: 2 });
      await client.security.authenticate({}, { maxRetries: 3 }).catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== 'ResponseError') throw error;
      });
      counts.push(emulator.requests.length);
      // What is left of the fault.
      while (emulator.requests.length < 2) await fetch(emulator.url);
    }
    expect(counts).toEqual([3, 1, 1]);
  });
});

describe('the newer client with an older server', () => {
  beginsWith(mismatched);

  test('is refused as soon as it sends a body', async () => {
    const error = await failureOf(conversation.call('createApiKey', { name: 'k' }));
    const reason = 'Invalid media-type value on headers [Accept, Content-Type]';
    expect(error).toMatchObject({ name: 'ResponseError', statusCode: 400 });
    expect(error.body).toEqual({
      error: {
        root_cause: [{ type: 'media_type_header_exception', reason }],
        type: 'media_type_header_exception',
        reason,
        caused_by: {
          type: 'status_exception',
          reason:
            'Accept version must be either version 8 or 7, but found 9. Accept=application/vnd.elasticsearch+json; compatible-with=9',
        },
      },
      status: 400,
    });
  });

  test('is answered as long as it sends none, because its list of types counts as nothing', async () => {
    expect(await conversation.call('authenticate')).toMatchObject({ username: 'elastic' });
  });
});

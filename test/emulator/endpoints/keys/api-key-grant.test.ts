/** API keys that are made with the credential of somebody else: grants and clones. */

import { describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../../support/http-client.js';
import { errorBody, expectAnswer } from '../../cluster.js';
import { alice, cluster, create, read, startCluster, status } from './owners.js';

startCluster();

describe('a grant', () => {
  const gina = basic('gina', 'password');
  const grant = (body: object) => cluster.ask('POST /_security/api_key/grant', { headers: gina, body });

  test('with a wrong credential of the end user is 403, with the 401 as its cause', async () => {
    const response = await grant({
      grant_type: 'password',
      username: 'alice',
      password: 'wrong!',
      api_key: { name: 'k' },
    });
    expect(response.status).toBe(403);
    expect(response.header('www-authenticate')).toEqual([]);
    expect(response.json.error).toMatchObject({
      type: 'security_exception',
      reason: 'Failed to authenticate api key grant',
      caused_by: {
        type: 'security_exception',
        reason: 'unable to authenticate user [alice] for action [cluster:admin/xpack/security/api_key/grant]',
      },
    });
  });

  test('can be for the owner of a token', async () => {
    const body = { grant_type: 'password', username: 'alice', password: 'password' };
    const { access_token } = (await cluster.ask('POST /_security/oauth2/token', { body })).json;
    const key = (await grant({ grant_type: 'access_token', access_token, api_key: { name: 'k' } })).json;
    expect(await read(key.id)).toMatchObject({ username: 'alice', realm: 'default_native' });
    const refused = await grant({ grant_type: 'access_token', access_token: 'x', api_key: { name: 'k' } });
    expect([refused.status, refused.json.error.reason]).toEqual([
      403,
      'Failed to authenticate api key grant',
    ]);
  });

  test('with what belongs to JSON web tokens is refused', async () => {
    const body = { grant_type: 'password', username: 'alice', password: 'password' };
    const { access_token } = (await cluster.ask('POST /_security/oauth2/token', { body })).json;
    const client_authentication = { scheme: 'SharedSecret', value: 's' };
    const response = await grant({
      grant_type: 'access_token',
      access_token,
      client_authentication,
      api_key: { name: 'k' },
    });
    const reason = '[client_authentication] not supported with the supplied access_token type';
    expectAnswer(response, { status: 400, body: errorBody(400, 'security_exception', reason) });
    const empty = await grant({ client_authentication: {}, api_key: { name: 'k' } });
    expect(empty.json.error.caused_by.reason).toBe('Required [scheme, value]');
  });

  test('complains about the key inside of it by its place', async () => {
    const response = await grant({ grant_type: 'password', username: 'u', password: 'p', api_key: {} });
    expect(response.json.error).toMatchObject({
      type: 'x_content_parse_exception',
      reason: '[1:67] [grant_api_key_request] failed to parse field [api_key]',
      caused_by: { reason: 'Required [name]' },
    });
  });
});

describe('a clone', () => {
  const clone = (body: object) => cluster.ask('POST /_security/api_key/clone', { body });

  test('has another secret, and else what its source has', async () => {
    const source = await create(alice, {
      name: 'source',
      expiration: '1h',
      metadata: { a: 1 },
      role_descriptors: { r: {} },
    });
    const response = await clone({ api_key: source.encoded, name: 'clone' });
    expect(response.json).toMatchObject({ name: 'clone', expiration: source.expiration });
    const shown = await read(response.json.id);
    expect(shown).toEqual({
      ...(await read(source.id)),
      id: shown.id,
      name: 'clone',
      creation: shown.creation,
      metadata: { a: 1, _cloned_from: source.id },
    });
    expect(await status('GET /_security/_authenticate', apiKey(response.json.encoded))).toBe(200);
  });

  test('may have another end and other metadata', async () => {
    const source = await create(alice, { name: 'source', expiration: '1h', metadata: { a: 1 } });
    const forEver = (await clone({ api_key: source.encoded, name: 'c', expiration: null, metadata: {} }))
      .json;
    expect(forEver).not.toHaveProperty('expiration');
    expect((await read(forEver.id)).metadata).toEqual({ _cloned_from: source.id });
    const again = (await clone({ api_key: forEver.encoded, name: 'c' })).json;
    expect((await read(again.id)).metadata).toEqual({ _cloned_from: forEver.id });
    const longer = (await clone({ api_key: source.encoded, name: 'c', expiration: '2h' })).json;
    expect(longer.expiration).toBeGreaterThan(source.expiration ?? 0);
  });

  test('of a key that is not accepted is 403, with the bare reason as its cause', async () => {
    const source = await create(alice, { name: 'source' });
    const wrong = Buffer.from(`${source.id}:wrong`).toString('base64');
    const response = await clone({ api_key: wrong, name: 'c' });
    const reason = `invalid credentials for API key [${source.id}]`;
    const cause = { type: 'security_exception', reason };
    expectAnswer(response, {
      status: 403,
      body: {
        error: {
          root_cause: [cause],
          type: 'security_exception',
          reason: 'Failed to clone API key',
          caused_by: cause,
        },
        status: 403,
      },
    });
  });
});

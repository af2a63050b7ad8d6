/** Authorization headers that make no sense, and that nothing is looked at before them. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, emulated, errorBody, expectAnswer, unauthorized } from '../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

const json = { 'content-type': 'application/json' };

describe('an Authorization header', () => {
  const missing = 'missing authentication credentials for REST request [/]';
  test.each(['Basic', 'Bearer', 'ApiKey', 'Digest abc', 'nonsense', 'Basic: abc'])(
    '%j is none',
    async (authorization) => {
      expectAnswer(
        await cluster.ask('GET /', { headers: { authorization } }),
        unauthorized(cluster.version, missing),
      );
    },
  );

  test('that is Basic but has no colon', async () => {
    const headers = { authorization: 'Basic YWJj' };
    expectAnswer(
      await cluster.ask('GET /', { headers }),
      unauthorized(cluster.version, 'invalid basic authentication header value'),
    );
  });

  test('that is Basic but not Base64', async () => {
    const response = await cluster.ask('GET /', { headers: { authorization: 'Basic a_b=' } });
    expect([response.status, response.json.error.reason]).toEqual([
      401,
      'invalid basic authentication header encoding',
    ]);
    expect(response.json.error.caused_by).toEqual({
      type: 'illegal_argument_exception',
      reason: 'Illegal base64 character 5f',
    });
  });

  test('may have a password with colons, and white space around Basic', async () => {
    await cluster.ask('PUT /_security/user/colon', { body: { password: 'a:b:c:d', roles: [] } });
    const value = Buffer.from('colon:a:b:c:d').toString('base64');
    const response = await cluster.ask('GET /_security/_authenticate', {
      headers: { authorization: `basic   ${value}` },
    });
    expect(response.json.username).toBe('colon');
  });

  test.each([
    'Authorization',
    'es-security-runas-user',
    'es-secondary-authorization',
    'ES-Client-Authentication',
    'X-Opaque-Id',
  ])('%s that comes twice with different values is refused', async (name) => {
    const headers = { ...cluster.admin, [name.toLowerCase()]: ['Bearer a', 'Bearer b'] };
    const reason = `multiple values for single-valued header [${name}].`;
    expectAnswer(await cluster.ask('GET /', { headers }), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', reason),
    });
  });

  test('that comes twice with different values is refused in fewer words by 8.7', async () => {
    const older = await emulated({ version: '8.7' });
    const headers = { authorization: ['Bearer a', 'Bearer b'] };
    const error = 'multiple values for single-valued header [Authorization].';
    expectAnswer(await older.ask('GET /', { headers }), { status: 400, body: { error, status: 400 } });
    await older.close();
  });

  test('that comes twice with the same value is one', async () => {
    const { authorization } = cluster.admin;
    const twice = {
      authorization: [authorization, authorization],
      'es-security-runas-user': ['kibana', 'kibana'],
    };
    const response = await cluster.ask('GET /_security/_authenticate', { headers: twice });
    expect(response.json.username).toBe('kibana');
  });

  test.each(['AAEAAQ', 'AAEAAWFi', 'AAEAAWEvYi9j', 'AAEAAWEvYi9jOg', '====', '\u00e9\u00e9'])(
    'Bearer %s is not accepted',
    async (token) => {
      expect((await cluster.ask('GET /', { headers: { authorization: `Bearer ${token}` } })).status).toBe(
        401,
      );
    },
  );

  test('with more than a header may hold is refused', async () => {
    // On such a connection nothing is answered any more, so the emulator is another one.
    const other = await emulated();
    const response = await other.ask('GET /', {
      headers: { authorization: `Bearer ${'a'.repeat(20_000)}` },
    });
    await other.close();
    expect(response.status).toBe(400);
    expect(response.json.error.type).toBe('too_long_http_header_exception');
  });
});

describe('credentials come first', () => {
  test.each([
    ['POST /_security/oauth2/token', '{'],
    ['GET /no/such/path', ''],
    ['PATCH /_security/_authenticate', ''],
  ])('%s without credentials is 401, whatever else is wrong', async (line, body) => {
    const path = line.split(' ')[1];
    expectAnswer(
      await cluster.ask(line, { headers: json, body }),
      unauthorized(cluster.version, `missing authentication credentials for REST request [${path}]`),
    );
  });

  test('but not for OPTIONS', async () => {
    const response = await cluster.ask('OPTIONS /_security/_authenticate', { headers: {} });
    expect([response.status, response.text, response.header('allow')]).toEqual([200, '', ['GET']]);
  });
});

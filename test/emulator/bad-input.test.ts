/** Requests that make no sense, and requests that are meant to do harm. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, send } from '../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer, unauthorized } from './cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

const json = { 'content-type': 'application/json' };
const raw = (line: string, body: string | Buffer, headers: object = json) =>
  cluster.ask(line, { headers: { ...cluster.admin, ...headers }, body });

const unreadable = (reason: string) => ({
  status: 400,
  body: errorBody(400, 'x_content_parse_exception', reason),
});

describe('a body that can not be read', () => {
  test.each([['', 'request body is required']])('%j', async (body, reason) => {
    const answer = { status: 400, body: errorBody(400, 'parse_exception', reason) };
    expectAnswer(await raw('POST /_security/oauth2/token', body), answer);
  });

  test.each([
    [' ', '[1:2] [token_request] Expected START_OBJECT but was: null'],
    ['[]', '[1:1] [token_request] Expected START_OBJECT but was: START_ARRAY'],
    ['"text"', '[1:1] [token_request] Expected START_OBJECT but was: VALUE_STRING'],
    ['{', '[1:2] Unexpected end-of-input'],
    ['{"grant_type"', '[1:14] Unexpected end-of-input'],
    ['{"grant_type":', '[1:15] Unexpected end-of-input'],
    ['{"grant_type":"x', '[1:17] Unexpected end-of-input'],
    ['{"grant_type":"x"', '[1:18] Unexpected end-of-input'],
    [
      '{"grant_type" "x"}',
      "[1:15] Unexpected character ('\"' (code 34)): was expecting a colon to separate field name and value",
    ],
    [
      '{"grant_type":"x" "y"}',
      "[1:19] Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
    ],
    [
      '{\n  grant_type:"x"}',
      "[2:3] Unexpected character ('g' (code 103)): was expecting double-quote to start field name",
    ],
    [
      '{"grant_type":"x",}',
      "[1:19] Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
    ],
    ['{"grant_type":"x","grant_type":"y"}', "[1:19] Duplicate field 'grant_type'"],
    [
      '{"grant_type":nil}',
      "[1:18] Unrecognized token 'nil': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    ],
    ['{"grant_type":"\\x"}', "[1:17] Unrecognized character escape 'x' (code 120)"],
    [
      '{"grant_type":"\\u12"}',
      '[1:18] Unexpected character: expected a hex-digit for character escape sequence',
    ],
    [
      '{"grant_type":"a\nb"}',
      '[1:17] Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value',
    ],
    [
      '{"grant_type":01}',
      "[1:16] Unexpected character ('1' (code 49)): Expected space separating root-level values",
    ],
    [
      '{\0}',
      '[1:2] Illegal character ((CTRL-CHAR, code 0)): only regular white space (\\r, \\n, \\t) is allowed between tokens',
    ],
    ['{"a":1', '[1:2] [token_request] unknown field [a]'],
  ])('%j', async (body, reason) => {
    expectAnswer(await raw('POST /_security/oauth2/token', body), unreadable(reason));
  });

  test('bytes that are not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"grant_type":"a'), Buffer.from([0xff, 0x22, 0x7d])]);
    expectAnswer(
      await raw('POST /_security/oauth2/token', body),
      unreadable('[1:17] Invalid UTF-8 start byte 0xff'),
    );
  });

  test('more levels than a stack could take', async () => {
    const body = `{"name":"deep","metadata":${'{"a":'.repeat(100_000)}`;
    const response = await raw('PUT /_security/api_key', body);
    expect(response.status).toBe(400);
    expect(response.json.error.caused_by.reason).toMatch(
      /Document nesting depth \(1001\) exceeds the maximum allowed \(1000\)$/,
    );
  });

  test('two megabytes of something else', async () => {
    const response = await raw('POST /_security/oauth2/token', 'x'.repeat(2_000_000));
    expect(response.status).toBe(400);
    expect(response.json.error.type).toBe('x_content_parse_exception');
  });

  test('two megabytes in one field are read', async () => {
    const body = { grant_type: 'password', username: 'elastic', password: 'x'.repeat(2_000_000) };
    expect((await cluster.ask('POST /_security/oauth2/token', { body })).status).toBe(401);
  });

  test('an unknown field of two megabytes', async () => {
    const body = { ['x'.repeat(2_000_000)]: 1 };
    expect((await cluster.ask('POST /_security/oauth2/token', { body })).status).toBe(400);
  });
});

describe('fields that make no sense', () => {
  test.each<[string, object, string]>([
    ['POST /_security/oauth2/token', { foo: 1 }, '[1:2] [token_request] unknown field [foo]'],
    [
      'POST /_security/oauth2/token',
      { grant_typ: 'x' },
      '[1:2] [token_request] unknown field [grant_typ] did you mean [grant_type]?',
    ],
    [
      'POST /_security/oauth2/token',
      { __proto__: null, constructor: 1 },
      '[1:2] [token_request] unknown field [constructor]',
    ],
    [
      'POST /_security/oauth2/token',
      { grant_type: 7 },
      "[1:15] [token_request] grant_type doesn't support values of type: VALUE_NUMBER",
    ],
    [
      'POST /_security/oauth2/token',
      { grant_type: null },
      "[1:15] [token_request] grant_type doesn't support values of type: VALUE_NULL",
    ],
    [
      'DELETE /_security/oauth2/token',
      { tokens: 'x' },
      '[1:2] [invalidate_token] unknown field [tokens] did you mean [token]?',
    ],
    ['PUT /_security/api_key', {}, 'Required [name]'],
    [
      'PUT /_security/api_key',
      { name: 'k', metadata: 'm' },
      "[1:24] [api_key_request] metadata doesn't support values of type: VALUE_STRING",
    ],
    [
      'PUT /_security/api_key',
      { name: 'k', expirations: '1d' },
      '[1:13] [api_key_request] unknown field [expirations] did you mean [expiration]?',
    ],
    [
      'DELETE /_security/api_key',
      { id: 'x' },
      '[1:2] [invalidate_api_key] unknown field [id] did you mean [ids]?',
    ],
  ])('%s %j', async (line, body, reason) => {
    expectAnswer(await cluster.ask(line, { body }), unreadable(reason));
  });

  test('a boolean that is none is explained as the cause', async () => {
    const response = await cluster.ask('DELETE /_security/api_key', { body: { owner: 'yes' } });
    const reason = '[1:10] [invalidate_api_key] failed to parse field [owner]';
    const cause = {
      type: 'illegal_argument_exception',
      reason: 'Failed to parse value [yes] as only [true] or [false] are allowed.',
    };
    expectAnswer(response, {
      status: 400,
      body: {
        error: {
          root_cause: [{ type: 'x_content_parse_exception', reason }],
          type: 'x_content_parse_exception',
          reason,
          caused_by: cause,
        },
        status: 400,
      },
    });
  });
});

describe('a content type', () => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
    '%s is not read',
    async (type) => {
      const response = await raw('POST /_security/oauth2/token', '{}', { 'content-type': type });
      expectAnswer(response, {
        status: 406,
        body: { error: `Content-Type header [${type}] is not supported`, status: 406 },
      });
    },
  );

  test('that is missing is missed', async () => {
    const response = await raw('POST /_security/oauth2/token', '{}', {});
    expectAnswer(response, { status: 406, body: { error: 'Content-Type header is missing', status: 406 } });
  });

  test('that is malformed is refused', async () => {
    const response = await raw('POST /_security/oauth2/token', '{}', { 'content-type': 'json' });
    const reason = 'Invalid media-type value on headers [Content-Type]';
    expect(response.json).toEqual({
      error: {
        root_cause: [{ type: 'media_type_header_exception', reason }],
        type: 'media_type_header_exception',
        reason,
        caused_by: { type: 'illegal_argument_exception', reason: 'invalid media-type [json]' },
      },
      status: 400,
    });
  });

  test('of a request without a body does not matter', async () => {
    const headers = { ...cluster.admin, 'content-type': 'text/plain' };
    expect((await cluster.ask('GET /_security/_authenticate', { headers })).status).toBe(200);
  });
});

describe('a path', () => {
  test.each([
    'GET /_security/../_security/_authenticate',
    'GET /_security/%2e%2e/_security/_authenticate',
    'GET /_security/%5Fauthenticate',
    'GET /_security//_authenticate',
    'GET /_SECURITY/_authenticate',
    'GET /%00/%00',
    // Elasticsearch's own, of which none is here, and no names of indices.
    'GET /_nodes',
    'GET /_cat/indices',
    'POST /_msearch',
    'PUT /_settings',
    'DELETE /_pit',
  ])('%s leads nowhere', async (line) => {
    const [method, path] = line.split(' ');
    const error = `no handler found for uri [${path}] and method [${method}]`;
    expectAnswer(await cluster.ask(line), { status: 400, body: { error } });
  });

  test.each([
    ['/__proto__', 400, 'invalid_index_name_exception'],
    ['/_nothing', 400, 'invalid_index_name_exception'],
    ['/constructor', 404, 'index_not_found_exception'],
    ['/%00', 404, 'index_not_found_exception'],
  ])('%s is taken for an index', async (path, status, type) => {
    const response = await cluster.ask(`GET ${path}`);
    expect([response.status, response.json.error.type]).toEqual([status, type]);
  });

  test('may end in slashes', async () => {
    expect((await cluster.ask('GET /_security/_authenticate//')).status).toBe(200);
  });

  test.each([
    ['/_security/user/%', 'unterminated escape sequence at end of string: %'],
    ['/_security/user/%2', 'partial escape sequence at end of string: %2'],
    ['/_security/user/a%zz', "invalid escape sequence `%zz' at index 1 of: a%zz"],
  ])('%s has a name that can not be decoded', async (path, problem) => {
    const allowed = 'GET, POST, PUT, DELETE';
    const response = await cluster.ask(`GET ${path}`);
    expectAnswer(response, {
      status: 405,
      body: { error: `${problem}, allowed: [${allowed}]`, status: 405 },
    });
    expect(response.header('allow')).toEqual(['GET,POST,PUT,DELETE']);
  });

  test('with a query that can not be decoded is refused', async () => {
    const response = await cluster.ask('GET /_security/_authenticate?a=%');
    expect(response.status).toBe(400);
    expect(response.json.error.type).toBe('bad_parameter_exception');
  });

  test('with an unknown parameter is refused, with a suggestion', async () => {
    const reason =
      'request [/_security/_authenticate] contains unrecognized parameter: [prety] -> did you mean [pretty]?';
    expectAnswer(await cluster.ask('GET /_security/_authenticate?prety'), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', reason),
    });
  });

  test('with a refresh policy that there is not is refused', async () => {
    const response = await cluster.ask('DELETE /_security/user/nobody?refresh=soon');
    expectAnswer(response, {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', 'Unknown value for refresh: [soon].'),
    });
    for (const policy of ['', '=true', '=false', '=wait_for']) {
      expect((await cluster.ask(`DELETE /_security/user/nobody?refresh${policy}`)).status).toBe(404);
    }
  });

  test('that takes no body refuses one', async () => {
    const reason = 'request [GET /_security/_authenticate] does not support having a body';
    expectAnswer(await raw('GET /_security/_authenticate', '{}'), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', reason),
    });
  });
});

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
    const error = `multiple values for single-valued header [${name}].`;
    expectAnswer(await cluster.ask('GET /', { headers }), { status: 400, body: { error, status: 400 } });
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
    const response = await cluster.ask('GET /', {
      headers: { authorization: `Bearer ${'a'.repeat(20_000)}` },
    });
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

describe('names like any other', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

  test.each(names)('a user and a role called %s', async (name) => {
    const role = { cluster: ['monitor'] };
    expect((await cluster.ask(`GET /_security/user/${name}`)).json).toEqual({});
    expect((await cluster.ask(`GET /_security/role/${name}`)).status).toBe(404);
    expect((await cluster.ask(`PUT /_security/role/${name}`, { body: role })).json).toEqual({
      role: { created: true },
    });
    const user = { password: 'password', roles: [name] };
    expect((await cluster.ask(`PUT /_security/user/${name}`, { body: user })).json).toEqual({
      created: true,
    });
    const headers = basic(name, 'password');
    expect((await cluster.ask('GET /_security/_authenticate', { headers })).json.username).toBe(name);
    expect((await cluster.ask('GET /_cluster/health', { headers })).status).toBe(200);
    expect((await cluster.ask(`GET /_security/user/${name}`)).text).toMatch(
      `{"${name}":{"username":"${name}"`,
    );
    expect((await cluster.ask(`DELETE /_security/user/${name}`)).json).toEqual({ found: true });
    expect((await cluster.ask(`DELETE /_security/role/${name}`)).json).toEqual({ found: true });
  });

  test.each(names)('an API key called %s, with metadata and a role descriptor of that name', async (name) => {
    const metadata = name === '__proto__' ? `{"a":{"${name}":{"b":1.0}}}` : `{"${name}":{"${name}":[1]}}`;
    const body = `{"name":"x${name}","metadata":${metadata},"role_descriptors":{"${name}":{"cluster":["monitor"]}}}`;
    const { id, encoded } = (await raw('PUT /_security/api_key', body)).json;
    const listed = await cluster.ask(`GET /_security/api_key?id=${id}`);
    expect(listed.text).toContain(`"metadata":${metadata}`);
    expect(listed.text).toContain(`"role_descriptors":{"${name}":{"cluster":["monitor"]`);
    expect(
      (await cluster.ask('GET /_cluster/health', { headers: { authorization: `ApiKey ${encoded}` } })).status,
    ).toBe(200);
  });

  test('a grant called __proto__ is none', async () => {
    const response = await raw('POST /_security/oauth2/token', '{"grant_type":"__proto__"}');
    expect(response.json.error).toBe('unsupported_grant_type');
  });
});

describe('sockets', () => {
  const address = () => {
    const { hostname, port } = new URL(cluster.url);
    return connect(Number(port), hostname);
  };

  test('a client that hangs up in the middle of a body harms nobody', async () => {
    const socket = address();
    socket.write(
      `POST /_security/oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: ${cluster.admin.authorization}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"grant`,
    );
    await once(socket, 'connect');
    socket.resetAndDestroy();
    expect((await cluster.ask('GET /')).status).toBe(200);
  });

  test.each(['\0\0\0\0\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n'])(
    'what is not HTTP is answered with 400: %j',
    async (text) => {
      const socket = address();
      socket.end(text);
      let answer = '';
      for await (const chunk of socket) answer += chunk;
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual(
        errorBody(400, 'illegal_argument_exception', 'invalid HTTP request'),
      );
    },
  );

  test('ten thousand requests at once are all answered, each with its own', async () => {
    const users = Array.from({ length: 100 }, (_, index) => `user${index}`);
    for (const name of users) {
      await cluster.ask(`PUT /_security/user/${name}`, {
        body: { password: `secret-of-${name}`, roles: [] },
      });
    }
    const answers = await Promise.all(
      users.map(async (name) => {
        const { authorization } = basic(name, `secret-of-${name}`);
        const request = `GET /_security/_authenticate HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n`;
        const socket = address();
        socket.end([...Array(99).fill(request), `${request}Connection: close\r\n`, ''].join('\r\n'));
        let text = '';
        for await (const chunk of socket) text += chunk;
        return [...text.matchAll(/"username":"(\w+)"/g)].map((match) => match[1]);
      }),
    );
    expect(answers).toEqual(users.map((name) => Array.from({ length: 100 }, () => name)));
  }, 60_000);

  test('a request with chunks is read like any other', async () => {
    const response = await send(`${cluster.url}/_security/oauth2/token`, {
      method: 'POST',
      headers: { ...cluster.admin, ...json, 'transfer-encoding': 'chunked' },
      body: '{"grant_type":"client_credentials"}',
    });
    expect(response.status).toBe(200);
  });
});

/** Content types and paths that make no sense, and what is not even HTTP. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, send } from '../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer } from '../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

const json = { 'content-type': 'application/json' };
const raw = (line: string, body: string | Buffer, headers: object = json) =>
  cluster.ask(line, { headers: { ...cluster.admin, ...headers }, body });

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
    const error = 'Content-Type header [] is not supported';
    expectAnswer(response, { status: 406, body: { error, status: 406 } });
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
    'GET /_tasks',
    'GET /_nodes/stats',
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
    ['/_security/user/%', 'unterminated escape sequence at end of string: /_security/user/%'],
    ['/_security/user/%2', 'partial escape sequence at end of string: /_security/user/%2'],
    ['/_security/user/a%zz', "invalid escape sequence `%zz' at index 17 of: /_security/user/a%zz"],
    ['/%', 'unterminated escape sequence at end of string: /%'],
  ])('%s can not be decoded', async (path, problem) => {
    const response = await cluster.ask(`GET ${path}`);
    expectAnswer(response, { status: 400, body: errorBody(400, 'illegal_argument_exception', problem) });
    expect(response.header('allow')).toEqual([]);
  });

  test('with a name that can not be decoded was until 8.8 one for another method', async () => {
    const older = await emulated({ version: '8.7' });
    const response = await older.ask('GET /_security/user/a%zz');
    const error = "invalid escape sequence `%zz' at index 1 of: a%zz, allowed: [GET, POST, PUT, DELETE]";
    expectAnswer(response, { status: 405, body: { error, status: 405 } });
    expect(response.header('allow')).toEqual(['GET,POST,PUT,DELETE']);
    await older.close();
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

  test.each([
    ['\0\0\0\0\r\n\r\n', 'text is empty (possibly HTTP/0.9)'],
    ['gibberish\r\n\r\n', 'text is empty (possibly HTTP/0.9)'],
    ['GET / as I say\r\n\r\n', 'invalid version format: AS I SAY'],
    ['GET / HTTP/9.9\r\n\r\n', 'invalid version format: HTTP/9.9'],
    ['GET / HTTP/1.1\r\nno header\r\n\r\n', 'invalid HTTP request'],
  ])('what is not HTTP is answered with 400: %j', async (text, reason) => {
    const socket = address();
    socket.end(text);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual(
      errorBody(400, 'illegal_argument_exception', reason),
    );
  });

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

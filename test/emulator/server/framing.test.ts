/** What stands around a body: the order of header lines, chunks, and requests that Node's parser would not take. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, bytesOf, jsonOf, type RawCluster, rawCluster, valuesOf } from './raw-cluster.js';

let cluster: RawCluster;
beforeAll(async () => {
  cluster = await rawCluster();
});
afterAll(() => cluster.close());

const json = 'content-type: application/json';
const authenticate = '/_security/_authenticate';

/**
 * Sends one part after the other on one connection, and hands out what came: at least so much, with `<closed>` in the end
 * if the server has closed it, and what else came a moment later.
 */
async function converse(parts: readonly (string | Buffer)[], until: RegExp): Promise<string> {
  const socket = connect(portOf(cluster), '127.0.0.1');
  socket.on('error', () => {});
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.on('close', () => {
    received += '<closed>';
  });
  const pause = () => new Promise((resolve) => setTimeout(resolve, 60));
  for (const part of parts) {
    if (!socket.destroyed) socket.write(part);
    await pause();
  }
  await expect.poll(() => received).toMatch(until);
  await pause();
  const text = received;
  socket.destroy();
  return text;
}

function portOf({ emulator }: RawCluster): number {
  return Number(new URL(emulator.url).port);
}

const statusesIn = (text: string): number[] => {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
};

describe('headers', () => {
  test.each([
    [
      'GET /',
      [admin, 'x-opaque-id: a'],
      ['X-Opaque-Id', 'X-elastic-product', 'content-type', 'content-length'],
    ],
    ['POST /', [admin], ['Allow', 'X-elastic-product', 'content-type', 'content-length']],
    ['OPTIONS /', [], ['Allow', 'X-elastic-product', 'content-type', 'content-length']],
    [
      'GET /',
      ['x-opaque-id: a'],
      ['X-Opaque-Id', ...Array(3).fill('WWW-Authenticate'), 'content-type', 'content-length'],
    ],
    ['GET /_search', [admin], ['X-elastic-product', 'content-type', 'Transfer-Encoding']],
    ['GET /', [admin, 'connection: close'], ['X-elastic-product', 'content-type', 'content-length']],
  ])('of %s with %j are in their order', async (line, headers, names) => {
    const answer = await cluster.answer(line, { headers });
    expect(answer.headers.map(([name]) => name)).toEqual(names);
  });

  test('say where a new document is', async () => {
    const put = (path: string) =>
      cluster.answer(`PUT /docs/${path}`, { headers: [admin, json], body: '{"a":1}' });
    const answer = await put('_doc/a%20b%2F%C3%A9~*');
    expect(answer.headers.map(([name]) => name)).toEqual([
      'Location',
      'X-elastic-product',
      'content-type',
      'content-length',
    ]);
    expect([answer.status, valuesOf(answer, 'location')]).toEqual([201, ['/docs/_doc/a+b%2F%C3%A9%7E*']]);
    const again = await put('_doc/a%20b%2F%C3%A9~*');
    expect([again.status, valuesOf(again, 'location')]).toEqual([200, []]);
    expect(valuesOf(await put('_create/2'), 'location')).toEqual(['/docs/_doc/2']);
  });

  test.each([
    ['9.1', []],
    ['9.2', ['ElasticsearchException']],
  ])('of %s name the exception behind a 500 as %j', async (version, names) => {
    const other = await rawCluster({ version });
    const token = await other.answer('POST /_security/service/elastic/kibana/credential/token/t', {
      headers: [admin],
    });
    const answer = await other.answer('POST /_security/oauth2/token', {
      headers: [`authorization: Bearer ${jsonOf(token).token.value}`, json],
      body: '{"grant_type":"client_credentials"}',
    });
    expect([answer.status, valuesOf(answer, 'x-elastic-app-exception')]).toEqual([500, names]);
    await other.close();
  });

  test('do not name an exception of Java', async () => {
    const body = '{"grant_type":"_kerberos","kerberos_ticket":"?"}';
    const answer = await cluster.answer('POST /_security/oauth2/token', { headers: [admin, json], body });
    expect([answer.status, valuesOf(answer, 'x-elastic-app-exception')]).toEqual([500, []]);
  });
});

describe('chunks', () => {
  // elastic/elasticsearch#89906, #92034, #94736, #104310
  test.each([
    ['7.17', []],
    ['8.5', ['mapping']],
    ['8.7', ['mapping', 'index']],
    ['8.9', ['mapping', 'index', 'search']],
    ['8.13', ['mapping', 'index', 'search', 'bulk']],
    ['9.5', ['mapping', 'index', 'search', 'bulk']],
  ])('are sent by %s with %j', async (version, chunked) => {
    const other = await rawCluster({ version });
    const body = '{"index":{"_index":"docs","_id":"1"}}\n{"a":1}\n';
    const answers = {
      bulk: await other.answer('POST /_bulk', { headers: [admin, json], body }),
      mapping: await other.answer('GET /docs/_mapping'),
      index: await other.answer('GET /docs'),
      search: await other.answer('GET /docs/_search'),
      count: await other.answer('GET /docs/_count'),
    };
    const framings = Object.entries(answers).filter(([, { framing }]) => framing === 'chunked');
    expect(framings.map(([name]) => name).sort()).toEqual([...chunked].sort());
    expect(jsonOf(answers.search).hits.hits).toHaveLength(1);
    await other.close();
  });

  test('are promised to a HEAD', async () => {
    await cluster.answer('PUT /some', { headers: [admin] });
    const answer = await cluster.answer('HEAD /some');
    expect([answer.status, answer.framing, answer.body.length]).toEqual([200, 'chunked', 0]);
  });

  test('are cut by a fault like anything else', async () => {
    cluster.emulator.faults.add({ path: '/_search', times: 1, truncate: true });
    expect(await cluster.ask('GET /_search', { isClosing: true })).toEqual({
      failed: expect.stringMatching(/^half an answer/),
    });
  });
});

describe('a method', () => {
  test.each([
    ['FOO', 'GET'],
    ['get', 'GET'],
    ['X-Y', 'GET'],
  ])('%s that nobody knows is refused', async (method, allowed) => {
    const answer = await cluster.answer(`${method} ${authenticate}`);
    expect([answer.status, answer.closed, valuesOf(answer, 'allow')]).toEqual([405, false, [allowed]]);
    expect(jsonOf(answer).error).toBe(`Unexpected http method: ${method}, allowed: [${allowed}]`);
    expect(cluster.emulator.requests.at(-1)).toMatchObject({ method, path: authenticate, status: 405 });
  });

  test('that nobody knows needs credentials, and is told so without a path that is there', async () => {
    expect((await cluster.answer(`FOO ${authenticate}`, { headers: [] })).status).toBe(401);
    expect(jsonOf(await cluster.answer('FOO /_security/nowhere'))).toEqual({
      error: 'Unexpected http method: FOO',
      status: 405,
    });
  });

  test.each(['CONNECT', 'TRACE', 'PATCH'])('%s is the wrong one', async (method) => {
    const answer = await cluster.answer(`${method} ${authenticate}`);
    expect(answer.status).toBe(405);
    expect(jsonOf(answer).error).toBe(
      `Incorrect HTTP method for uri [${authenticate}] and method [${method}], allowed: [GET]`,
    );
  });

  test.each(['FOO', 'CONNECT'])('%s leaves the connection as it was', async (method) => {
    const body = '{"grant_type":"foo"}';
    const text = await converse(
      [
        bytesOf(`${method} ${authenticate}`),
        bytesOf(`GET ${authenticate}`),
        // In pieces, and two at once.
        bytesOf('POST /_security/oauth2/token', { headers: [admin, json], body }).subarray(0, 60),
        bytesOf('POST /_security/oauth2/token', { headers: [admin, json], body }).subarray(60),
        Buffer.concat([bytesOf(`GET ${authenticate}`), bytesOf('GET /nowhere/_nothing')]),
        bytesOf(`GET ${authenticate}`, { headers: [admin, 'connection: close'] }),
      ],
      /<closed>$/,
    );
    expect(statusesIn(text)).toEqual([405, 200, 400, 200, 400, 200]);
    expect(text).toContain('unsupported_grant_type');
    expect(text.endsWith('<closed>')).toBe(true);
  });

  test.each(['FOO', 'CONNECT'])('%s waits for the answers to requests before it', async (method) => {
    cluster.emulator.faults.add({ path: '/', times: 1, delayMs: 1000 });
    const requests = ['GET /', `GET ${authenticate}`, `${method} ${authenticate}`, 'GET /nowhere/_nothing'];
    const before = cluster.emulator.requests.length;
    const conversation = converse([Buffer.concat(requests.map((line) => bytesOf(line)))], /(HTTP.*){4}/s);
    await expect.poll(() => cluster.emulator.requests.length).toBeGreaterThan(before);
    await cluster.emulator.clock.advance(1000);
    expect(statusesIn(await conversation)).toEqual([200, 200, 405, 400]);
  });

  test.each([
    ['GET', '/_security/user/_has_privileges', undefined],
    ['PUT', '/_security/user/_has_privileges', 'GET,POST'],
    ['DELETE', '/_security/user/_has_privileges', 'GET,POST'],
    ['POST', '/_security/user/_privileges', 'GET'],
    ['PUT', '/_security/api_key/_bulk_update', 'POST'],
    ['GET', '/_security/user/_password', 'POST,PUT'],
  ])('%s of %s is not taken for one of a name', async (method, path, allowed) => {
    const answer = await cluster.answer(`${method} ${path}`, { headers: [admin, json], body: '{}' });
    expect(valuesOf(answer, 'allow')).toEqual(allowed === undefined ? [] : [allowed]);
    expect(answer.status === 405).toBe(allowed !== undefined);
  });
});

describe('a line', () => {
  const pathOf = (length: number): string => `/${'a'.repeat(length - 'GET / HTTP/1.1'.length)}`;

  test('may have 4096 bytes', async () => {
    expect((await cluster.answer(`GET ${pathOf(4096)}`)).status).toBe(404);
  });

  test('of more is refused, and the connection is over', async () => {
    const answer = await cluster.answer(`GET ${pathOf(4097)}`, { headers: [], isClosing: true });
    expect([answer.status, answer.closed]).toEqual([400, true]);
    expect(jsonOf(answer).error).toMatchObject({
      type: 'too_long_http_line_exception',
      reason: 'An HTTP line is larger than 4096 bytes.',
    });
  });
});

describe('a head', () => {
  const named = (length: number): string[] => {
    const others = 'host: localhost'.length;
    return [`x: ${'a'.repeat(length - others - 'x: '.length)}`];
  };

  test.each([
    ['9.5', 16_384],
    ['7.17', 8192],
  ])('may in %s have %i bytes', async (version, most) => {
    const other = await rawCluster({ version });
    expect((await other.answer('GET /', { headers: named(most) })).status).toBe(401);
    const answer = await other.answer('GET /', { headers: named(most + 1) });
    expect([answer.status, answer.closed]).toEqual([400, false]);
    expect(jsonOf(answer).error).toMatchObject({
      type: 'too_long_http_header_exception',
      reason: `HTTP header is larger than ${most} bytes.`,
    });
    await other.close();
  });

  // Recorded: the connection is kept, but nothing is answered on it any more.
  test.each([20_000, 200_000, 2_000_000])('of %i bytes is the last that is answered', async (length) => {
    const text = await converse(
      [bytesOf('GET /', { headers: named(length) }), bytesOf('GET /'), bytesOf('GET /')],
      /HTTP/,
    );
    expect(statusesIn(text)).toEqual([400]);
    expect(text).not.toContain('<closed>');
  });

  test('that never ends is refused too', async () => {
    const text = await converse(['FOO / HTTP/1.1\r\n', `x: ${'a'.repeat(40_000)}`, bytesOf('GET /')], /HTTP/);
    expect(statusesIn(text)).toEqual([400]);
  });

  test('that is too long does not keep the emulator from closing', async () => {
    const other = await rawCluster();
    const socket = connect(portOf(other), '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(bytesOf('GET /', { headers: named(200_000) }));
    await new Promise((resolve) => socket.once('data', resolve));
    await other.close();
    await closed;
  });
});

describe('parameters', () => {
  test.each(['pretty', 'human'])('%s is a boolean', async (name) => {
    const answer = await cluster.answer(`GET ${authenticate}?${name}=maybe`);
    const reason = 'Failed to parse value [maybe] as only [true] or [false] are allowed.';
    const error = { type: 'illegal_argument_exception', reason };
    expect([answer.status, jsonOf(answer)]).toEqual([
      400,
      { error: { root_cause: [error], ...error }, status: 400 },
    ]);
  });

  test.each([
    ['8.7', 400],
    ['8.8', 401],
  ])('are looked at before credentials only before 8.8: %s', async (version, status) => {
    const other = await rawCluster({ version });
    for (const query of ['pretty=maybe', 'a=%']) {
      expect((await other.answer(`GET ${authenticate}?${query}`, { headers: [] })).status).toBe(status);
    }
    await other.close();
  });

  test.each(['/', '/_license'])('%s is pretty unless it should not be', async (path) => {
    const [pretty, plain, other] = await Promise.all(
      ['', '?pretty=false', '?human=true'].map((query) => cluster.answer(`GET ${path}${query}`)),
    );
    expect(pretty?.body.toString()).toMatch(/^\{\n {2}"/);
    expect(other?.body.toString()).toBe(pretty?.body.toString());
    expect(plain?.body.toString()).toBe(JSON.stringify(jsonOf(plain as never)));
  });

  test('filter_path leaves errors whole', async () => {
    const query = '?filter_path=status';
    const refused = jsonOf(await cluster.answer(`GET /${query}`, { headers: [] }));
    expect(Object.keys(refused.error)).toEqual(['root_cause', 'type', 'reason', 'header']);
    expect(jsonOf(await cluster.answer(`POST /${query}`))).toHaveProperty('error');
    expect(jsonOf(await cluster.answer(`GET /_security/nowhere${query}`))).toHaveProperty('error');
    const grant = await cluster.answer(`POST /_security/oauth2/token${query}`, {
      headers: [admin, json],
      body: '{"grant_type":"foo"}',
    });
    expect(jsonOf(grant)).toHaveProperty('error_description');
    expect(jsonOf(await cluster.answer(`GET /${query}`))).toEqual({});
  });
});

test('nobody removes all indices by leaving out which', async () => {
  const answer = await cluster.answer('DELETE /');
  expect([answer.status, jsonOf(answer).error.reason]).toEqual([
    400,
    'Validation Failed: 1: index / indices is missing;',
  ]);
});

test('an empty es-secondary-authorization is none', async () => {
  const answer = await cluster.answer(`GET ${authenticate}`, {
    headers: [admin, 'es-secondary-authorization: '],
  });
  expect(answer.status).toBe(200);
});

/** Compressed answers and bodies. */

import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, jsonOf, type RawCluster, rawCluster, valuesOf } from './raw-cluster.js';

let cluster: RawCluster;
beforeAll(async () => {
  cluster = await rawCluster();
});
afterAll(() => cluster.close());

const json = 'content-type: application/json';

describe('an answer', () => {
  // Recorded from 9.5 but for the weights, which are those of Netty's `HttpContentCompressor`.
  test.each([
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip, deflate, br', 'gzip'],
    ['br, deflate', 'deflate'],
    ['deflate', 'deflate'],
    ['gzip;q=0.5, deflate;q=0.8', 'deflate'],
    ['gzip;q=0, deflate;q=0', undefined],
    ['*', 'gzip'],
    ['gzip;q=0, *', 'deflate'],
    ['gzip;q=0, deflate;q=0, *', undefined],
    ['*;q=0', undefined],
    ['gzip;q=much', undefined],
    ['identity', undefined],
    ['br', undefined],
    ['', undefined],
  ])('to one who accepts %j is in %s', async (accepted, encoding) => {
    const headers = [admin, `accept-encoding: ${accepted}`];
    const answer = await cluster.answer('GET /_security/_authenticate', { headers });
    expect(valuesOf(answer, 'content-encoding')).toEqual(encoding === undefined ? [] : [encoding]);
    expect(valuesOf(answer, 'content-length')).toEqual([String(answer.body.length)]);
    const decode = { gzip: gunzipSync, deflate: inflateSync };
    const text = encoding === undefined ? answer.body : decode[encoding as 'gzip'](answer.body);
    expect(JSON.parse(text.toString()).username).toBe('elastic');
  });

  test('tells its encoding before its length, also when it refuses', async () => {
    const answer = await cluster.answer('GET /', { headers: ['accept-encoding: gzip'] });
    expect(answer.headers.map(([name]) => name).slice(-3)).toEqual([
      'content-type',
      'content-encoding',
      'content-length',
    ]);
    expect([answer.status, JSON.parse(gunzipSync(answer.body).toString()).status]).toEqual([401, 401]);
  });

  test('in chunks is compressed as well', async () => {
    const headers = [admin, 'accept-encoding: gzip'];
    const answer = await cluster.answer('GET /_search', { headers });
    expect([answer.framing, valuesOf(answer, 'content-encoding')]).toEqual(['chunked', ['gzip']]);
    expect(JSON.parse(gunzipSync(answer.body).toString()).hits.hits).toEqual([]);
  });

  test.each(['HEAD /', 'OPTIONS /'])('to %s has nothing to compress', async (line) => {
    const answer = await cluster.answer(line, { headers: [admin, 'accept-encoding: gzip'] });
    expect([answer.status, valuesOf(answer, 'content-encoding')]).toEqual([200, []]);
  });

  test('of a fault stays as it is', async () => {
    cluster.emulator.faults.add({ path: '/broken', times: 1, status: 502, body: 'no' });
    const answer = await cluster.answer('GET /broken', { headers: [admin, 'accept-encoding: gzip'] });
    expect([answer.status, answer.body.toString()]).toEqual([502, 'no']);
  });

  test('on TLS is not compressed', async () => {
    const secured = await rawCluster({ tls: true });
    const answer = await secured.answer('GET /', { headers: [admin, 'accept-encoding: gzip'] });
    expect([answer.status, valuesOf(answer, 'content-encoding')]).toEqual([200, []]);
    await secured.close();
  });

  test('is read by fetch', async () => {
    const emulator = await startEmulator();
    const response = await fetch(emulator.url, { headers: { authorization: admin.slice(15) } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.json()).toHaveProperty('tagline');
    await emulator.close();
  });
});

describe('a body', () => {
  const plain = '{"grant_type":"client_credentials"}';
  const post = (encoding: string, body: Buffer, isClosing = false) =>
    cluster.ask('POST /_security/oauth2/token', {
      headers: [admin, json, `content-encoding: ${encoding}`],
      body,
      isClosing,
    });

  test.each([
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['GZip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    // Recorded: what is not known is not looked at.
    ['nonsense', Buffer.from(plain)],
    ['identity', Buffer.from(plain)],
  ])('in %s is read', async (encoding, body) => {
    expect(await post(encoding, body)).toMatchObject({ status: 200 });
  });

  test.each([
    ['gzip', Buffer.from(plain)],
    ['gzip', gzipSync(plain).subarray(0, 20)],
    ['deflate', Buffer.from(plain)],
  ])('that is no %s is not answered', async (encoding, body) => {
    expect(await post(encoding, body, true)).toEqual({ failed: expect.stringMatching(/^closed/) });
  });

  test('of nothing is none', async () => {
    const answer = await cluster.answer('POST /_security/oauth2/token', {
      headers: [admin, json, 'content-encoding: gzip'],
      body: gzipSync(''),
    });
    expect(jsonOf(answer).error.reason).toBe('request body is required');
  });

  test('that gets larger than a body may be is refused', async () => {
    const large = gzipSync(Buffer.alloc(101 * 1024 * 1024), { level: 1 });
    expect(await post('gzip', large, true)).toMatchObject({ status: 413, closed: true });
  });
});

// Options that are taken: what stands for those that are not given, and what becomes of those that are.

import { rootCertificates } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { readOptions } from '../../../packages/core/src/options/options.js';
import { systemClock } from '../../../packages/core/src/time/clock.js';
import { createFakeClock } from '../../support/fake-clock.js';

const nodes = 'https://es.internal:9200';

test('only nodes are required, everything else has its default', () => {
  expect(readOptions({ nodes })).toStrictEqual({
    nodes: [new URL(nodes)],
    tls: {},
    proxies: new Map(),
    dispatcher: undefined,
    schemes: ['Bearer', 'ApiKey'],
    clientAuthentication: undefined,
    apiKeyDetails: false,
    challenge: { realm: 'elasticsearch' },
    maxHeaderLength: 8_192,
    cache: {
      ttlMs: 60_000,
      refreshAfterMs: 30_000,
      staleIfErrorMs: 0,
      rejectedTtlMs: 5_000,
      maxEntries: 10_000,
      maxBytes: 67_108_864,
      maxRejectedEntries: 2_000,
      jitter: 0.1,
    },
    recent: 0,
    upstream: {
      timeoutMs: 3_000,
      hedgeAfterMs: 1_000,
      retries: 1,
      maxBodyBytes: 65_536,
      maxConcurrent: 32,
      maxQueue: 1_000,
      breaker: { failures: 5, openMs: 2_000 },
    },
    sharing: undefined,
    clock: systemClock,
  });
});

test('an engine for sharing says how far it is trusted, or has the defaults', () => {
  const engine = { digestKeys: ['0a'.repeat(32)], open: () => expect.unreachable() };
  const defaults = { timeoutMs: 50, blindAfterMs: 2_000, blindMaxAgeMs: 5_000, leaseMs: 1_000 };
  const authority = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(readOptions({ nodes, sharing: engine }).sharing).toEqual({
    sharing: engine,
    authority,
    ...defaults,
  });
  const other = { timeoutMs: 1, blindAfterMs: 100, blindMaxAgeMs: 0, leaseMs: 0 };
  const sharing = { ...engine, ...other };
  expect(readOptions({ nodes, sharing }).sharing).toEqual({ sharing, authority, ...other });
  expect(() => readOptions({ nodes, sharing: { ...engine, timeoutMs: 0 } })).toThrow('sharing.timeoutMs');
});

test('those who share ask the same of the same: nodes in any order, with the same client authentication', () => {
  const engine = { digestKeys: ['0a'.repeat(32)], open: () => expect.unreachable() };
  const authorityOf = (options: object) =>
    readOptions({ nodes, ...options, sharing: engine }).sharing?.authority;
  const two = ['https://a.internal:9200', 'https://b.internal:9200'];
  expect(authorityOf({ nodes: two })).toBe(authorityOf({ nodes: [...two].reverse() }));
  const others = [
    {},
    { nodes: two },
    { clientAuthentication: 'one' },
    { clientAuthentication: 'two' },
    { apiKeyDetails: true },
  ];
  expect(new Set(others.map(authorityOf)).size).toBe(others.length);
});

test('an option that is undefined is one that was not given', () => {
  const names = [
    'cloudId',
    'tls',
    'proxy',
    'schemes',
    'clientAuthentication',
    'apiKeyDetails',
    'challenge',
    'maxHeaderLength',
    'cache',
    'upstream',
    'sharing',
    'clock',
    'dispatcher',
  ];
  const absent = Object.fromEntries(names.map((name) => [name, undefined]));
  expect(readOptions({ nodes, ...absent })).toStrictEqual(readOptions({ nodes }));
  const inner = {
    tls: { ca: undefined },
    challenge: { realm: undefined, resourceMetadata: undefined },
    cache: {
      ttlMs: undefined,
      rejectedTtlMs: undefined,
      maxEntries: undefined,
      maxBytes: undefined,
      maxRejectedEntries: undefined,
    },
    upstream: { timeoutMs: undefined, maxBodyBytes: undefined },
  };
  expect(readOptions({ nodes, ...inner })).toStrictEqual(readOptions({ nodes }));
});

describe('takes', () => {
  const [ca = ''] = rootCertificates;
  const clock = createFakeClock();

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'several nodes, with path prefixes',
      { nodes: ['http://127.0.0.1:9200', 'https://proxy/es/'] },
      { nodes: [new URL('http://127.0.0.1:9200'), new URL('https://proxy/es/')] },
    ],
    [
      'several nodes in one string, as environment variables hold them',
      { nodes: ' https://a:9200, https://b:9200/es\t,\nhttps://c ' },
      { nodes: ['https://a:9200', 'https://b:9200/es', 'https://c'].map((node) => new URL(node)) },
    ],
    [
      'a path with a comma, in a list',
      { nodes: ['https://proxy/a,b'] },
      { nodes: [new URL('https://proxy/a,b')] },
    ],
    ['one authority', { tls: { ca } }, { tls: { ca: [ca] } }],
    ['several authorities', { tls: { ca: [ca, Buffer.from(ca)] } }, { tls: { ca: [ca, Buffer.from(ca)] } }],
    ['schemes in any order', { schemes: ['Basic', 'Bearer'] }, { schemes: ['Basic', 'Bearer'] }],
    ['one scheme', { schemes: ['ApiKey'] }, { schemes: ['ApiKey'] }],
    [
      'a challenge of its own',
      {
        challenge: {
          realm: 'my "API"',
          resourceMetadata: 'https://api.example.com/.well-known/oauth-protected-resource',
        },
      },
      {
        challenge: {
          realm: 'my "API"',
          resourceMetadata: 'https://api.example.com/.well-known/oauth-protected-resource',
        },
      },
    ],
    ['the shortest header', { maxHeaderLength: 1 }, { maxHeaderLength: 1 }],
    ['the longest header', { maxHeaderLength: 15_872 }, { maxHeaderLength: 15_872 }],
    [
      'the least of a cache',
      {
        cache: {
          ttlMs: 0,
          rejectedTtlMs: 0,
          maxEntries: 1,
          maxBytes: 1_048_576,
          maxRejectedEntries: 1,
          jitter: 0,
        },
      },
      {
        cache: {
          ttlMs: 0,
          refreshAfterMs: 0,
          staleIfErrorMs: 0,
          rejectedTtlMs: 0,
          maxEntries: 1,
          maxBytes: 1_048_576,
          maxRejectedEntries: 1,
          jitter: 0,
        },
      },
    ],
    [
      'the most of a cache',
      {
        cache: {
          ttlMs: 86_400_000,
          refreshAfterMs: 86_399_999,
          staleIfErrorMs: 86_400_000,
          rejectedTtlMs: 86_400_000,
          maxEntries: 16_777_216,
          maxBytes: 17_179_869_184,
          maxRejectedEntries: 16_777_216,
          jitter: 0.5,
        },
      },
      {
        cache: {
          ttlMs: 86_400_000,
          refreshAfterMs: 86_399_999,
          staleIfErrorMs: 86_400_000,
          rejectedTtlMs: 86_400_000,
          maxEntries: 16_777_216,
          maxBytes: 17_179_869_184,
          maxRejectedEntries: 16_777_216,
          jitter: 0.5,
        },
      },
    ],
    [
      'the least of upstream',
      {
        upstream: {
          timeoutMs: 1,
          hedgeAfterMs: 0,
          retries: 0,
          maxBodyBytes: 4_096,
          maxConcurrent: 1,
          maxQueue: 1,
          breaker: { failures: 1, openMs: 1 },
        },
      },
      {
        upstream: {
          timeoutMs: 1,
          hedgeAfterMs: 0,
          retries: 0,
          maxBodyBytes: 4_096,
          maxConcurrent: 1,
          maxQueue: 1,
          breaker: { failures: 1, openMs: 1 },
        },
      },
    ],
    [
      'the most of upstream',
      {
        upstream: {
          timeoutMs: 86_400_000,
          hedgeAfterMs: 86_399_999,
          maxBodyBytes: 1_048_576,
          breaker: { openMs: 86_400_000 },
        },
      },
      {
        upstream: {
          timeoutMs: 86_400_000,
          hedgeAfterMs: 86_399_999,
          retries: 1,
          maxBodyBytes: 1_048_576,
          maxConcurrent: 32,
          maxQueue: 1_000,
          breaker: { failures: 5, openMs: 86_400_000 },
        },
      },
    ],
    [
      'a fingerprint in any spelling',
      { tls: { caFingerprint: 'ab'.repeat(32) } },
      { tls: { caFingerprint: Array(32).fill('AB').join(':') } },
    ],
    [
      'a proxy, whose user name and password become a header',
      { nodes: ['https://a:9200/es', 'http://b'], proxy: 'https://jane:p%40ss@proxy.internal' },
      {
        nodes: [new URL('https://a:9200/es'), new URL('http://b')],
        proxies: new Map(
          ['https://a:9200', 'http://b'].map((node) => [
            node,
            {
              origin: 'https://proxy.internal',
              authorization: `Basic ${Buffer.from('jane:p@ss').toString('base64')}`,
            },
          ]),
        ),
      },
    ],
    ['a shared secret', { clientAuthentication: 's3cr3t' }, { clientAuthentication: 's3cr3t' }],
    ['a clock', { clock }, { clock }],
  ])('%s', (_what, given, settings) => {
    expect(readOptions({ nodes, ...given })).toStrictEqual({ ...readOptions({ nodes }), ...settings });
  });

  test.each([
    [60_000, 30_000],
    [120_000, 30_000],
    [10_000, 5_000],
    [0, 0],
  ])('a ttlMs of %d refreshes after %d', (ttlMs, refreshAfterMs) => {
    expect(readOptions({ nodes, cache: { ttlMs } }).cache).toMatchObject({ refreshAfterMs });
  });

  test('cache: false as a memory of no length', () => {
    expect(readOptions({ nodes, cache: false }).cache).toMatchObject({ ttlMs: 0, staleIfErrorMs: 0 });
  });

  test('lists as they are now, whatever becomes of them', () => {
    const schemes = ['Bearer'];
    const settings = readOptions({ nodes, schemes });
    schemes.push('Basic');
    expect(settings.schemes).toEqual(['Bearer']);
  });
});

test('with the details of API keys, longer bodies are read', () => {
  const readWith = (options: Record<string, unknown>) =>
    readOptions({ nodes, ...options }).upstream.maxBodyBytes;
  expect(readWith({ apiKeyDetails: true })).toBe(262_144);
  expect(readWith({ apiKeyDetails: true, upstream: { maxBodyBytes: 5_000 } })).toBe(5_000);
});

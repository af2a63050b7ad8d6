import { inspect } from 'node:util';
import { createVerifier, type VerifierOptions } from '@esauth/core';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../packages/core/src/clock.js';
import { readOptions } from '../../packages/core/src/options.js';
import { createFakeClock } from '../support/fake-clock.js';

const nodes = 'https://es.internal:9200';
const canary = 'c4n4ry-of-a-s3cr3t';

test('only nodes are required, everything else has its default', () => {
  expect(readOptions({ nodes })).toStrictEqual({
    nodes: [new URL(nodes)],
    ca: undefined,
    schemes: ['Bearer', 'ApiKey'],
    challenge: { realm: 'elasticsearch' },
    maxHeaderLength: 8_192,
    cache: {
      ttlMs: 60_000,
      refreshAfterMs: 30_000,
      staleIfErrorMs: 0,
      rejectedTtlMs: 5_000,
      maxEntries: 10_000,
      maxRejectedEntries: 2_000,
      jitter: 0.1,
    },
    timeoutMs: 3_000,
    clock: systemClock,
  });
});

test('an option that is undefined is one that was not given', () => {
  const names = ['tls', 'schemes', 'challenge', 'maxHeaderLength', 'cache', 'upstream', 'clock'];
  const absent = Object.fromEntries(names.map((name) => [name, undefined]));
  expect(readOptions({ nodes, ...absent })).toStrictEqual(readOptions({ nodes }));
  const inner = {
    tls: { ca: undefined },
    challenge: { realm: undefined, resourceMetadata: undefined },
    cache: {
      ttlMs: undefined,
      rejectedTtlMs: undefined,
      maxEntries: undefined,
      maxRejectedEntries: undefined,
    },
    upstream: { timeoutMs: undefined },
  };
  expect(readOptions({ nodes, ...inner })).toStrictEqual(readOptions({ nodes }));
});

describe('takes', () => {
  const ca = '-----BEGIN CERTIFICATE-----';
  const clock = createFakeClock();

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'several nodes, with path prefixes',
      { nodes: ['http://127.0.0.1:9200', 'https://proxy/es/'] },
      { nodes: [new URL('http://127.0.0.1:9200'), new URL('https://proxy/es/')] },
    ],
    ['one authority', { tls: { ca } }, { ca: [ca] }],
    ['several authorities', { tls: { ca: [ca, Buffer.from(ca)] } }, { ca: [ca, Buffer.from(ca)] }],
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
    ['the longest header', { maxHeaderLength: 65_536 }, { maxHeaderLength: 65_536 }],
    [
      'the least of a cache',
      { cache: { ttlMs: 0, rejectedTtlMs: 0, maxEntries: 1, maxRejectedEntries: 1, jitter: 0 } },
      {
        cache: {
          ttlMs: 0,
          refreshAfterMs: 0,
          staleIfErrorMs: 0,
          rejectedTtlMs: 0,
          maxEntries: 1,
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
          maxRejectedEntries: 16_777_216,
          jitter: 0.5,
        },
      },
    ],
    ['the shortest deadline', { upstream: { timeoutMs: 1 } }, { timeoutMs: 1 }],
    ['the longest deadline', { upstream: { timeoutMs: 86_400_000 } }, { timeoutMs: 86_400_000 }],
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

const duration = (least: number) => `must be a number of milliseconds from ${least} to 86400000`;
const count = (most: number) => `must be an integer from 1 to ${most}`;
const wrongNumbers = [-1, 86_400_001, Number.NaN, Number.POSITIVE_INFINITY, canary, null, true, 5n, [5], {}];
const wrongCounts = [0, 1.5, 16_777_217, ...wrongNumbers.filter((value) => value !== 86_400_001)];
const wrongSections = [null, canary, [canary], 1, () => canary];

/** Options with `value` under a dotted path. */
const withOption = (path: string, value: unknown): unknown => {
  const [outer = '', inner] = path.split('.');
  return { nodes, [outer]: inner === undefined ? value : { [inner]: value } };
};

describe.each<[option: string, expected: string, values: readonly unknown[]]>([
  ['nodes', 'required: the base URL of Elasticsearch, or a list of them', [undefined, []]],
  [
    'nodes',
    'must be absolute http: or https: URLs',
    [
      null,
      '',
      42,
      canary,
      `${canary}:9200`,
      `//${canary}`,
      `/${canary}`,
      `ftp://${canary}`,
      `file:///${canary}`,
      `https://${canary}:99999`,
      new URL('https://es'),
      [nodes, ''],
      [nodes, canary],
      [[nodes]],
      { 0: nodes, length: 1 },
    ],
  ],
  [
    'nodes',
    'must not hold a user name or password: callers bring their own',
    [
      `https://elastic:${canary}@es`,
      `https://${canary}@es`,
      `https://:${canary}@es`,
      [nodes, `https://u:${canary}@es`],
    ],
  ],
  [
    'nodes',
    'must not have a query or a fragment',
    [`https://es?api_key=${canary}`, `https://es/#${canary}`, [nodes, `https://es/x?${canary}`]],
  ],
  [
    'nodes',
    'the same node is listed twice',
    [
      [nodes, nodes],
      [`https://${canary}`, `HTTPS://${canary}:443/`],
      ['https://a', 'https://b', 'https://A'],
    ],
  ],
  [
    'tls.ca',
    'must be a PEM string or Buffer, or a list of them',
    ['', null, 42, {}, [], [''], [canary, 42], new Uint8Array(3), true],
  ],
  [
    'schemes',
    'must be a list of one or more of Bearer, ApiKey, Basic',
    [
      null,
      [],
      'Bearer',
      ['bearer'],
      ['Bearer', 'Bearer'],
      ['Bearer', canary],
      [canary],
      ['Negotiate'],
      [['Bearer']],
      [undefined],
      ['Bearer', undefined],
      { 0: 'Bearer', length: 1 },
      new Set(['Bearer']),
    ],
  ],
  [
    'challenge.realm',
    'must be a string of printable ASCII characters',
    ['', null, 42, [canary], `${canary}\r\nX-Injected: 1`, `${canary}\n`, '\t', '\x7f', '\0', '\u00e4'],
  ],
  [
    'challenge.resourceMetadata',
    'must be an absolute https: URL',
    ['', null, 42, canary, `/${canary}`, `http://${canary}`, `//${canary}`, new URL('https://es')],
  ],
  [
    'maxHeaderLength',
    count(65_536),
    [0, 1.5, 65_537, ...wrongNumbers.filter((value) => value !== 86_400_001)],
  ],
  ['cache.ttlMs', duration(0), wrongNumbers],
  ['cache.refreshAfterMs', duration(0), wrongNumbers],
  ['cache.refreshAfterMs', 'must be below cache.ttlMs', [60_000, 60_001, 86_400_000]],
  ['cache.staleIfErrorMs', duration(0), wrongNumbers],
  ['cache.jitter', 'must be a number from 0 to 0.5', [null, canary, Number.NaN, -0.01, 0.51, Infinity]],
  ['cache.rejectedTtlMs', duration(0), wrongNumbers],
  ['cache.maxEntries', count(16_777_216), wrongCounts],
  ['cache.maxRejectedEntries', count(16_777_216), wrongCounts],
  ['upstream.timeoutMs', duration(1), [0, 0.5, ...wrongNumbers]],
  [
    'clock',
    'must have the methods wall, monotonic, after',
    [
      null,
      {},
      canary,
      Date,
      { wall: Date.now, monotonic: Date.now },
      { wall: 1, monotonic: Date.now, after: () => {} },
    ],
  ],
  ['tls', 'must be an object', wrongSections],
  ['challenge', 'must be an object', wrongSections],
  ['upstream', 'must be an object', wrongSections],
  ['cache', 'must be an object', [...wrongSections, true, 0]],
  [
    'cache.ttl',
    'unknown option; known are ttlMs, refreshAfterMs, staleIfErrorMs, rejectedTtlMs, maxEntries, maxRejectedEntries, jitter',
    [canary, 1],
  ],
  ['tls.passphrases', 'unknown option; known are ca', [canary]],
  ['challenge.scope', 'unknown option; known are realm, resourceMetadata', [canary]],
  ['upstream.timeout', 'unknown option; known are timeoutMs', [canary, undefined]],
  [
    'password',
    'unknown option; known are nodes, tls, schemes, challenge, maxHeaderLength, cache, upstream, clock',
    [canary, undefined],
  ],
])('P47: %s: %s', (option, expected, values) => {
  test.each(values.map((value) => [inspect(value), value]))('%s', (_what, value) => {
    expect(refusalOf(withOption(option, value))).toEqual({ option, message: `${option}: ${expected}` });
  });
});

test.each([undefined, null, nodes, [nodes], 42])('options must be an object, not %j', (given) => {
  expect(refusalOf(given)).toEqual({ option: 'options', message: 'options: must be an object' });
});

test.each(['__proto__', 'constructor', 'toString'])('P10: %s is an unknown option too', (name) => {
  expect(refusalOf(JSON.parse(`{"nodes":"${nodes}","${name}":{}}`)).option).toBe(name);
  expect(refusalOf(JSON.parse(`{"nodes":"${nodes}","cache":{"${name}":1}}`)).option).toBe(`cache.${name}`);
});

test.each(['key', 'cacheKey', 'vary'])(
  'P4: nobody can choose what entries are named by: no option %s',
  (name) => {
    const choose = () => '';
    expect(refusalOf({ nodes, [name]: choose }).option).toBe(name);
    expect(refusalOf({ nodes, cache: { [name]: choose } }).option).toBe(`cache.${name}`);
  },
);

test('a wrong option fails when the verifier is made, not at the first request', () => {
  expect(() => createVerifier({ nodes, retries: 3 } as VerifierOptions)).toThrow(
    expect.objectContaining({ code: 'invalid_option', option: 'retries' }),
  );
});

/** What `readOptions` throws, after a search for the canary in everything that it shows. */
function refusalOf(given: unknown): { readonly option: unknown; readonly message: string } {
  try {
    readOptions(given);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    for (const shown of [error.message, String(error), error.stack, inspect(error), JSON.stringify(error)]) {
      expect(shown).not.toContain(canary.slice(0, 8));
    }
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' });
    return { option: 'option' in error ? error.option : undefined, message: error.message };
  }
  throw new TypeError('it was taken');
}

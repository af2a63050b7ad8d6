import { rootCertificates } from 'node:tls';
import { inspect } from 'node:util';
import { createVerifier, type VerifierOptions } from '@esauth/core';
import { describe, expect, test } from 'vitest';
import { readOptions } from '../../../packages/core/src/options/options.js';
import { systemClock } from '../../../packages/core/src/time/clock.js';
import { createFakeClock } from '../../support/fake-clock.js';

const nodes = 'https://es.internal:9200';
const canary = 'c4n4ry-of-a-s3cr3t';

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
      maxRejectedEntries: 2_000,
      jitter: 0.1,
    },
    upstream: {
      timeoutMs: 3_000,
      hedgeAfterMs: 1_000,
      retries: 1,
      maxConcurrent: 32,
      maxQueue: 1_000,
      breaker: { failures: 5, openMs: 2_000 },
    },
    clock: systemClock,
  });
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
      maxRejectedEntries: undefined,
    },
    upstream: { timeoutMs: undefined },
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
    [
      'the least of upstream',
      {
        upstream: {
          timeoutMs: 1,
          hedgeAfterMs: 0,
          retries: 0,
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
          maxConcurrent: 1,
          maxQueue: 1,
          breaker: { failures: 1, openMs: 1 },
        },
      },
    ],
    [
      'the most of upstream',
      { upstream: { timeoutMs: 86_400_000, hedgeAfterMs: 86_399_999, breaker: { openMs: 86_400_000 } } },
      {
        upstream: {
          timeoutMs: 86_400_000,
          hedgeAfterMs: 86_399_999,
          retries: 1,
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

const duration = (least: number) => `must be a number of milliseconds from ${least} to 86400000`;
const count = (most: number) => `must be an integer from 1 to ${most}`;
const wrongNumbers = [-1, 86_400_001, Number.NaN, Number.POSITIVE_INFINITY, canary, null, true, 5n, [5], {}];
const wrongCounts = [0, 1.5, 16_777_217, ...wrongNumbers.filter((value) => value !== 86_400_001)];
const wrongSections = [null, canary, [canary], 1, () => canary];

/** Options with `value` under a dotted path. */
const withOption = (path: string, value: unknown): unknown => {
  const nested = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return { nodes, ...(nested as object) };
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
      ',',
      `${nodes},`,
      `,${nodes}`,
      `${nodes},,https://b`,
      `${nodes}, ,https://b`,
      `${nodes},${canary}:9200`,
      `${nodes};https://${canary}`,
      `${nodes} https://${canary}`,
      [`https://${canary},https://b`],
      [`${nodes},https://b`],
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
      `${nodes},https://u:${canary}@es`,
    ],
  ],
  [
    'nodes',
    'must not have a query or a fragment',
    [
      `https://es?api_key=${canary}`,
      `${nodes},https://es?api_key=${canary}`,
      `https://es/#${canary}`,
      [nodes, `https://es/x?${canary}`],
    ],
  ],
  [
    'nodes',
    'the same node is listed twice',
    [
      [nodes, nodes],
      [`https://${canary}`, `HTTPS://${canary}:443/`],
      ['https://a', 'https://b', 'https://A'],
      'https://a, https://b,https://A/',
    ],
  ],
  [
    'tls.ca',
    'must be a certificate as a PEM string or Buffer, or a list of them',
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
    count(15_872),
    [0, 1.5, 15_873, 65_536, ...wrongNumbers.filter((value) => value !== 86_400_001)],
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
  [
    'tls.passphrases',
    'unknown option; known are ca, caFingerprint, cert, key, passphrase, servername, rejectUnauthorized',
    [canary],
  ],
  [
    'tls.ca',
    'must be a certificate as a PEM string or Buffer, or a list of them',
    [canary, `/etc/${canary}.pem`],
  ],
  [
    'tls.caFingerprint',
    'must be a SHA-256 fingerprint: 64 hexadecimal digits',
    [canary, '', 42, 'ab'.repeat(31), 'gg'.repeat(32)],
  ],
  ['tls.cert', 'must be a PEM string or Buffer', ['', 42, null]],
  ['tls.key', 'must be a PEM string or Buffer', ['', 42, null]],
  ['tls.passphrase', 'must be a string', ['', 42]],
  ['tls.servername', 'must be a string', ['', 42]],
  ['tls.rejectUnauthorized', 'must be true or false', [0, canary]],
  [
    'clientAuthentication',
    'must be a string of visible ASCII characters',
    ['', 42, `${canary} `, `${canary}\n`],
  ],
  ['apiKeyDetails', 'must be true or false', [0, canary, null]],
  [
    'proxy',
    "must be the http: or https: URL of a proxy, without a path, or 'environment'",
    [
      '',
      null,
      42,
      true,
      canary,
      `${canary}:3128`,
      `socks5://${canary}`,
      `http://u:${canary}%@proxy`,
      `http://u:${canary}@proxy/path`,
      `http://proxy/?${canary}`,
      `http://proxy/#${canary}`,
      [`http://${canary}`],
      new URL(`http://${canary}`),
      { url: `http://${canary}` },
      'ENVIRONMENT',
    ],
  ],
  ['dispatcher', 'must be an undici dispatcher', [null, canary, {}, { dispatch: 1 }]],
  ['upstream.retries', 'must be an integer from 0 to 16777216', [-1, 1.5, '1', Number.NaN]],
  ['upstream.hedgeAfterMs', duration(0), wrongNumbers],
  ['upstream.hedgeAfterMs', 'must be below upstream.timeoutMs', [3_000, 4_000]],
  ['upstream.maxConcurrent', count(16_777_216), wrongCounts],
  ['upstream.maxQueue', count(16_777_216), wrongCounts],
  ['upstream.breaker', 'must be an object', wrongSections],
  ['upstream.breaker.failures', count(16_777_216), wrongCounts],
  ['upstream.breaker.openMs', duration(1), [0, ...wrongNumbers]],
  ['challenge.scope', 'unknown option; known are realm, resourceMetadata', [canary]],
  [
    'upstream.timeout',
    'unknown option; known are timeoutMs, retries, hedgeAfterMs, maxConcurrent, maxQueue, breaker',
    [canary, undefined],
  ],
  [
    'password',
    'unknown option; known are nodes, cloudId, tls, proxy, schemes, clientAuthentication, apiKeyDetails, challenge, maxHeaderLength, cache, upstream, clock, dispatcher',
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

test('what excludes one another is refused', () => {
  const [ca = ''] = rootCertificates;
  expect(refusalOf({ nodes, cloudId: canary }).option).toBe('cloudId');
  expect(refusalOf({ nodes, tls: { ca, caFingerprint: 'ab'.repeat(32) } }).option).toBe('tls.caFingerprint');
  expect(refusalOf({ nodes, tls: {}, dispatcher: { dispatch: () => true } }).option).toBe('dispatcher');
  expect(refusalOf({ nodes, proxy: `http://${canary}`, dispatcher: { dispatch: () => true } })).toEqual({
    option: 'dispatcher',
    message: 'dispatcher: must not be set together with proxy',
  });
  expect(refusalOf({ nodes, tls: { cert: ca } }).option).toBe('tls.key');
  expect(refusalOf({ nodes, tls: { key: canary } }).option).toBe('tls.cert');
  expect(refusalOf({ nodes, tls: { cert: ca, key: canary } }).option).toBe('tls.key');
  expect(refusalOf({ nodes: [nodes, `${nodes}/`] }).option).toBe('nodes');
});

describe('a Cloud ID', () => {
  const cloudId = (text: string) => `my-deployment:${Buffer.from(text).toString('base64')}`;

  test.each([
    ['of today', cloudId('us-east-1.aws.found.io$abc123$def456'), 'https://abc123.us-east-1.aws.found.io/'],
    [
      'with a port',
      cloudId('us-east-1.aws.found.io:9243$abc123$'),
      'https://abc123.us-east-1.aws.found.io:9243/',
    ],
    ['with a port of its own', cloudId('cloud.example:443$abc:9244$x'), 'https://abc.cloud.example:9244/'],
    ['without a name', Buffer.from('cloud.example$abc').toString('base64'), 'https://abc.cloud.example/'],
  ])('%s', (_what, given, url) => {
    expect(readOptions({ cloudId: given }).nodes.map(String)).toEqual([url]);
  });

  test.each([
    '',
    42,
    null,
    canary,
    cloudId(canary),
    cloudId('$'),
    cloudId('host$'),
    cloudId('a b$c'),
    cloudId('u@h$c'),
  ])('%j is none', (given) => {
    expect(refusalOf({ cloudId: given })).toEqual({
      option: 'cloudId',
      message: 'cloudId: must be the Cloud ID that the deployment shows',
    });
  });
});

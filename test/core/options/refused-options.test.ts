// Options that are not taken: which one, in which words, and never with its value, which may be a secret (P47).

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { inspect } from 'node:util';
import { createVerifier, type VerifierOptions } from '@esauth/core';
import { describe, expect, test } from 'vitest';
import { canary, refusalOf } from '../../support/refused-options.js';

const nodes = 'https://es.internal:9200';
const der = new X509Certificate(rootCertificates[0] ?? '').raw;
const shortKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
/** The beginning of what `openssl pkcs12 -export` writes. */
const keyStore = Buffer.from('3082099c02010330820952', 'hex');
const derOf = (tool: string, name: string) =>
  `is in DER, and PEM is needed: openssl ${tool} -inform der -in ‹file› -out ${name}.pem`;
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
    'must be absolute http: or https: URLs, as strings such as https://localhost:9200',
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
    'must be a certificate as a PEM string or Buffer, or a list of them: what is in the file, not its path',
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
  ['cache.recent', 'must be an integer from 0 to 65536', [-1, 1.5, 65_537, null, canary]],
  ['cache.maxEntries', count(16_777_216), wrongCounts],
  [
    'cache.maxBytes',
    'must be an integer from 1048576 to 17179869184',
    [1_048_575, 17_179_869_185, 2_000_000.5, ...wrongCounts.filter((value) => value !== 16_777_217)],
  ],
  ['cache.maxRejectedEntries', count(16_777_216), wrongCounts],
  ['upstream.timeoutMs', duration(1), [0, 0.5, ...wrongNumbers]],
  [
    'clock',
    'must have the methods wall, monotonic, after, as emulator.clock has',
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
  ['cache', 'must be an object such as { ttlMs: 60000 }, or false', [...wrongSections, true, 0]],
  [
    'cache.ttl',
    'unknown option (did you mean cache.ttlMs?); known are ttlMs, refreshAfterMs, staleIfErrorMs, rejectedTtlMs, maxEntries, maxBytes, maxRejectedEntries, jitter, recent',
    [canary, 1],
  ],
  [
    'tls.passphrases',
    'unknown option (did you mean tls.passphrase?); known are ca, caFingerprint, cert, key, passphrase, servername, rejectUnauthorized',
    [canary],
  ],
  [
    'tls.ca',
    'must be a certificate as a PEM string or Buffer, or a list of them: what is in the file, not its path',
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
  [
    'tls.servername',
    'must be a host name of the certificate: an IP address is no server name (RFC 6066), and is checked where it stands in nodes',
    ['10.0.0.5', '::1'],
  ],
  ['tls.ca', derOf('x509', 'ca'), [der, [der], der.toString()]],
  ['tls.cert', derOf('x509', 'cert'), [der, der.toString()]],
  ['tls.key', derOf('pkey', 'key'), [der, shortKey]],
  [
    'tls.cert',
    'is a key store (PKCS #12), and PEM is needed: openssl pkcs12 -nokeys -in ‹file› -out cert.pem',
    [keyStore, keyStore.toString()],
  ],
  [
    'tls.key',
    'is a key store (PKCS #12), and PEM is needed: openssl pkcs12 -nocerts -nodes -in ‹file› -out key.pem',
    [keyStore],
  ],
  ['tls.rejectUnauthorized', 'must be true or false', [0, canary]],
  [
    'clientAuthentication',
    'must be a string of printable ASCII characters, without a space or a line break around it',
    ['', 42, ' ', `${canary} `, ` ${canary}`, `${canary}\n`, `${canary}\r\nx`, `${canary}\u00e4`],
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
  [
    'upstream.maxBodyBytes',
    'must be an integer from 4096 to 1048576',
    [4_095, 1_048_577, 5_000.5, ...wrongCounts],
  ],
  ['upstream.maxConcurrent', count(16_777_216), wrongCounts],
  ['upstream.maxQueue', count(16_777_216), wrongCounts],
  ['upstream.breaker', 'must be an object', wrongSections],
  ['upstream.breaker.failures', count(16_777_216), wrongCounts],
  ['upstream.breaker.openMs', duration(1), [0, ...wrongNumbers]],
  ['challenge.scope', 'unknown option; known are realm, resourceMetadata', [canary]],
  [
    'upstream.timeout',
    'unknown option (did you mean upstream.timeoutMs?); known are timeoutMs, retries, hedgeAfterMs, maxBodyBytes, maxConcurrent, maxQueue, breaker',
    [canary, undefined],
  ],
  [
    'sharing',
    'must be an engine, such as redisSharing({ client, secrets }) of @esauth/redis',
    [canary, {}, { digestKeys: [canary] }, { open: () => canary }, null],
  ],
  [
    'password',
    'unknown option (callers bring their own credential); known are nodes, cloudId, tls, proxy, schemes, clientAuthentication, apiKeyDetails, challenge, maxHeaderLength, cache, upstream, sharing, clock, dispatcher',
    [canary, undefined],
  ],
])('P47: %s: %s', (option, expected, values) => {
  test.each(values.map((value) => [inspect(value), value]))('%s', (_what, value) => {
    expect(refusalOf(withOption(option, value))).toEqual({ option, message: `${option}: ${expected}` });
  });
});

test.each([undefined, null, nodes, [nodes], 42])('options must be an object, not %j', (given) => {
  expect(refusalOf(given)).toEqual({
    option: 'options',
    message: "options: must be an object, such as { nodes: 'https://localhost:9200' }",
  });
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

test.each([
  [[]],
  [[canary]],
  [['A'.repeat(64)]],
  [['a'.repeat(63)]],
  [Array.from({ length: 9 }, () => 'a'.repeat(64))],
])('an engine has keys for names, not %j', (digestKeys) => {
  expect(refusalOf({ nodes, sharing: { digestKeys, open: () => undefined } })).toEqual({
    option: 'sharing.digestKeys',
    message: 'sharing.digestKeys: must be 1 to 8 keys of 64 hexadecimal digits each',
  });
});

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

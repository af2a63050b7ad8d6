// What can be typed: help, flags that are none, and credentials where they must not be.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { forgedJwt } from '../support/jwt.js';
import { esauth } from './esauth.js';

const node = ['--node', 'http://127.0.0.1:1'];
const pair = 'VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw';
const encoded = Buffer.from(pair).toString('base64');
const jwt = forgedJwt({ alg: 'RS256' }, { sub: 'jane' });
const serviceToken = Buffer.from('\x00\x01\x00\x01elastic/fleet-server/t1:abcdefghijklmnopqrstuv').toString(
  'base64',
);

test('help lists every command, and explains each', async () => {
  const { code, out } = await esauth(['--help']);
  expect(code).toBe(0);
  for (const command of ['check', 'whoami', 'can-i', 'explain', 'emulator', 'completion']) {
    expect(out).toContain(`  ${command} `);
    const asked = await esauth(['help', command]);
    expect(asked).toMatchObject({ code: 0, err: '' });
    expect(asked.out).toContain(`Usage: esauth ${command}`);
    if (command !== 'emulator') expect(await esauth([command, '--help'])).toMatchObject({ out: asked.out });
  }
});

test('no line of help is longer than a terminal', async () => {
  const pages = ['check', 'whoami', 'can-i', 'explain', 'completion'].map((name) => esauth(['help', name]));
  const lines = (await Promise.all(pages)).flatMap(({ out }) => out.split('\n'));
  expect(lines.filter(({ length }) => length > 120)).toEqual([]);
});

test('the version is that of the package', async () => {
  const manifest = new URL('../../packages/cli/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  expect(await esauth(['--version'])).toMatchObject({ code: 0, out: `${version}\n` });
});

test.each([
  [[], 'what? check, whoami'],
  [['chek'], 'is check meant?'],
  [['frobnicate'], 'is one of check, whoami'],
  [['help', 'wohami'], 'is whoami meant?'],
  [['whoami', '--nodes', 'x'], '--nodes is unknown; is --node meant?'],
  [['whoami', '-x'], 'a flag with one dash is unknown'],
  [['check', 'https://localhost:9200', '--ca'], '--ca wants file after it'],
  [['check', 'https://localhost:9200', '--ca', '--cert'], '--ca wants file after it'],
  [['check', 'https://localhost:9200', '--json=yes'], '--json takes nothing after it'],
  [['check', 'https://a', '--servername', 'a', '--servername', 'b'], '--servername is given twice'],
  [['check'], 'where is Elasticsearch?'],
  [['check', 'localhost:9200'], 'an address begins with https:// or http://'],
  [['check', 'https://localhost:9200/?x=1'], 'must not have a query'],
  [['check', 'https://localhost:9200', '--ca-fingerprint', 'AA:BB'], '--ca-fingerprint: must be'],
  [
    ['check', 'https://localhost:9200', '--ca', '/no/such/ca.pem'],
    'cannot read /no/such/ca.pem: there is no such',
  ],
  [
    ['check', 'https://localhost:9200', '--ca', fileURLToPath(import.meta.url)],
    '--ca: must be a certificate in PEM, as http_ca.crt is',
  ],
  [['check', 'https://localhost:9200', '--ca', '/'], 'cannot read /: it is a folder'],
  [['check', 'https://localhost:9200', '--timeout-ms', '3s'], '--timeout-ms wants a whole number'],
  [['check', '--cloud-id', 'nonsense'], '--cloud-id: must be the Cloud ID'],
  [['whoami', ...node], 'there is no credential: pipe it in'],
  [
    ['whoami', ...node, '--credential-file', '/no/such/key'],
    'cannot read /no/such/key: there is no such file',
  ],
  [['can-i', ...node], 'what? Such as: read index:docs'],
  [['can-i', ...node, 'index:docs', 'read'], 'what is to be done with index:docs?'],
  [['can-i', ...node, 'read', 'index:'], 'index: names nothing'],
  [['can-i', ...node, 'monitor', 'read', 'index:,'], 'index:, names nothing'],
  [['can-i', ...node, 'monitor', ',', 'index:docs'], ', names no privilege'],
  [['explain', ...node, 'read', 'index:docs'], 'what it should do goes after --for'],
  [['explain', ...node, '--as-admin-file', '-', '--credential-file', '-'], 'cannot both be standard input'],
  [['completion'], 'for which shell?'],
])('%j', async (argv, told) => {
  const { code, out, err } = await esauth(argv);
  expect(err).toContain(told);
  expect({ code, out }).toEqual({ code: 64, out: '' });
});

test('a script reads the same as JSON, with a stable code', async () => {
  const { code, json } = await esauth(['whoami', '--json', '--nodes', 'x']);
  expect(code).toBe(64);
  expect(json).toEqual({ error: { code: 'usage', message: '--nodes is unknown; is --node meant?' } });
});

test.each([
  ['the encoded form', [encoded]],
  ['without its padding', [encoded.replace(/=+$/, '')]],
  ['id:api_key', [pair]],
  ['a header in one word', [`Authorization: ApiKey ${encoded}`]],
  ['a header in three words', ['Authorization:', 'ApiKey', encoded]],
  ['a JWT', [jwt]],
  ['a token of a service account', [serviceToken]],
  ['an access token', ['46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB']],
  ['an access token of 9.5', ['yP6/BBgPN+uWexR5SETsJyIu8caxdNxtzmneo4Q=']],
  ['a cloud key', ['essu_VmFuRTFwb0JQ']],
  ['user:password, encoded', [Buffer.from('elastic:a-password').toString('base64')]],
  ['a whole answer', [`{"id":"x","encoded":"${encoded}"}`]],
  ['after a flag that is none', [`--api-key=${encoded}`]],
  ['after a flag that is none, short', ['--password', 'canary-hunter2']],
  ['after -u', ['-u', 'elastic:canary-hunter2']],
  ['as the name of the file', ['--credential-file', encoded]],
  ['as the name of an administrator’s file', [`--as-admin-file=${pair}`]],
  ['as a file that is none', ['--credential-file', 'elastic:canary-hunter2']],
  ['in the address', ['--node', 'https://elastic:canary-hunter2@localhost:9200']],
  ['in an address with slashes to spare', ['--node', 'https:///elastic:canary-hunter2@localhost:9200']],
  ['in the address of the proxy', ['--proxy', 'http://me:canary-hunter2@localhost:3128']],
  ['there with slashes to spare', ['--proxy', 'http:///me:canary-hunter2@localhost:3128']],
])('an argument is refused that is a credential, and not repeated: %s', async (_, words) => {
  const secrets = [
    encoded.slice(0, 40),
    pair.slice(21),
    jwt,
    serviceToken,
    'hunter2',
    'essu_Vm',
    '46ToAxYz',
    'yP6/BBgP',
  ];
  for (const argv of [
    ['explain', ...node, ...words],
    ['explain', ...node, ...words, '--json'],
  ]) {
    const { code, out, err } = await esauth(argv);
    expect(code).toBe(64);
    expect(err).toMatch(
      /can be read by every process|can read arguments|could read|put them into HTTPS_PROXY/,
    );
    for (const secret of secrets) expect(`${out}${err}`).not.toContain(secret);
    if (argv.includes('--json')) expect(JSON.parse(out).error.code).toBe('credential_in_argument');
  }
});

test('a variable that is set to nothing is not set', async () => {
  const nothing = { ESAUTH_CA: '', ESAUTH_CA_FINGERPRINT: '', ESAUTH_CLIENT_AUTHENTICATION: '' };
  const env = { ...nothing, ESAUTH_CREDENTIAL: 'elastic:a-password' };
  expect(await esauth(['whoami', ...node], { env })).toMatchObject({ code: 2, err: '' });
});

test('a credential in place of a command is refused and not repeated', async () => {
  const { code, err } = await esauth([encoded]);
  expect(code).toBe(64);
  expect(err).toContain('can be read by every process');
  expect(err).not.toContain(encoded.slice(0, 30));
});

test.each([
  ['a privilege', 'manage_own_api_key'],
  ['an index', 'index:logs-app.production-2026.11.26'],
  ['a resource', 'app:orders-and-invoices/customer-of-germany:17'],
  ['a path', '/home/somebody/.config/elasticsearch/credentials/production'],
  ['a relative path', 'credentials.production.json'],
  ['a fingerprint', 'a52dd93511e8c6045e21f16654b77c9ee0f34aea26d9f40320b531c474676228'],
])('an argument may be %s', async (_, word) => {
  const { err } = await esauth(['explain', ...node, '--for', 'read', word, '--json']);
  expect(err).not.toContain('every process');
});

// Everything a shell can hand over: recognised, and either taken or named. Shown by what arrives at Elasticsearch.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgedJwt } from '../support/jwt.js';
import { errorBody, respond, type ScriptedNode, startScriptedNode } from '../support/scripted-node.js';
import { esauth } from './esauth.js';

const id = 'VuaCfGcBCdbkQm-e5aOx';
const secret = 'ui2lp2axTNmsyakw9tvNnw';
const encoded = Buffer.from(`${id}:${secret}`).toString('base64');
const apiKey = `ApiKey ${encoded}`;
const basic = `Basic ${Buffer.from('elastic:a-password').toString('base64')}`;
const jwt = forgedJwt({ alg: 'RS256' }, { sub: 'jane' });
const accessToken = 'yP6/BBgPN+uWexR5SETsJyIu8caxdNxtzmneo4Q=';
const serviceToken = Buffer.from('\x00\x01\x00\x01elastic/fleet-server/t1:abcdefghijklmnopqrstuv')
  .toString('base64')
  .replace(/=+$/, '');
const created = { id, name: 'my-key', expiration: 1_800_000_000_000, api_key: secret, encoded };

const braces = ['$', '{ES_API_KEY}'].join('');

let node: ScriptedNode;
let folder: string;

beforeAll(async () => {
  node = await startScriptedNode(respond({ status: 401, body: errorBody(401, 'token expired') }));
  folder = await mkdtemp(join(tmpdir(), 'esauth-cli-'));
});

afterAll(async () => {
  await node.close();
  await rm(folder, { recursive: true });
});

/** The `Authorization` of the last request. */
async function arrivesFrom(given: string | Uint8Array, how: 'stdin' | 'file' | 'env') {
  const file = join(folder, 'credential');
  const before = node.requests.length;
  if (how === 'file') await writeFile(file, given);
  const ended = await esauth(
    ['explain', '--node', node.url, '--json', ...(how === 'file' ? ['--credential-file', file] : [])],
    how === 'stdin' ? { stdin: given } : how === 'env' ? { env: { ESAUTH_CREDENTIAL: String(given) } } : {},
  );
  const asked = node.requests.slice(before);
  return { ...ended, sent: asked.map((head) => /\r\nauthorization: ([^\r]*)/i.exec(head)?.[1])[0] };
}

const taken: readonly (readonly [string, string, string])[] = [
  ['the value of the header', apiKey, apiKey],
  ['with a trailing newline', `${apiKey}\n`, apiKey],
  ['with the line ends of Windows', `\r\n${apiKey}\r\n\r\n`, apiKey],
  ['with a byte order mark', `\ufeff${apiKey}`, apiKey],
  ['with spaces around it', `  ${apiKey}\t `, apiKey],
  ['in double quotes', `"${apiKey}"`, apiKey],
  ['in single quotes', `'${apiKey}'`, apiKey],
  ['in both', `"'${apiKey}'"`, apiKey],
  ['in the quotes of a word processor', `“${apiKey}”`, apiKey],
  ['with a comma after its quotes', `"${apiKey}",`, apiKey],
  ['the scheme in another case', `apikey ${encoded}`, apiKey],
  ['with several spaces', `ApiKey   ${encoded}`, apiKey],
  ['the value in quotes after its scheme', `ApiKey "${encoded}"`, apiKey],
  ['the header with its name', `Authorization: ${apiKey}`, apiKey],
  ['the header in lower case', `authorization:${apiKey}`, apiKey],
  ['the header in quotes', `"Authorization: ${apiKey}"`, apiKey],
  ['the option of curl', `-H "Authorization: ${apiKey}"`, apiKey],
  ['the long option of curl', `--header 'Authorization: ${apiKey}'`, apiKey],
  ['several headers', `Host: es\nAuthorization: ${apiKey}\nAccept: */*\n`, apiKey],
  ['a line of an .env file', `ES_API_KEY=${encoded}\n`, apiKey],
  ['a line of a shell', `export ES_API_KEY="${apiKey}"`, apiKey],
  ['the encoded form alone', encoded, apiKey],
  ['id:api_key', `${id}:${secret}`, apiKey],
  ['id:api_key after ApiKey', `ApiKey ${id}:${secret}`, apiKey],
  ['the whole answer', JSON.stringify(created), apiKey],
  ['the whole answer, pretty', JSON.stringify(created, undefined, 2), apiKey],
  ['the answer of a release that had no encoded', JSON.stringify({ id, api_key: secret }), apiKey],
  [
    'the answer of a grant',
    JSON.stringify({ access_token: accessToken, type: 'Bearer' }),
    `Bearer ${accessToken}`,
  ],
  [
    'the answer of a service account',
    JSON.stringify({ token: { value: serviceToken } }),
    `Bearer ${serviceToken}`,
  ],
  ['an object with a user', JSON.stringify({ username: 'elastic', password: 'a-password' }), basic],
  ['user:password', 'elastic:a-password\n', basic],
  [
    'user:password with a colon and a space',
    'elastic:a:b c',
    `Basic ${Buffer.from('elastic:a:b c').toString('base64')}`,
  ],
  ['user:password, encoded', basic.slice(6), basic],
  ['user:password after Basic', 'Basic elastic:a-password', basic],
  ['a JWT alone', jwt, `Bearer ${jwt}`],
  ['an access token alone', accessToken, `Bearer ${accessToken}`],
  [
    'an access token of 8.0 alone',
    '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB',
    'Bearer 46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB',
  ],
  ['a token of a service account alone', serviceToken, `Bearer ${serviceToken}`],
  ['a cloud key alone', 'essu_VmFuRTFwb0JQ', 'ApiKey essu_VmFuRTFwb0JQ'],
  ['a token of no known kind', 'dGhpcyBpcyBub3QgYSByZWFsIHRva2Vu', 'Bearer dGhpcyBpcyBub3QgYSByZWFsIHRva2Vu'],
  ['a Kerberos ticket', 'Negotiate YWJjZGVmZ2g=', 'Negotiate YWJjZGVmZ2g='],
];

test.each(taken)('is taken: %s', async (_, given, expected) => {
  expect((await arrivesFrom(given, 'env')).sent).toBe(expected);
});

test.each(taken.slice(0, 4))('is taken from a file and a pipe too: %s', async (_, given, expected) => {
  for (const how of ['stdin', 'file'] as const) {
    expect((await arrivesFrom(given, how)).sent, how).toBe(expected);
  }
});

test('is taken: what Windows writes as UTF-16', async () => {
  const little = Buffer.from(`\ufeff${apiKey}\r\n`, 'utf16le');
  for (const bytes of [little, Buffer.from(little).swap16()]) {
    for (const how of ['stdin', 'file'] as const) expect((await arrivesFrom(bytes, how)).sent).toBe(apiKey);
  }
});

test('says what was done to it, and where it came from', async () => {
  const { json } = await arrivesFrom(`export ES_API_KEY="${id}:${secret}"`, 'env');
  expect(json.credential).toMatchObject({
    source: 'ESAUTH_CREDENTIAL',
    taken: ['without the name of the variable', 'without the quotes', 'id:api_key, encoded'],
    looks: { kind: 'api_key', id },
  });
});

test('a file that was named counts, whatever is in the environment or piped in', async () => {
  const file = join(folder, 'named');
  await writeFile(file, basic);
  const given = { env: { ESAUTH_CREDENTIAL: apiKey }, stdin: apiKey };
  const { json } = await esauth(['explain', '--node', node.url, '--json', '--credential-file', file], given);
  expect(json.credential.source).toBe(file);
  const piped = await esauth(['explain', '--node', node.url, '--json', '--credential-file', '-'], given);
  expect(piped.json.credential.source).toBe('standard input');
  expect((await esauth(['explain', '--node', node.url, '--json'], given)).json.credential.source).toBe(
    'ESAUTH_CREDENTIAL',
  );
});

const named: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['nothing', '', 'is empty'],
  ['an empty line', '\n', 'is empty'],
  ['empty quotes', '""', 'has nothing in its quotes'],
  ['a scheme before an empty variable', 'ApiKey ', 'ends after ApiKey'],
  ['a header before an empty variable', 'Authorization: Bearer ""', 'ends after Bearer'],
  ['a variable that nobody put in', '$ES_API_KEY', 'is the name of a variable'],
  ['the same in braces', `"${braces}"`, 'is the name of a variable'],
  ['a template', '{{ES_API_KEY}}', 'begins like JSON and is none'],
  ['another header', 'X-Api-Key: 0123456789', 'is the header X-Api-Key'],
  ['several lines', `${apiKey}\n${apiKey}`, 'has 2 lines'],
  [
    'two Authorization lines',
    `Authorization: ${apiKey}\nAuthorization: ${basic}`,
    'more than one Authorization',
  ],
  ['several words', 'ApiKey one two', 'has more after ApiKey than one value'],
  ['a sentence', 'my key is in the drawer', 'has spaces in it'],
  ['an id alone', id, 'looks like the id of an API key alone'],
  ['a secret alone', secret, 'looks like the secret of an API key alone'],
  ['a user name alone', 'elastic', 'is no credential of a known form'],
  ['half of JSON', '{"id":"VuaCfGcBCdb', 'begins like JSON and is none'],
  ['an error', JSON.stringify(errorBody(401, 'x')), 'is an error that Elasticsearch answered'],
  ['a flat error', JSON.stringify({ error: 'no handler found' }), 'is an error that Elasticsearch answered'],
  ['a list of keys', JSON.stringify({ api_keys: [{ id }] }), 'lists API keys'],
  ['a refresh token alone', JSON.stringify({ refresh_token: accessToken }), 'has a refresh token alone'],
  ['other JSON', JSON.stringify({ hello: 'world' }), 'is JSON without a credential'],
  ['an answer in two lines', JSON.stringify({ encoded: 'VnVh\nQ2Zh' }), 'is not one word of ASCII'],
  ['an answer of another alphabet', JSON.stringify({ access_token: 'tökén' }), 'is not one word of ASCII'],
  ['a list', '[1]', 'is JSON without a credential'],
  [
    'a certificate',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    'is a certificate or a private key',
  ],
  ['binary data', Buffer.from([0x30, 0x82, 0x0a, 0x00, 0xff, 0xfe]), 'holds binary data'],
  ['text with a null in it', Buffer.from('ApiKey abc\0def'), 'holds binary data'],
  ['a compressed file', Buffer.from([0x1f, 0x8b, 0x08, 0x00]), 'holds binary data'],
  ['Latin-1', Buffer.from('elastic:pässword', 'latin1'), 'holds binary data'],
  ['a book', 'x'.repeat(1_100_000), 'longer than 1048576 bytes'],
];

test.each(named)('is named: %s', async (_, given, told) => {
  for (const how of [
    'stdin',
    'file',
    ...(typeof given === 'string' && given.length < 1e6 ? ['env' as const] : []),
  ] as const) {
    const { code, err, sent } = await arrivesFrom(given, how);
    expect(err, how).toContain(told);
    expect({ code, sent }, how).toEqual({ code: 64, sent: undefined });
    expect(err).not.toContain(secret.slice(0, 8));
  }
});

test.runIf(process.platform === 'linux')('a file without an end is not read to it', async () => {
  const { code, err } = await esauth(['whoami', '--node', node.url, '--credential-file', '/dev/zero']);
  expect(err).toContain('/dev/zero is longer than 1048576 bytes');
  expect(code).toBe(64);
});

// `esauth explain` beside the table of causes: what a credential is by its looks, what an administrator sees, and nodes
// that are no Elasticsearch.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { forgedJwt } from '../support/jwt.js';
import {
  errorBody,
  identityBody,
  respond,
  type Script,
  startScriptedNode,
} from '../support/scripted-node.js';
import { esauth } from './esauth.js';

let emulator: Emulator;
let folder: string;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  const users = {
    alice: { password: 'alice-password', roles: ['viewer'] },
    bob: { password: 'bob-password', roles: [] },
  };
  emulator = await startEmulator({ ui: false, users });
  folder = await mkdtemp(join(tmpdir(), 'esauth-cli-'));
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await emulator.reset();
});

afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

async function explain(
  stdin: string,
  { url = emulator.url, admin = '', flags = [] as readonly string[] } = {},
) {
  const file = join(folder, 'admin');
  if (admin !== '') await writeFile(file, admin);
  const asAdmin = admin === '' ? [] : ['--as-admin-file', file];
  return esauth(['explain', '--node', url, ...asAdmin, ...flags], { stdin });
}

async function scripted(script: Script): Promise<string> {
  const node = await startScriptedNode(script);
  closing.push(() => node.close());
  return node.url;
}

test.each([
  [
    'a JWT',
    forgedJwt(
      { alg: 'RS256', kid: 'k1' },
      { iss: 'https://i', aud: ['a', 'b'], sub: 'jane', iat: 1e9, exp: 2e9 },
    ),
    [
      'it is     a JSON Web Token, RS256, key k1',
      'issuer    https://i',
      'audience  a, b',
      'subject   jane',
      'issued    2001-09-09T01:46:40Z',
      'expires   2033-05-18T03:33:20Z',
    ],
  ],
  [
    'a key',
    'ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==',
    ['an API key, id VuaCfGcBCdbkQm-e5aOx'],
  ],
  ['a cloud key', 'essu_VmFuRTFwb0JQ', ['an API key of Elastic Cloud (essu_…)']],
  [
    'an access token',
    '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB',
    ['an access token, as Elasticsearch 7.2 to 8.9 make them'],
  ],
  [
    'one of 9.5',
    'yP6/BBgPN+uWexR5SETsJyIu8caxdNxtzmneo4Q=',
    ['an access token, as Elasticsearch 8.10 and later'],
  ],
  [
    'a service token',
    'AAEAAWVsYXN0aWMvZmxlZXQtc2VydmVyL3QxOmFiY2RlZmdoaWprbG1ub3A',
    ['a token of the service account elastic/fleet-server, named t1'],
  ],
  ['a user', 'alice:x', ['a user name with a password: alice']],
  ['a ticket', 'Negotiate YWJj', ['a Kerberos ticket']],
  ['a token of no known form', 'Bearer abc', ['a token of a form that is not known']],
])('by its looks: %s', async (_, held, lines) => {
  const { out } = await explain(held);
  for (const line of lines) expect(out).toContain(line);
});

test('an administrator sees whose a key is, until when, and with which rights', async () => {
  const key = emulator.apiKey('alice', {
    name: 'ci',
    expiration: '1h',
    role_descriptors: {
      mine: {
        cluster: ['monitor'],
        indices: [{ names: ['docs'], privileges: ['read'], query: '{"match_all":{}}' }],
        applications: [{ application: 'orders', privileges: ['write'], resources: ['*'] }],
      },
    },
  });
  await emulator.clock.advance(7_200_000);
  const { code, out } = await explain(JSON.stringify(key), {
    admin: 'elastic:changeme',
    flags: ['--for', 'read index:docs'],
  });
  expect(code).toBe(1);
  expect(out).toContain('this API key has expired (key_expired)');
  expect(out).toContain('owner        alice, of the realm default_native');
  expect(out).toMatch(/valid until {2}\S+Z, which is over\n/);
  expect(out).toContain('rights       mine: monitor on the cluster');
  expect(out).toContain('mine: read on index:docs (not all documents or fields)');
  expect(out).toContain('mine: write on app:orders/*');
  expect(out).toMatch(/and within {3}viewer: /);
  expect(out).toContain('licence      trial, active');
  expect(out).toMatch(/clock {8}7[12]\d\d\.\d s from ours/);
  expect(out).toContain('it is not accepted, so it may do nothing');
});

test('whether it may do what was asked is asked with the key itself', async () => {
  const held = JSON.stringify(
    emulator.apiKey('alice', { role_descriptors: { r: { cluster: ['monitor'] } } }),
  );
  const yes = await explain(held, { admin: 'elastic:changeme', flags: ['--for', 'read index:docs'] });
  expect(yes).toMatchObject({ code: 1, out: expect.stringMatching(/read {2}index:docs {2}no/) });
});

test('the page shows what is printed', async () => {
  const page = await readFile(new URL('../../docs/packages/cli.md', import.meta.url), 'utf8');
  const shown = /```text\n(from {5}.*?)```/s.exec(page)?.[1];
  const key = emulator.apiKey('alice', { expiration: '1h' });
  await emulator.clock.advance(3_600_000);
  const { out } = await explain(JSON.stringify(key));
  expect(out.replaceAll(key.id, 'P1Hu6TdZE9uuRyJvuhKq').replaceAll(emulator.url, 'https://es:9200')).toBe(
    shown,
  );
});

test.each([
  [
    'one whom Elasticsearch does not accept',
    'elastic:another-password',
    "does not accept the administrator's",
  ],
  ['one without the right', 'bob:bob-password', 'it needs the privilege read_security or manage_api_key'],
])('an administrator who cannot look: %s', async (_, admin, told) => {
  const { code, out } = await explain(JSON.stringify(emulator.apiKey('alice')), { admin });
  expect(out).toContain(told);
  expect(code).toBe(0);
});

test('an administrator’s file that cannot be read is a mistake of whoever typed it', async () => {
  const { code, err } = await explain('alice:x', { flags: ['--as-admin-file', join(folder, 'none')] });
  expect({ code, told: err.includes('there is no such file') }).toEqual({ code: 64, told: true });
});

const missing = errorBody(
  401,
  'missing authentication credentials for REST request [/_security/_authenticate]',
);
const challenges = 'Basic realm="security", charset="UTF-8", Bearer realm="security", ApiKey';
const theirs = { 'x-elastic-product': undefined, 'x-opaque-id': undefined };
const key = 'ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==';

test.each([
  [
    'a proxy that takes the header away',
    { status: 401, headers: { 'www-authenticate': challenges }, body: missing },
    'header_lost',
    1,
  ],
  ['a proxy with a credential of its own', { body: identityBody() }, 'answered_as_another', 1],
  [
    'a proxy that refuses',
    { status: 403, headers: { ...theirs, server: 'nginx' }, body: '<html>' },
    'something_in_front',
    2,
  ],
  [
    'a proxy alone',
    { status: 502, headers: { ...theirs, server: 'nginx' }, body: '<html>' },
    'something_in_front',
    2,
  ],
  [
    'Kibana',
    { status: 401, headers: { ...theirs, 'kbn-name': 'kibana' }, body: '{}' },
    'not_elasticsearch',
    2,
  ],
  ['a web site', { headers: theirs, body: '<html>' }, 'not_elasticsearch', 2],
  [
    'a cluster without a master',
    { status: 503, body: errorBody(503, 'x', { type: 'master_not_discovered_exception' }) },
    'check_failed',
    2,
  ],
  [
    'a node without room',
    { status: 429, body: errorBody(429, 'x', { type: 'circuit_breaking_exception' }) },
    'overloaded',
    2,
  ],
])('a node that is no emulator: %s', async (_, answer, cause, exit) => {
  const { code, json } = await explain(key, { url: await scripted(respond(answer)), flags: ['--json'] });
  expect(json.causes.map((each: { code: string }) => each.code)).toEqual([cause]);
  expect(code).toBe(exit);
});

test('a person reads the same in lines', async () => {
  const { out } = await explain('alice:another-password');
  expect(out).toBe(`from     standard input (a user name and a password, encoded)
it is    a user name with a password: alice
it says  401, unable to authenticate user [alice] for REST request [/_security/_authenticate] (${emulator.url}/)

refused (an application says credentials_invalid)
  one of these, and Elasticsearch does not say which:
  the password is another (wrong_password)
  -> PUT /_security/user/‹name›/_password sets a new one
  there is no such user (user_unknown)
  -> check the name, and whether it is of this cluster
  this user is disabled (user_disabled)
  -> PUT /_security/user/‹name›/_enable
  the index that knows it is closed, blocked or lost: good ones are then refused in the same words (security_index_unavailable)
  -> look after .security-7 and .security-tokens-7; the log of Elasticsearch says more
`);
});

test('an administrator is told where the entry of a key is none', async () => {
  const url = await scripted(respond({ body: identityBody() }));
  const key = `${'k'.repeat(20)}:${'s'.repeat(22)}`;
  const { code, out, err } = await explain(key, { url, admin: 'elastic:changeme' });
  expect(out).toContain("the entry of the key: the answer is none of Elasticsearch's");
  expect({ code, err }).toEqual({ code: 1, err: '' });
});

test('a node that keeps silent is passed over, with an administrator too', async () => {
  const silent = await scripted(() => {});
  const authorization = `Basic ${Buffer.from('elastic:changeme').toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'of-silence' });
  const made = await fetch(`${emulator.url}/_security/api_key`, { method: 'POST', headers, body });
  const flags = ['--node', emulator.url, '--for', 'monitor', '--timeout-ms', '3000'];
  const { code, out } = await explain(await made.text(), { url: silent, admin: 'elastic:changeme', flags });
  expect(out).toMatch(/what the administrator sees\n +API key +of-silence/);
  expect(out).toMatch(/monitor +the cluster +yes/);
  expect(code).toBe(0);
});

test('an answer that is nested 200 000 deep says nothing', async () => {
  const metadata = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const body = JSON.stringify(identityBody({ metadata: '?' })).replace('"?"', metadata);
  const { code, out } = await explain('Bearer a-token', { url: await scripted(respond({ body })) });
  expect(out).toContain('nobody could tell (an application says bad_response)');
  expect(out).toContain('the answer (200) is longer than 262144 bytes');
  expect(code).toBe(2);
});

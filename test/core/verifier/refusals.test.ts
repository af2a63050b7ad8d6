// What stands in front of Elasticsearch, imitates it, or is half of it, and answers a credential: none of it becomes a
// yes, a refusal that is remembered, or an exception. And what is Elasticsearch's own refusal although it carries no
// product header (`recorded.test.ts` has what was recorded of that).

import { createVerifier, type Verdict, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  errorBody,
  identityBody,
  respond,
  type Script,
  type ScriptedAnswer,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';
import { warningsDuring } from '../../support/warnings.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const key = `ApiKey ${Buffer.from('VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw').toString('base64')}`;
const product = { 'x-elastic-product': 'Elasticsearch' };
const html = { 'content-type': 'text/html', 'x-elastic-product': undefined };
const json = { 'x-elastic-product': undefined };
const generic =
  'unable to authenticate with provided credentials and anonymous access is not allowed for this request';
const refusal = errorBody(401, generic);

let node: ScriptedNode;
let verifier: Verifier;
beforeEach(async () => {
  node = await startScriptedNode();
  verifier = createVerifier({ nodes: node.url, upstream: { retries: 0 } });
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

const said = (verdict: Verdict) => (verdict.kind === 'authenticated' ? verdict.kind : verdict.code);

describe('what is not Elasticsearch says nothing about the credential:', () => {
  const imitators: readonly (readonly [string, ScriptedAnswer, string])[] = [
    [
      '401 of OpenSearch, before 2.11',
      { status: 401, headers: json, body: 'Unauthorized' },
      'not_elasticsearch',
    ],
    ['401 of OpenSearch, without a body', { status: 401, headers: json }, 'not_elasticsearch'],
    [
      'no such path in OpenSearch',
      { status: 400, headers: json, body: { error: 'no handler found for uri [/_security/_authenticate]' } },
      'not_elasticsearch',
    ],
    [
      '403 of ReadonlyREST',
      {
        status: 403,
        headers: json,
        body: errorBody(403, 'Forbidden by ReadonlyREST', { type: 'forbidden_response' }),
      },
      'not_elasticsearch',
    ],
    [
      '401 of ReadonlyREST',
      {
        status: 401,
        headers: json,
        body: errorBody(401, 'Forbidden by ReadonlyREST', { type: 'forbidden_response' }),
      },
      'not_elasticsearch',
    ],
    ...[401, 403, 404].map(
      (status) =>
        [
          `${status} of a cloud's proxy`,
          { status, headers: json, body: { ok: false, message: 'Unknown resource.' } },
          'not_elasticsearch',
        ] as const,
    ),
    [
      '403 of a gateway, in JSON',
      { status: 403, headers: json, body: { message: 'User is not authorized to access this resource' } },
      'not_elasticsearch',
    ],
    [
      '401 of a proxy, in HTML',
      { status: 401, headers: html, body: '<html>401</html>' },
      'not_elasticsearch',
    ],
    [
      '403 of a proxy, in HTML',
      { status: 403, headers: html, body: '<html>403</html>' },
      'not_elasticsearch',
    ],
    ['a bare 400', { status: 400, headers: html, body: '<h1>Bad Request</h1>' }, 'not_elasticsearch'],
    ['a bare 414', { status: 414, headers: html }, 'not_elasticsearch'],
    ['a bare 431', { status: 431, headers: html }, 'not_elasticsearch'],
    ['a redirect to a login', { status: 302, headers: { ...json, location: '/login' } }, 'not_elasticsearch'],
    ['200 of a login page', { headers: html, body: '<form>' }, 'not_elasticsearch'],
  ];
  const halves: readonly (readonly [string, ScriptedAnswer, string])[] = [
    [
      'an error that is a string',
      { status: 401, body: { error: 'unauthorized', status: 401 } },
      'not_elasticsearch',
    ],
    [
      'an error that is a list',
      { status: 401, body: { error: [refusal.error], status: 401 } },
      'not_elasticsearch',
    ],
    ['another status in the body', { status: 401, body: errorBody(403, generic) }, 'not_elasticsearch'],
    ['a status that is a string', { status: 401, body: { ...refusal, status: '401' } }, 'not_elasticsearch'],
    ['no status in the body', { status: 401, body: { error: refusal.error } }, 'not_elasticsearch'],
    [
      'a type that is a list',
      { status: 401, body: errorBody(401, generic, { type: ['security_exception'] }) },
      'not_elasticsearch',
    ],
    ['no reason', { status: 401, body: errorBody(401, generic, { reason: null }) }, 'not_elasticsearch'],
    ["401 with a 200's body", { status: 401, body: identityBody() }, 'not_elasticsearch'],
    ['401 with both bodies', { status: 401, body: { ...identityBody(), ...refusal } }, 'not_elasticsearch'],
    [
      '403 with both bodies',
      { status: 403, body: { ...errorBody(403, 'no'), ...identityBody() } },
      'not_elasticsearch',
    ],
    [
      'two bodies, one after the other',
      { status: 401, body: JSON.stringify(refusal) + JSON.stringify(refusal) },
      'not_elasticsearch',
    ],
    ['200 with both bodies', { body: { ...identityBody(), ...refusal } }, 'bad_response'],
    ['200 with an error', { body: refusal }, 'bad_response'],
    ['200 of a node without the header', { headers: json, body: identityBody() }, 'not_elasticsearch'],
    ['401 with the header and no error', { status: 401, headers: product, body: '{}' }, 'bad_response'],
    [
      '401 with the header of another',
      { status: 401, headers: { 'x-elastic-product': 'Kibana' }, body: refusal },
      'not_elasticsearch',
    ],
    [
      '200 with two headers that differ',
      { headers: { 'x-elastic-product': 'Elasticsearch, Kibana' }, body: identityBody() },
      'not_elasticsearch',
    ],
    [
      '200 with an empty header',
      { headers: { 'x-elastic-product': '' }, body: identityBody() },
      'not_elasticsearch',
    ],
    [
      '403 while the security index must not be read',
      {
        status: 403,
        body: errorBody(403, 'index [.security-7] blocked by: [x];', { type: 'cluster_block_exception' }),
      },
      'server_error',
    ],
    [
      '401 of another exception',
      { status: 401, body: errorBody(401, 'closed', { type: 'index_closed_exception' }) },
      'server_error',
    ],
    [
      '403 because of the licence',
      {
        status: 403,
        body: errorBody(403, 'current license is non-compliant for [security]', {
          'license.expired.feature': 'security',
        }),
      },
      'server_error',
    ],
    [
      '400 that complains of something else',
      { status: 400, body: errorBody(400, 'multiple values', { type: 'illegal_argument_exception' }) },
      'bad_response',
    ],
    [
      '400 that complains of the line',
      {
        status: 400,
        body: errorBody(400, 'An HTTP line is larger than 4096 bytes.', { type: 'too_long_frame_exception' }),
      },
      'bad_response',
    ],
  ];

  test.each([...imitators, ...halves])('%s', async (_what, answer, code) => {
    node.answer(respond(answer));
    for (const time of [1, 2]) {
      expect(said(await verifier.verify(jane))).toBe(code);
      expect(node.requests).toHaveLength(time);
    }
    expect(verifier.peek(jane)).toBeUndefined();
    expect(verifier.stats()).toMatchObject({ entries: 0, rejectedEntries: 0 });
  });

  test.each([...imitators, ...halves])('nor to whom is remembered: %s', async (_what, answer) => {
    node.answer(respond({ body: identityBody() }));
    await verifier.verify(jane);
    node.answer(respond(answer));
    expect((await verifier.verify(jane, { maxAgeMs: 0 })).kind).toBe('unavailable');
    expect(verifier.peek(jane)?.kind).toBe('authenticated');
  });
});

describe('is Elasticsearch, although', () => {
  const both = 'x-elastic-product: Elasticsearch\r\nX-Elastic-Product: Elasticsearch\r\n';
  const raw =
    (status: number, headers: string, body: object): Script =>
    (socket) => {
      const text = JSON.stringify(body);
      socket.write(`HTTP/1.1 ${status} Said\r\n${headers}content-length: ${text.length}\r\n\r\n${text}`);
    };

  test.each<[string, Script, string]>([
    ['a proxy adds the header once more', raw(200, both, identityBody()), 'authenticated'],
    [
      'a proxy joins both headers',
      respond({ headers: { 'x-elastic-product': 'Elasticsearch, Elasticsearch' }, body: identityBody() }),
      'authenticated',
    ],
    ['a proxy adds the header to a 401', raw(401, both, refusal), 'credentials_invalid'],
    ['a 401 has no header', raw(401, '', refusal), 'credentials_invalid'],
    [
      'a 403 has no header',
      raw(403, '', errorBody(403, 'action [x] is unauthorized for user [x]')),
      'credentials_restricted',
    ],
    ['it has members that are not known', raw(401, '', { ...refusal, took: 1 }), 'credentials_invalid'],
  ])('%s', async (_what, script, code) => {
    node.answer(script);
    expect(said(await verifier.verify(jane))).toBe(code);
    expect(said(await verifier.verify(jane))).toBe(code);
    expect(node.requests).toHaveLength(1);
  });
});

test.each(['too_long_frame_exception', 'too_long_http_header_exception'])(
  'a credential that Elasticsearch refuses for its length is malformed, and remembered (%s)',
  async (type) => {
    const answer = { status: 400, body: errorBody(400, 'HTTP header is larger than 8192 bytes.', { type }) };
    node.answer(respond(answer));
    const long = `Bearer ${'x'.repeat(8_000)}`;
    expect(said(await verifier.verify(long))).toBe('credentials_malformed');
    expect(said(await verifier.verify(long))).toBe('credentials_malformed');
    expect(node.requests).toHaveLength(1);
    expect(verifier.denial((await verifier.verify(long)) as never, long).status).toBe(400);
    // The same of something in front is no verdict.
    node.answer(respond({ ...answer, headers: json }));
    expect(said(await verifier.verify(`${long}y`))).toBe('not_elasticsearch');
  },
);

describe('security that is switched off is named, and the credential not judged:', () => {
  const wrong = 'Incorrect HTTP method for uri [/_security/_authenticate] and method [GET], allowed: [POST]';
  test.each<[string, ScriptedAnswer, string]>([
    [
      '8.x and 9.x',
      {
        status: 400,
        body: { error: 'no handler found for uri [/_security/_authenticate] and method [GET]' },
      },
      'bad_response',
    ],
    ['7.x', { status: 405, headers: { allow: 'POST' }, body: { error: wrong, status: 405 } }, 'bad_response'],
    [
      '7.x on a basic licence',
      {
        status: 500,
        body: errorBody(500, 'Set [xpack.security.enabled] to [true] to enable it.', { type: 'exception' }),
      },
      'server_error',
    ],
  ])('%s', async (_release, answer, code) => {
    node.answer(respond(answer));
    const warnings = await warningsDuring(async () => {
      expect(said(await verifier.verify(jane))).toBe(code);
    });
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining(
        `no verdict: ${node.url}/: security is off in this cluster; set xpack.security.enabled: true`,
      ),
    ]);
    await expect(verifier.check()).rejects.toThrow('set xpack.security.enabled: true');
  });
});

test.each([
  [key, 'xpack.security.authc.api_key.enabled'],
  [jane, 'xpack.security.authc.token.enabled'],
])(
  'a credential that was not looked at: refused, and the warning names what is off',
  async (credential, setting) => {
    const reason = 'missing authentication credentials for REST request [/_security/_authenticate]';
    node.answer(respond({ status: 401, body: errorBody(401, reason) }));
    const warnings = await warningsDuring(async () => {
      expect(said(await verifier.verify(credential))).toBe('credentials_invalid');
      expect(said(await verifier.verify(`${credential.slice(0, -4)}AAAA`))).toBe('credentials_invalid');
    });
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      ['ESAUTH_NOT_LOOKED_AT', expect.stringContaining(setting)],
    ]);
  },
);

describe('what a caller writes into his credential does not decide how it is refused:', () => {
  const keyWith = (id: string) => `ApiKey ${Buffer.from(`${id}:secret`).toString('base64')}`;
  const refusedKey = (...said: string[]): Script =>
    respond({
      status: 401,
      body: errorBody(401, generic, {
        additional_unsuccessful_credentials: said.length === 1 ? said[0] : said,
      }),
    });
  const failure = (id: string) => `API key: apikey authentication for id ${id} encountered a failure`;

  test.each([
    ['the whole sentence', 'abc', [failure('abc')], 'server_error'],
    ['the whole sentence, among others', 'abc', ['x', failure('abc')], 'server_error'],
    ['the sentence for another key', 'abc', [failure('abd')], 'credentials_invalid'],
    [
      'an id that ends like it',
      'x encountered a failure',
      ['API key: unable to find apikey with id x encountered a failure'],
      'credentials_invalid',
    ],
    ['an end', 'abc', ['API key: api key is expired'], 'credentials_expired'],
    [
      'an id that ends like one',
      'x api key is expired',
      ['API key: unable to find apikey with id x api key is expired'],
      'credentials_invalid',
    ],
    ['a sentence that goes on', 'abc', [`${failure('abc')} now`], 'credentials_invalid'],
    ['a sentence with something before it', 'abc', [`x${failure('abc')}`], 'credentials_invalid'],
  ])('%s', async (_what, id, texts, code) => {
    node.answer(refusedKey(...texts));
    expect(said(await verifier.verify(keyWith(id)))).toBe(code);
  });

  test.each([
    'user-elastic',
    'reserved-user-elastic',
    'role-superuser',
    'role-mapping_x',
    'application-privilege_kibana',
    'service_account_token-elastic/fleet-server/one',
    'token_rWWhXOhzR8u8qNVnqPsdTA',
    'invalidated-token_rWWhXOhzR8u8qNVnqPsdTA',
    'profile_u_rWWhXOhzR8u8qNVnqPsdTA_0',
  ])('%s, which another document of the index may be called, is refused, whatever is said', async (id) => {
    node.answer(refusedKey(failure(id)));
    expect(said(await verifier.verify(keyWith(id)))).toBe('credentials_invalid');
    expect(said(await verifier.verify(keyWith(`x${id}`)))).toBe('credentials_invalid');
    node.answer(refusedKey(failure(`x${id}`)));
    expect(said(await verifier.verify(keyWith(`x${id}`), { maxAgeMs: 0 }))).toBe('server_error');
    expect(verifier.health()).toMatchObject({ state: 'up', nodes: [{ failures: 0 }] });
  });

  test('a key of a cloud, whose id only the cloud knows', async () => {
    node.answer(refusedKey(failure('VuaCfGcBCdbkQm-e5aOx')));
    expect(said(await verifier.verify('ApiKey essu_abcdefgh'))).toBe('server_error');
    node.answer(refusedKey(failure('a b')));
    expect(said(await verifier.verify('ApiKey essu_abcdefgi'))).toBe('credentials_invalid');
  });

  test('and what one credential causes does not move health()', async () => {
    node.answer(refusedKey(failure('abc')));
    expect(said(await verifier.verify(keyWith('abc')))).toBe('server_error');
    expect(verifier.health().state).toBe('up');
    node.answer(respond({ status: 500 }));
    await verifier.verify(keyWith('abc'));
    node.answer(refusedKey(failure('abc')));
    await verifier.verify(keyWith('abc'));
    expect(verifier.health().state).toBe('degraded');
  });
});

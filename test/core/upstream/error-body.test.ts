// Which sentence of Elasticsearch means what, to the word: a sentence that is only like it must mean nothing. What a
// verifier makes of them: `elasticsearch.test.ts` and `test/core/verifier/refusals.test.ts`.

import { describe, expect, test } from 'vitest';
import {
  blamesQuestion,
  checkFailed,
  describe as describeError,
  type ElasticsearchError,
  readError,
  sawNoCredential,
  saysExpired,
  saysNothingElse,
  saysTooLong,
  secretsOf,
  securityIsOff,
} from '../../../packages/core/src/upstream/error-body.js';
import {
  type Credential,
  knownSchemes,
  parseCredential,
} from '../../../packages/core/src/values/credential.js';
import { bodyOf, exchangesOf } from '../../support/recorded-answers.js';
import { readRecordings } from '../../support/recordings.js';
import { errorBody } from '../../support/scripted-node.js';

/** Of a key with the id of which the sentences below speak. */
const k1 = parseCredential(
  `ApiKey ${Buffer.from('k1:secret').toString('base64')}`,
  knownSchemes,
) as Credential;
const meanings = {
  blamesQuestion,
  checkFailed: (error: ElasticsearchError) => checkFailed(error, k1),
  saysExpired,
  saysNothingElse,
  saysTooLong,
  sawNoCredential,
};

/** What a body means; `undefined` if it is no error of Elasticsearch's. */
function meaningsOf(text: string): readonly string[] | undefined {
  const error = readError(text);
  if (error === undefined) return undefined;
  return Object.entries(meanings).flatMap(([name, holds]) => (holds(error) ? [name] : []));
}

const generic =
  'unable to authenticate with provided credentials and anonymous access is not allowed for this request';
const named = 'unable to authenticate user [jane] for REST request [/_security/_authenticate]';
const missing = 'missing authentication credentials for REST request [/_security/_authenticate]';
const invalidToken = 'oauth2 token: invalid token';
const expiredKey = 'API key: api key is expired';
const failure = 'API key: apikey authentication for id k1 encountered a failure';
const unsuccessful = (said: unknown) => ({ additional_unsuccessful_credentials: said });

test.each<[reason: string, more: Readonly<Record<string, unknown>>, meaning: readonly string[]]>([
  ['error attempting to authenticate request', {}, ['checkFailed']],
  ['error attempting to authenticate request ', {}, []],
  ['no error attempting to authenticate request', {}, []],
  [generic, unsuccessful(failure), ['checkFailed']],
  [generic, unsuccessful([invalidToken, failure]), ['checkFailed']],
  [generic, unsuccessful(`${failure}: none`), []],
  ['token expired', {}, ['saysExpired']],
  ['token expired at noon', {}, []],
  ['Token expired', {}, []],
  [generic, unsuccessful(expiredKey), ['saysExpired']],
  [generic, unsuccessful([invalidToken, expiredKey]), ['saysExpired']],
  [generic, unsuccessful(`${expiredKey} not`), []],
  [missing, {}, ['sawNoCredential']],
  [`no ${missing}`, {}, []],
  ['missing authentication credentials for action [x]', {}, []],
  [generic, {}, ['saysNothingElse']],
  [named, {}, ['saysNothingElse']],
  [generic, unsuccessful(invalidToken), ['saysNothingElse']],
  [generic, unsuccessful([invalidToken, invalidToken]), ['saysNothingElse']],
  [generic, unsuccessful('API key: invalid credentials for API key [k1]'), []],
  [generic, unsuccessful([invalidToken, 'API key: unable to find apikey with id k1']), []],
  ['unable to authenticate', {}, []],
  // What is no text says nothing.
  [generic, unsuccessful([7, null, { text: failure }]), ['saysNothingElse']],
  [generic, unsuccessful({ 0: failure, length: 1 }), ['saysNothingElse']],
  ['HTTP header is larger than 8192 bytes.', { type: 'too_long_frame_exception' }, ['saysTooLong']],
  ['HTTP header is larger than 8192 bytes.', { type: 'too_long_http_header_exception' }, ['saysTooLong']],
  ['HTTP header is larger than 8192 bytes.', { type: 'too_long_http_line_exception' }, []],
  ['HTTP header is larger than 8192 bytes.', {}, []],
  ['An HTTP line is larger than 4096 bytes.', { type: 'too_long_frame_exception' }, []],
  ['unknown cluster privilege [x]', { type: 'illegal_argument_exception' }, ['blamesQuestion']],
  ['Validation Failed', { type: 'action_request_validation_exception' }, ['blamesQuestion']],
  ['[1:2] unknown field', { type: 'x_content_parse_exception' }, ['blamesQuestion']],
  ['request body is required', { type: 'parse_exception' }, ['blamesQuestion']],
  ['[1:2] Unexpected end of file', { type: 'x_content_e_o_f_exception' }, ['blamesQuestion']],
  ['closed', { type: 'index_closed_exception' }, []],
  ['unknown cluster privilege [x]', { type: 'exception' }, []],
  // Names that every object has.
  ['token', { type: 'constructor' }, []],
])('%j %j means %j', (reason, more, meaning) => {
  expect(meaningsOf(JSON.stringify(errorBody(401, reason, more)))).toEqual(meaning);
});

test.each([
  [failure, true],
  [`${failure}: none`, false],
  [`API key: unable to find apikey with id x ${failure}`, false],
  ['API key: apikey authentication for id k 1 encountered a failure', false],
  ['encountered a failure', false],
])('of a cloud’s key, whose id nobody here can read, %j is a failed check: %j', (said, failed) => {
  const error = readError(JSON.stringify(errorBody(401, generic, unsuccessful(said))));
  const credential = { kind: 'credential', scheme: 'ApiKey', authorization: 'ApiKey essu_abc' } as const;
  expect(error && checkFailed(error, credential)).toBe(failed);
});

test('no error that was recorded means two things', () => {
  const seen = new Set<string>();
  for (const { response } of exchangesOf(readRecordings())) {
    if ('failed' in response || response.status < 400) continue;
    const found = meaningsOf(bodyOf(response)) ?? [];
    expect(found.length, bodyOf(response)).toBeLessThan(2);
    for (const meaning of found) seen.add(meaning);
  }
  expect([...seen].sort()).toEqual(Object.keys(meanings).sort());
});

describe('is no error of Elasticsearch:', () => {
  const error = { type: 'security_exception', reason: 'token expired' };

  test.each<[string, string]>([
    ['nothing', ''],
    ['half of one', JSON.stringify({ error, status: 401 }).slice(0, -1)],
    ['null', 'null'],
    ['a list', JSON.stringify([{ error }])],
    ['a flat one', JSON.stringify({ error: 'no handler found for uri', status: 400 })],
    ['one without a type', JSON.stringify({ error: { reason: error.reason } })],
    ['one without a reason', JSON.stringify({ error: { type: error.type } })],
    ['a reason that is no text', JSON.stringify({ error: { ...error, reason: ['token expired'] } })],
    ['a type that is no text', JSON.stringify({ error: { ...error, type: null } })],
    ['one that says who it is', JSON.stringify({ error, username: 'jane' })],
    ['one that says how', JSON.stringify({ error, authentication_type: 'token' })],
    ['one that says that it is nobody', JSON.stringify({ error, username: null })],
  ])('%s', (_what, text) => {
    expect(readError(text)).toBeUndefined();
  });
});

test.each<[Readonly<Record<string, unknown>>, boolean]>([
  [{}, false],
  [{ 'license.expired.feature': 'security tokens' }, true],
  [{ 'license.expired.feature': null }, true],
  [{ license: { expired: { feature: 'security tokens' } } }, false],
])('the licence: %j', (more, unlicensed) => {
  const error = readError(JSON.stringify(errorBody(403, 'current license is non-compliant', more)));
  expect(error).toMatchObject({ status: 403, unlicensed });
});

test.each<[header: string, secrets: readonly string[]]>([
  ['Bearer dGhlLXNlY3JldC10b2tlbg==', ['dGhlLXNlY3JldC10b2tlbg==', 'the-secret-token']],
  ['ApiKey a2V5MTpnb29k', ['a2V5MTpnb29k', 'key1:good']],
  ['Basic amFuZTpodW50ZXIy', ['amFuZTpodW50ZXIy', 'jane:hunter2']],
])('of %s nothing is repeated, as it is sent or decoded', (header, secrets) => {
  const credential = parseCredential(header, knownSchemes) as Credential;
  expect(secretsOf(credential)).toEqual(secrets);
  const error = readError(JSON.stringify(errorBody(400, secrets.join(' or '), { type: secrets[1] })));
  expect(describeError(error, credential)).toEqual({
    type: '[redacted]',
    reason: '[redacted] or [redacted]',
  });
  expect(describeError(undefined, credential)).toEqual({});
});

describe('security is off', () => {
  const flat = (error: string) => JSON.stringify({ error });
  const unhandled = 'no handler found for uri [/_security/_authenticate] and method [GET]';
  const otherMethod = 'Incorrect HTTP method for uri [/x] and method [GET], allowed: [POST]';
  const unset = JSON.stringify(errorBody(500, 'Set [xpack.security.enabled] to [true] to enable it.'));

  test.each<[number, string, boolean]>([
    [400, flat(unhandled), true],
    [405, flat(otherMethod), true],
    [500, unset, true],
    // Each only with its own status.
    [401, flat(unhandled), false],
    [404, flat(unhandled), false],
    [405, flat(unhandled), false],
    [400, flat(otherMethod), false],
    [400, unset, false],
    [503, unset, false],
    // Paths of a proxy, or a mistake of ours.
    [405, flat(otherMethod.replace('POST', 'POST, PUT')), false],
    [400, flat(`There is ${unhandled}`), false],
    [400, JSON.stringify(errorBody(400, unhandled)), false],
    [500, JSON.stringify(errorBody(500, 'xpack.security.enabled')), false],
    [500, flat('[xpack.security.enabled]'), false],
    [400, unhandled, false],
  ])('%i %s: %s', (status, text, off) => {
    expect(securityIsOff(status, text)).toBe(off);
  });
});

/**
 * Every message with which a request is refused that could be read but makes no sense: those of the token
 * service, of API keys, of users, roles and service accounts. Tried at every target.
 */

import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Cluster, type Expected, errorBody, expectAnswer, isSince, targets } from './cluster.js';

interface Case {
  readonly request: string;
  readonly body?: object;
  readonly expected: Expected;
  readonly since?: readonly [number, number];
  readonly until?: readonly [number, number];
}

function refused(type: string, reason: string, more: object = {}): Expected {
  return { status: 400, body: errorBody(400, type, reason, more) };
}

const invalid = (...problems: string[]): Expected =>
  refused('action_request_validation_exception', failed(problems));
const unstorable = (...problems: string[]): Expected => refused('validation_exception', failed(problems));
const illegal = (reason: string): Expected => refused('illegal_argument_exception', reason);
const unreadable = (reason: string): Expected => refused('parse_exception', reason);

function failed(problems: readonly string[]): string {
  return `Validation Failed: ${problems.map((problem, index) => `${index + 1}: ${problem};`).join('')}`;
}

/** A refusal whose reason says only where, with the reason proper as its cause. */
function because(reason: string, type: string, cause: string, causeMore: object = {}): Expected {
  const error = { type: 'x_content_parse_exception', reason };
  const caused_by = { type, reason: cause, ...causeMore };
  return { status: 400, body: { error: { root_cause: [error], ...error, caused_by }, status: 400 } };
}

const oauth = (error: string, ...problems: string[]): Expected => ({
  status: 400,
  body: { error, error_description: failed(problems) },
});

const grants = '[password, _kerberos, refresh_token, client_credentials]';
const tokens: readonly Case[] = [
  [{}, oauth('unsupported_grant_type', `grant_type only supports the values: ${grants}`)] as const,
  [
    { grant_type: 'authorization_code' },
    oauth('unsupported_grant_type', `grant_type only supports the values: ${grants}`),
  ] as const,
  [
    { grant_type: 'password' },
    oauth('invalid_request', 'username is missing', 'password is missing'),
  ] as const,
  [
    { grant_type: 'password', username: 'u', password: '' },
    oauth('invalid_request', 'password is missing'),
  ] as const,
  [
    { grant_type: 'password', username: 'u', password: 'p', refresh_token: 'r', kerberos_ticket: 'k' },
    oauth(
      'unsupported_grant_type',
      'kerberos_ticket is not supported with the password grant_type',
      'refresh_token is not supported with the password grant_type',
    ),
  ] as const,
  [{ grant_type: '_kerberos' }, oauth('invalid_request', 'kerberos_ticket is missing')] as const,
  [
    { grant_type: '_kerberos', username: 'u', password: 'p', refresh_token: 'r', kerberos_ticket: 'k' },
    oauth(
      'unsupported_grant_type',
      'username is not supported with the _kerberos grant_type',
      'password is not supported with the _kerberos grant_type',
      'refresh_token is not supported with the _kerberos grant_type',
    ),
  ] as const,
  [{ grant_type: 'refresh_token' }, oauth('invalid_request', 'refresh_token is missing')] as const,
  [
    { grant_type: 'refresh_token', username: 'u', kerberos_ticket: 'k' },
    oauth(
      'unsupported_grant_type',
      'username is not supported with the refresh_token grant_type',
      'kerberos_ticket is not supported with the refresh_token grant_type',
      'refresh_token is missing',
    ),
  ] as const,
  [
    {
      grant_type: 'client_credentials',
      username: 'u',
      password: 'p',
      kerberos_ticket: 'k',
      refresh_token: 'r',
    },
    oauth(
      'unsupported_grant_type',
      'username is not supported with the client_credentials grant_type',
      'password is not supported with the client_credentials grant_type',
      'kerberos_ticket is not supported with the client_credentials grant_type',
      'refresh_token is not supported with the client_credentials grant_type',
    ),
  ] as const,
].map(([body, expected]) => ({ request: 'POST /_security/oauth2/token', body, expected }));

const invalidation: readonly Case[] = [
  [
    { token: 'a', refresh_token: 'b' },
    because(
      'Failed to build [invalidate_token] after last required field arrived',
      'illegal_argument_exception',
      'only one of [token, refresh_token] may be sent per request',
    ),
  ] as const,
  [{}, invalid('token string must be provided when not specifying a realm name or a username')] as const,
  [
    { token: '' },
    invalid('token string must be provided when not specifying a realm name or a username'),
  ] as const,
  [
    { token: 'a', username: 'u' },
    invalid(
      'token string must not be provided when realm name or username is specified',
      'token type must not be provided when realm name or username is specified',
    ),
  ] as const,
  [
    { refresh_token: 'a', realm_name: 'r' },
    invalid(
      'token string must not be provided when realm name or username is specified',
      'token type must not be provided when realm name or username is specified',
    ),
  ] as const,
].map(([body, expected]) => ({ request: 'DELETE /_security/oauth2/token', body, expected }));

const metadataProblem = 'API key metadata keys may not start with [_]';
const nameProblems: readonly (readonly [string, string])[] = [
  ['', 'api key name is required'],
  ['x'.repeat(257), 'api key name may not be more than 256 characters long'],
  [' x', 'api key name may not begin or end with whitespace'],
  ['x ', 'api key name may not begin or end with whitespace'],
  ['_x', 'api key name may not begin with an underscore'],
];
const build = 'Failed to build [api_key_request] after last required field arrived';
const timeProblem = (text: string) =>
  `failed to parse setting [expiration] with value [${text}] as a time value: unit is missing or unrecognized`;

const keys: readonly Case[] = [
  ...nameProblems.map(([name, problem]) => [{ name }, invalid(problem)] as const),
  [
    { name: ` _${'x'.repeat(256)}`, metadata: { _a: 1 } },
    invalid(
      'api key name may not be more than 256 characters long',
      'api key name may not begin or end with whitespace',
      metadataProblem,
    ),
  ] as const,
  [{ name: 'k', metadata: { _a: 1 } }, invalid(metadataProblem)] as const,
  [{ name: 'k', expiration: '1' }, because(build, 'illegal_argument_exception', timeProblem('1'))] as const,
  [
    { name: 'k', expiration: 'soon' },
    because(build, 'illegal_argument_exception', timeProblem('soon')),
  ] as const,
  [
    { name: 'k', expiration: '1.5d' },
    because(
      build,
      'illegal_argument_exception',
      'failed to parse [1.5d], fractional time values are not supported',
    ),
  ] as const,
  [
    { name: 'k', role_descriptors: { r: { metadata: { _a: 1 } } } },
    invalid('role descriptor metadata keys may not start with [_]'),
  ] as const,
].map(([body, expected]) => ({ request: 'POST /_security/api_key', body, expected }));

const restricted = { restriction: { workflows: ['search_application_query'] } };
const restrictions: readonly Case[] = [
  {
    request: 'POST /_security/api_key',
    body: { name: 'k', role_descriptors: { a: restricted, b: restricted } },
    expected: invalid('more than one role descriptor with restriction is not supported'),
    since: [8, 9],
  },
  {
    request: 'POST /_security/api_key',
    body: { name: 'k', role_descriptors: { a: restricted, b: {} } },
    expected: invalid('combining role descriptors with and without restriction is not supported'),
    since: [8, 9],
  },
];

const listing: readonly Case[] = [
  [
    'id=a&username=u',
    ['username or realm name must not be specified when the api key id or api key name is specified'],
  ] as const,
  [
    'name=a&realm_name=r',
    ['username or realm name must not be specified when the api key id or api key name is specified'],
  ] as const,
  [
    'owner=true&username=u',
    ['neither username nor realm-name may be specified when retrieving owned API keys'],
  ] as const,
  ['id=a&name=b', ['only one of [api key id, api key name] can be specified']] as const,
  [
    'id=a&name=b&owner&realm_name=r',
    [
      'username or realm name must not be specified when the api key id or api key name is specified',
      'neither username nor realm-name may be specified when retrieving owned API keys',
      'only one of [api key id, api key name] can be specified',
    ],
  ] as const,
].map(([query, problems]) => ({
  request: `GET /_security/api_key?${query}`,
  expected: invalid(...problems),
}));

const buildInvalidation = 'Failed to build [invalidate_api_key] after last required field arrived';
const invalidatingKeys: readonly Case[] = [
  [
    {},
    invalid(
      'One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false',
    ),
  ] as const,
  [
    { ids: ['a'], username: 'u' },
    invalid(
      'username or realm name must not be specified when the api key id(s) or api key name are specified',
    ),
  ] as const,
  [
    { owner: true, realm_name: 'r' },
    invalid('neither username nor realm-name may be specified when invalidating owned API keys'),
  ] as const,
  [{ ids: ['a'], name: 'b' }, invalid('only one of [api key id(s), api key name] can be specified')] as const,
  [
    { ids: [] },
    because(
      buildInvalidation,
      'action_request_validation_exception',
      failed(['Field [ids] cannot be an empty array']),
    ),
  ] as const,
  [
    { ids: [' '] },
    because(
      buildInvalidation,
      'action_request_validation_exception',
      failed(['Field [ids] must not contain blank id, but got blank id at index position: [0]']),
    ),
  ] as const,
  [
    { ids: ['a', '', ' '] },
    because(
      buildInvalidation,
      'action_request_validation_exception',
      failed(['Field [ids] must not contain blank id, but got blank ids at index positions: [1, 2]']),
    ),
  ] as const,
].map(([body, expected]) => ({ request: 'DELETE /_security/api_key', body, expected }));

const updates: readonly Case[] = [
  {
    request: 'PUT /_security/api_key/some-id',
    body: { metadata: { _a: 1 } },
    expected: invalid(metadataProblem),
    since: [8, 4],
  },
  {
    request: 'PUT /_security/api_key/some-id',
    body: {},
    expected: {
      status: 404,
      body: errorBody(
        404,
        'resource_not_found_exception',
        'no API key owned by requesting user found for ID [some-id]',
      ),
    },
    since: [8, 4],
  },
  {
    request: 'PUT /_security/api_key/some-id',
    body: { expiration: '1d' },
    expected: refused(
      'x_content_parse_exception',
      '[1:2] [update_api_key_request] unknown field [expiration]',
    ),
    since: [8, 4],
    until: [8, 12],
  },
  {
    request: 'POST /_security/api_key/_bulk_update',
    body: { ids: [] },
    expected: invalid('Bulk update request must include API key IDs'),
    since: [8, 5],
  },
  {
    request: 'POST /_security/api_key/_bulk_update',
    body: { metadata: {} },
    expected: refused('x_content_parse_exception', 'Required [ids]'),
    since: [8, 5],
  },
];

const grantKey = { name: 'k' };
const granting: readonly Case[] = [
  [{ api_key: grantKey }, invalid('[grant_type] is required')] as const,
  [{ grant_type: 'x', api_key: grantKey }, invalid('grant_type [x] is not supported')] as const,
  [
    { grant_type: 'password', access_token: 't', api_key: grantKey },
    invalid(
      '[username] is required for grant_type [password]',
      '[password] is required for grant_type [password]',
      '[access_token] is not supported for grant_type [password]',
    ),
  ] as const,
  [
    { grant_type: 'access_token', username: 'u', password: 'p', api_key: grantKey },
    invalid(
      '[access_token] is required for grant_type [access_token]',
      '[username] is not supported for grant_type [access_token]',
      '[password] is not supported for grant_type [access_token]',
    ),
  ] as const,
  [{ grant_type: 'password', username: 'u', password: 'p' }, invalid('api key name is required')] as const,
  [
    {
      grant_type: 'password',
      username: 'u',
      password: 'p',
      client_authentication: { scheme: 'SharedSecret', value: 's' },
      api_key: grantKey,
    },
    invalid('[client_authentication] is not supported for grant_type [password]'),
  ] as const,
  [
    {
      grant_type: 'access_token',
      access_token: 't',
      client_authentication: { scheme: 'Basic', value: 's' },
      api_key: grantKey,
    },
    invalid('[client_authentication.scheme] must be set to [SharedSecret]'),
  ] as const,
].map(([body, expected]) => ({ request: 'POST /_security/api_key/grant', body, expected }));

const cloning: readonly Case[] = [
  [{}, invalid('api key credential is required', 'api key name is required')] as const,
  [{ api_key: 'x', name: '_x' }, invalid('api key name may not begin with an underscore')] as const,
  [{ api_key: 'x', name: 'x', metadata: { _a: 1 } }, invalid(metadataProblem)] as const,
  [{ api_key: 'dG9v', name: 'x' }, illegal('invalid API key credential: invalid ApiKey value')] as const,
].map(([body, expected]) => ({
  request: 'POST /_security/api_key/clone',
  body,
  expected,
  since: [9, 4] as const,
}));

const crossCluster: readonly Case[] = [
  [{ name: 'k' }, refused('x_content_parse_exception', 'Required [access]')] as const,
  [
    { name: 'k', access: {} },
    illegal('must specify non-empty access for either [search] or [replication]'),
  ] as const,
  [
    { name: 'k', access: { replication: [{ names: ['a'], query: '{}' }] } },
    illegal('replication does not support document or field level security'),
  ] as const,
].map(([body, expected]) => ({
  request: 'POST /_security/cross_cluster/api_key',
  body,
  expected,
  since: [8, 10] as const,
}));

const crossClusterUpdates: readonly Case[] = [
  {
    request: 'PUT /_security/cross_cluster/api_key/some-id',
    body: {},
    expected: invalid('must update either [access] or [metadata] for cross-cluster API keys'),
    since: [8, 10],
    until: [9, 3],
  },
  {
    request: 'PUT /_security/cross_cluster/api_key/some-id',
    body: {},
    expected: invalid(
      'must update  [access] or [metadata] or [certificate_identity] for cross-cluster API keys',
    ),
    since: [9, 3],
  },
];

const nameRule =
  ' names must be at least 1 and no more than 1024 characters. They can contain alphanumeric characters (a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the Basic Latin (ASCII) block. Leading or trailing whitespace is not allowed.';
const user = { password: 'password', roles: [] };
const users: readonly Case[] = [
  [
    'alice',
    { roles: [] },
    unstorable('password must be specified unless you are updating an existing user'),
  ] as const,
  ['alice', { password: 'password' }, invalid('roles are missing')] as const,
  ['alice', { ...user, metadata: { _a: 1 } }, invalid('metadata keys may not start with [_]')] as const,
  [
    'alice',
    { ...user, password: 'short' },
    unstorable('passwords must be at least [6] characters long'),
  ] as const,
  ['elastic', user, invalid('Username [elastic] is reserved and may not be used.')] as const,
  ['%20alice', user, invalid(`User${nameRule}`)] as const,
  ['%C3%A9', user, invalid(`User${nameRule}`)] as const,
  ['a'.repeat(1025), user, invalid(`User${nameRule}`)] as const,
  ['alice', { ...user, roles: ['r '] }, invalid(`Role${nameRule}`)] as const,
  [
    'alice',
    { ...user, username: 'bob' },
    illegal('[username] in source does not match the username provided [alice]'),
  ] as const,
  [
    'alice',
    { ...user, foo: 1 },
    unreadable('failed to parse add user request. unexpected field [foo]'),
  ] as const,
  [
    'alice',
    { ...user, password: 7 },
    unreadable('expected field [password] to be of type string, but found [VALUE_NUMBER] instead'),
  ] as const,
  [
    'alice',
    { ...user, full_name: [] },
    unreadable('expected field [full_name] to be of type string, but found [START_ARRAY] instead'),
  ] as const,
  [
    'alice',
    { ...user, email: {} },
    unreadable('expected field [email] to be of type string, but found [START_OBJECT] instead'),
  ] as const,
  [
    'alice',
    { ...user, metadata: null },
    unreadable('expected field [metadata] to be of type object, but found [VALUE_NULL] instead'),
  ] as const,
  [
    'alice',
    { ...user, enabled: 'true' },
    unreadable('expected field [enabled] to be of type boolean, but found [VALUE_STRING] instead'),
  ] as const,
  [
    'alice',
    { ...user, roles: null },
    unreadable('could not parse [roles] field. expected a string array but found null value instead'),
  ] as const,
  [
    'alice',
    { ...user, roles: 1 },
    unreadable(
      'could not parse [roles] field. expected a string array but found [VALUE_NUMBER] value instead',
    ),
  ] as const,
  [
    'alice',
    { ...user, roles: [1] },
    unreadable(
      'could not parse [roles] field. expected a string array but one of the value in the array is [VALUE_NUMBER]',
    ),
  ] as const,
  [
    'alice',
    { roles: [], password_hash: '{PBKDF2}10000$a$b' },
    illegal('Provided password hash uses [PBKDF2] but the configured hashing algorithm is [BCRYPT]'),
  ] as const,
].map(([name, body, expected]) => ({ request: `PUT /_security/user/${name}`, body, expected }));

const changes: readonly Case[] = [
  {
    request: 'PUT /_security/user/nobody/_password',
    body: { password: 'password' },
    expected: unstorable('user must exist in order to change password'),
  },
  {
    request: 'PUT /_security/user/nobody/_password',
    body: { password: 'short' },
    expected: unstorable('passwords must be at least [6] characters long'),
  },
  {
    request: 'PUT /_security/user/nobody/_password',
    body: {},
    expected: invalid('password is missing'),
  },
  {
    request: 'PUT /_security/user/nobody/_password',
    body: { foo: 1 },
    expected: unreadable('failed to parse change password request. unexpected field [foo]'),
  },
  {
    request: 'PUT /_security/user/nobody/_enable',
    expected: unstorable('only existing users can be enabled'),
  },
  {
    request: 'POST /_security/user/nobody/_disable',
    expected: unstorable('only existing users can be disabled'),
  },
  {
    request: 'PUT /_security/user/elastic/_disable',
    expected: illegal('users may not update the enabled status of their own account'),
  },
  {
    request: 'DELETE /_security/user/elastic',
    expected: illegal('user [elastic] is reserved and cannot be deleted'),
  },
];

const inRole = (problem: string): Expected => {
  const cause = { type: 'parse_exception', reason: problem };
  const error = { type: 'parse_exception', reason: 'failed to parse role [r]' };
  return {
    status: 400,
    body: { error: { root_cause: [cause], ...error, caused_by: cause }, status: 400 },
  };
};
const ofIndices = (problem: string): Expected =>
  unreadable(`failed to parse indices privileges for role [r]. ${problem}`);
const ofApplications = (problem: string): Expected =>
  unreadable(`failed to parse application privileges for role [r]. ${problem}`);
const roles: readonly Case[] = [
  [{ foo: 1 }, unreadable('failed to parse role [r]. unexpected field [foo]')] as const,
  [[], unreadable('failed to parse role [r]. expected an object but found [START_ARRAY] instead')] as const,
  [
    { cluster: 'all' },
    inRole('could not parse [cluster] field. expected a string array but found [VALUE_STRING] value instead'),
  ] as const,
  [
    { run_as: [1] },
    inRole(
      'could not parse [run_as] field. expected a string array but one of the value in the array is [VALUE_NUMBER]',
    ),
  ] as const,
  [
    { metadata: 1 },
    unreadable('expected field [metadata] to be of type object, but found [VALUE_NUMBER] instead'),
  ] as const,
  [{ metadata: { _a: 1 } }, invalid('role descriptor metadata keys may not start with [_]')] as const,
  [
    { indices: {} },
    ofIndices('expected field [indices] value to be an array, but found [START_OBJECT] instead'),
  ] as const,
  [
    { indices: [1] },
    ofIndices(
      'expected field [indices] value to be an array of objects, but found an array element of type [VALUE_NUMBER]',
    ),
  ] as const,
  [{ indices: [{ privileges: ['read'] }] }, ofIndices('missing required [names] field')] as const,
  [{ indices: [{ names: ['a'] }] }, ofIndices('missing required [privileges] field')] as const,
  [{ indices: [{ names: [], privileges: [] }] }, ofIndices('[names] cannot be an empty array')] as const,
  [{ indices: [{ names: 'a', privileges: [], foo: 1 }] }, ofIndices('unexpected field [foo]')] as const,
  [
    { indices: [{ names: 'a', privileges: [], field_security: {} }] },
    ofIndices('"field_security" must not be empty.'),
  ] as const,
  [
    { indices: [{ names: 'a', privileges: [], field_security: { except: ['b'] } }] },
    ofIndices('field_security requires grant if except is given'),
  ] as const,
  [
    { indices: [{ names: 'a', privileges: [], allow_restricted_indices: 'x' }] },
    ofIndices(
      'expected field [allow_restricted_indices] value to be a boolean, but found [VALUE_STRING] instead',
    ),
  ] as const,
  [
    { applications: [{ privileges: ['a'], resources: ['a'] }] },
    illegal('application privileges must have an application name'),
  ] as const,
  [
    { applications: [{ application: 'a', resources: [] }] },
    ofApplications('missing required [privileges] field'),
  ] as const,
  [
    { applications: [{ application: 'a', privileges: [] }] },
    ofApplications('missing required [resources] field'),
  ] as const,
  [
    { applications: [{ application: 'a', privileges: [], resources: ['a'] }] },
    illegal('application privileges must define at least one privilege'),
  ] as const,
  [
    { applications: [{ application: 'a', privileges: ['a'], resources: [] }] },
    illegal('application privileges must refer to at least one resource'),
  ] as const,
  [
    { indices: [{ names: 'a', privileges: [] }] },
    illegal('indices privileges must define at least one privilege'),
  ] as const,
  [
    { applications: [{ application: 'A', privileges: ['a b'], resources: ['a'] }] },
    invalid(
      "An application name prefix must match the pattern ^[a-z][A-Za-z0-9]*$ (found 'A')",
      "Application privilege names and actions must match the pattern ^\\p{Graph}*$ (found 'a b')",
    ),
  ] as const,
].map(([body, expected]) => ({ request: 'PUT /_security/role/r', body, expected }));

const roleNames: readonly Case[] = [
  {
    request: 'PUT /_security/role/superuser',
    body: {},
    expected: invalid('Role [superuser] is reserved and may not be used.'),
  },
  {
    request: 'DELETE /_security/role/superuser',
    expected: illegal('role [superuser] is reserved and cannot be deleted'),
  },
  {
    request: 'POST /_security/api_key',
    body: { name: 'k', role_descriptors: { r: { cluster: 1 } } },
    expected: rootedInRole(),
  },
];

/** A descriptor in a key: the reason is three levels down. */
function rootedInRole(): Expected {
  const root = {
    type: 'parse_exception',
    reason: 'could not parse [cluster] field. expected a string array but found [VALUE_NUMBER] value instead',
  };
  const place = '[1:48]';
  const inner = {
    type: 'x_content_parse_exception',
    reason: `${place} [role_descriptors] failed to parse field [r]`,
    caused_by: { type: 'parse_exception', reason: 'failed to parse role [r]', caused_by: root },
  };
  const reason = `${place} [api_key_request] failed to parse field [role_descriptors]`;
  const error = { type: 'x_content_parse_exception', reason, caused_by: inner };
  return { status: 400, body: { error: { root_cause: [root], ...error }, status: 400 } };
}

const tokenNameRule =
  'service account token name must have at least 1 character and at most 256 characters that are alphanumeric (A-Z, a-z, 0-9) or hyphen (-) or underscore (_). It must not begin with an underscore (_).';
const service = '/_security/service/elastic';
const services: readonly Case[] = [
  {
    request: `POST ${service}/nothing/credential/token/t`,
    expected: illegal('service account [elastic/nothing] does not exist'),
  },
  ...['_t', 't.t', 't'.repeat(257)].map((name) => ({
    request: `PUT ${service}/fleet-server/credential/token/${name}`,
    expected: invalid(`invalid service token name [${name}]. ${tokenNameRule}`),
  })),
];

const searching: readonly Case[] = [
  [{ from: -1 }, invalid('[from] parameter cannot be negative but was [-1]')] as const,
  [{ size: -5 }, invalid('[size] parameter cannot be negative but was [-5]')] as const,
  [
    { query: {} },
    because(
      '[1:11] [query_api_key_request_payload] failed to parse field [query]',
      'illegal_argument_exception',
      'query malformed, empty clause found',
    ),
  ] as const,
  [{ search_after: ['a'] }, illegal('Sort must contain at least one field.')] as const,
  [
    { sort: ['name', 'creation'], search_after: ['a'] },
    illegal('search_after has 1 value(s) but sort has 2.'),
  ] as const,
].map(([body, expected]) => ({ request: 'POST /_security/_query/api_key', body, expected }));

const mappings: readonly Case[] = [
  [
    { rules: { field: { username: 'a' } } },
    invalid('role-mapping roles or role-templates are missing'),
  ] as const,
  [{ roles: ['a'] }, invalid('role-mapping rules are missing')] as const,
  [
    { roles: ['a'], rules: { field: { username: 'a' } }, metadata: { _a: 1 } },
    invalid('metadata keys may not start with [_]'),
  ] as const,
].map(([body, expected]) => ({ request: 'PUT /_security/role_mapping/m', body, expected }));

const chapters: Readonly<Record<string, readonly Case[]>> = {
  'token requests': tokens,
  'token invalidations': invalidation,
  'API keys': [...keys, ...restrictions],
  'lists of API keys': listing,
  'invalidations of API keys': invalidatingKeys,
  'updates of API keys': updates,
  'grants of API keys': granting,
  'clones of API keys': cloning,
  'cross-cluster keys': [...crossCluster, ...crossClusterUpdates],
  users: [...users, ...changes],
  roles: [...roles, ...roleNames],
  'service accounts': services,
  searches: searching,
  'role mappings': mappings,
};

for (const target of targets) {
  describe(target.name, () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await target.open();
    });
    afterAll(() => cluster.close());

    for (const [chapter, cases] of Object.entries(chapters)) {
      const applying = cases.filter(
        ({ since, until }) =>
          (since === undefined || isSince(target.version, since)) &&
          !(until !== undefined && isSince(target.version, until)),
      );
      if (applying.length === 0) continue;
      describe(chapter, () => {
        test.each(
          applying.map((item) => [
            item.request.slice(0, 80),
            JSON.stringify(item.body ?? null).slice(0, 80),
            item,
          ]),
        )('%s %s', async (_request, _body, { request, body, expected }) => {
          expectAnswer(await cluster.ask(request, body === undefined ? {} : { body }), expected);
        });
      });
    }
  });
}

/**
 * Every message with which a request about API keys is refused that could be read but makes no sense. Tried at
 * every target.
 */

import { expect } from 'vitest';
import { errorBody } from '../../cluster.js';
import { because, type Case, failed, illegal, invalid, refused, tryCases } from '../../validation.js';

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
  [{}, illegal('Required [name]')] as const,
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
      { caused_by: { type: 'number_format_exception', reason: 'For input string: "1.5"' } },
    ),
  ] as const,
  [
    { name: 'k', expiration: 'xd' },
    because(
      build,
      'illegal_argument_exception',
      'failed to parse setting [expiration] with value [xd] as a time value',
      { caused_by: { type: 'number_format_exception', reason: 'For input string: "x"' } },
    ),
  ] as const,
  [
    { name: 'k', expiration: '-2d' },
    because(
      build,
      'illegal_argument_exception',
      'failed to parse setting [expiration] with value [-2d] as a time value: negative durations are not supported',
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
    expected: illegal('more than one role descriptor with restriction is not supported'),
    since: [8, 9],
  },
  {
    request: 'POST /_security/api_key',
    body: { name: 'k', role_descriptors: { a: restricted, b: {} } },
    expected: illegal('combining role descriptors with and without restriction is not supported'),
    since: [8, 9],
  },
  {
    request: 'POST /_security/api_key',
    body: { name: 'k', role_descriptors: { a: { restriction: { workflows: ['x'] } } } },
    expected: invalid(
      'Unknown workflow [x]. A workflow must be one of the predefined workflow names [search_application_query].',
    ),
    since: [8, 9],
  },
  {
    request: 'PUT /_security/api_key/some-id',
    body: { role_descriptors: { a: restricted, b: {} } },
    expected: illegal('combining role descriptors with and without restriction is not supported'),
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
      '[1:2] [update_api_key_request_payload] unknown field [expiration]',
    ),
    since: [8, 4],
    until: [8, 12],
  },
  // On creation such a key is made, and is over at once: recorded.
  ...['0s', '-1d', '-1'].flatMap((expiration) =>
    ['PUT /_security/api_key/some-id', 'POST /_security/api_key/_bulk_update'].map((request) => ({
      request,
      body: { expiration, ...(request.endsWith('_bulk_update') && { ids: ['a'] }) },
      expected: invalid('API key expiration must be in the future'),
      since: [8, 13] as const,
    })),
  ),
  {
    request: 'POST /_security/api_key/_bulk_update',
    body: { ids: [] },
    expected: invalid('Field [ids] cannot be empty'),
    since: [8, 5],
  },
  {
    request: 'POST /_security/api_key/_bulk_update',
    body: { metadata: {} },
    expected: illegal('Required [ids]'),
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
  [
    { api_key: 'dG9v', name: 'x' },
    {
      status: 400,
      body: {
        error: {
          root_cause: [
            { type: 'status_exception', reason: 'invalid API key credential: invalid ApiKey value' },
          ],
          type: 'status_exception',
          reason: 'invalid API key credential: invalid ApiKey value',
          caused_by: { type: 'illegal_argument_exception', reason: 'invalid ApiKey value' },
        },
        status: 400,
      },
    },
  ] as const,
].map(([body, expected]) => ({
  request: 'POST /_security/api_key/clone',
  body,
  expected,
  since: [9, 4] as const,
}));

const buildCrossCluster = 'Failed to build [cross_cluster_api_key_request] after last required field arrived';
const crossCluster: readonly Case[] = [
  [{ name: 'k' }, illegal('Required [access]')] as const,
  [
    { name: 'k', access: {} },
    because(
      buildCrossCluster,
      'illegal_argument_exception',
      'must specify non-empty access for either [search] or [replication]',
    ),
  ] as const,
  [
    { name: 'k', access: { replication: [{ names: ['a'], query: '{}' }] } },
    because(
      buildCrossCluster,
      'illegal_argument_exception',
      'replication does not support document or field level security',
    ),
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
      'must update [access], [metadata], or [certificate_identity] for cross-cluster API keys',
    ),
    since: [9, 3],
  },
  ...[
    { field_security: { grant: ['a'] }, names: ['a'] },
    { query: { match_all: {} }, names: ['a'] },
  ].map((search) => ({
    request: 'PUT /_security/cross_cluster/api_key/some-id',
    body: { access: { search: [search], replication: [{ names: ['a'] }] } },
    expected: illegal('search does not support document or field level security if replication is assigned'),
    since: [8, 14] as const,
  })),
  {
    request: 'POST /_security/cross_cluster/api_key',
    body: { name: 'k', access: { search: [{ names: ['a'] }] }, certificate_identity: '[' },
    expected: because(
      buildCrossCluster,
      'illegal_argument_exception',
      'Invalid certificate_identity format: [[]. Must be a valid regex.',
    ),
    since: [9, 3],
  },
];

/** What only the shard that is searched finds. */
function onShard(reason: string): Case['expected'] {
  const cause = { type: 'illegal_argument_exception', reason };
  return {
    status: 400,
    body: {
      error: {
        root_cause: [cause],
        type: 'search_phase_execution_exception',
        reason: 'all shards failed',
        phase: 'query',
        grouped: true,
        failed_shards: [{ shard: 0, index: '.security-7', node: expect.any(String), reason: cause }],
        caused_by: { ...cause, caused_by: cause },
      },
      status: 400,
    },
  };
}

const searching: readonly Case[] = [
  [{ from: -1 }, invalid('[from] parameter cannot be negative but was [-1]')] as const,
  [{ size: -5 }, invalid('[size] parameter cannot be negative but was [-5]')] as const,
  [
    { query: {} },
    because(
      '[1:11] [query_api_key_request_payload] failed to parse field [query]',
      'illegal_argument_exception',
      'query malformed, empty clause found at [1:11]',
    ),
  ] as const,
  [{ search_after: ['a'] }, onShard('Sort must contain at least one field.')] as const,
  [
    { sort: ['name', 'creation'], search_after: ['a'] },
    onShard('search_after has 1 value(s) but sort has 2.'),
  ] as const,
].map(([body, expected]) => ({ request: 'POST /_security/_query/api_key', body, expected }));

tryCases({
  'API keys': [...keys, ...restrictions],
  'lists of API keys': listing,
  'invalidations of API keys': invalidatingKeys,
  'updates of API keys': updates,
  'grants of API keys': granting,
  'clones of API keys': cloning,
  'cross-cluster keys': [...crossCluster, ...crossClusterUpdates],
  searches: searching,
});

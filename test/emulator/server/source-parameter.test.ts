/**
 * A body in the address: `?source=…&source_content_type=…`. What is said of it is `contentOrSourceParam` and
 * `parseContentType` of Elasticsearch's `RestRequest`; which endpoints ask for it is in their `Rest…Action`.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, emulated } from '../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated({ users: { alice: { password: 'secret', roles: [], full_name: 'Alice' } } });
  await cluster.ask('PUT /docs/_doc/1', { body: { n: 1 } });
  await cluster.ask('PUT /docs/_doc/2', { body: { n: 2 } });
  await cluster.ask('PUT /_security/role/some', { body: { cluster: ['monitor'] } });
  await cluster.ask('POST /_security/api_key', { body: { name: 'one' } });
});
afterAll(() => cluster.close());

const json = 'application/json';

function address(path: string, source: unknown, type = json): string {
  const text = typeof source === 'string' ? source : JSON.stringify(source);
  const mark = path.includes('?') ? '&' : '?';
  return `${path}${mark}source=${encodeURIComponent(text)}&source_content_type=${encodeURIComponent(type)}`;
}

const hits = (answer: { hits: { hits: { _id: string }[] } }) => answer.hits.hits.map(({ _id }) => _id);

describe.each(['GET', 'POST'])('%s takes a body from its address', (method) => {
  test.each([
    ['/docs/_search', { query: { term: { n: 2 } } }, { hits: expect.objectContaining({ max_score: 1 }) }],
    ['/docs/_count', { query: { term: { n: 2 } } }, { count: 1 }],
    ['/_security/user/_has_privileges', { cluster: ['all'] }, { cluster: { all: true } }],
    ['/_security/_query/api_key', { query: { term: { name: 'one' } } }, { total: 1 }],
    ['/_security/_query/user', { query: { term: { username: 'alice' } } }, { total: 1 }],
    ['/_security/_query/role', { query: { term: { name: 'some' } } }, { total: 1 }],
    ['/_security/profile/_suggest', { name: 'nobody' }, { total: { value: 0, relation: 'eq' } }],
    [
      '/_security/profile/_has_privileges',
      { uids: ['u_0'], privileges: { cluster: ['all'] } },
      { has_privilege_uids: [] },
    ],
  ])('%s', async (path, source, expected) => {
    const { status, json: answer } = await cluster.ask(`${method} ${address(path, source)}`);
    expect({ status, answer }).toEqual({ status: 200, answer: expect.objectContaining(expected) });
  });
});

test.each([
  ['application/json; charset=UTF-8', '{"query":{"term":{"n":2}}}'],
  ['APPLICATION/JSON', '{"query":{"term":{"n":2}}}'],
  ['application/vnd.elasticsearch+json;compatible-with=9', '{"query":{"term":{"n":2}}}'],
  ['application/yaml', 'query:\n  term:\n    n: 2\n'],
])('it is read as what it is said to be: %s', async (type, source) => {
  const { status, json: answer } = await cluster.ask(`GET ${address('/docs/_search', source, type)}`);
  expect([status, hits(answer)]).toEqual([200, ['2']]);
});

test.each([
  ['/docs/_search?source=%7B%7D', 'source and source_content_type parameters are required'],
  [address('/docs/_search', {}, 'text/plain'), 'Unknown value for source_content_type [text/plain]'],
])('of %s it is said what is missing', async (path, problem) => {
  const { status, json: answer } = await cluster.ask(`GET ${path}`);
  const error = { type: 'validation_exception', reason: `Validation Failed: 1: ${problem};` };
  expect([status, answer]).toEqual([400, { error: { root_cause: [error], ...error }, status: 400 }]);
});

test('before 8.16 that was a failure of the server (elastic/elasticsearch#112605)', async () => {
  const older = await emulated({ version: '8.15' });
  const { status, json: answer } = await older.ask('GET /_search?source=%7B%7D');
  await older.close();
  const error = {
    type: 'illegal_state_exception',
    reason: 'source and source_content_type parameters are required',
  };
  expect([status, answer]).toEqual([500, { error: { root_cause: [error], ...error }, status: 500 }]);
});

test.each([
  ['json', 'invalid Content-Type header [json]'],
  ['a/b/c', 'invalid Content-Type header [a/b/c]'],
  ['', 'invalid Content-Type header []'],
  [';', 'empty Content-Type header'],
])('a type that is none is refused: %j', async (type, reason) => {
  const { status, json: answer } = await cluster.ask(`GET ${address('/docs/_count', {}, type)}`);
  const error = { type: 'illegal_argument_exception', reason };
  expect([status, answer.error]).toEqual([400, { root_cause: [error], ...error }]);
});

test.each([
  ['{', 'x_content_e_o_f_exception', '[1:2] Unexpected end of file'],
  [
    '{"from":"x"}',
    'x_content_parse_exception',
    '[1:9] [query_api_key_request_payload] failed to parse field [from]',
  ],
])('what is wrong with it is said as of a body: %s', async (source, type, reason) => {
  const { status, json: answer } = await cluster.ask(`GET ${address('/_security/_query/api_key', source)}`);
  expect([status, answer.error.type, answer.error.reason]).toEqual([400, type, reason]);
});

test('beside a body it is a parameter that nobody knows', async () => {
  const path = address('/_security/_query/role', {});
  const { status, json: answer } = await cluster.ask(`POST ${path}`, { body: {} });
  const reason =
    'request [/_security/_query/role] contains unrecognized parameters: [source], [source_content_type]';
  expect([status, answer.error.reason]).toEqual([400, reason]);
});

test('without the other its type is a parameter that nobody knows', async () => {
  const path = '/_security/_query/role?source_content_type=application/json';
  const { status, json: answer } = await cluster.ask(`GET ${path}`);
  const reason = 'request [/_security/_query/role] contains unrecognized parameter: [source_content_type]';
  expect([status, answer.error.reason]).toEqual([400, reason]);
});

test.each(['/_security/user/_has_privileges', '/_security/profile/_has_privileges'])(
  'who needs one and gets none says where it could be: %s',
  async (path) => {
    const { status, json: answer } = await cluster.ask(`GET ${path}`);
    expect([status, answer.error.type, answer.error.reason]).toEqual([
      400,
      'parse_exception',
      'request body or source parameter is required',
    ]);
  },
);

test.each([
  ['PUT', '/_security/role/other'],
  ['POST', '/_security/api_key'],
  ['POST', '/_security/oauth2/token'],
  ['PUT', '/docs/_doc/3'],
  ['POST', '/_bulk'],
])('nobody else looks there: %s %s', async (method, path) => {
  const { status, json: answer } = await cluster.ask(`${method} ${address(path, {})}`);
  expect([status, answer.error.reason]).toEqual([400, 'request body is required']);
});

/** `_bulk`: several writes in one request, in newline-delimited JSON. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { basic } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer } from '../../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated({
    users: { writer: { password: 'password', roles: ['writer'] } },
    roles: {
      writer: { indices: [{ names: ['docs'], privileges: ['create_doc', 'auto_configure'] }] },
    },
  });
});
afterAll(() => cluster.close());
beforeEach(() => cluster.ask('DELETE /docs'));

const lines = (...items: unknown[]) => items.map((item) => `${JSON.stringify(item)}\n`).join('');
const bulk = (
  body: string,
  path = '/_bulk',
  type = 'application/x-ndjson',
  who: Record<string, string> = cluster.admin,
) => cluster.ask(`POST ${path}`, { headers: { ...who, 'content-type': type }, body });

const everyKind = lines(
  { index: { _index: 'docs', _id: '1' } },
  { a: 1 },
  { create: { _index: 'docs', _id: '1' } },
  { a: 2 },
  { update: { _index: 'docs', _id: '1' } },
  { doc: { b: 2 } },
  { update: { _index: 'docs', _id: 'none' } },
  { doc: { b: 2 } },
  { delete: { _index: 'docs', _id: '1' } },
  { delete: { _index: 'missing', _id: '1' } },
  { index: { _index: 'docs' } },
  { a: 'not a number' },
);

test('each write has its own outcome, in order', async () => {
  const { status, json } = await bulk(everyKind);
  expect([status, json.errors, Object.keys(json).sort()]).toEqual([200, true, ['errors', 'items', 'took']]);
  const outcome = (item: Record<string, { status: number; result?: string; error?: { type: string } }>) =>
    Object.entries(item).map(([kind, { status: code, result, error }]) => [
      kind,
      code,
      result ?? error?.type,
    ])[0];
  expect(json.items.map(outcome)).toEqual([
    ['index', 201, 'created'],
    ['create', 409, 'version_conflict_engine_exception'],
    ['update', 200, 'updated'],
    ['update', 404, 'document_missing_exception'],
    ['delete', 200, 'deleted'],
    ['delete', 404, 'index_not_found_exception'],
    ['index', 400, 'document_parsing_exception'],
  ]);
  expect(json.items[0].index).toEqual({
    _index: 'docs',
    _id: '1',
    _version: 1,
    result: 'created',
    _shards: { total: 2, successful: 1, failed: 0 },
    _seq_no: 0,
    _primary_term: 1,
    status: 201,
  });
  expect(json.items[1].create).toEqual({
    _index: 'docs',
    _id: '1',
    status: 409,
    error: {
      type: 'version_conflict_engine_exception',
      reason: '[1]: version conflict, document already exists (current version [1])',
      index_uuid: expect.any(String),
      shard: '0',
      index: 'docs',
    },
  });
});

test('the index may be in the path, and the lines in any of four types', async () => {
  const one = lines({ index: {} }, { a: 1 });
  for (const type of ['application/x-ndjson', 'application/json']) {
    expect((await bulk(one, '/docs/_bulk?refresh', type)).json.items[0].index.forced_refresh).toBe(true);
  }
  for (const suffix of ['x-ndjson', 'json']) {
    const type = `application/vnd.elasticsearch+${suffix}; compatible-with=9`;
    const accept = 'application/vnd.elasticsearch+json; compatible-with=9';
    const response = await bulk(one, '/docs/_bulk', type, { ...cluster.admin, accept });
    expect([response.status, response.json.errors, response.header('content-type')]).toEqual([
      200,
      false,
      ['application/vnd.elasticsearch+json;compatible-with=9'],
    ]);
  }
  expect((await cluster.ask('GET /docs/_count')).json.count).toBe(4);
});

test('an empty id spoils one document, not the others', async () => {
  const { status, json } = await bulk(
    lines(
      { index: { _index: 'docs', _id: '' } },
      { a: 1 },
      { index: { _index: 'docs', _id: '1' } },
      { a: 1 },
    ),
  );
  expect([status, json.errors]).toEqual([200, true]);
  expect(json.items[0].index).toMatchObject({
    status: 400,
    error: { type: 'illegal_argument_exception', reason: 'if _id is specified it must not be empty' },
  });
  expect(json.items[1].index.status).toBe(201);
});

test('no other endpoint takes lines', async () => {
  const headers = { ...cluster.admin, 'content-type': 'application/x-ndjson' };
  expectAnswer(await cluster.ask('PUT /docs/_doc/1', { headers, body: '{}\n' }), {
    status: 406,
    body: { error: 'Content-Type header [application/x-ndjson] is not supported', status: 406 },
  });
});

test('what may not be done is refused write by write', async () => {
  await cluster.ask('PUT /docs/_doc/0', { body: { a: 1 } });
  const writer = basic('writer', 'password');
  const { status, json } = await bulk(
    lines(
      { create: { _index: 'docs', _id: '1' } },
      { a: 1 },
      { index: { _index: 'docs', _id: '2' } },
      { a: 1 },
      { delete: { _index: 'docs', _id: '0' } },
      { create: { _index: 'others', _id: '1' } },
      { a: 1 },
    ),
    '/_bulk',
    'application/x-ndjson',
    writer,
  );
  const who = 'user [writer] with effective roles [writer]';
  const denied = (action: string, index: string, privileges: string) => ({
    type: 'security_exception',
    reason: `action [${action}] is unauthorized for ${who} on indices [${index}], this action is granted by the index privileges [${privileges}]`,
  });
  expect(status).toBe(200);
  expect(json.items[0].create.status).toBe(201);
  expect(json.items[1].index).toEqual({
    _index: 'docs',
    _id: '2',
    status: 403,
    error: denied('indices:data/write/index:op_type/index', 'docs', 'create,index,write,all'),
  });
  expect(json.items[2].delete.error).toEqual(denied('indices:data/write/delete', 'docs', 'delete,write,all'));
  expect(json.items[3].create.error).toEqual(
    denied('indices:admin/auto_create', 'others', 'auto_configure,create_index,manage,all'),
  );
});

test('who may write nowhere is refused as a whole', async () => {
  const { json: key } = await cluster.ask('POST /_security/api_key', {
    body: { name: 'k', role_descriptors: { r: { indices: [{ names: ['*'], privileges: ['read'] }] } } },
  });
  const headers = { authorization: `ApiKey ${key.encoded}` };
  const reason = `action [indices:data/write/bulk] is unauthorized for API key id [${key.id}] of user [elastic], this action is granted by the index privileges [create_doc,create,delete,index,write,all]`;
  expectAnswer(await bulk(everyKind, '/_bulk', 'application/x-ndjson', headers), {
    status: 403,
    body: errorBody(403, 'security_exception', reason),
  });
});

describe('is refused as a whole', () => {
  const malformed = (problem: string) => `Malformed action/metadata line [1], ${problem}`;
  test.each<[string, string]>([
    ['{"index":{}}\n{"a":1}', 'The bulk request must be terminated by a newline [\\n]'],
    ['[1]\n', malformed('expected START_OBJECT but found [START_ARRAY]')],
    ['{}\n', malformed('expected FIELD_NAME but found [END_OBJECT]')],
    [
      lines({ upsert: {} }),
      malformed('expected field [create], [delete], [index] or [update] but found [upsert]'),
    ],
    [lines({ index: 1 }), malformed('expected START_OBJECT or END_OBJECT but found [VALUE_NUMBER]')],
    [
      lines({ index: { _id: ['1'] } }),
      malformed('expected a simple value for field [_id] but found [START_ARRAY]'),
    ],
    [lines({ index: {}, b: 1 }), malformed('expected END_OBJECT but found [FIELD_NAME]')],
    [
      lines({ index: { __proto__x: 1 } }),
      'Action/metadata line [1] contains an unknown parameter [__proto__x]',
    ],
  ])('%s', async (body, reason) => {
    expectAnswer(await bulk(body), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', reason),
    });
  });

  test.each<[string, string]>([
    ['\n', 'Validation Failed: 1: no requests added;'],
    [lines({ delete: { _index: 'docs' } }), 'Validation Failed: 1: id is missing;'],
    [lines({ delete: { _id: '1' } }), 'Validation Failed: 1: index is missing;'],
    [lines({ index: { _id: '1' } }), 'Validation Failed: 1: no requests added;'],
  ])('%j, when it could be read', async (body, reason) => {
    expectAnswer(await bulk(body), {
      status: 400,
      body: errorBody(400, 'action_request_validation_exception', reason),
    });
  });
});

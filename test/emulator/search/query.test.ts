/** Searching API keys and users. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../support/http-client.js';
import { type Cluster, emulated, expectAnswer } from '../cluster.js';
import { illegal, noDate, ownOnShard, queryOnShard } from './refusals.js';

let cluster: Cluster;
const ids: Record<string, string> = {};
const encoded: Record<string, string> = {};

beforeAll(async () => {
  cluster = await emulated({
    roles: { own: { cluster: ['manage_own_api_key'] } },
    users: {
      alice: { password: 'password', roles: ['own'], full_name: 'Alice Liddell', email: 'alice@example.org' },
      bob: { password: 'password', roles: [], enabled: false },
      carol: { password: 'password', roles: ['own', 'superuser'] },
    },
  });
  // Rounded times are the same all the while if it is noon.
  const day = 86_400_000;
  await cluster.advance((1.5 * day - (Date.now() % day)) % day);
  const make = async (name: string, body: object, headers: { authorization: string }) => {
    const { json } = await cluster.ask('PUT /_security/api_key', { headers, body: { name, ...body } });
    ids[name] = json.id;
    encoded[name] = json.encoded;
    await cluster.advance(day);
  };
  await make('app-1', { metadata: { env: 'prod', tags: ['a', 'b'], level: { n: 1 } } }, cluster.admin);
  await make('app-2', { metadata: { env: 'test', on: true }, expiration: '90d' }, cluster.admin);
  await make('tool', { metadata: { env: 'prod' } }, basic('alice', 'password'));
  await make('old', { expiration: '1h' }, cluster.admin);
  await cluster.ask('DELETE /_security/api_key', { body: { ids: [ids.tool] } });
});
afterAll(() => cluster.close());

const ask = (body: object | undefined, headers: object = cluster.admin, query = '') =>
  cluster.ask(`POST /_security/_query/api_key${query}`, { headers: { ...headers }, ...(body && { body }) });
const found = async (query: object, headers?: object): Promise<string[]> => {
  const { json } = await ask({ query, sort: 'name' }, headers);
  return (json.api_keys ?? []).map((key: { name: string }) => key.name);
};

describe('a query finds', () => {
  test.each<[object, string[]]>([
    [{ match_all: {} }, ['app-1', 'app-2', 'old', 'tool']],
    [{ term: { name: 'app-1' } }, ['app-1']],
    [{ term: { name: { value: 'APP-1', case_insensitive: true } } }, ['app-1']],
    [{ term: { invalidated: true } }, ['tool']],
    [{ term: { invalidated: 'false' } }, ['app-1', 'app-2', 'old']],
    [{ term: { username: 'alice' } }, ['tool']],
    [{ term: { realm_name: 'reserved' } }, ['app-1', 'app-2', 'old']],
    [{ term: { realm_name: 'default_native' } }, ['tool']],
    [{ term: { type: 'rest' } }, ['app-1', 'app-2', 'old', 'tool']],
    [{ term: { 'metadata.env': 'prod' } }, ['app-1', 'tool']],
    [{ term: { 'metadata.tags': 'b' } }, ['app-1']],
    [{ term: { 'metadata.level.n': 1 } }, ['app-1']],
    [{ term: { 'metadata.on': true } }, ['app-2']],
    [{ term: { metadata: 'test' } }, ['app-2']],
    [{ terms: { name: ['app-1', 'old', 'none'] } }, ['app-1', 'old']],
    [{ prefix: { name: 'app' } }, ['app-1', 'app-2']],
    [{ prefix: { name: { value: 'APP', case_insensitive: true } } }, ['app-1', 'app-2']],
    [{ wildcard: { name: '*p?2' } }, ['app-2']],
    [{ match: { name: 'old' } }, ['old']],
    [{ exists: { field: 'expiration' } }, ['app-2', 'old']],
    [{ exists: { field: 'metadata.tags' } }, ['app-1']],
    [{ range: { creation: { gte: '2020', lt: 'now-3d/h' } } }, ['app-1']],
    [{ range: { expiration: { lt: 'now' } } }, ['old']],
    // What is rounded up ends with its last millisecond (`JavaDateMathParser`, `DateFieldMapper.dateRangeQuery`).
    [{ range: { creation: { gte: 'now-4d/d', lte: 'now-4d/d' } } }, ['app-1']],
    [{ range: { creation: { gt: 'now-4d/d', lt: 'now-2d/d' } } }, ['app-2']],
    [{ term: { creation: 'now-4d/d' } }, ['app-1']],
    [{ terms: { creation: ['now-4d/d', 'now-1d/d'] } }, ['app-1', 'old']],
    [{ match: { creation: 'now-3d/d' } }, ['app-2']],
    [{ range: { expiration: { gt: 'now+1M' } } }, ['app-2']],
    [{ range: { creation: { lte: '1999-12-31', format: 'yyyy-MM-dd' } } }, []],
    [
      { range: { creation: { gte: '1999-12-31', format: 'strict_date' } } },
      ['app-1', 'app-2', 'old', 'tool'],
    ],
    [{ range: { creation: { lt: '946684800000||+100y' } } }, ['app-1', 'app-2', 'old', 'tool']],
    [{ term: { creation: '2020' } }, []],
    [{ range: { 'metadata.env': { gte: 'q' } } }, ['app-2']],
    [{ bool: {} }, ['app-1', 'app-2', 'old', 'tool']],
    [
      { bool: { must: [{ prefix: { name: 'app' } }], must_not: { term: { 'metadata.env': 'test' } } } },
      ['app-1'],
    ],
    [{ bool: { should: [{ term: { name: 'old' } }, { term: { name: 'tool' } }] } }, ['old', 'tool']],
    [
      { bool: { filter: [{ prefix: { name: 'app' } }], should: [{ term: { name: 'old' } }] } },
      ['app-1', 'app-2'],
    ],
    [
      {
        bool: {
          should: [
            { prefix: { name: 'app' } },
            { exists: { field: 'expiration' } },
            { term: { name: 'old' } },
          ],
          minimum_should_match: 2,
        },
      },
      ['app-2', 'old'],
    ],
  ])('%j', async (query, names) => {
    expect(await found(query)).toEqual(names);
  });

  test('what has one of some ids', async () => {
    expect(await found({ ids: { values: [ids['app-1'], ids.old, 'none'] } })).toEqual(['app-1', 'old']);
  });
});

describe('a query is refused', () => {
  const badBoolean = "Can't parse boolean value [maybe], expected [true] or [false]";

  test.each<[object, object]>([
    [{ term: { secret: 'x' } }, illegal('Field [secret] is not allowed for querying or aggregation')],
    // Patterns are for `simple_query_string` only (`FieldNameTranslators.translate`).
    [
      { term: { 'metadata.*': 'x' } },
      illegal('Field name pattern [metadata.*] is not allowed for querying or aggregation'),
    ],
    [
      { bool: { must: [{ exists: { field: '_id' } }] } },
      illegal('Field [_id] is not allowed for querying or aggregation'),
    ],
    [
      { query_string: { query: 'x' } },
      illegal('Query type [query_string] is not currently supported in this context'),
    ],
    [
      { bool: { must_not: [{ match_phrase: { name: 'x' } }] } },
      illegal('Query type [match_phrase] is not currently supported in this context'),
    ],
    // In the index, dates are milliseconds (`SecuritySystemIndices`). A range of them is looked at before the query is
    // made.
    [
      { term: { creation: 'tomorrow' } },
      queryOnShard(`failed to create query: ${noDate('tomorrow', 0).reason}`, noDate('tomorrow', 0)),
    ],
    [{ range: { creation: { lte: '1999-12-31' } } }, ownOnShard(noDate('1999-12-31', 4))],
    [
      { term: { invalidated: 'maybe' } },
      queryOnShard(`failed to create query: ${badBoolean}`, {
        type: 'illegal_argument_exception',
        reason: badBoolean,
      }),
    ],
    // Complaints of the shard have the names of the index.
    [
      { prefix: { creation: '2' } },
      queryOnShard(
        'Can only use prefix queries on keyword, text and wildcard fields - not on [creation_time] which is of type [date]',
      ),
    ],
  ])('%j', async (query, error) => {
    expectAnswer(await ask({ query }), { status: 400, body: { error, status: 400 } });
  });

  test('if there is no such query, with a suggestion', async () => {
    const { status, json } = await ask({ query: { terem: { name: 'x' } } });
    expect([status, json.error.reason]).toEqual([
      400,
      '[1:19] [query_api_key_request_payload] failed to parse field [query]',
    ]);
    expect(json.error.caused_by).toEqual({
      type: 'parsing_exception',
      reason: 'unknown query [terem] did you mean any of [term, terms]?',
      line: 1,
      col: 19,
      caused_by: {
        type: 'named_object_not_found_exception',
        reason: '[1:19] unknown field [terem] did you mean any of [term, terms]?',
      },
    });
  });

  test.each<[object, string]>([
    [{ term: 'x' }, '[term] query malformed, no start_object after query name'],
    [{ term: { a: 1, b: 2 } }, "[term] query doesn't support multiple fields, found [a] and [b]"],
    [{ term: { a: [1] } }, '[term] query does not support array of values'],
    [{ term: { name: { valu: 1 } } }, '[term] query does not support [valu]'],
    [
      { term: { name: 'a' }, prefix: { name: 'b' } },
      '[term] malformed query, expected [END_OBJECT] but found [FIELD_NAME]',
    ],
    [{ range: { creation: { from: 1 } } }, '[range] query does not support [from]'],
    [{ bool: { musst: [] } }, '[1:19] [bool] unknown field [musst] did you mean [must]?'],
    [{ exists: {} }, '[exists] must be provided with a [field]'],
    [{ terms: { name: 'a' } }, '[terms] query does not support [name]'],
    [{ bool: { must: [1] } }, '[1:27] [bool] failed to parse field [must]'],
  ])('in its form: %j', async (query, reason) => {
    const { status, json } = await ask({ query });
    expect([status, json.error.caused_by.reason]).toEqual([400, reason]);
  });

  // The words of `ApiKeyFieldNameTranslators` and `ApiKeyBoolQueryBuilder`, which were those of keys alone; `match` and
  // `simple_query_string` came with 8.13 (release notes, elastic/elasticsearch#104594 and #104132).
  test.each([
    ['8.13', { term: { x: 1 } }, 'Field [x] is not allowed for API Key query or aggregation'],
    ['8.13', { fuzzy: { name: 'x' } }, 'Query type [fuzzy] is not supported for API Key query'],
    ['8.12', { term: { x: 1 } }, 'Field [x] is not allowed for API Key query'],
    ['8.12', { match: { name: 'x' } }, 'Query type [match] is not supported for API Key query'],
    [
      '8.12',
      { simple_query_string: { query: 'x' } },
      'Query type [simple_query_string] is not supported for API Key query',
    ],
  ])('in other words in %s: %j', async (version, query, reason) => {
    const older = await emulated({ version });
    const response = await older.ask('POST /_security/_query/api_key', { body: { query } });
    expect(response.json.error).toEqual(illegal(reason));
    await older.close();
  });

  test('if it looks too far', async () => {
    const { status, json } = await ask({ from: 9_995, size: 10 });
    const cause = {
      type: 'illegal_argument_exception',
      reason: expect.stringMatching(
        /^Result window is too large, from \+ size must be less than or equal to: \[10000\] but was \[10005\]/,
      ),
    };
    expect([status, json.error]).toEqual([
      400,
      {
        root_cause: [cause],
        type: 'search_phase_execution_exception',
        reason: 'all shards failed',
        phase: 'query',
        grouped: true,
        failed_shards: [{ shard: 0, index: '.security-7', node: expect.any(String), reason: cause }],
        caused_by: { ...cause, caused_by: cause },
      },
    ]);
  });

  test('for a field that may not be searched, before it looks too far', async () => {
    const { json } = await ask({ query: { term: { realm: 'reserved' } }, from: 9_995, size: 10 });
    expect(json.error.reason).toBe('Field [realm] is not allowed for querying or aggregation');
  });

  test('not for looking too far where nothing was ever stored', async () => {
    const empty = await emulated();
    const body = { from: 9_995, size: 10 };
    const response = await empty.ask('POST /_security/_query/api_key', { body });
    expectAnswer(response, { status: 200, body: { total: 0, count: 0, api_keys: [] } });
    await empty.close();
  });
});

describe('a page', () => {
  const names = async (body: object) =>
    (await ask(body)).json.api_keys.map((key: { name: string }) => key.name);

  test('says how many there are and how many are on it', async () => {
    const { json } = await ask({ from: 1, size: 2, sort: ['name'] });
    expect([json.total, json.count, json.api_keys.length]).toEqual([4, 2, 2]);
    expect(await names({ from: 1, size: 2, sort: ['name'] })).toEqual(['app-2', 'old']);
    expect((await ask({ size: 0 })).json).toEqual({ total: 4, count: 0, api_keys: [] });
    expect((await ask(undefined)).json).toMatchObject({ total: 4, count: 4 });
  });

  test('is in the order that was asked for, and shows by what', async () => {
    const { json } = await ask({
      sort: [{ username: { order: 'desc' } }, { creation: { order: 'desc', format: 'date_time' } }],
    });
    expect(json.api_keys.map((key: { name: string }) => key.name)).toEqual(['old', 'app-2', 'app-1', 'tool']);
    expect(json.api_keys[0]._sort).toEqual(['elastic', new Date(json.api_keys[0].creation).toISOString()]);
    expect((await ask({ sort: 'creation' })).json.api_keys[0]._sort).toEqual([expect.any(Number)]);
    expect((await ask({})).json.api_keys[0]).not.toHaveProperty('_sort');
  });

  test('has what lacks the criterion last, in either direction', async () => {
    expect((await names({ sort: { expiration: { order: 'asc' } } })).slice(0, 2)).toEqual(['old', 'app-2']);
    expect((await names({ sort: { expiration: { order: 'desc' } } })).slice(0, 2)).toEqual(['app-2', 'old']);
  });

  test('can begin after the last one of another', async () => {
    const sort = [{ name: { order: 'desc' } }];
    expect(await names({ sort, size: 2 })).toEqual(['tool', 'old']);
    expect(await names({ sort, size: 2, search_after: ['old'] })).toEqual(['app-2', 'app-1']);
    const dates = [{ creation: { order: 'asc', format: 'date_time' } }];
    const [first] = (await ask({ sort: dates, size: 1 })).json.api_keys;
    expect(await names({ sort: dates, size: 1, search_after: first._sort })).toEqual(['app-2']);
    // Clients keep numbers as texts, for they may be larger than theirs.
    const [plain] = (await ask({ sort: ['creation'], size: 1 })).json.api_keys;
    expect(plain._sort).toEqual([expect.any(Number)]);
    const after = plain._sort.map(String);
    expect(await names({ sort: ['creation'], size: 1, search_after: after })).toEqual(['app-2']);
  });

  test('may not be sorted by what may not be searched', async () => {
    expect((await ask({ sort: ['api_key'] })).json.error.reason).toBe(
      'Field [api_key] is not allowed for querying or aggregation',
    );
    expect((await ask({ sort: [{ name: { order: 'up' } }] })).json.error.caused_by.reason).toBe(
      'Unknown SortOrder [up]',
    );
    // In contrast to a search of documents: recorded from a 9.5.0.
    const cause = {
      type: 'x_content_parse_exception',
      reason: '[1:18] [field_sort] Expected START_OBJECT but was: VALUE_STRING',
    };
    const { error } = (await ask({ sort: [{ name: 'desc' }] })).json;
    expect(error.reason).toBe('[1:18] [query_api_key_request_payload] failed to parse field [sort]');
    expect(error.caused_by).toEqual(cause);
  });
});

describe('who may not see all', () => {
  test('sees what is his: of a user its keys, of a key itself', async () => {
    expect(await found({ match_all: {} }, basic('alice', 'password'))).toEqual(['tool']);
    const { encoded: itself } = (
      await cluster.ask('PUT /_security/api_key', {
        body: { name: 'itself', role_descriptors: { r: { cluster: ['manage_own_api_key'] } } },
      })
    ).json;
    expect(await found({ match_all: {} }, apiKey(itself))).toEqual(['itself']);
    expect(await found({ term: { name: 'app-1' } }, apiKey(itself))).toEqual([]);
    // Of a key what limits it is for others, of a user it is not.
    expect((await ask({}, apiKey(itself), '?with_limited_by=true')).status).toBe(403);
    expect((await ask({}, basic('alice', 'password'), '?with_limited_by=true')).status).toBe(200);
    await cluster.ask('DELETE /_security/api_key', { body: { name: 'itself' } });
  });

  test('sees nothing at all without the privilege for own keys', async () => {
    const { encoded: none } = (
      await cluster.ask('PUT /_security/api_key', { body: { name: 'none', role_descriptors: { r: {} } } })
    ).json;
    expect((await ask({}, apiKey(none))).status).toBe(403);
    await cluster.ask('DELETE /_security/api_key', { body: { name: 'none' } });
  });

  test('limits are shown on request', async () => {
    const body = { query: { term: { name: 'app-1' } } };
    expect((await ask(body)).json.api_keys[0]).not.toHaveProperty('limited_by');
    const shown = (await ask(body, cluster.admin, '?with_limited_by=true')).json.api_keys[0];
    expect(Object.keys(shown.limited_by[0])).toEqual(['superuser']);
  });
});

describe('users', () => {
  const users = async (body: object): Promise<string[]> =>
    (await cluster.ask('POST /_security/_query/user', { body })).json.users.map(
      (user: { username: string }) => user.username,
    );

  test('can be searched, without those that are reserved', async () => {
    expect(await users({ sort: ['username'] })).toEqual(['alice', 'bob', 'carol']);
    expect(await users({ query: { term: { enabled: false } } })).toEqual(['bob']);
    expect(await users({ query: { term: { roles: 'superuser' } } })).toEqual(['carol']);
    expect(await users({ query: { match: { full_name: 'liddell' } } })).toEqual(['alice']);
    expect(await users({ query: { match: { full_name: 'Someone LIDDELL' } } })).toEqual(['alice']);
    const both = { query: 'Someone Liddell', operator: 'and' };
    expect(await users({ query: { match: { full_name: both } } })).toEqual([]);
    expect(await users({ query: { match: { email: 'alice@nowhere.test' } } })).toEqual(['alice']);
    for (const email of ['alice@example.org', 'example.org', 'alice', 'org']) {
      expect(await users({ query: { term: { email } } })).toEqual(['alice']);
    }
    expect(await users({ query: { term: { email: 'alice@example' } } })).toEqual([]);
    expect(await users({ query: { exists: { field: 'email' } } })).toEqual(['alice']);
    expect(await users({ query: { prefix: { username: 'b' } } })).toEqual(['bob']);
  });

  test('are shown whole, with what they were sorted by', async () => {
    const { json } = await cluster.ask('GET /_security/_query/user', {
      body: { query: { ids: { values: ['alice'] } }, sort: ['username'] },
    });
    expect(json).toEqual({
      total: 1,
      count: 1,
      users: [
        {
          username: 'alice',
          roles: ['own'],
          full_name: 'Alice Liddell',
          email: 'alice@example.org',
          metadata: {},
          enabled: true,
          _sort: ['alice'],
        },
      ],
    });
  });

  test('can be sorted by few fields', async () => {
    const { json } = await cluster.ask('POST /_security/_query/user', { body: { sort: ['full_name'] } });
    expect(json.error.reason).toBe('sorting is not supported for field [full_name]');
  });

  // Release notes of 8.13.0, elastic/elasticsearch#104033.
  test('can not be searched before 8.13', async () => {
    const older = await emulated({ version: '8.12' });
    const response = await older.ask('POST /_security/_query/user', { body: {} });
    expect(response.json.error).toBe('no handler found for uri [/_security/_query/user] and method [POST]');
    await older.close();
  });
});

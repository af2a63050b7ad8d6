/**
 * Which documents a search finds, in which order and form. What a caller may not see is in document-security.test.ts.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, emulated, expectAnswer } from '../../cluster.js';

const hour = 3_600_000;
let cluster: Cluster;

beforeAll(async () => {
  cluster = await emulated();
  const mappings = { properties: { code: { type: 'keyword' }, level: { type: 'byte' } } };
  await cluster.ask('PUT /books', { body: { mappings } });
  const put = (path: string, body: object) => cluster.ask(`PUT ${path}`, { body });
  const emma = { title: 'Emma', author: { name: 'Jane Austen' }, pages: 474, printed: '1815-12-23' };
  await put('/books/_doc/emma', { ...emma, code: 'A1', lent: false, tags: ['novel', 'classic'], level: '3' });
  const alice = { title: "Alice's Adventures in Wonderland", pages: 192, printed: '1865-11-26T08:00:00Z' };
  await put('/books/_doc/alice', { ...alice, code: 'B2', lent: true, tags: ['novel'], rating: 4.5 });
  await put('/books/_doc/blank', { title: '', code: 'b2', tags: [], author: {} });
  await put('/films/_doc/emma', {
    title: 'Emma.',
    pages: 'none',
    seen: new Date(Date.now() + hour).toJSON(),
  });
});
afterAll(() => cluster.close());

const search = (body: object, path = '/books/_search') => cluster.ask(`POST ${path}`, { body });
const ids = async (body: object, path?: string): Promise<string[]> => {
  const { status, json } = await search(body, path);
  expect(status).toBe(200);
  return json.hits.hits.map((hit: { _id: string }) => hit._id);
};

describe('a query', () => {
  test.each<[object, string[]]>([
    [{ match_all: {} }, ['emma', 'alice', 'blank']],
    // Text is found by its words, whatever their case.
    [{ match: { title: 'EMMA' } }, ['emma']],
    [{ match: { title: 'emma wonderland' } }, ['emma', 'alice']],
    [{ match: { title: { query: 'adventures emma', operator: 'and' } } }, []],
    [{ match: { title: { query: 'wonderland ADVENTURES', operator: 'AND' } } }, ['alice']],
    [{ match: { title: '!' } }, []],
    [{ match: { title: { query: '!', operator: 'and' } } }, []],
    [{ match: { title: "alice's" } }, ['alice']],
    // A term is compared as it is: with the words of a text, with a keyword as a whole.
    [{ term: { title: 'Emma' } }, []],
    [{ term: { title: 'emma' } }, ['emma']],
    [{ term: { 'title.keyword': 'Emma' } }, ['emma']],
    [{ term: { 'title.keyword': { value: 'EMMA', case_insensitive: true } } }, ['emma']],
    [{ term: { code: 'B2' } }, ['alice']],
    [{ match: { code: 'B2' } }, ['alice']],
    [{ term: { tags: 'classic' } }, ['emma']],
    [{ terms: { code: ['A1', 'b2', 'C3'] } }, ['emma', 'blank']],
    [{ terms: { pages: [474, '192'] } }, ['emma', 'alice']],
    [{ term: { 'author.name.keyword': 'Jane Austen' } }, ['emma']],
    [{ term: { pages: 474 } }, ['emma']],
    [{ term: { level: 3 } }, ['emma']],
    [{ term: { rating: 4.5 } }, ['alice']],
    [{ term: { lent: 'true' } }, ['alice']],
    [{ range: { pages: { gt: 192 } } }, ['emma']],
    [{ range: { pages: { gte: 192, lte: '474' } } }, ['emma', 'alice']],
    [{ range: { printed: { lt: '1865-11-26T08:00:01Z', gte: '1865' } } }, ['alice']],
    [{ range: { printed: { lt: 'now-100y/y' } } }, ['emma', 'alice']],
    [{ range: { printed: { lte: '1865-11' } } }, ['emma', 'alice']],
    [{ range: { printed: { gt: '1815' } } }, ['alice']],
    [{ term: { printed: '1865-11-26' } }, ['alice']],
    [{ range: { code: { gte: 'B', lt: 'b' } } }, ['alice']],
    [{ exists: { field: 'tags' } }, ['emma', 'alice']],
    [{ exists: { field: 'author' } }, ['emma']],
    [{ ids: { values: ['blank', 'emma', 'x'] } }, ['emma', 'blank']],
    [{ term: { _id: 'alice' } }, ['alice']],
    [{ term: { _index: 'films' } }, []],
    [{ prefix: { code: 'B' } }, ['alice']],
    [{ wildcard: { 'title.keyword': '*mm?' } }, ['emma']],
    [{ wildcard: { 'title.keyword': '?mm' } }, []],
    [{ wildcard: { 'title.keyword': 'A*in*land*' } }, ['alice']],
    [{ wildcard: { 'title.keyword': { value: 'a*LAND', case_insensitive: true } } }, ['alice']],
    [{ wildcard: { code: '*' } }, ['emma', 'alice', 'blank']],
    // There is nothing in a field that does not exist.
    [{ term: { nowhere: 'x' } }, []],
    [{ term: { constructor: 'x' } }, []],
    [{ bool: { must_not: { exists: { field: 'nowhere' } } } }, ['emma', 'alice', 'blank']],
    [{ bool: { filter: [{ term: { tags: 'novel' } }], must_not: { term: { lent: true } } } }, ['emma']],
    [{ bool: { should: [{ term: { code: 'A1' } }, { term: { code: 'b2' } }] } }, ['emma', 'blank']],
    [{ bool: { must: { match_all: {} }, should: [{ term: { code: 'A1' } }] } }, ['emma', 'alice', 'blank']],
    [
      {
        bool: {
          should: [{ term: { code: 'A1' } }, { term: { tags: 'novel' } }, { term: { lent: true } }],
          minimum_should_match: 2,
        },
      },
      ['emma', 'alice'],
    ],
  ])('%j', async (query, expected) => {
    expect(await ids({ query })).toEqual(expected);
    expect((await cluster.ask('POST /books/_count', { body: { query } })).json.count).toBe(expected.length);
  });

  test('knows what time it is in the emulator', async () => {
    const later = { query: { range: { seen: { lte: 'now' } } } };
    expect(await ids(later, '/films/_search')).toEqual([]);
    await cluster.advance(2 * hour);
    expect(await ids(later, '/films/_search')).toEqual(['emma']);
  });
});

describe('a query in the path', () => {
  test.each<[string, string[]]>([
    ['title:emma', ['emma']],
    ['title:Emma title:wonderland', ['emma', 'alice']],
    ['title:emma%20AND%20title:wonderland', []],
    ['title:adventures%20AND%20title:wonderland', ['alice']],
    ['%2Btags:novel%20title:emma', ['emma', 'alice']],
    ['tags:novel%20-title:emma', ['alice']],
    ['tags:novel%20AND%20NOT%20title:emma', ['alice']],
    ['title:wonder*', ['alice']],
    ['lent:true', ['alice']],
    ['rating:*', ['alice']],
    ['_exists_:pages', ['emma', 'alice']],
    ['*:*', ['emma', 'alice', 'blank']],
    ['classic', ['emma']],
    ['austen%20wonderland', ['emma', 'alice']],
    ['austen%20novel&default_operator=AND', ['emma']],
    ['wonderland&df=title', ['alice']],
    ['wonderland&df=code', []],
  ])('%s finds %j', async (query, found) => {
    const parts = query.replaceAll(' ', '%20');
    const { json } = await cluster.ask(`GET /books/_search?q=${parts}`);
    expect(json.hits.hits.map((hit: { _id: string }) => hit._id).sort()).toEqual([...found].sort());
    expect((await cluster.ask(`GET /books/_count?q=${parts}`)).json.count).toBe(found.length);
  });

  test('is refused if it is more than is understood', async () => {
    const { status, json } = await cluster.ask('GET /books/_search?q=(a%20b)~2');
    expect([status, json.error.type]).toEqual([400, 'illegal_argument_exception']);
  });
});

describe('an answer', () => {
  test('has all that Elasticsearch writes', async () => {
    expectAnswer(await search({ query: { term: { code: 'A1' } }, _source: ['code', 'tags'] }), {
      status: 200,
      body: {
        took: expect.any(Number),
        timed_out: false,
        _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
        hits: {
          total: { value: 1, relation: 'eq' },
          max_score: 0.9808291,
          hits: [
            {
              _index: 'books',
              _id: 'emma',
              _score: 0.9808291,
              _source: { code: 'A1', tags: ['novel', 'classic'] },
            },
          ],
        },
      },
    });
    expectAnswer(await cluster.ask('GET /books/_count'), {
      status: 200,
      body: { count: 3, _shards: { total: 1, successful: 1, skipped: 0, failed: 0 } },
    });
  });

  test('counts as far as was asked for', async () => {
    const total = async (value: unknown) =>
      (await search({ track_total_hits: value, size: 0 })).json.hits.total;
    expect(await total(true)).toEqual({ value: 3, relation: 'eq' });
    expect(await total(3)).toEqual({ value: 3, relation: 'eq' });
    expect(await total(2)).toEqual({ value: 2, relation: 'gte' });
    expect(await total(false)).toBeUndefined();
    const plain = await cluster.ask('GET /books/_search?rest_total_hits_as_int=true');
    expect(plain.json.hits.total).toBe(3);
  });

  test('shows what part of a document was asked for', async () => {
    const source = async (_source: unknown) =>
      (await search({ query: { ids: { values: ['emma'] } }, _source })).json.hits.hits[0]._source;
    expect(await source(false)).toBeUndefined();
    expect(await source('author')).toEqual({ author: { name: 'Jane Austen' } });
    const { code, ...others } = await source(true);
    expect(await source({ excludes: ['code'] })).toEqual(others);
    expect(await source({ includes: ['c*', 'author'], excludes: '*.name' })).toEqual({ code });
  });

  test('is in the order that was asked for, what lacks the field last', async () => {
    expect(await ids({ sort: [{ pages: 'desc' }] })).toEqual(['emma', 'alice', 'blank']);
    expect(await ids({ sort: 'pages' })).toEqual(['alice', 'emma', 'blank']);
    // Of several values the smallest counts, or going down the greatest.
    expect(await ids({ sort: ['tags.keyword'] })).toEqual(['emma', 'alice', 'blank']);
    expect(await ids({ sort: ['tags.keyword', { code: 'desc' }] })).toEqual(['emma', 'alice', 'blank']);
    expect(await ids({ sort: [{ 'tags.keyword': 'desc' }, { code: 'desc' }] })).toEqual([
      'alice',
      'emma',
      'blank',
    ]);
    const { json } = await search({ sort: [{ pages: 'asc' }], size: 1 });
    expect(json.hits.max_score).toBeNull();
    expect(json.hits.hits[0]).toMatchObject({ _id: 'alice', _score: null, sort: [192] });
    expect(await ids({ sort: ['pages'], search_after: [192] })).toEqual(['emma', 'blank']);
    expect(await ids({ sort: ['pages'], search_after: ['192'] })).toEqual(['emma', 'blank']);
    expect((await search({ sort: ['_score'] })).json.hits.hits[0]).toMatchObject({ _score: 1, sort: [1] });
  });

  test('is a page', async () => {
    expect(await ids({ from: 1, size: 1 })).toEqual(['alice']);
    const get = await cluster.ask('GET /books/_search?size=1&from=2&sort=pages:desc&_source=title');
    expect(get.json.hits.hits).toEqual([
      { _index: 'books', _id: 'blank', _score: null, _source: { title: '' }, sort: [null] },
    ]);
  });
});

describe('several indices', () => {
  const found = async (path: string): Promise<string[]> =>
    (await cluster.ask(`GET ${path}`)).json.hits.hits.map(
      (hit: { _index: string; _id: string }) => `${hit._index}/${hit._id}`,
    );

  test.each([
    ['/_search', 4],
    ['/_all/_search', 4],
    ['/*/_search', 4],
    ['/films,books/_search', 4],
    ['/b*,films/_search', 4],
    ['/*,-films/_search', 3],
    ['/f*/_search', 1],
    ['/nothing*/_search', 0],
    ['/missing,books/_search?ignore_unavailable=true', 3],
  ])('%s', async (path, count) => {
    expect(await found(path)).toHaveLength(count);
  });

  test('are searched each by its own fields', async () => {
    const body = { query: { match: { title: 'emma' } } };
    expect((await search(body, '/_search')).json.hits.hits).toMatchObject([
      { _index: 'books', _id: 'emma' },
      { _index: 'films', _id: 'emma' },
    ]);
  });

  test('answer as far as they can', async () => {
    const { status, json } = await search({ query: { term: { pages: 'none' } } }, '/_search');
    expect([status, json.hits.total.value]).toEqual([200, 1]);
    expect(json._shards).toMatchObject({ total: 2, successful: 1, failed: 1 });
    expect(json._shards.failures[0]).toMatchObject({
      shard: 0,
      index: 'books',
      reason: { type: 'query_shard_exception', reason: 'failed to create query: For input string: "none"' },
    });
  });

  test('may have to be there', async () => {
    const nothing = 'ignore_unavailable=true&allow_no_indices=false';
    expect((await cluster.ask(`GET /nothing/_search?${nothing}`)).status).toBe(404);
    const { status, json } = await cluster.ask('GET /nothing*/_search?allow_no_indices=false');
    expect([status, json.error.reason]).toEqual([404, 'no such index [nothing*]']);
  });

  test('of which there are none have no score', async () => {
    const empty = await emulated();
    expectAnswer(await empty.ask('GET /_search'), {
      status: 200,
      body: {
        took: expect.any(Number),
        timed_out: false,
        _shards: { total: 0, successful: 0, skipped: 0, failed: 0 },
        hits: { total: { value: 0, relation: 'eq' }, max_score: 0, hits: [] },
      },
    });
    await empty.close();
  });
});

describe('is refused', () => {
  test('a query that nobody knows, with a suggestion', async () => {
    const body = (reason: string, cause: string) => {
      const error = { type: 'parsing_exception', reason, line: 1, col: 17 };
      const caused_by = { type: 'named_object_not_found_exception', reason: `[1:17] ${cause}` };
      return { error: { root_cause: [error], ...error, caused_by }, status: 400 };
    };
    expectAnswer(await search({ query: { foo: {} } }), {
      status: 400,
      body: body('unknown query [foo]', 'unknown field [foo]'),
    });
    const { json } = await search({ query: { terem: {} } });
    expect(json.error.reason).toBe('unknown query [terem] did you mean any of [term, terms]?');
  });

  test.each<[object, string, string]>([
    [{ foo: 1 }, 'parsing_exception', 'Unknown key for a VALUE_NUMBER in [foo].'],
    [{ aggs: {} }, 'illegal_argument_exception', '[aggs] is not supported by the emulator'],
    [
      { query: { fuzzy: { a: 'b' } } },
      'illegal_argument_exception',
      '[fuzzy] queries are not supported by the emulator',
    ],
    [{ query: [] }, 'parsing_exception', '[_na] query malformed, must start with start_object'],
    [{ query: {} }, 'illegal_argument_exception', 'query malformed, empty clause found at [1:11]'],
    [{ from: -1 }, 'illegal_argument_exception', '[from] parameter cannot be negative but was [-1]'],
    [{ size: -1 }, 'illegal_argument_exception', '[size] parameter cannot be negative, found [-1]'],
    [{ size: 'x' }, 'illegal_argument_exception', 'For input string: "x"'],
    [
      { query: { range: { pages: { from: 1 } } } },
      'parsing_exception',
      '[range] query does not support [from]',
    ],
    [{ sort: ['nowhere'] }, 'query_shard_exception', 'No mapping found for [nowhere] in order to sort on'],
    [
      { query: { term: { pages: 'x' } } },
      'query_shard_exception',
      'failed to create query: For input string: "x"',
    ],
    [
      { query: { term: { lent: 'x' } } },
      'query_shard_exception',
      "failed to create query: Can't parse boolean value [x], expected [true] or [false]",
    ],
  ])('%j', async (body, type, reason) => {
    const { status, json } = await search(body);
    expect([status, json.error.root_cause[0].type, json.error.root_cause[0].reason]).toEqual([
      400,
      type,
      reason,
    ]);
  });

  test('what goes wrong in an index, with the index', async () => {
    const { uuid } = (await cluster.ask('GET /books')).json.books.settings.index;
    const reason = 'failed to create query: For input string: "x"';
    const root = { type: 'query_shard_exception', reason, index_uuid: uuid, index: 'books' };
    const caused_by = { type: 'number_format_exception', reason: 'For input string: "x"' };
    expectAnswer(await search({ query: { range: { pages: { gt: 'x' } } } }), {
      status: 400,
      body: {
        error: {
          root_cause: [root],
          type: 'search_phase_execution_exception',
          reason: 'all shards failed',
          phase: 'query',
          grouped: true,
          failed_shards: [
            { shard: 0, index: 'books', node: expect.any(String), reason: { ...root, caused_by } },
          ],
        },
        status: 400,
      },
    });
  });

  test('sorting by the words of a text', async () => {
    const { json } = await search({ sort: ['title'] });
    expect(json.error.root_cause[0].reason).toMatch(/^Fielddata is disabled on \[title\] in \[books\]\./);
  });

  test('a page that is too far away', async () => {
    const { json } = await search({ from: 9_999, size: 2 });
    expect([json.error.type, json.error.root_cause[0].reason]).toEqual([
      'search_phase_execution_exception',
      expect.stringMatching(
        /^Result window is too large, from \+ size must be .* \[10000\] but was \[10001\]/,
      ),
    ]);
  });

  test('anything but a query in a count', async () => {
    const { status, json } = await cluster.ask('POST /books/_count', { body: { size: 1 } });
    expect([status, json.error.type, json.error.reason]).toEqual([
      400,
      'parsing_exception',
      'request does not support [size]',
    ]);
  });

  test('parameters that are not there', async () => {
    const { status, json } = await cluster.ask('GET /books/_search?scroll=1m');
    expect([status, json.error.reason]).toEqual([
      400,
      'request [/books/_search] contains unrecognized parameter: [scroll]',
    ]);
    expect((await cluster.ask('GET /books/_search?expand_wildcards=some')).json.error.reason).toBe(
      'No valid expand wildcard value [some]',
    );
  });

  test('an exclusion of nothing', async () => {
    const { status, json } = await cluster.ask('GET /-films,books/_search');
    expect([status, json.error.reason]).toEqual([404, 'no such index [-films]']);
  });

  test('names that no index can have', async () => {
    const { status, json } = await cluster.ask('GET /_books/_search');
    expect([status, json.error.reason]).toEqual([
      400,
      "Invalid index name [_books], must not start with '_'.",
    ]);
  });
});

/**
 * Aggregations of API keys: what they come to. Facts from Elasticsearch's `api_key/21_query_with_aggs.yml` and
 * `ApiKeyAggsIT`, and from the classes named below, which write the results (`Internal…`).
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../support/http-client.js';
import { type Cluster, emulated } from '../cluster.js';

let cluster: Cluster;
let created = 0;
const day = 86_400_000;
const alice = basic('alice', 'password');

beforeAll(async () => {
  cluster = await emulated({
    roles: { own: { cluster: ['manage_own_api_key'] } },
    users: {
      alice: { password: 'password', roles: ['own'] },
      bob: { password: 'password', roles: ['own'] },
    },
  });
  // Days are the same all the while if it is noon.
  await cluster.advance((1.5 * day - (Date.now() % day)) % day);
  const make = async (name: string, body: object, headers: object = cluster.admin) => {
    const outgoing = { headers: { ...headers }, body: { name, ...body } };
    const { json } = await cluster.ask('PUT /_security/api_key', outgoing);
    await cluster.advance(day);
    return json.id;
  };
  await make('key-1', { expiration: '10d', metadata: { tags: ['prod', 'east'], host: 'a' } }, alice);
  const second = await make(
    'key-2',
    { expiration: '20d', metadata: { tags: ['prod', 'west'], host: 'b' } },
    alice,
  );
  await make(
    'key-3',
    { expiration: '40d', metadata: { tags: ['prod'], host: 'b', level: 7 } },
    basic('bob', 'password'),
  );
  await make('key-4', { metadata: { tags: ['test', 'test'] } });
  await cluster.ask('POST /_security/cross_cluster/api_key', {
    body: { name: 'cross', access: { search: [{ names: ['a'] }] } },
  });
  await cluster.ask('DELETE /_security/api_key', { body: { ids: [second] } });
  const { json } = await cluster.ask('POST /_security/_query/api_key', { body: { sort: ['name'] } });
  created = json.api_keys[1].creation;
});
afterAll(() => cluster.close());

interface More {
  readonly headers?: object;
  readonly params?: string;
  readonly [member: string]: unknown;
}

async function aggregations(aggs: object, { headers = cluster.admin, params = '', ...more }: More = {}) {
  const { status, json } = await cluster.ask(`POST /_security/_query/api_key${params}`, {
    headers: { ...headers },
    body: { size: 0, aggs, ...more },
  });
  expect([status, json.error]).toEqual([200, undefined]);
  return json.aggregations;
}

const keys = (...pairs: [unknown, number][]): object[] =>
  pairs.map(([key, doc_count]) => ({ key, doc_count }));
const counted = (buckets: object[], others = 0): object => ({
  doc_count_error_upper_bound: 0,
  sum_other_doc_count: others,
  buckets,
});

describe('an answer', () => {
  const aggs = { names: { composite: { sources: [{ key_name: { terms: { field: 'name' } } }] } } };

  test('has them behind the keys, of all that were found, and no page', async () => {
    const { json } = await cluster.ask('POST /_security/_query/api_key', {
      body: { size: 0, query: { prefix: { name: 'key-' } }, aggs },
    });
    expect(json).toEqual({
      total: 4,
      count: 0,
      api_keys: [],
      aggregations: {
        names: {
          after_key: { key_name: 'key-4' },
          buckets: ['key-1', 'key-2', 'key-3', 'key-4'].map((key_name) => ({
            key: { key_name },
            doc_count: 1,
          })),
        },
      },
    });
    expect(Object.keys(json)).toEqual(['total', 'count', 'api_keys', 'aggregations']);
    const page = await aggregations(aggs, { size: 1, from: 1, sort: ['name'] });
    expect(page.names.buckets.length).toBe(5);
  });

  test('has none where nothing was found, and where none was asked for', async () => {
    const body = { query: { term: { name: 'none' } }, aggs };
    const nothing = { total: 0, count: 0, api_keys: [] };
    expect((await cluster.ask('POST /_security/_query/api_key', { body })).json).toEqual(nothing);
    expect(await aggregations({})).toBeUndefined();
    const empty = await emulated();
    expect((await empty.ask('POST /_security/_query/api_key', { body: { aggs } })).json).toEqual(nothing);
    await empty.close();
  });

  test('has the types of results in front of their names, if asked for', async () => {
    const typed = await aggregations(
      {
        a: { terms: { field: 'name' }, aggs: { n: { value_count: { field: 'name' } } } },
        b: { terms: { field: 'invalidated' } },
        c: { filters: { filters: { all: { match_all: {} } } } },
        d: { filter: { match_all: {} } },
        e: { missing: { field: 'expiration' } },
        f: { range: { field: 'creation', ranges: [{ from: 1 }] } },
        g: { date_range: { field: 'creation', ranges: [{ from: 1 }] } },
        h: { cardinality: { field: 'name' } },
        i: aggs.names,
      },
      { params: '?typed_keys' },
    );
    expect(Object.keys(typed)).toEqual([
      'sterms#a',
      'lterms#b',
      'filters#c',
      'filter#d',
      'missing#e',
      'range#f',
      'date_range#g',
      'cardinality#h',
      'composite#i',
    ]);
    expect(typed['sterms#a'].buckets[0]['value_count#n']).toEqual({ value: 1 });
  });

  test('gives back what the caller wants with it, whatever its name', async () => {
    const meta = { about: ['it', 1.5] };
    expect(await aggregations({ __proto__x: { filter: { match_all: {} }, meta } })).toEqual({
      __proto__x: { meta, doc_count: 5 },
    });
    const { text } = await cluster.ask('POST /_security/_query/api_key', {
      body: '{"size":0,"aggs":{"__proto__":{"filter":{"match_all":{}}}}}',
      headers: { ...cluster.admin, 'content-type': 'application/json' },
    });
    expect(text).toContain('"aggregations":{"__proto__":{"doc_count":5}}');
  });

  test('is about the own keys only, for whoever sees only those', async () => {
    const wanted = {
      users: { terms: { field: 'username' } },
      all: { filter: { match_all: {} } },
      every: { filters: { filters: [{ exists: { field: 'username' } }], other_bucket: true } },
    };
    const own = await aggregations(wanted, { headers: alice });
    expect(own).toEqual({
      users: counted(keys(['alice', 2])),
      all: { doc_count: 2 },
      every: { buckets: [{ doc_count: 2 }, { doc_count: 0 }] },
    });
    const { json } = await cluster.ask('PUT /_security/api_key', {
      body: { name: 'itself', role_descriptors: { r: { cluster: ['manage_own_api_key'] } } },
    });
    const itself = await aggregations(wanted, { headers: apiKey(json.encoded) });
    expect([itself.users.buckets, itself.all]).toEqual([keys(['elastic', 1]), { doc_count: 1 }]);
    // The emulator has no way to remove it: what follows is about all that have another name.
    await cluster.ask('DELETE /_security/api_key', { body: { ids: [json.id] } });
  });
});

const query = { bool: { must_not: { term: { name: 'itself' } } } };
const result = async (aggs: object): Promise<unknown> => {
  const { x } = await aggregations({ x: aggs }, { query });
  return x;
};

describe('terms', () => {
  test.each<[object, object]>([
    [{ field: 'username' }, counted(keys(['alice', 2], ['elastic', 2], ['bob', 1]))],
    [{ field: 'username', size: 1 }, counted(keys(['alice', 2]), 3)],
    [{ field: 'username', order: { _key: 'desc' } }, counted(keys(['elastic', 2], ['bob', 1], ['alice', 2]))],
    [
      { field: 'username', order: [{ _count: 'asc' }, { _key: 'desc' }] },
      counted(keys(['bob', 1], ['elastic', 2], ['alice', 2])),
    ],
    [{ field: 'username', min_doc_count: 2 }, counted(keys(['alice', 2], ['elastic', 2]))],
    [{ field: 'username', include: ['bob', 'carol'] }, counted(keys(['bob', 1]))],
    [{ field: 'username', include: '.*i.*', exclude: 'elast.c' }, counted(keys(['alice', 2]))],
    [
      { field: 'username', size: 1, show_term_doc_count_error: true },
      counted([{ key: 'alice', doc_count: 2, doc_count_error_upper_bound: 0 }], 3),
    ],
    // Each value of one key counts once; of metadata all together too.
    [{ field: 'metadata.tags' }, counted(keys(['prod', 3], ['east', 1], ['test', 1], ['west', 1]))],
    [{ field: 'metadata.host', missing: 'none' }, counted(keys(['b', 2], ['none', 2], ['a', 1]))],
    [{ field: 'metadata.nothing' }, counted([])],
    [{ field: 'metadata', size: 2 }, counted(keys(['prod', 3], ['b', 2]), 5)],
    [{ field: 'type' }, counted(keys(['rest', 4], ['cross_cluster', 1]))],
    // `LongTerms`: booleans are numbers, with their names beside them; dates are in milliseconds, as in the index.
    [
      { field: 'invalidated' },
      counted([
        { key: 0, key_as_string: 'false', doc_count: 4 },
        { key: 1, key_as_string: 'true', doc_count: 1 },
      ]),
    ],
  ])('%j', async (terms, expected) => {
    expect(await result({ terms })).toEqual(expected);
  });

  test('of dates, in some format', async () => {
    const date = { field: 'creation', order: { _key: 'asc' }, size: 1 };
    const first = created;
    expect(await result({ terms: date })).toMatchObject({
      buckets: [{ key: first, key_as_string: String(first), doc_count: 1 }],
    });
    const iso = new Date(first).toISOString();
    const [year, month, dayOfMonth] = iso.slice(0, 10).split('-');
    for (const [format, text] of [
      ['strict_date_optional_time', iso],
      ['yyyy-MM', iso.slice(0, 7)],
      ["dd.MM.yyyy 'at' HH:mm:ss.SSS", `${dayOfMonth}.${month}.${year} at ${iso.slice(11, 23)}`],
      ['epoch_second', String(Math.floor(first / 1000))],
    ]) {
      const shown = await result({ terms: { ...date, format } });
      expect(shown).toMatchObject({ buckets: [{ key: first, key_as_string: text, doc_count: 1 }] });
    }
  });

  test('in the order of what is inside', async () => {
    const aggs = {
      tags: { cardinality: { field: 'metadata.tags' } },
      dead: { filter: { term: { invalidated: true } }, aggs: { n: { value_count: { field: 'name' } } } },
    };
    const users = async (order: object) => {
      const { x } = await aggregations({ x: { terms: { field: 'username', order }, aggs } }, { query });
      return x.buckets.map(({ key }: { key: string }) => key);
    };
    expect(await users({ tags: 'asc' })).toEqual(['bob', 'elastic', 'alice']);
    expect(await users({ 'tags.value': 'desc' })).toEqual(['alice', 'bob', 'elastic']);
    expect(await users({ dead: 'asc' })).toEqual(['bob', 'elastic', 'alice']);
    expect(await users({ 'dead>n': 'desc' })).toEqual(['alice', 'bob', 'elastic']);
  });
});

describe('numbers, and what is missing', () => {
  test.each<[object, object]>([
    [{ cardinality: { field: 'username' } }, { value: 3 }],
    [{ cardinality: { field: 'metadata.tags', precision_threshold: 10 } }, { value: 4 }],
    [{ cardinality: { field: 'metadata.host', missing: 'c' } }, { value: 3 }],
    [{ value_count: { field: 'metadata.tags' } }, { value: 6 }],
    [{ value_count: { field: 'name' } }, { value: 5 }],
    [{ missing: { field: 'expiration' } }, { doc_count: 2 }],
    [{ missing: { field: 'type' } }, { doc_count: 0 }],
    [
      { missing: { field: 'metadata.host' }, aggs: { n: { terms: { field: 'name' } } } },
      { doc_count: 2, n: counted(keys(['cross', 1], ['key-4', 1])) },
    ],
  ])('%j', async (aggs, expected) => {
    expect(await result(aggs)).toEqual(expected);
  });
});

describe('filters', () => {
  const host = (name: string): object => ({ term: { 'metadata.host': name } });

  test.each<[object, object]>([
    [{ filter: host('b') }, { doc_count: 2 }],
    // With names they are in the order of those, and an object; without, or if that is not wanted, a list.
    [
      { filters: { filters: { two: host('b'), one: { match: { metadata: 'a' } } } } },
      { buckets: { one: { doc_count: 1 }, two: { doc_count: 2 } } },
    ],
    [
      { filters: { filters: [host('b'), { match_all: {} }] } },
      { buckets: [{ doc_count: 2 }, { doc_count: 5 }] },
    ],
    [
      { filters: { keyed: false, filters: { two: host('b'), one: host('a') } } },
      { buckets: keys(['one', 1], ['two', 2]) },
    ],
    [
      { filters: { filters: { two: host('b') }, other_bucket: true } },
      { buckets: { two: { doc_count: 2 }, _other_: { doc_count: 3 } } },
    ],
    [
      { filters: { filters: { two: host('b') }, other_bucket_key: 'rest' } },
      { buckets: { two: { doc_count: 2 }, rest: { doc_count: 3 } } },
    ],
    [
      { filters: { filters: { two: host('b') }, other_bucket_key: 'rest', other_bucket: false } },
      { buckets: { two: { doc_count: 2 } } },
    ],
    [
      { filters: { filters: [{ simple_query_string: { query: 'prod -east' } }] } },
      { buckets: [{ doc_count: 5 }] },
    ],
    [
      {
        filter: { term: { invalidated: false } },
        aggs: { users: { composite: { sources: [{ u: { terms: { field: 'username' } } }] } } },
      },
      {
        doc_count: 4,
        users: {
          after_key: { u: 'elastic' },
          buckets: keys([{ u: 'alice' }, 1], [{ u: 'bob' }, 1], [{ u: 'elastic' }, 2]),
        },
      },
    ],
  ])('%j', async (aggs, expected) => {
    expect(await result(aggs)).toEqual(expected);
  });

  test('with names are written in the order of those', async () => {
    const { x } = await aggregations({
      x: { filters: { filters: { b: { match_all: {} }, a: { match_all: {} } } } },
    });
    expect(Object.keys(x.buckets)).toEqual(['a', 'b']);
  });
});

// `InternalRange`: bounds are numbers with a fraction, as Java writes them, and as texts where the field has a format.
describe('ranges', () => {
  async function text(aggs: object): Promise<string> {
    const response = await cluster.ask('POST /_security/_query/api_key', {
      body: { size: 0, query, aggs: { x: aggs } },
    });
    return /"x":(.*)}}$/.exec(response.text)?.[1] ?? response.text;
  }

  test('of dates', async () => {
    const middle = created + 2 * day;
    const inJava = (instant: number): string =>
      `${String(instant).replace(/0+$/, '').replace(/^1/, '1.')}E12`;
    expect(await text({ range: { field: 'creation', ranges: [{ from: middle }, { to: middle }] } })).toBe(
      `{"buckets":[{"key":"*-${middle}","to":${inJava(middle)},"to_as_string":"${middle}","doc_count":2},` +
        `{"key":"${middle}-*","from":${inJava(middle)},"from_as_string":"${middle}","doc_count":3}]}`,
    );
    const dayAfter = (days: number): number => Math.ceil(created / day) * day + days * day;
    const named = (days: number): string => new Date(dayAfter(days)).toISOString().slice(0, 10);
    const [from, to] = [named(1), named(3)];
    const formatted = { field: 'creation', format: 'yyyy-MM-dd' };
    const ranges = [{ key: 'new', from, to }];
    expect(await text({ date_range: { ...formatted, keyed: true, ranges } })).toBe(
      `{"buckets":{"new":{"from":${inJava(dayAfter(1))},"from_as_string":"${from}",` +
        `"to":${inJava(dayAfter(3))},"to_as_string":"${to}","doc_count":2}}}`,
    );
    expect(await text({ date_range: { ...formatted, ranges: [{ to: `${named(0)}||+1d` }] } })).toBe(
      `{"buckets":[{"key":"*-${from}","to":${inJava(dayAfter(1))},"to_as_string":"${from}","doc_count":2}]}`,
    );
  });

  test('have their lower bound, and not the upper one', async () => {
    const at = {
      range: { field: 'creation', ranges: [{ to: created }, { from: created, to: created + 1 }] },
    };
    expect(await result(at)).toMatchObject({ buckets: [{ doc_count: 0 }, { doc_count: 1 }] });
  });

  test('of now', async () => {
    const soon = {
      date_range: { field: 'expiration', ranges: [{ to: 'now+10d/d' }, { from: 'now+10d/d' }] },
    };
    expect(await result(soon)).toMatchObject({ buckets: [{ doc_count: 1 }, { doc_count: 2 }] });
  });

  test('of flags, which are numbers here', async () => {
    expect(await text({ range: { field: 'invalidated', ranges: [{ from: 0.5, key: 'dead' }] } })).toBe(
      '{"buckets":[{"key":"dead","from":0.5,"from_as_string":true,"doc_count":1}]}',
    );
  });

  test('inside others, and others inside', async () => {
    const inner = {
      old: {
        date_range: { field: 'creation', ranges: [{ to: created + day }] },
        aggs: { n: { value_count: { field: 'name' } } },
      },
    };
    const { x } = await aggregations({ x: { terms: { field: 'username' }, aggs: inner } }, { query });
    const counts = x.buckets.map((bucket: { old: { buckets: { n: object }[] } }) => bucket.old.buckets[0]?.n);
    expect(counts).toEqual([{ value: 1 }, { value: 0 }, { value: 0 }]);
  });
});

// `InternalComposite`, `CompositeAggregation.toXContentFragment`, `TermsValuesSourceBuilder`
describe('a composite', () => {
  const source = (name: string, field: string, more: object = {}): object => ({
    [name]: { terms: { field, ...more } },
  });

  test.each<[object, object]>([
    [
      { sources: [source('u', 'username', { order: 'desc' }), source('dead', 'invalidated')], size: 2 },
      {
        after_key: { u: 'bob', dead: false },
        buckets: keys([{ u: 'elastic', dead: false }, 2], [{ u: 'bob', dead: false }, 1]),
      },
    ],
    [
      {
        sources: [source('u', 'username', { order: 'desc' }), source('dead', 'invalidated')],
        after: { u: 'bob', dead: false },
      },
      {
        after_key: { u: 'alice', dead: true },
        buckets: keys([{ u: 'alice', dead: false }, 1], [{ u: 'alice', dead: true }, 1]),
      },
    ],
    [{ sources: source('u', 'username'), after: { u: 'elastic' } }, { buckets: [] }],
    [
      { sources: [source('h', 'metadata.host')] },
      { after_key: { h: 'b' }, buckets: keys([{ h: 'a' }, 1], [{ h: 'b' }, 2]) },
    ],
    [
      { sources: [source('h', 'metadata.host', { missing_bucket: true })] },
      { after_key: { h: 'b' }, buckets: keys([{ h: null }, 2], [{ h: 'a' }, 1], [{ h: 'b' }, 2]) },
    ],
    [
      { sources: [source('h', 'metadata.host', { missing_bucket: true, missing_order: 'last' })], size: 3 },
      { after_key: { h: null }, buckets: keys([{ h: 'a' }, 1], [{ h: 'b' }, 2], [{ h: null }, 2]) },
    ],
    [
      { sources: [source('h', 'metadata.host', { missing_bucket: true })], after: { h: null }, size: 1 },
      { after_key: { h: 'a' }, buckets: keys([{ h: 'a' }, 1]) },
    ],
    [
      { sources: [source('t', 'metadata.tags'), source('h', 'metadata.host')], size: 3 },
      {
        after_key: { t: 'prod', h: 'b' },
        buckets: keys([{ t: 'east', h: 'a' }, 1], [{ t: 'prod', h: 'a' }, 1], [{ t: 'prod', h: 'b' }, 2]),
      },
    ],
  ])('%j', async (composite, expected) => {
    expect(await result({ composite })).toEqual(expected);
  });

  test('of dates, page by page, whether clients keep numbers or texts', async () => {
    const first = (await result({ composite: { sources: [source('c', 'creation')], size: 1 } })) as {
      after_key: { c: number };
    };
    expect(first.after_key).toEqual({ c: created });
    for (const c of [created, String(created)]) {
      const next = await result({ composite: { sources: [source('c', 'creation')], size: 1, after: { c } } });
      expect(next).toMatchObject({ buckets: [{ doc_count: 1 }], after_key: { c: expect.any(Number) } });
      expect(next).not.toEqual(first);
    }
  });
});

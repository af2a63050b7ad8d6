/**
 * Aggregations of API keys that are refused: by whoever reads them, because they are not allowed, or by the shard. The
 * words are those of the sources named with each.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, emulated, expectAnswer } from '../cluster.js';
import { illegal, noDate, onShard, ownOnShard, queryOnShard } from './refusals.js';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await emulated({});
  const metadata = { tags: Array.from({ length: 300 }, (_, at) => at) };
  await cluster.ask('PUT /_security/api_key', { body: { name: 'k', metadata } });
});
afterAll(() => cluster.close());

const ask = (body: object | string) =>
  cluster.ask('POST /_security/_query/api_key', {
    body,
    headers: { ...cluster.admin, 'content-type': 'application/json' },
  });
const terms = { terms: { field: 'name' } };

// `ApiKeyAggregationsBuilder`; of several, what is inside is looked at first.
describe('not allowed', () => {
  test.each<[object, string]>([
    [{ all: { global: {}, aggs: { n: terms } } }, 'Unsupported API Keys agg [all] of type [global]'],
    [{ x: { avg: { field: 'creation' } } }, 'Unsupported API Keys agg [x] of type [avg]'],
    [{ x: { top_hits: {} } }, 'Unsupported API Keys agg [x] of type [top_hits]'],
    [
      { x: { date_histogram: { field: 'creation' } } },
      'Unsupported API Keys agg [x] of type [date_histogram]',
    ],
    [
      { n: { cardinality: { field: 'type' } }, all: { cumulative_cardinality: { buckets_path: 'n' } } },
      'Unsupported aggregation of type [cumulative_cardinality]',
    ],
    [{ x: { global: {} }, y: { bucket_script: {} } }, 'Unsupported aggregation of type [bucket_script]'],
    [{ x: { ...terms, aggs: { y: { bucket_sort: {} } } } }, 'Unsupported aggregation of type [bucket_sort]'],
    [
      { x: { ...terms, aggs: { z: { bucket_sort: {} }, y: { nested: {} } } } },
      'Unsupported API Keys agg [y] of type [nested]',
    ],
    [{ x: { global: {}, aggs: { y: { sum: {} } } } }, 'Unsupported API Keys agg [y] of type [sum]'],
    [{ x: { value_count: { script: 'doc' } } }, 'Unsupported script value source for [x] agg'],
    [
      { x: { terms: { field: 'name', script: { source: 'doc' } } } },
      'Unsupported script value source for [x] agg',
    ],
    [
      { x: { composite: { sources: [{ s: { terms: { script: 'doc' } } }] } } },
      'Unsupported script value source for [s] of composite agg [x]',
    ],
    [
      { x: { terms: { field: 'api_key_hash' } } },
      'Field [api_key_hash] is not allowed for querying or aggregation',
    ],
    [
      { x: { value_count: { field: 'runtime_key_type' } } },
      'Field [runtime_key_type] is not allowed for querying or aggregation',
    ],
    [
      { x: { terms: { field: 'metadata.*' } } },
      'Field name pattern [metadata.*] is not allowed for querying or aggregation',
    ],
    [
      {
        x: {
          composite: {
            sources: [
              { u: { terms: { field: 'username' } } },
              { h: { histogram: { field: 'creator', interval: 5 } } },
            ],
          },
        },
      },
      'Field [creator] is not allowed for querying or aggregation',
    ],
    [
      { x: { filter: { term: { api_key_invalidated: false } } } },
      'Field [api_key_invalidated] is not allowed for querying or aggregation',
    ],
    [
      {
        good: {
          filters: { filters: { good: { term: { invalidated: false } } } },
          aggregations: { x: { filters: { filters: { bad: { wildcard: { 'creator.realm': 'w' } } } } } },
        },
      },
      'Field [creator.realm] is not allowed for querying or aggregation',
    ],
    [
      { x: { filter: { match_phrase: { name: 'x' } } } },
      'Query type [match_phrase] is not currently supported in this context',
    ],
  ])('%j', async (aggs, reason) => {
    expectAnswer(await ask({ aggs }), { status: 400, body: { error: illegal(reason), status: 400 } });
  });

  test('also where there is nothing to search in, where nothing else is looked at', async () => {
    const empty = await emulated({});
    const query = (aggs: object) => empty.ask('POST /_security/_query/api_key', { body: { aggs } });
    expect((await query({ x: { global: {} } })).status).toBe(400);
    const impossible = { x: { range: { field: 'name', ranges: [{ to: 1 }] } } };
    expect((await query(impossible)).json).toEqual({ total: 0, count: 0, api_keys: [] });
    await empty.close();
  });

  test('after what is wrong with the query and the order', async () => {
    const aggs = { x: { global: {} } };
    const query = { term: { a: 1 } };
    const reasons = [
      (await ask({ aggs, query, sort: ['b'] })).json.error.reason,
      (await ask({ aggs, sort: ['b'] })).json.error.reason,
    ];
    expect(reasons).toEqual(
      ['a', 'b'].map((name) => `Field [${name}] is not allowed for querying or aggregation`),
    );
  });

  test('in older words in 8.13, and under one name only until 8.13.2', async () => {
    const older = await emulated({ version: '8.13' });
    const query = (body: object, params = '') =>
      older.ask(`POST /_security/_query/api_key${params}`, { body });
    const wrong = { x: { terms: { field: 'creator' } } };
    expect((await query({ aggs: wrong })).json.error.reason).toBe(
      'Field [creator] is not allowed for API Key query or aggregation',
    );
    // elastic/elasticsearch#106839 and #106817
    expect((await query({ aggregations: wrong })).json.error.reason).toBe(
      '[1:2] [query_api_key_request_payload] unknown field [aggregations]',
    );
    expect((await query({}, '?typed_keys')).json.error.reason).toBe(
      'request [/_security/_query/api_key] contains unrecognized parameter: [typed_keys]',
    );
    await older.close();
    const patched = await emulated({ version: '8.13.2' });
    const { status } = await patched.ask('POST /_security/_query/api_key?typed_keys', {
      body: { aggregations: { x: terms } },
    });
    expect(status).toBe(200);
    await patched.close();
  });

  // Release notes of 8.13.0, elastic/elasticsearch#104895; of users and roles there are none.
  test.each([
    ['8.12', 'api_key', 'query_api_key_request_payload'],
    ['9.5', 'user', 'query_user_request_payload'],
    ['9.5', 'role', 'query_role_request_payload'],
  ])('in %s of what %s finds', async (version, searched, parser) => {
    const other = await emulated({ version });
    const { status, json } = await other.ask(`POST /_security/_query/${searched}`, { body: { aggs: {} } });
    expect([status, json.error.reason]).toEqual([400, `[1:2] [${parser}] unknown field [aggs]`]);
    await other.close();
  });
});

// `AggregatorFactories.parseAggregators` and the parsers of the kinds; all of it in the words of
// `RestQueryApiKeyAction`.
describe('unreadable', () => {
  const parsing = (reason: string, line = 1, col = 0) => ({ type: 'parsing_exception', reason, line, col });

  test.each<[object | string, string, object]>([
    [
      { aggs: { x: { term: { field: 'name' } } } },
      '[1:22]',
      {
        ...parsing('Unknown aggregation type [term] did you mean [terms]?', 1, 22),
        caused_by: {
          type: 'named_object_not_found_exception',
          reason: '[1:22] unknown field [term] did you mean [terms]?',
        },
      },
    ],
    [{ aggs: { x: {} } }, '[1:15]', parsing('Missing definition for aggregation [x]', 1, 15)],
    [
      { aggs: { 'a[0]': {} } },
      '[1:10]',
      parsing(
        "Invalid aggregation name [a[0]]. Aggregation names can contain any character except '[', ']', and '>'",
        1,
        10,
      ),
    ],
    [
      { aggs: { x: 1 } },
      '[1:14]',
      parsing(
        'Aggregation definition for [x starts with a [VALUE_NUMBER], expected a [START_OBJECT].',
        1,
        14,
      ),
    ],
    [
      { aggs: { x: { terms: 'name' } } },
      '[1:23]',
      parsing('Expected [START_OBJECT] under [terms], but got a [VALUE_STRING] in [x]', 1, 23),
    ],
    [
      { aggs: { x: { ...terms, missing: { field: 'name' } } } },
      '[1:50]',
      parsing('Found two aggregation type definitions in [x]: [terms] and [missing]', 1, 50),
    ],
    [
      { aggs: { x: { ...terms, aggs: {}, aggregations: {} } } },
      '[1:65]',
      parsing('Found two sub aggregation definitions under [x]', 1, 65),
    ],
    [
      { aggs: { x: { terms: { feild: 'name' } } } },
      '[1:32]',
      {
        type: 'x_content_parse_exception',
        reason: '[1:24] [terms] unknown field [feild] did you mean [field]?',
      },
    ],
    [
      { aggs: { x: { terms: { field: ['name'] } } } },
      '[1:32]',
      {
        type: 'x_content_parse_exception',
        reason: "[1:32] [terms] field doesn't support values of type: START_ARRAY",
      },
    ],
    [
      { aggs: { x: { terms: {} } } },
      '[1:24]',
      {
        type: 'illegal_argument_exception',
        reason: 'Required one of fields [field, script], but none were specified. ',
      },
    ],
    [
      { aggs: { x: { terms: { field: 'name', size: 0 } } } },
      '[1:46]',
      {
        type: 'x_content_parse_exception',
        reason: '[1:46] [terms] failed to parse field [size]',
        caused_by: {
          type: 'illegal_argument_exception',
          reason: '[size] must be greater than 0. Found [0] in [x]',
        },
      },
    ],
    [
      { aggs: { x: { terms: { field: 'name', order: { _count: 'up' } } } } },
      '[1:57]',
      {
        type: 'x_content_parse_exception',
        reason: '[1:57] [terms] failed to parse field [order]',
        caused_by: parsing('Unknown order direction [up]', 1, 57),
      },
    ],
    [
      { aggs: { x: { filters: { filters: {} } } } },
      '[1:38]',
      { type: 'illegal_argument_exception', reason: '[filters] cannot be empty.' },
    ],
    [
      { aggs: { x: { filters: { filters: [{ match_all: {} }], others: true } } } },
      '[1:64]',
      parsing('Unknown key for a VALUE_BOOLEAN in [x]: [others].', 1, 64),
    ],
    [
      { aggs: { x: { composite: {} } } },
      '[1:28]',
      { type: 'illegal_argument_exception', reason: 'Required [sources]' },
    ],
    [
      { aggs: { x: { composite: { sources: [] } } } },
      '[1:38]',
      {
        type: 'x_content_parse_exception',
        reason: '[1:38] [composite] failed to parse field [sources]',
        caused_by: {
          type: 'x_content_parse_exception',
          reason: 'Failed to build [composite] after last required field arrived',
          caused_by: {
            type: 'illegal_argument_exception',
            reason: 'Composite [sources] cannot be null or empty',
          },
        },
      },
    ],
    [
      { aggs: { x: { composite: { sources: [{ a: { term: {} } }] } } } },
      '[1:52]',
      {
        type: 'x_content_parse_exception',
        reason: '[1:52] [composite] failed to parse field [sources]',
        caused_by: parsing('invalid source type: term', 1, 52),
      },
    ],
    [
      { aggs: { x: { cardinality: { field: 'name' }, aggs: {} } } },
      '[1:55]',
      {
        type: 'aggregation_initialization_exception',
        reason: 'Aggregator [x] of type [cardinality] cannot accept sub-aggregations',
      },
    ],
    [
      { aggs: { x: { filter: { nosuch: {} } } } },
      '[1:34]',
      {
        ...parsing('unknown query [nosuch]', 1, 34),
        caused_by: { type: 'named_object_not_found_exception', reason: '[1:34] unknown field [nosuch]' },
      },
    ],
  ])('%j', async (body, at, cause) => {
    const { status, json } = await ask(body);
    const reason = `${at} [query_api_key_request_payload] failed to parse field [aggs]`;
    expect([status, json.error]).toEqual([
      400,
      {
        root_cause: [expect.any(Object)],
        type: 'x_content_parse_exception',
        reason,
        caused_by: cause,
      },
    ]);
  });

  test('if it stands there twice', async () => {
    const { status, json } = await ask({ aggs: {}, aggregations: {} });
    expect([status, json.error.reason, json.error.caused_by]).toEqual([
      400,
      'Failed to build [query_api_key_request_payload] after last required field arrived',
      { type: 'illegal_argument_exception', reason: "Duplicate 'aggs' or 'aggregations' field" },
    ]);
  });

  test.each([
    '{"aggs":{"x":{"terms":{"field":"na',
    '{"aggs":{"x":{"terms":{"field":"name"}',
    '{"aggs":{"x":{"sum":{',
  ])('if it is no JSON: %s', async (body) => {
    const { status, json } = await ask(body);
    expect([status, json.error.type]).toEqual([400, expect.stringMatching(/^x_content_/)]);
  });
});

describe('impossible', () => {
  const composite = (more: object, field = 'name') => ({
    x: { composite: { sources: [{ n: { terms: { field } } }], ...more } },
  });
  const afterKey = 'incompatible value in the position 0: invalid value, expected string, got Integer';

  test.each<[object, object]>([
    // `ValuesSourceRegistry.getAggregator`, with the names of the index
    [
      { x: { range: { field: 'username', ranges: [{ to: 1 }] } } },
      onShard('Field [creator.principal] of type [keyword] is not supported for aggregation [range]'),
    ],
    [
      { x: { date_range: { field: 'metadata.a', ranges: [{ to: 1 }] } } },
      onShard(
        'Field [metadata_flattened.a] of type [flattened] is not supported for aggregation [date_range]',
      ),
    ],
    [{ x: { range: { field: 'creation' } } }, onShard('No [ranges] specified for the [x] aggregation')],
    [
      { x: { date_range: { field: 'creation', ranges: [{ from: '2026-01-01' }] } } },
      ownOnShard(noDate('2026-01-01', 4)),
    ],
    [
      { x: { date_range: { field: 'invalidated', ranges: [{ to: 1 }] } } },
      onShard('Cannot parse boolean [1], expected either [true] or [false]'),
    ],
    [
      { x: { terms: { field: 'name', format: 'yyyy' } } },
      onShard('Field [name] of type [keyword] does not support custom formats'),
    ],
    [
      { x: { filter: { term: { creation: 'x' } } } },
      queryOnShard(`failed to create query: ${noDate('x', 0).reason}`, noDate('x', 0)),
    ],
    // `AggregationPath.validate`
    [
      { x: { terms: { field: 'name', order: { nosuch: 'asc' } } } },
      ownOnShard({
        type: 'invalid_path',
        reason:
          'Invalid aggregator order path [nosuch]. The provided aggregation [nosuch] either does not exist, or is a pipeline aggregation and cannot be used to sort the buckets.',
      }),
    ],
    // `CompositeAggregationBuilder.doBuild`, `CompositeAggregator`
    [
      { t: { ...terms, aggs: composite({}) } },
      onShard(
        '[composite] aggregation cannot be used with a parent aggregation of type: [TermsAggregatorFactory]',
      ),
    ],
    [
      { t: { ...terms, aggs: { f: { filter: { match_all: {} }, aggs: composite({}) } } } },
      onShard(
        '[composite] aggregation cannot be used with a parent aggregation of type: [TermsAggregatorFactory]',
      ),
    ],
    [composite({ after: {} }), onShard('[after] has 0 value(s) but [sources] has 1')],
    [composite({ after: { m: 'x' } }), onShard('Missing value for [after.n]')],
    [
      composite({ after: { n: ['x'] } }),
      onShard('Invalid value for [after.n], expected comparable, got [ArrayList]'),
    ],
    [
      composite({ after: { n: 1 } }),
      ownOnShard({
        type: 'parse_exception',
        reason: `Cannot set after key in the composite aggregation [x] - ${afterKey}`,
        caused_by: { type: 'illegal_argument_exception', reason: afterKey },
      }),
    ],
  ])('%j', async (aggs, error) => {
    expectAnswer(await ask({ aggs }), { status: 400, body: { error, status: 400 } });
  });

  test('because there would be too many buckets', async () => {
    const words = (count: number) =>
      `Trying to create too many buckets. Must be less than or equal to: [65536] but was [${count}]. ` +
      'This limit can be set by changing the [search.max_buckets] cluster level setting.';
    const { json } = await ask({ aggs: composite({ size: 70_000 }) });
    expect(json.error.root_cause).toEqual([
      { type: 'too_many_buckets_exception', reason: words(70_000), max_buckets: 65_536 },
    ]);
    // Three hundred tags of one key in two sources are more combinations than that.
    const sources = ['a', 'b'].map((name) => ({ [name]: { terms: { field: 'metadata.tags' } } }));
    const many = await ask({ aggs: { x: { composite: { sources } } } });
    expect([many.status, many.json.error.root_cause[0].reason]).toEqual([400, words(90_000)]);
  });

  test('here, and says so: what the emulator has not', async () => {
    const reasons = async (aggs: object) => (await ask({ aggs })).json.error;
    expect((await reasons({ x: { terms: { field: 'name', min_doc_count: 0 } } })).caused_by.reason).toBe(
      '[min_doc_count] of 0 is not supported by the emulator',
    );
    const regex = (await reasons({ x: { terms: { field: 'name', include: '(a|b)+' } } })).caused_by;
    expect(regex.caused_by.reason).toBe(
      'of the regular expression [(a|b)+] the emulator supports [.] and [.*] only',
    );
    const histogram = { date_histogram: { field: 'creation', fixed_interval: '1d' } };
    expect((await reasons({ x: { composite: { sources: [{ d: histogram }] } } })).root_cause[0].reason).toBe(
      '[date_histogram] sources of [composite] are not supported by the emulator',
    );
    const format = { x: { terms: { field: 'creation', format: 'EEE' } } };
    expect((await reasons(format)).root_cause[0].reason).toBe(
      'the date format [EEE] is not supported by the emulator',
    );
  });
});

/** Documents, searches and mappings that are too deep, too large, of the wrong kind or broken. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apiKey } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer } from '../../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());
beforeEach(() => cluster.ask('DELETE /docs'));

const nested = (levels: number, open: string, inside: string, close: string) =>
  open.repeat(levels) + inside + close.repeat(levels);
const raw = (line: string, body: string | Buffer, type = 'application/json') =>
  cluster.ask(line, { headers: { ...cluster.admin, 'content-type': type }, body });
const put = (body: string | Buffer, id = '1') => raw(`PUT /docs/_doc/${id}`, body);
const search = (body: string) => raw('POST /docs/_search', body);
const illegal = (reason: string) => ({
  status: 400,
  body: errorBody(400, 'illegal_argument_exception', reason),
});
const stored = async () => (await cluster.ask('GET /docs/_count')).json.count;

describe('a document', () => {
  test('that is too deep is refused, and one that is not is not', async () => {
    expect((await put(nested(20, '{"a":', '1', '}'))).status).toBe(201);
    const path = Array(20).fill('b').join('.');
    for (const levels of [21, 999]) {
      expectAnswer(
        await put(nested(levels, '{"b":', '1', '}')),
        illegal(`Limit of mapping depth [20] has been exceeded due to object field [${path}]`),
      );
    }
    const dotted = { [Array(21).fill('b').join('.')]: 1 };
    expectAnswer(
      await put(JSON.stringify(dotted)),
      illegal(`Limit of mapping depth [20] has been exceeded due to object field [${path}]`),
    );
    expect((await put(`{"c":${nested(990, '[', '1', ']')}}`)).status).toBe(200);
    const tooDeep = await put(`{"c":${nested(1000, '[', '1', ']')}}`);
    expect([tooDeep.status, tooDeep.json.error.type]).toEqual([400, 'document_parsing_exception']);
    expect(tooDeep.json.error.reason).toBe(
      '[1:1005] failed to parse: [1:1005] Document nesting depth (1001) exceeds the maximum allowed (1000, from `StreamReadConstraints.getMaxNestingDepth()`)',
    );
  });

  test('with too many fields is refused, and its fields are not kept', async () => {
    const fields = (count: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 1])));
    expect((await put(fields(999))).status).toBe(201);
    // A text counts twice: by its words and as a whole.
    expectAnswer(
      await put('{"text":"x"}'),
      illegal('Limit of total fields [1000] has been exceeded while adding new fields [2]'),
    );
    expect((await put('{"last":1}')).status).toBe(200);
    expectAnswer(
      await put('{"more":1}'),
      illegal('Limit of total fields [1000] has been exceeded while adding new fields [1]'),
    );
  });

  test('may have names that JavaScript has a meaning for', async () => {
    const body = '{"__proto__":{"admin":true},"constructor":{"prototype":"x"},"toString":1}';
    expect((await put(body)).status).toBe(201);
    expect((await cluster.ask('GET /docs/_doc/1')).text).toContain(`"_source":${body}`);
    for (const query of ['{"term":{"__proto__.admin":true}}', '{"match":{"constructor.prototype":"X"}}']) {
      expect((await search(`{"query":${query}}`)).json.hits.total.value).toBe(1);
    }
    expect((await search('{"query":{"exists":{"field":"valueOf"}}}')).json.hits.total.value).toBe(0);
    const { properties } = (await cluster.ask('GET /docs/_mapping')).json.docs.mappings;
    expect(Object.keys(properties)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(await cluster.ask('PUT /docs/_doc/__proto__', { body: {} })).toMatchObject({ status: 201 });
    expect((await cluster.ask('GET /docs/_doc/constructor')).status).toBe(404);
  });

  test('of megabytes is stored, its words found', async () => {
    const words = 'word '.repeat(400_000);
    expect((await put(JSON.stringify({ words, letters: 'x'.repeat(2_000_000) }))).status).toBe(201);
    expect((await search('{"query":{"match":{"words":"WORD"}},"_source":false}')).json.hits.total.value).toBe(
      1,
    );
  });

  test.each<[string, string]>([
    ['[1]', 'Malformed content, must start with an object'],
    ['"text"', 'Malformed content, must start with an object'],
    // Where the last thing that could be read begins, and where the text ends.
    ['{', '[1:1] failed to parse: [1:2] Unexpected end of file'],
    ['{"a":1', '[1:6] failed to parse: [1:7] Unexpected end of file'],
    ['{"a": "b" ', '[1:7] failed to parse: [1:11] Unexpected end of file'],
    ['{"a": [', '[1:7] failed to parse: [1:8] Unexpected end of file'],
    [
      '{"a":1,"a":2}',
      `[1:6] failed to parse: [1:11] Duplicate field 'a'\n at [Source: (byte[])"{"a":1,"a":2}"; line: 1, column: 11]`,
    ],
    ['{"a..b":1}', "[1:2] field name cannot contain only whitespace: ['a..b']"],
    ['{"":1}', "[1:2] field name cannot contain only whitespace: ['']"],
    [
      '{"_source":1}',
      '[1:12] Field [_source] is a metadata field and cannot be added inside a document. Use the index API request parameters.',
    ],
  ])('%s is none', async (body, reason) => {
    const { status, json } = await put(body);
    expect([status, json.error.type, json.error.reason]).toEqual([400, 'document_parsing_exception', reason]);
    expect(await stored()).toBe(0);
  });

  test('that is not UTF-8 is none', async () => {
    const { json } = await put(Buffer.from([123, 34, 97, 34, 58, 34, 0xff, 34, 125]));
    expect(json.error.reason).toMatch(/Invalid UTF-8 start byte 0xff\n/);
  });

  test('needs a body, and an id of at most 512 bytes', async () => {
    const { json } = await cluster.ask('PUT /docs/_doc/1');
    expect(json.error).toMatchObject({ type: 'parse_exception', reason: 'request body is required' });
    const id = 'é'.repeat(257);
    const long = await put('{}', encodeURIComponent(id));
    expectAnswer(long, {
      status: 400,
      body: errorBody(
        400,
        'action_request_validation_exception',
        `Validation Failed: 1: id [${id}] is too long, must be no longer than 512 bytes but was: 514;`,
      ),
    });
  });

  test.each<[string, string, string]>([
    ['PUT /docs/_doc/1?op_type=replace', '{}', "opType must be 'create' or 'index', found: [replace]"],
    ['PUT /docs/_doc/1?refresh=maybe', '{}', 'Unknown value for refresh: [maybe].'],
    ['PUT /docs/_doc/1?routing=a', '{}', 'request [/docs/_doc/1] contains unrecognized parameter: [routing]'],
    ['POST /docs/_update/1', '{"script":"x"}', '[UpdateRequest] [script] is not supported by the emulator'],
  ])('%s %s is refused', async (line, body, reason) => {
    expectAnswer(await raw(line, body), illegal(reason));
  });

  // `UpdateRequest`, its parser and what it is checked for.
  test.each([
    ['[]', '[1:1] [UpdateRequest] Expected START_OBJECT but was: START_ARRAY'],
    ['{"doc":1}', "[1:8] [UpdateRequest] doc doesn't support values of type: VALUE_NUMBER"],
    ['{"upsert":[]}', "[1:11] [UpdateRequest] upsert doesn't support values of type: START_ARRAY"],
    ['{"docs":{}}', '[1:2] [UpdateRequest] unknown field [docs] did you mean [doc]?'],
    [
      '{"doc_as_upsrt":true}',
      '[1:2] [UpdateRequest] unknown field [doc_as_upsrt] did you mean [doc_as_upsert]?',
    ],
    ['{"detect_noop":1}', "[1:16] [UpdateRequest] detect_noop doesn't support values of type: VALUE_NUMBER"],
  ])('an update can not be %s', async (body, reason) => {
    const expected = { status: 400, body: errorBody(400, 'x_content_parse_exception', reason) };
    expectAnswer(await raw('POST /docs/_update/1', body), expected);
    const lines = `{"update":{"_index":"docs","_id":"1"}}\n${body}\n`;
    expectAnswer(await raw('POST /_bulk', lines), expected);
  });

  test.each([
    ['{}', '1: script or doc is missing;'],
    [
      '{"doc_as_upsert":"true"}',
      '1: script or doc is missing;2: doc must be specified if doc_as_upsert is enabled;',
    ],
  ])('an update has to say what changes: %s', async (body, problems) => {
    const reason = `Validation Failed: ${problems}`;
    expectAnswer(await raw('POST /docs/_update/1', body), {
      status: 400,
      body: errorBody(400, 'action_request_validation_exception', reason),
    });
  });
});

test.each<[string, string, string | number | boolean | null]>([
  ['byte', '127', '128'],
  ['short', '-32768', '32768'],
  ['integer', '2147483647', '2147483648'],
  ['long', '9e18', '1e19'],
  ['long', '"12"', '" "'],
  ['long', '1.9', 'true'],
  ['double', '"1e3"', '"NaN"'],
  ['float', '-0.5', '"Infinity"'],
  ['date', '"2024-02-29T23:59:59.999+01:00"', '"2024-02-30"'],
  ['date', '"2024"', '"24-01-01"'],
  ['date', '1714557600000', '"2024-01-01 10:00"'],
  ['boolean', '"false"', '1'],
  ['keyword', '1.50', '{}'],
])('a %s may be %s, but not %s', async (type, good, bad) => {
  await cluster.ask('PUT /docs', { body: { mappings: { properties: { f: { type } } } } });
  expect((await put(`{"f":${good}}`)).status).toBe(201);
  const { status, json } = await put(`{"f":[${bad}]}`);
  expect([status, json.error.type]).toEqual([400, 'document_parsing_exception']);
  expect(json.error.reason).toContain(`failed to parse field [f] of type [${type}] in document with id '1'`);
});

describe('a mapping', () => {
  const failed = (problem: string) => ({
    status: 400,
    body: {
      error: {
        root_cause: [{ type: 'mapper_parsing_exception', reason: problem }],
        type: 'mapper_parsing_exception',
        reason: `Failed to parse mapping: ${problem}`,
        caused_by: { type: 'mapper_parsing_exception', reason: problem },
      },
      status: 400,
    },
  });

  test.each<[string, string]>([
    ['{"properties":{"a":{"type":"geo_point"}}}', 'No handler for type [geo_point] declared on field [a]'],
    ['{"properties":{"a":{"type":"__proto__"}}}', 'No handler for type [__proto__] declared on field [a]'],
    ['{"properties":{"a":{}}}', 'No type specified for field [a]'],
    ['{"properties":{"a":{"type":1}}}', 'No type specified for field [a]'],
    ['{"properties":{"":{"type":"text"}}}', 'field name cannot be an empty string'],
    [
      '{"properties":{"a":{"type":"text","index":false}}}',
      'unknown parameter [index] on mapper [a] of type [text]',
    ],
    ['{"properties":{"a":{"properties":{},"x":1}}}', 'unknown parameter [x] on mapper [a] of type [object]'],
    ['{"properties":[]}', 'Expected map for property [fields]'],
    ['{"dynamic":"strict"}', 'Root mapping definition has unsupported parameters:  [dynamic : "strict"]'],
    [
      '{"properties":{"a":{"type":"text","properties":{}}}}',
      'unknown parameter [properties] on mapper [a] of type [text]',
    ],
    [
      '{"properties":{"a":{"type":"text","fields":{"b":{"type":"text","fields":{}}}}}}',
      'unknown parameter [fields] on mapper [a.b] of type [text]',
    ],
    ['{"properties":{"a.":{"type":"text"}}}', 'field name cannot be an empty string'],
    [
      '{"dynamic":{"__proto__":1}}',
      'Root mapping definition has unsupported parameters:  [dynamic : {"__proto__":1}]',
    ],
  ])('%s', async (mapping, problem) => {
    await cluster.ask('PUT /docs');
    expectAnswer(await raw('PUT /docs/_mapping', mapping), failed(problem));
    await cluster.ask('DELETE /docs');
    expectAnswer(await raw('PUT /docs', `{"mappings":${mapping}}`), failed(problem));
    expect((await cluster.ask('HEAD /docs')).status).toBe(404);
  });

  test.each<[string, string, string]>([
    ['{"aliases":{}}', 'parse_exception', 'unknown key [aliases] for create index'],
    ['{"settings":[]}', 'parse_exception', 'key [settings] must be an object'],
    [
      '{"settings":{"codec":"x"}}',
      'illegal_argument_exception',
      'unknown setting [index.codec] please check that any required plugins are installed, or check the breaking changes documentation for removed settings',
    ],
    [
      '{"settings":{"number_of_shards":0}}',
      'illegal_argument_exception',
      'Failed to parse value [0] for setting [index.number_of_shards] must be >= 1',
    ],
    [
      '{"settings":{"index.number_of_shards":"1025"}}',
      'illegal_argument_exception',
      'Failed to parse value [1025] for setting [index.number_of_shards] must be <= 1024',
    ],
    [
      '{"settings":{"number_of_replicas":[]}}',
      'illegal_argument_exception',
      'Failed to parse value [] for setting [index.number_of_replicas]',
    ],
  ])('of an index: %s', async (body, type, reason) => {
    expectAnswer(await raw('PUT /docs', body), { status: 400, body: errorBody(400, type, reason) });
  });

  // `XContentHelper.convertToMap`, with which both are read.
  test.each(['[]', '5', '"properties"', 'null'])('that is %s says nothing', async (body) => {
    expect((await raw('PUT /docs', body)).status).toBe(200);
    expect((await raw('PUT /docs/_mapping', body)).json).toEqual({ acknowledged: true });
    expect((await cluster.ask('GET /docs/_mapping')).json).toEqual({ docs: { mappings: {} } });
  });

  test('that is too deep or too wide is refused', async () => {
    const path = Array(20).fill('a').join('.');
    const depth = `Limit of mapping depth [20] has been exceeded due to object field [${path}]`;
    const field = '{"type":"long"}';
    for (const mapping of [
      nested(300, '{"properties":{"a":', field, '}}'),
      `{"properties":{"${path}.a":${field}}}`,
    ]) {
      expectAnswer(await raw('PUT /docs', `{"mappings":${mapping}}`), illegal(depth));
    }
    const properties = Object.fromEntries(
      Array.from({ length: 1001 }, (_, i) => [`f${i}`, { type: 'long' }]),
    );
    const { json } = await cluster.ask('PUT /docs', { body: { mappings: { properties } } });
    expect(json.error.reason).toMatch(/^Limit of total fields \[1000\] has been exceeded/);
    expect((await cluster.ask('HEAD /docs')).status).toBe(404);
  });

  test('with points in its names has objects', async () => {
    const properties = { 'a.b': { type: 'keyword' } };
    await cluster.ask('PUT /docs', { body: { mappings: { properties } } });
    expect((await cluster.ask('GET /docs/_mapping')).json.docs.mappings).toEqual({
      properties: { a: { properties: { b: { type: 'keyword' } } } },
    });
    expect((await put('{"a":1}')).json.error.reason).toMatch(/^\[1:6\] object mapping for \[a\]/);
    expect((await put('{"a":{"b":"x"}}')).status).toBe(201);
  });

  test('that is broken is none', async () => {
    const { status, json } = await raw('PUT /docs', '{"mappings":{"properties":{"a":');
    expect([status, json.error.type]).toEqual([400, 'x_content_e_o_f_exception']);
  });
});

describe('a search', () => {
  beforeEach(() => put('{"a":1}'));

  test('may be as deep as JSON may be, and no deeper', async () => {
    const bool = (levels: number) => nested(levels, '{"bool":{"must":', '{"match_all":{}}', '}}');
    expect((await search(`{"query":${bool(490)}}`)).json.hits.total.value).toBe(1);
    const { status, json } = await search(`{"query":${bool(510)}}`);
    expect([status, json.error.reason]).toEqual([
      400,
      '[1:8002] Document nesting depth (1001) exceeds the maximum allowed (1000, from `StreamReadConstraints.getMaxNestingDepth()`)',
    ]);
  });

  test('with many wildcards takes no time to speak of', async () => {
    await put(JSON.stringify({ text: 'a'.repeat(50_000) }));
    const find = async (pattern: string) =>
      (await search(JSON.stringify({ query: { wildcard: { text: pattern } } }))).json.hits.total.value;
    expect(await find('*a'.repeat(12))).toBe(1);
    expect(await find(`${'*a'.repeat(12)}b`)).toBe(0);
  });

  test.each([
    ['[]', 'Expected [START_OBJECT] but found [START_ARRAY]'],
    ['{"query":1}', '[_na] query malformed, must start with start_object'],
    ['{"query":{"term":{"a":[1]}}}', '[term] query does not support array of values'],
    ['{"query":{"match":{"a":{"query":null}}}}', 'No text specified for text query'],
    [
      '{"query":{"match":{"a":{"query":"x","operator":"nor"}}}}',
      'No enum constant org.elasticsearch.index.query.Operator.NOR',
    ],
    ['{"query":{"range":{"a":1}}}', '[range] query does not support [a]'],
    ['{"sort":[1]}', 'mal-formatted sort object'],
    ['{"track_total_hits":-2}', '[track_total_hits] parameter must be positive or equals to -1, got -2'],
    ['{"_source":1}', '[_source] takes the names of fields, in strings'],
    ['{"_source":{"include":"a"}}', '[_source] does not support [include]'],
    ['{"search_after":[1]}', 'Sort must contain at least one field.'],
    ['{"query":{"match_all":{}}', '[1:26] Unexpected end of file'],
  ])('%s is refused', async (body, reason) => {
    const { status, json } = await search(body);
    expect([status, json.error.reason]).toEqual([400, reason]);
  });
});

describe('the query of a role', () => {
  const role = (query: unknown) => ({
    indices: [
      { names: ['logs'], privileges: ['read'] },
      { names: ['docs', 'd*'], privileges: ['read'], query },
    ],
  });

  test.each<[unknown, string, string]>([
    ['{"foo":{}}', 'parsing_exception', 'unknown query [foo]'],
    [{ foo: {} }, 'parsing_exception', 'unknown query [foo]'],
    ['[]', 'x_content_parse_exception', '[1:1] expected [START_OBJECT] but found [START_ARRAY] instead'],
    ['{"term":', 'x_content_e_o_f_exception', '[1:9] Unexpected end of file'],
  ])('is looked at when the role is stored: %j', async (query, type, reason) => {
    const { status, json } = await cluster.ask('PUT /_security/role/r', { body: role(query) });
    expect([status, json.error.type, json.error.reason]).toEqual([
      400,
      'parse_exception',
      "failed to parse field 'query' for indices [docs,d*] at index privilege [1] of role descriptor",
    ]);
    expect(json.error.caused_by).toMatchObject({ type, reason });
    expect((await cluster.ask('GET /_security/role/r')).status).toBe(404);
    await expect(emulated({ roles: { r: role(query) } })).rejects.toThrow(
      `option "roles.r": failed to parse field 'query' for indices [docs,d*]`,
    );
  });

  test('in an API key is looked at when it is needed', async () => {
    await put('{"a":1}');
    const body = { name: 'k', role_descriptors: { r: role('{"foo":{}}') } };
    const { encoded } = (await cluster.ask('PUT /_security/api_key', { body })).json;
    const error = {
      type: 'parse_exception',
      reason: "failed to parse field 'query' from the role descriptor",
      caused_by: expect.objectContaining({ type: 'parsing_exception', reason: 'unknown query [foo]' }),
    };
    const got = await cluster.ask('GET /docs/_doc/1', { headers: apiKey(encoded) });
    expect([got.status, got.json.error]).toEqual([400, expect.objectContaining(error)]);
    // Each shard is asked for itself (`SecurityIndexReaderWrapper`).
    const search = await cluster.ask('GET /docs/_search', { headers: apiKey(encoded) });
    expect([search.status, search.json.error.failed_shards[0].reason]).toEqual([400, error]);
  });
});

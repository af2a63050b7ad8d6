/**
 * Documents by id, several writes at once, and the indices that they are in. Who may do what is in
 * document-security.test.ts.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, emulated, errorBody, expectAnswer } from '../../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());
beforeEach(async () => {
  await cluster.ask('DELETE /docs');
  await cluster.ask('DELETE /others');
});

const ask = (line: string, body?: object) => cluster.ask(line, { body });
const shards = { total: 2, successful: 1, failed: 0 };
const place = (id: string) => ({ _index: 'docs', _id: id });

function written(id: string, version: number, result: string, seqNo: number): object {
  return {
    ...place(id),
    _version: version,
    result,
    _shards: shards,
    _seq_no: seqNo,
    _primary_term: 1,
  };
}

describe('a document', () => {
  test('is stored, read, replaced and removed by its id, with a version for each change', async () => {
    const first = { a: 1, tags: ['x', null], 'b.c': { d: true } };
    expectAnswer(await ask('PUT /docs/_doc/1', first), { status: 201, body: written('1', 1, 'created', 0) });
    expectAnswer(await ask('GET /docs/_doc/1'), {
      status: 200,
      body: {
        ...place('1'),
        _version: 1,
        _seq_no: 0,
        _primary_term: 1,
        found: true,
        _source: first,
      },
    });
    expectAnswer(await ask('POST /docs/_doc/1', { a: 2 }), {
      status: 200,
      body: written('1', 2, 'updated', 1),
    });
    expect((await ask('GET /docs/_doc/1')).json._source).toEqual({ a: 2 });
    expectAnswer(await ask('DELETE /docs/_doc/1'), { status: 200, body: written('1', 3, 'deleted', 2) });
    expectAnswer(await ask('GET /docs/_doc/1'), { status: 404, body: { ...place('1'), found: false } });
    // A removal is a change too, also of what is gone: recorded from a 9.5.0.
    expectAnswer(await ask('DELETE /docs/_doc/1'), { status: 404, body: written('1', 4, 'not_found', 3) });
    expect((await ask('PUT /docs/_doc/1', {})).json._version).toBe(5);
    await ask('DELETE /docs/_doc/1');
    await cluster.advance(50_000);
    expect((await ask('DELETE /docs/_doc/1')).json._version).toBe(7);
    await cluster.advance(60_000);
    expect((await ask('PUT /docs/_doc/1', {})).json._version).toBe(1);
  });

  test('can be had without anything around it', async () => {
    await ask('PUT /docs/_doc/1', { a: 1, b: { c: 2, d: 3 } });
    expectAnswer(await ask('GET /docs/_source/1'), { status: 200, body: { a: 1, b: { c: 2, d: 3 } } });
    expect((await ask('GET /docs/_source/1?_source_includes=b.c')).json).toEqual({ b: { c: 2 } });
    expect((await ask('HEAD /docs/_source/1')).status).toBe(200);
    expectAnswer(await ask('GET /docs/_source/2'), {
      status: 404,
      body: errorBody(404, 'resource_not_found_exception', 'Document not found [docs]/[2]'),
    });
    expect((await ask('HEAD /docs/_source/2')).status).toBe(404);
    expect((await ask('GET /docs/_source/1?_source=false')).json.error.reason).toBe(
      'Validation Failed: 1: fetching source can not be disabled;',
    );
  });

  test('comes back as it was written, to the digit', async () => {
    const body =
      '{"n":1.0,"big":12345678901234567,"__proto__":{"x":1},"constructor":"c","order":[3,1,2],"e":{}}';
    const headers = { ...cluster.admin, 'content-type': 'application/json' };
    expect((await cluster.ask('PUT /docs/_doc/1', { headers, body })).status).toBe(201);
    expect((await ask('GET /docs/_doc/1')).text).toContain(`"_source":${body}`);
  });

  test('without an id gets one of twenty characters', async () => {
    const { status, json } = await ask('POST /docs/_doc', { a: 1 });
    expect([status, json.result, json._version]).toEqual([201, 'created', 1]);
    expect(json._id).toMatch(/^[\w-]{20}$/);
    expect((await ask(`GET /docs/_doc/${json._id}`)).json._source).toEqual({ a: 1 });
  });

  test('that has to be new conflicts with one that is there', async () => {
    expect((await ask('PUT /docs/_create/1', { a: 1 })).status).toBe(201);
    const { uuid } = (await ask('GET /docs')).json.docs.settings.index;
    const reason = '[1]: version conflict, document already exists (current version [1])';
    const conflict = {
      status: 409,
      body: errorBody(409, 'version_conflict_engine_exception', reason, {
        index_uuid: uuid,
        shard: '0',
        index: 'docs',
      }),
    };
    expectAnswer(await ask('PUT /docs/_create/1', { a: 2 }), conflict);
    expectAnswer(await ask('PUT /docs/_doc/1?op_type=create', { a: 2 }), conflict);
    expect((await ask('GET /docs/_doc/1')).json._source).toEqual({ a: 1 });
  });

  test('says that it was refreshed if that was asked for', async () => {
    expect((await ask('PUT /docs/_doc/1?refresh', { a: 1 })).json.forced_refresh).toBe(true);
    expect((await ask('PUT /docs/_doc/1?refresh=true', { a: 1 })).json.forced_refresh).toBe(true);
    expect((await ask('PUT /docs/_doc/1?refresh=wait_for', { a: 1 })).json).not.toHaveProperty(
      'forced_refresh',
    );
  });

  test('is shown in part on request', async () => {
    await ask('PUT /docs/_doc/1', { a: 1, b: { c: 2, d: 3 }, l: [{ c: 1, d: 2 }], none: [] });
    const source = async (query: string) => (await ask(`GET /docs/_doc/1?${query}`)).json._source;
    expect(await source('_source=b')).toEqual({ b: { c: 2, d: 3 } });
    expect(await source('_source_includes=*.c,none')).toEqual({ b: { c: 2 }, l: [{ c: 1 }], none: [] });
    expect(await source('_source_excludes=b,l.d')).toEqual({ a: 1, l: [{ c: 1 }], none: [] });
    expect(await source('_source=false')).toBeUndefined();
    expect(await source('_source=true')).toHaveProperty('a');
  });

  test('says its type in 7.x', async () => {
    const older = await emulated({ version: '7.17' });
    const stored = await older.ask('PUT /docs/_doc/1', { body: { a: 1 } });
    expect(stored.json._type).toBe('_doc');
    expect((await older.ask('GET /docs/_doc/1')).json._type).toBe('_doc');
    expect((await older.ask('GET /docs/_search')).json.hits.hits[0]._type).toBe('_doc');
    await older.close();
  });
});

describe('an update', () => {
  beforeEach(() => ask('PUT /docs/_doc/1', { a: 1, o: { x: 1 } }));

  test('is put over the document, object over object', async () => {
    const body = { doc: { o: { y: 2 }, b: [1] } };
    expectAnswer(await ask('POST /docs/_update/1', body), {
      status: 200,
      body: written('1', 2, 'updated', 1),
    });
    expect((await ask('GET /docs/_doc/1')).json._source).toEqual({ a: 1, o: { x: 1, y: 2 }, b: [1] });
  });

  test('that changes nothing does nothing', async () => {
    const { status, json } = await ask('POST /docs/_update/1?refresh=true', { doc: { a: 1 } });
    expect([status, json.result, json._version, json._shards.total]).toEqual([200, 'noop', 1, 0]);
    expect(json).not.toHaveProperty('forced_refresh');
    const again = await ask('POST /docs/_update/1', { doc: { a: 1 }, detect_noop: false });
    expect([again.json.result, again.json._version]).toEqual(['updated', 2]);
  });

  test('needs a document, or one to begin with', async () => {
    const missing = await ask('POST /docs/_update/2', { doc: { a: 1 } });
    const { uuid } = (await ask('GET /docs')).json.docs.settings.index;
    expectAnswer(missing, {
      status: 404,
      body: errorBody(404, 'document_missing_exception', '[2]: document missing', {
        index_uuid: uuid,
        shard: '0',
        index: 'docs',
      }),
    });
    expect((await ask('POST /docs/_update/2', { doc: { a: 1 }, upsert: { u: 1 } })).status).toBe(201);
    expect((await ask('GET /docs/_doc/2')).json._source).toEqual({ u: 1 });
    expect((await ask('POST /docs/_update/3', { doc: { a: 1 }, doc_as_upsert: true })).status).toBe(201);
    expect((await ask('GET /docs/_doc/3')).json._source).toEqual({ a: 1 });
  });
});

describe('an index', () => {
  test('is made, shown and removed', async () => {
    const body = {
      settings: { number_of_shards: 2, index: { number_of_replicas: '0' } },
      mappings: {
        properties: {
          name: { type: 'text', fields: { raw: { type: 'keyword', ignore_above: 5 } } },
          at: { properties: { city: { type: 'keyword' } } },
        },
      },
    };
    expectAnswer(await ask('PUT /others', body), {
      status: 200,
      body: { acknowledged: true, shards_acknowledged: true, index: 'others' },
    });
    expect((await ask('HEAD /others')).status).toBe(200);
    const shown = (await ask('GET /others')).json.others;
    expect(shown.settings.index).toMatchObject({ number_of_shards: '2', number_of_replicas: '0' });
    expect(shown.mappings).toEqual(body.mappings);
    expectAnswer(await ask('GET /others/_mapping'), {
      status: 200,
      body: { others: { mappings: body.mappings } },
    });
    expectAnswer(await ask('DELETE /others'), { status: 200, body: { acknowledged: true } });
    expect((await ask('HEAD /others')).status).toBe(404);
  });

  test('can not be made twice', async () => {
    await ask('PUT /docs');
    const { uuid } = (await ask('GET /docs')).json.docs.settings.index;
    expect(uuid).toMatch(/^[\w-]{22}$/);
    expectAnswer(await ask('PUT /docs'), {
      status: 400,
      body: errorBody(400, 'resource_already_exists_exception', `index [docs/${uuid}] already exists`, {
        index_uuid: uuid,
        index: 'docs',
      }),
    });
  });

  test.each([
    ['Docs', 'must be lowercase'],
    ['_docs', "must not start with '_', '-', or '+'"],
    ['-docs', "must not start with '_', '-', or '+'"],
    ['a%20b', `must not contain the following characters ['\\','/','*','?','"','<','>','|',' ',',']`],
    ['a*', `must not contain the following characters ['\\','/','*','?','"','<','>','|',' ',',']`],
    ['a%23', "must not contain '#'"],
    ['a:b', "must not contain ':'"],
    ['..', "must not be '.' or '..'"],
    ['x'.repeat(256), 'index name is too long, (256 > 255)'],
  ])('can not be called %s', async (path, problem) => {
    const name = decodeURIComponent(path);
    const expected = {
      status: 400,
      body: errorBody(400, 'invalid_index_name_exception', `Invalid index name [${name}], ${problem}`, {
        index_uuid: '_na_',
        index: name,
      }),
    };
    expectAnswer(await ask(`PUT /${path}`), expected);
    expectAnswer(await ask(`PUT /${path}/_doc/1`, { a: 1 }), expected);
  });

  test.each([
    ['GET /missing'],
    ['DELETE /missing'],
    ['GET /missing/_mapping'],
    ['POST /missing/_refresh'],
    ['GET /missing/_doc/1'],
    ['DELETE /missing/_doc/1'],
    ['GET /missing/_search'],
    ['GET /docs,missing/_count'],
  ])('that is missing: %s', async (line) => {
    await ask('PUT /docs');
    expectAnswer(await ask(line), {
      status: 404,
      body: errorBody(404, 'index_not_found_exception', 'no such index [missing]', {
        'resource.type': 'index_or_alias',
        'resource.id': 'missing',
        index_uuid: '_na_',
        index: 'missing',
      }),
    });
  });

  test('is not removed by a pattern, except in 7.x', async () => {
    await ask('PUT /docs');
    for (const expression of ['do*', '_all', '*', 'docs,others*']) {
      expectAnswer(await ask(`DELETE /${expression}`), {
        status: 400,
        body: errorBody(
          400,
          'illegal_argument_exception',
          'Wildcard expressions or all indices are not allowed',
        ),
      });
    }
    expect((await ask('HEAD /docs')).status).toBe(200);
    const older = await emulated({ version: '7.17' });
    await older.ask('PUT /docs');
    expect((await older.ask('DELETE /do*')).status).toBe(200);
    expect((await older.ask('HEAD /docs')).status).toBe(404);
    await older.close();
  });

  test('is seen in the health of the cluster', async () => {
    const empty = await emulated();
    const health = async () => (await empty.ask('GET /_cluster/health')).text;
    const shards = (status: string, active: number, unassigned: number, percent: string) =>
      new RegExp(
        `"status":"${status}",.*"active_primary_shards":${active},"active_shards":${active},.*"unassigned_shards":${unassigned},.*"active_shards_percent_as_number":${percent}}$`,
      );
    expect(await health()).toMatch(shards('green', 0, 0, '100.0'));
    await empty.ask('PUT /a', { body: { settings: { number_of_shards: 3, number_of_replicas: 0 } } });
    expect(await health()).toMatch(shards('green', 3, 0, '100.0'));
    await empty.ask('PUT /b', { body: { settings: { number_of_replicas: 4 } } });
    expect(await health()).toMatch(shards('yellow', 4, 4, '50.0'));
    // One for what belongs to security, one for tokens.
    await empty.ask('PUT /_security/role/r', { body: {} });
    expect(await health()).toMatch(shards('yellow', 5, 4, '55.55555555555556'));
    await empty.ask('POST /_security/oauth2/token', { body: { grant_type: 'client_credentials' } });
    expect(await health()).toMatch(shards('yellow', 6, 4, '60.0'));
    const { json } = await empty.ask('GET /_cluster/health/a,b?level=indices');
    expect([json.active_shards, json.unassigned_primary_shards]).toEqual([4, 0]);
    expect(json.indices.b).toEqual({
      status: 'yellow',
      number_of_shards: 1,
      number_of_replicas: 4,
      active_primary_shards: 1,
      active_shards: 1,
      relocating_shards: 0,
      initializing_shards: 0,
      unassigned_shards: 4,
      unassigned_primary_shards: 0,
    });
    await empty.close();
  });

  test('is not waited for: what is not there now has not come in time', async () => {
    await ask('PUT /docs');
    for (const [path, status, timedOut, colour] of [
      ['docs?wait_for_status=yellow', 200, false, 'yellow'],
      ['docs?wait_for_status=green', 408, true, 'yellow'],
      ['nothing?timeout=1ms', 408, true, 'red'],
      ['noth*', 200, false, 'green'],
    ] as const) {
      const response = await ask(`GET /_cluster/health/${path}`);
      expect([response.status, response.json.timed_out, response.json.status]).toEqual([
        status,
        timedOut,
        colour,
      ]);
    }
  });

  test('can be refreshed, although that changes nothing', async () => {
    await ask('PUT /docs');
    await ask('PUT /others', { settings: { number_of_replicas: 0 } });
    expectAnswer(await ask('POST /_refresh'), {
      status: 200,
      body: { _shards: { total: 3, successful: 2, failed: 0 } },
    });
    expect((await ask('GET /docs/_refresh')).json._shards).toEqual(shards);
  });
});

describe('fields', () => {
  const mappings = async () => (await ask('GET /docs/_mapping')).json.docs.mappings;

  test('get their types from the first documents', async () => {
    expect(await ask('PUT /docs').then(mappings)).toEqual({});
    await ask('PUT /docs/_doc/1', {
      text: 'a',
      n: 1,
      f: 1.5,
      b: true,
      d: '2024-05-01T10:00:00Z',
      none: null,
      o: { p: ['2024-05'] },
      'x.y': 1,
      year: '2024',
    });
    const text = { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } };
    expect(await mappings()).toEqual({
      properties: {
        b: { type: 'boolean' },
        d: { type: 'date' },
        f: { type: 'float' },
        n: { type: 'long' },
        o: { properties: { p: { type: 'date' } } },
        text,
        x: { properties: { y: { type: 'long' } } },
        year: text,
      },
    });
  });

  test('that are too long are found by their words only', async () => {
    await ask('PUT /docs/_doc/1', { text: 'x'.repeat(256) });
    await ask('PUT /docs/_doc/2', { text: 'x'.repeat(257) });
    const count = async (field: string) =>
      (await ask('POST /docs/_count', { query: { prefix: { [field]: 'xx' } } })).json.count;
    expect([await count('text.keyword'), await count('text')]).toEqual([1, 2]);
  });

  test('can be declared later, but not changed', async () => {
    await ask('PUT /docs');
    const put = (type: string) => ask('PUT /docs/_mapping', { properties: { code: { type } } });
    expectAnswer(await put('keyword'), { status: 200, body: { acknowledged: true } });
    expect(await mappings()).toEqual({ properties: { code: { type: 'keyword' } } });
    expectAnswer(await put('long'), {
      status: 400,
      body: errorBody(
        400,
        'illegal_argument_exception',
        'mapper [code] cannot be changed from type [keyword] to [long]',
      ),
    });
  });

  test.each<[object, object, string, string | undefined]>([
    [
      { n: 1 },
      { n: 'abc' },
      "[1:6] failed to parse field [n] of type [long] in document with id '2'. Preview of field's value: 'abc'",
      'For input string: "abc"',
    ],
    [
      { n: 1 },
      { n: { a: [1, 'x'] } },
      "[1:6] failed to parse field [n] of type [long] in document with id '2'. Preview of field's value: '{a=[1, x]}'",
      'Expected text at 1:6 but found START_OBJECT',
    ],
    [
      { b: true },
      { b: 'yes' },
      "[1:6] failed to parse field [b] of type [boolean] in document with id '2'. Preview of field's value: 'yes'",
      'Failed to parse value [yes] as only [true] or [false] are allowed.',
    ],
    [
      { d: '2024-01-01' },
      { d: 'soon' },
      "[1:6] failed to parse field [d] of type [date] in document with id '2'. Preview of field's value: 'soon'",
      'failed to parse date field [soon] with format [strict_date_optional_time||epoch_millis]',
    ],
    [
      { o: { a: 1 } },
      { o: 1 },
      '[1:6] object mapping for [o] tried to parse field [o] as object, but found a concrete value',
      undefined,
    ],
    [
      {},
      { _id: 'x' },
      '[1:8] Field [_id] is a metadata field and cannot be added inside a document. Use the index API request parameters.',
      undefined,
    ],
  ])('%j does not go with %j', async (first, second, reason, cause) => {
    await ask('PUT /docs/_doc/1', first);
    const more =
      cause === undefined ? {} : { caused_by: { type: 'illegal_argument_exception', reason: cause } };
    const type = 'document_parsing_exception';
    expectAnswer(await ask('PUT /docs/_doc/2', second), {
      status: 400,
      body: { error: { root_cause: [{ type, reason }], type, reason, ...more }, status: 400 },
    });
    expect((await ask('GET /docs/_count')).json.count).toBe(1);
  });

  test('are complained about in other words before 8.8', async () => {
    const older = await emulated({ version: '8.7' });
    await older.ask('PUT /docs/_doc/1', { body: { n: 1 } });
    const { json } = await older.ask('PUT /docs/_doc/2', { body: { n: 'abc' } });
    expect([json.error.type, json.error.reason]).toEqual([
      'mapper_parsing_exception',
      "failed to parse field [n] of type [long] in document with id '2'. Preview of field's value: 'abc'",
    ]);
    await older.close();
  });

  test('of a document that was refused are forgotten', async () => {
    await ask('PUT /docs/_doc/1', { n: 1 });
    await ask('PUT /docs/_doc/2', { fresh: 'x', n: 'abc' });
    expect(await mappings()).toEqual({ properties: { n: { type: 'long' } } });
  });
});

/**
 * What becomes of role queries that can not be filled in, or that are no queries then. A role may be stored with any
 * template (`DLSRoleQueryValidator.validateQueryField`); who is asked then says what is wrong: each shard of a search,
 * and at once where one document is wanted. The words are those of `Script`, `ScriptService`, `MustacheScriptEngine`,
 * `CustomMustacheFactory` and of mustache.java's `MustacheParser`.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../../support/http-client.js';
import { type Cluster, emulated } from '../../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated({ users: { alice: { password: 'secret', roles: ['limited'] } } });
});
beforeEach(() => cluster.ask('PUT /docs/_doc/1', { body: { owner: 'alice' } }));
afterAll(() => cluster.close());

const alice = basic('alice', 'secret');

interface Complaint {
  readonly status: number;
  readonly type: string;
  readonly reason: string;
  readonly [more: string]: unknown;
}

/** What `alice` is told who sees documents only by a query, asked for one document. */
async function complaint(query: object, key = false): Promise<Complaint> {
  const body = { indices: [{ names: ['docs'], privileges: ['read'], query }] };
  const { status } = await cluster.ask('PUT /_security/role/limited', { body });
  expect({ status, key }).toEqual({ status: 200, key });
  return complaintTo(alice);
}

async function complaintTo(headers: Record<string, string>): Promise<Complaint> {
  const got = await cluster.ask('GET /docs/_doc/1', { headers });
  const { root_cause: root, ...error } = got.json.error;
  // Only causes of Elasticsearch's own making are looked into (`ElasticsearchException.guessRootCauses`).
  const deepest = error.caused_by?.type === 'parsing_exception' ? error.caused_by : error;
  const { caused_by: _cause, ...shown } = deepest;
  expect(root).toEqual([shown]);
  // A search fails as a whole if every shard does, with the status of the first.
  const search = await cluster.ask('GET /docs/_search', { headers });
  expect({ status: search.status, body: search.json }).toEqual({
    status: got.status,
    body: {
      error: {
        root_cause: [shown],
        type: 'search_phase_execution_exception',
        reason: 'all shards failed',
        phase: 'query',
        grouped: true,
        failed_shards: [{ shard: 0, index: 'docs', node: expect.any(String), reason: error }],
      },
      status: got.status,
    },
  });
  return { status: got.status, ...error };
}

const unfit = 'illegal_argument_exception';

describe('a template that is no script', () => {
  test.each([
    [{ template: 5 }, 'parse_exception', 'Unexpected token [VALUE_NUMBER]'],
    [{ template: 'x' }, 'parse_exception', 'Unexpected token [VALUE_STRING]'],
    [
      { template: {} },
      unfit,
      'must specify either [source] for an inline script or [id] for a stored script',
    ],
    [{ template: { id: 'a', lang: 'mustache' } }, unfit, 'illegally specified <lang> for a stored script'],
    [
      { template: { id: 'a', options: { a: 'b' } } },
      unfit,
      'field [options] cannot be specified using a stored script',
    ],
    [
      { template: { source: '{}', options: { a: 'b' } } },
      unfit,
      'illegal compiler options [{a=b}] specified',
    ],
    [
      { template: { source: '{}', parms: {} } },
      'x_content_parse_exception',
      '[1:28] [script] unknown field [parms] did you mean [params]?',
    ],
    [
      { template: { source: 5 } },
      'x_content_parse_exception',
      "[1:23] [script] source doesn't support values of type: VALUE_NUMBER",
    ],
    [
      { template: { source: '{}', params: [] } },
      'x_content_parse_exception',
      "[1:37] [script] params doesn't support values of type: START_ARRAY",
    ],
  ])('%j', async (query, type, reason) => {
    expect(await complaint(query)).toEqual({ status: 400, type, reason });
  });

  test('or two of them', async () => {
    const { type, reason, caused_by: cause } = await complaint({ template: { source: '{}', id: 'a' } });
    expect([type, reason]).toEqual([
      'x_content_parse_exception',
      '[1:33] [script] failed to parse field [id]',
    ]);
    const why = 'must only use one of [source, id] when specifying a script';
    expect(cause).toEqual({ type: unfit, reason: why });
  });

  test('or one that is not stored: none is here', async () => {
    expect(await complaint({ template: { id: 'one' } })).toEqual({
      status: 404,
      type: 'resource_not_found_exception',
      reason: 'unable to find script [one] in cluster state',
    });
  });
});

describe('a template that can not be read', () => {
  test.each([
    ['{{#a}}', "Failed to close 'a' tag @[query-template:1]"],
    ['\n{{#a}}\n', "Failed to close 'a' tag @[query-template:2]"],
    ['{{#a}}\n{{/b}}', 'Mismatched start/end tags: a != b in query-template:2 @[query-template:2]'],
    ['{{/a}}', 'Mismatched start/end tags: null != a in query-template:1 @[query-template:1]'],
    ['{{a', 'Improperly closed variable @[query-template:1]'],
    ['{{}}', 'Empty mustache @[query-template:1]'],
    ['{{=<% %>=}}', 'Disallowed: changing defaul delimiters'],
    ['{{#toJson}}{{/toJson}}', 'Mustache function [toJson] must contain one and only one identifier'],
    ['{{#join}}{{a}}{{b}}{{/join}}', 'Mustache function [join] must contain one and only one identifier'],
  ])('%j', async (source, reason) => {
    expect(await complaint({ template: { source } })).toEqual({
      status: 400,
      type: 'script_exception',
      reason,
      script_stack: [],
      script: source,
      lang: 'mustache',
      caused_by: { type: 'mustache_exception', reason },
    });
  });

  test('or shows another template: there are none', async () => {
    const { type, reason, caused_by: cause } = await complaint({ template: { source: '{{>other}}' } });
    const none = 'Template other not found';
    expect([type, reason, cause]).toEqual([
      'script_exception',
      none,
      { type: 'mustache_not_found_exception', reason: none },
    ]);
  });

  test('or is of a kind that nobody knows', async () => {
    const template = { source: '{}', options: { content_type: 'text/html' } };
    expect(await complaint({ template })).toEqual({
      status: 500,
      type: 'general_script_exception',
      reason: 'Failed to compile inline script [{}] using lang [mustache]',
      caused_by: { type: unfit, reason: 'No encoder found for media type [text/html]' },
    });
  });

  test('or is too long', async () => {
    const source = 'x'.repeat(65_536);
    const { reason } = await complaint({ template: { source } });
    const limit = 'exceeded max allowed inline script size in bytes [65535]';
    expect(reason).toBe(`${limit} with size [65536] for script [${source}]`);
  });

  test('or becomes too long', async () => {
    const list = Array.from({ length: 200 }, () => 'x'.repeat(100));
    const source = '{{#list}}{{#list}}{{.}}{{/list}}{{/list}}';
    expect(await complaint({ template: { source, params: { list } } })).toEqual({
      status: 400,
      type: 'parse_exception',
      reason: 'Mustache script result size limit exceeded',
    });
  });

  test('or is nested too deeply for the emulator', async () => {
    const nested = (depth: number) => {
      const source = `${'{{#a}}'.repeat(depth)}{"match_all":{}}${'{{/a}}'.repeat(depth)}`;
      return { template: { source, params: { a: { a: 1 } } } };
    };
    const { type, reason } = await complaint(nested(5000));
    expect([type, reason]).toEqual([
      'script_exception',
      'the emulator fills in no template with sections 1000 levels deep',
    ]);
    const body = { indices: [{ names: ['docs'], privileges: ['read'], query: nested(1000) }] };
    await cluster.ask('PUT /_security/role/limited', { body });
    expect((await cluster.ask('GET /docs/_doc/1', { headers: alice })).status).toBe(200);
  });
});

describe('a template that becomes no query', () => {
  const why = "failed to parse field 'query' from the role descriptor";

  test.each([
    ['', 'x_content_parse_exception', /^.*Failed to derive xcontent/],
    ['{"nosuch":{}}', 'parsing_exception', /^unknown query \[nosuch\]/],
    [
      '{"term":{"a":{{_user.username}}}}',
      'x_content_parse_exception',
      /^\[1:19\] Unrecognized token 'alice'/,
    ],
    ['{"term":{"a":', 'x_content_e_o_f_exception', /^\[1:14\] Unexpected end of file/],
  ])('%j', async (source, type, reason) => {
    expect(await complaint({ template: { source } })).toMatchObject({
      status: 400,
      type: 'parse_exception',
      reason: why,
      caused_by: { type, reason: expect.stringMatching(reason) },
    });
  });

  test('or one that looks at other documents', async () => {
    const source = '{"has_child":{"type":"{{_user.username}}","query":{"match_all":{}}}}';
    expect(await complaint({ template: { source } })).toEqual({
      status: 400,
      type: unfit,
      reason: "has_child query isn't supported as part of a role query",
    });
  });
});

describe('what a role can not be stored with', () => {
  test.each([
    [{}, "[1:2] expected [FIELD_NAME] with value a query name or 'template' but found [END_OBJECT] instead"],
  ])('%j', async (query, reason) => {
    const body = { indices: [{ names: ['docs'], privileges: ['read'], query }] };
    const { status, json } = await cluster.ask('PUT /_security/role/limited', { body });
    const about =
      "failed to parse field 'query' for indices [docs] at index privilege [0] of role descriptor";
    const shown = { type: 'parse_exception', reason: about };
    expect([status, json.error]).toEqual([
      400,
      { root_cause: [shown], ...shown, caused_by: { type: 'x_content_parse_exception', reason } },
    ]);
  });
});

test.each([
  ['{}', 'parse_exception', 'Unexpected token [END_OBJECT]'],
  ['5', 'x_content_parse_exception', 'Failed to derive xcontent'],
])(
  'a key may bring what is none (ApiKeyGenerator looks at its owner’s only): %s',
  async (query, type, reason) => {
    const body = {
      name: 'key',
      role_descriptors: { r: { indices: [{ names: ['docs'], privileges: ['read'], query }] } },
    };
    const made = await cluster.ask('POST /_security/api_key', { body });
    expect(await complaintTo(apiKey(made.json.encoded))).toEqual({ status: 400, type, reason });
  },
);

test('where several indices are searched, the others answer', async () => {
  const indices = [
    { names: ['docs'], privileges: ['read'], query: { template: { id: 'one' } } },
    { names: ['others'], privileges: ['read'] },
  ];
  await cluster.ask('PUT /_security/role/limited', { body: { indices } });
  await cluster.ask('PUT /others/_doc/2', { body: { owner: 'bob' } });
  const { status, json } = await cluster.ask('GET /docs,others/_search', { headers: alice });
  expect([status, json._shards.failed, json.hits.hits.length]).toEqual([200, 1, 1]);
  expect(json._shards.failures[0].reason.type).toBe('resource_not_found_exception');
});

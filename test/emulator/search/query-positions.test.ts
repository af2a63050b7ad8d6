/**
 * Where in a body something is wrong with a query: the place, and which error is the cause of which. Elasticsearch's
 * builders name the place that their parser has come to, mostly the value behind a name that they do not know
 * (`fromXContent`); those with an `ObjectParser` name the name.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, emulated } from '../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
  await cluster.ask('PUT /docs/_doc/1', { headers: cluster.admin, body: { author: 'x' } });
});
afterAll(() => cluster.close());

interface ErrorBody {
  readonly type: string;
  readonly reason: string;
  readonly line?: number;
  readonly col?: number;
  readonly caused_by?: ErrorBody;
}

function chainOf({ type, reason, line, col, caused_by: cause }: ErrorBody): string[] {
  const place = line === undefined ? '' : ` at ${line}:${col}`;
  return [`${type}: ${reason}${place}`, ...(cause === undefined ? [] : chainOf(cause))];
}

test.each<[query: string, ...chain: string[]]>([
  [
    '{"term":{"author":{"value":"x","foo":1}}}',
    'parsing_exception: [term] query does not support [foo] at 1:47',
  ],
  [
    '{"match":{"author":"x","body":"y"}}',
    "parsing_exception: [match] query doesn't support multiple fields, found [author] and [body] at 1:40",
  ],
  [
    '{"terms":{"body":["x"],"author":["y"]}}',
    'parsing_exception: [terms] query does not support multiple fields at 1:42',
  ],
  ['{"range":{"a":{"foo":1}}}', 'parsing_exception: [range] query does not support [foo] at 1:31'],
  ['{"range":{"a":1}}', 'parsing_exception: [range] query does not support [a] at 1:24'],
  ['{"exists":{"foo":"x"}}', 'parsing_exception: [exists] query does not support [foo] at 1:27'],
  [
    '{"exists":{"field":["author"]}}',
    'parsing_exception: [exists] unknown token [START_ARRAY] after [field] at 1:29',
  ],
  ['{"exists":{}}', 'parsing_exception: [exists] must be provided with a [field] at 1:21'],
  [
    '{"match_all":{"foo":1}}',
    'parsing_exception: [1:24] [match_all] unknown field [foo] at 1:30',
    'x_content_parse_exception: [1:24] [match_all] unknown field [foo]',
  ],
  [
    '{"match_all":{"boost":"abc"}}',
    'parsing_exception: [1:32] [match_all] failed to parse field [boost] at 1:32',
    'x_content_parse_exception: [1:32] [match_all] failed to parse field [boost]',
    'number_format_exception: For input string: "abc"',
  ],
  [
    '{"ids":{"value":["1"]}}',
    'parsing_exception: [1:18] [ids] unknown field [value] did you mean [values]? at 1:26',
    'x_content_parse_exception: [1:18] [ids] unknown field [value] did you mean [values]?',
  ],
  ['{"bool":{"foo":[]}}', 'x_content_parse_exception: [1:19] [bool] unknown field [foo]'],
  [
    '{"bool":{"must":1}}',
    "x_content_parse_exception: [1:26] [bool] must doesn't support values of type: VALUE_NUMBER",
  ],
  [
    '{"bool":{"must":{"match":{"author":{"foo":1}}}}}',
    'x_content_parse_exception: [1:52] [bool] failed to parse field [must]',
    'parsing_exception: [match] query does not support [foo] at 1:52',
  ],
  [
    '{"bool":{"must":[{}]}}',
    'x_content_parse_exception: [1:28] [bool] failed to parse field [must]',
    'illegal_argument_exception: query malformed, empty clause found at [1:28]',
  ],
])('%s', async (query, ...chain) => {
  const { status, json } = await cluster.ask('POST /docs/_search', {
    headers: { ...cluster.admin, 'content-type': 'application/json' },
    body: `{"query":${query}}`,
  });
  expect(status).toBe(400);
  expect(chainOf(json.error)).toEqual(chain);
});

test('a bool without clauses, with everything else that it may have, finds all', async () => {
  const bool = {
    ...{ must: null, should: [], minimum_should_match: null, adjust_pure_negative: true },
    ...{ boost: '1.5e0', _name: 'all' },
  };
  const { json } = await cluster.ask('POST /docs/_search', {
    headers: cluster.admin,
    body: { query: { bool } },
  });
  expect(json.hits.total.value).toBe(1);
});

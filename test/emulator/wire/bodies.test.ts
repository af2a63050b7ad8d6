/** Bodies that can not be read or make no sense, and bodies that are meant to do harm. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, emulated, errorBody, expectAnswer } from '../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

const json = { 'content-type': 'application/json' };
const raw = (line: string, body: string | Buffer, headers: object = json) =>
  cluster.ask(line, { headers: { ...cluster.admin, ...headers }, body });

const unreadable = (reason: string) => ({
  status: 400,
  body: errorBody(400, 'x_content_parse_exception', reason),
});

describe('a body that can not be read', () => {
  test.each([['', 'request body is required']])('%j', async (body, reason) => {
    const answer = { status: 400, body: errorBody(400, 'parse_exception', reason) };
    expectAnswer(await raw('POST /_security/oauth2/token', body), answer);
  });

  test.each([
    [' ', '[1:2] [token_request] Expected START_OBJECT but was: null'],
    ['[]', '[1:1] [token_request] Expected START_OBJECT but was: START_ARRAY'],
    ['"text"', '[1:1] [token_request] Expected START_OBJECT but was: VALUE_STRING'],
    ['{', '[1:2] Unexpected end-of-input'],
    ['{"grant_type"', '[1:14] Unexpected end-of-input'],
    ['{"grant_type":', '[1:15] Unexpected end-of-input'],
    ['{"grant_type":"x', '[1:17] Unexpected end-of-input'],
    ['{"grant_type":"x"', '[1:18] Unexpected end-of-input'],
    [
      '{"grant_type" "x"}',
      "[1:15] Unexpected character ('\"' (code 34)): was expecting a colon to separate field name and value",
    ],
    [
      '{"grant_type":"x" "y"}',
      "[1:19] Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
    ],
    [
      '{\n  grant_type:"x"}',
      "[2:3] Unexpected character ('g' (code 103)): was expecting double-quote to start field name",
    ],
    [
      '{"grant_type":"x",}',
      "[1:19] Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
    ],
    ['{"grant_type":"x","grant_type":"y"}', "[1:19] Duplicate field 'grant_type'"],
    [
      '{"grant_type":nil}',
      "[1:18] Unrecognized token 'nil': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    ],
    ['{"grant_type":"\\x"}', "[1:17] Unrecognized character escape 'x' (code 120)"],
    [
      '{"grant_type":"\\u12"}',
      '[1:18] Unexpected character: expected a hex-digit for character escape sequence',
    ],
    [
      '{"grant_type":"a\nb"}',
      '[1:17] Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value',
    ],
    [
      '{"grant_type":01}',
      "[1:16] Unexpected character ('1' (code 49)): Expected space separating root-level values",
    ],
    [
      '{\0}',
      '[1:2] Illegal character ((CTRL-CHAR, code 0)): only regular white space (\\r, \\n, \\t) is allowed between tokens',
    ],
    ['{"a":1', '[1:2] [token_request] unknown field [a]'],
  ])('%j', async (body, reason) => {
    expectAnswer(await raw('POST /_security/oauth2/token', body), unreadable(reason));
  });

  test('bytes that are not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"grant_type":"a'), Buffer.from([0xff, 0x22, 0x7d])]);
    expectAnswer(
      await raw('POST /_security/oauth2/token', body),
      unreadable('[1:17] Invalid UTF-8 start byte 0xff'),
    );
  });

  test('more levels than a stack could take', async () => {
    const body = `{"name":"deep","metadata":${'{"a":'.repeat(100_000)}`;
    const response = await raw('PUT /_security/api_key', body);
    expect(response.status).toBe(400);
    expect(response.json.error.caused_by.reason).toMatch(
      /Document nesting depth \(1001\) exceeds the maximum allowed \(1000\)$/,
    );
  });

  test('two megabytes of something else', async () => {
    const response = await raw('POST /_security/oauth2/token', 'x'.repeat(2_000_000));
    expect(response.status).toBe(400);
    expect(response.json.error.type).toBe('x_content_parse_exception');
  });

  test('two megabytes in one field are read', async () => {
    const body = { grant_type: 'password', username: 'elastic', password: 'x'.repeat(2_000_000) };
    expect((await cluster.ask('POST /_security/oauth2/token', { body })).status).toBe(401);
  });

  test('an unknown field of two megabytes', async () => {
    const body = { ['x'.repeat(2_000_000)]: 1 };
    expect((await cluster.ask('POST /_security/oauth2/token', { body })).status).toBe(400);
  });
});

describe('fields that make no sense', () => {
  test.each<[string, object, string]>([
    ['POST /_security/oauth2/token', { foo: 1 }, '[1:2] [token_request] unknown field [foo]'],
    [
      'POST /_security/oauth2/token',
      { grant_typ: 'x' },
      '[1:2] [token_request] unknown field [grant_typ] did you mean [grant_type]?',
    ],
    [
      'POST /_security/oauth2/token',
      { __proto__: null, constructor: 1 },
      '[1:2] [token_request] unknown field [constructor]',
    ],
    [
      'POST /_security/oauth2/token',
      { grant_type: 7 },
      "[1:15] [token_request] grant_type doesn't support values of type: VALUE_NUMBER",
    ],
    [
      'POST /_security/oauth2/token',
      { grant_type: null },
      "[1:15] [token_request] grant_type doesn't support values of type: VALUE_NULL",
    ],
    [
      'DELETE /_security/oauth2/token',
      { tokens: 'x' },
      '[1:2] [invalidate_token] unknown field [tokens] did you mean [token]?',
    ],
    [
      'PUT /_security/api_key',
      { name: 'k', metadata: 'm' },
      "[1:24] [api_key_request] metadata doesn't support values of type: VALUE_STRING",
    ],
    [
      'PUT /_security/api_key',
      { name: 'k', expirations: '1d' },
      '[1:13] [api_key_request] unknown field [expirations] did you mean [expiration]?',
    ],
    [
      'DELETE /_security/api_key',
      { id: 'x' },
      '[1:2] [invalidate_api_key] unknown field [id] did you mean [ids]?',
    ],
  ])('%s %j', async (line, body, reason) => {
    expectAnswer(await cluster.ask(line, { body }), unreadable(reason));
  });

  test('a boolean that is none is explained as the cause', async () => {
    const response = await cluster.ask('DELETE /_security/api_key', { body: { owner: 'yes' } });
    const reason = '[1:10] [invalidate_api_key] failed to parse field [owner]';
    const cause = {
      type: 'illegal_argument_exception',
      reason: 'Failed to parse value [yes] as only [true] or [false] are allowed.',
    };
    expectAnswer(response, {
      status: 400,
      body: {
        error: {
          root_cause: [{ type: 'x_content_parse_exception', reason }],
          type: 'x_content_parse_exception',
          reason,
          caused_by: cause,
        },
        status: 400,
      },
    });
  });
});

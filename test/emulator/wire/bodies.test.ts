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

/** `1:2 what Jackson says`, with the text that it repeats. */
function readComplaint(complaint: string, body: string, opened?: string) {
  const space = complaint.indexOf(' ');
  const [place, words] = [complaint.slice(0, space), complaint.slice(space + 1)];
  const source = (at: string) => {
    const [line, column] = at.split(':');
    return `[Source: (byte[])"${body}"; line: ${line}, column: ${column}]`;
  };
  const marker = opened === undefined ? '' : ` (start marker at ${source(opened)})`;
  return { place, message: `${words}${marker}\n at ${source(place)}` };
}

describe('a body that can not be read', () => {
  test.each([['', 'request body is required']])('%j', async (body, reason) => {
    const answer = { status: 400, body: errorBody(400, 'parse_exception', reason) };
    expectAnswer(await raw('POST /_security/oauth2/token', body), answer);
  });

  test.each([
    [' ', '[1:0] [token_request] Expected START_OBJECT but was: null'],
    ['[]', '[1:1] [token_request] Expected START_OBJECT but was: START_ARRAY'],
    ['"text"', '[1:1] [token_request] Expected START_OBJECT but was: VALUE_STRING'],
    ['{"a":1', '[1:2] [token_request] unknown field [a]'],
    ['{"a":"\\x"}', '[1:2] [token_request] unknown field [a]'],
  ])('%j', async (body, reason) => {
    expectAnswer(await raw('POST /_security/oauth2/token', body), unreadable(reason));
  });

  // What Jackson says, and where; the text is repeated behind it.
  test.each([
    [
      '{"grant_type" "x"}',
      "1:15 Unexpected character ('\"' (code 34)): was expecting a colon to separate field name and value",
    ],
    [
      '{"grant_type":"x" "y"}',
      "1:19 Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
    ],
    [
      '{\n  grant_type:"x"}',
      "2:3 Unexpected character ('g' (code 103)): was expecting double-quote to start field name",
    ],
    [
      '{"grant_type":"x",}',
      "1:19 Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
    ],
    ['{"grant_type":"x","grant_type":"y"}', "1:31 Duplicate field 'grant_type'"],
    [
      '{"grant_type":nil}',
      "1:18 Unrecognized token 'nil': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    ],
    [
      '{"grant_type":NaN}',
      "1:18 Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow",
    ],
    [
      '{"grant_type":01}',
      "1:16 Unexpected character ('1' (code 49)): Expected space separating root-level values",
    ],
    [
      '{\0}',
      '1:2 Illegal character ((CTRL-CHAR, code 0)): only regular white space (\\r, \\n, \\t) is allowed between tokens',
    ],
    [
      '{/"grant_type":"x"}',
      "1:3 Unexpected character ('\"' (code 34)): was expecting either '*' or '/' for a comment",
    ],
    ['{"grant_type":"x",', '1:19 Unexpected end-of-input within/between Object entries'],
    // Columns are bytes.
    [
      '{"grant_type":"é" 1}',
      "1:20 Unexpected character ('1' (code 49)): was expecting comma to separate Object entries",
    ],
  ])('%j', async (body, complaint) => {
    const { place, message } = readComplaint(complaint, body);
    const cause = { type: 'json_parse_exception', reason: message };
    const whole = { type: 'x_content_parse_exception', reason: `[${place}] ${message}` };
    expectAnswer(await raw('POST /_security/oauth2/token', body), {
      status: 400,
      body: { error: { root_cause: [whole], ...whole, caused_by: cause }, status: 400 },
    });
  });

  test.each([
    ['{', '1:2 Unexpected end-of-input: expected close marker for Object', '1:1'],
    ['{"grant_type"', '1:14 Unexpected end-of-input within/between Object entries', undefined],
    ['{"grant_type":', '1:15 Unexpected end-of-input within/between Object entries', undefined],
    ['{"grant_type":"x"', '1:18 Unexpected end-of-input: expected close marker for Object', '1:1'],
    [
      '{"grant_type":"x"// and so on',
      '1:30 Unexpected end-of-input: expected close marker for Object',
      '1:1',
    ],
    ['{"grant_type":"x"/* and so on', '1:30 Unexpected end-of-input in a comment', undefined],
    ['{"grant_ty', '1:11 Unexpected end-of-input in field name', undefined],
  ])('%j ends too early', async (body, complaint, opened) => {
    const { place, message } = readComplaint(complaint, body, opened);
    const cause = { type: 'json_e_o_f_exception', reason: message };
    const whole = { type: 'x_content_e_o_f_exception', reason: `[${place}] Unexpected end of file` };
    expectAnswer(await raw('POST /_security/oauth2/token', body), {
      status: 400,
      body: { error: { root_cause: [whole], ...whole, caused_by: cause }, status: 400 },
    });
  });

  // A string is read when its field is, so that the field complains.
  test.each([
    ['{"grant_type":"\\x"}', "1:17 Unrecognized character escape 'x' (code 120)"],
    [
      '{"grant_type":"\\u12"}',
      "1:20 Unexpected character ('\"' (code 34)): expected a hex-digit for character escape sequence",
    ],
    [
      '{"grant_type":"a\nb"}',
      '1:17 Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value',
    ],
  ])('%j has a string that can not be read', async (body, complaint) => {
    const { place, message } = readComplaint(complaint, body);
    const cause = { type: 'json_parse_exception', reason: message };
    const inner = { type: 'x_content_parse_exception', reason: `[${place}] ${message}` };
    const outer = {
      type: 'x_content_parse_exception',
      reason: '[1:15] [token_request] failed to parse field [grant_type]',
    };
    expectAnswer(await raw('POST /_security/oauth2/token', body), {
      status: 400,
      body: {
        error: { root_cause: [inner], ...outer, caused_by: { ...inner, caused_by: cause } },
        status: 400,
      },
    });
  });

  test('a string that ends too early', async () => {
    const { error } = (await raw('POST /_security/oauth2/token', '{"grant_type":"x')).json;
    expect(error.reason).toBe('[1:15] [token_request] failed to parse field [grant_type]');
    expect(error.caused_by.reason).toBe('[1:17] Unexpected end of file');
    expect(error.caused_by.caused_by.reason).toMatch(/^Unexpected end-of-input in VALUE_STRING\n/);
  });

  test('of a long text the first five hundred bytes are repeated', async () => {
    const { error } = (await raw('POST /_security/oauth2/token', `{"grant_type" ${' '.repeat(600)}1`)).json;
    expect(error.reason).toContain(`${' '.repeat(486)}"[truncated 115 bytes]; line: 1, column: 615]`);
  });

  test('numbers come back as Java writes them', async () => {
    const numbers =
      '[1.0,1e3,1E7,12345678.9,0.001,0.00012,-0,-0.0,1e0,123456789012345678901234567890,1.5e-300,100,1e999]';
    const body = `{"password":"secret","roles":[],"metadata":{"n":${numbers}}}`;
    expect((await raw('PUT /_security/user/numbers', body)).status).toBe(200);
    const { text } = await cluster.ask('GET /_security/user/numbers');
    expect(text).toContain(
      '[1.0,1000.0,1.0E7,1.23456789E7,0.001,1.2E-4,0,-0.0,1.0,123456789012345678901234567890,1.5E-300,100,1e999]',
    );
  });

  test('comments are none', async () => {
    const body = '// a\n{/* b */"grant_type"// c\n:"client_credentials"}// d';
    expect((await raw('POST /_security/oauth2/token', body)).status).toBe(200);
  });

  test('bytes that are not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"grant_type":"a'), Buffer.from([0xff, 0x22, 0x7d])]);
    const { error } = (await raw('POST /_security/oauth2/token', body)).json;
    expect(error.reason).toBe('[1:15] [token_request] failed to parse field [grant_type]');
    expect(error.caused_by.reason).toMatch(/^\[1:17\] Invalid UTF-8 start byte 0xff\n/);
  });

  test('more levels than a stack could take', async () => {
    const body = `{"name":"deep","metadata":${'{"a":'.repeat(100_000)}`;
    const response = await raw('PUT /_security/api_key', body);
    expect(response.status).toBe(400);
    expect(response.json.error.caused_by.reason).toMatch(
      /Document nesting depth \(1001\) exceeds the maximum allowed \(1000, from `StreamReadConstraints.getMaxNestingDepth\(\)`\)$/,
    );
  });

  test('a number of more digits than anybody needs', async () => {
    const of = (number: string) =>
      raw('PUT /_security/api_key', `{"name":"long","metadata":{"n":${number}}}`);
    for (const number of ['1'.repeat(1001), `-0.${'1'.repeat(1000)}`, `1e-${'1'.repeat(1000)}`]) {
      const response = await of(number);
      expect(response.status).toBe(400);
      expect(response.json.error.caused_by.reason).toMatch(
        /Number value length \(1001\) exceeds the maximum allowed \(1000, from `StreamReadConstraints.getMaxNumberLength\(\)`\)$/,
      );
    }
    expect((await of(`-1.${'1'.repeat(999)}`)).status).toBe(200);
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

/** Answers and bodies that are not JSON, and how answers are labelled. */

import { decode, encode } from 'cborg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { admin, type Came, jsonOf, type RawCluster, rawCluster, valuesOf } from './raw-cluster.js';

let cluster: RawCluster;
beforeAll(async () => {
  cluster = await rawCluster();
});
afterAll(() => cluster.close());

const ask = (line: string, ...headers: string[]): Promise<Came> =>
  cluster.answer(line, { headers: [admin, ...headers] });
const post = (path: string, type: string, body: string | Buffer, ...headers: string[]): Promise<Came> =>
  cluster.answer(`POST ${path}`, { headers: [admin, `content-type: ${type}`, ...headers], body });

describe('the type of an answer', () => {
  test.each([
    ['accept: application/json;charset=utf-8', 'application/json;charset=utf-8'],
    ['accept: application/*', 'application/json'],
    ['accept: application/x-ndjson', 'application/json'],
    ['accept: application/vnd.elasticsearch+json', 'application/vnd.elasticsearch+json'],
    [
      'accept: application/vnd.elasticsearch+yaml;compatible-with=9',
      'application/vnd.elasticsearch+yaml;compatible-with=9',
    ],
    // What is accepted is not known, but its parameters stay (`AbstractRestChannel`).
    ['accept: text/html; q=0.8', 'application/json;q=0.8'],
    ['accept: application/smile', 'application/json'],
    // Recorded: the type of the request, without its version.
    [
      'content-type: application/vnd.elasticsearch+json;compatible-with=8',
      'application/vnd.elasticsearch+json',
    ],
    ['content-type: application/yaml', 'application/yaml'],
  ])('after %s is %s', async (header, type) => {
    expect(valuesOf(await ask('GET /_security/_authenticate', header), 'content-type')).toEqual([type]);
  });

  test.each([
    ['yaml', 'application/yaml'],
    ['YAML', 'application/yaml'],
    ['cbor', 'application/cbor'],
    ['json', 'application/json'],
    ['vnd.elasticsearch%2Bjson', 'application/vnd.elasticsearch+json'],
    ['nonsense', 'application/cbor'],
  ])('is what ?format=%s says, before what is accepted', async (format, type) => {
    const answer = await ask(`GET /_security/_authenticate?format=${format}`, 'accept: application/cbor');
    expect(valuesOf(answer, 'content-type')).toEqual([type]);
  });

  test.each(['accept', 'content-type'])('is never told if %s has a version that is none', async (name) => {
    for (const version of ['x', '300', '']) {
      const headers = [admin, `${name}: application/vnd.elasticsearch+json;compatible-with=${version}`];
      const answer = await cluster.ask('GET /', { headers, isClosing: true });
      if (version === '') expect(answer).toMatchObject({ status: 400 });
      else expect(answer).toEqual({ failed: 'closed without an answer' });
    }
  });
});

describe('YAML', () => {
  test('says the same as JSON', async () => {
    const awkward = {
      text: 'a "quoted" \\ line\n\ttab \u0007 é \u2028 \u{1f600}',
      long: 'word '.repeat(60).trim(),
      'two  blanks': `${'x'.repeat(90)}  y z`,
      number: 1.5,
      big: 12345678901234,
      none: null,
      flag: false,
      empty: { list: [], object: {} },
      nested: [[1, [2, 3]], [{ a: 1, b: [{ c: 'd' }] }]],
      '': 'no name',
      'a: b': 'colon',
      '- c': 'dash',
      '#d': 'hash',
      "it's *this": 'quote',
      yes: 'yes',
      '0x1f': 'hex',
      'tab\there': 'tab',
    };
    const body = JSON.stringify({ password: 'secret', roles: [], metadata: awkward });
    await post('/_security/user/awkward', 'application/json', body);
    const yaml = (await ask('GET /_security/user/awkward?format=yaml')).body.toString();
    const plain = jsonOf(await ask('GET /_security/user/awkward'));
    expect(plain.awkward.metadata).toEqual(awkward);
    expect(parse(yaml)).toEqual(plain);
    expect(yaml).toMatch(/^---\nawkward:\n {2}username: "awkward"\n {2}roles: \[\]\n {2}full_name: null\n/);
    // As SnakeYAML breaks lines: behind column 80, at a blank.
    expect(
      Math.max(
        ...yaml
          .split('\n')
          .filter((line) => /word/.test(line))
          .map((line) => line.length),
      ),
    ).toBeLessThan(90);
  });

  test('is the form of refusals and of other objects too', async () => {
    const refused = await ask('GET /_security/nowhere?format=yaml');
    expect(refused.body.toString()).toBe(
      '---\nerror: "no handler found for uri [/_security/nowhere?format=yaml] and method [GET]"\n',
    );
    expect((await ask('GET /_security/user/nobody?format=yaml')).body.toString()).toBe('--- {}\n');
    expect((await ask('GET /?format=yaml&filter_path=version.build_snapshot')).body.toString()).toBe(
      '---\nversion:\n  build_snapshot: false\n',
    );
  });

  test('is read', async () => {
    const body = stringify({ password: 'secret', roles: ['viewer'], metadata: { n: 1, list: [true, null] } });
    expect((await post('/_security/user/yaml', 'application/yaml', body)).status).toBe(200);
    expect(jsonOf(await ask('GET /_security/user/yaml')).yaml).toMatchObject({
      roles: ['viewer'],
      metadata: { n: 1, list: [true, null] },
    });
  });

  test('that is broken is refused', async () => {
    const answer = await post(
      '/_security/user/yaml',
      'application/yaml',
      'a: [1',
      'accept: application/json',
    );
    expect([answer.status, jsonOf(answer).error.type]).toEqual([400, 'x_content_parse_exception']);
  });

  // The library for YAML calls itself for each level, and where the stack ends V8 may end the process.
  test.each([
    ['lists', '['],
    ['objects', '{"a":'],
    ['blocks', '- '],
  ])('that is too deep in %s is refused before it is read', async (_what, level) => {
    const answerTo = (depth: number) =>
      post('/_security/user/yaml', 'application/yaml', level.repeat(depth), 'accept: application/json');
    expect(jsonOf(await answerTo(3000)).error).toMatchObject({
      type: 'x_content_parse_exception',
      reason: '[1:1] nested deeper than 200 levels',
    });
    const { error } = jsonOf(await answerTo(150));
    expect(error.reason).not.toContain('nested deeper');
  });

  test('of which there is something to say beside a refusal does not say it in the terminal', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    await post('/_security/user/yaml', 'application/yaml', '!!js/function x');
    await post('/_security/user/yaml', 'application/yaml', '? [a]\n: 1');
    await new Promise(setImmediate);
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });
});

describe('CBOR', () => {
  test('says the same as JSON', async () => {
    const metadata = {
      numbers: [
        0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, -1, -24, -25, -4_294_967_297, 0.5,
      ],
      texts: ['', 'é', 'x'.repeat(300)],
      mixed: ['a', 1, null, true, { b: false }, []],
    };
    const body = JSON.stringify({ password: 'secret', roles: [], metadata });
    await post('/_security/user/cbor', 'application/json', body);
    const answer = await ask('GET /_security/user/cbor', 'accept: application/cbor');
    expect(decode(answer.body)).toEqual(jsonOf(await ask('GET /_security/user/cbor')));
    // An object of a length that is not told before (recorded).
    expect([answer.body[0], answer.body.at(-1)]).toEqual([0xbf, 0xff]);
  });

  test('has numbers of any length', async () => {
    const body =
      '{"password":"secret","roles":[],"metadata":{"n":123456789012345678901234567890,"m":-99999999999999999999}}';
    await post('/_security/user/large', 'application/json', body);
    const { body: bytes } = await ask('GET /_security/user/large', 'accept: application/cbor');
    const hex = bytes.toString('hex');
    expect(hex).toContain('c24d018ee90ff6c373e0ee4e3f0ad2');
    expect(hex).toContain('c349056bc75e2d630ffffe');
  });

  test('is read', async () => {
    const body = Buffer.from(encode({ grant_type: 'client_credentials' }));
    const answer = await post('/_security/oauth2/token', 'application/cbor', body);
    expect(answer.status).toBe(200);
    expect(decode(answer.body)).toMatchObject({ type: 'Bearer' });
  });

  test('is read also where JSON has no such value', async () => {
    const metadata = { bytes: Buffer.from('bytes') };
    const body = Buffer.concat([
      // The tag that says that it is CBOR.
      Buffer.from('d9d9f7', 'hex'),
      encode({ password: 'secret', roles: [], metadata }),
    ]);
    expect((await post('/_security/user/bytes', 'application/cbor', body)).status).toBe(200);
    const { body: text } = await ask('GET /_security/user/bytes?format=json&filter_path=*.metadata');
    expect(String(text)).toBe('{"bytes":{"metadata":{"bytes":"Ynl0ZXM="}}}');
  });

  test.each([
    ['is broken', 'bf61'],
    ['is nothing', ''],
    ['goes on after its end', 'a0a0'],
    ['has a name that is no text', 'a1f401'],
    ['has a value of a kind of its own', 'a16161d864426161'],
  ])('that %s is refused', async (_what, hex) => {
    const body = Buffer.from(hex, 'hex');
    const answer = await post(
      '/_security/oauth2/token',
      'application/cbor',
      body,
      'accept: application/json',
    );
    expect([answer.status, jsonOf(answer).error.type]).toEqual([400, expect.stringMatching(/parse/)]);
  });
});

// The library for CBOR takes the longer for tags in tags the more there are.
test.each([
  ['lists', 0x81],
  ['tags', 0xc2],
])('CBOR that is too deep in %s is refused before it is read', async (_what, level) => {
  const body = Buffer.concat([Buffer.alloc(100_000, level), Buffer.of(0x41, 1)]);
  const answer = await post('/_security/oauth2/token', 'application/cbor', body, 'accept: application/json');
  expect(jsonOf(answer).error).toMatchObject({
    type: 'x_content_parse_exception',
    reason: '[1:1] Maximum depth 200 exceeded',
  });
});

test('SMILE is not read', async () => {
  const answer = await post('/_security/oauth2/token', 'application/smile', ':)\n');
  expect([answer.status, jsonOf(answer).error]).toEqual([
    406,
    'Content-Type header [application/smile] is not supported',
  ]);
});

test('lines are JSON', async () => {
  const answer = await post('/_bulk', 'application/yaml', 'a: 1', 'accept: application/json');
  expect([answer.status, jsonOf(answer).error]).toEqual([
    406,
    'Content-Type [YAML] does not support stream parsing. Use JSON or SMILE instead',
  ]);
});

/** The player itself: whatever differs is noticed, what may differ is not, and the list can only get shorter. */

import { describe, expect, test } from 'vitest';
import type { RawAnswer } from '../../support/raw-exchange.js';
import type {
  Json,
  RecordedAnswer,
  RecordedExchange,
  RecordedRequest,
  RecordedStep,
} from '../../support/recordings.js';
import { compare } from './compare.js';
import { matches } from './masks.js';
import { changeOf } from './not-yet.js';
import { play } from './play.js';
import { bytesOf } from './request.js';
import { assertNoColon, assertNoDash, fill, Unlucky } from './texts.js';

type Came = Exclude<RawAnswer, { failed: string }>;

const saved = new Map<string, Json>([['k1', { id: 'a-saved-id-of-some-key', encoded: 'YTpi/+==' }]]);

const request: RecordedRequest = { method: 'GET', path: '/_security/_authenticate' };
const recorded: RecordedAnswer = {
  status: 200,
  reason: 'OK',
  headers: [
    ['X-elastic-product', 'Elasticsearch'],
    ['Allow', 'GET'],
    ['Allow', 'PUT'],
    ['content-length', '‹length›'],
  ],
  body: { username: 'alice', id: '‹k1.id›', creation: '‹ms›' },
};
const text = '{"username":"alice","id":"a-saved-id-of-some-key","creation":17}';
const answer: Came = {
  version: 'HTTP/1.1',
  status: 200,
  reason: 'OK',
  headers: recorded.headers.map(([name, value]) => [name, value.replace('‹length›', `${text.length}`)]),
  framing: 'content-length',
  body: Buffer.from(text),
  closed: false,
  excess: 0,
};

function kinds(exchange: RecordedExchange, came: RawAnswer): string[] {
  return compare(exchange, came, saved).map(({ kind }) => kind);
}

/** The kinds of differences of an answer with another body than the recorded one. */
function bodyKinds(wanted: Json | string, got: string, more: Partial<RecordedRequest> = {}): string[] {
  const response = { ...recorded, body: wanted };
  return kinds({ request: { ...request, ...more }, response }, { ...answer, body: Buffer.from(got) });
}

test('an answer that is as it was recorded is equal', () => {
  expect(kinds({ request, response: recorded }, answer)).toEqual([]);
});

const [product, allow, second, length] = answer.headers as [never, never, never, never];

test.each<[string, Partial<Came>]>([
  ['version', { version: 'HTTP/1.0' }],
  ['status: 201 for 200', { status: 201 }],
  ['reason phrase', { reason: 'ok' }],
  ['header Allow: missing', { headers: [product, length] }],
  ['header Allow: other value', { headers: [product, allow, length] }],
  ['header Allow: other value', { headers: [product, second, allow, length] }],
  ['header date: not wanted', { headers: [...answer.headers, ['date', 'today']] }],
  ['order of headers', { headers: [allow, second, product, length] }],
  ['framing', { framing: 'chunked' }],
  ['connection', { closed: true }],
  ['bytes after the answer', { excess: 1 }],
  ['body: username', { body: Buffer.from(text.replace('alice', 'alicf')) }],
  ['body: id', { body: Buffer.from(text.replace('a-saved', 'b-saved')) }],
  ['body: creation', { body: Buffer.from(text.replace('17', 'null')) }],
  ['body: creation is missing', { body: Buffer.from(text.replace(',"creation":17', '')) }],
  ['body: more is not wanted', { body: Buffer.from(text.replace('}', ',"more":1}')) }],
  ['body: spelling of the JSON', { body: Buffer.from(text.replace(',', ', ')) }],
  ['body: not JSON', { body: Buffer.from('') }],
])('%s is noticed', (kind, change) => {
  expect(kinds({ request, response: recorded }, { ...answer, ...change })).toEqual([kind]);
});

test('the length of a list is noticed', () => {
  expect(bodyKinds({ a: [1] }, '{"a":[1,2]}')).toEqual(['body: a[] is too long']);
  expect(bodyKinds({ a: [1, 2] }, '{"a":[1]}')).toEqual(['body: a[] is too short']);
});

test('the order of members is noticed', () => {
  expect(bodyKinds({ a: { b: 1, c: 2 } }, '{"a":{"c":2,"b":1}}')).toEqual(['body: order of members in a']);
});

test('an answer instead of none, and none instead of one, is noticed', () => {
  const none = { failed: 'no answer in 30000 ms to GET /' };
  expect(kinds({ request, response: none }, answer)).toEqual(['no answer']);
  expect(kinds({ request, response: recorded }, none)).toEqual(['no answer']);
  expect(kinds({ request, response: none }, { failed: 'closed without an answer' })).toEqual(['no answer']);
  expect(kinds({ request, response: none }, { failed: 'no answer in 2000 ms' })).toEqual([]);
});

test.each<[wanted: string, got: string, expected: boolean]>([
  ['a ‹took› b', 'a 12 b', true],
  ['a ‹took› b', 'a x b', false],
  ['"‹ms›"', '12', true],
  ['"‹ms›"', '"12"', true],
  ['"‹uuid›"', '"abcdefghij_lmnop-rstuv"', true],
  ['"‹uuid›"', '"short"', false],
  ['"‹uuid›"', 'abcdefghij_lmnop-rstuv', false],
  ['‹date›', '2026-01-02T03:04:05.678Z', true],
  ['‹date›', '2026-01-02', false],
  ['[‹k1.id›]', '[a-saved-id-of-some-key]', true],
  ['[‹k1.id›]', '[another]', false],
  ['[‹k2.id›]', '[another]', false],
  ['‹3 times x›', 'xxx', true],
  ['‹3 times x›', 'xxxx', false],
  ['(‹something new›)', '(anything)', true],
  ['(‹something new›)', '()', false],
])('%s stands for %s: %s', (wanted, got, expected) => {
  expect(matches(wanted, got, saved)).toBe(expected);
});

describe('what may differ', () => {
  const error = (type: string, reason: string): Json => ({ error: { type, reason } });
  const at = '\n at [Source: (byte[])"{"; line: 1, column: 2]';
  test.each<[about: string, wanted: Json, got: string, more: Partial<RecordedRequest>, nearly: string]>([
    [
      'the order of claims',
      { metadata: { jwt_a: 1, jwt_b: 2 } },
      '{"metadata":{"jwt_b":2,"jwt_a":1}}',
      {},
      '{"metadata":{"jwt_b":1,"jwt_a":2}}',
    ],
    [
      'the order in a token of a service account',
      { token: { name: 'a', type: '_service_account_index' } },
      '{"token":{"type":"_service_account_index","name":"a"}}',
      {},
      '{"token":{"type":"_service_account_index","name":"b"}}',
    ],
    [
      'the order of names of indices in _privileges',
      { indices: [{ names: ['a', 'b'] }] },
      '{"indices":[{"names":["b","a"]}]}',
      { path: '/_security/user/_privileges' },
      '{"indices":[{"names":["b","b"]}]}',
    ],
    [
      'the order of keys',
      { api_keys: [{ id: 'a' }, { id: '‹k1.id›' }] },
      '{"api_keys":[{"id":"a-saved-id-of-some-key"},{"id":"a"}]}',
      { path: '/_security/api_key' },
      '{"api_keys":[{"id":"a"},{"id":"a"}]}',
    ],
    [
      'the name of the node',
      { nodes: { '‹node id›': { name: 'node-1' } } },
      '{"nodes":{"abcdefghij_lmnop-rstuv":{"name":"n"}}}',
      {},
      '{"nodes":{"abcdefghij_lmnop-rstuv":{"name":1}}}',
    ],
    [
      'the build',
      { version: { number: '9.5.0', build_type: 'tar' } },
      '{"version":{"number":"9.5.0","build_type":"docker"}}',
      {},
      '{"version":{"number":"9.5.1","build_type":"docker"}}',
    ],
    [
      'what the JSON parser says',
      error('a', `[1:2] Unexpected${at}`),
      '{"error":{"type":"a","reason":"[1:2] Something"}}',
      {},
      '{"error":{"type":"a","reason":"[1:3] Something"}}',
    ],
    [
      'how Netty names what is too long',
      error('too_long_frame_exception', 'a'),
      '{"error":{"type":"too_long_http_line_exception","reason":"a"}}',
      {},
      '{"error":{"type":"too_short_exception","reason":"a"}}',
    ],
  ])('%s', (_about, wanted, got, more, nearly) => {
    expect(bodyKinds(wanted, got, more)).toEqual([]);
    expect(bodyKinds(wanted, nearly, more)).not.toEqual([]);
  });

  test('not that the JSON parser says nothing', () => {
    const wanted = { error: { reason: `Unexpected${at}` } };
    expect(bodyKinds(wanted, '{"error":{"reason":"Something"}}')).toEqual([]);
    expect(bodyKinds(wanted, '{"error":{"reason":""}}')).toEqual(['body: error.reason']);
    expect(bodyKinds(wanted, '{"error":{"reason":null}}')).toEqual(['body: error.reason']);
  });

  test('not the order of other things, or of what was sorted', () => {
    expect(bodyKinds({ metadata: { a: 1, b: 2 } }, '{"metadata":{"b":2,"a":1}}')).not.toEqual([]);
    const names = { indices: [{ names: ['a', 'b'] }] };
    expect(bodyKinds(names, '{"indices":[{"names":["b","a"]}]}')).not.toEqual([]);
    const hits = { hits: { hits: ['a', 'b'] } };
    const other = '{"hits":{"hits":["b","a"]}}';
    expect(bodyKinds(hits, other, { body: { query: {} } })).toEqual([]);
    expect(bodyKinds(hits, other, { body: { sort: ['n'] } })).not.toEqual([]);
  });

  test('how bytes are deflated, and how long the answer to HEAD / is', () => {
    const response = { ...recorded, headers: [['content-encoding', 'deflate'] as const], text: 'lost' };
    const { body, ...deflated } = response;
    const came = { ...answer, headers: response.headers, body: Buffer.from('other') };
    expect(kinds({ request, response: deflated }, came)).toEqual([]);
    expect(kinds({ request, response: deflated }, { ...came, body: Buffer.alloc(0) })).not.toEqual([]);
    const head = { ...recorded, headers: [['content-length', '531'] as const], body: null };
    const other = { ...answer, headers: [['content-length', '454'] as const], body: Buffer.alloc(0) };
    const of = (path: string): RecordedExchange => ({ request: { method: 'HEAD', path }, response: head });
    expect(kinds(of('/'), other)).toEqual([]);
    expect(kinds(of('/docs'), other)).toEqual(['header content-length: other value']);
  });

  test('everything where the node lacked a module', () => {
    const body = { error: { reason: 'failed to find action [cluster:monitor/x] to execute' } };
    expect(kinds({ request, response: { ...recorded, status: 500, body } }, answer)).toEqual([]);
    expect(kinds({ request, response: { ...recorded, status: 400, body } }, answer)).not.toEqual([]);
  });
});

test.each([
  ['{{k1.id}}', 'a-saved-id-of-some-key'],
  ['{{k1.none}}', 'no-k1.none'],
  ['{{b64:{{k1.id}}:{{chars:2}}}}', Buffer.from('a-saved-id-of-some-key:xx').toString('base64')],
  ['{{b64nopad:a}} {{b64url:???}} {{nopad:YQ==}}', 'YQ Pz8_ YQ'],
  ['{{tourl:YTpi/+==}}', 'YTpi_-=='],
  ['{{flip:abcdefghi}}', 'abcdefgAi'],
  ['{{latin1:é}}', 'Ã©'],
])('%s is filled in', (template, expected) => {
  expect(fill(template, saved)).toBe(expected);
});

test('random bytes that make a request say something else are refused', () => {
  const bytes = Buffer.from([200, 58, 201]).toString('base64');
  expect(() => fill('{{tourl:yADI}}', saved)).toThrow(Unlucky);
  expect(fill('{{tourl:YTpi}}', saved)).toBe('YTpi');
  expect(() => assertNoColon('ApiKey {{t1.access_token}}', `ApiKey ${bytes}`)).toThrow(Unlucky);
  expect(() => assertNoColon('ApiKey {{b64:ü:a}}', `ApiKey ${bytes}`)).not.toThrow();
  expect(() => assertNoDash('ApiKey {{k1.id}}:{{k1.api_key}}', 'ApiKey a-b:c')).toThrow(Unlucky);
  expect(() => assertNoDash('ApiKey {{k1.id}}:{{k1.api_key}}', 'ApiKey ab:c-d')).not.toThrow();
  expect(() => assertNoDash('ApiKey -_-_', 'ApiKey -_-_')).not.toThrow();
});

test('a request has the headers that were recorded, in order, and no others', async () => {
  const sent = await bytesOf(
    {
      method: 'PUT',
      path: '/{{k1.id}}',
      auth: { basic: 'alice' },
      headers: [['es-secondary-authorization', { bearer: 'x' }]],
      body: { a: '{{k1.id}}' },
    },
    saved,
    0,
  );
  const basic = Buffer.from('alice:alice-password').toString('base64');
  expect(sent.toString()).toBe(
    `PUT /a-saved-id-of-some-key HTTP/1.1\r\nhost: localhost:9200\r\nauthorization: Basic ${basic}\r\nes-secondary-authorization: Bearer x\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n{"a":"a-saved-id-of-some-key"}`,
  );
});

describe('a scenario', () => {
  const one = (status: number, basic?: string): RecordedExchange => ({
    request: { ...request, ...(basic !== undefined && { auth: { basic } }) },
    response: { ...recorded, status },
  });
  /** The statuses that were not as recorded, by exchange; undefined where nothing was sent. */
  const statuses = async (node: string, exchanges: readonly RecordedStep[]) => {
    const played = await play({ id: 'a', about: '', node, exchanges }, '9.5.0');
    return played.exchanges.map(({ index, differences }) => {
      const status = differences?.filter(({ kind }) => kind.startsWith('status')).map(({ got }) => got);
      return [index, status];
    });
  };

  test('of exchanges at once is played in their order, or in that of their status', async () => {
    const parallel = [one(401), one(200, 'elastic')];
    const other = [one(200), one(401, 'elastic')];
    expect(await statuses('default', [{ parallel }])).toEqual([
      ['0.0', []],
      ['0.1', []],
    ]);
    expect(await statuses('default', [{ parallel: other }])).toEqual([
      ['0.0', ['401']],
      ['0.1', ['200']],
    ]);
    expect(await statuses('default', [{ parallel: other, any: 'order' }])).toEqual([
      ['0.0', []],
      ['0.1', []],
    ]);
  });

  test('is played until something was done to the node that the emulator can not be asked for', async () => {
    expect(await statuses('default', [one(401), { hook: 'pull the plug' }, one(401)])).toEqual([
      ['0', []],
      ['2', undefined],
    ]);
    expect(await statuses('of another planet', [one(401)])).toEqual([['0', undefined]]);
  });
});

describe('the list of what is not equal yet', () => {
  const exchange = { request, response: recorded };
  const different = [{ kind: 'status', wanted: '', got: '' }];
  // `=` is equal, `x` differs, `-` was not played.
  const played = (marks: string) => ({
    id: 'a',
    lacks: [],
    exchanges: [...marks].map((mark, index) => ({
      index: `${index}`,
      exchange,
      differences: mark === '-' ? undefined : mark === 'x' ? different : [],
      saved,
    })),
  });

  test('holds a new scenario as it is', () => {
    const change = changeOf(undefined, played('xx=x--'));
    expect(change).toEqual({ lost: [], won: [], entry: { differ: '0-1, 3', notPlayed: '4-5' } });
  });

  test('loses what has become equal, and takes in nothing', () => {
    const change = changeOf({ differ: '0-1, 3' }, played('=x==x-'));
    expect(change).toEqual({ lost: ['4', '5'], won: ['0', '3'], entry: { differ: '1' } });
  });

  test('takes in what could not be played before', () => {
    expect(changeOf({ notPlayed: '0-1' }, played('x='))).toEqual({
      lost: [],
      won: ['1'],
      entry: { differ: '0' },
    });
  });
});

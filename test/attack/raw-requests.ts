// Requests in bytes, as no client should send them and somebody does: what may stand in a request line, in and around
// an Authorization line, in a frame, and in what order; some of them spoilt afterwards, at any byte.

import fc from 'fast-check';

/** The routes that are asked for, as all six frameworks have them. */
export const paths = ['/me', '/admin', '/read', '/write'] as const;

/** One request among those of a connection. */
export interface Part {
  readonly method: string;
  readonly target: string;
  /** Whether it is framed so that its end is told. */
  readonly whole: boolean;
  /** Values of lines that are Authorization lines by the grammar of HTTP. */
  readonly presented: readonly string[];
}

/** What is written to one connection. */
export interface Bytes {
  /** Latin 1. */
  readonly text: string;
  /** Where to pause. */
  readonly pauses: readonly number[];
  /** Hangs up as soon as it has written. */
  readonly hangsUp: boolean;
  /** What was meant; nothing is known of what was spoilt. */
  readonly parts: readonly Part[] | undefined;
}

const weighed = <T>(common: readonly T[], odd: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...common) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );

const method = weighed(
  ['GET', 'GET', 'POST', 'HEAD', 'OPTIONS'],
  [
    'PUT',
    'DELETE',
    'PATCH',
    'TRACE',
    'PROPFIND',
    'CONNECT',
    'QUERY',
    'PURGE',
    'get',
    'FOO',
    'GET\0',
    'G ET',
    '',
  ],
);
const target = weighed<string>(paths, [
  ...[
    '/',
    '*',
    '',
    '/nowhere',
    '/ME',
    '/me/',
    '//me',
    '/./me',
    '/me/../admin',
    '/me;a=b',
    '/me#admin',
    '/me?a=%00',
  ],
  ...[
    '/%',
    '/me%',
    '/%zz',
    '/%2e%2e/admin',
    '/%6de',
    '/me%00',
    '/me%2f',
    '/%c0%ae',
    '/\xe4',
    '/me\t',
    '/me?%',
  ],
  ...[
    'http://a/me',
    'http://a/admin',
    'HTTP://me@a:1/me',
    'https://b/%',
    'a:80',
    '/__proto__',
    '/constructor',
  ],
  `/${'a'.repeat(17_000)}`,
]);
const version = weighed(['HTTP/1.1'], ['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', '']);

/** @param issued credentials that are good or were, in their canonical spelling. */
export function rawBytes(issued: readonly string[]): fc.Arbitrary<Bytes> {
  const good = fc.constantFrom(...issued);
  const bad = fc.constantFrom(
    ...[
      'Bearer bm9ib2R5',
      'ApiKey aWQ6c2VjcmV0',
      'Basic amFuZTp3cm9uZw==',
      'Bearer',
      '',
      'Bearer a b',
      'Digest a="b"',
    ],
    ...[
      'Bearer \0',
      'Bearer \xe4',
      'Bearer a,Bearer b',
      'ApiKey Og==',
      'ApiKey essu_x',
      `Bearer ${'a'.repeat(9_000)}`,
    ],
    `Bearer ${'a'.repeat(70_000)}`,
  );
  const value = fc.oneof(
    { weight: 4, arbitrary: good },
    { weight: 2, arbitrary: bad },
    fc.tuple(good, good).map((both) => both.join(', ')),
    good.map((text) => text.replace(' ', '    ')),
    good.map((text) => text.replace(/^\w+/, (scheme) => scheme.toUpperCase())),
  );
  /** Where the grammar of HTTP (RFC 9110 §5.1, RFC 9112 §5) knows the name and its value. */
  const proper = fc
    .tuple(
      fc.constantFrom('Authorization', 'authorization', 'AUTHORIZATION', 'aUTHORIZATION'),
      fc.constantFrom(': ', ':', ':\t', ':  '),
      value,
      fc.constantFrom('', '', ' ', '\t'),
    )
    .map(([name, colon, text, after]) => ({ line: name + colon + text + after, presented: [text] }));
  const improper = fc
    .tuple(
      value,
      fc.constantFrom<(text: string) => string>(
        (text) => `Authorization : ${text}`,
        (text) => `Authorization\t: ${text}`,
        (text) => ` Authorization: ${text}`,
        (text) => `Authorization ${text}`,
        (text) => `Authorization\0: ${text}`,
        (text) => `X-A: b\nAuthorization: ${text}`,
        (text) => `X-A: b\rAuthorization: ${text}`,
        (text) => `Authorization: ${text.replace(' ', '\r\n ')}`,
        (text) => `Authorization:\r\n\t${text}`,
        (text) => `X-A: b\r\n Authorization: ${text}`,
        (text) => `Authorization: ${text}\0`,
        (text) => `Authorization: ${text}\r`,
        (text) => `Authorization: ${text}\nX-A: b`,
        (text) => `Proxy-Authorization: ${text}`,
        (text) => `X-Authorization: ${text}`,
        (text) => `Authorization_: ${text}`,
        (text) => `\u00c4uthorization: ${text}`,
        (text) => `Cookie: Authorization=${text}`,
        (text) => `es-secondary-authorization: ${text}`,
      ),
    )
    .map(([text, spell]) => ({ line: spell(text), presented: undefined }));
  const lines = fc.array(fc.oneof({ weight: 4, arbitrary: proper }, { weight: 1, arbitrary: improper }), {
    maxLength: 3,
    size: 'small',
  });
  const others = fc
    .subarray([
      ...[
        'Connection: authorization',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Upgrade: h2c',
        'Expect: 100-continue',
      ],
      ...[
        'X-HTTP-Method-Override: GET',
        'X-Original-URL: /me',
        'X-Forwarded-For: 1.1.1.1',
        'es-security-runas-user: elastic',
      ],
      ...[
        'Content-Type: text/plain',
        'Content-Type: application/json',
        'Content-Type: multipart/form-data',
        'Expect: more',
      ],
      ...[
        `X-Long: ${'b'.repeat(8_000)}`,
        'Accept-Encoding: gzip',
        'If-None-Match: *',
        'Range: bytes=0-1',
        'Upgrade-Insecure-Requests: 1',
      ],
    ])
    .map((all) => all.slice(0, 3));
  const frame = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ head: [] as string[], body: '', whole: true }) },
    fc
      .tuple(good, fc.boolean())
      .map(([text, within]) =>
        within ? `GET /admin HTTP/1.1\r\nHost: a\r\nAuthorization: ${text}\r\n\r\n` : 'a body',
      )
      .map((body) => ({ head: [`Content-Length: ${body.length}`], body, whole: true })),
    good.map((text) => ({
      head: ['Transfer-Encoding: chunked', 'Trailer: Authorization'],
      body: `3\r\nabc\r\n0\r\nAuthorization: ${text}\r\n\r\n`,
      whole: true,
    })),
    fc.constantFrom(
      { head: ['Content-Length: 5', 'Transfer-Encoding: chunked'], body: '0\r\n\r\n', whole: false },
      { head: ['Content-Length: 3', 'Content-Length: 4'], body: 'abc', whole: false },
      { head: ['Content-Length: +3'], body: 'abc', whole: false },
      { head: ['Content-Length: 100'], body: 'abc', whole: false },
      { head: ['Transfer-Encoding : chunked'], body: '0\r\n\r\n', whole: false },
      { head: ['Transfer-Encoding: identity, chunked'], body: '0\r\n\r\n', whole: false },
      { head: ['Transfer-Encoding: xchunked'], body: '0\r\n\r\n', whole: false },
      { head: ['Transfer-Encoding: chunked'], body: 'fffffffff\r\nabc', whole: false },
      { head: ['Transfer-Encoding: chunked'], body: '1;a=b\r\na\r\n0\r\n\r\n', whole: true },
    ),
  );
  const host = weighed<readonly string[]>(
    [['Host: a']],
    [[], ['Host: a', 'Host: b'], ['Host: '], ['Host: a/b']],
  );
  const part = fc
    .tuple(method, target, version, host, lines, others, frame, weighed(['\r\n'], ['\n', '\r\n']))
    .map(([verb, where, protocol, hosts, credentials, more, { head, body, whole }, lineEnd]) => {
      const first = `${verb} ${where} ${protocol}`;
      const all = [first, ...hosts, ...more, ...credentials.map(({ line }) => line), ...head];
      const known = credentials.every(({ presented }) => presented !== undefined);
      return {
        text: `${all.join(lineEnd)}${lineEnd}${lineEnd}${body}`,
        part: {
          method: verb,
          target: where,
          whole: whole && known && lineEnd === '\r\n',
          presented: credentials.flatMap(({ presented = [] }) => presented),
        },
      };
    });
  const spoilt = fc.tuple(
    fc.nat(),
    fc.constantFrom('\0', '\r', '\n', '\r\n', ' ', ':', '\xff', 'A', ''),
    fc.nat(3),
  );
  return fc
    .tuple(
      fc.array(part, { minLength: 1, maxLength: 3, size: 'small' }),
      fc.array(fc.nat(), { maxLength: 3 }),
      fc.option(spoilt, { freq: 4 }),
      fc.integer({ min: 0, max: 15 }).map((n) => n === 15),
    )
    .map(([made, pauses, spoil, hangsUp]) => {
      const meant = made.map(({ text }) => text).join('');
      const text = spoil === null ? meant : spoiltAt(meant, ...spoil);
      return {
        text,
        pauses: pauses.map((at) => at % text.length).sort((a, b) => a - b),
        hangsUp,
        parts: spoil === null ? made.map(({ part: { ...each } }) => each) : undefined,
      };
    });
}

function spoiltAt(text: string, at: number, by: string, instead: number): string {
  const where = at % text.length;
  return text.slice(0, where) + by + text.slice(where + instead);
}

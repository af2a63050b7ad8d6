import { describe, expect, test } from 'vitest';
import {
  authorizationOf,
  headerOf,
  isKeyAsBearer,
  isUnencodedKey,
  knownSchemes,
  type Presented,
  parseCredential,
  type Scheme,
  schemeOf,
} from '../../../packages/core/src/values/credential.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('headerOf', () => {
  test.each<[string, Presented, string | undefined]>([
    ['a string', 'Bearer abc', 'Bearer abc'],
    ['an empty string, which is present', '', ''],
    ['nothing', undefined, undefined],
    ['null', null, undefined],
    ['headers without the header', {}, undefined],
    ['headers with an undefined one', { authorization: undefined }, undefined],
    ['headers with a null one', { authorization: null }, undefined],
    ['an empty list', { authorization: [] }, undefined],
    ['headers with one string', { authorization: 'Bearer abc' }, 'Bearer abc'],
    ['headers with an empty string', { authorization: '' }, ''],
    ['a list of one', { authorization: ['Bearer abc'] }, 'Bearer abc'],
  ])('reads %s', (_what, presented, header) => {
    expect(headerOf(presented)).toBe(header);
  });

  test.each<[string, unknown]>([
    ['two values', { authorization: ['Bearer abc', 'Bearer def'] }],
    ['the same value twice', { authorization: ['Bearer abc', 'Bearer abc'] }],
    ['a value and nothing', { authorization: ['Bearer abc', undefined] }],
    ['a list in a list', { authorization: [['Bearer abc']] }],
    ['a number', { authorization: 42 }],
    ['false', { authorization: false }],
    ['an object that reads as a credential', { authorization: { toString: () => 'Bearer abc' } }],
    ['a function', { authorization: () => 'Bearer abc' }],
    ['a list without its object', ['Bearer abc']],
    ['two values without their object', ['Bearer abc', 'Bearer def']],
    ['a number without its object', 42],
    ['false without its object', false],
    ['a symbol', Symbol('Bearer abc')],
    ['a function without its object', () => 'Bearer abc'],
  ])('P31, P33: %s is present and not one string, so it is never taken for absent', (_what, presented) => {
    expect(headerOf(presented as Presented)).toBeNull();
  });
});

describe('authorizationOf', () => {
  const from = (...rawHeaders: string[]) =>
    authorizationOf({ rawHeaders, headers: { authorization: 'Bearer of-the-parsed-headers' } });

  test('reads the raw lines and not what became of them', () => {
    expect(from('Host', 'a', 'Authorization', 'Bearer raw')).toBe('Bearer raw');
    expect(from('Host', 'a')).toBeUndefined();
  });

  test('reads the parsed headers of a host that has no raw lines at all', () => {
    expect(from()).toEqual({ authorization: 'Bearer of-the-parsed-headers' });
  });

  test.each(['authorization', 'AUTHORIZATION', 'aUTHORIZATIOn'])('finds the name in any case: %s', (name) => {
    expect(from(name, 'Bearer abc')).toBe('Bearer abc');
  });

  test.each([
    'Proxy-Authorization',
    'X-Authorization',
    'Authorizations',
    'Authorization ',
    ' Authorization',
    'Authorizatio',
    'Authori\u017ation',
    'Authorizatıon',
  ])('takes no other name for it: %j', (name) => {
    expect(from(name, 'Bearer abc')).toBeUndefined();
  });

  test('takes no value for a name', () => {
    expect(from('X-Forwarded', 'Authorization', 'Bearer abc', 'x')).toBeUndefined();
  });

  test.each([
    ['different', 'Bearer abc', 'Bearer def'],
    ['the same', 'Bearer abc', 'Bearer abc'],
    ['the first empty', '', 'Bearer def'],
    ['the second empty', 'Bearer abc', ''],
  ])('P31: two lines (%s) are one presentation of two values, which is malformed', (_what, first, second) => {
    const presented = from('Authorization', first, 'Host', 'a', 'authorization', second);
    expect(presented).toEqual({ authorization: [first, second] });
    expect(headerOf(presented)).toBeNull();
  });

  test.each<[string, unknown, string | undefined | null]>([
    ['one string', 'Bearer abc', 'Bearer abc'],
    ['none', undefined, undefined],
    ['a list of two', ['Bearer abc', 'Bearer def'], null],
    ['no string', 42, null],
  ])('reads the parsed headers of a host that has no raw lines: %s', (_what, authorization, header) => {
    expect(headerOf(authorizationOf({ headers: { authorization } }))).toBe(header);
  });
});

describe('parseCredential', () => {
  test.each<[string, Scheme, string]>([
    ['Bearer abc', 'Bearer', 'Bearer abc'],
    ['bearer abc', 'Bearer', 'Bearer abc'],
    ['BEARER    abc', 'Bearer', 'Bearer abc'],
    ['Bearer a', 'Bearer', 'Bearer a'],
    ['Bearer AZaz09-._~+/==', 'Bearer', 'Bearer AZaz09-._~+/=='],
    ['Bearer abc======', 'Bearer', 'Bearer abc======'],
    // What Elasticsearch would refuse as Base64 is none of our business in a Bearer token.
    ['Bearer YWJj=', 'Bearer', 'Bearer YWJj='],
    ['Bearer eyJ.eyJ.c2ln', 'Bearer', 'Bearer eyJ.eyJ.c2ln'],
    [`ApiKey ${base64('id:s')}`, 'ApiKey', 'ApiKey aWQ6cw=='],
    ['apikey aWQ6cw', 'ApiKey', 'ApiKey aWQ6cw=='],
    ['APIKEY   aWQ6c2U=', 'ApiKey', 'ApiKey aWQ6c2U='],
    ['ApiKey aWQ6c2U', 'ApiKey', 'ApiKey aWQ6c2U='],
    ['ApiKey aWQ6c2Vj', 'ApiKey', 'ApiKey aWQ6c2Vj'],
    [`ApiKey ${base64('i:s:t')}`, 'ApiKey', 'ApiKey aTpzOnQ='],
    // Bytes that are no UTF-8.
    ['ApiKey aTr77///', 'ApiKey', 'ApiKey aTr77///'],
    ['ApiKey essu_abc', 'ApiKey', 'ApiKey essu_abc'],
    ['aPIkEY  essu_A-_.~+/=', 'ApiKey', 'ApiKey essu_A-_.~+/='],
    ['Basic YTpi', 'Basic', 'Basic YTpi'],
    ['bASIC  YTpiYw', 'Basic', 'Basic YTpiYw=='],
    [`Basic ${base64(':')}`, 'Basic', 'Basic Og=='],
    [`Basic ${base64('a:')}`, 'Basic', 'Basic YTo='],
    [`Basic ${base64(':b')}`, 'Basic', 'Basic OmI='],
  ])('P9: %j is the credential %s %j', (header, scheme, authorization) => {
    expect(parseCredential(header, knownSchemes)).toEqual({ kind: 'credential', scheme, authorization });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'P10: the Bearer value %s is a value like any other, and as a scheme it is unknown',
    (name) => {
      expect(parseCredential(`Bearer ${name}`, knownSchemes)).toMatchObject({
        authorization: `Bearer ${name}`,
      });
      expect(parseCredential(`${name} abc`, knownSchemes)).toEqual({
        kind: 'unusable',
        code: 'scheme_unsupported',
      });
    },
  );

  test.each([
    ['the URL-safe alphabet', 'ApiKey aTr77___'],
    ['the URL-safe alphabet, minus', `ApiKey ${base64('i:>>>').replace('+', '-')}`],
    ['one padding character too few', 'ApiKey aWQ6cw='],
    ['one padding character too many', 'ApiKey aWQ6cw==='],
    ['padding where none belongs', 'ApiKey aWQ6c2Vj='],
    ['spare bits that are not zero', 'ApiKey aWQ6cx=='],
    ['spare bits that are not zero, without padding', 'ApiKey aWQ6cx'],
    ['spare bits that are not zero in three characters', 'ApiKey aWQ6c2V='],
    ['a character that stands for no byte', 'ApiKey aWQ6c2VjA'],
    ['a dot, which a lenient decoder skips', 'ApiKey aWQ6.c2Vj'],
    ['a tilde, which a lenient decoder skips', 'ApiKey aWQ6c2Vj~'],
    ['no colon', `ApiKey ${base64('idsecret')}`],
    ['no id', `ApiKey ${base64(':secret')}`],
    ['no secret', `ApiKey ${base64('id:')}`],
    ['nothing but a colon', `ApiKey ${base64(':')}`],
    ['the prefix of a cloud key and no more', 'ApiKey essu_'],
    ['the prefix of a cloud key in another case', 'ApiKey ESSU_abc'],
    ['a Basic with the URL-safe alphabet', 'Basic YTr77___'],
    ['a Basic with spare bits', 'Basic YTpiYx=='],
    ['a Basic without a colon', `Basic ${base64('alice')}`],
    ['a Basic that looks like a cloud key', 'Basic essu_abc'],
  ])('P9: refuses %s without a lookup', (_what, header) => {
    expect(parseCredential(header, knownSchemes)).toEqual({ kind: 'unusable', code: 'credentials_invalid' });
  });

  test.each([
    '',
    ' ',
    '\t',
    ' Bearer abc',
    '\tBearer abc',
    ',Bearer abc',
    '"Bearer" abc',
    'Bearer',
    'Bearer ',
    'Bearer    ',
    'Bearer\tabc',
    'Bearer \tabc',
    'Bearer\u00a0abc',
    'Bearer \u00a0abc',
    'Bearer abc ',
    'Bearer abc\t',
    'Bearer a b',
    'Bearer a,b',
    'Bearer a, Bearer b',
    'Bearer =',
    'Bearer ===',
    'Bearer =abc',
    'Bearer a=b',
    'Bearer "abc"',
    'Bearer:abc',
    'Bearer=abc',
    'Bearer/abc',
    'Bearer abc\n',
    'Bearer abc\r\n',
    'Bearer abc\r\nX-Injected: 1',
    'Bearer abc\0',
    '\0',
    'Bearer a\0c',
    'Bearer abc\u2028',
    'Bearer \u00e4',
    'Bearer \u{1f511}',
    'Bearer \ud800',
    'Bearer a%20b',
    'ApiKey',
    'ApiKey id:secret',
    'ApiKey realm="elasticsearch"',
    'Basic ',
    'Basic a:b',
  ])('P34: %j is malformed', (header) => {
    expect(parseCredential(header, knownSchemes)).toEqual({
      kind: 'unusable',
      code: 'credentials_malformed',
    });
  });

  test.each([
    'Negotiate abc',
    'Negotiate',
    'Digest username="alice", nonce="a\0b"',
    'Bearerx abc',
    'Bearer2',
    'Bearer-Token abc',
    'Bear er',
    'ApiKeys aWQ6cw==',
    "!#$%&'*+-.^_`|~09 abc",
    // Turkish dotless i and the Kelvin sign become ASCII in other people's case folding.
    'Bas\u0131c YTpi',
    'Api\u212aey aWQ6cw==',
    'abc',
    'Basic\0',
    'Basic YTpi',
    'basic',
  ])('%j names no scheme that is enabled, whatever follows it', (header) => {
    const code = 'scheme_unsupported';
    expect(parseCredential(header, ['Bearer', 'ApiKey'])).toEqual({ kind: 'unusable', code });
  });

  test('every scheme is off unless it is enabled', () => {
    const headers = { Bearer: 'Bearer abc', ApiKey: 'ApiKey aWQ6cw==', Basic: 'Basic YTpi' };
    for (const scheme of knownSchemes) {
      const others = knownSchemes.filter((other) => other !== scheme);
      expect(parseCredential(headers[scheme], [scheme]).kind).toBe('credential');
      expect(parseCredential(headers[scheme], others)).toMatchObject({ code: 'scheme_unsupported' });
    }
  });
});

describe('schemeOf', () => {
  test.each<[string, Scheme | undefined]>([
    ['Bearer abc', 'Bearer'],
    ['bearer', 'Bearer'],
    ['APIKEY \0 , nonsense', 'ApiKey'],
    ['ApiKey\tabc', 'ApiKey'],
    ['Basic YTpi', undefined],
    ['Negotiate abc', undefined],
    ['constructor', undefined],
    [' Bearer abc', undefined],
    ['', undefined],
  ])('of %j, with Bearer and ApiKey enabled, is %s', (header, scheme) => {
    expect(schemeOf(header, ['Bearer', 'ApiKey'])).toBe(scheme);
  });
});

describe('P46: the runtime keeps nothing of a header', () => {
  // What an expression last matched stays alive, and anybody in the process can read it.
  const lastMatch = () => [RegExp.$_, RegExp['$&'], RegExp['$`'], RegExp["$'"], RegExp.$1].join(' ');

  test.each([
    'Bearer a-long-secret-value',
    `ApiKey ${base64('id:a-long-secret-value')}`,
    `ApiKey ${base64('id:a-long-secret-value').replace(/=+$/, '')}`,
    `Basic ${base64('jane:a-long-secret-value')}`,
    'Bearer a-long-secret-value ???',
    'Digest a-long-secret-value',
  ])('of %j', (header) => {
    parseCredential(header, ['Bearer', 'ApiKey', 'Basic']);
    expect(lastMatch().trim()).toBe('');
    schemeOf(header, ['Bearer']);
    expect(lastMatch().trim()).toBe('');
  });
});

describe('what somebody meant', () => {
  const key = 'VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw';
  const encoded = Buffer.from(key).toString('base64');

  test.each([
    [`ApiKey ${key}`, true],
    [`apikey  ${key}`, true],
    [`ApiKey ${encoded}`, false],
    [`Bearer ${key}`, false],
    [`ApiKey ${key}:x`, false],
    ['ApiKey id', false],
    [undefined, false],
  ])('an API key that is not encoded: %s', (header, is) => {
    expect(isUnencodedKey(header)).toBe(is);
  });

  test.each([
    [`Bearer ${encoded}`, true],
    ['Bearer essu_VnVhQ2ZHY0JDZGJrUW0tZTVhT3g=', true],
    [`ApiKey ${encoded}`, false],
    ['Bearer dGhlLXRva2VuLW9mLWphbmU=', false],
    ['Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln', false],
    // An access token and a service token as 9.5.0 makes them (`test/recorded`): bytes before a name.
    ['Bearer 3eaGBBjG7QXrcjuuhyDOaAxgPs23V8MI5HT9iIkAAAA=', false],
    ['Bearer AAEAAWVsYXN0aWMvZmxlZXQtc2VydmVyL3Q6c2VjcmV0LXNlY3JldC1zZWNyZXQ', false],
  ])('an API key as a Bearer token: %s', (header, is) => {
    const credential = parseCredential(header, knownSchemes);
    expect(credential.kind === 'credential' && isKeyAsBearer(credential)).toBe(is);
  });
});

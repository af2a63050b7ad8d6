// From whatever somebody has at hand to the value of an `Authorization` header: the value itself, the header with its
// name, a line of an `.env` file, `id:api_key`, or the whole answer that it came in. What cannot be used is named.

import { own, parseJson } from '@esauth/core';
import { UsageError } from '../terminal/exit.js';
import {
  accessTokenLayout,
  decoded,
  isCloudKey,
  isJwt,
  isKeyPair,
  pairIn,
  serviceTokenIn,
} from './shapes.js';

/** A credential, and how it was found in what was given. */
export interface Recognised {
  /** The value of the header. */
  readonly authorization: string;
  /** What was done to it, in words; nothing, if it was a header's value. */
  readonly taken: readonly string[];
}

/**
 * @param text what was given
 * @param where it was given, for messages
 * @throws {UsageError} `credential_unreadable` naming what it is instead, and never quoting it
 */
export function recognise(text: string, where: string): Recognised {
  const refuse = (what: string): never => {
    throw new UsageError('credential_unreadable', `${where} ${what}`);
  };
  const whole = text.replace(/^[\s\ufeff\u200b]+|[\s\ufeff\u200b]+$/g, '');
  if (whole === '') return refuse('is empty: is the variable set, and was the file written?');
  if (whole.startsWith('{') || whole.startsWith('[')) return ofJson(whole, refuse);
  if (whole.startsWith('-----BEGIN')) {
    return refuse('is a certificate or a private key (PEM), and no credential: see --cert and --key');
  }
  const taken: string[] = [];
  const line = unwrap(oneLine(whole, taken, refuse), taken);
  if (line === '') return refuse('has nothing in its quotes: is the variable set?');
  if (/^(?:\$\w+|\$\{\w+\}|%\w+%|\$env:\w+|\$\(.*\)|\{\{.*\}\})$/.test(line)) {
    return refuse(
      'is the name of a variable, and not what it stands for: nothing has put its value in its place',
    );
  }
  const [, scheme, value] = /^(apikey|bearer|basic|negotiate)(?:\s+(.*))?$/i.exec(line) ?? [];
  if (scheme !== undefined) return ofScheme(scheme, unwrap(value ?? '', taken), taken, refuse);
  const [, header] = /^([\w-]+):\s+\S/.exec(line) ?? [];
  if (header !== undefined && !isKeyPair(line)) {
    return refuse(`is the header ${header}, and Elasticsearch reads Authorization alone`);
  }
  return ofBareValue(line, taken, refuse);
}

type Refuse = (what: string) => never;

/** As `Authorization` values are read, ASCII without spaces; the rest could not even be sent. */
const oneWord = /^[\x21-\x7e]+$/;

/** Of a request that was copied as a whole, the line that counts. */
function oneLine(text: string, taken: string[], refuse: Refuse): string {
  const lines = text
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 1) return lines[0] ?? '';
  const found = lines.filter((line) => /^(?:(?:-H|--header)[\s=]*)?["']?authorization\s*:/i.test(line));
  if (found.length > 1) return refuse('has more than one Authorization line');
  taken.push('the Authorization line of several');
  return found[0] ?? refuse(`has ${lines.length} lines: a credential has one`);
}

/** Takes away what does not belong to it, one layer after the other. */
function unwrap(given: string, taken: string[]): string {
  const layers: readonly (readonly [RegExp, string])[] = [
    [/^(["'])(.*)\1[,;]?$/s, 'without the quotes'],
    [/^([\u201c\u2018\u00ab])(.*)[\u201d\u2019\u00bb]$/s, 'without the quotes'],
    [/^(-H|--header)[\s=]+(.*)$/, 'without the option of curl'],
    // No Base64 has eight characters after an equals sign.
    [/^(?:export\s+|set\s+|\$env:)?([A-Za-z_]\w*)\s*=\s*(.{8,})$/, 'without the name of the variable'],
    [/^(authorization)\s*:\s*(.*)$/i, 'without the name of the header'],
  ];
  let text = given;
  for (let depth = 0; depth < 8; depth += 1) {
    const layer = layers.find(([form]) => form.test(text));
    if (layer === undefined) return text;
    text = (layer[0].exec(text)?.[2] ?? '').trim();
    if (!taken.includes(layer[1])) taken.push(layer[1]);
  }
  return text;
}

function ofScheme(scheme: string, value: string, taken: readonly string[], refuse: Refuse): Recognised {
  if (value === '') {
    return refuse(`ends after ${scheme}: the variable that should have followed was empty`);
  }
  const name = scheme.toLowerCase();
  if (name === 'apikey' && isKeyPair(value)) return encoded('ApiKey', value, taken);
  if (name === 'basic' && value.includes(':')) return encoded('Basic', value, taken);
  if (!oneWord.test(value)) return refuse(`has more after ${scheme} than one value: it must be one word`);
  const spelling = { apikey: 'ApiKey', bearer: 'Bearer', basic: 'Basic' }[name] ?? 'Negotiate';
  return { authorization: `${spelling} ${value}`, taken };
}

function ofBareValue(value: string, taken: readonly string[], refuse: Refuse): Recognised {
  const as = (scheme: string, what: string): Recognised => ({
    authorization: `${scheme} ${value}`,
    taken: [...taken, what],
  });
  if (isKeyPair(value)) return encoded('ApiKey', value, taken);
  if (isCloudKey(value)) return as('ApiKey', 'as an API key of Elastic Cloud');
  if (isJwt(value)) return as('Bearer', 'as a JSON Web Token');
  if (serviceTokenIn(value) !== undefined) return as('Bearer', 'as a token of a service account');
  const pair = pairIn(value);
  if (pair !== undefined) {
    return isKeyPair(pair)
      ? as('ApiKey', 'as the encoded form of an API key')
      : as('Basic', 'as the encoded form of a user name and a password');
  }
  if (accessTokenLayout(value) !== undefined) return as('Bearer', 'as an access token');
  if (/^[^\s:]+:.+$/.test(value) && !/^\w+:\/\//.test(value)) return encoded('Basic', value, taken);
  if (/^[\w-]{20}$/.test(value))
    return refuse('looks like the id of an API key alone: its secret belongs to it, as id:api_key');
  if (/^[\w-]{22}$/.test(value))
    return refuse('looks like the secret of an API key alone: its id belongs to it, as id:api_key');
  if (/\s/.test(value)) return refuse('has spaces in it, and does not begin with ApiKey, Bearer or Basic');
  if (decoded(value) !== undefined && value.length >= 24)
    return as('Bearer', 'as a token of a kind that is not known');
  return refuse(
    'is no credential of a known form: ApiKey …, Bearer …, Basic …, id:api_key, user:password, a token, or the ' +
      'answer that it came in',
  );
}

function encoded(scheme: 'ApiKey' | 'Basic', pair: string, taken: readonly string[]): Recognised {
  const what = scheme === 'ApiKey' ? 'id:api_key, encoded' : 'a user name and a password, encoded';
  return {
    authorization: `${scheme} ${Buffer.from(pair).toString('base64')}`,
    taken: [...taken, what],
  };
}

/** The answers that a credential comes in, and those that look like one. */
function ofJson(text: string, refuse: Refuse): Recognised {
  const body = parseJson(text);
  if (body === undefined) return refuse('begins like JSON and is none: was all of it copied?');
  const textAt = (...path: readonly string[]): string | undefined => {
    const value = path.reduce<unknown>((within, name) => own(within, name), body);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const bare = (value: string, what: string): Recognised => {
    const { authorization } = recognise(value, 'the answer');
    return { authorization, taken: [what] };
  };
  const inHeader = (scheme: string, value: string, what: string): Recognised =>
    oneWord.test(value)
      ? { authorization: `${scheme} ${value}`, taken: [what] }
      : refuse('is JSON whose credential is not one word of ASCII: was it copied as it was?');
  const key = textAt('encoded');
  const [id, secret] = [textAt('id'), textAt('api_key')];
  if (key !== undefined) return inHeader('ApiKey', key, 'the answer to creating an API key');
  if (id !== undefined && secret !== undefined) {
    return encoded('ApiKey', `${id}:${secret}`, ['the answer to creating an API key']);
  }
  const token = textAt('access_token');
  if (token !== undefined) return inHeader('Bearer', token, 'the access token of a grant');
  const service = textAt('token', 'value');
  if (service !== undefined) {
    return inHeader('Bearer', service, 'the answer to creating a token of a service account');
  }
  const [user, password] = [textAt('username') ?? textAt('user'), textAt('password')];
  if (user !== undefined && password !== undefined) return encoded('Basic', `${user}:${password}`, []);
  const header = textAt('authorization') ?? textAt('Authorization');
  if (header !== undefined) return bare(header, 'the member authorization');
  if (textAt('error', 'type') !== undefined || textAt('error') !== undefined) {
    return refuse('is an error that Elasticsearch answered, and no credential: asking for one had failed');
  }
  if (own(body, 'api_keys') !== undefined) {
    return refuse('lists API keys: their secrets are shown once, when they are created, and never again');
  }
  if (textAt('refresh_token') !== undefined) {
    return refuse('has a refresh token alone, with which one gets a token and nothing else');
  }
  return refuse(
    'is JSON without a credential: none of encoded, id and api_key, access_token, token.value, username and password',
  );
}

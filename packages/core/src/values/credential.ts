// The `Authorization` header: which credential it carries, in its canonical spelling, or why none. Pure, never
// throws, linear in the header's length, and knows nothing of Elasticsearch but how its credentials are spelled.

import type { RejectionCode } from './codes.js';

/** The schemes a verifier can accept, as they are sent and as they appear in challenges. */
export type Scheme = 'Bearer' | 'ApiKey' | 'Basic';

/**
 * What a request presented: the value of its `Authorization` header, `undefined` (or `null`) if there is
 * none, or an object with all its values; more than one value is malformed.
 */
export type Presented =
  | string
  | null
  | undefined
  | { readonly authorization?: string | readonly string[] | null | undefined };

/** A credential in the spelling in which it is looked up, remembered and passed on. */
export interface Credential {
  readonly kind: 'credential';
  readonly scheme: Scheme;
  /** The scheme as written above, one space, and the value. */
  readonly authorization: string;
}

/** Refused unread: no lookup can change it. */
export interface Unusable {
  readonly kind: 'unusable';
  readonly code: RejectionCode;
}

/** All schemes by their lower-case name: the scheme is case-insensitive (RFC 9110 §11.1), nothing else is. */
const schemesByName: ReadonlyMap<string, Scheme> = new Map([
  ['bearer', 'Bearer'],
  ['apikey', 'ApiKey'],
  ['basic', 'Basic'],
]);

/** Every scheme that an option may enable. */
export const knownSchemes: readonly Scheme[] = [...schemesByName.values()];

// `token` of RFC 9110 §5.6.2, and `1*SP token68` of §11.4. Neither can backtrack more than once over its
// input: no character belongs to two neighbouring parts.
const schemeToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/;
const spacesAndToken68 = /^ +([A-Za-z0-9\-._~+/]+=*)$/;
/** A Bearer credential in its canonical spelling. */
const bearer = /^Bearer [A-Za-z0-9\-._~+/]+=*$/;

/** @returns the one value presented; `undefined` if there is none; `null` if it is anything but one string. */
export function headerOf(presented: Presented): string | undefined | null {
  if (typeof presented === 'string') return presented;
  if (presented === undefined || presented === null) return undefined;
  // Not possible by type, but a bare list of values must not read as an object without the header.
  if (typeof presented !== 'object' || Array.isArray(presented)) return null;
  const values: unknown = presented.authorization;
  const value: unknown = Array.isArray(values) && values.length < 2 ? values[0] : values;
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : null;
}

/**
 * What can be no header's value, but has one somewhere: a whole request, `Headers`, an object with names in another
 * case. It would read as no credential, and who sent one be told that he sent none.
 *
 * @returns what should be presented in its place; `undefined` for all that is as it should be.
 */
export function misplacedIn(presented: Presented): string | undefined {
  if (typeof presented !== 'object' || presented === null || 'authorization' in presented) return undefined;
  const holder = presented as { readonly headers?: unknown };
  // Headers can be called so too, but are texts.
  if (isFetchHeaders(presented) || (typeof holder.headers === 'object' && holder.headers !== null)) {
    return 'authorizationOf(request)';
  }
  const name = Object.keys(presented).find((key) => key.toLowerCase() === 'authorization');
  return name && `headers.${name}`;
}

/** The `Headers` of the Fetch API, as far as they are read. */
export interface FetchHeaders {
  get(name: string): string | null;
}

/**
 * Takes what was presented from a request of Node's HTTP servers, or of a host that imitates them; or from a `Request`
 * or `Headers` of the Fetch API, where two lines have become one value with a comma, which is malformed.
 *
 * The raw lines count, not `headers`: there Node keeps the first of two `Authorization` lines and drops the
 * second, while the proxy in front may have read the second.
 */
export function authorizationOf(
  request: NodeRequest | { readonly headers: FetchHeaders } | FetchHeaders,
): Presented {
  // Requests of Express have a method `get` too; `Headers` have no headers.
  const headers = 'headers' in request ? request.headers : request;
  if (isFetchHeaders(headers)) return headers.get('authorization') ?? undefined;
  // What has the one headers or the others is left.
  const { rawHeaders } = request as NodeRequest;
  // Hosts that imitate Node's requests may have none, or an empty list. Typed as an object of unknowns:
  // whatever is no string is found out by `headerOf`.
  if (rawHeaders === undefined || rawHeaders.length === 0) {
    return { authorization: headers.authorization } as Presented;
  }
  return authorizationAmong(rawHeaders);
}

/** What stands in the `Authorization` lines of names and values in turn. */
export function authorizationAmong(rawHeaders: readonly string[]): Presented {
  let first: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length !== 13 || !isAuthorization(name)) continue;
    if (first !== undefined) return { authorization: [first, rawHeaders[at + 1] ?? ''] };
    first = rawHeaders[at + 1];
  }
  return first;
}

/** Nearly all clients write it in one of two ways; to make a text in lower case is 200 instructions. */
function isAuthorization(name: string): boolean {
  return name === 'authorization' || name === 'Authorization' || name.toLowerCase() === 'authorization';
}

/** As far as it is read. */
export interface NodeRequest {
  readonly rawHeaders?: readonly string[];
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A header can be called `get` too, but is no function. */
function isFetchHeaders(headers: object): headers is FetchHeaders {
  return 'get' in headers && typeof headers.get === 'function';
}

/** Reads a header's value. `accepted` are the schemes that are enabled. */
export function parseCredential(header: string, accepted: readonly Scheme[]): Credential | Unusable {
  // Most are these, and are told in one step: without a text cut out or put together anew.
  if (header.startsWith('Bearer ') && accepted.includes('Bearer') && matches(bearer, header)) {
    return { kind: 'credential', scheme: 'Bearer', authorization: header };
  }
  const presentedScheme = match(schemeToken, header)?.[0];
  if (presentedScheme === undefined) return unusable('credentials_malformed');
  const scheme = schemesByName.get(presentedScheme.toLowerCase());
  if (scheme === undefined || !accepted.includes(scheme)) return unusable('scheme_unsupported');

  const value = match(spacesAndToken68, header.slice(presentedScheme.length))?.[1];
  if (value === undefined) return unusable('credentials_malformed');
  const canonical = scheme === 'Bearer' ? value : canonicalPair(value, scheme);
  if (canonical === undefined) return unusable('credentials_invalid');
  return { kind: 'credential', scheme, authorization: `${scheme} ${canonical}` };
}

/** @returns the enabled scheme that a header names, however broken the rest of it is. */
export function schemeOf(header: string, accepted: readonly Scheme[]): Scheme | undefined {
  const written = accepted.find((each) => header.startsWith(each) && header[each.length] === ' ');
  if (written !== undefined) return written;
  const scheme = schemesByName.get(match(schemeToken, header)?.[0].toLowerCase() ?? '');
  return scheme !== undefined && accepted.includes(scheme) ? scheme : undefined;
}

// `ApiKey` and `Basic` carry Base64 of two parts with a colon between. Elasticsearch reads the standard
// alphabet and does not mind missing padding; everything else that a lenient decoder would take (`-`, `_`,
// partial padding, spare bits that are not zero) would be a second spelling of the same credential, so what
// does not encode back to itself is refused. Cloud-managed API keys (`essu_`, 9.1+) are opaque: `_` is not
// in the alphabet, so they cannot be confused with the others.
function canonicalPair(value: string, scheme: 'ApiKey' | 'Basic'): string | undefined {
  if (scheme === 'ApiKey' && value.startsWith('essu_') && value.length > 5) return value;
  const decoded = Buffer.from(value, 'base64');
  const canonical = decoded.toString('base64');
  if (canonical !== value && canonical.split('=', 1)[0] !== value) return undefined;
  const colon = decoded.indexOf(':');
  // An empty user name or password is for Elasticsearch to judge; an API key has both parts.
  const complete = scheme === 'Basic' ? colon >= 0 : colon > 0 && colon < decoded.length - 1;
  return complete ? canonical : undefined;
}

/** Whether somebody presents an API key as `id:api_key`, which would have to be encoded. */
export function isUnencodedKey(presented: Presented): boolean {
  const header = headerOf(presented);
  return typeof header === 'string' && matches(unencodedKey, header);
}

const unencodedKey = /^ApiKey +[\w-]+:[\w-]+$/i;

/** Whether a Bearer value is what an API key's `encoded` looks like: no token of Elasticsearch's does. */
export function isKeyAsBearer({ scheme, authorization }: Credential): boolean {
  if (scheme !== 'Bearer') return false;
  const value = authorization.slice('Bearer '.length);
  if (value.startsWith('essu_')) return true;
  return matches(keyPair, Buffer.from(value, 'base64').toString('latin1'));
}

const keyPair = /^[\w-]{16,}:[\w-]{16,}$/;

/** @returns the id that an API key names; `undefined` for everything else, and for a cloud's keys, which are opaque. */
export function apiKeyIdOf({ scheme, authorization }: Credential): string | undefined {
  const value = authorization.slice(authorization.indexOf(' ') + 1);
  if (scheme !== 'ApiKey' || value.startsWith('essu_')) return undefined;
  const pair = Buffer.from(value, 'base64');
  // Cut out before it is text: a slice of a text keeps all of it alive, and an id is kept.
  return pair.subarray(0, pair.indexOf(':')).toString();
}

// The string that matched last stays alive, and readable for all as `RegExp.input`, until another one matches.
function match(expression: RegExp, text: string): RegExpExecArray | null {
  const found = expression.exec(text);
  empty.test('');
  return found;
}

/** The same, where nothing is wanted of what matched: that makes no list of it, which was 230 instructions. */
function matches(expression: RegExp, text: string): boolean {
  const found = expression.test(text);
  empty.test('');
  return found;
}

const empty = /^/;

function unusable(code: RejectionCode): Unusable {
  return { kind: 'unusable', code };
}

/**
 * What a JSON Web Token says, before anybody has verified it: its header, its claims, and by what name a
 * refusal calls it. Whether it is to be believed is decided in `jwt-realms.ts`.
 */

import { mapOf, parseJson } from '../wire/json-parser.js';
import { type JsonMap, type JsonValue, numberOf } from '../wire/json-value.js';

/** A token that can be read. */
export interface Jwt {
  /** As it came. */
  readonly text: string;
  readonly algorithm: string;
  /** `kid`: which key has signed it. */
  readonly keyId: string | undefined;
  /** `crit`: something in the header has to be understood. */
  readonly hasCritical: boolean;
  /** `typ`, in lower case. */
  readonly type: string | undefined;
  /** Without those that are `null`. */
  readonly claims: JsonMap;
}

const texts = ['iss', 'sub', 'jti'];
const dates = ['exp', 'nbf', 'iat'];

/**
 * @returns `undefined` if the text is no signed token: another number of parts, no algorithm, a claim of the wrong
 * kind
 */
export function parseJwt(text: string): Jwt | undefined {
  const [first = '', second = '', signature, ...more] = text.split('.');
  if (signature === undefined || signature === '' || more.length > 0) return undefined;
  const header = decode(first);
  const claims = decode(second);
  if (header === undefined || claims === undefined) return undefined;
  const algorithm = header.get('alg');
  // An encrypted token has `enc`; the algorithm `none` is that of a token which is not signed.
  if (typeof algorithm !== 'string' || algorithm === 'none' || header.has('enc')) return undefined;
  const [keyId, type] = [header.get('kid'), header.get('typ')];
  const sound =
    texts.every((name) => isAbsentOr(claims.get(name), (value) => typeof value === 'string')) &&
    dates.every((name) => isAbsentOr(claims.get(name), (value) => numberOf(value) !== undefined)) &&
    isAbsentOr(claims.get('aud'), (value) => textsIn(value) !== undefined) &&
    isAbsentOr(keyId, (value) => typeof value === 'string') &&
    isAbsentOr(type, (value) => typeof value === 'string');
  if (!sound) return undefined;
  return {
    text,
    algorithm,
    keyId: typeof keyId === 'string' ? keyId : undefined,
    hasCritical: header.has('crit'),
    type: typeof type === 'string' ? type.toLowerCase() : undefined,
    claims: new Map([...claims].filter(([, value]) => value !== null)),
  };
}

function decode(part: string): JsonMap | undefined {
  const { root, failure } = parseJson(Buffer.from(part, 'base64url').toString('utf8'));
  return failure === undefined && root.kind === 'object' ? mapOf(root, unreachable) : undefined;
}

function unreachable(): never {
  throw new Error('a text without a failure has no broken parts');
}

function isAbsentOr(value: JsonValue | undefined, fits: (value: JsonValue) => boolean): boolean {
  return value === undefined || value === null || fits(value);
}

/** A text as a list of one, a list of texts as it is, or `undefined` for everything else. */
export function textsIn(value: JsonValue | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

// Credentials as they are on the wire, of the lengths that Elasticsearch hands out, and headers made from them as a
// parser makes them: the same text each time, but a string of its own that nothing has hashed yet. With one string
// object that is used again and again, a `Map` looks three times as cheap as it is.

import { randomBytes } from 'node:crypto';

const base64 = (length) => randomBytes(length).toString('base64').slice(0, length);
const base64url = (length) => randomBytes(length).toString('base64url').slice(0, length);

/** How one credential of each kind is made. */
export const kinds = {
  /** 55 characters: an access token of 8.x, and of other providers. */
  opaque: () => `Bearer ${base64(48)}`,
  /** 67: an id of 20 characters and a secret of 22. */
  apiKey: () => `ApiKey ${Buffer.from(`${base64url(20)}:${base64url(22)}`).toString('base64')}`,
  /** 87. */
  serviceToken: () => `Bearer AAEAAWVsYXN0aWMvZmxlZXQtc2VydmVyL3Rva2VuMTo${base64url(35)}`,
  /** 1 206: the size of a JWT with a dozen claims, signed with RSA. */
  jwt: () => `Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.${base64url(816)}.${base64url(342)}`,
};

/** @param {keyof typeof kinds} kind @param {number} count */
export const credentials = (kind, count) => Array.from({ length: count }, kinds[kind]);

/**
 * Where headers are cut from. All have one length.
 *
 * @param {readonly string[]} headers a power of two of them
 */
export function createSource(headers) {
  const { length } = headers[0];
  const bytes = Buffer.from(headers.join(''), 'latin1');
  if (bytes.length !== length * headers.length) throw new Error('headers of several lengths');
  return { bytes, length, mask: headers.length - 1 };
}

/**
 * A loop that hands one fresh header after the other to a function. Compiled anew for each variant, so that what V8
 * learns in one loop does not slow down another.
 *
 * @param {ReturnType<typeof createSource>} source
 * @param {(header: string) => unknown} use
 * @returns {(operations: number) => void}
 */
export function forEach(source, use) {
  return new Function(
    'source',
    'use',
    `const { bytes, length, mask } = source;
    return (operations) => {
      for (let count = 0; count < operations; count += 1) {
        const from = (count & mask) * length;
        use(bytes.latin1Slice(from, from + length));
      }
    };`,
  )(source, use);
}

/** The same for functions that return a promise, one after the other. */
export function forEachAwaited(source, use) {
  return new Function(
    'source',
    'use',
    `const { bytes, length, mask } = source;
    return async (operations) => {
      for (let count = 0; count < operations; count += 1) {
        const from = (count & mask) * length;
        await use(bytes.latin1Slice(from, from + length));
      }
    };`,
  )(source, use);
}

// What credentials look like, each by its own form, without asking anybody (reference, 2.2 and 2.3): enough to say what
// somebody holds, and to know one where it must not be.

import { isRecord, parseJson } from '@esauth/core';

/** An API key's `id:api_key`: 20 and 22 characters today, and of what is alike. */
const keyPair = /^[\w-]{16,}:[\w-]{16,}$/;

/** Three parts of base64url (RFC 7515 §3.1), the last of which may be empty where nothing is signed. */
const jwt = /^[\w-]+\.[\w-]+\.[\w-]*$/;

const schemeAndValue = /^(?:authorization\s*:\s*)?(?:apikey|bearer|basic|negotiate)(?:\s+\S.*)?$/i;

export function isKeyPair(text: string): boolean {
  return keyPair.test(text);
}

/** By what is in front: no base64 has an underscore. */
export function isCloudKey(text: string): boolean {
  return /^essu_\S+$/.test(text);
}

export function isJwt(text: string): boolean {
  return jwt.test(text) && jsonIn(text.split('.', 1)[0] ?? '') !== undefined;
}

/** The object in a part of a JWT. */
export function jsonIn(part: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(Buffer.from(part, 'base64url').toString());
  return isRecord(value) ? value : undefined;
}

/** What canonical Base64 stands for, with or without its padding. */
export function decoded(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  return canonical === text || canonical.split('=', 1)[0] === text ? bytes : undefined;
}

/** A text with a colon, as Base64: an API key's `encoded`, or a user name with a password. */
export function pairIn(text: string): string | undefined {
  const pair = decoded(text)?.toString();
  return pair !== undefined && /^[^:\p{C}\ufffd]+:[^\p{C}\ufffd]+$/u.test(pair) ? pair : undefined;
}

/** What a service account's token names: `‹namespace›/‹service›/‹token name›`, and its secret. */
export function serviceTokenIn(
  text: string,
): { readonly account: string; readonly name: string; readonly secret: string } | undefined {
  const bytes = decoded(text);
  if (bytes?.subarray(0, 4).toString('latin1') !== '\x00\x01\x00\x01') return undefined;
  const [, account, name, secret] = /^([^/:]+\/[^/:]+)\/([^:]+):(.+)$/.exec(bytes.toString('utf8', 4)) ?? [];
  return account === undefined || name === undefined || secret === undefined
    ? undefined
    : { account, name, secret };
}

/** The layouts of access tokens, and since which release. Their content is secret and random. */
export function accessTokenLayout(text: string): string | undefined {
  const bytes = decoded(text);
  if (bytes === undefined) return undefined;
  // The number of the release comes first, seven bits to a byte (`StreamOutput.writeVInt`).
  let at = 0;
  while (at < 5 && ((bytes[at] ?? 0) & 0x80) !== 0) at += 1;
  const rest = bytes.subarray(at + 1);
  if (at < 2 || at > 4) return undefined;
  if (rest[0] === 24 && (rest.length === 25 || rest.length === 28))
    return 'as Elasticsearch 8.10 and later make them';
  if (rest[0] === 22 && rest.length === 23) return 'as Elasticsearch 7.2 to 8.9 make them';
  return undefined;
}

/** Whether an argument, or the name of a file, is a credential that has come to the wrong place. */
export function looksLikeCredential(text: string): boolean {
  const value = text.replace(/^--?[\w-]+=/, '').replace(/^["']|["']$/g, '');
  if (schemeAndValue.test(value) || isKeyPair(value) || isCloudKey(value)) return true;
  if (isJwt(value) || serviceTokenIn(value) !== undefined || accessTokenLayout(value) !== undefined)
    return true;
  if (/^\{.*"(?:api_key|encoded|access_token|refresh_token|password)"/s.test(value)) return true;
  return value.length >= 12 && pairIn(value) !== undefined;
}

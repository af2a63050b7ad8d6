// What an application has for `secrets`, checked, and the keys that are made of it. The secrets themselves are not
// kept.

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { ConfigurationError } from '@esauth/core';

/** What one secret is good for: a key for each purpose, so that none of them says anything of another. */
export interface Keys {
  /** For names in Redis. */
  readonly naming: KeyObject;
  /** For what is kept under them. */
  readonly sealing: KeyObject;
  /** For digests of credentials, which core makes: 64 hexadecimal digits. */
  readonly digest: string;
}

const leastBytes = 32;
/** Each costs a name more in every look into Redis. */
const mostSecrets = 8;
/** A random secret of 32 bytes has more, written in hexadecimal too: fewer are left to chance once in 10⁷ at most. */
const leastVariety = 8;

const cure = 'made by `openssl rand -base64 32`, the same for all processes that share';

/** @throws {ConfigurationError} `invalid_option`, of `secrets` */
export function keysOf(secrets: unknown): readonly Keys[] {
  if (!Array.isArray(secrets) || secrets.length === 0) fail('secrets', `must be a list of secrets, ${cure}`);
  if (secrets.length > mostSecrets) fail('secrets', `must be ${mostSecrets} at most; leave out the oldest`);
  const bytes = secrets.map((secret, index) => bytesOf(secret, `secrets[${index}]`));
  const repeated = bytes.findIndex((one, index) => bytes.findIndex((other) => other.equals(one)) < index);
  if (repeated >= 0) fail(`secrets[${repeated}]`, 'is there twice');
  return bytes.map(derive);
}

function bytesOf(secret: unknown, option: string): Buffer {
  const isBytes = secret instanceof Uint8Array;
  if (typeof secret !== 'string' && !isBytes) fail(option, `must be a string or a Buffer, ${cure}`);
  const bytes = isBytes ? Buffer.from(secret) : Buffer.from(secret);
  if (bytes.length < leastBytes) fail(option, `must have at least ${leastBytes} bytes, ${cure}`);
  if (new Set(bytes).size < leastVariety) fail(option, `is too regular to be a secret; it has to be ${cure}`);
  return bytes;
}

function derive(secret: Buffer): Keys {
  const key = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', secret, 'esauth', `@esauth/redis 1 ${purpose}`, 32));
  return {
    naming: createSecretKey(key('naming')),
    sealing: createSecretKey(key('sealing')),
    digest: key('digest').toString('hex'),
  };
}

function fail(option: string, expected: string): never {
  throw new ConfigurationError(option, expected);
}

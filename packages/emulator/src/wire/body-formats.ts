/**
 * Bodies that are not JSON: they are read by libraries, which are loaded when the first such body comes, and go on
 * as JSON. So a place that a complaint names is one in that JSON.
 */

import { type ApiError, contentParseFailure } from './envelope.js';

/** @returns the same in JSON, or what is wrong with the bytes */
export async function toJson(format: 'yaml' | 'cbor', bytes: Buffer): Promise<Buffer | ApiError> {
  const read = format === 'yaml' ? await yamlReader() : await cborReader();
  try {
    return Buffer.from(JSON.stringify(read(bytes), plainly) ?? 'null');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return contentParseFailure(`[1:1] ${reason}`);
  }
}

async function yamlReader(): Promise<(bytes: Buffer) => unknown> {
  const { parse } = await import('yaml');
  return (bytes) => parse(bytes.toString('utf8'), { intAsBigInt: true });
}

async function cborReader(): Promise<(bytes: Buffer) => unknown> {
  const { decodeFirstSync } = await import('cbor');
  // The tag that says no more than that this is CBOR (RFC 8949, section 3.4.6).
  const tags = { 55799: (value: unknown) => value };
  return (bytes) => decodeFirstSync(bytes, { tags });
}

/** Numbers of any length are written as they are, and bytes as Elasticsearch shows them. What JSON has not is refused. */
function plainly(this: Readonly<Record<string, unknown>>, name: string): unknown {
  // As it was read: `JSON.stringify` has asked a Buffer already what it looks like.
  const value = this[name];
  if (typeof value === 'bigint') return rawJson(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (Object.getPrototypeOf(value) === Object.prototype) return value;
  throw new TypeError(`neither an object with names that are texts nor a value: ${value.constructor.name}`);
}

function rawJson(value: bigint): unknown {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

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
  const { decode } = await import('cborg');
  return (bytes) => decode(bytes, { allowBigInt: true, allowIndefinite: true, useMaps: false });
}

/** Numbers of any length are written as they are, and bytes as Elasticsearch shows them. */
function plainly(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawJson(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

function rawJson(value: bigint): unknown {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/**
 * Writes CBOR as Elasticsearch does: objects and lists of a length that is not told before, except lists of texts,
 * which it mostly has as arrays; and each number in as few bytes as it needs.
 */

import { isMap, type JsonValue } from './json-value.js';

const startOfList = 0x9f;
const startOfObject = 0xbf;
const end = 0xff;
const float64 = 0xfb;

/** The bytes of a value. */
export function writeCbor(value: JsonValue): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: JsonValue, parts: Buffer[]): void {
  if (value === null) parts.push(Buffer.of(0xf6));
  else if (typeof value === 'boolean') parts.push(Buffer.of(value ? 0xf5 : 0xf4));
  else if (typeof value === 'string') writeText(value, parts);
  else if (typeof value === 'number') writeNumber(String(value), parts);
  else if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    parts.push(head(4, BigInt(value.length)));
    for (const item of value) writeText(item, parts);
  } else if (Array.isArray(value)) {
    parts.push(Buffer.of(startOfList));
    for (const item of value) write(item, parts);
    parts.push(Buffer.of(end));
  } else if (!isMap(value) && 'numberText' in value) writeNumber(String(value.numberText), parts);
  else {
    parts.push(Buffer.of(startOfObject));
    for (const [name, member] of isMap(value) ? value : Object.entries(value as object)) {
      if (member === undefined) continue;
      writeText(name, parts);
      write(member, parts);
    }
    parts.push(Buffer.of(end));
  }
}

function writeText(text: string, parts: Buffer[]): void {
  const bytes = Buffer.from(text);
  parts.push(head(3, BigInt(bytes.length)), bytes);
}

function writeNumber(text: string, parts: Buffer[]): void {
  if (!/^-?\d+$/.test(text)) {
    const bytes = Buffer.alloc(9, float64);
    bytes.writeDoubleBE(Number(text), 1);
    parts.push(bytes);
    return;
  }
  const number = BigInt(text);
  const [major, size] = number < 0n ? [1, -1n - number] : [0, number];
  if (size < 1n << 64n) {
    parts.push(head(major, size));
    return;
  }
  // Larger ones are a tag and their bytes.
  const digits = size.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  parts.push(head(6, BigInt(2 + major)), head(2, BigInt(bytes.length)), bytes);
}

/** What kind of thing follows, and a number: its length, or itself. */
function head(major: number, number: bigint): Buffer {
  const first = major << 5;
  if (number < 24n) return Buffer.of(first | Number(number));
  const bytes = number < 1n << 8n ? 1 : number < 1n << 16n ? 2 : number < 1n << 32n ? 4 : 8;
  const written = Buffer.alloc(9);
  written.writeBigUInt64BE(number, 1);
  written[8 - bytes] = first | (24 + Math.log2(bytes));
  return written.subarray(8 - bytes);
}

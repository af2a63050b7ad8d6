/**
 * Bodies that are not JSON: they are read by libraries, which are loaded when the first such body comes, and go on
 * as JSON. So a place that a complaint names is one in that JSON.
 */

import { type ApiError, contentParseFailure } from './envelope.js';

// The library for YAML calls itself for each level. Where the stack ends, V8 ends the process if a regular expression
// is compiled just then, so that catching the error is not enough; the stack is good for some eight hundred levels.
// The one for CBOR takes thirteen seconds for five thousand tags, each in the other.
const maxDepth = 200;

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
  const { Lexer, Parser, parse } = await import('yaml');
  return (bytes) => {
    const text = bytes.toString('utf8');
    const parser = new Parser();
    for (const lexeme of new Lexer().lex(text)) {
      // What was read is not wanted yet, only how deep it goes.
      for (const _ of parser.next(lexeme));
      if (parser.stack.length > maxDepth) throw new Error(`nested deeper than ${maxDepth} levels`);
    }
    // What is doubtful is read as well as may be, and nobody's terminal is told of it.
    return parse(text, { intAsBigInt: true, logLevel: 'error' });
  };
}

async function cborReader(): Promise<(bytes: Buffer) => unknown> {
  const { decodeFirstSync } = await import('cbor');
  // The tag that says no more than that this is CBOR (RFC 8949, section 3.4.6).
  const tags = { 55799: (value: unknown) => value };
  return (bytes) => decodeFirstSync(bytes, { tags, max_depth: maxDepth });
}

/**
 * Numbers of any length are written as they are, and bytes as Elasticsearch shows them. What JSON has not is refused.
 */
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

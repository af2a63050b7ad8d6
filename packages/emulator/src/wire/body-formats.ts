/**
 * Bodies that are not JSON: they are read by libraries, which are loaded when the first such body comes, and go on
 * as JSON. So a place that a complaint names is one in that JSON.
 */

import { type ApiError, contentParseFailure } from './envelope.js';

// The library calls itself for each level. Where the stack ends, V8 ends the process if a regular expression is compiled
// just then, so that catching the error is not enough. The stack is good for some eight hundred levels.
const maxYamlDepth = 200;

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
      if (parser.stack.length > maxYamlDepth) throw new Error(`nested deeper than ${maxYamlDepth} levels`);
    }
    // What is doubtful is read as well as may be, and nobody's terminal is told of it.
    return parse(text, { intAsBigInt: true, logLevel: 'error' });
  };
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

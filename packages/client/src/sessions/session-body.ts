// Reads the body of a request to a session route: JSON, short, with texts for members.

import { Readable } from 'node:stream';
import { InvalidArgumentError, own, parseJson } from '@esauth/core';

/** Why a body is not taken. */
export interface BodyProblem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

const maxBytes = 16 * 1024;

const tooLarge: BodyProblem = { status: 413, code: 'too_large', detail: 'At most 16 KiB are read.' };
const notJson: BodyProblem = { status: 400, code: 'invalid_request', detail: 'Send a JSON object.' };

/**
 * @param body as it arrives in pieces (a Node request is such), as bytes or text, or already parsed; parsers of
 *   frameworks say of what they give that it is `unknown`
 * @returns the members that are there; none if there is no body
 * @throws {InvalidArgumentError} if it is a stream that was read before
 */
export async function readFields<Name extends string>(
  body: unknown,
  names: readonly Name[],
): Promise<Partial<Readonly<Record<Name, string>>> | BodyProblem> {
  const text = isRaw(body) ? await readText(body) : undefined;
  if (typeof text === 'object') return text;
  // A parser that takes any JSON value may give `null`.
  if (text === '' || body === undefined || body === null) return {};
  const value = text === undefined ? body : parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return notJson;
  const fields: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const field = own(value, name);
    if (field === undefined) continue;
    if (typeof field !== 'string') return { ...notJson, detail: `${name} must be a text.` };
    fields[name] = field;
  }
  return fields;
}

type Raw = string | Uint8Array | AsyncIterable<Uint8Array | string>;

function isRaw(body: unknown): body is Raw {
  if (typeof body === 'string' || body instanceof Uint8Array) return true;
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/** @throws {InvalidArgumentError} if somebody has read it before: that it seems empty must not pass for a logout */
async function readText(body: Raw): Promise<string | BodyProblem> {
  if (body instanceof Readable && body.readableDidRead) {
    throw new InvalidArgumentError('body: was read before, such as by a parser; give what that made of it');
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of piecesOf(body)) {
      const buffer = Buffer.from(piece as Uint8Array);
      bytes += buffer.length;
      if (bytes > maxBytes) return tooLarge;
      pieces.push(buffer);
    }
  } catch {
    // Whoever sends it has gone, or sends something that is no text.
    return { ...notJson, detail: 'The body did not arrive whole.' };
  }
  return Buffer.concat(pieces).toString();
}

function piecesOf(body: Raw): Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array> {
  if (typeof body === 'string' || body instanceof Uint8Array) return [body];
  // A request that is destroyed cannot be answered any more.
  return body instanceof Readable ? body.iterator({ destroyOnReturn: false }) : body;
}

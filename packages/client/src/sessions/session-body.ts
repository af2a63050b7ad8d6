// Reads the body of a request to a session route: JSON, short, with texts for members.

import { own, parseJson } from '@esauth/core';

/** A body: as it arrives in pieces (a Node request is such), as bytes or text, or already parsed. */
export type Body = string | Uint8Array | AsyncIterable<Uint8Array | string> | object;

/** Why a body is not taken. */
export interface BodyProblem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

const maxBytes = 16 * 1024;

const tooLarge: BodyProblem = { status: 413, code: 'too_large', detail: 'At most 16 KiB are read.' };
const notJson: BodyProblem = { status: 400, code: 'invalid_request', detail: 'Send a JSON object.' };

/** @returns the members that are there; none if there is no body */
export async function readFields<Name extends string>(
  body: Body | undefined,
  names: readonly Name[],
): Promise<Partial<Readonly<Record<Name, string>>> | BodyProblem> {
  const text = isRaw(body) ? await readText(body) : undefined;
  if (typeof text === 'object') return text;
  if (text === '' || body === undefined) return {};
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

function isRaw(body: Body | undefined): body is string | Uint8Array | AsyncIterable<Uint8Array | string> {
  if (typeof body === 'string' || body instanceof Uint8Array) return true;
  return typeof body === 'object' && Symbol.asyncIterator in body;
}

async function readText(
  body: string | Uint8Array | AsyncIterable<Uint8Array | string>,
): Promise<string | BodyProblem> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of typeof body === 'string' || body instanceof Uint8Array ? [body] : body) {
    const buffer = Buffer.from(piece as Uint8Array);
    bytes += buffer.length;
    if (bytes > maxBytes) return tooLarge;
    pieces.push(buffer);
  }
  return Buffer.concat(pieces).toString();
}

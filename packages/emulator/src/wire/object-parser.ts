/**
 * Reads a body against a list of known fields, and complains as Elasticsearch's strict parsers do. What the
 * values mean is the endpoints' business.
 */

import { type ApiError, contentParseFailure, illegalArgument, Refusal } from './envelope.js';
import type { JsonFailure } from './json-failure.js';
import { type JsonDocument, type JsonNode, jsonValueOf, locationOf, mapOf } from './json-parser.js';
import type { JsonMap, JsonValue } from './json-value.js';
import { suggestion } from './suggestion.js';

/** How one field is read. */
export interface Field<T> {
  readonly tokens: readonly JsonNode['kind'][];
  readonly required: boolean;
  read(node: JsonNode, document: JsonDocument): T;
}

/** A parser with a name, which Elasticsearch puts in front of its complaints. */
export interface ObjectParser<T> {
  readonly name: string;
  parse(document: JsonDocument, node?: JsonNode): T;
}

const tokenNames: Readonly<Record<JsonNode['kind'], string>> = {
  string: 'VALUE_STRING',
  number: 'VALUE_NUMBER',
  boolean: 'VALUE_BOOLEAN',
  null: 'VALUE_NULL',
  object: 'START_OBJECT',
  array: 'START_ARRAY',
  broken: 'null',
};

/** The name Elasticsearch has for the kind of a value. */
export function tokenName(node: JsonNode): string {
  return tokenNames[kindOf(node)];
}

/** A broken string is taken for a string until it is read. */
function kindOf(node: JsonNode): JsonNode['kind'] {
  return node.kind === 'broken' && node.isString ? 'string' : node.kind;
}

/** Complains that the text is not JSON. */
export function refuseBroken(document: JsonDocument): never {
  const { text, failure } = document;
  if (failure === undefined) throw new Error('this text is JSON');
  const { at, message, tokenAt, kind, open } = failure;
  const source = (place: number): string => sourceOf(document, place);
  const marker =
    open === undefined ? '' : `: expected close marker for ${open.kind} (start marker at ${source(open.at)})`;
  const words = kind === 'limit' ? message : `${message}${marker}\n at ${source(at)}`;
  const place = `[${locationOf(document, at)}]`;
  const cause = { status: 400, type: exceptions[kind], reason: words };
  const error =
    kind === 'end'
      ? { ...cause, type: 'x_content_e_o_f_exception', reason: `${place} Unexpected end of file`, cause }
      : contentParseFailure(`${place} ${words}`, cause);
  throw new Refusal(error, Math.min(tokenAt, text.length));
}

/** Jackson's. */
const exceptions: Readonly<Record<JsonFailure['kind'], string>> = {
  mistake: 'json_parse_exception',
  end: 'json_e_o_f_exception',
  limit: 'stream_constraints_exception',
};

// As much of a text as Jackson shows, in bytes.
const shownBytes = 500;

/** `[Source: (byte[])"{"; line: 1, column: 2]`, as Jackson wrote it up to 2.15; newer ones leave the text out. */
function sourceOf(document: JsonDocument, at: number): string {
  const bytes = Buffer.from(document.text);
  const shown = bytes.subarray(0, shownBytes).toString('utf8');
  const more = bytes.length > shownBytes ? `[truncated ${bytes.length - shownBytes} bytes]` : '';
  const [line, column] = locationOf(document, at).split(':');
  return `[Source: (byte[])"${shown}"${more}; line: ${line}, column: ${column}]`;
}

/** A string. */
export const text: Field<string | undefined> = { tokens: ['string'], required: false, read: readString };

/** A string without which the body is refused. */
export const requiredText: Field<string> = { tokens: ['string'], required: true, read: readString };

/** A boolean, or its name in a string: `"true"` counts as `true`. */
export const flag: Field<boolean | undefined> = {
  tokens: ['boolean', 'string'],
  required: false,
  read(node) {
    if (node.kind === 'boolean') return node.value;
    const value = node.kind === 'string' ? node.value : '';
    if (value === 'true') return true;
    if (value === 'false') return false;
    throw new Refusal(
      illegalArgument(`Failed to parse value [${value}] as only [true] or [false] are allowed.`),
    );
  },
};

/** A list of strings; a single string counts as a list of one. */
export const texts: Field<string[] | undefined> = {
  tokens: ['array', 'string'],
  required: false,
  read(node, document) {
    if (node.kind !== 'array') return [readString(node, document)];
    const items = node.items.map((item) => readScalarText(item, document));
    return node.end === undefined ? refuseBroken(document) : items;
  },
};

/** An object with any members. */
export const map: Field<JsonMap | undefined> = {
  tokens: ['object'],
  required: false,
  read: (node, document) =>
    node.kind === 'object' ? mapOf(node, () => refuseBroken(document)) : refuseBroken(document),
};

/** Any value. */
export const anything: Field<JsonValue | undefined> = {
  tokens: ['string', 'number', 'boolean', 'null', 'object', 'array'],
  required: false,
  read: (node, document) => jsonValueOf(node, () => refuseBroken(document)),
};

/** The same field, without which the body is refused. */
export function required<T>(field: Field<T | undefined>): Field<T> {
  return {
    tokens: field.tokens,
    required: true,
    read(node, document) {
      return field.read(node, document) ?? refuseBroken(document);
    },
  };
}

/** A string value; numbers and booleans are not converted. */
export function readString(node: JsonNode, document: JsonDocument): string {
  return node.kind === 'string' ? node.value : refuseBroken(document);
}

/** The text of a value that is neither a list nor an object; numbers as they were written. */
export function readScalarText(node: JsonNode, document: JsonDocument): string {
  switch (node.kind) {
    case 'string':
      return node.value;
    case 'number':
      return node.text;
    case 'boolean':
      return String(node.value);
    case 'broken':
      return refuseBroken(document);
    default:
      throw new Refusal(
        illegalArgument(`Expected text at ${locationOf(document, node.at)} but found ${tokenName(node)}`),
        node.at,
      );
  }
}

/**
 * Makes a parser.
 *
 * @param name the name in front of complaints
 * @param fields every field that is known
 * @returns a parser that throws `Refusal` for anything but an object of those fields
 */
export function objectParser<T>(
  name: string,
  fields: { readonly [K in keyof T]-?: Field<T[K]> },
): ObjectParser<T> {
  const known = new Map<string, Field<unknown>>(Object.entries(fields));
  const mandatory = [...known].filter(([, field]) => field.required).map(([field]) => field);

  function parse(document: JsonDocument, node: JsonNode = document.root): T {
    const at = (position: number): string => `[${locationOf(document, position)}] [${name}]`;
    const fail = (position: number, reason: string, cause?: ApiError): never => {
      throw new Refusal(contentParseFailure(reason, cause), position);
    };

    function readField(field: Field<unknown>, fieldName: string, value: JsonNode): unknown {
      try {
        return field.read(value, document);
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        const position = refusal.at ?? value.at;
        return fail(position, `${at(position)} failed to parse field [${fieldName}]`, refusal.error);
      }
    }

    if (node.kind === 'broken' && !node.isString) {
      if (document.text.trim() !== '') refuseBroken(document);
      // Before the first token the place is one that there is not.
      return fail(node.at, `[1:0] [${name}] Expected START_OBJECT but was: null`);
    }
    if (node.kind !== 'object') {
      return fail(node.at, `${at(node.at)} Expected START_OBJECT but was: ${tokenName(node)}`);
    }
    const found = new Map<string, unknown>();
    for (const { name: fieldName, at: nameAt, value } of node.members) {
      const field = known.get(fieldName);
      if (value.kind === 'broken' && !value.isString) refuseBroken(document);
      if (field === undefined) {
        const hint = suggestion(fieldName, known.keys());
        return fail(value.at, `${at(nameAt)} unknown field [${fieldName}]${hint === '' ? '' : ` ${hint}`}`);
      }
      if (!field.tokens.includes(kindOf(value))) {
        return fail(
          value.at,
          `${at(value.at)} ${fieldName} doesn't support values of type: ${tokenName(value)}`,
        );
      }
      found.set(fieldName, readField(field, fieldName, value));
    }
    if (node.end === undefined) refuseBroken(document);
    const missing = mandatory.filter((field) => !found.has(field));
    if (missing.length > 0)
      throw new Refusal(illegalArgument(`Required [${missing.join(', ')}]`), node.end ?? node.at);
    // Only names from `fields` were set, each to what its own `read` returned.
    return Object.fromEntries(found) as T;
  }

  return { name, parse };
}

/**
 * Reads JSON into a tree that remembers where everything stood. Elasticsearch reads a body as a stream and
 * complains about the first thing that is wrong, with its line and column; so a text that is broken at the
 * end still gives a tree of what came before, and the complaint about the text waits at its place.
 */

import { createFailures, entriesOf, type JsonFailure, type Opened } from './json-failure.js';
import type { JsonMap, JsonValue } from './json-value.js';

/** A value and the position of its first character. */
export type JsonNode =
  | { readonly kind: 'string'; readonly at: number; readonly value: string }
  | { readonly kind: 'number'; readonly at: number; readonly text: string }
  | { readonly kind: 'boolean'; readonly at: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly at: number }
  | JsonObject
  | JsonArray
  | JsonBroken;

/** From here on the text is not JSON. */
export interface JsonBroken {
  readonly kind: 'broken';
  readonly at: number;
  /** Whether it is a string, if a broken one: Elasticsearch reads what is in it only when somebody asks. */
  readonly isString: boolean;
}

/** An object. `end` is the position of its closing brace, or `undefined` if the text broke inside. */
export interface JsonObject {
  readonly kind: 'object';
  readonly at: number;
  readonly members: readonly JsonMember[];
  readonly end: number | undefined;
}

/** An array, with `end` as in an object. */
export interface JsonArray {
  readonly kind: 'array';
  readonly at: number;
  readonly items: readonly JsonNode[];
  readonly end: number | undefined;
}

/** One member of an object and the position of its name. */
export interface JsonMember {
  readonly name: string;
  readonly at: number;
  readonly value: JsonNode;
}

/** What was read of a text. `failure` is set if it is not JSON. */
export interface JsonDocument {
  readonly text: string;
  readonly root: JsonNode;
  readonly failure: JsonFailure | undefined;
}

// The limits of Elasticsearch's parser (Jackson's `StreamReadConstraints`; those for texts and names are taken away in
// `XContentImplUtils`). Here the first also keeps a hostile body from exhausting the stack.
const maxDepth = 1000;
const maxNumberLength = 1000;
const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wordForm = /[\w$]*/y;
const plainCharacters = /[^"\\\p{Cc}]*/uy;
// Elasticsearch allows comments.
const space = /(?:[ \n\r\t]+|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)*/y;
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const values = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/**
 * @param text a JSON text; what follows its first value is not looked at, as in Elasticsearch
 * @param endMessage what to complain about when the text ends, if it does not end there by itself
 */
export function parseJson(text: string, endMessage?: string): JsonDocument {
  let at = 0;
  const failures = createFailures(text, endMessage);
  const { open, character, failAtEnd } = failures;
  const fail = (message: string, position: number = at): undefined => failures.fail(message, position);
  const unexpected = (expected: string, atEnd?: string): undefined =>
    failures.unexpected(at, expected, atEnd);

  function skipSpace(): void {
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
  }

  /** @param what how Jackson calls it where it ends too early */
  function parseString(what: string): string | undefined {
    let value = '';
    at++;
    for (;;) {
      plainCharacters.lastIndex = at;
      const plain = plainCharacters.exec(text)?.[0] ?? '';
      value += plain;
      at += plain.length;
      const next = text.charAt(at);
      if (next === '"') {
        at++;
        return value;
      }
      if (next === '') return failAtEnd(` in ${what}`);
      if (next !== '\\') {
        if (text.charCodeAt(at) >= 32) {
          // DEL and the C1 controls are ordinary characters of a string.
          value += next;
          at++;
          continue;
        }
        return fail(
          `Illegal unquoted character (${character(at)}): has to be escaped using backslash to be included in string value`,
        );
      }
      const escaped = parseEscape();
      if (escaped === undefined) return undefined;
      value += escaped;
    }
  }

  function parseEscape(): string | undefined {
    const letter = text.charAt(at + 1);
    if (letter === 'u') {
      const digits = text.slice(at + 2, at + 6);
      const wrong = at + 2 + (/^[\da-fA-F]*/.exec(digits)?.[0].length ?? 0);
      if (wrong >= text.length && digits.length < 4) return failAtEnd(' in VALUE_STRING');
      if (wrong < at + 6) {
        const expected = 'expected a hex-digit for character escape sequence';
        return fail(`Unexpected character (${character(wrong)}): ${expected}`, wrong);
      }
      at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    if (letter === '') return failAtEnd(' in VALUE_STRING');
    const value = escapes.get(letter);
    if (value === undefined) return fail(`Unrecognized character escape ${character(at + 1)}`, at + 1);
    at += 2;
    return value;
  }

  function parseValue(depth: number, atEnd?: string): JsonNode {
    skipSpace();
    const start = at;
    if (start < text.length) failures.tokenAt = start;
    const node = start < text.length ? parseToken(start, depth) : failAtEnd(atEnd);
    return node ?? { kind: 'broken', at: start, isString: text.charAt(start) === '"' };
  }

  function parseToken(start: number, depth: number): JsonNode | undefined {
    switch (text.charAt(start)) {
      case '{':
        return parseObject(start, depth + 1);
      case '[':
        return parseArray(start, depth + 1);
      case '"': {
        const value = parseString('VALUE_STRING');
        return value === undefined ? undefined : { kind: 'string', at: start, value };
      }
    }
    numberForm.lastIndex = start;
    const number = numberForm.exec(text)?.[0];
    if (number !== undefined) {
      at += number.length;
      if (/[\w.]/.test(text.charAt(at))) return unexpected('Expected space separating root-level values');
      const length = number.length > maxNumberLength ? number.replace(/[^\d]/g, '').length : 0;
      if (length > maxNumberLength)
        return beyond(`Number value length (${length})`, maxNumberLength, 'getMaxNumberLength');
      return { kind: 'number', at: start, text: number };
    }
    wordForm.lastIndex = start;
    const word = wordForm.exec(text)?.[0] ?? '';
    at += word.length;
    if (word === 'null') return { kind: 'null', at: start };
    if (word === 'true' || word === 'false') return { kind: 'boolean', at: start, value: word === 'true' };
    if (word === 'NaN' || word === 'Infinity') {
      const feature = '`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS`';
      return fail(`Non-standard token '${word}': enable ${feature} to allow`);
    }
    if (word !== '') return fail(`Unrecognized token '${word}': was expecting ${values}`);
    return unexpected(`expected a valid value ${values}`);
  }

  function tooDeep(depth: number): boolean {
    if (depth <= maxDepth) return false;
    beyond(`Document nesting depth (${depth})`, maxDepth, 'getMaxNestingDepth');
    return true;
  }

  function beyond(what: string, most: number, constraint: string): undefined {
    const allowed = `exceeds the maximum allowed (${most}, from \`StreamReadConstraints.${constraint}()\`)`;
    return failures.fail(`${what} ${allowed}`, at, 'limit');
  }

  /** The position of what ends an object or an array. */
  function close(): number {
    open.pop();
    failures.tokenAt = at;
    return at++;
  }

  function endsBehindComma(kind: Opened['kind']): boolean {
    at++;
    skipSpace();
    if (at < text.length) return false;
    failures.failAtEndBehindComma(kind);
    return true;
  }

  function parseObject(start: number, depth: number): JsonObject {
    const members: JsonMember[] = [];
    const names = new Set<string>();
    const node = (end: number | undefined): JsonObject => ({ kind: 'object', at: start, members, end });
    if (tooDeep(depth)) return node(undefined);
    open.push({ kind: 'Object', at: start });
    at++;
    skipSpace();
    if (text.charAt(at) === '}') return node(close());
    for (;;) {
      skipSpace();
      const nameAt = at;
      if (text.charAt(at) !== '"') {
        unexpected('was expecting double-quote to start field name');
        return node(undefined);
      }
      const name = parseString('field name');
      if (name === undefined) return node(undefined);
      if (names.has(name)) {
        fail(`Duplicate field '${name}'`);
        return node(undefined);
      }
      names.add(name);
      failures.tokenAt = nameAt;
      skipSpace();
      if (text.charAt(at) !== ':') {
        unexpected('was expecting a colon to separate field name and value', entriesOf('Object'));
        return node(undefined);
      }
      at++;
      members.push({ name, at: nameAt, value: parseValue(depth, entriesOf('Object')) });
      if (failures.first !== undefined) return node(undefined);
      skipSpace();
      if (text.charAt(at) === '}') return node(close());
      if (text.charAt(at) !== ',') {
        unexpected('was expecting comma to separate Object entries');
        return node(undefined);
      }
      if (endsBehindComma('Object')) return node(undefined);
    }
  }

  function parseArray(start: number, depth: number): JsonArray {
    const items: JsonNode[] = [];
    const node = (end: number | undefined): JsonArray => ({ kind: 'array', at: start, items, end });
    if (tooDeep(depth)) return node(undefined);
    open.push({ kind: 'Array', at: start });
    at++;
    skipSpace();
    if (text.charAt(at) === ']') return node(close());
    for (;;) {
      items.push(parseValue(depth));
      if (failures.first !== undefined) return node(undefined);
      skipSpace();
      if (text.charAt(at) === ']') return node(close());
      if (text.charAt(at) !== ',') {
        unexpected('was expecting comma to separate Array entries');
        return node(undefined);
      }
      if (endsBehindComma('Array')) return node(undefined);
    }
  }

  const root = parseValue(0);
  return { text, root, failure: failures.first };
}

/** The line and column of a position, both counted from 1, as `line:column`. Columns are bytes. */
export function locationOf(document: JsonDocument, at: number): string {
  const before = document.text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return `${line}:${Buffer.byteLength(before.slice(lineStart)) + 1}`;
}

/** Turns a node into a value; `onBroken` is called (and has to throw) where the text is not JSON. */
export function jsonValueOf(
  node: JsonNode,
  onBroken: () => never,
  numberOf: (text: string) => JsonValue = asWritten,
): JsonValue {
  switch (node.kind) {
    case 'string':
    case 'boolean':
      return node.value;
    case 'null':
      return null;
    case 'number':
      return numberOf(node.text);
    case 'object':
      return objectOf(node, onBroken, numberOf);
    case 'array': {
      const items = node.items.map((item) => jsonValueOf(item, onBroken, numberOf));
      return node.end === undefined ? onBroken() : items;
    }
    case 'broken':
      return onBroken();
  }
}

/** Turns an object into a map, with its numbers as Java would write them; see `jsonValueOf`. */
export function mapOf(node: JsonObject, onBroken: () => never): JsonMap {
  return objectOf(node, onBroken, inJava);
}

function objectOf(
  { members, end }: JsonObject,
  onBroken: () => never,
  numberOf: (text: string) => JsonValue,
): JsonMap {
  const map = new Map(members.map(({ name, value }) => [name, jsonValueOf(value, onBroken, numberOf)]));
  return end === undefined ? onBroken() : map;
}

function asWritten(text: string): JsonValue {
  const value = Number(text);
  return String(value) === text ? value : { numberText: text };
}

/** What was read into a `double` and is written again: `1e3` is `1000.0`. */
function inJava(text: string): JsonValue {
  if (!/[.eE]/.test(text)) return asWritten(text === '-0' ? '0' : text);
  const value = Number(text);
  if (value === 0) return { numberText: text.startsWith('-') ? '-0.0' : '0.0' };
  return Number.isFinite(value) ? { numberText: doubleText(value) } : asWritten(text);
}

/** A number as Java writes one with a fraction (`Double.toString`): `10.0`, `1.7E12`. */
export function doubleText(value: number): string {
  const size = Math.abs(value);
  const withPoint = (digits: string): string => (digits.includes('.') ? digits : `${digits}.0`);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return withPoint(String(value));
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  return `${withPoint(digits)}E${Number(exponent)}`;
}

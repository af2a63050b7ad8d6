/**
 * Reads JSON into a tree that remembers where everything stood. Elasticsearch reads a body as a stream and
 * complains about the first thing that is wrong, with its line and column; so a text that is broken at the
 * end still gives a tree of what came before, and the complaint about the text waits at its place.
 */

import type { JsonMap, JsonValue } from './json-value.js';

/** A value and the position of its first character. */
export type JsonNode =
  | { readonly kind: 'string'; readonly at: number; readonly value: string }
  | { readonly kind: 'number'; readonly at: number; readonly text: string }
  | { readonly kind: 'boolean'; readonly at: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly at: number }
  | JsonObject
  | JsonArray
  /** From here on the text is not JSON. */
  | { readonly kind: 'broken'; readonly at: number };

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
  readonly failure: { readonly at: number; readonly message: string } | undefined;
}

// The limit of Elasticsearch's parser. Here it also keeps a hostile body from exhausting the stack.
const maxDepth = 1000;
const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wordForm = /[\w$]*/y;
const plainCharacters = /[^"\\\p{Cc}]*/uy;
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
 * @param endMessage what to complain about when the text ends too early
 */
export function parseJson(text: string, endMessage = 'Unexpected end-of-input'): JsonDocument {
  let at = 0;
  let failure: JsonDocument['failure'];

  function fail(message: string, position: number = at): undefined {
    failure ??= { at: position, message };
    return undefined;
  }

  function character(position: number): string {
    const code = text.charCodeAt(position);
    return code < 32 ? `(CTRL-CHAR, code ${code})` : `'${text.charAt(position)}' (code ${code})`;
  }

  function skipSpace(): void {
    while (at < text.length && ' \n\r\t'.includes(text.charAt(at))) at++;
  }

  function unexpected(expected: string): undefined {
    if (at >= text.length) return fail(endMessage);
    if (text.charCodeAt(at) < 32) {
      return fail(
        `Illegal character (${character(at)}): only regular white space (\\r, \\n, \\t) is allowed between tokens`,
      );
    }
    return fail(`Unexpected character (${character(at)}): ${expected}`);
  }

  function parseString(): string | undefined {
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
      if (next === '') return fail(endMessage);
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
      if (!/^[\da-fA-F]{4}$/.test(digits)) {
        return fail('Unexpected character: expected a hex-digit for character escape sequence', at + 2);
      }
      at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const value = escapes.get(letter);
    if (value === undefined) return fail(`Unrecognized character escape ${character(at + 1)}`, at + 1);
    at += 2;
    return value;
  }

  function parseValue(depth: number): JsonNode {
    skipSpace();
    const start = at;
    const node = parseToken(start, depth);
    return node ?? { kind: 'broken', at: start };
  }

  function parseToken(start: number, depth: number): JsonNode | undefined {
    switch (text.charAt(start)) {
      case '{':
        return parseObject(start, depth + 1);
      case '[':
        return parseArray(start, depth + 1);
      case '"': {
        const value = parseString();
        return value === undefined ? undefined : { kind: 'string', at: start, value };
      }
    }
    numberForm.lastIndex = start;
    const number = numberForm.exec(text)?.[0];
    if (number !== undefined) {
      at += number.length;
      if (/[\w.]/.test(text.charAt(at))) return unexpected('Expected space separating root-level values');
      return { kind: 'number', at: start, text: number };
    }
    wordForm.lastIndex = start;
    const word = wordForm.exec(text)?.[0] ?? '';
    at += word.length;
    if (word === 'null') return { kind: 'null', at: start };
    if (word === 'true' || word === 'false') return { kind: 'boolean', at: start, value: word === 'true' };
    if (word !== '') return fail(`Unrecognized token '${word}': was expecting ${values}`);
    return unexpected(`expected a valid value ${values}`);
  }

  function tooDeep(depth: number): boolean {
    if (depth <= maxDepth) return false;
    fail(`Document nesting depth (${depth}) exceeds the maximum allowed (${maxDepth})`);
    return true;
  }

  function parseObject(start: number, depth: number): JsonObject {
    const members: JsonMember[] = [];
    const names = new Set<string>();
    const node = (end: number | undefined): JsonObject => ({ kind: 'object', at: start, members, end });
    if (tooDeep(depth)) return node(undefined);
    at++;
    skipSpace();
    if (text.charAt(at) === '}') return node(at++);
    for (;;) {
      skipSpace();
      const nameAt = at;
      if (text.charAt(at) !== '"') {
        unexpected('was expecting double-quote to start field name');
        return node(undefined);
      }
      const name = parseString();
      if (name === undefined) return node(undefined);
      if (names.has(name)) {
        fail(`Duplicate field '${name}'`, nameAt);
        return node(undefined);
      }
      names.add(name);
      skipSpace();
      if (text.charAt(at) !== ':') {
        unexpected('was expecting a colon to separate field name and value');
        return node(undefined);
      }
      at++;
      members.push({ name, at: nameAt, value: parseValue(depth) });
      if (failure !== undefined) return node(undefined);
      skipSpace();
      if (text.charAt(at) === '}') return node(at++);
      if (text.charAt(at) !== ',') {
        unexpected('was expecting comma to separate Object entries');
        return node(undefined);
      }
      at++;
    }
  }

  function parseArray(start: number, depth: number): JsonArray {
    const items: JsonNode[] = [];
    const node = (end: number | undefined): JsonArray => ({ kind: 'array', at: start, items, end });
    if (tooDeep(depth)) return node(undefined);
    at++;
    skipSpace();
    if (text.charAt(at) === ']') return node(at++);
    for (;;) {
      items.push(parseValue(depth));
      if (failure !== undefined) return node(undefined);
      skipSpace();
      if (text.charAt(at) === ']') return node(at++);
      if (text.charAt(at) !== ',') {
        unexpected('was expecting comma to separate Array entries');
        return node(undefined);
      }
      at++;
    }
  }

  const root = parseValue(0);
  return { text, root, failure };
}

/** The line and column of a position, both counted from 1, as `line:column`. */
export function locationOf(document: JsonDocument, at: number): string {
  const before = document.text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return `${line}:${at - lineStart + 1}`;
}

/** Turns a node into a value; `onBroken` is called (and has to throw) where the text is not JSON. */
export function jsonValueOf(node: JsonNode, onBroken: () => never): JsonValue {
  switch (node.kind) {
    case 'string':
    case 'boolean':
      return node.value;
    case 'null':
      return null;
    case 'number': {
      const value = Number(node.text);
      return String(value) === node.text ? value : { numberText: node.text };
    }
    case 'object':
      return mapOf(node, onBroken);
    case 'array': {
      const items = node.items.map((item) => jsonValueOf(item, onBroken));
      return node.end === undefined ? onBroken() : items;
    }
    case 'broken':
      return onBroken();
  }
}

/** Turns an object into a map; see `jsonValueOf`. */
export function mapOf(node: JsonObject, onBroken: () => never): JsonMap {
  const map = new Map(node.members.map((member) => [member.name, jsonValueOf(member.value, onBroken)]));
  return node.end === undefined ? onBroken() : map;
}

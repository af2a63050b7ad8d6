/**
 * Mustache templates, filled in as Elasticsearch does: mustache.js reads them, and what stands for what is looked up
 * here, in JSON and in nothing else. So a template can call no function, show no other template, and see no member
 * that is not one of the values themselves: `{{constructor}}` is as empty as any name that nobody knows.
 *
 * Elasticsearch uses mustache.java 0.9 with functions of its own (`CustomMustacheFactory`,
 * `CustomReflectionObjectHandler`).
 */

import mustache, { type TemplateSpans } from 'mustache';
import { parseFailure, Refusal } from './envelope.js';
import { isMap, type JsonMap, type JsonValue, writeJson } from './json-value.js';

/** A template that could be read. */
export interface Template {
  /**
   * @param params what its names stand for
   * @throws Refusal if there is too much of it
   */
  fill(params: JsonMap): string;
}

/** Why a text is no template, in the words of mustache.java. */
export interface TemplateProblem {
  readonly type: 'mustache_exception' | 'mustache_not_found_exception';
  readonly problem: string;
}

/** How a value is written into a text. */
export type Encoder = (value: string) => string;

/** By the media types that the text can be said to be of. */
export const encoders: ReadonlyMap<string, Encoder> = new Map<string, Encoder>([
  ['application/json; charset=UTF-8', jsonEscaped],
  ['application/json;charset=utf-8', jsonEscaped],
  ['application/json', jsonEscaped],
  ['text/plain', (value) => value],
  ['application/x-www-form-urlencoded', formEncoded],
]);

function jsonEscaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

/** As `java.net.URLEncoder`, which does the same as browsers do with forms. */
function formEncoded(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1);
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: string; readonly isEncoded: boolean }
  | { readonly kind: 'section' | 'inverted'; readonly name: string; readonly parts: readonly Part[] }
  | { readonly kind: 'toJson'; readonly name: string }
  | { readonly kind: 'join'; readonly name: string; readonly by: string; readonly parts: readonly Part[] }
  | { readonly kind: 'url'; readonly parts: readonly Part[] };

// `mustache.max_output_size_bytes`
const longestOutput = 1024 * 1024;

class Unreadable extends Error {
  readonly type: TemplateProblem['type'];

  constructor(problem: string, type: TemplateProblem['type'] = 'mustache_exception') {
    super(problem);
    this.type = type;
  }
}

/** Reads a template. */
export function readTemplate(source: string, encode: Encoder): Template | TemplateProblem {
  let parts: readonly Part[];
  try {
    parts = partsOf(spansOf(source), source);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { type: error.type, problem: error.message };
  }
  return {
    fill(params) {
      const text = filled(parts, [params], encode);
      if (text.length <= longestOutput) return text;
      throw new Refusal(parseFailure('Mustache script result size limit exceeded'));
    },
  };
}

/** A reader of its own: the library's keeps every text that it ever saw. */
function spansOf(source: string): TemplateSpans {
  try {
    return new mustache.Writer().parse(source);
  } catch (error) {
    throw new Unreadable(problemOf(error instanceof Error ? error.message : String(error), source));
  }
}

/** What mustache.java says where mustache.js says something else. */
function problemOf(message: string, source: string): string {
  const [, what, name = '', position = ''] =
    /^(Unclosed tag|Unclosed section|Unopened section)(?: "(.*)")? at (\d+)$/s.exec(message) ?? [];
  const at = Number(position);
  const closing = /^\{\{\s*\/\s*(.*?)\s*\}\}/s.exec(source.slice(at))?.[1];
  switch (what) {
    case 'Unclosed section':
      if (closing !== undefined) return mismatched(name, closing, source, at);
      return `Failed to close '${name}' tag${placeOf(source, source.lastIndexOf(`#${name}`))}`;
    case 'Unopened section':
      return mismatched('null', name, source, at);
    case 'Unclosed tag':
      return `Improperly closed variable${placeOf(source, at)}`;
    default:
      return message;
  }
}

function mismatched(opened: string, closed: string, source: string, at: number): string {
  const where = `query-template:${lineOf(source, at)}`;
  return `Mismatched start/end tags: ${opened} != ${closed} in ${where}${placeOf(source, at)}`;
}

function placeOf(source: string, at: number): string {
  return ` @[query-template:${lineOf(source, at)}]`;
}

function lineOf(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}

// No limit of Elasticsearch's: what is filled in here is gone through by functions that call themselves.
const maxDepth = 1000;

function partsOf(spans: TemplateSpans, source: string, depth = 0): Part[] {
  if (depth > maxDepth)
    throw new Unreadable(`the emulator fills in no template with sections ${maxDepth} levels deep`);
  return spans.flatMap((span): Part[] => {
    const [type, name, at, , inner] = span;
    const spansInside = Array.isArray(inner) ? inner : [];
    switch (type) {
      case 'text':
        return [{ kind: 'text', text: name }];
      case 'name':
      case '&':
        if (name === '') throw new Unreadable(`Empty mustache${placeOf(source, at)}`);
        return [{ kind: 'value', name, isEncoded: type === 'name' }];
      case '^':
        return [{ kind: 'inverted', name, parts: partsOf(spansInside, source, depth + 1) }];
      case '#':
        return [sectionOf(name, spansInside, partsOf(spansInside, source, depth + 1))];
      case '>':
        throw new Unreadable(`Template ${name} not found`, 'mustache_not_found_exception');
      case '=':
        // Sic; elastic/elasticsearch#95421.
        throw new Unreadable('Disallowed: changing defaul delimiters');
      default:
        return [];
    }
  });
}

/** A section, or one of the functions that look like one. */
function sectionOf(name: string, spans: TemplateSpans, parts: readonly Part[]): Part {
  const lower = name.toLowerCase();
  if (lower === 'tojson') return { kind: 'toJson', name: argumentOf('toJson', spans) };
  if (lower === 'url') return { kind: 'url', parts };
  const by = lower === 'join' ? ',' : /^join delimiter='(.*)'$/.exec(name)?.[1];
  if (by !== undefined) return { kind: 'join', name: argumentOf('join', spans), by, parts };
  return { kind: 'section', name, parts };
}

function argumentOf(of: string, spans: TemplateSpans): string {
  const [only, second] = spans;
  if (only === undefined || second !== undefined)
    throw new Unreadable(`Mustache function [${of}] must contain one and only one identifier`);
  return only[0] === 'text' ? only[1] : `{{${only[1]}}}`;
}

function filled(parts: readonly Part[], scopes: readonly JsonValue[], encode: Encoder): string {
  let text = '';
  for (const part of parts) {
    text += filledPart(part, scopes, encode);
    if (text.length > longestOutput) break;
  }
  return text;
}

function filledPart(part: Part, scopes: readonly JsonValue[], encode: Encoder): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'value': {
      const value = textOf(lookUp(part.name, scopes));
      return part.isEncoded ? encode(value) : value;
    }
    case 'section':
      return filledForEach(itemsOf(lookUp(part.name, scopes)), part.parts, scopes, encode);
    case 'inverted':
      return itemsOf(lookUp(part.name, scopes)).length === 0 ? filled(part.parts, scopes, encode) : '';
    case 'toJson': {
      const value = lookUp(part.name, scopes);
      return Array.isArray(value) || isMap(value) ? writeJson(value) : textOf(value);
    }
    case 'join': {
      const value = lookUp(part.name, scopes);
      return isList(value) ? value.map(javaText).join(part.by) : filled(part.parts, scopes, encode);
    }
    case 'url':
      return formEncoded(filled(part.parts, scopes, encode));
  }
}

function filledForEach(
  items: readonly JsonValue[],
  parts: readonly Part[],
  scopes: readonly JsonValue[],
  encode: Encoder,
): string {
  let text = '';
  for (const item of items) {
    text += filled(parts, [...scopes, item], encode);
    if (text.length > longestOutput) break;
  }
  return text;
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** How often a section is shown, and with what: once, unless it is about a list or about nothing. */
function itemsOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined || value === null || value === false || value === '') return [];
  return isList(value) ? value : [value];
}

/** `ReflectionObjectHandler.find`: names with points in them first, and the innermost value that has the name. */
function lookUp(name: string, scopes: readonly JsonValue[]): JsonValue | undefined {
  if (name === '.') return scopes.at(-1);
  for (const scope of scopes.toReversed()) {
    const whole = memberOf(scope, name);
    if (whole !== undefined) return whole;
    const names = name.split('.');
    const last = names.pop() ?? '';
    const holder = names.reduce<JsonValue | undefined>(
      (value, part) => (value === undefined || value === null ? value : memberOf(value, part)),
      scope,
    );
    if (names.length > 0 && holder !== undefined) return memberOf(holder, last);
  }
  return undefined;
}

function memberOf(value: JsonValue, name: string): JsonValue | undefined {
  if (isMap(value)) return value.get(name);
  if (!isList(value)) return undefined;
  return name === 'size' ? value.length : /^\d+$/.test(name) ? value[Number(name)] : undefined;
}

/** As Java shows what a name stands for: a list counts as a map of its numbers. */
function textOf(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (!isList(value)) return javaText(value);
  return `{${value.map((item, index) => `${index}=${javaText(item)}`).join(', ')}}`;
}

function javaText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (isList(value)) return `[${value.map(javaText).join(', ')}]`;
  if (isMap(value))
    return `{${[...value].map(([name, member]) => `${name}=${javaText(member)}`).join(', ')}}`;
  return writeJson(value);
}

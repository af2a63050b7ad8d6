/**
 * What a query finds: from its tree to a test of one entry. The entries may be anything; what their fields
 * are called and hold is told by whoever searches. Order and pages are in `search.ts`.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import { isMap, type JsonMap, type JsonValue, numberOf } from '../wire/json-value.js';
import { parseInstant } from './date-math.js';
import type { Query } from './query-parser.js';

/** What a field can hold. */
export type FieldValue = string | number | boolean;

/** How what a field holds is compared. */
export type FieldType = 'keyword' | 'text' | 'long' | 'double' | 'date' | 'boolean';

/** A field that can be searched. The values of a `text` are its words, each as often as it is there. */
export interface SearchField<Entry> {
  readonly type: FieldType;
  /** Text that was taken apart can be searched but not sorted. */
  readonly sortable: boolean;
  values(entry: Entry): readonly FieldValue[];
  /** Whether the entry has anything here, where that is not the same as having values. */
  exists?(entry: Entry): boolean;
}

/** What a list of entries can be searched by. */
export interface SearchFields<Entry> {
  id(entry: Entry): string;
  /** @returns the field, or `undefined` if there is none of this name that may be searched */
  field(name: string): SearchField<Entry> | undefined;
  /** All fields that there are, where a word may be looked for in any of them. */
  names?(): readonly string[];
  /** The refusal of a field that may not be searched. */
  refusal(name: string): string;
  /** The refusal of a field that may be searched but not sorted by, if it is another one. */
  unsortable?(name: string): string;
  /** The refusal of a kind of query that is not there. */
  unsupported(query: string): string;
}

/** Elasticsearch's refusal of a kind of query that its security endpoints do not take. */
export function unsupportedQuery(query: string): string {
  return `Query type [${query}] is not currently supported in this context`;
}

/** Elasticsearch's refusal of a field that its security endpoints can not sort by. */
export function unsortableField(name: string): string {
  return `sorting is not supported for field [${name}]`;
}

/** Whether a query finds an entry. */
export type Test<Entry> = (entry: Entry) => boolean;

/**
 * @param now what `now` stands for in the query, in milliseconds
 * @throws Refusal if the query asks for what is not allowed
 */
export function compile<Entry>(query: Query, fields: SearchFields<Entry>, now: number): Test<Entry> {
  switch (query.kind) {
    case 'match_all':
      return () => true;
    case 'unsupported':
      return refuse(fields.unsupported(query.name));
    case 'ids': {
      const ids = new Set(query.values);
      return (entry) => ids.has(fields.id(entry));
    }
    case 'bool':
      return compileBool(query, fields, now);
    case 'anywhere': {
      const tests = everywhere(query.value, fields).map((inner) => compile(inner, fields, now));
      return (entry) => tests.some((test) => test(entry));
    }
    case 'exists': {
      const field = allowed(query.field, fields);
      return (entry) => field.exists?.(entry) ?? field.values(entry).length > 0;
    }
    case 'terms': {
      const field = allowed(query.field, fields);
      const wanted = new Set(query.values.map((value) => convert(value, field, query.field, now)));
      return (entry) => field.values(entry).some((value) => wanted.has(value));
    }
    case 'range': {
      const field = allowed(query.field, fields);
      const bounds = query.bounds.map(({ relation, value }) => ({
        relation,
        value: convert(value, field, query.field, now),
      }));
      return (entry) =>
        field
          .values(entry)
          .some((value) => bounds.every((bound) => isWithin(value, bound.relation, bound.value)));
    }
    case 'match': {
      const field = allowed(query.field, fields);
      if (field.type === 'text') return matchWords(query, field);
      const wanted = convert(query.value, field, query.field, now);
      return (entry) => field.values(entry).includes(wanted);
    }
    case 'term': {
      const field = allowed(query.field, fields);
      const fold = folding(query.ignoreCase);
      const wanted = fold(convert(query.value, field, query.field, now));
      return (entry) => field.values(entry).some((value) => fold(value) === wanted);
    }
    case 'prefix': {
      const field = textual(query.kind, query.field, fields);
      const fold = folding(query.ignoreCase);
      const wanted = String(fold(String(query.value)));
      return (entry) => field.values(entry).some((value) => String(fold(value)).startsWith(wanted));
    }
    case 'wildcard': {
      const field = textual(query.kind, query.field, fields);
      const fold = folding(query.ignoreCase);
      const pattern = String(fold(String(query.value)));
      return (entry) => field.values(entry).some((value) => matchesWildcards(pattern, String(fold(value))));
    }
  }
}

function compileBool<Entry>(
  query: Query & { readonly kind: 'bool' },
  fields: SearchFields<Entry>,
  now: number,
): Test<Entry> {
  const all = (queries: readonly Query[]): Test<Entry>[] =>
    queries.map((inner) => compile(inner, fields, now));
  const must = all([...query.must, ...query.filter]);
  const [should, mustNot] = [all(query.should), all(query.mustNot)];
  return (entry) =>
    must.every((test) => test(entry)) &&
    !mustNot.some((test) => test(entry)) &&
    should.filter((test) => test(entry)).length >= query.minimumShouldMatch;
}

/** One query for each field that can hold a word. */
export function everywhere<Entry>(value: string, { names, field }: SearchFields<Entry>): Query[] {
  const texts = (names?.() ?? []).filter((name) => ['text', 'keyword'].includes(field(name)?.type ?? ''));
  return texts.map((name): Query => {
    return /[*?]/.test(value)
      ? { kind: 'wildcard', field: name, value, ignoreCase: false }
      : { kind: 'match', field: name, value, allWords: false };
  });
}

function allowed<Entry>(name: string, fields: SearchFields<Entry>): SearchField<Entry> {
  return fields.field(name) ?? refuse(fields.refusal(name));
}

/** The field of a query that makes sense of text only. */
function textual<Entry>(
  kind: 'prefix' | 'wildcard',
  name: string,
  fields: SearchFields<Entry>,
): SearchField<Entry> {
  const field = allowed(name, fields);
  if (field.type === 'keyword' || field.type === 'text') return field;
  return refuse(
    `Can only use ${kind} queries on keyword, text and wildcard fields - not on [${name}] which is of type [${field.type}]`,
  );
}

function matchWords<Entry>(
  { value, allWords }: Query & { readonly kind: 'match' },
  field: SearchField<Entry>,
): Test<Entry> {
  const wanted = wordsOf(textOf(value));
  return (entry) => {
    const has = (word: string): boolean => field.values(entry).includes(word);
    return wanted.length > 0 && (allWords ? wanted.every(has) : wanted.some(has));
  };
}

function folding(ignoreCase: boolean): (value: FieldValue) => FieldValue {
  return (value) => (ignoreCase && typeof value === 'string' ? value.toLowerCase() : value);
}

function isWithin(value: FieldValue, relation: string, bound: FieldValue): boolean {
  switch (relation) {
    case 'gt':
      return value > bound;
    case 'gte':
      return value >= bound;
    case 'lt':
      return value < bound;
    default:
      return value <= bound;
  }
}

/**
 * Whether a text is what a pattern with `*` and `?` stands for. Unlike that of a regular expression, its time
 * never grows beyond the product of both lengths.
 */
function matchesWildcards(pattern: string, text: string): boolean {
  let [at, inPattern, afterStar, resumeAt] = [0, 0, -1, 0];
  while (at < text.length) {
    const expected = pattern[inPattern];
    if (expected === '*') {
      afterStar = ++inPattern;
      resumeAt = at;
    } else if (expected === '?' || expected === text[at]) {
      inPattern++;
      at++;
    } else if (afterStar >= 0) {
      // The last star stands for one character more.
      inPattern = afterStar;
      at = ++resumeAt;
    } else return false;
  }
  return pattern.slice(inPattern).replaceAll('*', '') === '';
}

function convert<Entry>(value: JsonValue, field: SearchField<Entry>, name: string, now: number): FieldValue {
  const plain = numberOf(value) ?? value;
  if (field.type === 'date') {
    const instant = typeof plain === 'number' ? plain : parseInstant(String(plain), now);
    return (
      instant ??
      refuse(
        `failed to parse date field [${String(plain)}] with format [strict_date_optional_time||epoch_millis]`,
      )
    );
  }
  if (field.type === 'boolean') {
    if (plain === true || plain === 'true') return true;
    if (plain === false || plain === 'false') return false;
    return refuse(`Can't parse boolean value [${String(plain)}], expected [true] or [false]`);
  }
  if (typeof plain === 'object') return refuse(`[${name}] can not be compared with an object`);
  return field.type === 'long' || field.type === 'double' ? numeric(plain) : String(plain);
}

function numeric(value: string | number | boolean): number {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (typeof value !== 'boolean' && !Number.isNaN(number)) return number;
  throw new Refusal({
    status: 400,
    type: 'number_format_exception',
    reason: `For input string: "${String(value)}"`,
  });
}

function refuse(reason: string): never {
  throw new Refusal(illegalArgument(reason));
}

// Letters and digits, also around one mark that Unicode does not take for an end of a word: the apostrophe of
// "it's", the points of "example.org" and "3.14". V8's own segmenter copies the whole text for each word.
const wordForm =
  /[\p{L}\p{M}\p{N}\p{Pc}]+(?:(?:(?<=\p{L})['’.:·](?=\p{L})|(?<=\p{N})['’.,;](?=\p{N}))[\p{L}\p{M}\p{N}\p{Pc}]+)*/gu;

/** The words of a text, in lower case: nearly what Elasticsearch's standard analyzer makes of it. */
export function wordsIn(text: string): string[] {
  return (text.toLowerCase().match(wordForm) ?? []).filter((word) => /[\p{L}\p{N}]/u.test(word));
}

/** The same, each once. */
export function wordsOf(text: string): string[] {
  return [...new Set(wordsIn(text))];
}

/** What a path into an object leads to, every value as text; the way in which metadata is indexed. */
export function flattened(object: JsonMap, path: readonly string[]): string[] {
  let values: JsonValue[] = [object];
  for (const name of path) {
    values = values
      .flatMap((value) => (isMap(value) ? [value.get(name)] : []))
      .filter((value) => value !== undefined);
    values = values.flatMap((value) => (Array.isArray(value) ? value : [value]));
  }
  return values.flatMap(leaves);
}

function leaves(value: JsonValue): string[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (isMap(value)) return [...value.values()].flatMap(leaves);
  return [textOf(value)];
}

/** A value that is neither a list nor an object as text, numbers as they were written. */
function textOf(value: JsonValue): string {
  return typeof value === 'object' && value !== null && 'numberText' in value
    ? String(value.numberText)
    : String(value);
}

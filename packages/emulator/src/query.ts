/**
 * Searching in a list: which of its entries a query finds, in which order, and which page of them is wanted.
 * The entries may be anything; what their fields are called is told by whoever searches.
 */

import { parseInstant } from './date-math.js';
import { illegalArgument, Refusal } from './envelope.js';
import { isMap, type JsonMap, type JsonValue, numberOf } from './json-value.js';
import type { Query } from './query-parser.js';

/** What a field can hold. */
export type FieldValue = string | number | boolean;

/** A field that can be searched. */
export interface SearchField<Entry> {
  readonly type: 'keyword' | 'date' | 'boolean';
  /** Text that was taken apart can be searched but not sorted. */
  readonly sortable: boolean;
  values(entry: Entry): readonly FieldValue[];
}

/** What a list of entries can be searched by. */
export interface SearchFields<Entry> {
  id(entry: Entry): string;
  /** @returns the field, or `undefined` if there is none of this name that may be searched */
  field(name: string): SearchField<Entry> | undefined;
  /** The refusal of a field that may not be searched. */
  refusal(name: string): string;
}

/** One criterion of an order. */
export interface SortKey {
  readonly field: string;
  readonly descending: boolean;
  readonly format: string | undefined;
}

/** A page of what was found. */
export interface SearchResult<Entry> {
  readonly total: number;
  /** With the values by which each was sorted, if there is an order. */
  readonly hits: readonly { readonly entry: Entry; readonly sort: readonly JsonValue[] | undefined }[];
}

/** What is searched for. */
export interface Search {
  readonly query: Query | undefined;
  readonly from: number;
  readonly size: number;
  readonly sort: readonly SortKey[];
  readonly searchAfter: readonly JsonValue[] | undefined;
}

type Test<Entry> = (entry: Entry) => boolean;

/**
 * @param now what `now` stands for in the query, in milliseconds
 * @throws Refusal if the search asks for what is not allowed
 */
export function search<Entry>(
  entries: Iterable<Entry>,
  fields: SearchFields<Entry>,
  { query, from, size, sort, searchAfter }: Search,
  now: number,
): SearchResult<Entry> {
  const test = query === undefined ? () => true : compile(query, fields, now);
  const order = sort.map((key) => ({ key, field: sortField(key, fields) }));
  let found = [...entries]
    .filter(test)
    .map((entry) => ({ entry, sort: order.map(({ field }) => first(field, entry)) }));
  const total = found.length;
  const compare = (a: readonly SortValue[], b: readonly SortValue[]): number => {
    for (const [index, { key }] of order.entries()) {
      const difference = compareValues(a[index], b[index], key.descending);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  if (order.length > 0) found.sort((a, b) => compare(a.sort, b.sort));
  if (searchAfter !== undefined) {
    const after = afterValues(searchAfter, sort);
    found = found.filter((hit) => compare(hit.sort, after) > 0);
  }
  const hits = found.slice(from, from + size).map((hit) => ({
    entry: hit.entry,
    sort: order.length === 0 ? undefined : hit.sort.map((value, index) => showSort(value, order[index]?.key)),
  }));
  return { total, hits };
}

type SortValue = FieldValue | undefined;

function first<Entry>(field: SearchField<Entry> | undefined, entry: Entry): SortValue {
  return field?.values(entry)[0];
}

/** `_doc` is the order in which the entries are anyway. */
function sortField<Entry>(key: SortKey, fields: SearchFields<Entry>): SearchField<Entry> | undefined {
  if (key.field === '_doc') return undefined;
  const field = fields.field(key.field);
  if (field === undefined || !field.sortable) refuse(fields.refusal(key.field));
  return field;
}

function compareValues(a: SortValue, b: SortValue, descending: boolean): number {
  if (a === b) return 0;
  // What is missing comes last in either direction.
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  const difference = a < b ? -1 : 1;
  return descending ? -difference : difference;
}

function showSort(value: SortValue, key: SortKey | undefined): JsonValue {
  if (value === undefined) return null;
  return typeof value === 'number' && key?.format?.endsWith('date_time')
    ? new Date(value).toISOString()
    : value;
}

function afterValues(values: readonly JsonValue[], sort: readonly SortKey[]): SortValue[] {
  if (sort.length === 0) return refuse('Sort must contain at least one field.');
  if (values.length !== sort.length) {
    return refuse(`search_after has ${values.length} value(s) but sort has ${sort.length}.`);
  }
  return values.map((value, index) => {
    if (value === null) return undefined;
    const isDate = sort[index]?.format?.endsWith('date_time');
    return isDate
      ? parseInstant(String(value), 0)
      : (numberOf(value) ?? (typeof value === 'boolean' ? value : String(value)));
  });
}

function refuse(reason: string): never {
  throw new Refusal(illegalArgument(reason));
}

function compile<Entry>(query: Query, fields: SearchFields<Entry>, now: number): Test<Entry> {
  switch (query.kind) {
    case 'match_all':
      return () => true;
    case 'unsupported':
      return refuse(`Query type [${query.name}] is not currently supported in this context`);
    case 'ids': {
      const ids = new Set(query.values);
      return (entry) => ids.has(fields.id(entry));
    }
    case 'bool':
      return compileBool(query, fields, now);
    case 'exists': {
      const field = allowed(query.field, fields);
      return (entry) => field.values(entry).length > 0;
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
    case 'term':
    case 'match': {
      const field = allowed(query.field, fields);
      const fold = folding(query.ignoreCase);
      const wanted = fold(convert(query.value, field, query.field, now));
      return (entry) => field.values(entry).some((value) => fold(value) === wanted);
    }
    case 'prefix': {
      const field = allowed(query.field, fields);
      if (field.type !== 'keyword')
        return refuse(
          `Can only use prefix queries on keyword, text and wildcard fields - not on [${query.field}] which is of type [${field.type}]`,
        );
      const fold = folding(query.ignoreCase);
      const wanted = String(fold(String(query.value)));
      return (entry) => field.values(entry).some((value) => String(fold(value)).startsWith(wanted));
    }
    case 'wildcard': {
      const field = allowed(query.field, fields);
      if (field.type !== 'keyword')
        return refuse(
          `Can only use wildcard queries on keyword, text and wildcard fields - not on [${query.field}] which is of type [${field.type}]`,
        );
      const expression = wildcard(String(query.value), query.ignoreCase);
      return (entry) => field.values(entry).some((value) => expression.test(String(value)));
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
  const [must, should, mustNot] = [all(query.must), all(query.should), all(query.mustNot)];
  return (entry) =>
    must.every((test) => test(entry)) &&
    !mustNot.some((test) => test(entry)) &&
    should.filter((test) => test(entry)).length >= query.minimumShouldMatch;
}

function allowed<Entry>(name: string, fields: SearchFields<Entry>): SearchField<Entry> {
  return fields.field(name) ?? refuse(fields.refusal(name));
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

function wildcard(pattern: string, ignoreCase: boolean): RegExp {
  const escaped = pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const body = escaped.replaceAll('\\*', '.*').replaceAll('\\?', '.');
  return new RegExp(`^${body}$`, ignoreCase ? 'si' : 's');
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
  return typeof plain === 'object' ? refuse(`[${name}] can not be compared with an object`) : String(plain);
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
  return [typeof value === 'object' && 'numberText' in value ? String(value.numberText) : String(value)];
}

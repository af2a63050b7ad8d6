/**
 * Searching in a list: which of its entries a query finds, in which order, and which page of them is wanted.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import { type JsonValue, numberOf } from '../wire/json-value.js';
import { parseInstant } from './date-math.js';
import type { FieldValue, SearchFields } from './fields.js';
import { compile } from './query.js';
import type { Query } from './query-parser.js';

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

/** What orders entries by one criterion. */
export interface Criterion<Entry> {
  readonly key: SortKey;
  values(entry: Entry): readonly FieldValue[];
}

/**
 * @param now what `now` stands for in the query, in milliseconds
 * @throws Refusal if the search asks for what is not allowed
 */
export function search<Entry>(
  entries: Iterable<Entry>,
  fields: SearchFields<Entry>,
  request: Search,
  now: number,
): SearchResult<Entry> {
  const test = request.query === undefined ? () => true : compile(request.query, fields, now);
  const order = request.sort.map((key) => criterion(key, fields));
  return page([...entries].filter(test), order, request);
}

/** @throws Refusal if there is a field that may not be sorted by */
export function permitSort<Entry>(sort: readonly SortKey[], fields: SearchFields<Entry>): void {
  for (const { field: name } of sort) {
    if (name === '_doc') continue;
    const field = fields.field(name);
    if (field === undefined) refuse(fields.refusal(name));
    if (!field.sortable && fields.unsortable !== undefined) refuse(fields.unsortable(name));
  }
}

/** Puts what was found in order and takes the page that is wanted. */
export function page<Entry>(
  entries: readonly Entry[],
  order: readonly Criterion<Entry>[],
  { from, size, searchAfter }: Pick<Search, 'from' | 'size' | 'searchAfter'>,
): SearchResult<Entry> {
  const compare = (a: readonly SortValue[], b: readonly SortValue[]): number => {
    for (const [index, { key }] of order.entries()) {
      const difference = compareValues(a[index], b[index], key.descending);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  let found = entries.map((entry) => ({ entry, sort: order.map((by) => extreme(by, entry)) }));
  if (order.length > 0) found.sort((a, b) => compare(a.sort, b.sort));
  if (searchAfter !== undefined) {
    const isNumber = order.map((_, at) => found.some(({ sort }) => typeof sort[at] === 'number'));
    const after = afterValues(
      searchAfter.map((value, at) => (isNumber[at] === true ? asNumber(value) : value)),
      order.map(({ key }) => key),
    );
    found = found.filter((hit) => compare(hit.sort, after) > 0);
  }
  const hits = found.slice(from, from + size).map((hit) => ({
    entry: hit.entry,
    sort: order.length === 0 ? undefined : hit.sort.map((value, index) => showSort(value, order[index]?.key)),
  }));
  return { total: entries.length, hits };
}

type SortValue = FieldValue | undefined;

/**
 * Clients keep numbers and dates as texts, which are read as the field's
 * (`SearchAfterBuilder.convertValueFromSortType`).
 */
function asNumber(value: JsonValue): JsonValue {
  if (typeof value !== 'string' || value.trim() === '') return value;
  const number = Number(value);
  return Number.isNaN(number) ? (parseInstant(value, 0) ?? value) : number;
}

/** Of several values the one that puts an entry furthest to the front. */
function extreme<Entry>({ key, values }: Criterion<Entry>, entry: Entry): SortValue {
  const [first, ...others] = values(entry);
  return others.reduce<SortValue>(
    (best, value) => (compareValues(value, best, key.descending) < 0 ? value : best),
    first,
  );
}

/** `_doc` is the order in which the entries are anyway. */
function criterion<Entry>(key: SortKey, fields: SearchFields<Entry>): Criterion<Entry> {
  if (key.field === '_doc') return { key, values: () => [] };
  const field = fields.field(key.field);
  if (field === undefined) return refuse(fields.refusal(key.field));
  if (!field.sortable) return refuse(fields.unordered(key.field));
  return { key, values: field.values };
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

/** Says that there is no page after the entry that is named, because of how it is named. */
export function pageProblem({
  sort,
  searchAfter: values,
}: Pick<Search, 'sort' | 'searchAfter'>): string | undefined {
  if (values === undefined) return undefined;
  if (sort.length === 0) return 'Sort must contain at least one field.';
  if (values.length !== sort.length) {
    return `search_after has ${values.length} value(s) but sort has ${sort.length}.`;
  }
  return undefined;
}

function afterValues(values: readonly JsonValue[], sort: readonly SortKey[]): SortValue[] {
  const problem = pageProblem({ sort, searchAfter: values });
  if (problem !== undefined) return refuse(problem);
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

/** The body of a search, and what can be wrong with it. */

import { type Query, queryField } from '../search/query-parser.js';
import type { Search, SortKey } from '../search/search.js';
import { contentParseFailure, illegalArgument, Refusal } from '../wire/envelope.js';
import { type JsonDocument, type JsonNode, jsonValueOf, locationOf } from '../wire/json-parser.js';
import type { JsonValue } from '../wire/json-value.js';
import { type Field, objectParser, refuseBroken, tokenName } from '../wire/object-parser.js';
import type { Call } from './endpoint.js';
import { documentOf } from './endpoint.js';

/** What may be in the body of a search. */
export interface SearchBody {
  readonly query?: Query | undefined;
  readonly from?: number | undefined;
  readonly size?: number | undefined;
  readonly sort?: readonly SortKey[] | undefined;
  readonly search_after?: readonly JsonValue[] | undefined;
}

/** A whole number, or one in a string. */
export const whole: Field<number | undefined> = {
  tokens: ['number', 'string'],
  required: false,
  read(node) {
    const text = node.kind === 'number' ? node.text : node.kind === 'string' ? node.value : '';
    const value = Number(text);
    if (text !== '' && Number.isInteger(value)) return value;
    throw new Refusal(illegalArgument(`For input string: "${text}"`));
  },
};

/** An order: criteria from the most important on. */
export const sort: Field<readonly SortKey[] | undefined> = {
  tokens: ['array', 'object', 'string'],
  required: false,
  read(node, document) {
    const items = node.kind === 'array' ? node.items : [node];
    if (node.kind === 'array' && node.end === undefined) refuseBroken(document);
    return items.flatMap((item) => parseSort(item, document));
  },
};

/** The same where the order of a field can not be said without an object: `{ "name": { "order": "desc" } }`. */
const securitySort: typeof sort = {
  ...sort,
  read(node, document) {
    for (const item of node.kind === 'array' ? node.items : [node]) {
      const short =
        item.kind === 'object' ? item.members.find(({ value }) => value.kind !== 'object') : undefined;
      if (short === undefined || short.value.kind === 'broken') continue;
      const { at } = short.value;
      const reason = `[${locationOf(document, at)}] [field_sort] Expected START_OBJECT but was: ${tokenName(short.value)}`;
      throw new Refusal(contentParseFailure(reason), at);
    }
    return sort.read(node, document);
  },
};

/** The values of the last hit of the page before. */
export const searchAfter: Field<readonly JsonValue[] | undefined> = {
  tokens: ['array'],
  required: false,
  read(node, document) {
    const values = jsonValueOf(node, () => refuseBroken(document));
    return Array.isArray(values) ? values : [values];
  },
};

function parseSort(node: JsonNode, document: JsonDocument): SortKey[] {
  if (node.kind === 'string')
    return [{ field: node.value, descending: isBestFirst(node.value), format: undefined }];
  if (node.kind !== 'object') throw new Refusal(illegalArgument('mal-formatted sort object'));
  return node.members.map(({ name, value }) => {
    if (value.kind === 'string')
      return { field: name, descending: isDescending(value.value), format: undefined };
    if (value.kind !== 'object') return refuseBroken(document);
    let descending = isBestFirst(name);
    let format: string | undefined;
    for (const member of value.members) {
      const text = member.value.kind === 'string' ? member.value.value : '';
      if (member.name === 'order') descending = isDescending(text);
      else if (member.name === 'format') format = text;
      else if (member.name === 'nested') {
        throw new Refusal(illegalArgument('nested sorting is not currently supported in this context'));
      } else if (member.name !== 'missing' || text !== '_last') {
        throw new Refusal(illegalArgument(`[field_sort] unknown field [${member.name}]`));
      }
    }
    return { field: name, descending, format };
  });
}

/** By their score, entries are sorted the other way round unless it is said how. */
export function isBestFirst(field: string): boolean {
  return field === '_score';
}

function isDescending(order: string): boolean {
  const lower = order.toLowerCase();
  if (lower === 'asc' || lower === 'desc') return lower === 'desc';
  throw new Refusal(illegalArgument(`Unknown SortOrder [${order}]`));
}

/** The members of the body of a search. */
export const searchBody: { readonly [K in keyof SearchBody]-?: Field<SearchBody[K]> } = {
  query: queryField,
  from: whole,
  size: whole,
  sort: securitySort,
  search_after: searchAfter,
};

/**
 * Reads the body of a search.
 *
 * @param parserName the name in front of complaints
 */
export function searchReader(parserName: string): (call: Call) => Search {
  const parser = objectParser<SearchBody>(parserName, searchBody);
  return (call) => searchOf(call.body === undefined ? {} : parser.parse(documentOf(call)));
}

/** What a body asks for, and what it leaves out. */
export function searchOf({ query, from = 0, size = 10, sort: keys = [], search_after }: SearchBody): Search {
  return { query, from, size, sort: keys, searchAfter: search_after };
}

// Elasticsearch does not look further into a result than this.
const maxWindow = 10_000;

/** What is wrong with a search that could be read. */
export function searchProblems({ from, size }: Search): string[] {
  const problems: string[] = [];
  if (from < 0) problems.push(`[from] parameter cannot be negative but was [${from}]`);
  if (size < 0) problems.push(`[size] parameter cannot be negative but was [${size}]`);
  return problems;
}

/** Says that a page is too far away. */
export function windowProblem({ from, size }: Search): string | undefined {
  if (from + size <= maxWindow) return undefined;
  return (
    `Result window is too large, from + size must be less than or equal to: [${maxWindow}] but was [${from + size}]. ` +
    'See the scroll api for a more efficient way to request large data sets. ' +
    'This limit can be set by changing the [index.max_result_window] index level setting.'
  );
}

/** @throws Refusal if the page is too far away */
export function checkWindow(search: Search): void {
  const problem = windowProblem(search);
  if (problem !== undefined) throw new Refusal(illegalArgument(problem));
}

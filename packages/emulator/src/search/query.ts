/**
 * What a query finds: from its tree to a test of one entry. The entries may be anything; what their fields
 * are called and hold is told by whoever searches. Order and pages are in `search.ts`.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import { isMap, type JsonMap, type JsonValue } from '../wire/json-value.js';
import {
  convert,
  creatingQuery,
  described,
  equalTo,
  type FieldValue,
  queryShardError,
  type SearchField,
  type SearchFields,
  type Test,
  textOf,
} from './fields.js';
import type { Query } from './query-parser.js';
import { compileMatch, compileSimple } from './text-matching.js';

/** Elasticsearch's refusal of a kind of query that its security endpoints do not take. */
export function unsupportedQuery(query: string): string {
  return `Query type [${query}] is not currently supported in this context`;
}

/** Elasticsearch's refusal of a field that its security endpoints can not sort by. */
export function unsortableField(name: string): string {
  return `sorting is not supported for field [${name}]`;
}

/**
 * Looks at what a query asks for, before anything is searched.
 *
 * @throws Refusal if there is a field, or a kind of query, that is not allowed
 */
export function permit<Entry>(query: Query, fields: SearchFields<Entry>): void {
  if (fields.lacks?.has(query.kind) === true) refuse(fields.unsupported(query.kind));
  switch (query.kind) {
    case 'match_all':
    case 'ids':
    case 'anywhere':
      return;
    case 'unsupported':
      refuse(fields.unsupported(query.name));
      break;
    case 'simple_query_string':
      if (fields.expand === undefined) refuse(fields.unsupported(query.kind));
      return;
    case 'bool':
      for (const inner of [...query.must, ...query.should, ...query.mustNot, ...query.filter]) {
        permit(inner, fields);
      }
      return;
    default:
      allowed(query.field, fields);
  }
}

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
      if (field.type === 'date') {
        const tests = creatingQuery(() =>
          query.values.map((value) => equalTo(value, field, query.field, now)),
        );
        return (entry) => field.values(entry).some((value) => tests.some((test) => test(value)));
      }
      const convertAll = () => query.values.map((value) => convert(value, field, query.field, now));
      const wanted = new Set(creatingQuery(convertAll));
      return (entry) => field.values(entry).some((value) => wanted.has(value));
    }
    case 'range': {
      const field = allowed(query.field, fields);
      const convertAll = () =>
        query.bounds.map(({ relation, value }) => ({
          relation,
          // `DateFieldMapper.dateRangeQuery`: `lte` a day is until its end, and `gt` a day from there.
          value: convert(value, field, query.field, now, query.format, ['gt', 'lte'].includes(relation)),
        }));
      // Dates are looked at before the query is made: is the whole index within them (`RangeQueryBuilder.getRelation`)?
      const bounds = field.type === 'date' ? convertAll() : creatingQuery(convertAll);
      return (entry) =>
        field
          .values(entry)
          .some((value) => bounds.every((bound) => isWithin(value, bound.relation, bound.value)));
    }
    case 'match':
      return compileMatch(query, allowed(query.field, fields), now);
    case 'simple_query_string':
      if (fields.expand === undefined) return refuse(fields.unsupported(query.kind));
      return compileSimple(query, fields, now);
    case 'term': {
      const field = allowed(query.field, fields);
      const fold = folding(query.ignoreCase);
      if (field.type === 'date') {
        const test = creatingQuery(() => equalTo(query.value, field, query.field, now));
        return (entry) => field.values(entry).some(test);
      }
      const wanted = fold(creatingQuery(() => convert(query.value, field, query.field, now)));
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
  const what = `Can only use ${kind} queries on keyword, text and wildcard fields`;
  throw new Refusal(queryShardError(`${what} - not on ${described(name, field)}`));
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
export function matchesWildcards(pattern: string, text: string): boolean {
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

function refuse(reason: string): never {
  throw new Refusal(illegalArgument(reason));
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

/**
 * The fields by which what is in the security index can be searched: those that are let through, under the names that
 * callers have for them (`FieldNameTranslators` of Elasticsearch), and what is said of all others.
 */

import { type SearchField, type SearchFields, withoutFielddata } from '../search/fields.js';
import { flattened, matchesWildcards, unsortableField, unsupportedQuery } from '../search/query.js';
import type { JsonMap } from '../wire/json-value.js';
import type { Version } from '../wire/version.js';

/** What is searched. */
export interface Searched<Entry> {
  id(entry: Entry): string;
  readonly fields: ReadonlyMap<string, SearchField<Entry>>;
  /** Whether it is known beforehand which fields can not be sorted by. */
  readonly hasUnsortable?: boolean;
  /** What else is known of an entry, where that can be searched too. */
  metadata?(entry: Entry): JsonMap;
}

/** A field of texts that are found as a whole. */
export function keywords<Entry>(
  values: (entry: Entry) => readonly string[],
  indexed?: string,
): SearchField<Entry> {
  return { type: 'keyword', sortable: true, values, ...(indexed !== undefined && { indexed }) };
}

/** What a list of things in the security index can be searched by. */
export function securityFields<Entry>({
  id,
  fields,
  metadata,
  hasUnsortable = false,
}: Searched<Entry>): SearchFields<Entry> {
  /** Metadata as a whole, or what a path in it leads to. */
  function within(path: readonly string[]): SearchField<Entry> {
    return {
      type: 'keyword',
      typeName: 'flattened',
      indexed: ['metadata_flattened', ...path].join('.'),
      sortable: true,
      values: (entry) => (metadata === undefined ? [] : flattened(metadata(entry), path)),
      ...(path.length > 0 && { isPath: true }),
    };
  }
  function field(name: string): SearchField<Entry> | undefined {
    if (metadata === undefined || isPattern(name)) return fields.get(name);
    if (name === 'metadata') return within([]);
    return name.startsWith('metadata.') ? within(name.split('.').slice(1)) : fields.get(name);
  }
  const names = [...fields.keys(), ...(metadata === undefined ? [] : ['metadata'])];
  return {
    id,
    field,
    // A pattern stands for metadata as a whole, never for a path in them.
    expand: (pattern) => {
      if (!isPattern(pattern)) return field(pattern) === undefined ? [] : [pattern];
      return pattern.includes('?') ? [] : names.filter((name) => matchesWildcards(pattern, name));
    },
    unsupported: unsupportedQuery,
    refusal: (name) =>
      `Field ${isPattern(name) ? 'name pattern ' : ''}[${name}] is not allowed for querying or aggregation`,
    ...(hasUnsortable && { unsortable: unsortableField }),
    unordered: (name) => withoutFielddata(name, '.security-7'),
  };
}

function isPattern(name: string): boolean {
  return name.includes('*');
}

/** The same fields, and the words in which releases before the one where all searches use the same refused others. */
export function inOlderWords<Entry>(
  fields: SearchFields<Entry>,
  { aggregatesApiKeys, wordsSearchesAlike }: Version,
): SearchFields<Entry> {
  if (wordsSearchesAlike) return fields;
  const what = aggregatesApiKeys ? 'API Key query or aggregation' : 'API Key query';
  return {
    ...fields,
    lacks: new Set(aggregatesApiKeys ? [] : ['match', 'simple_query_string']),
    unsupported: (query) => `Query type [${query}] is not supported for API Key query`,
    refusal: (name) => `Field ${isPattern(name) ? 'name pattern ' : ''}[${name}] is not allowed for ${what}`,
  };
}

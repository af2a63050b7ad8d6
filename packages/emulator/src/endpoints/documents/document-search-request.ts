/**
 * The body and the parameters of a search of documents. In contrast to searches of API keys, a wrong query is
 * complained about as it is, without the place around it.
 */

import { type Call, documentOf } from '../../cluster/endpoint.js';
import { isBestFirst, searchAfter, sort, whole } from '../../cluster/search-request.js';
import { parseQueryNode, type Query } from '../../search/query-parser.js';
import { parseQueryString } from '../../search/query-string.js';
import type { Search, SortKey } from '../../search/search.js';
import { illegalArgument, Refusal } from '../../wire/envelope.js';
import { type JsonDocument, type JsonMember, type JsonNode, locationOf } from '../../wire/json-parser.js';
import { type Field, readScalarText, refuseBroken, tokenName } from '../../wire/object-parser.js';
import { readSourceParameters, type SourceFilter, sourceField, wholeSource } from './source-filter.js';

/** A search of documents. */
export interface DocumentSearch extends Search {
  readonly source: SourceFilter;
  /** Up to how many hits are counted; `false`: they are not. */
  readonly counted: number | false;
}

/** The parameters that say in the path what the body can say. */
export const searchParameters: readonly string[] = ['from', 'size', 'sort', 'track_total_hits'];

/** The parameters with a query in them. */
export const queryParameters: readonly string[] = ['q', 'default_operator', 'df'];

const known: ReadonlySet<string> = new Set(
  'query,from,size,sort,search_after,_source,track_total_hits'.split(','),
);
// What Elasticsearch knows and the emulator does not.
const unsupported: ReadonlySet<string> = new Set(
  (
    'aggregations,aggs,collapse,docvalue_fields,explain,ext,fields,highlight,indices_boost,knn,min_score,pit,post_filter,profile,' +
    'rank,rescore,retriever,runtime_mappings,script_fields,seq_no_primary_term,slice,stats,stored_fields,suggest,' +
    'terminate_after,timeout,track_scores,version'
  ).split(','),
);
// Beyond this Elasticsearch says only that there are more.
const countedByDefault = 10_000;

/** @throws Refusal if the request makes no sense */
export function readDocumentSearch(call: Call): DocumentSearch {
  const read = bodyReader(call, ({ name, value }, document) => {
    if (unsupported.has(name)) return refuse(`[${name}] is not supported by the emulator`);
    return parsingFailure(document, value, `Unknown key for a ${tokenName(value)} in [${name}].`);
  });
  const from = parameter(call, 'from') ?? read('from', whole) ?? 0;
  const size = parameter(call, 'size') ?? read('size', whole) ?? 10;
  if (from < 0) refuse(`[from] parameter cannot be negative but was [${from}]`);
  if (size < 0) refuse(`[size] parameter cannot be negative, found [${size}]`);
  return {
    query: queryParameter(call) ?? read('query', queryOf),
    from,
    size,
    sort: sortParameter(call) ?? read('sort', sort) ?? [],
    searchAfter: read('search_after', searchAfter),
    source: readSourceParameters(call) ?? read('_source', sourceField) ?? wholeSource,
    counted: countedParameter(call) ?? read('track_total_hits', counted) ?? countedByDefault,
  };
}

/** @throws Refusal if the body has anything but a query */
export function readCountedQuery(call: Call): Query | undefined {
  const read = bodyReader(
    call,
    ({ name, value }, document) => parsingFailure(document, value, `request does not support [${name}]`),
    new Set(['query']),
  );
  return queryParameter(call) ?? read('query', queryOf);
}

function queryParameter({ query }: Call): Query | undefined {
  const text = query.get('q');
  const operator = query.get('default_operator')?.toLowerCase();
  return text === undefined ? undefined : parseQueryString(text, operator === 'and', query.get('df'));
}

type Read = <T>(name: string, field: Pick<Field<T>, 'read'>) => T | undefined;

function bodyReader(
  call: Call,
  refuseMember: (member: JsonMember, document: JsonDocument) => never,
  allowed: ReadonlySet<string> = known,
): Read {
  if (call.body === undefined) return () => undefined;
  const document = documentOf(call);
  const { root } = document;
  if (root.kind === 'broken') return refuseBroken(document);
  if (root.kind !== 'object') {
    return parsingFailure(document, root, `Expected [START_OBJECT] but found [${tokenName(root)}]`);
  }
  const members = new Map<string, JsonNode>();
  for (const member of root.members) {
    if (member.value.kind === 'broken') refuseBroken(document);
    if (!allowed.has(member.name)) refuseMember(member, document);
    members.set(member.name, member.value);
  }
  if (root.end === undefined) refuseBroken(document);
  return (name, field) => {
    const node = members.get(name);
    return node === undefined ? undefined : field.read(node, document);
  };
}

const queryOf: Pick<Field<Query>, 'read'> = { read: parseQueryNode };

const counted: Pick<Field<number | false>, 'read'> = {
  read: (node, document) => countedIn(readScalarText(node, document)),
};

function countedIn(text: string): number | false {
  if (text === 'false') return false;
  if (text === 'true' || text === '') return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (Number.isInteger(value) && value >= -1) return value === -1 ? false : value;
  return refuse(`[track_total_hits] parameter must be positive or equals to -1, got ${text}`);
}

function countedParameter({ query }: Call): number | false | undefined {
  const text = query.get('track_total_hits');
  return text === undefined ? undefined : countedIn(text);
}

function parameter({ query }: Call, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value)) return value;
  return refuse(`Failed to parse int parameter [${name}] with value [${text}]`);
}

/** `field`, or `field:asc`, between commas. */
function sortParameter({ query }: Call): SortKey[] | undefined {
  return query
    .get('sort')
    ?.split(',')
    .map((part) => {
      const [field = '', order = isBestFirst(field) ? 'desc' : 'asc'] = part.split(':');
      if (order !== 'asc' && order !== 'desc') refuse(`Unknown SortOrder [${order}]`);
      return { field, descending: order === 'desc', format: undefined };
    });
}

function refuse(reason: string): never {
  throw new Refusal(illegalArgument(reason));
}

function parsingFailure(document: JsonDocument, node: JsonNode, reason: string): never {
  const [line = 1, col = 1] = locationOf(document, node.at).split(':').map(Number);
  throw new Refusal({ status: 400, type: 'parsing_exception', reason, metadata: { line, col } });
}

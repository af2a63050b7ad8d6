/** Searching and counting documents. */

import {
  type Answer,
  answer,
  type Call,
  inChunks,
  queryFlag,
  type Route,
  route,
} from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import type { StoredDocument } from '../../documents/documents.js';
import type { Query } from '../../search/query-parser.js';
import type { SearchResult } from '../../search/search.js';
import type { JsonValue } from '../../wire/json-value.js';
import { showPlace } from './document-answers.js';
import { type ShardFailure, searchDocuments, showFailure, type VisibleIndex } from './document-search.js';
import {
  type DocumentSearch,
  queryParameters,
  readCountedQuery,
  readDocumentSearch,
  searchParameters,
} from './document-search-request.js';
import { callerOf, readTarget, type Target, targetParameters } from './index-request.js';
import { sourceOf, sourceParameters } from './source-filter.js';

const action = 'indices:data/read/search';

interface SearchRequest {
  readonly target: Target;
  readonly search: DocumentSearch;
  /** Whether the number of hits is a number, as before 7.0. */
  readonly plainTotal: boolean;
}

function readSearch(call: Call): SearchRequest {
  const plainTotal = queryFlag(call, 'rest_total_hits_as_int');
  return { target: readTarget(call), search: readDocumentSearch(call), plainTotal };
}

function seenBy(security: Security, { authentication }: Call, target: Target): VisibleIndex[] {
  const caller = callerOf(security, authentication);
  return caller.visible(action, caller.resolve(action, target));
}

function showShards(indices: readonly VisibleIndex[], failures: readonly ShardFailure[]): JsonValue {
  const total = indices.reduce((sum, { index }) => sum + index.shards, 0);
  const failed = failures.reduce((sum, { index }) => sum + index.shards, 0);
  return {
    total,
    successful: total - failed,
    skipped: 0,
    failed,
    failures: failed === 0 ? undefined : failures.map(showFailure),
  };
}

/** Elasticsearch writes whole numbers like this, too. */
function showScore(score: number): JsonValue {
  return Number.isInteger(score) ? { numberText: `${score}.0` } : score;
}

function search(
  security: Security,
  { target, search: wanted, plainTotal }: SearchRequest,
  call: Call,
): Answer {
  const indices = seenBy(security, call, target);
  const { total, hits, failures, score, bestScore } = searchDocuments(indices, wanted, security.clock.now());
  const scored = wanted.sort.length === 0 || wanted.sort.some((key) => key.field === '_score');
  const hasBest = indices.length === 0 || (hits.length > 0 && scored);
  const access = new Map(indices.map((seen) => [seen.index, seen.access]));
  const show = ({ entry, sort }: Hit): JsonValue => {
    const seen = access.get(entry.index);
    return {
      ...showPlace(entry.index, entry.id, call.version),
      _score: scored ? showScore(score(entry)) : null,
      _source: seen && sourceOf(entry, seen, wanted.source),
      sort,
    };
  };
  const found = answer({
    took: 0,
    timed_out: false,
    _shards: showShards(indices, failures),
    hits: {
      total: showTotal(total, wanted.counted, plainTotal),
      max_score: hasBest ? showScore(bestScore) : null,
      hits: hits.map(show),
    },
  });
  return inChunks(found, call.version.chunksSearches);
}

type Hit = SearchResult<StoredDocument>['hits'][number];

function showTotal(total: number, counted: number | false, plain: boolean): JsonValue | undefined {
  if (counted === false) return plain ? -1 : undefined;
  if (plain) return total;
  return total > counted ? { value: counted, relation: 'gte' } : { value: total, relation: 'eq' };
}

interface CountRequest {
  readonly target: Target;
  readonly query: Query | undefined;
}

function count(security: Security, { target, query }: CountRequest, call: Call): Answer {
  const indices = seenBy(security, call, target);
  const all = { query, from: 0, size: 0, sort: [], searchAfter: undefined };
  const { total, failures } = searchDocuments(indices, all, security.clock.now());
  return answer({ count: total, _shards: showShards(indices, failures) });
}

/** The routes of this chapter; whoever may do what is decided with the indices. */
export const searchRoutes: readonly Route[] = [
  route<SearchRequest>({
    methods: ['GET', 'POST'],
    paths: ['/_search', '/{index}/_search'],
    query: [
      ...targetParameters,
      ...searchParameters,
      ...queryParameters,
      ...sourceParameters,
      'preference',
      'request_cache',
      'rest_total_hits_as_int',
      'typed_keys',
    ],
    body: 'optional',
    takesSource: true,
    read: readSearch,
    action: () => action,
    free: () => true,
    run: search,
  }),
  route<CountRequest>({
    methods: ['GET', 'POST'],
    paths: ['/_count', '/{index}/_count'],
    query: [...targetParameters, ...queryParameters, 'preference'],
    body: 'optional',
    takesSource: true,
    read: (call) => ({ target: readTarget(call), query: readCountedQuery(call) }),
    action: () => action,
    free: () => true,
    run: count,
  }),
];

/** Searching what Elasticsearch keeps in its security index: keys, users and roles. */

import {
  type Aggregation,
  aggregate,
  type Member,
  permitAggregations,
  prepareAggregations,
} from '../search/aggregations/aggregation.js';
import type { SearchFields } from '../search/fields.js';
import { compile, permit } from '../search/query.js';
import { pageProblem, permitSort, type Search, type SearchResult, search } from '../search/search.js';
import { type ApiError, illegalArgument, isForeign, members, Refusal } from '../wire/envelope.js';
import { securityIndexUuid } from './ailments.js';
import { nodeId } from './node.js';
import { windowProblem } from './search-request.js';
import type { Security } from './security.js';

/** Aggregations of what is found. */
export interface Summary {
  readonly aggregations: readonly Aggregation[];
  /** Whether their names have types in front. */
  readonly hasTypes: boolean;
}

/** What was found, and what the aggregations make of it. */
export interface SecurityResult<Entry> extends SearchResult<Entry> {
  /** Absent if there are none, and if nothing was found. */
  readonly aggregations: readonly Member[] | undefined;
}

/**
 * What may not be asked for is refused before anything is searched. What can not be done is found only there, if there
 * is an index to search in.
 *
 * @throws Refusal
 */
export function searchSecurity<Entry>(
  { clock, index }: Security,
  entries: Iterable<Entry>,
  fields: SearchFields<Entry>,
  request: Search,
  { aggregations, hasTypes }: Summary = { aggregations: [], hasTypes: false },
): SecurityResult<Entry> {
  const now = clock.now();
  const { query } = request;
  if (query !== undefined) permit(query, fields);
  permitSort(request.sort, fields);
  permitAggregations(aggregations, fields);
  if (!index.exists()) return { total: 0, hits: [], aggregations: undefined };
  try {
    const found = query === undefined ? [...entries] : [...entries].filter(compile(query, fields, now));
    const prepared = prepareAggregations(aggregations, fields, now);
    const problem = windowProblem(request) ?? pageProblem(request);
    if (problem !== undefined) throw new Refusal(illegalArgument(problem));
    const result = search(found, fields, { ...request, query: undefined }, now);
    const hasAny = prepared.length > 0 && result.total > 0;
    return { ...result, aggregations: hasAny ? aggregate(prepared, found, hasTypes) : undefined };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    throw new Refusal(onShard(refusal.error));
  }
}

/** What its one shard complains about. */
function onShard(error: ApiError): ApiError {
  const isAboutIndex = error.type === 'query_shard_exception';
  const metadata = { index_uuid: securityIndexUuid, index: '.security-7' };
  const shown = isAboutIndex ? { ...error, metadata } : error;
  const reason = members(shown, shown.cause);
  return {
    status: error.status,
    type: 'search_phase_execution_exception',
    reason: 'all shards failed',
    metadata: {
      phase: 'query',
      grouped: true,
      failed_shards: [{ shard: 0, index: '.security-7', node: nodeId, reason }],
    },
    root: shown,
    // Errors that are not Elasticsearch's own are wrapped, in one of the same name.
    ...(isForeign(error) && { cause: { ...error, cause: error } }),
  };
}

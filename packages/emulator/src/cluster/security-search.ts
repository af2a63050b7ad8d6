/** Searching what Elasticsearch keeps in its security index: keys, users and roles. */

import type { SearchFields } from '../search/fields.js';
import { compile, permit } from '../search/query.js';
import { pageProblem, permitSort, type Search, type SearchResult, search } from '../search/search.js';
import { type ApiError, illegalArgument, isForeign, members, Refusal } from '../wire/envelope.js';
import { securityIndexUuid } from './ailments.js';
import { nodeId } from './node.js';
import { windowProblem } from './search-request.js';
import type { Security } from './security.js';

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
): SearchResult<Entry> {
  const now = clock.now();
  const { query } = request;
  if (query !== undefined) permit(query, fields);
  permitSort(request.sort, fields);
  if (!index.exists()) return { total: 0, hits: [] };
  try {
    const found = query === undefined ? [...entries] : [...entries].filter(compile(query, fields, now));
    const problem = windowProblem(request) ?? pageProblem(request);
    if (problem !== undefined) throw new Refusal(illegalArgument(problem));
    return search(found, fields, { ...request, query: undefined }, now);
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

/** Searching what Elasticsearch keeps in its security index: keys and users. */

import type { SearchFields } from '../search/query.js';
import { pageProblem, type Search, type SearchResult, search } from '../search/search.js';
import { type ApiError, illegalArgument, members, Refusal } from '../wire/envelope.js';
import { nodeId } from './node.js';
import { windowProblem } from './search-request.js';
import type { Security } from './security.js';

/** @throws Refusal if the search asks for what is not allowed, or for a page that there can not be */
export function searchSecurity<Entry>(
  { clock, index }: Security,
  entries: Iterable<Entry>,
  fields: SearchFields<Entry>,
  request: Search,
): SearchResult<Entry> {
  const problem = windowProblem(request) ?? pageProblem(request);
  if (problem === undefined) return search(entries, fields, request, clock.now());
  // What may not be asked for is refused before anything is searched; that a page can not be is found only there.
  const result = search(entries, fields, { ...request, searchAfter: undefined }, clock.now());
  if (index.exists()) throw new Refusal(onShard(illegalArgument(problem)));
  return result;
}

/** What its one shard complains about. */
function onShard(error: ApiError): ApiError {
  const failure = { shard: 0, index: '.security-7', node: nodeId, reason: members(error) };
  return {
    status: error.status,
    type: 'search_phase_execution_exception',
    reason: 'all shards failed',
    metadata: { phase: 'query', grouped: true, failed_shards: [failure] },
    root: error,
    // Errors that are not Elasticsearch's own are wrapped, in one of the same name.
    cause: { ...error, cause: error },
  };
}

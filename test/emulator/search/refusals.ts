/** What searches of keys, users and roles are refused with. */

import { expect } from 'vitest';
import { errorBody } from '../cluster.js';

interface Cause {
  readonly type: string;
  readonly reason: string;
  readonly caused_by?: unknown;
}

/** What only the shard finds that is searched, in an error of Java's library: it is wrapped in one of its own name. */
export function onShard(reason: string, type = 'illegal_argument_exception'): object {
  const cause = { type, reason };
  return { ...failed(cause), caused_by: { ...cause, caused_by: cause } };
}

/** The same, in an error of Elasticsearch's own. */
export function ownOnShard(cause: Cause): object {
  return failed(cause);
}

/** A query that the shard can not make: it names the index. */
export function queryOnShard(reason: string, caused_by?: Cause): object {
  const index = { index_uuid: expect.any(String), index: '.security-7' };
  return failed({ type: 'query_shard_exception', reason, ...index, ...(caused_by && { caused_by }) });
}

function failed(cause: Cause): object {
  const { caused_by, ...root } = cause;
  return {
    root_cause: [root],
    type: 'search_phase_execution_exception',
    reason: 'all shards failed',
    phase: 'query',
    grouped: true,
    failed_shards: [{ shard: 0, index: '.security-7', node: expect.any(String), reason: cause }],
  };
}

/** A date that the index does not have dates as: as milliseconds. */
export function noDate(text: string, wrongAt: number): Cause {
  const reason = `failed to parse date field [${text}] with format [epoch_millis]`;
  const detail = `Text '${text}' could not be parsed at index ${wrongAt}`;
  return {
    type: 'parse_exception',
    reason: `${reason}: [${reason}]`,
    caused_by: {
      type: 'illegal_argument_exception',
      reason,
      caused_by: { type: 'date_time_parse_exception', reason: detail },
    },
  };
}

/** What may not be asked for, found before anything is searched. */
export function illegal(reason: string): object {
  return (errorBody(400, 'illegal_argument_exception', reason) as { error: object }).error;
}

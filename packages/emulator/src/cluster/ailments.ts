/**
 * What Elasticsearch says of an index in which its own things are, while that is closed, blocked or lost. Recorded
 * for 9.5; what older releases say of the same is assumed to be that.
 */

import type { ScheduledClock } from '../controls/clock.js';
import type { ClusterState } from '../controls/cluster-states.js';
import { type ApiError, Refusal } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';
import type { CachedKind } from './credential-caches.js';
import { nodeName } from './node.js';

/**
 * What a request does with the security index: searches it, shows one user or all of them, stores something, or
 * removes something.
 */
export type Need = 'documents' | 'user' | 'users' | 'changes' | 'removal';

/** What is wrong with the security index. */
export interface Ailment {
  /** Why one document can not be read; `undefined`: it can. */
  reading(id: string): ApiError | undefined;
  /** Why a reserved user can not be compared with anything, if that is not his fault; otherwise it is. */
  readonly reserved?: (username: string) => ApiError;
  /** Why a request fails; `silent`: it waits in vain. */
  readonly needs: Readonly<Partial<Record<Need, ApiError | 'silent'>>>;
  /** Why an API key can not be changed that was found. */
  readonly changing?: ApiError;
  /** The caches that are emptied when it begins. */
  readonly empties: readonly CachedKind[];
}

const name = '.security-7';

const tokensName = '.security-tokens-7';
const waitMs = 60_000;

/**
 * Of who waits for a place to write to (`TransportReplicationAction`): nothing comes for a minute, and then an error.
 */
export function waitInVain(of: 'security index' | 'tokens index', clock: ScheduledClock): Promise<never> {
  const index = of === 'security index' ? name : tokensName;
  const reason = `[${index}][0] primary shard is not active Timeout: [1m]`;
  return new Promise((_, reject) => {
    clock.hold(waitMs, async () =>
      reject(new Refusal({ status: 503, type: 'unavailable_shards_exception', reason })),
    );
  });
}

/** What the tokens can not be looked for in, if they are lost. */
export function lostTokens(kind: 'primary' | 'search'): ApiError {
  return unavailable(tokensName, kind);
}

/** The threads for hashes, and who is there. */
export interface PoolState {
  readonly threads: number;
  /** How many can wait. */
  readonly queue: number;
  readonly active: number;
  readonly queued: number;
  readonly completed: number;
}

/** The refusal of a full queue (`EsRejectedExecutionException`). */
export function rejected({ threads, queue, active, queued, completed }: PoolState): ApiError {
  const task =
    'ActionRunnable#wrap[org.elasticsearch.xpack.security.authc.ApiKeyService$$Lambda/0x0000000000000000@0]';
  const counts = `active threads = ${active}, queued tasks = ${queued}, completed tasks = ${completed}`;
  const state = `org.elasticsearch.common.util.concurrent.EsThreadPoolExecutor@0[Running, pool size = ${threads}, ${counts}]`;
  const pool = `EsThreadPoolExecutor[name = ${nodeName}/security-crypto, queue capacity = ${queue}, ${state}]`;
  const reason = `rejected execution of ${task} on ${pool}`;
  return { status: 429, type: 'es_rejected_execution_exception', reason };
}

/** Of a node with one thread, and as many who wait as there may be. */
export const allRejected: ApiError = rejected({
  threads: 1,
  queue: 1000,
  active: 1,
  queued: 1000,
  completed: 0,
});

/** What an ailment of the security index makes of requests. */
export function ailmentOf(state: ClusterState, version: Version): Ailment | undefined {
  switch (state) {
    case 'security index closed':
      return closedIndex;
    case 'security index read-blocked':
      return unreadableIndex;
    case 'security index write-blocked':
      return fullIndex(version);
    case 'security index lost':
      return lostIndex;
    case 'just started':
      return unknownIndex;
    default:
      return undefined;
  }
}

/** What the index is called among all that ever had its name. */
export const securityIndexUuid = 'sZ7cJb0YQn2wV5l3kR8mTA';

function closed(uuid: string): ApiError {
  const metadata = { index_uuid: uuid, index: name };
  return { status: 400, type: 'index_closed_exception', reason: 'closed', metadata };
}

// Whoever asks whether the index is there does not know which one it is; whoever goes to it does.
const unknown = closed('_na_');
const known = closed(securityIndexUuid);

const closedIndex: Ailment = {
  reading: () => known,
  needs: { documents: unknown, user: unknown, users: unknown, removal: unknown, changes: known },
  empties: ['native', 'service token', 'API key', 'secret of a key'],
};

function blocked(status: number, block: string): ApiError {
  return { status, type: 'cluster_block_exception', reason: `index [${name}] blocked by: [${block}];` };
}

const unreadable = blocked(403, 'FORBIDDEN/7/index read (api)');

const unreadableIndex: Ailment = {
  reading: () => unreadable,
  needs: { documents: unreadable, users: unreadable },
  empties: [],
};

/** A disk that is full: things can be removed, and nothing else. */
function fullIndex({ major, minor, explainsBlocks }: Version): Ailment {
  const more = `; for more information, see https://www.elastic.co/docs/troubleshoot/elasticsearch/fix-watermark-errors?version=${major}.${minor}`;
  const block = `TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block`;
  const full = blocked(429, explainsBlocks ? block + more : block);
  return { reading: () => undefined, needs: { changes: full }, changing: full, empties: [] };
}

function unavailable(index: string, kind: 'primary' | 'search'): ApiError {
  const reason = `at least one ${kind} shard for the index [${index}] is unavailable`;
  return { status: 503, type: 'unavailable_shards_exception', reason };
}

function unprocessed(reason: string, cause: ApiError): ApiError {
  return { status: 503, type: 'authentication_processing_error', reason, cause };
}

const noPrimary = unavailable(name, 'primary');
const noSearch = unavailable(name, 'search');

const lostIndex: Ailment = {
  reading: (id) => ({
    status: 503,
    type: 'no_shard_available_action_exception',
    reason: `No shard available for [get [.security][${id}]: routing [null]]`,
  }),
  // Older releases take it for a wrong password (`ReservedRealm` of 8.x); since when this one does not is not known.
  reserved: (username) =>
    unprocessed(`failed to retrieve password hash for reserved user [${username}]`, noPrimary),
  needs: {
    documents: noSearch,
    user: noPrimary,
    users: { ...unprocessed('failed to retrieve reserved users', noSearch), suppressed: [noPrimary] },
    removal: noSearch,
    changes: 'silent',
  },
  empties: ['reserved', 'native', 'service token', 'API key', 'secret of a key'],
};

/** What everything about documents is refused with before a node knows its cluster (`GatewayService`). */
export const notRecovered: ApiError = {
  status: 503,
  type: 'cluster_block_exception',
  reason: 'blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];',
};

/**
 * Why nothing can be stored then (`SecurityIndexManager.prepareIndexIfNeededThenExecute`). The index has no name yet:
 * so it is quoted from clusters of 8.x.
 */
export const notStorable: ApiError = {
  status: 503,
  type: 'status_exception',
  reason: 'Cluster state has not been recovered yet, cannot write to the [null] index',
};

// Users are taken to be in no index, tokens of services are looked for in vain.
const unknownIndex: Ailment = {
  reading: (id) => (id.startsWith('user-') ? undefined : notRecovered),
  needs: { changes: notStorable },
  empties: ['reserved', 'native', 'service token', 'API key', 'secret of a key'],
};

/**
 * How the indices are: `GET /_cluster/health`. A single node has no place for replicas, and nothing ever changes while
 * somebody waits: what is waited for is there at once, or counts as not having come in time.
 */

import { type Answer, answer, type Call, type Route, refuse, route } from '../../cluster/endpoint.js';
import type { SecurityIndexName } from '../../cluster/index-settings.js';
import { clusterName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import type { Index } from '../../documents/documents.js';
import { parseIndexExpression } from '../../documents/index-names.js';
import { illegalArgument } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';
import type { Version } from '../../wire/version.js';

type Status = 'green' | 'yellow' | 'red';
type Shards = Pick<Index, 'shards' | 'replicas'> & {
  /** Whether they are nowhere. */
  readonly isLost?: boolean;
};

interface HealthRequest {
  /** Names and patterns; empty: all. */
  readonly expression: string;
  readonly waitsFor: Status;
  readonly byIndex: boolean;
}

function isStatus(text: string): text is Status {
  return ['green', 'yellow', 'red'].includes(text);
}

function readHealth({ segments, query }: Call): HealthRequest {
  const waitsFor = query.get('wait_for_status')?.toLowerCase() ?? 'red';
  if (!isStatus(waitsFor)) return refuse(illegalArgument(`unknown cluster health status [${waitsFor}]`));
  const byIndex = ['indices', 'shards'].includes(query.get('level') ?? '');
  return { expression: segments.get('index') ?? '', waitsFor, byIndex };
}

/** The indices that Elasticsearch keeps its own things in: for tokens, and for whatever else there is of security. */
function ownIndices(security: Security): Shards[] {
  const { index, indexSettings, tokens, profiles, states } = security;
  const shardsOf = (name: SecurityIndexName, isLost = false): Shards => {
    return { shards: 1, replicas: indexSettings.replicasOf(name), isLost };
  };
  return [
    ...(index.exists() ? [shardsOf('security', states.has('security index lost'))] : []),
    ...(profiles.exist() ? [shardsOf('security-profile')] : []),
    ...(tokens.hasIssued() ? [shardsOf('security-tokens', states.has('tokens index lost'))] : []),
  ];
}

function statusOf({ shards, replicas, isLost = false }: Shards): Status {
  if (isLost) return 'red';
  return shards * replicas === 0 ? 'green' : 'yellow';
}

function activeIn(all: readonly Shards[]): number {
  return all.reduce((sum, { shards, isLost = false }) => sum + (isLost ? 0 : shards), 0);
}

function counts(all: readonly Shards[], version: Version): Record<string, JsonValue | undefined> {
  const active = activeIn(all);
  const primaries = all.reduce((sum, { shards }) => sum + shards, 0);
  const unassigned = primaries - active;
  return {
    active_primary_shards: active,
    active_shards: active,
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: all.reduce((sum, { shards, replicas }) => sum + shards * replicas, unassigned),
    unassigned_primary_shards: version.countsUnassignedPrimaries ? unassigned : undefined,
  };
}

const ranks: readonly Status[] = ['red', 'yellow', 'green'];

/** How some indices are together. */
interface Health {
  readonly status: Status;
  readonly counts: Record<string, JsonValue | undefined>;
  readonly percent: number;
}

function healthOf(all: readonly Shards[], version: Version, isMissing = false): Health {
  const found = new Set<Status>([...all.map(statusOf), isMissing ? 'red' : 'green']);
  const wanted = all.reduce((sum, { shards, replicas }) => sum + shards * (1 + replicas), 0);
  return {
    status: ranks.find((rank) => found.has(rank)) ?? 'green',
    counts: counts(all, version),
    percent: wanted === 0 ? 100 : (activeIn(all) / wanted) * 100,
  };
}

/** How all of them are. */
export function clusterHealth(security: Security): Health {
  // Nobody knows what is missing before the state is recovered (`ClusterStateHealth`).
  const isUnknown = security.states.has('just started');
  return healthOf([...security.indices.all(), ...ownIndices(security)], security.version, isUnknown);
}

function health(security: Security, { expression, waitsFor, byIndex }: HealthRequest): Answer {
  const { version } = security;
  const { names, matches } = parseIndexExpression(expression);
  const named = security.indices.all().filter(({ name }) => names.includes(name) || matches(name));
  const isMissing = names.some((name) => security.indices.find(name) === undefined);
  const { status, counts, percent } =
    expression === '' ? clusterHealth(security) : healthOf(named, version, isMissing);
  const isLate = isMissing || ranks.indexOf(status) < ranks.indexOf(waitsFor);
  const body = {
    cluster_name: clusterName,
    status,
    timed_out: isLate,
    number_of_nodes: 1,
    number_of_data_nodes: 1,
    ...counts,
    delayed_unassigned_shards: 0,
    number_of_pending_tasks: 0,
    number_of_in_flight_fetch: 0,
    task_max_waiting_in_queue_millis: 0,
    active_shards_percent_as_number: Number.isInteger(percent) ? { numberText: `${percent}.0` } : percent,
    indices: byIndex ? new Map(named.map((index) => [index.name, showIndex(index, version)])) : undefined,
  };
  return answer(body, isLate ? 408 : 200);
}

function showIndex(index: Index, version: Version): JsonValue {
  return {
    status: statusOf(index),
    number_of_shards: index.shards,
    number_of_replicas: index.replicas,
    ...counts([index], version),
  };
}

/** The route of this chapter. */
export const healthRoute: Route = route<HealthRequest>({
  methods: ['GET'],
  paths: ['/_cluster/health', '/_cluster/health/{index}'],
  query: [
    'expand_wildcards',
    'level',
    'local',
    'master_timeout',
    'timeout',
    'wait_for_active_shards',
    'wait_for_events',
    'wait_for_no_initializing_shards',
    'wait_for_no_relocating_shards',
    'wait_for_nodes',
    'wait_for_status',
  ],
  read: readHealth,
  action: () => 'cluster:monitor/health',
  run: health,
});

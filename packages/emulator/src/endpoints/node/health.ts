/**
 * How the indices are: `GET /_cluster/health`. A single node has no place for replicas, and nothing ever changes while
 * somebody waits: what is waited for is there at once, or counts as not having come in time.
 */

import { type Answer, answer, type Call, type Route, refuse, route } from '../../cluster/endpoint.js';
import { clusterName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import type { Index } from '../../documents/documents.js';
import { parseIndexExpression } from '../../documents/index-names.js';
import { illegalArgument } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';
import type { Version } from '../../wire/version.js';

type Status = 'green' | 'yellow' | 'red';
type Shards = Pick<Index, 'shards' | 'replicas'>;

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
  const own = [security.hasSecurityIndex(), security.tokens.hasIssued()];
  // Their replicas come with a second node.
  return own.filter(Boolean).map(() => ({ shards: 1, replicas: 0 }));
}

function statusOf({ shards, replicas }: Shards): Status {
  return shards * replicas === 0 ? 'green' : 'yellow';
}

function counts(all: readonly Shards[], version: Version): Record<string, JsonValue | undefined> {
  const active = all.reduce((sum, { shards }) => sum + shards, 0);
  return {
    active_primary_shards: active,
    active_shards: active,
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: all.reduce((sum, { shards, replicas }) => sum + shards * replicas, 0),
    unassigned_primary_shards: version.countsUnassignedPrimaries ? 0 : undefined,
  };
}

function health(security: Security, { expression, waitsFor, byIndex }: HealthRequest): Answer {
  const { version } = security;
  const { names, matches } = parseIndexExpression(expression);
  const named = security.indices.all().filter(({ name }) => names.includes(name) || matches(name));
  const all: Shards[] = expression === '' ? [...named, ...ownIndices(security)] : named;
  const isMissing = names.some((name) => security.indices.find(name) === undefined);
  const status = isMissing ? 'red' : all.some((index) => statusOf(index) === 'yellow') ? 'yellow' : 'green';
  const ranks: readonly Status[] = ['red', 'yellow', 'green'];
  const isLate = isMissing || ranks.indexOf(status) < ranks.indexOf(waitsFor);
  const active = all.reduce((sum, { shards }) => sum + shards, 0);
  const wanted = all.reduce((sum, { shards, replicas }) => sum + shards * (1 + replicas), 0);
  const percent = wanted === 0 ? 100 : (active / wanted) * 100;
  const body = {
    cluster_name: clusterName,
    status,
    timed_out: isLate,
    number_of_nodes: 1,
    number_of_data_nodes: 1,
    ...counts(all, version),
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

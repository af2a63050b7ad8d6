/** The two endpoints outside of security that clients call to see whether anybody is there. */

import { answer, type Route, route } from '../../cluster/endpoint.js';
import { clusterName, nodeName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import type { JsonValue } from '../../wire/json-value.js';
import type { Version } from '../../wire/version.js';

function info(version: Version): Record<string, string | boolean> {
  const { major, minor, number } = version;
  return {
    number,
    build_flavor: 'default',
    build_type: 'docker',
    build_hash: '0000000000000000000000000000000000000000',
    build_date: '2020-01-01T00:00:00.000000000Z',
    build_snapshot: false,
    lucene_version: major === 7 ? '8.11.1' : major === 8 ? `9.${Math.min(minor, 12)}.0` : '10.2.2',
    minimum_wire_compatibility_version: major === 7 ? '6.8.0' : major === 8 ? '7.17.0' : '8.19.0',
    minimum_index_compatibility_version: major === 7 ? '6.0.0-beta1' : major === 8 ? '7.0.0' : '8.0.0',
  };
}

/** The shards of all indices and of the one for security; a single node has no place for replicas. */
function health({ indices }: Security): JsonValue {
  const all = indices.all();
  const active = all.reduce((sum, { shards }) => sum + shards, 1);
  const unassigned = all.reduce((sum, { shards, replicas }) => sum + shards * replicas, 0);
  const percent = (active / (active + unassigned)) * 100;
  return {
    cluster_name: clusterName,
    status: unassigned === 0 ? 'green' : 'yellow',
    timed_out: false,
    number_of_nodes: 1,
    number_of_data_nodes: 1,
    active_primary_shards: active,
    active_shards: active,
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: unassigned,
    delayed_unassigned_shards: 0,
    number_of_pending_tasks: 0,
    number_of_in_flight_fetch: 0,
    task_max_waiting_in_queue_millis: 0,
    active_shards_percent_as_number: Number.isInteger(percent) ? { numberText: `${percent}.0` } : percent,
  };
}

/** The routes of this chapter. */
export const clusterRoutes: readonly Route[] = [
  route({
    methods: ['GET', 'HEAD'],
    paths: ['/'],
    read: () => undefined,
    action: () => 'cluster:monitor/main',
    run: ({ version }) => ({
      ...answer({
        name: nodeName,
        cluster_name: clusterName,
        cluster_uuid: 'zk-HjQtYQGyL3NFSSu7InA',
        version: info(version),
        tagline: 'You Know, for Search',
      }),
      isPretty: true,
    }),
  }),
  route({
    methods: ['GET'],
    paths: ['/_cluster/health'],
    query: [
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
    read: () => undefined,
    action: () => 'cluster:monitor/health',
    run: (security) => answer(health(security)),
  }),
];

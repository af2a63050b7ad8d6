/**
 * Clearing the caches of the nodes. There are none here, so that these only say how many nodes have heard of
 * it: one, unless it is about a realm that is not there.
 */

import { answer, type Route, route, segment } from '../../cluster/endpoint.js';
import { withoutApiKeys } from '../../cluster/features.js';
import { clusterName, nodeId, nodeName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import { illegalArgument, members } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';

const heard = {
  _nodes: { total: 1, successful: 1, failed: 0 },
  cluster_name: clusterName,
  nodes: { [nodeId]: { name: nodeName } },
};

/** What the node says that does not find a realm. */
function failed(realm: string): JsonValue {
  const failure = {
    type: 'failed_node_exception',
    reason: `Failed node [${nodeId}]`,
    node_id: nodeId,
    caused_by: members(illegalArgument(`could not find active realm [${realm}]`)),
  };
  return {
    _nodes: { total: 1, successful: 0, failed: 1, failures: [failure] },
    cluster_name: clusterName,
    nodes: {},
  };
}

function clearing(
  path: string,
  action: string,
  more: { readonly unavailable?: typeof withoutApiKeys } = {},
): Route {
  return route<undefined>({
    methods: ['POST'],
    paths: [`/_security/${path}/_clear_cache`],
    ...more,
    read: () => undefined,
    action: () => `cluster:admin/xpack/security/${action}`,
    run: () => answer(heard),
  });
}

function clearRealms({ realmNames }: Security, names: readonly string[]): JsonValue {
  const isAll = names.length === 1 && (names[0] === '*' || names[0] === '_all');
  const unknown = isAll ? undefined : names.find((name) => !realmNames.has(name));
  return unknown === undefined ? heard : failed(unknown);
}

/** The routes of this chapter. */
export const cacheRoutes: readonly Route[] = [
  clearing('api_key/{ids}', 'cache/clear', { unavailable: withoutApiKeys }),
  route<string[]>({
    methods: ['POST'],
    paths: ['/_security/realm/{realms}/_clear_cache'],
    query: ['usernames'],
    read: (call) => segment(call, 'realms').split(','),
    action: () => 'cluster:admin/xpack/security/realm/cache/clear',
    run: (security, names) => answer(clearRealms(security, names)),
  }),
  clearing('role/{names}', 'roles/cache/clear'),
  clearing('privilege/{applications}', 'cache/clear'),
  clearing('service/{namespace}/{service}/credential/token/{names}', 'cache/clear'),
];

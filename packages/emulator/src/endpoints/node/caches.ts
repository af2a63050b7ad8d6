/**
 * Clearing the caches of the nodes. There are none here, so that these only say how many nodes have heard of
 * it: one.
 */

import { answer, type Route, route } from '../../cluster/endpoint.js';
import { clusterName, nodeId, nodeName } from '../../cluster/node.js';

const heard = {
  _nodes: { total: 1, successful: 1, failed: 0 },
  cluster_name: clusterName,
  nodes: { [nodeId]: { name: nodeName } },
};

function clearing(path: string, action: string, query: readonly string[] = []): Route {
  return route<undefined>({
    methods: ['POST'],
    paths: [`/_security/${path}/_clear_cache`],
    query,
    read: () => undefined,
    action: () => `cluster:admin/xpack/security/${action}`,
    run: () => answer(heard),
  });
}

/** The routes of this chapter. */
export const cacheRoutes: readonly Route[] = [
  clearing('api_key/{ids}', 'cache/clear'),
  clearing('realm/{realms}', 'realm/cache/clear', ['usernames']),
  clearing('role/{names}', 'roles/cache/clear'),
  clearing('privilege/{applications}', 'cache/clear'),
  clearing('service/{namespace}/{service}/credential/token/{names}', 'cache/clear'),
];

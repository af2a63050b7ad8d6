/**
 * Clearing the caches of the nodes, of which there are but a few here. The answer says how many nodes have heard of
 * it: one, unless it is about a realm that is not there.
 */

import type { CredentialCaches } from '../../cluster/credential-caches.js';
import { answer, type Call, type Route, route, segment } from '../../cluster/endpoint.js';
import { withoutApiKeys } from '../../cluster/features.js';
import { clusterName, nodeId, nodeName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import { nativeRealm, reservedRealm } from '../../identities/identity.js';
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
  clear: (caches: CredentialCaches, call: Call) => void = () => undefined,
  more: { readonly unavailable?: typeof withoutApiKeys } = {},
): Route {
  return route<Call>({
    methods: ['POST'],
    paths: [`/_security/${path}/_clear_cache`],
    ...more,
    read: (call) => call,
    action: () => `cluster:admin/xpack/security/${action}`,
    run({ caches }, call) {
      clear(caches, call);
      return answer(heard);
    },
  });
}

/** `*` stands for all of them. */
function namesIn(call: Call, name: string): string[] | undefined {
  const text = segment(call, name);
  return text === '*' ? undefined : text.split(',');
}

interface RealmsRequest {
  readonly names: readonly string[];
  readonly usernames: readonly string[] | undefined;
}

function clearRealms({ realmNames, caches }: Security, { names, usernames }: RealmsRequest): JsonValue {
  const isAll = names.length === 1 && (names[0] === '*' || names[0] === '_all');
  const unknown = isAll ? undefined : names.find((name) => !realmNames().has(name));
  if (unknown !== undefined) return failed(unknown);
  if (isAll || names.includes(reservedRealm.name)) caches.forget('reserved', usernames);
  if (isAll || names.includes(nativeRealm.name)) caches.forget('native', usernames);
  return heard;
}

/** The routes of this chapter. */
export const cacheRoutes: readonly Route[] = [
  clearing(
    'api_key/{ids}',
    'cache/clear',
    (caches, call) => {
      caches.forget('API key', namesIn(call, 'ids'));
      caches.forget('secret of a key', namesIn(call, 'ids'));
    },
    {
      unavailable: withoutApiKeys,
    },
  ),
  route<RealmsRequest>({
    methods: ['POST'],
    paths: ['/_security/realm/{realms}/_clear_cache'],
    query: ['usernames'],
    read: (call) => ({
      names: segment(call, 'realms').split(','),
      usernames: call.query.get('usernames')?.split(','),
    }),
    action: () => 'cluster:admin/xpack/security/realm/cache/clear',
    run: (security, request) => answer(clearRealms(security, request)),
  }),
  clearing('role/{names}', 'roles/cache/clear'),
  clearing('privilege/{applications}', 'cache/clear'),
  clearing('service/{namespace}/{service}/credential/token/{names}', 'cache/clear', (caches, call) => {
    const account = `${segment(call, 'namespace')}/${segment(call, 'service')}`;
    const names = segment(call, 'names').split(',');
    // Which of them an account has is not known to the cache.
    const all = names.map((name) => `${account}/${name}`);
    caches.forget('service token', names.includes('*') ? undefined : all);
  }),
];

/**
 * What a client asks to find all nodes of a cluster: there is one, and where it listens. Of the many other things that
 * Elasticsearch knows of its nodes there are only its settings here, and of its certificates none.
 */

import { type Answer, answer, type Call, type Route, route } from '../../cluster/endpoint.js';
import { clusterName, nodeId, nodeName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import type { JsonValue } from '../../wire/json-value.js';

const sections: readonly string[] = ['http', 'settings'];

function nodes({ listensAt, version }: Security, { path }: Call): Answer {
  const last = path.split('/').at(-1) ?? '';
  const wanted = sections.includes(last) ? [last] : sections;
  const address = listensAt();
  const all: Readonly<Record<string, JsonValue>> = {
    settings: {
      cluster: { name: clusterName },
      node: { name: nodeName },
      client: { type: 'node' },
      http: { type: { default: 'netty4' } },
      transport: { type: { default: 'netty4' } },
    },
    http: {
      bound_address: [address],
      publish_address: address,
      max_content_length_in_bytes: 104_857_600,
    },
  };
  const host = address.replace(/:\d+$/, '');
  return answer({
    _nodes: { total: 1, successful: 1, failed: 0 },
    cluster_name: clusterName,
    nodes: {
      [nodeId]: {
        name: nodeName,
        transport_address: `${host}:9300`,
        host,
        ip: host,
        version: version.number,
        build_flavor: 'default',
        build_type: 'docker',
        build_hash: '0000000000000000000000000000000000000000',
        roles: ['data', 'ingest', 'master', 'remote_cluster_client'],
        attributes: {},
        ...Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))),
      },
    },
  });
}

const places = ['/_nodes', '/_nodes/_all', '/_nodes/_local'];

/** The routes of this chapter. */
export const nodeRoutes: readonly Route[] = [
  route<undefined>({
    methods: ['GET'],
    paths: places.flatMap((place) => [place, ...sections.map((name) => `${place}/${name}`)]),
    query: ['flat_settings', 'timeout'],
    read: () => undefined,
    action: () => 'cluster:monitor/nodes/info',
    run: (security, _, call) => nodes(security, call),
  }),
  route<undefined>({
    methods: ['GET'],
    paths: ['/_ssl/certificates'],
    read: () => undefined,
    action: () => 'cluster:monitor/xpack/ssl/certificates/get',
    run: () => answer([]),
  }),
];

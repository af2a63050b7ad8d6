/** The endpoints outside of security that clients call to see whether anybody is there. */

import { answer, type Route, route } from '../../cluster/endpoint.js';
import { clusterName, nodeName } from '../../cluster/node.js';
import type { Version } from '../../wire/version.js';
import { catHealthRoute } from './cat-health.js';
import { healthRoute } from './health.js';
import { nodeRoutes } from './nodes.js';

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
  healthRoute,
  catHealthRoute,
  ...nodeRoutes,
];

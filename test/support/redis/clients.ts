/** The clients that people have, in the versions that are supported, made and connected in the same way. */

import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import * as redis6 from 'redis';
import * as redis5 from 'redis5';
import type { RedisCluster, SentinelGroup } from './groups.js';

export interface Connected {
  readonly client: unknown;
  close(): void | Promise<void>;
}

export interface Place {
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM: over TLS. */
  readonly ca?: string | undefined;
}

export interface Library {
  readonly name: string;
  /** @param more options of the library's own */
  standalone(place: Place, more?: object): Promise<Connected>;
  sentinel(group: SentinelGroup): Promise<Connected>;
  /**
   * @param username whose password is the cluster's too
   * @param more options of the library's own
   */
  cluster(cluster: RedisCluster, username?: string, more?: object): Promise<Connected>;
}

const host = '127.0.0.1';
/** Soon, so that no test has to wait. */
const soon = 50;

function nodeRedis(name: string, { createClient, createSentinel, createCluster }: typeof redis6): Library {
  return {
    name,
    async standalone({ port, ca, username, password }, more = {}) {
      const client = createClient({
        socket: { host, port, reconnectStrategy: soon, ...(ca !== undefined && { tls: true as const, ca }) },
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        ...more,
      });
      client.on('error', () => undefined);
      await client.connect();
      return { client, close: () => client.destroy() };
    },
    async sentinel({ port, name: master, password }) {
      const client = createSentinel({
        name: master,
        sentinelRootNodes: [{ host, port }],
        nodeClientOptions: { password },
      });
      client.on('error', () => undefined);
      await client.connect();
      return { client, close: () => client.destroy() };
    },
    async cluster({ ports, password }, username = 'default', more = {}) {
      const client = createCluster({
        rootNodes: ports.map((port) => ({ socket: { host, port } })),
        defaults: { username, password, socket: { reconnectStrategy: soon } },
        ...more,
      });
      client.on('error', () => undefined);
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  };
}

function ioredis(name: string, Redis: typeof Redis6, Cluster: typeof Cluster6): Library {
  const ready = async (client: Redis6 | Cluster6): Promise<Connected> => {
    client.on('error', () => undefined);
    await client.connect();
    return { client, close: () => client.disconnect() };
  };
  return {
    name,
    standalone: ({ port, ca, username, password }, more = {}) =>
      ready(
        new Redis({
          host,
          port,
          lazyConnect: true,
          retryStrategy: () => soon,
          ...(ca !== undefined && { tls: { ca } }),
          ...(username !== undefined && { username }),
          ...(password !== undefined && { password }),
          ...more,
        }),
      ),
    sentinel: ({ port, name: master, password }) =>
      ready(
        new Redis({
          sentinels: [{ host, port }],
          name: master,
          password,
          lazyConnect: true,
          retryStrategy: () => soon,
          failoverDetector: true,
        }),
      ),
    cluster: ({ ports, password }, username = 'default', more = {}) =>
      ready(
        new Cluster(
          ports.map((port) => ({ host, port })),
          {
            redisOptions: { username, password },
            lazyConnect: true,
            clusterRetryStrategy: () => soon,
            ...more,
          },
        ),
      ),
  };
}

// Their types differ by version in what none of these tests uses.
export const libraries: readonly Library[] = [
  nodeRedis('redis 6', redis6),
  nodeRedis('redis 5', redis5 as unknown as typeof redis6),
  ioredis('ioredis 6', Redis6, Cluster6),
  ioredis('ioredis 5', Redis5 as unknown as typeof Redis6, Cluster5 as unknown as typeof Cluster6),
];

/** A client that is none of them, as `rate-limit-redis` has it: one function. */
export async function functionAlone(place: Place): Promise<Connected> {
  const { client, close } = await ioredis('', Redis6, Cluster6).standalone(place);
  const send = (args: readonly (string | Buffer)[]) => {
    const [command = '', ...rest] = args;
    return (client as Redis6).callBuffer(String(command), ...rest);
  };
  return { client: send, close };
}

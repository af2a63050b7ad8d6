// Compiled and never run: what must type-check for users of `@esauth/redis`, and what must not.

import type { RedisClient } from '@esauth/redis';
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { createClient, createCluster, createSentinel } from 'redis';
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createSentinel as createSentinel5,
} from 'redis5';

const node = { host: 'localhost', port: 6379 };

export const clients: readonly RedisClient[] = [
  createClient(),
  createClient({ RESP: 2 }),
  createSentinel({ name: 'master', sentinelRootNodes: [node] }),
  createCluster({ rootNodes: [{ socket: node }] }),
  createClient5(),
  createClient5({ RESP: 3 }),
  createSentinel5({ name: 'master', sentinelRootNodes: [node] }),
  createCluster5({ rootNodes: [{ socket: node }] }),
  new Redis(),
  new Cluster([node]),
  new Redis5(),
  new Cluster5([node]),
  async (args, key) => [args.length, key],
  (args) => new Redis().callBuffer(String(args[0]), ...args.slice(1)),
  { send: async () => null },
  { send: async () => null, open: async () => ({ send: async () => null, close: () => undefined }) },
];

// @ts-expect-error: an address is no client
export const address: RedisClient = 'redis://localhost';
// @ts-expect-error: options are no client
export const options: RedisClient = node;
// @ts-expect-error: it has to be awaited
export const promise: RedisClient = createClient().connect();
// @ts-expect-error: a reply takes its time
export const sync: RedisClient = () => 'OK';

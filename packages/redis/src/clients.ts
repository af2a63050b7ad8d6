// Which client an application has passed, made into `Commands`. Its kind is told by its shape: neither library is
// imported, so whoever has one needs not the other. What can not work is said here, while the application starts.

import { ConfigurationError } from '@esauth/core';
import type { Commands } from './commands.js';
import { fromIoredis, fromIoredisCluster, type Ioredis, type IoredisCluster } from './ioredis.js';
import {
  fromClient,
  fromCluster,
  fromSentinel,
  type NodeRedis,
  type NodeRedisCluster,
  type NodeRedisSentinel,
} from './node-redis.js';
import { fromOwnClient, type OwnClient, type SendCommand } from './own-client.js';

/**
 * A connected client of `redis` 5 or 6 (`createClient`, `createSentinel`, `createCluster`), or of `ioredis` 5 or 6
 * (`new Redis`, with Sentinel too, `new Cluster`); or a function that sends a command, for any other.
 */
export type RedisClient = SendCommand | OwnClient | KnownClient;

/** What all of them have in common for a compiler; what they are is found out at run time. */
export interface KnownClient {
  // biome-ignore lint/suspicious/noExplicitAny: the libraries' own signatures have nothing in common but the name
  sendCommand(...args: any[]): any;
}

const wanted =
  'must be a client of redis 5 or 6 or of ioredis 5 or 6, or a function that sends a command and resolves to its reply';

/** @throws {ConfigurationError} `invalid_option`, of `client` */
export function commandsOf(client: unknown): Commands {
  if (typeof client === 'function') return fromOwnClient({ send: client as SendCommand });
  if (typeof client === 'string' || client instanceof URL) fail(`${wanted}, not an address`);
  if (typeof client !== 'object' || client === null) fail(wanted);
  if (has(client, 'then')) fail(`${wanted}, not a promise of one: await it`);
  if (has(client, 'send')) return ownClient(client);
  if (has(client, 'callBuffer')) return ioredis(client as unknown as Ioredis);
  if (has(client, 'sendCommand')) return nodeRedis(client);
  return fail(wanted);
}

function ownClient(client: object): Commands {
  const { send, open } = client as Partial<OwnClient>;
  if (typeof send !== 'function') fail('send must be a function');
  if (open !== undefined && typeof open !== 'function') fail('open must be a function, or left out');
  return fromOwnClient({ send, open });
}

function ioredis(client: Ioredis): Commands {
  // ioredis 4 has it on clusters only.
  if (typeof client.isCluster !== 'boolean')
    fail('is of ioredis 4 or older; esauth needs ioredis 5 or later');
  if (client.status === 'wait') fail('is not connected: await client.connect(), or leave out lazyConnect');
  if (client.status === 'end') fail('is closed');
  const { role, scaleReads } = client.options;
  if (role === 'slave') fail("writes, so it needs the master: leave out role: 'slave'");
  if (!client.isCluster) return fromIoredis(client);
  if (scaleReads !== 'master') {
    fail("must read from masters: pass cluster.duplicate([], { scaleReads: 'master' }), replicas are behind");
  }
  return fromIoredisCluster(client as IoredisCluster);
}

function nodeRedis(client: object): Commands {
  if (!has(client, 'withTypeMapping')) fail('is of redis 4 or older; esauth needs redis 5 or later');
  if (has(client, 'execute')) fail('is a pool: pass what createClient made, one connection is enough');
  const { isOpen } = client as NodeRedis;
  if (!isOpen) fail('is not connected: await client.connect() first');
  // An EventEmitter throws what nobody listens for: the first broken connection would end the process.
  if (!isHeard(client))
    fail("has no listener for its errors, so that any would end the process: client.on('error', …)");
  if (has(client, 'nodeClient')) return fromCluster(client as NodeRedisCluster);
  if (has(client, 'acquire')) return fromSentinel(client as NodeRedisSentinel);
  return fromClient(client as NodeRedis);
}

function isHeard(client: object): boolean {
  // Sentinel's clients have listeners of their own (sentinel/index.js); only its own scans can emit.
  return (
    has(client, 'acquire') || (client as { listenerCount(name: string): number }).listenerCount('error') > 0
  );
}

function has(client: object, method: string): boolean {
  return typeof Reflect.get(client, method) === 'function';
}

function fail(expected: string): never {
  throw new ConfigurationError('client', expected);
}

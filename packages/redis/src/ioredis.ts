// Clients of `ioredis` 5 and 6 as `Commands`: standalone, Sentinel and Cluster. Read in ioredis 5.9.3 and 6.0.0,
// built/: Redis.js and redis/event_handler.js (without a connection a command waits in a queue until there is one, or
// until `maxRetriesPerRequest` connections have failed; what had no reply when a connection broke is sent again on the
// next, unless `autoResendUnfulfilledCommands` is off; none of that can be called off), cluster/index.js (routes by the
// keys that it finds in a command, to any node if there are none), autoPipelining.js.

import {
  type Argument,
  asOfOld,
  CommandError,
  type Commands,
  commandError,
  longestBlockMs,
  type OwnConnection,
  replyOf,
} from './commands.js';
import { rememberLast } from './slot.js';
import { createCounter, within } from './waiting.js';

/** What is used of a client, of a cluster's nodes too. */
export interface Ioredis {
  readonly status: string;
  readonly isCluster: boolean;
  readonly options: IoredisOptions;
  readonly stream?: { unref?(): void } | undefined;
  callBuffer(command: string, ...args: readonly Argument[]): Promise<unknown>;
  duplicate(overrides: object): Ioredis;
  connect(): Promise<unknown>;
  disconnect(): void;
  on(event: string, listener: (error?: unknown) => void): unknown;
}

export interface IoredisOptions {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly keyPrefix?: string | undefined;
  /** Of a client by Sentinel. */
  readonly role?: string | undefined;
  /** Of a cluster. */
  readonly scaleReads?: unknown;
}

/** Of a cluster. */
export interface IoredisCluster extends Ioredis {
  /** Addresses, the master's first. */
  readonly slots: readonly (readonly string[] | undefined)[];
  nodes(role: 'master'): readonly Ioredis[];
}

export function fromIoredis(client: Ioredis): Commands {
  const counted = createCounter();
  return {
    send: (_key, args, signal) => counted(signal, async () => call(client, args)),
    open: (_key, signal) => openBeside(async () => client, {}, signal),
  };
}

export function fromIoredisCluster(cluster: IoredisCluster): Commands {
  const counted = createCounter();
  const { keyPrefix = '' } = cluster.options;
  const slotOf = rememberLast(async (key) =>
    Number(await call(cluster, ['CLUSTER', 'KEYSLOT', keyPrefix + key])),
  );
  const masterOf = async (key: string) => {
    const slot = await slotOf(key);
    const address = cluster.slots[slot]?.[0];
    const nodes = cluster.nodes('master');
    const node = nodes.find(({ options }) => `${options.host}:${options.port}` === address);
    if (node === undefined) throw offline();
    return node;
  };
  return {
    send: (key, args, signal) =>
      counted(signal, async () => call(args.includes(key) ? cluster : await masterOf(key), args)),
    open: (key, signal) =>
      openBeside(
        async () => {
          // By way of the cluster, which learns from the answer where the key is now, whatever else that says.
          await call(cluster, ['XREAD', 'COUNT', '1', 'STREAMS', key, '$']).catch(() => undefined);
          return masterOf(key);
        },
        // Nodes of a cluster are told keys that have it already.
        { keyPrefix },
        signal,
      ),
  };
}

async function call(client: Ioredis, args: readonly Argument[]) {
  if (client.status !== 'ready') throw offline();
  const [command, ...rest] = args;
  // `callBuffer` loses the command's name with `enableAutoPipelining`; each command has a method besides.
  const method = (client as unknown as Record<string, unknown>)[`${String(command).toLowerCase()}Buffer`];
  const reply: unknown =
    typeof method === 'function'
      ? await method.call(client, ...rest)
      : await client.callBuffer(String(command), ...rest);
  return asOfOld(command, replyOf(reply));
}

async function openBeside(
  find: () => Promise<Ioredis>,
  overrides: object,
  signal: AbortSignal,
): Promise<OwnConnection> {
  const client = await within(signal, find);
  const connection = client.duplicate({
    lazyConnect: true,
    retryStrategy: null,
    reconnectOnError: null,
    sentinelRetryStrategy: null,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: false,
    enableOfflineQueue: true,
    readOnly: false,
    commandTimeout: undefined,
    blockingTimeout: undefined,
    connectTimeout: longestBlockMs,
    sentinelCommandTimeout: longestBlockMs,
    // An old master may answer for seconds yet, and nothing new comes there. Only used with Sentinel.
    failoverDetector: true,
    // A silent connection is a broken one.
    socketTimeout: 2 * longestBlockMs,
    ...overrides,
  });
  let broken: unknown;
  connection.on('error', (error) => {
    broken = error;
  });
  const close = () => connection.disconnect();
  signal.addEventListener('abort', close, { once: true });
  try {
    await within(signal, () => connection.connect());
  } catch (thrown) {
    // `connect` itself says no more than that the connection is closed.
    throw signal.aborted || broken === undefined ? thrown : commandError(broken);
  } finally {
    signal.removeEventListener('abort', close);
  }
  connection.stream?.unref?.();
  return {
    async send(args, patience) {
      patience.addEventListener('abort', close, { once: true });
      try {
        return await within(patience, () => call(connection, args));
      } finally {
        patience.removeEventListener('abort', close);
      }
    },
    close,
  };
}

function offline(): CommandError {
  return new CommandError('offline', 'The client has no connection to Redis');
}

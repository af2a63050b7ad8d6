// Clients of `redis` 5 and 6 (node-redis) as `Commands`: standalone, Sentinel and Cluster. Read in @redis/client 5.12.1
// and 6.3.1, dist/lib: client/index.js and client/socket.js (a command waits for a connection for ever; one that was
// written rejects when the connection breaks, and is not sent again), client/linked-list.js (of version 5: two commands
// that their `abortSignal` takes back, one after the other, leave a queue from which nothing is written any more, of the
// application's own neither; so none of ours has one), sentinel/index.js (`execute` waits for a master, and sends again
// what met a demoted one), cluster/cluster-slots.js.

import {
  type Argument,
  asOfOld,
  CommandError,
  type Commands,
  longestBlockMs,
  type OwnConnection,
  replyOf,
} from './commands.js';
import { rememberLast } from './slot.js';
import { createCounter, within } from './waiting.js';

/** What is used of a client that `createClient` made. */
export interface NodeRedis {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly options?: { readonly socket?: object | undefined } | undefined;
  sendCommand(args: readonly Argument[], options: SendOptions): Promise<unknown>;
  duplicate(overrides: object): NodeRedis;
  connect(): Promise<unknown>;
  destroy(): void;
  unref(): void;
  on(event: string, listener: () => void): unknown;
  once(event: string, listener: () => void): unknown;
}

/** Of one that `createSentinel` made. */
export interface NodeRedisSentinel {
  readonly isOpen: boolean;
  sendCommand(isReadonly: boolean, args: readonly Argument[], options: SendOptions): Promise<unknown>;
  _execute<T>(isReadonly: boolean, run: (master: NodeRedis) => Promise<T>): Promise<T>;
  on(event: 'topology-change', listener: (change: { readonly type: string }) => void): unknown;
  off(event: 'topology-change', listener: (change: { readonly type: string }) => void): unknown;
}

/** Of one that `createCluster` made. */
export interface NodeRedisCluster {
  readonly isOpen: boolean;
  readonly slots: readonly ({ readonly master: object } | undefined)[];
  nodeClient(node: object): Promise<NodeRedis>;
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean,
    args: readonly Argument[],
    options: SendOptions,
  ): Promise<unknown>;
}

interface SendOptions {
  readonly typeMapping?: object;
  readonly timeout?: undefined;
}

// Keyed by the first byte of a reply: bulk strings `$`, simple strings `+`, verbatim strings `=`, maps `%`
// (RESP_TYPES in RESP/decoder.js).
const typeMapping = { 36: Buffer, 43: Buffer, 61: Buffer, 37: Array };
/** A time limit of the application's own would take a command back. */
const options: SendOptions = { typeMapping, timeout: undefined };

export function fromClient(client: NodeRedis): Commands {
  const counted = createCounter();
  return {
    send: (_key, args, signal) =>
      counted(signal, async () => {
        if (!client.isReady) throw offline();
        return asOfOld(args[0], replyOf(await client.sendCommand(args, options)));
      }),
    open: (_key, signal) => openBeside(async () => client, signal),
  };
}

export function fromSentinel(sentinel: NodeRedisSentinel): Commands {
  const counted = createCounter();
  return {
    send: (_key, args, signal) =>
      counted(signal, async () =>
        asOfOld(args[0], replyOf(await sentinel.sendCommand(false, args, options))),
      ),
    async open(_key, signal) {
      // What it hands out itself is the one connection of the application, unless `masterPoolSize` says otherwise.
      const own = await openBeside(() => sentinel._execute(false, async (master) => master), signal);
      // An old master may answer for seconds yet, and nothing new comes there.
      const leave = ({ type }: { readonly type: string }) => void (type === 'MASTER_CHANGE' && close());
      const close = () => {
        sentinel.off('topology-change', leave);
        own.close();
      };
      sentinel.on('topology-change', leave);
      return { send: own.send, close };
    },
  };
}

export function fromCluster(cluster: NodeRedisCluster): Commands {
  const counted = createCounter();
  const slotOf = rememberLast(async (key) =>
    Number(replyOf(await cluster.sendCommand(undefined, false, ['CLUSTER', 'KEYSLOT', key], options))),
  );
  const masterOf = async (key: string) => {
    const shard = cluster.slots[await slotOf(key)];
    if (shard === undefined) throw offline();
    return cluster.nodeClient(shard.master);
  };
  return {
    send: (key, args, signal) =>
      counted(signal, async () => {
        // Version 6 asks any node what has no key, whatever it is told (`_executeWithPolicies` in cluster/index.js).
        const reply = args.includes(key)
          ? await cluster.sendCommand(key, false, args, options)
          : await (await masterOf(key)).sendCommand(args, options);
        return asOfOld(args[0], replyOf(reply));
      }),
    open: (key, signal) =>
      openBeside(async () => {
        // By way of the cluster, which learns from the answer where the key is now, whatever else that says.
        await cluster.sendCommand(key, false, ['XREAD', 'COUNT', '1', 'STREAMS', key, '$'], options);
        return masterOf(key);
      }, signal),
  };
}

async function openBeside(find: () => Promise<NodeRedis>, signal: AbortSignal): Promise<OwnConnection> {
  const client = await within(signal, find);
  const { socket } = client.options ?? {};
  const connection = client.duplicate({
    socket: {
      ...socket,
      reconnectStrategy: false,
      connectTimeout: longestBlockMs,
      // A silent connection is a broken one. It is what ends an AUTH without an answer, too.
      socketTimeout: 2 * longestBlockMs,
    },
    RESP: 2,
    commandOptions: undefined,
    disableOfflineQueue: false,
    pingInterval: undefined,
    // Only with RESP 3.
    clientSideCache: undefined,
    emitInvalidate: undefined,
    maintNotifications: 'disabled',
  });
  connection.unref();
  // Whatever breaks it, the command under way rejects with it. Without a listener it would end the process.
  connection.on('error', () => undefined);
  let isConnected = false;
  const close = () => {
    // `destroy` lets go of a socket only once there is one: before that it would be connected after all, and stay.
    if (isConnected && connection.isOpen) connection.destroy();
  };
  connection.once('connect', () => {
    isConnected = true;
    if (signal.aborted) setImmediate(close);
  });
  signal.addEventListener('abort', close, { once: true });
  try {
    await within(signal, () => connection.connect());
  } finally {
    signal.removeEventListener('abort', close);
  }
  return {
    async send(args, patience) {
      patience.addEventListener('abort', close, { once: true });
      try {
        return await within(patience, async () => {
          if (!connection.isReady) throw offline();
          return asOfOld(args[0], replyOf(await connection.sendCommand(args, { typeMapping })));
        });
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

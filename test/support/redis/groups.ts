/** Several Redis servers that belong together: a master and its replica under a Sentinel, and a cluster of three. */

import { makeFolder, onFreePorts, type RedisProcess, startProcess, until } from './process.js';
import { type RedisServer, runOn, startRedis } from './server.js';

export interface SentinelGroup {
  /** Of the sentinel. */
  readonly port: number;
  /** What it calls the master. */
  readonly name: string;
  readonly password: string;
  /** Both that there are; which of them is the master changes. */
  readonly servers: readonly [RedisServer, RedisServer];
  /** The port of the one that is the master now, by the sentinel. */
  master(): Promise<number>;
  /** Has the replica made master; the old one goes on as such, for eight seconds more, until it is told. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

const masterName = 'the-master';

/** Takes about two seconds: a replica looks for its master, and a sentinel for both, once a second. */
export async function startSentinelGroup(): Promise<SentinelGroup> {
  const master = await startRedis();
  const { password } = master;
  const replica = await startRedis({
    lines: [`replicaof 127.0.0.1 ${master.port}`, `masterauth "${password}"`],
  });
  // It becomes a replica one day.
  await master.run('CONFIG', 'SET', 'masterauth', password);
  const { folder, remove } = await makeFolder();
  const { port, process } = await onFreePorts(1, async ([free = 0]) => {
    const lines = [
      'bind 127.0.0.1',
      `port ${free}`,
      `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
      `sentinel auth-pass ${masterName} "${password}"`,
      `sentinel down-after-milliseconds ${masterName} 1000`,
      `sentinel failover-timeout ${masterName} 5000`,
    ];
    return { port: free, process: await startProcess(folder, lines, '--sentinel') };
  });
  const ask = (...args: string[]) => runOn({ port }, 'SENTINEL', ...args);
  const masterPort = async () => {
    const [, found] = (await ask('GET-MASTER-ADDR-BY-NAME', masterName)) as [string, string];
    return Number(found);
  };
  await until('the replica follows, and the sentinel knows it', async () => {
    const replicas = (await ask('REPLICAS', masterName)) as string[][];
    return replicas.some((fields) => fields[fields.indexOf('master-link-status') + 1] === 'ok');
  });
  return {
    port,
    name: masterName,
    password,
    servers: [master, replica],
    master: masterPort,
    async failOver() {
      const before = await masterPort();
      await ask('FAILOVER', masterName);
      await until('another one is master', async () => (await masterPort()) !== before);
    },
    async stop() {
      await process.kill();
      await Promise.all([master.stop(), replica.stop(), remove()]);
    },
  };
}

export interface RedisCluster {
  /** Of its three masters. */
  readonly ports: readonly number[];
  readonly password: string;
  /** Runs one command on one of them. */
  run(port: number, command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** The master that has this key. */
  ownerOf(key: string): Promise<number>;
  /** Moves the slot of a key, with all that is in it, to another master. */
  move(key: string): Promise<void>;
  stop(): Promise<void>;
}

const slots = 16_384;

/** Takes about three seconds: none takes a command for two after it was started. */
export async function startCluster(): Promise<RedisCluster> {
  const password = 'a password of the tests';
  const nodes: { readonly port: number; readonly process: RedisProcess; remove(): Promise<void> }[] = [];
  for (let node = 0; node < 3; node += 1) {
    const { folder, remove } = await makeFolder();
    const started = await onFreePorts(1, async ([bus = 0]) => {
      // Where they talk to each other, unless `cluster-port` says otherwise, which version 6 does not know.
      const port = bus - 10_000;
      const lines = [
        'bind 127.0.0.1',
        `port ${port}`,
        `requirepass "${password}"`,
        `masterauth "${password}"`,
        'save ""',
        'cluster-enabled yes',
        'cluster-node-timeout 5000',
      ];
      return { port, process: await startProcess(folder, lines) };
    });
    nodes.push({ ...started, remove });
    const [first] = nodes;
    // As `redis-cli --cluster create` does it. Nodes that all begin at 0 settle that among each other for a while, and
    // whoever moves a slot meanwhile may have its old owner take it back at the new one only: each then says of the
    // other that it has it, for ever (clusterHandleConfigEpochCollision in cluster.c).
    await runOn({ port: started.port, password }, 'CLUSTER', 'SET-CONFIG-EPOCH', node + 1);
    const [lowest, end] = [node, node + 1].map((share) => Math.ceil((slots * share) / 3)) as [number, number];
    const own = Array.from({ length: end - lowest }, (_, at) => lowest + at);
    await runOn({ port: started.port, password }, 'CLUSTER', 'ADDSLOTS', ...own);
    if (first !== undefined && node > 0) {
      await runOn({ port: first.port, password }, 'CLUSTER', 'MEET', '127.0.0.1', started.port);
    }
  }
  const ports = nodes.map(({ port }) => port);
  const run: RedisCluster['run'] = (port, command, ...args) => runOn({ port, password }, command, ...args);
  await until('all have taken their places', async () => {
    const states = await Promise.all(ports.map((port) => run(port, 'CLUSTER', 'INFO')));
    return states.every((state) => /cluster_state:ok/.test(String(state)));
  });
  const [any = 0] = ports;
  const ownerOf = async (key: string) => {
    const slot = Number(await run(any, 'CLUSTER', 'KEYSLOT', key));
    const ranges = (await run(any, 'CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    const range = ranges.find(([from, to]) => from <= slot && slot <= to);
    if (range === undefined) throw new Error(`nobody has ${key}`);
    return range[2][1];
  };
  return {
    ports,
    password,
    run,
    ownerOf,
    async move(key) {
      const from = await ownerOf(key);
      const to = ports.find((port) => port !== from) ?? 0;
      const slot = Number(await run(any, 'CLUSTER', 'KEYSLOT', key));
      const [fromId, toId] = (await Promise.all([from, to].map((port) => run(port, 'CLUSTER', 'MYID')))) as [
        string,
        string,
      ];
      await run(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
      await run(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
      const keys = (await run(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[];
      if (keys.length > 0) {
        await run(from, 'MIGRATE', '127.0.0.1', to, '', 0, 5_000, 'AUTH', password, 'KEYS', ...keys);
      }
      for (const port of [to, ...ports.filter((other) => other !== to)]) {
        await run(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', toId);
      }
    },
    async stop() {
      await Promise.all(nodes.map(({ process }) => process.kill()));
      await Promise.all(nodes.map(({ remove }) => remove()));
    },
  };
}

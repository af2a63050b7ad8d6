/** A Redis as people run it: with a password, users of its own, over TLS, with an append-only file. */

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Certificates, makeCertificates } from '../certificates.js';
import { majorVersion, makeFolder, onFreePorts, type RedisProcess, startProcess } from './process.js';

export interface RedisOptions {
  /** ACL users, as `ACL SETUSER` has them: `'esauth on >password ~{esauth}:* +get'`. */
  readonly users?: readonly string[];
  /** Listens with TLS besides, and with nothing else: `ca` is its authority's certificate. */
  readonly tls?: boolean;
  /** Writes each command to a file before it answers. Default false: nothing is kept. */
  readonly appendOnly?: boolean;
  /** More lines of its configuration. */
  readonly lines?: readonly string[];
}

export interface RedisServer {
  readonly port: number;
  /** Of the user `default`. */
  readonly password: string;
  /** `redis://` or `rediss://`, with the password. */
  readonly url: string;
  /** PEM, with `tls`. */
  readonly ca: string | undefined;
  /** Where it writes. */
  readonly folder: string;
  /** The process now. */
  readonly process: RedisProcess;
  /** Runs one command as the user `default`, on a connection of its own. */
  run(command: string, ...args: readonly (string | number | Buffer)[]): Promise<unknown>;
  /** The same as another user. */
  runAs(
    username: string,
    password: string,
    command: string,
    ...args: readonly (string | number | Buffer)[]
  ): Promise<unknown>;
  /** Starts it anew after it was killed, on the same port: with what it has written, or `empty`. */
  restart(how?: { readonly empty?: boolean }): Promise<void>;
  /** Kills it and removes what it wrote. */
  stop(): Promise<void>;
}

const password = 'a password of the tests';
const written = ['appendonlydir', 'dump.rdb'];

/** Takes a few hundredths of a second. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { folder, remove } = await makeFolder();
  const certificates = options.tls ? await makeCertificates() : undefined;
  if (certificates !== undefined) await writeCertificates(folder, certificates);
  const started = await onFreePorts(1, async ([port = 0]) => {
    const lines = [...linesOf(options, port), ...(options.lines ?? [])];
    return { port, lines, process: await startProcess(folder, lines) };
  });
  const { port, lines } = started;
  let { process } = started;

  return {
    port,
    password,
    url: `redis${options.tls ? 's' : ''}://:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    ca: certificates?.ca,
    folder,
    get process() {
      return process;
    },
    run: (command, ...args) => runOn({ port, password, ca: certificates?.ca }, command, ...args),
    runAs: (username, secret, command, ...args) =>
      runOn({ port, username, password: secret, ca: certificates?.ca }, command, ...args),
    async restart({ empty = false } = {}) {
      await process.kill();
      if (empty)
        await Promise.all(written.map((name) => rm(join(folder, name), { recursive: true, force: true })));
      process = await startProcess(folder, lines);
    },
    async stop() {
      await process.kill();
      await remove();
    },
  };
}

/** Runs one command on a connection of its own. */
export async function runOn(
  at: {
    readonly port: number;
    readonly username?: string;
    readonly password?: string | undefined;
    readonly ca?: string | undefined;
  },
  command: string,
  ...args: readonly (string | number | Buffer)[]
): Promise<unknown> {
  const client = new Redis({
    host: '127.0.0.1',
    port: at.port,
    ...(at.username !== undefined && { username: at.username }),
    ...(at.password !== undefined && { password: at.password }),
    ...(at.ca !== undefined && { tls: { ca: at.ca } }),
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

function linesOf({ users = [], tls = false, appendOnly = false }: RedisOptions, port: number): string[] {
  return [
    'bind 127.0.0.1',
    tls ? `port 0\ntls-port ${port}` : `port ${port}`,
    ...(tls ? ['tls-cert-file server.pem', 'tls-key-file server.key', 'tls-auth-clients no'] : []),
    `requirepass "${password}"`,
    ...users.map((user) => `user ${user}`),
    'save ""',
    ...(appendOnly ? ['appendonly yes', 'appendfsync always'] : ['appendonly no']),
    // `DEBUG SLEEP`, which needs no leave before version 7.
    ...(majorVersion() < 7 ? [] : ['enable-debug-command yes']),
    'repl-diskless-sync-delay 0',
  ];
}

async function writeCertificates(folder: string, { server }: Certificates): Promise<void> {
  await writeFile(join(folder, 'server.pem'), server.cert);
  await writeFile(join(folder, 'server.key'), server.key);
}

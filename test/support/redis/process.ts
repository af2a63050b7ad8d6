/** A `redis-server` as a process of its own, on a free port of loopback, in a folder of its own, gone when it is stopped. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Debian's, or what the environment names: `npm test` installs it where it can, and says so where it can not. */
const binary = process.env.ESAUTH_REDIS_SERVER ?? '/usr/bin/redis-server';

/** Its major version, as it says itself: `Redis server v=7.0.15 …`, `Valkey server v=8.1.1 …`. */
export function majorVersion(): number {
  const said = execFileSync(binary, ['--version'], { encoding: 'utf8' });
  const [, major] = /server v=(\d+)\./.exec(said) ?? [];
  if (major === undefined) throw new Error(`${binary} does not say which version it is: ${said}`);
  return Number(major);
}

/** It ends what it started when it ends itself, however that is. Of util-linux. */
const setpriv = '/usr/bin/setpriv';

export interface RedisProcess {
  readonly folder: string;
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay, nothing is answered. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts one in a folder, with what is in there.
 *
 * @param lines of its configuration
 * @throws if it ends before it is ready
 */
export async function startProcess(
  folder: string,
  lines: readonly string[],
  ...args: readonly string[]
): Promise<RedisProcess> {
  if (!existsSync(binary)) {
    throw new Error(`no Redis at ${binary}: install redis-server there, or set ESAUTH_REDIS_SERVER to one`);
  }
  const file = join(folder, 'redis.conf');
  await writeFile(file, [`dir ${folder}`, ...lines, ''].join('\n'));
  const command = [binary, file, ...args];
  const [program = '', ...rest] = existsSync(setpriv)
    ? [setpriv, '--pdeathsig', 'KILL', '--', ...command]
    : command;
  const child = spawn(program, rest, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const ended = once(child, 'close').then(() => running.delete(child));
  await ready(child, ended);
  return {
    folder,
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

function ready(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  let printed = '';
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      printed += chunk;
      if (/Ready to accept connections|Sentinel ID is/.test(printed)) resolve();
    };
    // It goes on printing, and has to be read.
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('error', reject);
    void ended.then(() => reject(new Error(`redis-server ended before it was ready:\n${printed}`)));
  });
}

/** A folder for one, and what removes it. */
export async function makeFolder(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'esauth-redis-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/**
 * Runs what needs ports with such as nobody listens on. Somebody may be faster: then it is run again with others.
 */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePorts(count));
    } catch (error) {
      if (attempt === 10 || !String(error).includes('Address already in use')) throw error;
    }
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** Everything that a server has written into its folder, as text of one byte a character. */
export async function writtenIn(folder: string, files: readonly string[]): Promise<string> {
  const contents = await Promise.all(files.map((file) => readFile(join(folder, file), 'latin1')));
  return contents.join('\n');
}

/** Waits for a condition, for a minute at most if nothing else is said: the machine may be busy. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it did not come to be: ${what}`);
    await sleep(10);
  }
}

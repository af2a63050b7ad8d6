// The examples run as their readmes say: the commands are taken from there, with free ports in place of 9200 and
// 3000, and each `curl -i` has to be answered with the status that stands behind it.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);

test.each(['express', 'koa', 'fastify', 'as-the-caller'])(
  'examples/%s',
  async (name) => {
    const folder = fileURLToPath(new URL(`../../examples/${name}/`, import.meta.url));
    const readme = await readFile(`${folder}README.md`, 'utf8');
    const [emulator = '', server = '', client = ''] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(
      ([, block = '']) => block,
    );

    // Without npx, which does not pass signals on.
    const command = emulator.replace('npx ', 'node_modules/.bin/').replace('--port 9200', '--port 0');
    const elasticsearch = await start(command, folder);
    const env = { PORT: '0', ELASTICSEARCH_URL: elasticsearch.url };
    const api = await start(server, folder, env);

    const commands = client
      .replaceAll('http://127.0.0.1:9200', elasticsearch.url)
      .replaceAll('http://127.0.0.1:3000', api.url);
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands]);
    const announced = [...client.matchAll(/^curl -i .*# (\d{3})/gm)].map(([, status]) => status);
    expect(announced.length).toBeGreaterThan(2);
    expect([...stdout.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual(announced);
    if (name === 'as-the-caller') {
      expect(stdout).toContain('["Small Gods"]');
      expect(stdout).toContain('["Small Gods","Necrotelicomnicon"]');
    } else {
      expect(stdout).toContain('"apiKey":{');
      expect(stdout).toContain('{"welcome":true}');
    }

    // Both end by themselves when they are asked to.
    for (const { child } of [api, elasticsearch]) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    }
  },
  60_000,
);

/** Runs a command until it says where it listens. */
async function start(command: string, cwd: string, env: Record<string, string> = {}) {
  // In place of the shell, so that it gets the signals.
  const child: ChildProcess = spawn('bash', ['-c', `exec ${command}`], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.stdout === null) throw new Error('it has no output');
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url !== undefined) {
      child.stdout.resume();
      return { child, url };
    }
  }
  throw new Error(`${command} ended without an address`);
}

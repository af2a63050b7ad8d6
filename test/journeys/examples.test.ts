// The examples run as their readmes say: the commands are taken from there, with free ports in place of 9200 and
// 3000, and each `curl -i` has to be answered with the status that stands behind it. For the cluster of one's own the
// emulator stands in, over TLS.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmulator } from '@esauth/emulator';
import { expect, onTestFinished, test } from 'vitest';
import { killAll, runQuietly } from '../support/command.js';
import { send } from '../support/http-client.js';

const run = promisify(execFile);
const password = 'pa55-of-nobody-else';
// What the tests' own environment says of a cluster is not for the examples.
const plainEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('ELASTICSEARCH_')),
);

test.each(['express', 'koa', 'fastify', 'as-the-caller'])(
  'examples/%s',
  async (name) => {
    const { folder, blocks } = await readBlocks(name);
    const [emulator = '', server = '', client = ''] = blocks;

    // Without npx, which does not pass signals on.
    const command = emulator
      .replace('npx @esauth/emulator', 'exec node_modules/.bin/esauth-emulator')
      .replace('--port 9200', '--port 0');
    const elasticsearch = await start(command, folder);
    const env = { PORT: '0', ELASTICSEARCH_URL: elasticsearch.url };
    const api = await start(`exec ${server}`, folder, env);

    const commands = client
      .replaceAll('http://127.0.0.1:9200', elasticsearch.url)
      .replaceAll('http://127.0.0.1:3000', api.url);
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands]);
    expect(announced(client).length).toBeGreaterThan(2);
    expect(statusesOf(stdout)).toEqual(announced(client));
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

test.each(['express', 'koa', 'fastify', 'as-the-caller'])(
  'examples/%s with a cluster of your own',
  async (name) => {
    const { folder, blocks } = await readBlocks(name);
    const [, , , server = '', client = ''] = blocks;
    const cluster = await runQuietly('--tls', '--password', password);
    onTestFinished(killAll);
    const [ca] = await cluster.printed(/^.*ca\.pem$/m);
    const there = (commands: string) =>
      commands.replaceAll('https://localhost:9200', cluster.url).replaceAll('http_ca.crt', ca);
    const command = there(server).replace('node server.js', 'exec node server.js');
    const api = await start(command, folder, { PORT: '0' }, `${password}\n`);

    const { out, code } = await typing(there(client).replaceAll('http://127.0.0.1:3000', api.url), folder);
    expect(announced(client).length).toBeGreaterThan(1);
    expect(statusesOf(out)).toEqual(announced(client));
    expect(code).toBe(0);
    if (name === 'as-the-caller') expect(out).toContain('["Small Gods"]');
    // Nothing is left of what the commands made.
    expect(
      (await send(`${cluster.url}/_esauth/state`, { ca: await readFile(ca, 'utf8') })).json,
    ).toMatchObject({
      keys: { total: 0 },
      tokens: { total: 0 },
    });
    const headers = { authorization: `Basic ${btoa(`elastic:${password}`)}` };
    const books = await send(`${cluster.url}/esauth-books`, { headers, ca: await readFile(ca, 'utf8') });
    expect(books.status).toBe(404);
  },
  60_000,
);

test.each(['express', 'koa', 'fastify'])('examples/%s trusts a fingerprint as well', async (name) => {
  const { folder } = await readBlocks(name);
  const { url, ca = '', close } = await startEmulator({ tls: true });
  onTestFinished(close);
  const { fingerprint256 } = new X509Certificate(ca);
  const env = { PORT: '0', ELASTICSEARCH_URL: url, ELASTICSEARCH_CA_FINGERPRINT: fingerprint256 };
  // It starts only after its check of the cluster.
  expect((await start('exec node server.js', folder, env)).url).toMatch(/^http:/);
});

/** The commands of an example's readme. */
async function readBlocks(name: string) {
  const folder = fileURLToPath(new URL(`../../examples/${name}/`, import.meta.url));
  const readme = await readFile(`${folder}README.md`, 'utf8');
  return { folder, blocks: [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block) };
}

/** The statuses that are said to come. */
function announced(commands: string) {
  return [...commands.matchAll(/^curl -i .*# (\d{3})/gm)].map(([, status]) => status);
}

/** The statuses that `curl -i` printed. */
function statusesOf(text: string) {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status);
}

/** Runs commands, and types the password whenever curl asks for it. */
async function typing(commands: string, cwd: string) {
  // In a session of its own there is no terminal, and curl asks where a test can answer.
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', commands], { cwd, detached: true });
  onTestFinished(() => void shell.kill('SIGKILL'));
  let out = '';
  shell.stdout.on('data', (chunk) => {
    out += chunk;
  });
  shell.stderr.on('data', (chunk) => {
    if (String(chunk).includes('Enter host password')) shell.stdin.write(`${password}\n`);
  });
  const [code] = await once(shell, 'close');
  return { out, code };
}

/** Runs a command until it says where it listens. */
async function start(command: string, cwd: string, env: Record<string, string> = {}, input = '') {
  const child: ChildProcess = spawn('bash', ['-c', command], {
    cwd,
    env: { ...plainEnv, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin?.end(input);
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

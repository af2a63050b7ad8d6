// examples/cluster as its readme says: two processes behind one port, a real Redis, and a logout at one of them that ends
// the session at the other.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmulator } from '@esauth/emulator';
import { expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../support/redis/process.js';
import { startRedis } from '../support/redis/server.js';

vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../../examples/cluster/', import.meta.url));

test('a logout at one process ends the session at the other', async () => {
  const readme = await readFile(`${folder}README.md`, 'utf8');
  const blocks = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);
  const [, , server = '', ...client] = blocks;
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const emulator = await startEmulator();
  onTestFinished(() => emulator.close());

  const child = spawn('bash', ['-euo', 'pipefail', '-c', server.replace('node ', 'exec node ')], {
    cwd: folder,
    env: { ...process.env, PORT: '0', ELASTICSEARCH_URL: emulator.url, REDIS_URL: redis.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = await addressIn(child.stdout);
  const [logIn = '', visits = '', logOut = '', visitsAgain = ''] = client.map((commands) =>
    commands.replaceAll('http://127.0.0.1:9200', emulator.url).replaceAll('http://127.0.0.1:3000', url),
  );
  const token = async () => (await shell(`${logIn}\necho "$TOKEN"`)).trim();
  const asked = () => emulator.requests.filter(({ path }) => path === '/_security/_authenticate').length;

  // Unless the machine is so busy that Redis had no time to answer.
  let TOKEN = '';
  await until('both admit it, and only one had to ask', async () => {
    TOKEN = await token();
    const before = asked();
    const answers = answersIn(await shell(visits, { TOKEN }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(processesOf(answers)).toEqual(['1', '2']);
    return asked() === before + 1;
  });

  await until('a logout is shared', async () => {
    if ((await shell(logOut, { TOKEN })).includes('{"reach":"shared"}')) return true;
    TOKEN = await token();
    await shell(visits, { TOKEN });
    return false;
  });
  // The other one hears of it right after that; nothing says how soon a busy machine comes to it.
  await until('both refuse it', async () => {
    const answers = answersIn(await shell(visitsAgain, { TOKEN }));
    expect(processesOf(answers)).toEqual(['1', '2']);
    return answers.every(({ status }) => status === 401);
  });

  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

async function shell(commands: string, env = {}): Promise<string> {
  const options = { env: { ...process.env, ...env } };
  return (await run('bash', ['-euo', 'pipefail', '-c', commands], options)).stdout;
}

function processesOf(answers: readonly { readonly process: string | undefined }[]) {
  return [...new Set(answers.map(({ process }) => process))].sort();
}

/** What `curl -i` printed. */
function answersIn(text: string) {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) [\s\S]*?X-Process: (\d)/g)].map(([, status, by]) => ({
    status: Number(status),
    process: by,
  }));
}

/** Where it says that it listens. */
async function addressIn(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(output)) {
    const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (found === undefined) continue;
    output.resume();
    return found;
  }
  throw new Error('it ended without an address');
}

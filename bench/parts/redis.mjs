// A Redis in a process of its own, and verifiers that share through it, each with connections of its own as in a process
// of its own.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createVerifier } from '@esauth/core';
import { redisSharing } from '@esauth/redis';
import { createClient } from 'redis';
import { lasting, patient } from './verifiers.mjs';

/** As in `scripts/redis.mjs`. */
const binary = process.env.ESAUTH_REDIS_SERVER ?? '/usr/bin/redis-server';
const secrets = ['made-for-measurements-0123456789abcdef'];

export async function startRedis() {
  if (!existsSync(binary)) throw new Error(`there is no redis-server at ${binary}: npm test installs it`);
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  await new Promise((ready, fail) => {
    child.once('error', fail);
    child.stdout.on('data', (text) => {
      if (String(text).includes('Ready to accept')) ready();
    });
  });
  const url = `redis://127.0.0.1:${port}`;
  return { connect: () => connect(url), close: () => child.kill('SIGKILL') };
}

async function connect(url) {
  const client = createClient({ url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** @param {Awaited<ReturnType<typeof startRedis>> | undefined} redis without it, one that shares nothing */
export async function member(nodes, redis, more = {}) {
  const client = await redis?.connect();
  const sharing = client && redisSharing({ client, secrets, timeoutMs: 60_000, blindAfterMs: 60_000 });
  const verifier = createVerifier({ nodes, sharing, cache: lasting, upstream: patient, ...more });
  while (sharing && verifier.stats().sharing.heard === 0) await new Promise((done) => setTimeout(done, 5));
  const close = async () => {
    await verifier.close();
    client?.destroy();
  };
  return { verifier, close };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// Canaries go through verifiers that share: credentials of each kind, the names, roles and metadata of their owners,
// and the secrets. Nothing of them must be in what Redis was sent, in what it holds, and in what it writes to its disk.

import { hash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createVerifier } from '@esauth/core';
import { startEmulator } from '@esauth/emulator';
import { redisSharing } from '@esauth/redis';
import { createClient } from 'redis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { keysOf } from '../../packages/redis/src/secrets.js';
import { windowIn, windowsOf } from '../support/exposed.js';
import { listenIn } from '../support/redis/monitor.js';
import { until, writtenIn } from '../support/redis/process.js';
import { type RedisServer, startRedis } from '../support/redis/server.js';

vi.setConfig({ testTimeout: 120_000 });

const random = () => randomBytes(18).toString('base64url').replaceAll(/[-_]/g, 'x');

test('nothing of a credential, of its owner or of the secrets is in Redis, on its wires or on its disk', async () => {
  const [username, password, role, title, keyName] = Array.from({ length: 5 }, random) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const redis = await startRedis({ appendOnly: true });
  onTestFinished(() => redis.stop());
  const emulator = await startEmulator({
    users: { [username]: { password, roles: [role], full_name: title, metadata: { [title]: title } } },
    roles: { [role]: { cluster: ['manage_own_api_key', 'manage_token'] } },
  });
  onTestFinished(() => emulator.close());
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const key = await makeKey(emulator.url, basic, keyName);
  const callers = { basic, key: `ApiKey ${key.encoded}`, token: emulator.authorization(username) };

  const secrets = [randomBytes(32), randomBytes(32).toString('base64')];
  const heard = listenIn(redis);
  const members = await Promise.all([0, 1].map(() => join(redis, emulator.url, secrets)));
  for (const caller of Object.values(callers)) {
    // From Elasticsearch at one, from Redis at the other.
    for (const { verifier } of members) {
      expect((await verifier.verify(caller)).kind).toBe('authenticated');
      await until('it is kept', async () => String(await redis.run('KEYS', '*')).includes(':v:'));
    }
  }
  await until(
    'the other has something of the first',
    () => (members[1]?.verifier.stats().sharing?.hits ?? 0) > 0,
  );
  await redis.run('SAVE');
  const [{ verifier } = { verifier: undefined }] = members;
  const subjects = [
    { credential: callers.token },
    { apiKeyIds: [key.id] },
    { username },
    { username, realm: 'default_native' },
    { realm: 'default_native' },
    'all',
  ] as const;
  for (const subject of subjects) await verifier?.revoke(subject);
  await until('all of it was told', () => verifier?.stats().sharing?.outbox === 0);

  const files = (await readdir(redis.folder, { recursive: true })).filter(
    (name) => /aof|rdb/.test(name) && /\.(aof|rdb|manifest)$/.test(name),
  );
  for (const kind of ['.aof', '.rdb']) expect(files.some((name) => name.endsWith(kind))).toBe(true);
  const seen = [heard(), await writtenIn(redis.folder, files)].join('\n');
  // It is all there, and can be searched.
  expect(seen).toContain('{esauth}:v:');
  expect(seen).toContain('{esauth}:log');

  const derived = keysOf(secrets).flatMap((keys) => [
    keys.digest,
    ...[keys.naming, keys.sealing].map((each) => each.export().toString('hex')),
    ...Object.values(callers).map((caller) => hash('sha256', keys.digest + caller, 'hex')),
  ]);
  const shown = [
    ...[username, password, role, title, keyName, key.id, key.api_key],
    ...Object.values(callers).map((caller) => caller.split(' ')[1] ?? ''),
    ...secrets.map((secret) => Buffer.from(secret).toString('hex')),
    ...secrets.map((secret) => (typeof secret === 'string' ? secret : secret.toString('base64'))),
    ...derived,
  ];
  const spellings = shown.flatMap((text) => [text, ...otherwise(text)]);
  // Eight digits of hexadecimal come about by chance, in times and ids.
  const isHexadecimal = (text: string) => /^[0-9a-f]+$/.test(text);
  expect(windowIn(seen, windowsOf(spellings.filter((text) => !isHexadecimal(text))))).toBeUndefined();
  expect(windowIn(seen, windowsOf(spellings.filter(isHexadecimal), 16), 16)).toBeUndefined();
  // The search finds what is there.
  await redis.run('SET', 'somebody', role);
  expect(windowIn(await writtenIn(redis.folder, files), windowsOf([role]))).toBeDefined();
});

/** Written in other ways: what is text in hexadecimal, what is that already as the bytes that it stands for. */
function otherwise(text: string): readonly string[] {
  if (/^[0-9a-f]+$/.test(text)) {
    const bytes = Buffer.from(text, 'hex');
    return [bytes.toString('latin1'), bytes.toString('base64'), bytes.toString('base64url')];
  }
  // Base64 of a text in the middle of others, at each of three places.
  const placed = [0, 1, 2].map((before) =>
    Buffer.from('x'.repeat(before) + text)
      .toString('base64')
      .slice(4, -4),
  );
  return [Buffer.from(text).toString('hex'), ...placed];
}

async function makeKey(url: string, authorization: string, name: string) {
  const answer = await fetch(`${url}/_security/api_key`, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  return (await answer.json()) as { readonly id: string; readonly api_key: string; readonly encoded: string };
}

async function join({ url }: RedisServer, node: string, secrets: readonly (string | Buffer)[]) {
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  const verifier = createVerifier({
    nodes: node,
    schemes: ['Bearer', 'ApiKey', 'Basic'],
    upstream: { timeoutMs: 60_000 },
    cache: { jitter: 0, refreshAfterMs: 0 },
    sharing: redisSharing({ client, secrets, timeoutMs: 15_000 }),
  });
  onTestFinished(async () => {
    await verifier.close();
    client.destroy();
  });
  await until('it has heard', () => (verifier.stats().sharing?.heard ?? 0) > 0);
  return { verifier };
}

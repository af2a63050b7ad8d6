/**
 * Hashing the secrets of API keys where that takes its time: who comes when all threads are taken waits, or is
 * refused.
 */

import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { apiKey, basic, send } from '../../support/http-client.js';

const hashMs = 60_000;

let emulator: Emulator;
let keys: { id: string; encoded: string }[];
beforeEach(async () => {
  emulator = await startEmulator({ cryptoPool: { threads: 1, queue: 1, hashMs } });
  keys = [];
  for (const name of ['a', 'b', 'c']) {
    const outgoing = { method: 'PUT', headers: basic('elastic', 'changeme'), body: { name } };
    keys.push((await send(`${emulator.url}/_security/api_key`, outgoing)).json);
  }
});
afterEach(() => emulator.close());

const ask = (headers: object) => send(`${emulator.url}/_security/_authenticate`, { headers: { ...headers } });
const statusOf = async (headers: object): Promise<number> => (await ask(headers)).status;
const keyed = (index: number) => apiKey(keys[index]?.encoded ?? '');

/** Sends a request, and waits until it has arrived. */
async function sent(headers: object): Promise<{ answer: Promise<number>; isAnswered: () => boolean }> {
  const before = emulator.requests.length;
  const answer = statusOf(headers);
  while (emulator.requests.length === before) await new Promise((resolve) => setImmediate(resolve));
  return { answer, isAnswered: () => emulator.requests[before]?.status !== undefined };
}

test('one is hashed, one waits, the others are told so', async () => {
  const [first, second] = [await sent(keyed(0)), await sent(keyed(1))];
  const third = await ask(keyed(2));
  expect([third.status, third.json.error.type]).toEqual([429, 'es_rejected_execution_exception']);
  expect(third.json.error.reason).toContain(
    'queue capacity = 1, org.elasticsearch.common.util.concurrent.EsThreadPoolExecutor@0[Running, pool size = 1, ' +
      'active threads = 1, queued tasks = 1, completed tasks = 0]]',
  );
  expect(third.header('www-authenticate')).toEqual([]);
  await emulator.clock.advance(hashMs);
  expect(await first.answer).toBe(200);
  expect(second.isAnswered()).toBe(false);
  await emulator.clock.advance(hashMs);
  expect(await second.answer).toBe(200);
});

test('what was hashed, has none or is none needs no thread', async () => {
  const first = await sent(keyed(0));
  await emulator.clock.advance(hashMs);
  await first.answer;
  const busy = [await sent(keyed(1)), await sent(keyed(2))];
  expect(await statusOf(keyed(0))).toBe(200);
  expect(await statusOf(basic('elastic', 'changeme'))).toBe(200);
  expect(await statusOf(apiKey('!'))).toBe(401);
  const unknown = apiKey(Buffer.from('unknown:secret').toString('base64'));
  expect(await statusOf(unknown)).toBe(401);
  for (const { answer } of busy) {
    await emulator.clock.advance(hashMs);
    expect(await answer).toBe(200);
  }
});

test.each([
  [[], 'option "cryptoPool" must be an object with "threads", "queue" and "hashMs"'],
  [{ threads: 1, queue: 1, hashMs: 1, more: 1 }, 'unknown option "cryptoPool.more"'],
  [{ threads: 0, queue: 1, hashMs: 1 }, 'option "cryptoPool.threads" must be a whole number, 1 or more'],
  [{ threads: 1, queue: -1, hashMs: 1 }, 'option "cryptoPool.queue" must be a whole number, 0 or more'],
  [{ threads: 1, queue: 1 }, 'option "cryptoPool.hashMs" must be a number of milliseconds, 0 or more'],
])('%j is refused', async (cryptoPool, message) => {
  await expect(startEmulator({ cryptoPool } as object)).rejects.toThrow(
    new TypeError(`startEmulator: ${message}`),
  );
});

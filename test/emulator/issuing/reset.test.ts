/** Everything anew between two tests, at the same address. */

import { createVerifier } from '@esauth/core';
import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { afterEach, describe, expect, test } from 'vitest';
import { basic, send } from '../../support/http-client.js';

let emulator: Emulator;
afterEach(() => emulator?.close());

const users = { alice: { password: 'secret', roles: ['superuser'] } };
const json = { 'content-type': 'application/json' };

async function start(options: EmulatorOptions = {}): Promise<void> {
  emulator = await startEmulator({ users, ...options });
}

const ask = (
  path: string,
  authorization = emulator.authorization('elastic'),
  method = 'GET',
  body?: object,
) =>
  send(`${emulator.url}${path}`, {
    method,
    headers: { authorization, ...(body && json) },
    ...(body && { body: JSON.stringify(body) }),
  });

describe('reset', () => {
  test('forgets what was made and brings back what was there', async () => {
    await start();
    const before = emulator.authorization('alice');
    const key = emulator.authorization(emulator.apiKey('alice'));
    const elastic = emulator.authorization('elastic');
    await ask('/_security/user/bob', elastic, 'PUT', users.alice);
    await ask('/_security/role/r', elastic, 'PUT', { cluster: ['all'] });
    await ask('/_security/user/alice', elastic, 'DELETE');
    await ask('/docs/_doc/1', elastic, 'PUT', { a: 1 });
    await emulator.clock.advance(3_600_000);
    emulator.faults.add({ status: 500 });
    const mend = emulator.cluster('security index closed');

    await emulator.reset();

    mend();
    expect(emulator.requests).toEqual([]);
    expect(Math.abs(emulator.clock.now() - Date.now())).toBeLessThan(60_000);
    const statusOf = async (path: string, authorization?: string) => (await ask(path, authorization)).status;
    expect(await statusOf('/_security/_authenticate', before)).toBe(401);
    expect(await statusOf('/_security/_authenticate', key)).toBe(401);
    expect(await statusOf('/_security/user/bob')).toBe(404);
    expect(await statusOf('/_security/role/r')).toBe(404);
    expect(await statusOf('/docs/_doc/1')).toBe(404);
    expect(await statusOf('/_security/user/alice')).toBe(200);
    expect(await statusOf('/_security/_authenticate', basic('alice', 'secret').authorization)).toBe(200);
    expect(emulator.requests).toHaveLength(7);
  });

  test('gives the same ids and secrets again with a seed', async () => {
    await start({ seed: 'any' });
    const first = [emulator.token('alice'), emulator.apiKey('alice').encoded];
    await emulator.reset();
    expect([emulator.token('alice'), emulator.apiKey('alice').encoded]).toEqual(first);
  });

  test('sends what was held back, by a delay and for ever', async () => {
    await start();
    emulator.faults.add({ delayMs: 60_000, times: 1 });
    emulator.faults.add({ delayMs: Number.POSITIVE_INFINITY, times: 1 });
    const authorization = emulator.authorization('alice');
    const answers = [1, 2].map(() => ask('/_security/_authenticate', authorization));
    while (emulator.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await emulator.reset();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual([200, 200]);
  });

  test('keeps a connection that is open', async () => {
    await start();
    const { Agent, fetch } = await import('undici');
    const dispatcher = new Agent({ connections: 1 });
    const once = async () => (await fetch(emulator.url, { dispatcher })).arrayBuffer();
    let connected = 0;
    dispatcher.on('connect', () => connected++);
    await once();
    await emulator.reset();
    await once();
    expect(connected).toBe(1);
    await dispatcher.close();
  });

  test('ends what a request is doing in the cluster that it began in', async () => {
    await start();
    const { request } = await import('node:http');
    const headers = { ...basic('elastic', 'changeme'), ...json };
    const status = new Promise((resolve, reject) => {
      const put = request(
        `${emulator.url}/_security/user/bob`,
        { method: 'PUT', headers },
        ({ statusCode }) => resolve(statusCode),
      );
      put.on('error', reject);
      put.write('{"password":"secret",');
      put.once('socket', async () => {
        while (emulator.requests.length === 0) await new Promise((next) => setImmediate(next));
        await emulator.reset();
        put.end('"roles":[]}');
      });
    });
    expect(await status).toBe(200);
    expect((await ask('/_security/user/bob')).status).toBe(404);
  });
});

describe('its time, as the clock of a verifier', () => {
  test('is later for both at once', async () => {
    await start();
    const verifier = createVerifier({ nodes: emulator.url, clock: emulator.clock });
    const authorization = emulator.authorization('alice');
    expect((await verifier.verify(authorization)).kind).toBe('authenticated');
    expect(verifier.peek(authorization)?.kind).toBe('authenticated');
    await emulator.clock.advance(20 * 60_000 + 1);
    expect(verifier.peek(authorization)).toBeUndefined();
    expect(await verifier.verify(authorization)).toMatchObject({
      kind: 'rejected',
      code: 'credentials_expired',
    });
    await verifier.close();
  });

  test('ends the wait of a verifier for a node that is silent', async () => {
    await start();
    const verifier = createVerifier({ nodes: emulator.url, clock: emulator.clock });
    emulator.faults.add({ delayMs: Number.POSITIVE_INFINITY });
    const verdict = verifier.verify(emulator.authorization('alice'));
    while (emulator.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await emulator.clock.advance(3_000);
    expect(await verdict).toMatchObject({ kind: 'unavailable', code: 'timeout' });
    await verifier.close();
  });

  test('never goes back for it, and its timers stay', async () => {
    await start();
    const { clock } = emulator;
    await clock.advance(3_600_000);
    const before = clock.monotonic();
    let fired = 0;
    clock.after(1000, () => fired++);
    clock.after(1000, () => fired++)();
    await emulator.reset();
    expect(fired).toBe(0);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(60_000);
    await clock.advance(1000);
    expect(fired).toBe(1);
  });

  test('runs by itself too', async () => {
    await start();
    const at = emulator.clock.monotonic();
    await new Promise<void>((resolve) => emulator.clock.after(20, resolve));
    expect(emulator.clock.monotonic() - at).toBeGreaterThanOrEqual(19);
  });
});

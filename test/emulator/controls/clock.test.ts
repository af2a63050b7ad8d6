/** The emulator's time, on its own and behind delayed answers. */

import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { basic, type Incoming, send } from '../../support/http-client.js';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator();
});
afterEach(() => emulator.close());

const hour = 3_600_000;
const admin = basic('elastic', 'changeme');

/** Asks who it is, and notes in `arrived` when the answer is there. */
function askLater(arrived: string[], name: string): Promise<Incoming> {
  return send(`${emulator.url}/_security/_authenticate`, { headers: admin }).then((response) => {
    arrived.push(name);
    return response;
  });
}

/** Resolves when the emulator has received so many requests. */
async function received(count: number): Promise<void> {
  while (emulator.requests.length < count) await new Promise((resolve) => setImmediate(resolve));
}

describe('time', () => {
  test('starts at the time of the machine and moves by what is added', async () => {
    expect(Math.abs(emulator.clock.now() - Date.now())).toBeLessThan(60_000);
    const before = emulator.clock.now();
    await emulator.clock.advance(86_400_000);
    expect(emulator.clock.now() - before).toBeGreaterThanOrEqual(86_400_000);
  });

  test('is in whole milliseconds, as Elasticsearch writes it, also after a part of one', async () => {
    await emulator.clock.advance(1.5);
    expect(Number.isInteger(emulator.clock.now())).toBe(true);
    const body = JSON.stringify({ name: 'key', expiration: '1d' });
    const headers = { ...admin, 'content-type': 'application/json' };
    const { json } = await send(`${emulator.url}/_security/api_key`, { method: 'POST', headers, body });
    expect(Number.isInteger(json.expiration)).toBe(true);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('does not move by %s', async (ms) => {
    await expect(emulator.clock.advance(ms)).rejects.toThrow(
      new RangeError('clock.advance: the time must be a finite number of milliseconds, 0 or more'),
    );
  });
});

describe('a delayed answer', () => {
  test('comes when its time is reached, in the order of times', async () => {
    const arrived: string[] = [];
    emulator.faults.add({ delayMs: 2 * hour, times: 1 });
    emulator.faults.add({ delayMs: hour, times: 1 });
    const slow = askLater(arrived, 'slow');
    await received(1);
    const quick = askLater(arrived, 'quick');
    await received(2);
    await emulator.clock.advance(hour / 2);
    expect(emulator.requests.map((request) => request.status)).toEqual([undefined, undefined]);
    await emulator.clock.advance(hour / 2);
    expect(emulator.requests.map((request) => request.status)).toEqual([undefined, 200]);
    await quick;
    await emulator.clock.advance(hour);
    expect((await slow).json.username).toBe('elastic');
    expect(arrived).toEqual(['quick', 'slow']);
  });

  test('leaves before a later one when the time of both has passed', async () => {
    emulator.faults.add({ delayMs: 2 * hour, times: 1 });
    emulator.faults.add({ delayMs: hour, times: 1 });
    const ask = (path: string) => send(emulator.url + path, { headers: admin });
    const slow = ask('/?slow');
    await received(1);
    const quick = ask('/?quick');
    await received(2);
    const order: string[] = [];
    // The status is noted when an answer leaves.
    for (const record of emulator.requests) {
      Object.defineProperty(record, 'status', { set: () => order.push(record.path) });
    }
    await emulator.clock.advance(3 * hour);
    expect(order).toEqual(['/?quick', '/?slow']);
    await Promise.all([slow, quick]);
  });

  test('was made when the request arrived', async () => {
    const headers = { ...admin };
    const body = { name: 'short', expiration: '10s' };
    const key = (await send(`${emulator.url}/_security/api_key`, { method: 'PUT', headers, body })).json;
    emulator.faults.add({ path: '/_security/_authenticate', delayMs: 60_000 });
    const answer = send(`${emulator.url}/_security/_authenticate`, {
      headers: { authorization: `ApiKey ${key.encoded}` },
    });
    await received(2);
    await emulator.clock.advance(60_000);
    expect((await answer).status).toBe(200);
  });

  test('comes by itself when the real time has passed', async () => {
    emulator.faults.add({ delayMs: 5 });
    expect((await send(`${emulator.url}/`, { headers: admin })).status).toBe(200);
  });

  test('never comes with an infinite delay, until the emulator is closed', async () => {
    emulator.faults.add({ delayMs: Number.POSITIVE_INFINITY });
    const answer = send(`${emulator.url}/`, { headers: admin });
    const failed = expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
    await received(1);
    await emulator.clock.advance(1e12);
    expect(emulator.requests[0]?.status).toBeUndefined();
    await emulator.close();
    await failed;
  });
});

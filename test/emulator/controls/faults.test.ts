/** Faults on request. */

import { connect } from 'node:net';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { basic, send } from '../../support/http-client.js';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator();
});
afterEach(() => emulator.close());

const headers = basic('elastic', 'changeme');
const ask = (path = '/_security/_authenticate', method = 'GET') =>
  send(emulator.url + path, { method, headers });

describe('a fault with an answer', () => {
  test('gives exactly that answer', async () => {
    emulator.faults.add({
      status: 503,
      body: '<html>',
      headers: { 'Content-Type': 'text/html', 'X-Two': ['1', '2'] },
    });
    const response = await ask();
    expect(response.status).toBe(503);
    expect(response.text).toBe('<html>');
    expect(response.headerNames).toEqual(['Content-Type', 'X-Two', 'X-Two', 'content-length']);
    expect(response.header('x-two')).toEqual(['1', '2']);
  });

  test('sends an object as JSON', async () => {
    emulator.faults.add({ status: 429, body: { error: 'busy' } });
    const response = await ask();
    expect([response.status, response.text]).toEqual([429, '{"error":"busy"}']);
  });

  test('has the status 200 if it has only a body', async () => {
    emulator.faults.add({ body: 'hello' });
    const response = await ask();
    expect([response.status, response.text]).toEqual([200, 'hello']);
  });

  test('keeps the request from having any effect', async () => {
    emulator.faults.add({ method: 'PUT', status: 500 });
    const body = { password: 'secret', roles: [] };
    await send(`${emulator.url}/_security/user/alice`, { method: 'PUT', headers, body });
    expect((await ask('/_security/user/alice')).status).toBe(404);
  });
});

describe('which requests are struck', () => {
  test('all, until the fault is removed', async () => {
    const remove = emulator.faults.add({ status: 500 });
    expect((await ask()).status).toBe(500);
    expect((await ask('/')).status).toBe(500);
    remove();
    remove();
    expect((await ask()).status).toBe(200);
  });

  test('only so many', async () => {
    emulator.faults.add({ status: 500, times: 2 });
    const statuses = [(await ask()).status, (await ask()).status, (await ask()).status];
    expect(statuses).toEqual([500, 500, 200]);
  });

  test('those with the method', async () => {
    emulator.faults.add({ method: 'post', status: 500 });
    expect((await ask('/_security/oauth2/token', 'POST')).status).toBe(500);
    expect((await ask()).status).toBe(200);
  });

  test('those with the path, whatever their query', async () => {
    emulator.faults.add({ path: '/_security/_authenticate', status: 500 });
    expect((await ask('/_security/_authenticate?pretty')).status).toBe(500);
    expect((await ask('/_security/_authenticate/')).status).toBe(200);
  });

  test('those whose path begins so', async () => {
    emulator.faults.add({ path: '/_security/*', status: 500 });
    expect((await ask()).status).toBe(500);
    expect((await ask('/')).status).toBe(200);
  });

  test('the oldest fault that fits is the one that strikes', async () => {
    emulator.faults.add({ status: 501, times: 1 });
    emulator.faults.add({ status: 502 });
    expect([(await ask()).status, (await ask()).status]).toEqual([501, 502]);
  });
});

describe('a fault of the connection', () => {
  test('reset ends it without an answer', async () => {
    emulator.faults.add({ reset: true, times: 1 });
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(emulator.requests[0]).toMatchObject({ path: '/_security/_authenticate', status: undefined });
    expect((await ask()).status).toBe(200);
  });

  test('truncate announces the whole body and sends half of it', async () => {
    const whole = await ask();
    emulator.faults.add({ truncate: true });
    const received = await new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(emulator.url);
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
      socket.write(
        `GET /_security/_authenticate HTTP/1.1\r\nHost: x\r\nAuthorization: ${headers.authorization}\r\n\r\n`,
      );
    });
    const [head = '', half = ''] = received.split('\r\n\r\n');
    expect(head).toContain(`content-length: ${whole.text.length}`);
    expect(half).toBe(whole.text.slice(0, Math.floor(whole.text.length / 2)));
  });

  test('truncate also cuts the answer of a fault, after its delay', async () => {
    emulator.faults.add({ truncate: true, status: 500, body: '0123456789', delayMs: 1000 });
    const failed = expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
    while (emulator.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await emulator.clock.advance(1000);
    await failed;
    expect(emulator.requests[0]?.status).toBe(500);
  });
});

test.each([
  [undefined, "faults.add: takes an object, such as { path: '/_security/*', status: 503 }"],
  [{ nonsense: 1 }, 'faults.add: unknown member "nonsense"'],
  [{ __proto__: null, constructor: 1 }, 'faults.add: unknown member "constructor"'],
  [{ path: 7 }, 'faults.add: "path" must be a string'],
  [{ headers: null }, 'faults.add: "headers" must be a object'],
  [{ times: -1 }, 'faults.add: "times" must be a whole number, 0 or more'],
  [{ times: 1.5 }, 'faults.add: "times" must be a whole number, 0 or more'],
  [{ delayMs: -1 }, 'faults.add: "delayMs" must be 0 or more milliseconds, or Infinity'],
  [{ delayMs: Number.NaN }, 'faults.add: "delayMs" must be 0 or more milliseconds, or Infinity'],
  [{ status: 99 }, 'faults.add: "status" must be a whole number from 200 to 599'],
])('a wrong fault is refused at once: %j', (fault, message) => {
  expect(() => emulator.faults.add(fault as object)).toThrow(message);
});

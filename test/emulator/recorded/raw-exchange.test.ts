/** The client of the player: it reads every framing as it was written, and sees what becomes of the connection. */

import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { exchange } from '../../support/raw-exchange.js';
import { listen, type Served } from '../../support/serving.js';

const served: Served[] = [];

afterEach(async () => {
  for (const server of served.splice(0)) await server.close();
});

/** A server that answers whatever comes with what the script writes. */
async function scripted(answer: (socket: Socket) => void): Promise<Served> {
  const server = await listen(
    createServer((socket) => {
      socket.once('data', () => answer(socket));
    }),
  );
  served.push(server);
  return server;
}

async function drip(socket: Socket, bytes: string): Promise<void> {
  for (const byte of bytes) {
    socket.write(byte);
    await new Promise(setImmediate);
  }
}

const ask = Buffer.from('GET / HTTP/1.1\r\n\r\n');

test.each([
  ['content-length', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc', 'abc', 'content-length'],
  [
    'chunked',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    'abc',
    'chunked',
  ],
  [
    'an interim answer first',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    '',
    'content-length',
  ],
])('%s', async (_name, bytes, body, framing) => {
  const whole = await scripted((socket) => socket.write(bytes));
  const answer = await exchange(whole, ask, false);
  expect(answer).toMatchObject({ status: 200, reason: 'OK', framing, closed: false, excess: 0 });
  expect('body' in answer && answer.body.toString()).toBe(body);
  // The same, a byte at a time.
  const inPieces = await scripted((socket) => void drip(socket, bytes));
  expect(await exchange(inPieces, ask, false)).toEqual(answer);
});

test('a head keeps its order, its names, its repetitions and its phrase', async () => {
  const server = await scripted((socket) => {
    socket.write('HTTP/1.1 404 Not  Here\r\nB: 1\r\na:  x \r\nB: 2\r\ncontent-length: 0\r\n\r\n');
  });
  const headers = [
    ['B', '1'],
    ['a', 'x'],
    ['B', '2'],
    ['content-length', '0'],
  ];
  expect(await exchange(server, ask, false)).toMatchObject({ status: 404, reason: 'Not  Here', headers });
});

test('an answer to HEAD has no body, and what follows is too much', async () => {
  const server = await scripted((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc'));
  expect(await exchange(server, ask, true)).toMatchObject({ framing: 'content-length', excess: 3 });
});

test('a body without a length lasts until the end', async () => {
  const server = await scripted((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nabc'));
  const answer = await exchange(server, ask, false);
  expect(answer).toMatchObject({ framing: 'until the end', closed: true });
  expect('body' in answer && answer.body.toString()).toBe('abc');
});

test.each([true, false])('a server that hangs up is seen (expected: %s)', async (isExpected) => {
  const server = await scripted((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  expect(await exchange(server, ask, false, isExpected)).toMatchObject({ status: 200, closed: true });
});

test('a server that should hang up, and does not, is seen', async () => {
  const server = await scripted((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  expect(await exchange(server, ask, false, true)).toMatchObject({ status: 200, closed: false });
});

test('no answer is a failure', async () => {
  const server = await scripted((socket) => socket.end());
  expect(await exchange(server, ask, false)).toEqual({ failed: 'closed without an answer' });
});

test.each([
  'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n',
])('half an answer is a failure: %j', async (bytes) => {
  const server = await scripted((socket) => socket.end(bytes));
  const failed = 'half an answer, and then: closed without an answer';
  expect(await exchange(server, ask, false)).toEqual({ failed });
});

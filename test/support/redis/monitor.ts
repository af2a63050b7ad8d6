/** What a Redis is sent, by its own account. */

import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import type { RedisServer } from './server.js';

/** Everything that Redis is told from now on, by `MONITOR`. @returns what was told so far, one byte a character */
export function listenIn({ port, password }: RedisServer): () => string {
  let told = '';
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.setEncoding('latin1').on('data', (text) => {
    told += text;
  });
  socket.write(`AUTH "${password}"\r\nMONITOR\r\n`);
  return () => told;
}

// A client that costs next to nothing, so that one processor of it keeps a server busy: requests are written as they
// were made before, one at a time on each connection, and of answers the status and the length are looked at.

import { once } from 'node:events';
import { connect } from 'node:net';
import { WorkNotDone } from '../measure/work.mjs';

/**
 * @param {number} port
 * @param {readonly string[]} headers of whom each request takes one at random
 * @param {{ connections?: number, path?: string }} [options]
 */
export async function createLoad(port, headers, { connections = 32, path = '/' } = {}) {
  const start = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n`;
  const requests = headers.map((authorization) =>
    Buffer.from(`${start}Authorization: ${authorization}\r\n\r\n`, 'latin1'),
  );
  const any = () => requests[Math.floor(Math.random() * requests.length)];
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket.setNoDelay();
    }),
  );
  const [first] = sockets;
  first.write(any());
  const [{ length }] = await once(first, 'data');

  /** Asks on one connection as long as `goesOn` says so. */
  function ask(socket, goesOn) {
    return new Promise((resolve, reject) => {
      let left = 0;
      const finish = (settle, value) => {
        socket.off('data', onData).off('close', onClose);
        settle(value);
      };
      const next = () => {
        if (!goesOn()) return finish(resolve);
        left = length;
        socket.write(any());
      };
      const onData = (chunk) => {
        // "HTTP/1.1 200"
        if (left === length && chunk.latin1Slice(9, 12) !== '200') {
          return finish(reject, new WorkNotDone(`the answer is ${chunk.latin1Slice(9, 15)}`));
        }
        left -= chunk.length;
        if (left === 0) next();
        else if (left < 0) finish(reject, new WorkNotDone('the answer has another length'));
      };
      const onClose = () => finish(reject, new WorkNotDone('the connection was closed'));
      socket.on('data', onData).once('close', onClose);
      next();
    });
  }

  return {
    /** @returns how many were answered, all with 200 */
    async forMs(milliseconds) {
      const end = performance.now() + milliseconds;
      let count = 0;
      const goesOn = () => {
        if (performance.now() >= end) return false;
        count += 1;
        return true;
      };
      await Promise.all(sockets.map((socket) => ask(socket, goesOn)));
      return count;
    },
    async requests(total) {
      let count = 0;
      const goesOn = () => {
        count += 1;
        return count <= total;
      };
      await Promise.all(sockets.map((socket) => ask(socket, goesOn)));
      return total;
    },
    /** Until the promise is settled. */
    async until(promise) {
      let isOver = false;
      const over = promise.finally(() => {
        isOver = true;
      });
      await Promise.all([over, ...sockets.map((socket) => ask(socket, () => !isOver))]);
      return promise;
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

// An emulator in a process of its own, with as many access tokens as it is told to make, and ways to it that take longer.
// Its parent gets them all.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { startEmulator } from '@esauth/emulator';

const [count, ...distances] = process.argv.slice(2).map(Number);
const emulator = await startEmulator({
  users: { jane: { password: 'secret-of-jane', roles: ['viewer', 'monitoring_user'] } },
});
const tokens = Array.from({ length: count }, () => emulator.authorization('jane'));
const { port } = new URL(emulator.url);
const farther = await Promise.all(distances.map(wayThatTakes));
process.on('disconnect', () => process.exit());
process.send({ url: emulator.url, tokens, farther });

/** @param {number} ms by which each answer comes later */
async function wayThatTakes(ms) {
  const server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => setTimeout(() => near.write(chunk), ms));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      one.on('error', () => {}).on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

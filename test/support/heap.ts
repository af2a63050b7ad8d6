// What this process holds on to: garbage is collected by hand, which Node offers only to those who ask.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/**
 * Collects garbage so often that what hangs on other garbage goes too; what a turn has looked at stays until it is
 * over.
 */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    await new Promise(setImmediate);
    collect();
  }
}

/** @returns how many bytes are held, in objects and in buffers. */
export async function heldBytes(): Promise<number> {
  await collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

// `npm run bench`: each comparison in a process of its own, so that none is measured in another's garbage.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const files = ['hit.mjs', 'guard.mjs', 'miss.mjs', 'express.mjs', 'emulator.mjs', 'memory.mjs'];
for (const file of files) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { status } = spawnSync(process.execPath, [path], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

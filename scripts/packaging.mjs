// Every combination of how the packages can be loaded, compiled and bundled (`test/packaging`); `npm test` runs a share.

import { install, root, run, tool } from './setup.mjs';

const vitest = ['run', '--config', 'test/vitest.config.ts', '--project', 'packages'];
const good =
  install() &&
  tool('tsc', '-b') &&
  run(`${root}node_modules/.bin/vitest`, vitest, { ESAUTH_TEST_PACKAGING: 'all' });
process.exitCode = good ? 0 : 1;

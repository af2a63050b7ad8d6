// Everything that must hold before a change lands: installs what is missing, then format, lint, types, build,
// the directions of imports and all tests. Each check counts as one, each test as one; the last line sums them up.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { installBrowser } from './browser.mjs';
import { fetchPrometheus } from './prometheus.mjs';
import { installRedis } from './redis.mjs';
import { install, root, tool } from './setup.mjs';

const results = `${root}node_modules/.cache/tests.json`;
const sources = ['packages', 'examples', 'bench', 'docs', 'test', 'scripts'];
let passed = 0;
let failed = 0;

if (check('install', install)) {
  check('format and lint', () => tool('biome', 'ci', '--error-on-warnings', '.'));
  check('types and build', () => tool('tsc', '-b'));
  check('directions of imports', () => tool('depcruise', '--output-type', 'err-long', ...sources));
  check('browser', installBrowser);
  check('redis', installRedis);
  check('Prometheus', fetchPrometheus);
  runTests();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function check(name, step) {
  console.log(`\n# ${name}`);
  const good = step();
  if (good) passed += 1;
  else failed += 1;
  return good;
}

function runTests() {
  console.log('\n# tests');
  rmSync(results, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const good = tool('vitest', 'run', '--config', 'test/vitest.config.ts', ...reporters);
  const counted = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {};
  passed += counted.numPassedTests ?? 0;
  failed += counted.numFailedTests ?? 0;
  // A file that does not load, or an unhandled rejection, fails the run without failing a test.
  if (!good && !counted.numFailedTests) failed += 1;
}

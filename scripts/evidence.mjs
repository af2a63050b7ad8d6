// What is promised has been tried so often: `npm run docs:evidence` runs the tests that docs/how-it-works/promises.md
// quotes, and a minute of the attack (`-- --seconds 600` for ten), collects their counts (`test/support/evidence.ts`), and
// writes them into docs/how-it-works/evidence.json and the page.

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { install, root } from './setup.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' } },
});
const results = `${root}node_modules/.cache/evidence.json`;
const vitest = `${root}test/node_modules/vitest/vitest.mjs`;
/** Filters of the files that bear evidence. */
const witnesses = [
  'properties/verifier-model',
  'properties/privileges-model',
  'properties/verifier-schedules',
  'client/token-source-model',
  'redis/sharing-model',
  'core/verifier/faults',
  'core/verifier/states',
  'core/verifier/recorded',
  'emulator/recorded/recorded',
  'attack/',
];

if (!install()) process.exit(1);
const told = { counts: countsOfTests(), attack: countsOfAttack(Number(values.seconds)) };
writeFileSync(`${root}docs/how-it-works/evidence.json`, `${JSON.stringify(told, undefined, 2)}\n`);
test('docs/evidence', '-u');

function countsOfTests() {
  rmSync(results, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  test(...witnesses, ...reporters);
  const { testResults } = JSON.parse(readFileSync(results, 'utf8'));
  const all = testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ meta }) => meta.evidence ?? {}),
  );
  return sorted(Object.assign({}, ...all));
}

function test(...what) {
  const options = ['--config', 'test/vitest.config.ts', '--no-file-parallelism'];
  const env = { ...process.env, ESAUTH_EVIDENCE: 'renew' };
  const run = spawnSync(process.execPath, [vitest, 'run', ...what, ...options], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (run.status !== 0) throw new Error('a test has failed: what it promises is not told');
}

/** Its figures are other ones each time, so they are told with the day. */
function countsOfAttack(seconds) {
  const run = spawnSync(process.execPath, ['test/attack/run.mjs', '--seconds', String(seconds)], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (run.status !== 0) throw new Error(`the attack has found something:\n${run.stdout}`);
  // "frameworks: connections 8136, answers 14000, …": one line for each attack.
  const lines = [...run.stdout.matchAll(/^(frameworks|nodes|headers|pollution): (.*)$/gm)];
  const figures = lines.map(([, name, pairs]) => [
    name,
    Object.fromEntries(
      pairs.split(', ').map((pair) => [pair.replace(/ \d+$/, ''), Number(pair.split(' ').at(-1))]),
    ),
  ]);
  return { date: new Date().toISOString().slice(0, 10), seconds, figures: Object.fromEntries(figures) };
}

function sorted(counts) {
  return Object.fromEntries(Object.entries(counts).sort(([one], [other]) => (one < other ? -1 : 1)));
}

// The four attacks, one after the other, for as long as wanted: `npm run test:attack -- --seconds 600`. Each prints what
// it has counted. `--seed` makes the same attempts again, in the same order; `--only frameworks`, `nodes`, `headers` or `pollution` one
// attack alone. Fails by its exit code.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const options = ['--config', 'test/vitest.config.ts', '--no-file-parallelism', '--disable-console-intercept'];
const all = ['frameworks', 'nodes', 'headers', 'pollution'];
const attacks = all.filter((name) => values.only === '' || values.only === name);
if (attacks.length === 0)
  refuse(`there is no attack "${values.only}": --only takes one of ${all.join(', ')}`);
if (!(Number(values.seconds) > 0))
  refuse(`--seconds is ${values.seconds}: it takes a number above 0, such as 60`);
const files = attacks.map((name) => `attack/${name}.test.ts`);
const { status } = spawnSync(process.execPath, [vitest, 'run', ...files, ...options], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    // Each has a quarter of the time, so that one alone gets all of it.
    ESAUTH_ATTACK_SECONDS: String(Number(values.seconds) * (values.only === '' ? 1 : 4)),
    ...(values.seed !== undefined && { ESAUTH_ATTACK_SEED: values.seed }),
  },
});
process.exitCode = status ?? 1;

function refuse(sentence) {
  process.stderr.write(`test:attack: ${sentence}\n`);
  process.exit(2);
}

// The recipes for tests of somebody's own API pass as they stand, and fail where they should: with a guard taken away,
// each of them has a test that says so.

import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';

// Each starts a runner of its own, beside this one.
vi.setConfig({ testTimeout: 120_000 });

const folder = fileURLToPath(new URL('../../examples/testing/', import.meta.url));
const recipes = [
  ['test:vitest', 'vitest.test.js', /Tests +5 passed/],
  ['test:jest', 'jest.test.cjs', /Tests: +2 passed, 2 total/],
  ['test:node', 'node.test.js', /^# pass 2$/m],
  ['test:fastify', 'fastify.test.js', /^# pass 2$/m],
] as const;

/** What a script of the recipes prints. */
async function npm(script: string, cwd: string): Promise<{ ok: boolean; out: string }> {
  // What runs these tests must not tell a runner that it is one of them.
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, VITEST: ___, ...env } = process.env;
  const options = { cwd, env: { ...env, NO_COLOR: '1', NODE_V8_COVERAGE: '' } };
  try {
    const { stdout, stderr } = await promisify(execFile)('npm', ['run', script], options);
    return { ok: true, out: stdout + stderr };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { ok: false, out: stdout + stderr };
  }
}

describe.each(recipes)('%s', (script, file, passed) => {
  test('passes', async () => {
    const { ok, out } = await npm(script, folder);
    expect(out).toMatch(passed);
    expect(ok).toBe(true);
  });

  test('fails when everybody is let in', async () => {
    // Beside the recipes, so that it finds what they import.
    const copy = await mkdtemp(join(folder, '.without-'));
    onTestFinished(() => rm(copy, { recursive: true, force: true }));
    await cp(join(folder, 'package.json'), join(copy, 'package.json'));
    await symlink(join(folder, 'node_modules'), join(copy, 'node_modules'));
    const source = await readFile(join(folder, file), 'utf8');
    const open = source
      .replace('esauth(verifier)', 'esauth(verifier, { optional: true })')
      .replace('{ verifier }', '{ verifier, optional: true }')
      .replace("preHandler: requireRoles('analyst')", '')
      .replace("requireRoles('analyst')", '(req, res, next) => next()')
      .replaceAll('.identity.', '.identity?.');
    expect(open).not.toBe(source);
    await writeFile(join(copy, file), open);
    expect((await npm(script, copy)).ok).toBe(false);
  });
});

test('the workflow for GitHub Actions names commands that work', async () => {
  const { jobs } = parse(await readFile(join(folder, 'github-actions.yml'), 'utf8'));
  const steps: { run?: string }[] = jobs.test.steps;
  const commands = steps.flatMap(({ run }) => run ?? []);
  expect(commands.slice(0, 2)).toEqual(['npm ci', 'npm test']);
  // The first two are what the recipes are above. A shell as the runner's, whose end is the emulator's.
  const [, , emulator = ''] = commands;
  const cwd = await mkdtemp(join(folder, '.step-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const free = emulator
    .replace('--port 9200', '--port 0')
    .replace('http://127.0.0.1:9200', '$(cat emulator.log)');
  const env = { ...process.env, CI: 'true' };
  const { stdout } = await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', free], { cwd, env });
  expect(JSON.parse(stdout)).toMatchObject({ username: 'elastic' });
});

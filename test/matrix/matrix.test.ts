// The matrix is what it says elsewhere that it is: in CI, in the documentation and in the manifests of the packages.
// Its cells are run by `npm run matrix`; here one of each framework runs, with what this repository has installed.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import semver from 'semver';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const json = (file: string) => JSON.parse(readFileSync(root + file, 'utf8'));
const matrix: {
  readonly node: readonly string[];
  readonly frameworks: Readonly<Record<string, readonly string[]>>;
  readonly clients: readonly string[];
  readonly elasticsearch: readonly string[];
} = json('test/matrix/matrix.json');

/** Runs a program of the matrix. */
async function run(args: readonly string[], cwd = root): Promise<{ code: number; out: string; err: string }> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return promisify(execFile)(process.execPath, args, { cwd, env }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error) => ({ code: error.code, out: error.stdout, err: error.stderr }),
  );
}

describe.each(Object.keys(matrix.frameworks))('a cell with %s', (framework) => {
  test('finds nothing that should not be', { timeout: 120_000 }, async () => {
    const args = ['--no-warnings', 'test/matrix/cell/cell.mjs', framework, '9', '9.5'];
    const { out, err } = await run(args);
    expect(err).toBe('');
    expect(JSON.parse(out)).toEqual({ node: process.versions.node, checks: 38, failures: [] });
  });
});

test('what is generated from it is as it would be generated', async () => {
  const script = `
    const { generated, renewed } = await import('./test/matrix/tables.mjs');
    const { readFileSync } = await import('node:fs');
    for (const each of await generated()) {
      if ((await renewed(each)) !== readFileSync(each.file, 'utf8')) console.log(each.file + ' is not: npm run matrix');
    }`;
  expect(await run(['--input-type=module', '--eval', script])).toEqual({ code: 0, out: '', err: '' });
});

test('the last run was of these cells, all of them', async () => {
  const script = `
    const { cellsOf, nameOf } = await import('./test/matrix/cells.mjs');
    console.log(JSON.stringify(cellsOf().map(nameOf)));`;
  const { out } = await run(['--input-type=module', '--eval', script]);
  const { cells } = json('test/matrix/results.json');
  expect(Object.keys(cells), 'run `npm run matrix`').toEqual(JSON.parse(out));
  const kinds = matrix.node.length * Object.values(matrix.frameworks).flat().length;
  expect(Object.keys(cells).length).toBe(kinds * matrix.clients.length * matrix.elasticsearch.length);
});

test('a cell that fails is a sentence that says which and why', async () => {
  const script = `
    const { nodeTable, sentencesOf } = await import('./test/matrix/tables.mjs');
    const { cellsOf } = await import('./test/matrix/cells.mjs');
    const [first, second] = cellsOf({ node: '22', framework: 'koa3' });
    const results = [{ ...first, failures: [] }, { ...second, failures: ['a is wanted, and b came'] }];
    console.log(JSON.stringify([sentencesOf(results), nodeTable(results)[3]]));`;
  const { out } = await run(['--input-type=module', '--eval', script]);
  const [sentences, row] = JSON.parse(out);
  expect(sentences).toEqual([
    `Node ${matrix.node[1]}, koa ${matrix.frameworks.koa?.[1]}, client ${matrix.clients[0]}, Elasticsearch ${matrix.elasticsearch[1]}: a is wanted, and b came.`,
  ]);
  expect(row.split('|').map((cell: string) => cell.trim())[5]).toBe('1 of 2');
});

test.each([
  [
    ['--node', '21'],
    'matrix.json has no cell for --node 21: it takes majors, such as --node 22 --framework express5.',
  ],
  [['--quick', '--jobs', '0'], '--jobs is 0: it takes how many cells run at a time, such as 2.'],
  [
    ['--quick', '--node', '22'],
    '--quick is a part of its own, of every Node and framework: leave out --node and --framework, or --quick.',
  ],
])('a part that there is not is refused in a sentence: %j', async (args, sentence) => {
  expect(await run(['test/matrix/run.mjs', ...args])).toEqual({ code: 2, out: '', err: `${sentence}\n` });
});

/** A range and a list of versions are of the same majors: nothing is promised that is not run, or run in vain. */
function expectSame(range: string, versions: readonly string[]): void {
  for (const version of versions)
    expect(semver.satisfies(version, range), `${version} in ${range}`).toBe(true);
  for (const part of range.split('||')) {
    expect(
      versions.filter((version) => semver.satisfies(version, part)),
      `versions in ${part}`,
    ).not.toEqual([]);
  }
}

describe('what the manifests promise is what is run', () => {
  const names = ['cli', 'client', 'core', 'emulator', 'express', 'fastify', 'koa', 'opentelemetry', 'redis'];

  test.each(['', ...names.map((name) => `packages/${name}/`)])('engines of %spackage.json', (folder) => {
    expectSame(json(`${folder}package.json`).engines.node, matrix.node);
  });

  test.each(Object.entries(matrix.frameworks))('the peer %s', (framework, versions) => {
    const range = json(`packages/${framework}/package.json`).peerDependencies[framework];
    expectSame(range, versions);
    expect(readFileSync(`${root}docs/support.md`, 'utf8')).toContain(
      `\`${range.replaceAll('||', '\\|\\|')}\``,
    );
  });

  test('the page of what is supported has the same engines', () => {
    expect(readFileSync(`${root}docs/support.md`, 'utf8')).toContain(
      `\`${json('package.json').engines.node}\``,
    );
  });

  test('the versions are those that the other tests run with', () => {
    const { dependencies } = json('test/package.json');
    const installed = (name: string) => dependencies[name].split('@').at(-1);
    const of = (name: string) => [installed(`${name}${name === 'koa' ? 2 : 4}`), installed(name)];
    for (const [name, versions] of Object.entries(matrix.frameworks)) expect(versions).toEqual(of(name));
    expect(matrix.clients).toEqual([installed('elasticsearch8'), installed('elasticsearch9')]);
  });
});

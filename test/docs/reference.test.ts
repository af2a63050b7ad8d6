// A public name that nobody explains fails the build of the reference: `docs/make-reference.mjs` on packages of the test's own.
// Ours are read by it whenever the site is built.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { root } from './documents.js';

const packages = ['express', 'koa', 'fastify', 'core', 'client', 'redis', 'opentelemetry', 'emulator'];

/** What the script prints where the packages have these sources, and `nothing` where they have none. */
async function faultsOf(sources: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'esauth-reference-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of new Set([...packages, ...Object.keys(sources)])) {
    await mkdir(join(folder, 'packages', name, 'src'), { recursive: true });
    const source = sources[name] ?? '/** Nothing. */\nexport interface Nothing {}\n';
    await writeFile(join(folder, 'packages', name, 'src/index.ts'), source);
  }
  await mkdir(join(folder, 'docs'));
  const compilerOptions = { noEmit: true, noLib: true, types: [], target: 'ES2023', module: 'NodeNext' };
  const tsconfig = { include: ['../packages/*/src/index.ts'], compilerOptions };
  await writeFile(join(folder, 'docs/tsconfig.reference.json'), JSON.stringify(tsconfig));
  const { code, stderr } = await promisify(execFile)(process.execPath, [
    join(root, 'docs/make-reference.mjs'),
    `${folder}/`,
  ]).catch((error) => error);
  expect(code).toBe(1);
  expect(await readdir(join(folder, 'docs'))).toEqual(['tsconfig.reference.json']);
  return stderr.trim().split('\n');
}

test('a name without a comment, one without a task and a package without a place are a sentence each', async () => {
  const faults = await faultsOf({
    core: `/** Makes one. */\nexport function createVerifier(): void {}
/** Is new. */\nexport function createOther(): void {}
export function roles(): void {}
/** @returns one of them */\nexport function anyRole(): void {}
export interface Options { readonly a: string }
export type Kind = 'a';\n`,
    other: 'export {};\n',
  });
  const gone =
    /^docs\/tasks\.mjs has @esauth\/\w+ \w+, which is no public function, class or constant: delete it$/;
  expect(faults.filter((fault) => !gone.test(fault)).sort()).toEqual([
    '@esauth/core createOther is in no task of the reference: add it to docs/tasks.mjs, under what one does with it',
    '@esauth/core exports Kind, which has no doc comment: say above it what it is',
    '@esauth/core exports Options, which has no doc comment: say above it what it is',
    '@esauth/core exports roles, which has no doc comment: say above it what it is',
    'packages/other has no place in the reference: add it to docs/make-reference.mjs',
  ]);
  expect(faults.some((fault) => fault.startsWith('docs/tasks.mjs has @esauth/express esauth,'))).toBe(true);
  expect(faults.some((fault) => fault.startsWith('docs/tasks.mjs has @esauth/core createVerifier,'))).toBe(
    false,
  );
});

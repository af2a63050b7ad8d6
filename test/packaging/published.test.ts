// What npm's visitor sees of a package, and what its tarball holds: checked by the linters of publishers and by what
// we promise. The project's address stands in one place, `homepage` of the root's manifest.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { describe, expect, inject, test } from 'vitest';
import { site } from '../../docs/.vitepress/address.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const { homepage, license, engines } = JSON.parse(await read('package.json'));
const { tarballs, npm } = inject('packed');

const names = ['cli', 'client', 'core', 'emulator', 'express', 'fastify', 'koa', 'opentelemetry', 'redis'];

test('all packages are packed', () => {
  expect(Object.keys(tarballs).sort()).toEqual(names.map((name) => `@esauth/${name}`));
});

describe.each(names)('%s', (name) => {
  const tarball = tarballs[`@esauth/${name}`] ?? '';
  const installed = join(npm, 'node_modules/@esauth', name);
  const manifest = async () => JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));

  test('says where it is from, and what it is for', async () => {
    const { keywords, ...told } = await manifest();
    expect(told).toMatchObject({
      license,
      engines,
      homepage: `${homepage}/tree/main/packages/${name}#readme`,
      repository: { type: 'git', url: `git+${homepage}.git`, directory: `packages/${name}` },
      bugs: { url: `${homepage}/issues` },
    });
    expect(keywords).toContain('elasticsearch');
    expect(keywords.length).toBeGreaterThan(5);
  });

  test('is found by resolvers that know exports, and by those that do not', async () => {
    const { main, types, exports, type } = await manifest();
    expect(type).toBe('commonjs');
    expect(exports['.']).toMatchObject({ types, default: main });
  });

  test('holds what it needs, and nothing of how it is made', async () => {
    const { stdout } = await promisify(execFile)('tar', ['-tzf', tarball]);
    const files = stdout.trim().split('\n');
    for (const file of ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']) {
      expect(files).toContain(`package/${file}`);
    }
    expect(files.filter((file) => /tsconfig|tsbuildinfo|\.png$|\.test\./.test(file))).toEqual([]);
    expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toBe(await read('LICENSE'));
    expect(JSON.stringify(await manifest())).not.toContain('workspace:');
  });

  test('has a readme whose links and pictures lead somewhere from npm too', async () => {
    const readme = await readFile(join(installed, 'README.md'), 'utf8');
    const targets = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !/^(https:\/\/|#)/.test(target))).toEqual([]);
    const ours = targets.filter((target) => /\/(packages|docs)\//.test(target));
    const roots = [`${homepage}/`, site];
    expect(ours.filter((target) => !roots.some((each) => target.startsWith(each)))).toEqual([]);
  });

  test('publint has nothing to say', async () => {
    const file = await readFile(tarball);
    const { messages } = await publint({ strict: true, pack: { tarball: file.buffer as ArrayBuffer } });
    expect(messages).toEqual([]);
  });

  test('are the types wrong? No, in no way to resolve them', async () => {
    const checked = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
    expect(checked).toMatchObject({ types: { kind: 'included' }, problems: [] });
  });
});

test.each(['core', 'express', 'fastify', 'koa'])(
  'the readme of %s is a screen, and leads to promises and codes',
  async (name) => {
    const text = await read(join('packages', name, 'README.md'));
    expect(text.split('\n').length).toBeLessThan(65);
    for (const page of ['quick-start', 'what-you-can-rely-on', 'errors', `packages/${name}`]) {
      if (name !== 'core' || page !== 'quick-start') expect(text).toContain(`](${site}${page})`);
    }
    expect(await read('docs/what-you-can-rely-on.md')).toContain('`credentials_missing`');
  },
);

test('npm does not pack a range that it cannot turn into a version', async () => {
  const packing = promisify(execFile)('npm', ['pack', '--dry-run'], {
    cwd: join(root, 'packages/koa'),
    shell: process.platform === 'win32',
  });
  await expect(packing).rejects.toMatchObject({
    stderr: expect.stringContaining('@esauth/koa depends on @esauth/core@workspace:^, which npm cannot pack'),
  });
});

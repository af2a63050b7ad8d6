// Loaded from their tarballs, on every Node that `engines` names: by `require` and by `import`, without a word.

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import manifest from '@esauth/core/package.json' with { type: 'json' };
import { describe, expect, inject, test } from 'vitest';
import { add, allWell, environment, node, runApp, scratch } from './scratch.js';

const names = Object.keys(inject('packed').tarballs);
const versions = Object.keys(inject('packed').nodes);
const [tooOld = '', ...supported] = versions;

test('the versions tried are the ones that the packages name', () => {
  const least = ['20.19.0', '22.12.0', '24.'];
  expect(manifest.engines.node).toBe('^20.19.0 || ^22.12.0 || >=24');
  for (const start of least) expect(supported.some((version) => version.startsWith(start))).toBe(true);
});

describe.each(supported)('Node %s', (version) => {
  test.each(['app.cjs', 'app.mjs'])(
    'serves with Express, Koa and Fastify, and calls with the client, from %s',
    async (file) => {
      const folder = await scratch();
      await add(folder, 'apps.cjs', file);
      expect(await runApp(file, folder, { version, env: await environment() })).toEqual(allWell);
    },
  );

  test('import finds every name that require finds, and the same values', async () => {
    // What Node adds to a CommonJS module that is imported.
    const source = `
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const added = ['default', 'module.exports', '__esModule'];
      for (const name of ${JSON.stringify(names)}) {
        const [required, imported] = [require(name), await import(name)];
        const seen = Object.keys(imported).filter((key) => !added.includes(key));
        const same = seen.filter((key) => imported[key] === required[key]);
        console.log(name, Object.keys(required).sort().join() === same.sort().join(), same.length > 0);
      }`;
    const ran = await node(['all.mjs'], await scratch({ 'all.mjs': source }), { version });
    const expected = names.map((name) => `${name} true true\n`).join('');
    expect(ran).toEqual({ code: 0, stdout: expected, stderr: '' });
  });
});

test('a second copy of core, of another version, is one with the first, and is told', async () => {
  const folder = await scratch();
  const copy = join(folder, 'vendor/node_modules/@esauth/core');
  await mkdir(copy, { recursive: true });
  await promisify(execFile)('tar', [
    '-xzf',
    inject('packed').tarballs['@esauth/core'] ?? '',
    '-C',
    copy,
    '--strip-components=1',
  ]);
  const state = join(copy, 'dist/values/process-state.js');
  const built = await readFile(state, 'utf8');
  const older = built.replaceAll(`'${manifest.version}'`, "'0.0.7'");
  expect(older).not.toBe(built);
  await writeFile(state, older);
  await add(folder, 'apps.cjs');
  // As an application whose own range asks for another core than the adapters'.
  const app = `
    const { createVerifier } = require('@esauth/core');
    const adapter = (name) => ({ framework: require(name), ours: { ...require('@esauth/' + name), createVerifier } });
    const [express, koa, fastify] = ['express', 'koa', 'fastify'].map(adapter);
    if (express.ours.roles === require('@esauth/core').roles) throw new Error('there is one copy');
    require('../apps.cjs')({ express, koa, fastify, client: require('@esauth/client') });`;
  await writeFile(join(folder, 'vendor/app.cjs'), app);
  const ran = await node(['vendor/app.cjs'], folder, { env: await environment() });
  expect(JSON.parse(ran.stdout)).toEqual(allWell);
  expect(ran.stderr).toContain(
    `two versions of @esauth/core are loaded, 0.0.7 and ${manifest.version}; install one for the whole application`,
  );
});

describe(`Node ${tooOld}`, () => {
  test.each(names)('is told what %s needs', async (name) => {
    const files = { 'a.cjs': `require('${name}')`, 'a.mjs': `import '${name}'` };
    const folder = await scratch(files);
    for (const file of Object.keys(files)) {
      const { code, stderr } = await node([file], folder, { version: tooOld });
      const needed = name === '@esauth/emulator' ? name : '@esauth/core';
      expect(stderr).toContain(
        `Error: esauth: ${needed} needs Node 20.19, 22.12, 24 or later; this is ${tooOld}\n`,
      );
      expect(code).toBe(1);
    }
  });

  test('is told so by the command too', async () => {
    const ran = await node(['node_modules/.bin/esauth-emulator', '--help'], await scratch(), {
      version: tooOld,
    });
    expect(ran.stderr).toContain('esauth: @esauth/emulator needs Node');
    expect([ran.code, ran.stdout]).toEqual([1, '']);
  });
});

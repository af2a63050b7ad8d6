// An application of three adapters, their frameworks and the client in one file, as bundlers make it, minified or not: it answers,
// and Fastify's check for late guards finds them whatever they are called.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, inject, onTestFinished, test } from 'vitest';
import { bundlers } from './bundlers.js';
import { add, allWell, environment, isWhole, node, runApp, scratch } from './scratch.js';

// The others take a minute each on a machine that is busy.
const tried = Object.entries(bundlers).filter(([name]) => isWhole || name.startsWith('esbuild'));

const [tooOld = ''] = Object.keys(inject('packed').nodes);

for (const [name, { bundle, extension }] of tried) {
  test.each([false, true])(`${name}, minified: %s`, async (minify) => {
    const folder = await scratch();
    await add(folder, 'apps.cjs', 'app.mjs');
    const elsewhere = await mkdtemp(join(tmpdir(), 'esauth-bundle-'));
    onTestFinished(() => rm(elsewhere, { recursive: true }));
    const outfile = join(elsewhere, `bundle.${extension}`);
    await bundle({ entry: join(folder, 'app.mjs'), outfile, minify });
    expect(await runApp(outfile, elsewhere, { env: await environment() })).toEqual(allWell);
    // What loads nothing and only looks at the version has not been dropped. The message alone: Node prints the line
    // too, all of what is minified.
    const told = `import('${pathToFileURL(outfile)}').catch(({ message }) => console.log(message))`;
    const { stdout } = await node(['--eval', told], elsewhere, { version: tooOld });
    expect(stdout).toContain(`needs Node 20.19, 22.12, 24 or later; this is ${tooOld}\n`);
  });
}

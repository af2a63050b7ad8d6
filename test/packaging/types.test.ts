// The declarations of the tarballs, for compilers from TypeScript 5.4 on, in every way to resolve modules: one source
// as CommonJS and as an ES module, with errors that it expects, so that nothing in it is `any` unseen.

import { expect, test } from 'vitest';
import { add, compile, compilers, isWhole, scratch } from './scratch.js';

/** Flags, and the names under which the source is compiled. What an ES module is, a name says or the flags. */
const settings: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  commonjs: [['--module', 'commonjs'], ['consumer.ts']],
  node16: [
    ['--module', 'node16'],
    ['consumer.cts', 'consumer.mts'],
  ],
  nodenext: [
    ['--module', 'nodenext'],
    ['consumer.cts', 'consumer.mts'],
  ],
  bundler: [['--module', 'esnext', '--moduleResolution', 'bundler'], ['consumer.ts']],
};

/** `node10` is what `commonjs` meant before TypeScript 7, which does not have it; 6.0 wants to be asked for it. */
const forCommonJs: Readonly<Record<string, readonly string[]>> = {
  '5.4': ['--moduleResolution', 'node10'],
  '5.9': ['--moduleResolution', 'node10'],
  '6.0': ['--moduleResolution', 'node10', '--ignoreDeprecations', '6.0'],
  '7.0': ['--moduleResolution', 'bundler'],
};

const both = compilers.flatMap((version) =>
  Object.keys(settings).map((setting) => [version, setting] as const),
);
// The native compiler takes a tenth of the others' time.
const share = both.filter(
  ([version, setting]) => version === '7.0' || (version === '5.4' && setting === 'commonjs'),
);

test.each(isWhole ? both : share)('TypeScript %s, %s', async (version, setting) => {
  const [flags, files] = settings[setting] ?? [[], []];
  const folder = await scratch();
  for (const file of files) await add(folder, ['consumer.ts', file]);
  const common = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--esModuleInterop',
    '--target',
    'es2022',
    '--types',
    'node',
  ];
  const more = setting === 'commonjs' ? (forCommonJs[version] ?? []) : [];
  const ran = await compile(version, [...common, ...flags, ...more, ...files], folder);
  expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
});

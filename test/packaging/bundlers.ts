// The bundlers, told as little as a bundle for Node needs. All of the application goes in, the frameworks too.

import { builtinModules } from 'node:module';
import { basename, dirname } from 'node:path';
import commonjsPlugin from '@rollup/plugin-commonjs';
import jsonPlugin from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terserPlugin from '@rollup/plugin-terser';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { build as buildWithVite } from 'vite';
import webpack from 'webpack';

// Their types say that they are CommonJS, which they are only for `require`.
const plugin = <Types extends { default: unknown }>(made: Types) => made as unknown as Types['default'];
const [commonjs, json, terser] = [plugin(commonjsPlugin), plugin(jsonPlugin), plugin(terserPlugin)];

export interface Bundling {
  readonly entry: string;
  readonly outfile: string;
  readonly minify: boolean;
}

type Bundler = (bundling: Bundling) => Promise<void>;

/** What an ES module lacks that a CommonJS dependency may want. */
const banner = [
  "import { createRequire } from 'node:module';",
  "import { dirname } from 'node:path';",
  "import { fileURLToPath } from 'node:url';",
  'const require = createRequire(import.meta.url);',
  'const __filename = fileURLToPath(import.meta.url);',
  'const __dirname = dirname(__filename);',
].join('');

const esbuild =
  (format: 'cjs' | 'esm'): Bundler =>
  async ({ entry, outfile, minify }) => {
    await build({
      entryPoints: [entry],
      outfile,
      minify,
      bundle: true,
      platform: 'node',
      format,
      logLevel: 'error',
      ...(format === 'esm' && { banner: { js: banner } }),
    });
  };

const withWebpack: Bundler = ({ entry, outfile, minify }) =>
  new Promise((done, fail) => {
    webpack(
      {
        mode: 'production',
        target: 'node20',
        entry,
        output: { path: dirname(outfile), filename: basename(outfile) },
        optimization: { minimize: minify },
      },
      (error, stats) => {
        const problem = error ?? stats?.toJson().errors?.[0];
        if (problem) fail(new Error(problem.message));
        else done();
      },
    );
  });

const withRollup: Bundler = async ({ entry, outfile, minify }) => {
  const builtins = builtinModules.flatMap((name) => [name, `node:${name}`]);
  const plugins = [
    nodeResolve({ preferBuiltins: true }),
    // undici asks for it when somebody wants that store. Left alone it is hoisted, and Node 20 does not have it.
    commonjs({ ignore: ['node:sqlite'] }),
    json(),
    ...(minify ? [terser()] : []),
  ];
  const bundle = await rollup({ input: entry, plugins, external: builtins, onwarn: () => {} });
  await bundle.write({ file: outfile, format: 'cjs' });
  await bundle.close();
};

const withVite: Bundler = async ({ entry, outfile, minify }) => {
  await buildWithVite({
    configFile: false,
    root: dirname(entry),
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      minify,
      emptyOutDir: false,
      outDir: dirname(outfile),
      rolldownOptions: { output: { entryFileNames: basename(outfile) } },
    },
  });
};

export const bundlers: Readonly<Record<string, { readonly bundle: Bundler; readonly extension: string }>> = {
  'esbuild, cjs': { bundle: esbuild('cjs'), extension: 'cjs' },
  'esbuild, esm': { bundle: esbuild('esm'), extension: 'mjs' },
  webpack: { bundle: withWebpack, extension: 'cjs' },
  vite: { bundle: withVite, extension: 'mjs' },
  rollup: { bundle: withRollup, extension: 'cjs' },
};

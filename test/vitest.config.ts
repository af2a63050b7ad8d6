import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Tests run on the sources. The condition is needed twice: without `ssr` vitest silently loads `dist`.
const conditions = ['@esauth/source', 'node'];
const published = 'packaging/**/*.test.ts';

/**
 * Of values, or of an emulator of their own: they change nothing that other files of the same process could see, so a
 * worker loads what they have in common once. A process for each costs a third of a second more.
 */
const together = [
  'core/{memory,options,time,values}/**/*.test.ts',
  'emulator/{authentication,authorization,controls,endpoints,goldens,issuing,names,options,search}/**/*.test.ts',
];
const modules = '**/node_modules/**';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Process warnings are part of what is tested, and would drown the report.
    execArgv: ['--no-warnings'],
    // All there are: vitest leaves one for itself, which on two means that files run one after another.
    maxWorkers: availableParallelism(),
    // How long something may take that hangs, and not how long it takes: that is another matter on every machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      { extends: true, test: { name: 'together', include: together, isolate: false } },
      {
        extends: true,
        test: { name: 'sources', include: ['**/*.test.ts'], exclude: [published, ...together, modules] },
      },
      {
        extends: true,
        test: {
          name: 'packages',
          include: [published],
          exclude: [modules],
          globalSetup: 'packaging/setup.ts',
          // After the others, some of which run on the real clock: compilers and bundlers take all there is.
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
        },
      },
    ],
  },
});

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Tests run on the sources. The condition is needed twice: without `ssr` vitest silently loads `dist`.
const conditions = ['@esauth/source', 'node'];
const published = 'packaging/**/*.test.ts';
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
      {
        extends: true,
        test: { name: 'sources', include: ['**/*.test.ts'], exclude: [published, modules] },
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

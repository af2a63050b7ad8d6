import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Tests run on the sources. The condition is needed twice: without `ssr` vitest silently loads `dist`.
const conditions = ['@esauth/source', 'node'];
const published = 'packaging/**/*.test.ts';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Process warnings are part of what is tested, and would drown the report.
    execArgv: ['--no-warnings'],
    projects: [
      {
        extends: true,
        test: { name: 'sources', include: ['**/*.test.ts'], exclude: [published, '**/node_modules/**'] },
      },
      {
        extends: true,
        test: {
          name: 'packages',
          include: [published],
          exclude: ['**/node_modules/**'],
          globalSetup: 'packaging/setup.ts',
          // After the others, some of which run on the real clock: compilers and bundlers take all there is.
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
        },
      },
    ],
  },
});

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Tests run on the sources. The condition is needed twice: without `ssr` vitest silently loads `dist`.
const conditions = ['@esauth/source', 'node'];

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  // Process warnings are part of what is tested, and would drown the report.
  test: { include: ['**/*.test.ts'], execArgv: ['--no-warnings'] },
});

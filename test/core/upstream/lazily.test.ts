import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as whole from 'undici';
import { describe, expect, test } from 'vitest';
import { undici } from '../../../packages/core/src/upstream/lazily.js';
import { respond, startScriptedNode } from '../../support/scripted-node.js';

const run = promisify(execFile);
/** As it is built: sources are loaded otherwise. */
const core = join(
  dirname(createRequire(import.meta.url).resolve('@esauth/core/package.json')),
  'dist/index.js',
);

test('the parts of undici are those of its index', () => {
  const { Client, Pool, buildConnector } = undici();
  expect([Client.name, Pool.name, buildConnector.name]).toEqual(['Client', 'Pool', 'buildConnector']);
  expect(whole).toMatchObject({ Client: expect.any(Function), Pool: expect.any(Function) });
  expect([Client, Pool, buildConnector]).toEqual([whole.Client, whole.Pool, whole.buildConnector]);
});

describe('in a process of its own', () => {
  /** What is loaded after each step. */
  async function loadedAfter(...steps: readonly string[]): Promise<readonly string[][]> {
    const script = `
      const loaded = () => Object.keys(require.cache).map((file) => file.replaceAll('\\\\', '/'));
      const libraries = () => loaded().flatMap((file) => file.split(/\\/node_modules\\/(?:undici|lru-cache)\\//)[1] ?? []);
      (async () => {
        const said = [];
        ${steps.map((step) => `${step}; said.push(libraries());`).join('\n')}
        console.log(JSON.stringify(said));
      })();`;
    const { stdout } = await run(process.execPath, ['-e', script], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    });
    return JSON.parse(stdout);
  }

  test('importing and making a verifier load nothing of undici and of lru-cache; the first lookup loads its pool, and not the rest', async () => {
    const node = await startScriptedNode(respond({ status: 503 }));
    const [imported, made, asked] = await loadedAfter(
      `const { createVerifier } = require(${JSON.stringify(core)})`,
      `const verifier = createVerifier({ nodes: ${JSON.stringify(node.url)}, upstream: { retries: 0 } })`,
      "await verifier.verify('Bearer dGhlLXNlY3JldA'); await verifier.close()",
    );
    expect([imported, made]).toEqual([[], []]);
    expect(asked).toContain('lib/dispatcher/pool.js');
    expect(asked).not.toContain('index.js');
    expect(node.requests).toHaveLength(1);
    await node.close();
  });
});

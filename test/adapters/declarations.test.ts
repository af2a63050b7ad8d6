// An application that installs an adapter and nothing else of ours, with pnpm, where `@esauth/core` cannot be reached
// from it: the declarations of what it exports can be written all the same, in names of the adapter.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });
const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esauth-declarations-'));
  const places = {
    '@esauth/express': 'packages/express',
    '@esauth/koa': 'packages/koa',
    '@esauth/fastify': 'packages/fastify',
    '@types/node': 'node_modules/@types/node',
    '@types/express': 'test/node_modules/@types/express',
    '@types/koa': 'test/node_modules/@types/koa',
    fastify: 'test/node_modules/fastify',
  };
  for (const [name, place] of Object.entries(places)) {
    const link = join(folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(await realpath(join(root, place)), link, 'junction');
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(folder, { recursive: true }));

const middleware = `
  export const middleware = ours.esauth(verifier);
  export const forEach = ours.esauth(() => verifier);`;

test.each([
  ['express', middleware],
  ['koa', middleware],
  ['fastify', 'export const options: ours.EsauthOptions = { verifier };'],
])('%s', async (name, more) => {
  const source = `
    import * as ours from '@esauth/${name}';
    export const verifier = ours.createVerifier({ nodes: 'http://127.0.0.1:9200' });
    export const verify = (header: string) => verifier.verify(header);
    export const ask = (header: string) => verifier.hasPrivileges(header, { cluster: ['monitor'] });
    export const states = () => [verifier.health(), verifier.stats()] as const;
    export const requirement = ours.anyOf(ours.roles('a'), ours.privileges({ cluster: ['monitor'] }));
    export const guards = [ours.requireThat(requirement), ours.requireIdentity(), ours.requireRoles('a')];
    export const who = (of: Parameters<typeof ours.identityOf>[0]) => ours.identityOf(of);
    export const headers = (of: Parameters<typeof ours.callerHeaders>[0]) => ours.callerHeaders(of);
    export const handle = ours.handleDenials;
    export const code = (error: unknown) => error instanceof ours.LookupError && error.code;
    export const body = (error: unknown) => error instanceof ours.DenialError && error.body;
    ${more}`;
  await writeFile(join(folder, `${name}.ts`), source);
  const options = ['--declaration', '--strict', '--skipLibCheck', '--target', 'es2022', '--types', 'node'];
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const args = [compiler, ...options, '--module', 'nodenext', `${name}.ts`];
  const failed = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch(
    ({ stdout }) => stdout,
  );
  expect(failed).toMatchObject({ stdout: '' });
  const declared = await readFile(join(folder, `${name}.d.ts`), 'utf8');
  expect(declared).toContain('verifier: ours.Verifier;');
  expect(declared).not.toContain('@esauth/core');
});

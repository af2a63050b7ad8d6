// What an application that declares `identity` on its requests itself writes, so that ours has another name in its
// types too (the option `property`): each in a program of its own, because it holds for a whole one.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });
const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esauth-property-'));
  const places = {
    '@esauth/express': 'packages/express',
    '@esauth/fastify': 'packages/fastify',
    '@types/node': 'node_modules/@types/node',
    '@types/express': 'test/node_modules/@types/express',
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

async function compile(name: string, source: string): Promise<string> {
  await writeFile(join(folder, `${name}.ts`), source);
  const options = ['--declaration', '--strict', '--skipLibCheck', '--target', 'es2022', '--types', 'node'];
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const args = [compiler, ...options, '--module', 'nodenext', `${name}.ts`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch(
    (error) => error,
  );
  return stdout;
}

test.each([
  [
    'express',
    `declare global {
       namespace Express {
         interface Request { identity: { tenant: string } }
       }
     }
     export function handler(req: import('express').Request) {`,
  ],
  [
    'fastify',
    `declare module 'fastify' {
       interface FastifyRequest { identity: { tenant: string } }
     }
     export function handler(req: import('fastify').FastifyRequest) {`,
  ],
])('%s: an application that declares identity itself says how ours is called', async (name, declaration) => {
  const source = (property: string) => `
    import { identityOf, type Identity } from '@esauth/${name}';
    declare module '@esauth/${name}' {
      interface IdentityProperty { name: 'caller' }
    }
    ${declaration}
      const tenant: string = req.identity.tenant;
      const ours: Identity | undefined = req.${property};
      // @ts-expect-error it may be absent
      req.caller.subject;
      return [tenant, ours, identityOf(req).subject];
    }`;
  expect(await compile(`${name}-property`, source('caller'))).toBe('');
  expect(await compile(`${name}-property`, source('nobody'))).toContain("Property 'nobody' does not exist");
});

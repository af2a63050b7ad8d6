// An application that has an adapter and nothing else of ours, installed by pnpm, so that `@esauth/core` cannot be
// reached from it: the declarations of what it exports can be written all the same, in names of the adapter.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compile, isWhole, scratch } from './scratch.js';

const middleware = `
  export const middleware = ours.esauth(verifier);
  export const forEach = ours.esauth(() => verifier);`;

const adapters = [
  ['express', middleware],
  ['koa', middleware],
  ['fastify', 'export const options: ours.EsauthOptions = { verifier };'],
] as const;

const settings = [
  ['7.0', 'nodenext', 'mts'],
  ['7.0', 'nodenext', 'cts'],
  ['5.4', 'commonjs', 'ts'],
] as const;
// Old compilers take ten times as long.
const tried = settings.filter(([compiler]) => isWhole || compiler === '7.0');

test.each(adapters.flatMap(([name, more]) => tried.map((setting) => [name, ...setting, more] as const)))(
  '%s, with TypeScript %s, %s, .%s',
  async (name, compiler, module, extension, more) => {
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
    const folder = await scratch({ [`app.${extension}`]: source }, 'pnpm');
    const ran = await compile(compiler, ['--declaration', '--module', module, `app.${extension}`], folder);
    expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
    const declared = await readFile(join(folder, `app.d.${extension}`), 'utf8');
    expect(declared).toContain('verifier: ours.Verifier;');
    expect(declared).not.toContain('@esauth/core');
  },
);

// Projects of users, each in a folder of its own, with what `setup.ts` has installed.

import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmulator } from '@esauth/emulator';
import { expect, inject, onTestFinished } from 'vitest';

/** `npm run test:packaging` tries every combination, `npm test` a share of them. */
export const isWhole = process.env.ESAUTH_TEST_PACKAGING === 'all';

/** A project with these files, gone when the test is over. */
export async function scratch(
  files: Readonly<Record<string, string>> = {},
  manager: 'npm' | 'pnpm' = 'npm',
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'esauth-packed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(join(inject('packed')[manager], 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

/** Puts files of `fixtures/` there, under their names or others. */
export async function add(
  folder: string,
  ...fixtures: readonly (string | [string, string])[]
): Promise<void> {
  for (const fixture of fixtures) {
    const [from, to] = typeof fixture === 'string' ? [fixture, fixture] : fixture;
    await cp(fileURLToPath(new URL(`fixtures/${from}`, import.meta.url)), join(folder, to));
  }
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node, this one or another, as a user's shell would. */
export function node(
  args: readonly string[],
  cwd: string,
  more: { readonly version?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  const binary = more.version === undefined ? process.execPath : inject('packed').nodes[more.version];
  if (binary === undefined) throw new Error(`setup.ts has no Node ${more.version}`);
  const { NODE_OPTIONS: _, VITEST: __, NODE_ENV: ___, ...env } = process.env;
  return new Promise((done, fail) => {
    const child = spawn(binary, args, { cwd, env: { ...env, ...more.env } });
    const printed = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (printed.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (printed.stderr += text));
    child.on('error', fail).on('close', (code) => done({ code, ...printed }));
  });
}

const folders = {
  '5.4': 'typescript5.4',
  '5.9': 'typescript5.9',
  '6.0': 'typescript6.0',
  '7.0': 'typescript',
};
export type Compiler = keyof typeof folders;
export const compilers = Object.keys(folders) as Compiler[];

/** Runs a TypeScript of this version, strictly, on files of a project. */
export function compile(version: Compiler, args: readonly string[], cwd: string): Promise<Ran> {
  const tsc = new URL(`node_modules/${folders[version]}/bin/tsc`, import.meta.url);
  const common = ['--strict', '--skipLibCheck', '--target', 'es2022', '--types', 'node'];
  return node([fileURLToPath(tsc), ...common, ...args], cwd);
}

/** An emulator's address, with a credential that it accepts, as `fixtures/apps.cjs` asks for them. */
export async function environment(): Promise<Record<string, string>> {
  const emulator = await startEmulator({ users: { alice: { password: 'secret', roles: ['superuser'] } } });
  onTestFinished(() => emulator.close());
  const password = { grant_type: 'password', username: 'alice', password: 'secret' };
  const answer = await fetch(`${emulator.url}/_security/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('alice:secret')}`, 'content-type': 'application/json' },
    body: JSON.stringify(password),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return { ESAUTH_TEST_NODE: emulator.url, ESAUTH_TEST_AUTHORIZATION: `Bearer ${token}` };
}

/** What `fixtures/apps.cjs` prints when all is well. */
export const allWell = {
  express: [401, 200, '"alice"'],
  koa: [401, 200, '"alice"'],
  fastify: [401, 200, '"alice"'],
  late: expect.stringMatching(/onSend.* too late for a guard/),
  client: ['alice', true, 'unauthorized'],
  // One memory for three adapters: they have the same copy of what is below them.
  lookups: 1,
};

/** Runs such an application. */
export async function runApp(
  file: string,
  cwd: string,
  more: { version?: string; env: Record<string, string> },
): Promise<unknown> {
  const { code, stdout, stderr } = await node([file], cwd, more);
  return code === 0 && stderr === '' ? JSON.parse(stdout) : { code, stdout, stderr };
}

// A small project of the same shape as ours, in a repository of its own, and a registry that has what a test says.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ours = fileURLToPath(new URL('../..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(join(ours, 'package.json'), 'utf8'));

const manifestOf = (name: string) => ({
  name: `@fixture/${name}`,
  version: '1.2.0',
  license: 'Apache-2.0',
  type: 'commonjs',
  engines: { node: '>=20' },
  main: './dist/index.js',
  types: './dist/index.d.ts',
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  files: ['dist'],
});

const filesOf = (name: string) => ({
  'package.json': JSON.stringify(manifestOf(name)),
  'README.md': `# ${name}\n`,
  LICENSE: 'Do what you like.\n',
  'dist/index.js': "'use strict';\nexports.one = 1;\n",
  'dist/index.d.ts': 'export declare const one: number;\n',
});

export const project: Readonly<Record<string, string>> = {
  '.gitignore': 'node_modules\n',
  'package.json': JSON.stringify({
    private: true,
    license: 'Apache-2.0',
    packageManager,
    scripts: { build: 'node -e ""' },
  }),
  'pnpm-workspace.yaml': 'packages:\n  - packages/*\n',
  LICENSE: 'Do what you like.\n',
  'CHANGELOG.md': '# Changelog\n\n## 1.2.0, 2026-11-26\n\n- **one**: something.\n\n## 1.1.0\n\n- Old.\n',
  ...within('packages/one', filesOf('one')),
  ...within('packages/two', filesOf('two')),
};

function within(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}

export interface Repository {
  readonly folder: string;
  /** Puts a file there, or takes it away. */
  change(file: string, text?: string): void;
  git(...args: readonly string[]): string;
  /** Commits everything. */
  commit(): void;
  /** Another, as this one is now. */
  copy(): Repository;
}

/** A repository with these files, all of them committed on `main`. */
export function createRepository(files: Readonly<Record<string, string>>): Repository {
  const repository = repositoryIn(mkdtempSync(join(tmpdir(), 'esauth-release-')));
  for (const [name, text] of Object.entries(files)) repository.change(name, text);
  repository.git('init', '--quiet', '--initial-branch', 'main');
  repository.commit();
  return repository;
}

const folders: string[] = [];

export function removeRepositories(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

function repositoryIn(folder: string): Repository {
  folders.push(folder);
  const git = (...args: readonly string[]) => {
    const somebody = ['-c', 'user.name=somebody', '-c', 'user.email=somebody@example.org'];
    return execFileSync('git', [...somebody, '-c', 'commit.gpgsign=false', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  };
  return {
    folder,
    git,
    change(file, text) {
      const path = join(folder, file);
      if (text === undefined) return rmSync(path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    },
    commit() {
      git('add', '--all');
      git('commit', '--quiet', '--message', 'Change');
    },
    copy() {
      const other = mkdtempSync(join(tmpdir(), 'esauth-release-'));
      cpSync(folder, other, { recursive: true });
      return repositoryIn(other);
    },
  };
}

export interface Registry {
  readonly url: string;
  /** By package: versions, what it says instead, with which status it refuses, or nothing for one that it never answers about. */
  has: Readonly<Record<string, readonly string[] | string | number | undefined>>;
  close(): Promise<unknown>;
}

/** A registry that says which versions there are, as npm's does. */
export async function startRegistry(): Promise<Registry> {
  const server = createServer((req, res) => {
    res.setHeader('connection', 'close');
    const { has } = registry;
    const name = decodeURIComponent(req.url ?? '').slice(1);
    if (!(name in has)) return res.writeHead(404).end('{}');
    const said = has[name];
    if (typeof said === 'number') return res.writeHead(said).end('{}');
    if (typeof said === 'string') return res.end(said);
    if (said === undefined) return undefined;
    const manifestIn = (version: string) => ({
      name,
      version,
      dist: { tarball: `${registry.url}${version}.tgz` },
    });
    return res.end(
      JSON.stringify({ name, versions: Object.fromEntries(said.map((each) => [each, manifestIn(each)])) }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const registry: Registry = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    has: {},
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
  return registry;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs one of our scripts in such a project. */
export async function runScript(
  script: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const { NODE_OPTIONS: _, ACTIONS_ID_TOKEN_REQUEST_URL: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(ours, 'scripts', script), ...args], {
    cwd,
    env: { ...inherited, ...env },
  });
  const ran = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (ran.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (ran.err += text));
  const [code] = await once(child, 'close');
  return { code, ...ran };
}

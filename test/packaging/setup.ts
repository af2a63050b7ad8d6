// Before any test of what is published: packs all packages as they would be published, and installs them as users do,
// with npm into one project and with pnpm into another, where nothing is found that its manifest does not name.
// Both stay under `node_modules/.cache`. A later run unpacks there what has changed and takes no network, unless a
// manifest has changed.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

export interface Packed {
  /** Where the tarballs are. */
  readonly tarballs: Readonly<Record<string, string>>;
  /** Projects with our packages, and what an application has beside them. */
  readonly npm: string;
  readonly pnpm: string;
  /** Node's binaries by their versions. */
  readonly nodes: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: Packed;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules/.cache/packaging');
const windows = process.platform === 'win32';

/** What applications have; the versions are those that the other tests run with. */
const frameworks = {
  express: '5.3.0',
  fastify: '5.12.8',
  koa: '3.3.0',
  '@koa/router': '15.7.0',
  '@opentelemetry/api': '1.9.1',
};
const types = { '@types/express': '5.0.6', '@types/koa': '3.0.3', '@types/node': '20.19.43' };
const besides = { ...frameworks, ...types, supertest: '7.3.2' };

/** The least of each release line that we take, the newest, and one that is too old. */
const nodeVersions = ['18.20.8', '20.19.0', '22.12.0', '22.23.3', '24.21.0'];

export default async function setup(project: TestProject): Promise<void> {
  await mkdir(cache, { recursive: true });
  const tarballs = await pack();
  const manifests = await Promise.all(Object.values(tarballs).map((file) => manifestIn(file)));
  const all = Object.fromEntries(Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]));
  const { '@esauth/emulator': _, ...overrides } = all;
  const { '@esauth/core': __, ...adapters } = overrides;
  const npmInstall = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  const pnpmInstall = ['install', '--prefer-offline', '--no-frozen-lockfile', '--ignore-workspace'];
  // At once: each waits for the registry most of its time.
  const [npm, pnpm, found] = await Promise.all([
    install('npm', tarballs, manifests, { dependencies: { ...all, ...besides } }, (folder) =>
      run('npm', npmInstall, folder),
    ),
    install(
      'pnpm',
      tarballs,
      manifests,
      // Nothing of ours is in the registry.
      { dependencies: { ...adapters, ...frameworks, ...types }, pnpm: { overrides } },
      (folder) => runPnpm(pnpmInstall, folder),
    ),
    nodes(),
  ]);
  project.provide('packed', { tarballs, npm, pnpm, nodes: found });
}

async function pack(): Promise<Record<string, string>> {
  const folder = join(cache, 'packs');
  await rm(folder, { recursive: true, force: true });
  await runPnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder], root);
  const files = (await readdir(folder)).map((file) => join(folder, file));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [(await manifestIn(file)).name, file] as const)),
  );
}

async function manifestIn(tarball: string): Promise<{ name: string }> {
  const { stdout } = await promisify(execFile)('tar', ['-xzOf', tarball, 'package/package.json']);
  return JSON.parse(stdout);
}

/** A project with this manifest; installed anew if it or the manifest of a package has changed. */
async function install(
  name: string,
  tarballs: Record<string, string>,
  manifests: unknown,
  manifest: object,
  installAll: (folder: string) => Promise<unknown>,
): Promise<string> {
  const folder = join(cache, name);
  const stampFile = join(folder, 'installed');
  const stamp = createHash('sha256').update(JSON.stringify({ manifest, manifests })).digest('hex');
  const known = existsSync(stampFile) ? await readFile(stampFile, 'utf8') : undefined;
  if (known !== stamp) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, ...manifest }));
    await installAll(folder);
    await writeFile(stampFile, stamp);
  }
  for (const [packed, file] of Object.entries(tarballs)) {
    const place = await placeOf(packed, folder);
    if (place !== undefined) await unpack(file, place);
  }
  return folder;
}

/** pnpm puts a package that only another needs beside that. */
async function placeOf(name: string, folder: string): Promise<string | undefined> {
  const direct = join(folder, 'node_modules', name);
  if (existsSync(direct)) return realpath(direct);
  const beside = join(
    await realpath(join(folder, 'node_modules/@esauth/express')),
    '..',
    name.replace(/.*\//, ''),
  );
  return existsSync(beside) ? realpath(beside) : undefined;
}

async function unpack(tarball: string, place: string): Promise<void> {
  // pnpm's files are links into its store: they are not written over.
  for (const entry of await readdir(place)) {
    if (entry !== 'node_modules') await rm(join(place, entry), { recursive: true });
  }
  await promisify(execFile)('tar', ['-xzf', tarball, '-C', place, '--strip-components=1']);
}

async function nodes(): Promise<Record<string, string>> {
  const file = join(cache, 'nodes.json');
  const known: Record<string, string> = existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : {};
  const found: Record<string, string> = {};
  for (const version of nodeVersions) {
    const before = known[version];
    found[version] = before !== undefined && existsSync(before) ? before : await fetchNode(version);
  }
  await writeFile(file, JSON.stringify(found));
  return found;
}

async function fetchNode(version: string): Promise<string> {
  const args = ['--yes', '--package', `node@${version}`, '--', 'node', '--print', 'process.execPath'];
  return (await run('npx', args, cache)).trim();
}

async function runPnpm(args: readonly string[], cwd: string): Promise<string> {
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const pnpm = packageManager.split('+')[0];
  return run('npx', ['--prefer-offline', '--yes', pnpm, ...args], cwd);
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, CI: 'true', NODE_OPTIONS: '' };
  const options = { cwd, env, shell: windows, maxBuffer: 64 * 1024 * 1024 };
  try {
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} in ${dirname(cwd)} failed:\n${stdout}${stderr}`, {
      cause: error,
    });
  }
}

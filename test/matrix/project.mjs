// Where the cells run: for each major of a framework a project as a user has it, with our packages from tarballs and
// both official clients, installed by npm, which refuses what does not fit our peer ranges. And the versions of Node.
// All of it stays under `node_modules/.cache/matrix`; a later run installs only what has another manifest.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../../scripts/setup.mjs';
import { majorOf, matrix, shortName } from './cells.mjs';

const cache = join(root, 'node_modules/.cache/matrix');
const shell = process.platform === 'win32';

/** Tarballs by package, as they would be published. */
export async function pack() {
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const folder = join(cache, 'packs');
  await rm(folder, { recursive: true, force: true });
  const args = ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder];
  await run('npx', ['--prefer-offline', '--yes', packageManager.split('+')[0], ...args], root);
  const files = await readdir(folder);
  return Object.fromEntries(files.map((file) => [/^esauth-(.*)-\d/.exec(file)[1], join(folder, file)]));
}

/** The folder of a project with this framework, with the newest of ours in it. */
export async function projectFor(framework, tarballs) {
  const needed = ['core', 'client', 'emulator', framework.framework];
  const ours = needed.map((name) => [`@esauth/${name}`, `file:${tarballs[name]}`]);
  const clients = matrix.clients.map((version) => [
    `elasticsearch${majorOf(version)}`,
    `npm:@elastic/elasticsearch@${version}`,
  ]);
  const dependencies = Object.fromEntries([...ours, ...clients, [framework.framework, framework.version]]);
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies });
  const manifests = await Promise.all(needed.map((name) => manifestIn(tarballs[name])));
  const stamp = createHash('sha256')
    .update(JSON.stringify([manifest, manifests]))
    .digest('hex');
  const folder = join(cache, shortName(framework));
  const stampFile = join(folder, 'installed');
  const known = existsSync(stampFile) ? await readFile(stampFile, 'utf8') : undefined;
  if (known !== stamp) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), manifest);
    await run('npm', ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
    await writeFile(stampFile, stamp);
  } else {
    for (const name of needed) await unpack(tarballs[name], join(folder, 'node_modules/@esauth', name));
  }
  await cp(fileURLToPath(new URL('cell', import.meta.url)), folder, { recursive: true });
  return folder;
}

/** The path of this Node: the one that runs this, if it is that, else what npm's package `node` brings. */
export async function nodeOf(version) {
  if (version === process.versions.node) return process.execPath;
  const args = ['--prefer-offline', '--yes', '--package', `node@${version}`, '--'];
  await mkdir(cache, { recursive: true });
  return (await run('npx', [...args, 'node', '--print', 'process.execPath'], cache)).trim();
}

async function manifestIn(tarball) {
  return (await promisify(execFile)('tar', ['-xzOf', tarball, 'package/package.json'])).stdout;
}

async function unpack(tarball, place) {
  for (const entry of await readdir(place)) {
    if (entry !== 'node_modules') await rm(join(place, entry), { recursive: true });
  }
  await promisify(execFile)('tar', ['-xzf', tarball, '-C', place, '--strip-components=1']);
}

async function run(command, args, cwd) {
  const options = { cwd, env: { ...process.env, CI: 'true', NODE_OPTIONS: '' }, shell, maxBuffer: 2 ** 26 };
  try {
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`;
    throw new Error(`${command} ${args.join(' ')} in ${cwd} failed:\n${said}`, { cause: error });
  }
}

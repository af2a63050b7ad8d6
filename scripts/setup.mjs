// Makes a fresh clone ready to run: installs the dependencies and builds the packages, each only if it is
// not up to date. Needs Node and npm, nothing else. A second run takes no network.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../', import.meta.url));
const stampFile = `${root}node_modules/.esauth-installed`;

/** Runs a command in the project's root, or elsewhere, with its output on ours; answers whether it succeeded. */
export function run(command, args, env = {}, cwd = root) {
  // npx and the tools are .cmd files on Windows, which only a shell starts, and paths may have spaces.
  const shell = process.platform === 'win32';
  const options = { cwd, stdio: 'inherit', env: { ...process.env, ...env }, shell };
  return spawnSync(shell ? `"${command}"` : command, args, options).status === 0;
}

/** Runs a tool of the root's `devDependencies`. */
export function tool(name, ...args) {
  return run(`${root}node_modules/.bin/${name}`, args);
}

export function install() {
  const wanted = stamp();
  const known = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (known === wanted && manifests().every(isInstalled)) return true;
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const pnpm = packageManager.split('+')[0];
  // CI=true: without a terminal pnpm otherwise refuses to replace an older node_modules.
  const installed = run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile'], { CI: 'true' });
  if (installed) writeFileSync(stampFile, wanted);
  return installed;
}

/** Everything that decides what an install would do: the lock file, the manifests, and the platform. */
function stamp() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests()]) {
    hash.update(`\0${file}\0`).update(readFileSync(root + file));
  }
  return hash.digest('hex');
}

/** The manifests of the root and of every workspace package. */
function manifests() {
  const folders = ['packages', 'examples'].flatMap((parent) =>
    readdirSync(root + parent).map((name) => `${parent}/${name}`),
  );
  return ['.', 'test', 'test/packaging', 'bench', 'docs', ...folders]
    .map((folder) => `${folder}/package.json`)
    .filter((file) => existsSync(root + file));
}

/** Whether a package that depends on something has a folder with it. */
function isInstalled(manifest) {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(root + manifest, 'utf8'));
  const folder = `${root}${manifest.slice(0, -'package.json'.length)}node_modules`;
  return existsSync(folder) || (dependencies === undefined && devDependencies === undefined);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = install() && tool('tsc', '-b') ? 0 : 1;
}

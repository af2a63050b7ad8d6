// How long it takes from `npx esauth check` to its first line, where the packages are installed as they would be
// published: in milliseconds, the median and the extremes of ten, beside what npx and Node take for nothing. Packs and
// installs in a folder of its own; undici comes from npm.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './setup.mjs';

const run = promisify(execFile);
const shell = process.platform === 'win32';
const times = 10;

const folder = await mkdtemp(join(tmpdir(), 'esauth-first-line-'));
try {
  await install();
  const url = 'http://127.0.0.1:9';
  const npx = ['npx', '--no-install'];
  const rows = {
    'npx esauth check': [...npx, 'esauth', 'check', url],
    'npx esauth --version': [...npx, 'esauth', '--version'],
    'node_modules/.bin/esauth check': [join(folder, 'node_modules/.bin/esauth'), 'check', url],
    'node -p 1': [process.execPath, '-p', '1'],
  };
  for (const [name, command] of Object.entries(rows)) {
    const took = [];
    for (let time = 0; time < times; time += 1) took.push(await firstLine(command));
    took.sort((one, other) => one - other);
    const [least, median, most] = [took[0], took[times / 2], took[times - 1]].map(Math.round);
    console.log(`${name.padEnd(32)} ${median} ms (${least} to ${most})`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function install() {
  const { packageManager } = (await import('../package.json', { with: { type: 'json' } })).default;
  const packs = join(folder, 'packs');
  const wanted = ['core', 'client', 'cli'].flatMap((name) => ['--filter', `./packages/${name}`]);
  const pack = ['--recursive', ...wanted, 'pack', '--pack-destination', packs];
  await run('npx', ['--yes', packageManager.split('+')[0], ...pack], { cwd: root, shell });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const files = (await readdir(packs)).map((file) => join(packs, file));
  await run('npm', ['install', '--no-audit', '--no-fund', ...files], { cwd: folder, shell });
}

/** Milliseconds until something is printed. */
async function firstLine([command, ...args]) {
  const from = performance.now();
  const child = spawn(command, args, { cwd: folder, shell, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const took = performance.now() - from;
  await once(child, 'close');
  return took;
}

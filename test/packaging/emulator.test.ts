/** What of the emulator is published: the page has files that no compiler copies. */

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../packages/emulator/', import.meta.url));

test('the page is in the package, and nothing of how it is checked', async () => {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['pack', '--dry-run', '--json'];
  const { stdout } = await promisify(execFile)(npm, args, { cwd: folder, shell: npm === 'npm.cmd' });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const packed = files.map(({ path }) => path);
  const ofPage = (await readdir(`${folder}page`)).filter((name) => name !== 'tsconfig.json');
  expect(packed).toEqual(expect.arrayContaining(ofPage.map((name) => `page/${name}`)));
  expect(packed.filter((path) => /tsconfig|tsbuildinfo|\.png$/.test(path))).toEqual([]);
}, 30_000);

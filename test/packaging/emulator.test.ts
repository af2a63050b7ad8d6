/**
 * What is published of the emulator is enough to start it: the files of its package, some of which no compiler
 * copies, and what it depends on.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { end, killAll, run } from '../support/command.js';
import { send } from '../support/http-client.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });
const source = fileURLToPath(new URL('../../packages/emulator', import.meta.url));
let folder: string;
let installed: string;

// As npm would install it, but from this machine: it needs no network.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esauth-packed-'));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  await promisify(execFile)(npm, ['pack', '--pack-destination', folder], { cwd: source });
  const [tarball = ''] = await readdir(folder);
  installed = join(folder, 'node_modules/@esauth/emulator');
  await mkdir(installed, { recursive: true });
  await promisify(execFile)('tar', ['-xzf', join(folder, tarball), '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const target = join(folder, 'node_modules', name);
    await mkdir(dirname(target), { recursive: true });
    await symlink(await realpath(join(source, 'node_modules', name)), target, 'junction');
  }
});
afterAll(async () => {
  killAll();
  await rm(folder, { recursive: true });
});

test('the page is in the package, and nothing of how it is checked', async () => {
  const ofPage = (await readdir(join(source, 'page'))).filter((name) => name !== 'tsconfig.json');
  expect((await readdir(join(installed, 'page'))).sort()).toEqual(ofPage.sort());
  const packed = await readdir(installed, { recursive: true });
  expect(packed.filter((path) => /tsconfig|tsbuildinfo|\.png$/.test(path))).toEqual([]);
});

test('it has one command, so that npx needs to be told no name', async () => {
  const { bin } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  expect(Object.keys(bin)).toEqual(['esauth-emulator']);
});

test('the command starts, with TLS and the page', async () => {
  const started = run(['--port', '0', '--tls'], { cwd: folder }, join(installed, 'bin/esauth-emulator.js'));
  const [, url = '', file = ''] = await started.printed(/at (\S+)\n[\s\S]*authority (\S+)\n[\s\S]*api_key\n/);
  const page = await send(`${url}/_esauth/`, { ca: await readFile(file, 'utf8') });
  expect([page.status, page.header('content-type')]).toEqual([200, ['text/html; charset=utf-8']]);
  // The page is run from what is published, not from the sources.
  expect((await send(`${url}/_esauth/page.js`, { ca: await readFile(file, 'utf8') })).status).toBe(200);
  expect((await end(started)).code).toBe(0);
});

test('it can be imported, and verifies signatures', async () => {
  const script = `
    import { startEmulator } from '@esauth/emulator';
    import { SignJWT } from 'jose';
    const hmacKey = 'a text of at least thirty-two bytes';
    const emulator = await startEmulator({
      jwtRealms: [{
        allowedIssuer: 'iss', allowedAudiences: ['aud'], allowedSignatureAlgorithms: ['HS256'], hmacKey,
        claims: { principal: 'sub' }, clientAuthentication: { type: 'none' },
      }],
    });
    const jwt = await new SignJWT({ iss: 'iss', aud: 'aud', sub: 'alice' })
      .setProtectedHeader({ alg: 'HS256' }).setIssuedAt().setExpirationTime('5m').sign(Buffer.from(hmacKey));
    const me = await fetch(emulator.url + '/_security/_authenticate', { headers: { authorization: 'Bearer ' + jwt } });
    console.log((await me.json()).username);
    await emulator.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
  });
  expect(stdout).toBe('alice\n');
});

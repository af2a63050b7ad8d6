/**
 * What is published of the emulator is enough to start it: the files of its package, some of which no compiler
 * copies, and what it depends on.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { end, killAll, run } from '../support/command.js';
import { send } from '../support/http-client.js';
import { node, scratch } from './scratch.js';

const source = fileURLToPath(new URL('../../packages/emulator', import.meta.url));
const installed = 'node_modules/@esauth/emulator';
afterAll(killAll);

test('the page is in the package, and nothing of how it is checked', async () => {
  const folder = join(await scratch(), installed);
  const ofPage = (await readdir(join(source, 'page'))).filter((name) => name !== 'tsconfig.json');
  expect((await readdir(join(folder, 'page'))).sort()).toEqual(ofPage.sort());
});

test('it has one command, so that npx needs to be told no name', async () => {
  const { bin } = JSON.parse(await readFile(join(await scratch(), installed, 'package.json'), 'utf8'));
  expect(Object.keys(bin)).toEqual(['esauth-emulator']);
});

test('the command starts, with TLS and the page', async () => {
  const folder = await scratch();
  const command = join(folder, 'node_modules/.bin/esauth-emulator');
  const started = run(['--port', '0', '--tls'], { cwd: folder }, command);
  const [, url = '', file = ''] = await started.printed(/at (\S+)\n[\s\S]*authority (\S+)\n[\s\S]*api_key\n/);
  const page = await send(`${url}/_esauth/`, { ca: await readFile(file, 'utf8') });
  expect([page.status, page.header('content-type')]).toEqual([200, ['text/html; charset=utf-8']]);
  // The page is run from what is published, not from the sources.
  expect((await send(`${url}/_esauth/page.js`, { ca: await readFile(file, 'utf8') })).status).toBe(200);
  expect((await end(started)).code).toBe(0);
});

test('it can be imported, and verifies signatures', async () => {
  const hmacKey = 'a text of at least thirty-two bytes';
  const jwt = await new SignJWT({ iss: 'iss', aud: 'aud', sub: 'alice' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(Buffer.from(hmacKey));
  const script = `
    import { startEmulator } from '@esauth/emulator';
    const emulator = await startEmulator({
      jwtRealms: [{
        allowedIssuer: 'iss', allowedAudiences: ['aud'], allowedSignatureAlgorithms: ['HS256'], hmacKey: '${hmacKey}',
        claims: { principal: 'sub' }, clientAuthentication: { type: 'none' },
      }],
    });
    const headers = { authorization: 'Bearer ${jwt}' };
    const me = await fetch(emulator.url + '/_security/_authenticate', { headers });
    console.log((await me.json()).username);
    await emulator.close();`;
  const ran = await node(['jwt.mjs'], await scratch({ 'jwt.mjs': script }));
  expect(ran).toEqual({ code: 0, stdout: 'alice\n', stderr: '' });
});

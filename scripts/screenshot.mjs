// Takes the picture of the emulator's page that is in its readme: `node scripts/screenshot.mjs`.

import { createRequire } from 'node:module';
import { installBrowser, chromium as path } from './browser.mjs';
import { install, root, tool } from './setup.mjs';

if (!(install() && tool('tsc', '-b') && installBrowser())) process.exit(1);

const { startEmulator } = await import('../packages/emulator/dist/index.js');
const { chromium } = createRequire(`${root}test/package.json`)('playwright-core');

const emulator = await startEmulator({
  port: 9200,
  users: {
    alice: { password: 'secret', roles: ['superuser'] },
    bob: { password: 'secret', roles: ['viewer', 'reports'] },
  },
});
const as = (name) => `Basic ${btoa(`${name}:secret`)}`;

async function ask(authorization, path, body) {
  const headers = { authorization, ...(body && { 'content-type': 'application/json' }) };
  const init = { method: body ? 'POST' : 'GET', headers, ...(body && { body: JSON.stringify(body) }) };
  return (await fetch(emulator.url + path, init)).json();
}

const pair = { grant_type: 'password', username: 'bob', password: 'secret' };
const { access_token: early } = await ask(as('alice'), '/_security/oauth2/token', {
  ...pair,
  username: 'alice',
});
await emulator.clock.advance(20 * 60_000 + 1000);
const { access_token } = await ask(as('alice'), '/_security/oauth2/token', pair);
await ask(as('alice'), '/_security/oauth2/token', { grant_type: 'client_credentials' });
await ask(as('alice'), '/_security/api_key', { name: 'backup' });
const { encoded } = await ask(as('alice'), '/_security/api_key', { name: 'reports', expiration: '30d' });
await ask(`ApiKey ${encoded}`, '/_security/_authenticate');
await ask(`Bearer ${access_token}`, '/_security/_authenticate');
await ask(`Bearer ${access_token}`, '/_security/user/alice');
await ask(`Bearer ${early}`, '/_security/_authenticate');
emulator.faults.add({ status: 503, path: '/_cluster/*' });
await ask(as('bob'), '/_cluster/health').catch(() => undefined);

const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1000, height: 700 }, colorScheme: 'light' });
await page.goto(`${emulator.url}/_esauth/`);
await page.getByText('backup').waitFor();
// The list of users is long and all the same.
const { y: height } = await page.locator('section', { hasText: 'Users' }).boundingBox();
const clip = { x: 0, y: 0, width: 1000, height };
await page.screenshot({ path: `${root}packages/emulator/screenshot.png`, fullPage: true, clip });
await browser.close();
await emulator.close();

// examples/login in a real browser, against the emulator: what a person does, and what other sites and lost time do.
// Its commands for curl run as its readme says.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { startBrowser } from '../support/browser.js';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
}, 60_000);
afterAll(() => browser?.close());
vi.setConfig({ testTimeout: 60_000 });

const folder = fileURLToPath(new URL('../../examples/login/', import.meta.url));
const patiently = { timeout: 20_000 };

interface Site {
  readonly url: string;
  readonly emulator: Emulator;
  readonly child: ChildProcess;
}

async function start(options: EmulatorOptions = {}, env: Record<string, string> = {}): Promise<Site> {
  const emulator = await startEmulator({
    users: { alice: { password: 'secret-of-alice', roles: ['viewer'] } },
    ...options,
  });
  const child = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, PORT: '0', ELASTICSEARCH_URL: emulator.url, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await emulator.close();
  });
  return { url: await addressIn(child), emulator, child };
}

async function addressIn({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('what it prints is not read');
  for await (const line of createInterface(stdout)) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error('it ended without an address');
}

async function window(): Promise<BrowserContext> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  return context;
}

async function signIn(page: Page, url: string, password = 'secret-of-alice'): Promise<void> {
  await page.goto(url);
  await page.getByLabel('User').fill('alice');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const isIn = (page: Page) => page.getByText('You are alice').waitFor(patiently);
const isOut = (page: Page) => page.getByRole('button', { name: 'Sign in' }).waitFor(patiently);
const statusOf = (page: Page, path = '/me') =>
  page.evaluate(async (to: string) => (await fetch(to)).status, path);
const refreshes = ({ emulator }: Site) =>
  emulator.requests.filter(({ method, path }) => method === 'POST' && path === '/_security/oauth2/token')
    .length;

test('signs in with the right password alone, and out in every tab and in Elasticsearch', async () => {
  const site = await start();
  const context = await window();
  const [one, other] = [await context.newPage(), await context.newPage()];
  await signIn(one, site.url, 'wrong');
  await one.getByText('This does not sign in anybody.').waitFor(patiently);
  await signIn(one, site.url);
  await isIn(one);
  await other.goto(site.url);
  await isIn(other);

  const [cookie, ...more] = await context.cookies();
  expect(more).toEqual([]);
  expect(cookie).toMatchObject({
    name: '__Host-session',
    value: expect.stringMatching(/^[\w-]{43}$/),
    httpOnly: true,
    secure: true,
    sameSite: 'Strict',
    path: '/',
  });
  expect(await one.evaluate('document.cookie')).toBe('');

  await one.getByRole('button', { name: 'Sign out' }).click();
  await isOut(one);
  await isOut(other);
  expect(await context.cookies()).toEqual([]);
  // Also for whoever has kept the cookie, and for the tokens.
  await context.addCookies([cookie as NonNullable<typeof cookie>]);
  expect(await statusOf(other)).toBe(401);
  const ended = site.emulator.requests.filter(
    ({ method, path }) => method === 'DELETE' && path.endsWith('token'),
  );
  expect(ended).toHaveLength(2);
});

test('a login gives the session another name', async () => {
  const site = await start();
  const context = await window();
  const page = await context.newPage();
  await signIn(page, site.url);
  await isIn(page);
  const [before] = await context.cookies();
  const again = () =>
    page.evaluate(async () => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ username: 'alice', password: 'secret-of-alice' });
      return (await fetch('/login', { method: 'POST', headers, body })).status;
    });
  expect(await again()).toBe(204);
  const [after] = await context.cookies();
  expect(after?.value).not.toBe(before?.value);
  await context.addCookies([before as NonNullable<typeof before>]);
  expect(await statusOf(page)).toBe(401);
});

test('two tabs that refresh at once stay signed in, with one refresh', async () => {
  // Tokens of four seconds are due after about three.
  const site = await start({ tokenTimeoutMs: 4_000 });
  const context = await window();
  const [one, other] = [await context.newPage(), await context.newPage()];
  await signIn(one, site.url);
  await isIn(one);
  await other.goto(site.url);
  await isIn(other);
  const statuses = new Set<number>();
  const before = refreshes(site);
  const endsAt = Date.now() + 20_000;
  let seen = before;
  while (seen < before + 2 && Date.now() < endsAt) {
    const beganAt = performance.now();
    const both = await Promise.all([one, other, one, other].map((page) => statusOf(page)));
    for (const status of both) statuses.add(status);
    // One for all that ask, and the next one not before it is due; where a machine is slow there may be more.
    const due = 1 + Math.floor((performance.now() - beganAt) / 2_500);
    const now = refreshes(site);
    expect(now - seen).toBeLessThanOrEqual(due);
    seen = now;
  }
  expect([...statuses]).toEqual([200]);
  expect(seen).toBeGreaterThanOrEqual(before + 2);
});

test('a session ends when it is not used, and in any case after a time', async () => {
  const idle = await start({}, { SESSION_IDLE_SECONDS: '2' });
  const page = await (await window()).newPage();
  await signIn(page, idle.url);
  await isIn(page);
  const deletions = (site: Site) => site.emulator.requests.filter(({ method }) => method === 'DELETE').length;
  // Nobody asks: the tokens are ended all the same.
  await expect.poll(() => deletions(idle), patiently).toBe(2);
  expect(await statusOf(page)).toBe(401);

  const short = await start({}, { SESSION_LONGEST_SECONDS: '2' });
  const busy = await (await window()).newPage();
  await signIn(busy, short.url);
  await isIn(busy);
  // However often it is used.
  await expect.poll(() => statusOf(busy), { ...patiently, interval: 100 }).toBe(401);
  await expect.poll(() => deletions(short), patiently).toBe(2);
});

/** Signs in as a browser does, without one. */
async function cookieOf(url: string): Promise<string> {
  const answer = await send(url, 'POST', '/login', { username: 'alice', password: 'secret-of-alice' });
  return /^__Host-session=[^;]+/.exec(answer.headers.get('set-cookie') ?? '')?.[0] ?? '';
}

function send(url: string, method: string, path: string, body?: object, cookie = ''): Promise<Response> {
  const headers = { 'sec-fetch-site': 'same-origin', cookie };
  return fetch(url + path, {
    method,
    headers,
    redirect: 'manual',
    ...(body && { body: JSON.stringify(body) }),
  });
}

test('no request is let in after the end of its session, also before anybody has swept', async () => {
  const { url } = await start({}, { SESSION_LONGEST_SECONDS: '4' });
  const cookie = await cookieOf(url);
  // It was opened before that.
  const endsAt = performance.now() + 4_000;
  let late = 0;
  for (let status = 200; status === 200; ) {
    const sentAt = performance.now();
    status = (await send(url, 'GET', '/me', undefined, cookie)).status;
    if (status === 200 && sentAt > endsAt) late += 1;
    else if (status !== 200) expect(status).toBe(401);
  }
  expect(late).toBe(0);
});

test('a logout while Elasticsearch is away counts here, and is made good when it is back', async () => {
  const site = await start({}, { SESSION_IDLE_SECONDS: '8' });
  const page = await (await window()).newPage();
  await signIn(page, site.url);
  await isIn(page);
  const path = '/_security/oauth2/token';
  const mend = site.emulator.faults.add({ method: 'DELETE', path, status: 503 });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out here').waitFor(patiently);
  await isOut(page);
  mend();
  const ended = () =>
    site.emulator.requests.filter(({ method, status }) => method === 'DELETE' && status === 200).length;
  await expect.poll(ended, patiently).toBeGreaterThanOrEqual(2);
});

test('an outage is no logout: the page stays as it is', async () => {
  const site = await start();
  const page = await (await window()).newPage();
  await signIn(page, site.url);
  await isIn(page);
  // The token has to be renewed, and cannot be.
  await site.emulator.clock.advance(20 * 60_000);
  await page.route('**/me', (route) => route.fulfill({ status: 503 }));
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  await page.getByText('Nobody can tell now who you are').waitFor(patiently);
  expect(await page.getByRole('button', { name: 'Sign out' }).isVisible()).toBe(true);
  await page.unroute('**/me');
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  await isIn(page);
  await page.getByText('Nobody can tell now who you are').waitFor({ ...patiently, state: 'hidden' });
});

test('an address that guesses keeps nobody out but itself, and leads nowhere else', async () => {
  const { url } = await start();
  const statuses = async (names: readonly string[]) => {
    const answers = names.map((username) => send(url, 'POST', '/login', { username, password: 'guessed' }));
    return (await Promise.all(answers)).map(({ status }) => status).sort();
  };
  const names = Array.from({ length: 12 }, (_, n) => `somebody ${n}`);
  expect(await statuses(names)).toEqual([...Array(10).fill(401), 429, 429]);
  for (const path of ['//evil.example/%2e%2e%2f', '/%5cevil.example/', '//evil.example', '/page/..;/']) {
    const answer = await send(url, 'GET', path);
    expect([path, answer.status, answer.headers.get('location')]).toEqual([path, 401, null]);
  }
  const { headers } = await send(url, 'GET', '/');
  expect(headers.get('content-security-policy')).toContain("base-uri 'none'; form-action 'self'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test('another site can neither sign out nor sign in', async () => {
  const site = await start();
  const evil = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://a').searchParams.get('path');
    response.setHeader('content-type', 'text/html').end(`<form method="post" action="${site.url}${path}"
      enctype="text/plain"><input name='{"username":"alice","password":"secret-of-alice","x":"' value='"}'></form>
      <script>document.forms[0].submit()</script>`);
  });
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void evil.close());
  // Another name for the same machine is another site.
  const from = `http://localhost:${(evil.address() as AddressInfo).port}/?path=`;
  const context = await window();
  const [own, victim] = [await context.newPage(), await context.newPage()];
  await signIn(own, site.url);
  await isIn(own);
  const cookies = await context.cookies();
  for (const path of ['/logout', '/login']) {
    const answered = victim.waitForResponse((response) => response.url() === site.url + path);
    await victim.goto(from + path, { waitUntil: 'commit' });
    expect((await answered).status()).toBe(403);
    await victim.waitForURL(site.url + path, { waitUntil: 'commit' });
  }
  expect(await statusOf(own)).toBe(200);
  expect(await context.cookies()).toEqual(cookies);
});

test('ends all sessions in Elasticsearch when it is stopped', async () => {
  const site = await start();
  const page = await (await window()).newPage();
  await signIn(page, site.url);
  await isIn(page);
  const ended = once(site.child, 'exit');
  site.child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(site.emulator.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
});

test('answers curl as its readme says', async () => {
  const { url } = await start();
  const readme = await readFile(`${folder}README.md`, 'utf8');
  const [, , commands = ''] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);
  const there = commands.replaceAll('http://127.0.0.1:3000', url);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', there]);
  const announced = [...commands.matchAll(/^curl -i .*# (\d{3})/gm)].map(([, status]) => status);
  expect(announced).toHaveLength(6);
  expect([...stdout.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual(announced);
});

test('starts on a cluster of one’s own as its readme says', async () => {
  const readme = await readFile(`${folder}README.md`, 'utf8');
  const [commands = ''] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block).slice(-1);
  expect(commands).toMatch(/^export ELASTICSEARCH_URL=https:\/\/localhost:9200$/m);
  const emulator = await startEmulator({
    tls: true,
    users: { 'my-app': { password: 'secret-of-the-app', roles: ['superuser'] } },
  });
  onTestFinished(() => emulator.close());
  const there = await mkdtemp(join(tmpdir(), 'esauth-login-'));
  onTestFinished(() => rm(there, { recursive: true, force: true }));
  await writeFile(join(there, 'http_ca.crt'), emulator.ca ?? '');
  const child = spawn(
    'bash',
    [
      '-euo',
      'pipefail',
      '-c',
      commands
        .replace('https://localhost:9200', emulator.url)
        .replace('http_ca.crt', join(there, 'http_ca.crt'))
        .replace('…', 'secret-of-the-app')
        .replace('node ', 'exec node '),
    ],
    { cwd: folder, env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = await addressIn(child);
  const { status } = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({ username: 'elastic', password: 'changeme' }),
  });
  expect(status).toBe(204);
});

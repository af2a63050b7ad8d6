// The site as it is built (`npm run docs:build`), in a real browser: each kind of page in light and dark, on a telephone, without
// an error, a finding of axe, or a request to anybody else; the search, and the diagrams.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { base, site } from '../../docs/.vitepress/address.js';
import { startBrowser } from '../support/browser.js';
import { blocksOf, pages, readmes, root } from './documents.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
const built = join(root, 'node_modules/.cache/docs-site');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.xml': 'text/xml',
};
/** The first page of each folder, and those that look like no other. */
const shown = [
  '',
  'quick-start',
  'errors',
  ...folders().map(
    (folder) =>
      `${folder}/${readdirSync(join(root, 'docs', folder))
        .find(isGuide)
        ?.slice(0, -3)}`,
  ),
  'packages/core',
  'packages/opentelemetry',
  'reference/',
  'reference/core/VerifierOptions',
];

let server: Server;
let browser: Browser;
let address: string;

beforeAll(async () => {
  await rm(built, { recursive: true, force: true });
  await promisify(execFile)(process.execPath, [join(root, 'scripts/docs.mjs'), 'build', built], {
    maxBuffer: 1 << 26,
  });
  // As GitHub Pages serves it: `/a` is `a.html`, `/a/` is `a/index.html`.
  server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const path = pathname.startsWith(base) ? pathname.slice(base.length) : 'nowhere';
    const file =
      path === '' || path.endsWith('/') ? `${path}index.html` : extname(path) ? path : `${path}.html`;
    const body = await readFile(join(built, file)).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': types[extname(file)] ?? 'text/plain',
    });
    response.end(body ?? 'not found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`;
  browser = await startBrowser();
}, 300_000);

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

function isGuide(name: string): boolean {
  return name.endsWith('.md') && name !== 'README.md';
}

function folders(): string[] {
  const found = pages().map(({ path }) => /^docs\/([\w-]+)\//.exec(path)?.[1]);
  return [...new Set(found.filter((folder) => folder !== undefined))];
}

/** Opens a page; `faults` gathers whatever goes wrong there, and requests to anybody else. */
async function open(path: string, width = 1280) {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith('data:')) faults.push(request.url());
  });
  await page.goto(address + path);
  await page.locator('.VPContent').waitFor();
  await drawn(page);
  return { page, faults, close: () => context.close() };
}

/** All diagrams of a page are pictures. */
async function drawn(page: Page): Promise<void> {
  for (const figure of await page.locator('figure.diagram').all()) await figure.locator('svg').waitFor();
}

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: what the script has put there
    const { violations } = await (globalThis as any).axe.run({
      // The button of VitePress' search is named without its shortcut; the rule is an experiment of axe's.
      rules: { 'label-content-name-mismatch': { enabled: false } },
    });
    return violations.map(
      (each: { id: string; nodes: { html: string }[] }) =>
        `${each.id}: ${each.nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
    );
  });
}

async function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth');
}

test.each(shown)(
  'the page /%s reads well in light, in dark and on a telephone',
  async (path) => {
    const { page, faults, close } = await open(path);
    expect(await page.locator('link[rel=canonical]').getAttribute('href')).toBe(site + path);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.locator(`html${colorScheme === 'dark' ? '.dark' : ':not(.dark)'}`).waitFor();
      expect(await findings(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(faults).toEqual([]);
    await close();
  },
  180_000,
);

test('every page is there, and no other is wider than a telephone', async () => {
  const { page, faults, close } = await open('', 360);
  const tooWide: string[] = [];
  for (const { path } of pages()) {
    const link = path.slice('docs/'.length, -'.md'.length).replace(/(^|\/)(index|README)$/, '$1');
    const response = await page.goto(address + link, { waitUntil: 'domcontentloaded' });
    expect(`${response?.status()} ${link}`).toBe(`200 ${link}`);
    if ((await overflow(page)) > 0) tooWide.push(link);
  }
  expect(tooWide).toEqual([]);
  expect(faults).toEqual([]);
  await close();
}, 180_000);

test('the search finds a code without the network', async () => {
  const { page, faults, close } = await open('');
  await page.locator('.VPNavBarSearch button').first().click();
  await page.locator('.VPLocalSearchBox input').fill('circuit_open');
  const first = page.locator('.VPLocalSearchBox .result').first();
  await first.waitFor();
  const found = page.locator('.VPLocalSearchBox a.result[href$="/errors#circuit_open"]');
  await found.first().click();
  await page.waitForURL(/\/errors#circuit_open$/);
  await page.locator('h3#circuit_open').waitFor();
  expect(faults).toEqual([]);
  await close();
}, 120_000);

test('each diagram is drawn, and drawn anew in the dark', async () => {
  const withDiagrams = pages().filter((page) =>
    blocksOf(page).some(({ language }) => language === 'mermaid'),
  );
  expect(withDiagrams.length).toBeGreaterThan(0);
  for (const { path } of withDiagrams) {
    const { page, faults, close } = await open(
      path.slice('docs/'.length, -'.md'.length).replace(/^index$/, ''),
    );
    const picture = page.locator('figure.diagram svg').first();
    const before = await picture.getAttribute('id');
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(() => picture.getAttribute('id'), { timeout: 60_000 }).not.toBe(before);
    expect((await picture.boundingBox())?.width).toBeGreaterThan(100);
    expect(faults).toEqual([]);
    await close();
  }
}, 180_000);

test('links into the reference lead to pages of it', () => {
  const reference = readdirSync(join(built, 'reference'), { recursive: true }).map(String);
  const links = [...pages(), ...readmes()].flatMap(({ path, text }) =>
    [...text.matchAll(/\]\([^)\s]*\breference\/([\w./-]*?)(?:\.md)?(?:#[^)]*)?\)/g)].map(([, link = '']) => ({
      path,
      link,
    })),
  );
  expect(links.length).toBeGreaterThan(5);
  const isThere = (link: string) => reference.includes(link === '' ? 'index.html' : `${link}.html`);
  const broken = links.filter(({ link }) => !isThere(link));
  expect(broken.map(({ path, link }) => `${path}: the reference has no ${link}`)).toEqual([]);
});

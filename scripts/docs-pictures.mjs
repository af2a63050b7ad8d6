// Pictures of the site's pages, in light, in dark and as a telephone shows them: `npm run docs:pictures -- FOLDER PAGE…`, the first page
// and a few others by default. Builds the site first.

import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join, resolve } from 'node:path';
import { installBrowser, chromium as path } from './browser.mjs';
import { root, run } from './setup.mjs';

const [folder, ...given] = process.argv.slice(2);
if (folder === undefined) {
  console.error('npm run docs:pictures -- FOLDER, and then pages such as guides/lifetimes');
  process.exit(2);
}
const pages = given.length > 0 ? given : ['', 'quick-start', 'errors', 'packages/core', 'reference/'];
const built = `${root}node_modules/.cache/docs-pictures`;
if (!(installBrowser() && run(process.execPath, [`${root}scripts/docs.mjs`, 'build', built])))
  process.exit(1);

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const { pathname: base } = new URL(
  /rel="canonical" href="([^"]+)"/.exec(await readFile(`${built}/index.html`, 'utf8'))[1],
);
const server = createServer(async (request, response) => {
  const below = request.url.split('?')[0].slice(base.length);
  const file =
    below === '' || below.endsWith('/') ? `${below}index.html` : extname(below) ? below : `${below}.html`;
  const body = await readFile(join(built, file)).catch(() => undefined);
  response.writeHead(body ? 200 : 404, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
  });
  response.end(body);
}).listen(0, '127.0.0.1');
await new Promise((done) => server.once('listening', done));

const { chromium } = createRequire(`${root}test/package.json`)('playwright-core');
const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] });
mkdirSync(resolve(folder), { recursive: true });
const looks = [
  ['light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
  ['telephone', { viewport: { width: 360, height: 800 }, colorScheme: 'light' }],
];
for (const name of pages) {
  for (const [look, options] of looks) {
    const page = await browser.newPage(options);
    await page.goto(`http://127.0.0.1:${server.address().port}${base}${name}`, { waitUntil: 'networkidle' });
    const file = `${name.replace(/\/$/, '').replaceAll('/', '-') || 'index'}-${look}.png`;
    await page.screenshot({ path: join(resolve(folder), file), fullPage: true });
    console.log(file);
    await page.close();
  }
}
await browser.close();
server.close();

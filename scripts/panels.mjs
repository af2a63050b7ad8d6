// Draws the picture of the dashboard that is in the readme of examples/observability, from what Prometheus has after the
// demo: `node scripts/panels.mjs`.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { installBrowser, chromium as path } from './browser.mjs';
import { drawPage } from './panels-page.mjs';
import { fetchPrometheus, prometheus } from './prometheus.mjs';
import { install, root, tool } from './setup.mjs';

if (!(install() && tool('tsc', '-b') && installBrowser() && fetchPrometheus())) process.exit(1);

const cwd = `${root}examples/observability`;
const env = { ...process.env, ESAUTH_PROMETHEUS: prometheus() };
const told = execFileSync(process.execPath, ['demo.js', '--once'], { cwd, env, maxBuffer: 2 ** 26 });
const { panels } = JSON.parse(told);

const { chromium } = createRequire(`${root}test/package.json`)('playwright-core');
const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1000, height: 700 }, colorScheme: 'light' });
await page.setContent(drawPage(panels));
await page.screenshot({ path: `${cwd}/panels.png`, fullPage: true });
await browser.close();

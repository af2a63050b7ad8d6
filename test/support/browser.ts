/** A real browser for the tests of the emulator's page: Debian's Chromium, or the one that `ESAUTH_CHROMIUM` names. */

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/**
 * Starts a browser without a window.
 *
 * @throws if there is none: `npm test` installs it where it can, and says so where it can not
 */
export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env.ESAUTH_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(`no browser at ${executablePath}: install Chromium there, or set ESAUTH_CHROMIUM to one`);
  }
  return chromium.launch({
    executablePath,
    args: [
      // Containers seldom have what its sandbox needs, and nothing but the emulator is opened.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      // It looks for news from outside otherwise.
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // For the test of DNS rebinding.
      '--host-resolver-rules=MAP rebound.example 127.0.0.1',
    ],
  });
}

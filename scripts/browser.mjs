// Which browser the tests use: Debian's Chromium, installed when it is missing and can be, or one that the
// environment names. There is no test of the page without one.

import { existsSync } from 'node:fs';
import { canInstall, installPackage } from './debian.mjs';

/** Where the browser is, or ought to be. */
export const chromium = process.env.ESAUTH_CHROMIUM ?? '/usr/bin/chromium';

/** Sees to it that there is a browser; says what to do if there is none. */
export function installBrowser() {
  if (!existsSync(chromium) && process.env.ESAUTH_CHROMIUM === undefined && canInstall()) {
    installPackage('chromium');
  }
  if (existsSync(chromium)) return true;
  console.error(
    `There is no browser at ${chromium}, and the emulator's page can not be tested without one. As root on Debian ` +
      'it is installed by itself; elsewhere set ESAUTH_CHROMIUM to the path of a Chromium or Chrome.',
  );
  return false;
}

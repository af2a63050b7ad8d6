// What the tests need of Debian's packages: had by itself as root on Debian, where it is missing.

import { existsSync } from 'node:fs';
import { run } from './setup.mjs';

const quietly = { DEBIAN_FRONTEND: 'noninteractive' };
let isUpdated = false;

/** Whether what is missing can be had by itself. */
export function canInstall() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

export function installPackage(name) {
  return aptGet(['install', '-qq', '-y', '--no-install-recommends', name]);
}

/** Runs `apt-get`, in a folder if one is named, with lists that are brought up to date once. */
export function aptGet(args, folder) {
  if (!isUpdated) isUpdated = run('apt-get', ['update', '-qq'], quietly);
  return run('apt-get', args, quietly, folder);
}

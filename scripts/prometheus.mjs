// Which Prometheus the tests use: Debian's, or one that the environment names. Where it is missing and can be had, it
// is unpacked and not installed, which would start it as a service of the machine; where tools keep such things for a
// user, so that another clone finds it.

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { aptGet, canInstall } from './debian.mjs';
import { run } from './setup.mjs';

const unpacked = join(homedir(), '.cache/esauth/prometheus');
const places = ['/usr/bin/prometheus', join(unpacked, 'usr/bin/prometheus')];

/** Where Prometheus is, and promtool beside it; `undefined` if there is none. */
export function prometheus() {
  return process.env.ESAUTH_PROMETHEUS ?? places.find((place) => existsSync(place));
}

/** Sees to it that there is a Prometheus; says what to do if there is none. */
export function fetchPrometheus() {
  if (prometheus() === undefined && canInstall()) {
    mkdirSync(unpacked, { recursive: true });
    aptGet(['download', '-qq', 'prometheus'], unpacked);
    for (const file of readdirSync(unpacked).filter((name) => name.endsWith('.deb'))) {
      run('dpkg-deb', ['--extract', file, '.'], {}, unpacked);
    }
  }
  if (prometheus() !== undefined) return true;
  console.error(
    'There is no Prometheus, and examples/observability can not be tested without one. As root on Debian it is fetched ' +
      'by itself; elsewhere set ESAUTH_PROMETHEUS to its path, with promtool beside it.',
  );
  return false;
}

// Which Redis the tests use: Debian's, installed when it is missing and can be, or one that the environment names,
// Valkey too. There is no test of sharing without one.

import { existsSync } from 'node:fs';
import { canInstall, installPackage } from './debian.mjs';

/** Where the server is, or ought to be. */
export const redisServer = process.env.ESAUTH_REDIS_SERVER ?? '/usr/bin/redis-server';

/** Sees to it that there is a server; says what to do if there is none. */
export function installRedis() {
  if (!existsSync(redisServer) && process.env.ESAUTH_REDIS_SERVER === undefined && canInstall()) {
    installPackage('redis-server');
  }
  if (existsSync(redisServer)) return true;
  console.error(
    `There is no Redis at ${redisServer}, and sharing can not be tested without one. As root on Debian it is ` +
      'installed by itself; elsewhere set ESAUTH_REDIS_SERVER to the path of a redis-server or valkey-server.',
  );
  return false;
}

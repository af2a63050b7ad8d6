// A store in a file, for processes of one machine. Only its owner can read it; a file beside it is the lock.

import { randomUUID } from 'node:crypto';
import { open, readFile, readlink, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigurationError, parseJson } from '@esauth/core';
import { UnreadableTokensError } from '../calls/errors.js';
import { isSame, type StoredTokens, type TokenStore } from './token-store.js';

/** What holds the lock longer than this has died with it. */
const lockMs = 5_000;
const pauseMs = 20;

/**
 * A store in a file, for processes of one machine; a file beside it is the lock.
 *
 * @param path of a file in a folder that exists; it is made with the first tokens, readable by its owner alone, and
 *   holds them as they are: whoever can read it can act as their owner. Its methods throw `UnreadableTokensError` if it
 *   holds anything else.
 */
export function fileTokenStore(path: string): TokenStore {
  if (typeof path !== 'string' || path === '') {
    throw new ConfigurationError('path', 'must be the path of a file');
  }
  return {
    get: () => read(path),
    compareAndSet: async (expected, next) => {
      const place = await placeOf(path);
      return locked(place, async (stillLocked) => {
        if (!isSame(await read(place), expected)) return false;
        if (next !== undefined) await replace(place, JSON.stringify(next), stillLocked);
        else {
          await stillLocked();
          await rm(place, { force: true });
        }
        return true;
      });
    },
  };
}

/** Where a link leads, be there a file or not: the link would be replaced, and whoever comes by another is left behind. */
async function placeOf(path: string, depth = 0): Promise<string> {
  // Reading it says what is wrong with so many (path_resolution(7)).
  if (depth > 40) return path;
  try {
    return await placeOf(resolve(dirname(path), await readlink(path)), depth + 1);
  } catch (error) {
    // No link, or nothing there.
    if (codeOf(error) === 'EINVAL' || codeOf(error) === 'ENOENT') return path;
    throw error;
  }
}

async function read(path: string): Promise<StoredTokens | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const tokens = parseJson(text) as Partial<StoredTokens> | null | undefined;
  const isWhole =
    typeof tokens?.accessToken === 'string' &&
    Number.isFinite(tokens.issuedAt) &&
    Number.isFinite(tokens.expiresAt) &&
    ['string', 'undefined'].includes(typeof tokens.refreshToken);
  if (!isWhole) throw new UnreadableTokensError(path);
  return tokens as StoredTokens;
}

/** In one step: whoever reads sees the old or the new one, also after a power failure. */
async function replace(path: string, text: string, stillLocked: () => Promise<void>): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await stillLocked();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Another process has broken the lock: this one was stopped for too long while it held it. */
class LockLost extends Error {}

/**
 * @param work is to ask that it still has the lock right before it changes something: whoever is stopped for longer
 *   than a lock lasts, and goes on, begins anew.
 */
async function locked<T>(path: string, work: (stillLocked: () => Promise<void>) => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  for (;;) {
    const owner = await take(lock);
    const isOurs = async () => (await ownerOf(lock)) === owner;
    try {
      return await work(async () => {
        if (!(await isOurs())) throw new LockLost();
      });
    } catch (error) {
      if (!(error instanceof LockLost)) throw error;
    } finally {
      if (await isOurs()) await rm(lock, { force: true });
    }
  }
}

/** @returns what tells its owner from others */
async function take(lock: string): Promise<string> {
  const owner = randomUUID();
  for (;;) {
    try {
      const file = await open(lock, 'wx', 0o600);
      await file.writeFile(owner).finally(() => file.close());
      return owner;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    await breakIfOld(lock);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

async function ownerOf(lock: string): Promise<string | undefined> {
  try {
    return await readFile(lock, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function breakIfOld(lock: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(lock);
    // Also one of the future: the clock was turned back.
    if (Math.abs(Date.now() - mtimeMs) < lockMs) return;
    // Moved away first: of two that break it, one alone can.
    const away = `${lock}.${randomUUID()}`;
    await rename(lock, away);
    await unlink(away);
  } catch (error) {
    // Its owner was quicker.
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

// A store in a file, for processes of one machine. Only its owner can read it; a file beside it is the lock.

import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { isSame, type StoredTokens, type TokenStore } from './token-store.js';

/** What holds the lock longer than this has died with it. */
const lockMs = 5_000;
const pauseMs = 20;

/**
 * @param path of a file in a folder that exists; it is made with the first tokens, readable by its owner alone, and
 *   holds them as they are: whoever can read it can act as their owner
 */
export function fileTokenStore(path: string): TokenStore {
  return {
    get: () => read(path),
    compareAndSet: (expected, next) =>
      locked(path, async () => {
        if (!isSame(await read(path), expected)) return false;
        if (next === undefined) await rm(path, { force: true });
        else await replace(path, JSON.stringify(next));
        return true;
      }),
  };
}

async function read(path: string): Promise<StoredTokens | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const tokens: Partial<StoredTokens> | null = JSON.parse(text);
  const isWhole =
    typeof tokens?.accessToken === 'string' &&
    typeof tokens.issuedAt === 'number' &&
    typeof tokens.expiresAt === 'number' &&
    ['string', 'undefined'].includes(typeof tokens.refreshToken);
  // Its text is not repeated: it may hold a token.
  if (!isWhole) throw new Error(`esauth: ${path} does not hold tokens`);
  return tokens as StoredTokens;
}

/** In one step: whoever reads sees the old or the new one, also after a power failure. */
async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  for (;;) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      await breakIfOld(lock);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  try {
    return await work();
  } finally {
    await unlink(lock);
  }
}

async function breakIfOld(lock: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(lock);
    // Moved away first: of two that break it, one alone can.
    if (Date.now() - mtimeMs < lockMs) return;
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

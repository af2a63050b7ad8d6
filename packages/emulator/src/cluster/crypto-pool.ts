/**
 * The threads that hash the secrets of API keys, if hashing is to take its time: so many at once, so many that wait,
 * and who comes then is refused. A key that was hashed lately needs none of them.
 */

import type { ScheduledClock } from '../controls/clock.js';
import { type ApiKeys, parseApiKey } from '../identities/api-keys.js';
import type { ApiError } from '../wire/envelope.js';
import { type PoolState, rejected } from './ailments.js';
import type { CredentialCaches } from './credential-caches.js';

/** How many, and for how long. */
export interface CryptoPoolSettings {
  readonly threads: number;
  /** How many may wait for a thread. */
  readonly queue: number;
  /** How long one hash takes, in milliseconds of the emulator's time. */
  readonly hashMs: number;
}

/** The threads. */
export interface CryptoPool {
  /**
   * Hashes what has to be hashed of a credential.
   *
   * @param authorization the value of the header
   * @returns `undefined` if there is nothing to hash; otherwise, when that is done, `undefined`, or why it was not
   */
  hash(authorization: string | undefined): Promise<ApiError | undefined> | undefined;
}

/** @param settings without them a hash takes no time, and everybody has a thread */
export function createCryptoPool(
  settings: CryptoPoolSettings | undefined,
  clock: ScheduledClock,
  apiKeys: ApiKeys,
  caches: CredentialCaches,
): CryptoPool {
  const waiting: (() => void)[] = [];
  let active = 0;
  let completed = 0;

  function begin(work: () => void, { hashMs }: CryptoPoolSettings): void {
    active++;
    clock.hold(hashMs, async () => {
      active--;
      completed++;
      const next = waiting.shift();
      if (next !== undefined) next();
      work();
    });
  }

  return {
    hash(authorization) {
      if (settings === undefined || !isToBeHashed(authorization, apiKeys, caches)) return undefined;
      return new Promise((resolve) => {
        const done = (): void => resolve(undefined);
        const state: PoolState = { ...settings, active, queued: waiting.length, completed };
        if (active < settings.threads) begin(done, settings);
        else if (waiting.length < settings.queue) waiting.push(() => begin(done, settings));
        else resolve(rejected(state));
      });
    },
  };
}

function isToBeHashed(header: string | undefined, apiKeys: ApiKeys, caches: CredentialCaches): boolean {
  if (header?.slice(0, 7).toLowerCase() !== 'apikey ') return false;
  const credential = parseApiKey(header.slice(7));
  if ('problem' in credential) return false;
  const key = apiKeys.find(credential.id);
  return key?.invalidation === undefined && key !== undefined && !caches.knows('secret of a key', key.id);
}

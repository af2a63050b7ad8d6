// What an application calls: options, checked, made into an engine.

import { setMaxListeners } from 'node:events';
import {
  ConfigurationError,
  type SharedMemory,
  type Sharing,
  type SharingHost,
  unknownAmong,
} from '@esauth/core';
import { commandsOf, type RedisClient } from './clients.js';
import { layoutFor } from './layout.js';
import { createLog } from './log.js';
import { createSeals } from './sealing.js';
import { type Keys, keysOf } from './secrets.js';
import { createValues } from './values.js';

/** What `redisSharing` takes. Only `client` and `secrets` are required; an unknown name is refused. */
export interface RedisSharingOptions
  extends Pick<Sharing, 'timeoutMs' | 'blindAfterMs' | 'blindMaxAgeMs' | 'leaseMs'> {
  /**
   * A connected client of `redis` 5 or 6, or of `ioredis` 5 or 6: standalone, Sentinel or Cluster; or a function that
   * sends a command. It is not closed by the verifier.
   */
  readonly client: RedisClient;
  /**
   * At least 32 bytes each (`openssl rand -base64 32`), the same in all processes that share. The first seals, all
   * open: a new one is added at the end everywhere, then put first everywhere, and then the old one is taken away.
   */
  readonly secrets: readonly (string | Uint8Array)[];
  /**
   * Before all keys, with braces around it, so that a cluster has them in one slot. 1 to 64 of the characters
   * `A-Z a-z 0-9 : . _ -`, default `esauth`.
   */
  readonly prefix?: string | undefined;
}

const optionNames = ['client', 'secrets', 'prefix', 'timeoutMs', 'blindAfterMs', 'blindMaxAgeMs', 'leaseMs'];

/**
 * Has verifiers of many processes share what they know, through Redis 6.2 or later or Valkey.
 *
 * @throws {ConfigurationError} `invalid_option` if an option is wrong, naming it and what is accepted.
 * @example
 * const verifier = createVerifier({ nodes, sharing: redisSharing({ client, secrets: [process.env.ESAUTH_SECRET] }) });
 */
export function redisSharing(options: RedisSharingOptions): Sharing {
  const given: Partial<RedisSharingOptions> = checked(options);
  const keys = keysOf(given.secrets);
  const commands = commandsOf(given.client);
  const layout = layoutFor(readPrefix(given.prefix));
  const { timeoutMs, blindAfterMs, blindMaxAgeMs, leaseMs } = given;

  return {
    digestKeys: keys.map(({ digest }) => digest),
    ...{ timeoutMs, blindAfterMs, blindMaxAgeMs, leaseMs },
    open(host: SharingHost): SharedMemory {
      const closing = new AbortController();
      // Each command under way listens.
      setMaxListeners(0, closing.signal);
      // What is revoked is revoked whoever is asked: verifiers of one cluster may know its nodes by other names.
      const seals = createSeals(asMany(keys), '');
      const log = createLog({ commands, key: layout.log, seals, host, closing: closing.signal });
      const ofAuthority = createSeals(asMany(keys), host.authority);
      const values = createValues(commands, layout, ofAuthority, closing.signal);
      return {
        read: log.read,
        tell: log.tell,
        ...values,
        async close() {
          closing.abort();
          log.close();
        },
      };
    },
  };
}

function checked(options: unknown): object {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigurationError('options', 'must be an object, such as { client, secrets }');
  }
  for (const name of Object.keys(options)) {
    if (!optionNames.includes(name)) throw new ConfigurationError(name, unknownAmong(name, optionNames));
  }
  return options;
}

function readPrefix(given: unknown): string {
  if (given === undefined) return 'esauth';
  if (typeof given === 'string' && /^[A-Za-z0-9:._-]{1,64}$/.test(given)) return given;
  const why = 'without braces: they are put around it';
  throw new ConfigurationError('prefix', `must be 1 to 64 of the characters A-Z a-z 0-9 : . _ -, ${why}`);
}

function asMany(keys: readonly Keys[]): readonly [Keys, ...Keys[]] {
  const [first, ...others] = keys;
  // `keysOf` has refused an empty list.
  if (first === undefined) throw new ConfigurationError('secrets', 'must be a list of secrets');
  return [first, ...others];
}

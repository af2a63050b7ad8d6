// What is shared with other processes: an engine, made by a package of its own, and how long it may take.

import { hash } from 'node:crypto';
import type { Sharing } from '../sharing/port.js';
import type { SharedSettings } from '../sharing/shared-verdicts.js';
import { ConfigurationError } from '../values/errors.js';
import { duration } from './option-checks.js';

/** What decides what Elasticsearch answers, and what of it is read. */
interface Asked {
  readonly nodes: readonly URL[];
  readonly clientAuthentication: string | undefined;
  readonly apiKeyDetails: boolean;
}

/** Each costs a digest for every lookup: the one in use, and those before it. */
const maxKeys = 8;

export function readSharing(given: unknown, asked: Asked): SharedSettings | undefined {
  if (given === undefined) return undefined;
  const engine: Partial<Sharing> = typeof given === 'object' && given !== null ? given : {};
  const { digestKeys, open } = engine;
  if (typeof open !== 'function' || !Array.isArray(digestKeys)) {
    throw new ConfigurationError(
      'sharing',
      'must be an engine, such as redisSharing({ client, secrets }) of @esauth/redis',
    );
  }
  const good = digestKeys.every((key) => typeof key === 'string' && /^[0-9a-f]{64}$/.test(key));
  if (!good || digestKeys.length < 1 || digestKeys.length > maxKeys) {
    throw new ConfigurationError(
      'sharing.digestKeys',
      `must be 1 to ${maxKeys} keys of 64 hexadecimal digits each`,
    );
  }
  return {
    // Checked in the lines above.
    sharing: given as Sharing,
    authority: authorityOf(asked),
    timeoutMs: duration('sharing.timeoutMs', engine.timeoutMs, 50, 1),
    blindAfterMs: duration('sharing.blindAfterMs', engine.blindAfterMs, 2_000, 1, 100),
    blindMaxAgeMs: duration('sharing.blindMaxAgeMs', engine.blindMaxAgeMs, 5_000, 0, 100),
    leaseMs: duration('sharing.leaseMs', engine.leaseMs, 1_000, 0, 10),
  };
}

/** Who shares must have asked the same of the same. A digest, because a secret is part of it. */
function authorityOf({ nodes, clientAuthentication, apiKeyDetails }: Asked): string {
  const urls = nodes.map(({ href }) => href).sort();
  return hash('sha256', JSON.stringify([urls, clientAuthentication ?? null, apiKeyDetails]));
}

/**
 * What Elasticsearch says of two users, version by version, and what may be served of that: each answer tells by its
 * version when it was asked at the latest. The obvious way, without a thought for how verifiers share.
 */

import type { Emulator } from '@esauth/emulator';

export interface Version {
  readonly user: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly begins: Instant;
  ends: Instant | undefined;
}

/** Where in the history, and when on the stepped clock. */
export interface Instant {
  readonly order: number;
  readonly at: number;
}

export interface Truth {
  readonly order: number;
  /** The next thing happens. */
  next(): number;
  /** What was current in a user's life. */
  of(user: string): readonly Version[];
  /** Begins another version of one, or of each: nothing that was asked before can tell of it. */
  renew(user?: string): Promise<void>;
  enable(user: string, enabled: boolean): Promise<void>;
}

export const users = ['jane', 'john'] as const;
export const basic = (user: string) => `Basic ${Buffer.from(`${user}:secret-of-${user}`).toString('base64')}`;

export async function startTruth(emulator: Emulator, now: () => number): Promise<Truth> {
  const authorization = `Basic ${Buffer.from(`${emulator.username}:${emulator.password}`).toString('base64')}`;
  const versions = new Map<string, Version[]>();
  let order = 0;
  let serial = 0;

  const truth: Truth = {
    get order() {
      return order;
    },
    next() {
      order += 1;
      return order;
    },
    of: (user) => versions.get(user) ?? [],
    async renew(only) {
      for (const user of only === undefined ? users : [only])
        await become(user, currentOf(user)?.enabled ?? true);
    },
    async enable(user, enabled) {
      if (currentOf(user)?.enabled !== enabled) await become(user, enabled);
    },
  };
  await truth.renew();
  return truth;

  function currentOf(user: string): Version | undefined {
    return versions.get(user)?.at(-1);
  }

  async function become(user: string, enabled: boolean): Promise<void> {
    serial += 1;
    const name = `version ${serial}`;
    const response = await fetch(`${emulator.url}/_security/user/${user}`, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ roles: [], full_name: name, enabled }),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`the emulator refused: ${response.status}`);
    const begins = { order: truth.next(), at: now() };
    const last = currentOf(user);
    if (last !== undefined) last.ends = begins;
    const all = versions.get(user) ?? [];
    all.push({ user, name, enabled, begins, ends: undefined });
    // What nobody can have remembered any more.
    versions.set(user, all.slice(-200));
  }
}

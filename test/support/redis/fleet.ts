/** Verifiers that share one memory, as in several processes: one Redis, one emulator, a way to Redis for each of them. */

import { createVerifier, type Verdict, type Verifier, type VerifierOptions } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { type RedisSharingOptions, redisSharing } from '@esauth/redis';
import { libraries } from './clients.js';
import { until } from './process.js';
import { startTcpProxy, type TcpProxy } from './proxy.js';
import { type RedisOptions, type RedisServer, startRedis } from './server.js';

export const secret = 'Zm9yIHRlc3RzIG9ubHksIGJ1dCBsb25nIGVub3VnaA';

export interface Fleet {
  readonly redis: RedisServer;
  readonly emulator: Emulator;
  /** One more verifier, that has heard all there is. */
  join(options?: JoinOptions): Promise<Member>;
  close(): Promise<void>;
}

export interface JoinOptions extends Partial<VerifierOptions> {
  readonly redis?: Partial<RedisSharingOptions>;
  /** Which of the client libraries, by its index. */
  readonly library?: number;
  /** Does not wait for it to have heard anything. */
  readonly atOnce?: boolean;
  readonly user?: { readonly username: string; readonly password: string };
}

export interface Member {
  readonly verifier: Verifier;
  /** Its way to Redis. */
  readonly way: TcpProxy;
}

export async function startFleet(options: RedisOptions = {}): Promise<Fleet> {
  const users = Object.fromEntries(
    ['jane', 'john', 'june'].map((name) => [name, { password: `secret-of-${name}`, roles: [] }]),
  );
  const redis = await startRedis(options);
  const emulator = await startEmulator({ users });
  const ends: (() => unknown)[] = [];

  return {
    redis,
    emulator,
    async join({ redis: sharing, library = 0, atOnce = false, user, ...more } = {}) {
      const way = await startTcpProxy(redis.port);
      const place = { port: way.port, password: redis.password, ...user };
      const connected = await libraries[library]?.standalone(place);
      if (connected === undefined) throw new Error('there is no such library');
      const client = connected.client as RedisSharingOptions['client'];
      const verifier = createVerifier({
        nodes: emulator.url,
        ...more,
        cache: more.cache ?? { jitter: 0, refreshAfterMs: 0 },
        ...('sharing' in more
          ? {}
          : { sharing: redisSharing({ client, secrets: [secret], timeoutMs: 2_000, ...sharing }) }),
      });
      ends.push(async () => {
        await verifier.close();
        await connected.close();
        await way.close();
      });
      if (!atOnce) await until('it has heard', () => (verifier.stats().sharing?.heard ?? 0) > 0);
      return { verifier, way };
    },
    async close() {
      for (const end of ends.splice(0)) await end();
      await emulator.close();
      await redis.stop();
    },
  };
}

/** How often Elasticsearch was asked who somebody is. */
export function askedOf(emulator: Emulator): number {
  return emulator.requests.filter(({ path }) => path === '/_security/_authenticate').length;
}

export function nameIn(verdict: Verdict | undefined): string | undefined {
  return verdict?.kind === 'authenticated' ? verdict.identity.username : verdict?.code;
}

/** Ends a token in Elasticsearch, of which no verifier hears. */
export async function invalidate(emulator: Emulator, authorization: string): Promise<void> {
  const { status } = await fetch(`${emulator.url}/_security/oauth2/token`, {
    method: 'DELETE',
    headers: {
      authorization: `Basic ${Buffer.from(`elastic:${emulator.password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ token: authorization.slice('Bearer '.length) }),
  });
  if (status !== 200) throw new Error(`the token was not invalidated: ${status}`);
}

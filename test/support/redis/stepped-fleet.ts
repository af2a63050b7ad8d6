/**
 * Verifiers and one Redis on stepped time. Each has its own connections to Redis, which can be cut, and a wall clock of
 * its own. What Redis says of the time is stepped too, by whoever sends the command: a client that is one function.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { createVerifier, type Verifier } from '@esauth/core';
import { type OwnClientConnection, redisSharing } from '@esauth/redis';
import { Redis } from 'ioredis';
import { createFakeClock, type FakeClock } from '../fake-clock.js';
import type { RedisServer } from './server.js';
import { watchWhatIsUnderWay } from './under-way.js';

export interface SteppedMember {
  readonly verifier: Verifier;
  /** Ends its connections to Redis, and lets it have no others until it is healed. */
  cut(): void;
  heal(): Promise<void>;
  /** How far its wall clock is from everybody's. */
  readonly skew: { ms: number };
  close(): Promise<void>;
}

export interface SteppedFleet {
  readonly clock: FakeClock;
  readonly members: readonly SteppedMember[];
  /** Awaits something of a verifier's. If nothing is under way that it could wait for, it needs time, and time passes. */
  finish<Result>(promise: PromiseLike<Result>): Promise<Result>;
  /**
   * These, which have a way to Redis, have told all that waited, and heard all there is.
   *
   * @param endOfLog as `stats().sharing.position` has it
   */
  settle(of: readonly SteppedMember[], endOfLog: () => Promise<string>): Promise<void>;
  close(): Promise<void>;
}

export const lifetimes = { ttlMs: 20_000, refreshAfterMs: 8_000, rejectedTtlMs: 3_000 };
export const blindness = { blindAfterMs: 2_000, blindMaxAgeMs: 5_000 };
const secret = 'c3RlcHBlZCB0aW1lLCBhbmQgYSBzZWNyZXQgZm9yIGl0';
const timeouts = { timeoutMs: 400, leaseMs: 100 };

export async function startSteppedFleet(
  redis: RedisServer,
  nodes: string,
  size: number,
): Promise<SteppedFleet> {
  const clock = createFakeClock();
  // Values say when they started: never later than Redis' own time, in which its scripts think.
  const dayMs = 86_400_000;
  const startedAt = Date.now() - dayMs - clock.monotonic();
  const time = () => {
    const now = startedAt + clock.monotonic();
    return [Math.floor(now / 1_000), Math.floor((now % 1_000) * 1_000)].map((part) =>
      Buffer.from(String(part)),
    );
  };
  const underWay = watchWhatIsUnderWay();
  const members: SteppedMember[] = [];
  for (let index = 0; index < size; index += 1) members.push(await startMember());
  // One more, whose messages wake all others.
  const bell = await startMember();

  const fleet: SteppedFleet = {
    clock,
    members,
    finish,
    async settle(of, endOfLog) {
      const all = [...of, bell];
      const end = Date.now() + 20_000;
      for (let rings = 0; ; rings += 1) {
        await finish(bell.verifier.revoke({ apiKeyIds: ['a bell'] }));
        const place = await endOfLog();
        const isSettled = () =>
          all.every(({ verifier }) => {
            const { blind, outbox, position } = verifier.stats().sharing ?? {};
            return blind === false && outbox === 0 && position === place;
          });
        for (let round = 0; round < 10; round += 1) {
          if (isSettled()) return;
          await sleep(1);
        }
        if (Date.now() > end) {
          const stats = all.map(({ verifier }) => JSON.stringify(verifier.stats().sharing));
          throw new Error(`they do not settle at ${place}: ${stats.join('\n')}`);
        }
        // Pauses between attempts.
        if (rings > 0) await clock.advance(500);
      }
    },
    async close() {
      for (const { close } of [...members, bell]) await close();
      underWay.close();
    },
  };
  return fleet;

  async function finish<Result>(promise: PromiseLike<Result>): Promise<Result> {
    let over = false;
    const end = () => {
      over = true;
    };
    const ended = promise.then(end, end);
    for (;;) {
      await Promise.race([ended, underWay.none()]);
      if (over) return promise;
      await clock.advance(5);
    }
  }

  async function startMember(): Promise<SteppedMember> {
    const connect = (more: object) => {
      const client = new Redis({
        host: '127.0.0.1',
        port: redis.port,
        password: redis.password,
        lazyConnect: true,
        enableReadyCheck: false,
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        ...more,
      });
      client.on('error', () => undefined);
      return client;
    };
    let own: Redis | undefined;
    let isCut = false;
    const sendOn = (client: Redis) => async (args: readonly (string | Buffer)[]) => {
      const [command = '', ...rest] = args;
      const sent = client.callBuffer(String(command), ...rest);
      const reply: unknown = await (args.includes('BLOCK') ? sent : underWay.during(sent));
      return command === 'TIME' ? time() : reply;
    };
    let client = connect({ retryStrategy: () => 5 });
    await client.connect();
    const skew = { ms: 0 };
    const member: SteppedMember = {
      skew,
      cut() {
        isCut = true;
        client.disconnect();
        own?.disconnect();
      },
      async heal() {
        client = connect({ retryStrategy: () => 5 });
        await client.connect();
        isCut = false;
      },
      verifier: createVerifier({
        nodes,
        schemes: ['Basic'],
        cache: { ...lifetimes, jitter: 0 },
        clock: { ...clock, wall: () => clock.wall() + skew.ms },
        sharing: redisSharing({
          client: {
            send: (args) => sendOn(client)(args),
            async open(): Promise<OwnClientConnection> {
              if (isCut) throw new Error('it is cut off');
              const opened = connect({ retryStrategy: () => null });
              own = opened;
              await opened.connect();
              return { send: sendOn(opened), close: () => opened.disconnect() };
            },
          },
          secrets: [secret],
          ...timeouts,
          ...blindness,
        }),
      }),
      async close() {
        await finish(member.verifier.close());
        client.disconnect();
      },
    };
    return member;
  }
}

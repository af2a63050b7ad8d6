// Five verifiers, one Redis and the emulator under random histories: callers, revocations, an Elasticsearch that
// changes its mind, ways to Redis that are cut and mended, a Redis that is killed and comes back empty or full, values
// that somebody else moves and spoils, clocks that jump. No answer may be older than was promised where it was given.
// `ESAUTH_HISTORIES=20000` plays more, `ESAUTH_SEED` others.

import type { Revocable, Verdict } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bearEvidence } from '../support/evidence.js';
import { type RedisServer, startRedis } from '../support/redis/server.js';
import { basic, startTruth, type Truth, users } from '../support/redis/shared-truth.js';
import {
  blindness,
  lifetimes,
  type SteppedFleet,
  type SteppedMember,
  startSteppedFleet,
} from '../support/redis/stepped-fleet.js';

const histories = Number(process.env.ESAUTH_HISTORIES ?? 2_000);
const seed = Number(process.env.ESAUTH_SEED ?? 19);
const size = 5;
vi.setConfig({ testTimeout: 400 * histories + 120_000, hookTimeout: 60_000 });

type Step =
  | {
      readonly do: 'verify';
      readonly member: number;
      readonly who: number;
      readonly maxAgeMs: number | undefined;
    }
  | { readonly do: 'verify together'; readonly who: number }
  | {
      readonly do: 'revoke';
      readonly member: number;
      readonly who: number;
      readonly how: 'credential' | 'user' | 'all';
    }
  | { readonly do: 'change'; readonly who: number; readonly enabled: boolean }
  | { readonly do: 'cut' | 'heal'; readonly member: number }
  | { readonly do: 'hear' }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'set the wall clock'; readonly member: number; readonly by: number }
  | { readonly do: 'move values' | 'spoil values' }
  | { readonly do: 'restart Redis'; readonly empty: boolean }
  | { readonly do: 'revoke and ask at once'; readonly member: number; readonly who: number }
  | { readonly do: 'lose a revocation'; readonly member: number; readonly who: number };

const member = fc.nat(size - 1);
const who = fc.nat(users.length - 1);
const does = <const Does extends Step['do']>(...names: Does[]) => fc.constantFrom(...names);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 80,
    arbitrary: fc.record({
      do: does('verify'),
      member,
      who,
      maxAgeMs: fc.constantFrom(undefined, undefined, undefined, 0, 3_000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: does('verify together'), who }) },
  {
    weight: 24,
    arbitrary: fc.record({
      do: does('revoke'),
      member,
      who,
      how: fc.constantFrom('credential', 'credential', 'user', 'all'),
    }),
  },
  { weight: 16, arbitrary: fc.record({ do: does('change'), who, enabled: fc.boolean() }) },
  { weight: 12, arbitrary: fc.record({ do: does('cut', 'heal'), member }) },
  { weight: 16, arbitrary: fc.record({ do: does('hear') }) },
  {
    weight: 20,
    arbitrary: fc.record({ do: does('advance'), ms: fc.constantFrom(1, 500, 2_001, 5_001, 8_000, 20_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: does('set the wall clock'),
      member,
      by: fc.constantFrom(-3_600_000, -2_000, 2_000, 3_600_000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: does('move values', 'spoil values') }) },
  { weight: 6, arbitrary: fc.record({ do: does('revoke and ask at once'), member, who }) },
  { weight: 1, arbitrary: fc.record({ do: does('lose a revocation'), member, who }) },
  { weight: 1, arbitrary: fc.record({ do: does('restart Redis'), empty: fc.boolean() }) },
);

interface Revoked {
  readonly order: number;
  readonly subject: Revocable;
  readonly user: string | undefined;
  readonly by: SteppedMember;
  /** Where it stands in the log. */
  place: string | undefined;
}

let redis: RedisServer;
let emulator: Emulator;
let fleet: SteppedFleet;
let truth: Truth;
let watcher: Redis;
const seen: Record<string, number> = {};
const see = (what: string) => {
  seen[what] = (seen[what] ?? 0) + 1;
};

beforeAll(async () => {
  redis = await startRedis({ appendOnly: true });
  emulator = await startEmulator({
    users: Object.fromEntries(users.map((name) => [name, { password: `secret-of-${name}`, roles: [] }])),
  });
  fleet = await startSteppedFleet(redis, emulator.url, size);
  truth = await startTruth(emulator, () => fleet.clock.monotonic());
  watcher = new Redis({
    host: '127.0.0.1',
    port: redis.port,
    password: redis.password,
    retryStrategy: () => 5,
  });
  watcher.on('error', () => undefined);
});
afterAll(async () => {
  watcher?.disconnect();
  await fleet?.close();
  await emulator?.close();
  await redis?.stop();
});

test(`P5, P13-P15, P21: ${histories} random histories of five verifiers give only what is young enough there`, async (context) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 5 }), async (steps) => {
      for (const each of steps) await take(each);
      // The next one goes on from here, with all ways to Redis.
      if (cut.size > 0) await heal();
    }),
    { numRuns: histories, seed, endOnFailure: true },
  );
  const sharing = fleet.members.map(({ verifier }) => verifier.stats().sharing);
  const sum = (name: 'hits' | 'lost' | 'unsealed') =>
    sharing.reduce((all, each) => all + (each?.[name] ?? 0), 0);
  // The histories do reach all that is to be checked.
  for (const what of ['yes', 'no', 'blind', 'shared', 'local', 'caught up', 'not caught up']) {
    expect(seen[what], what).toBeGreaterThan(histories / 500);
  }
  expect(sum('hits')).toBeGreaterThan(histories / 20);
  expect(sum('unsealed')).toBeGreaterThan(histories / 500);
  expect(sum('lost')).toBeGreaterThan(histories / 500);
  // On demand there are more.
  if (process.env.ESAUTH_HISTORIES === undefined)
    bearEvidence(context, { 'histories of sharing': histories });
});

let revoked: Revoked[] = [];
/** Revocations that all have heard. */
let heardByAll: readonly Revoked[] = [];
const cut = new Set<SteppedMember>();
const connected = () => fleet.members.filter((each) => !cut.has(each));
const at = (index: number) => fleet.members[index % size] as SteppedMember;

async function take(next: Step): Promise<void> {
  truth.next();
  switch (next.do) {
    case 'verify':
      return verify(at(next.member), users[next.who] ?? 'jane', next.maxAgeMs);
    case 'verify together':
      await Promise.all(fleet.members.map((each) => verify(each, users[next.who] ?? 'jane', undefined)));
      return;
    case 'revoke': {
      const user = users[next.who] ?? 'jane';
      if (next.how === 'all') return revoke(at(next.member), 'all', undefined);
      const subject = next.how === 'user' ? { username: user } : { credential: basic(user) };
      return revoke(at(next.member), subject, user);
    }
    case 'change':
      return truth.enable(users[next.who] ?? 'jane', next.enabled);
    case 'cut':
      if (cut.has(at(next.member))) return;
      at(next.member).cut();
      cut.add(at(next.member));
      return;
    case 'heal':
      return heal();
    case 'hear':
      return hear();
    case 'advance':
      // Nothing that was asked before can tell of a version that begins now.
      await truth.renew();
      await fleet.clock.advance(next.ms);
      return;
    case 'set the wall clock':
      at(next.member).skew.ms += next.by;
      return;
    case 'move values':
    case 'spoil values':
      return tamper(next.do);
    case 'revoke and ask at once': {
      const user = users[next.who] ?? 'jane';
      return revoke(at(next.member), { username: user }, user, () =>
        verify(at(next.member), user, undefined),
      );
    }
    case 'lose a revocation': {
      const [user, deaf] = [users[next.who] ?? 'jane', at(next.member)];
      await verify(deaf, user, undefined);
      if (!cut.has(deaf)) deaf.cut();
      cut.add(deaf);
      await revoke(at(next.member + 1), { username: user }, user);
      await redis.restart({ empty: true });
      await heal();
      return verify(deaf, user, undefined);
    }
    case 'restart Redis':
      await redis.restart({ empty: next.empty });
      return;
  }
}

async function heal(): Promise<void> {
  for (const each of cut) await each.heal();
  cut.clear();
  await hear();
}

/** From then on all that can have heard everything. */
async function hear(): Promise<void> {
  await fleet.settle(connected(), endOfLog);
  // Whatever was waiting has been told.
  const place = await endOfLog();
  for (const each of revoked) if (connected().includes(each.by)) each.place ??= place;
  if (cut.size > 0) return;
  heardByAll = [...heardByAll, ...revoked].slice(-50);
  revoked = [];
}

/** @param meanwhile what happens before anybody can have heard of it */
async function revoke(
  by: SteppedMember,
  subject: Revocable,
  user: string | undefined,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<void> {
  await truth.renew(user);
  const entry: Revoked = { order: truth.next(), subject, user, by, place: undefined };
  revoked.push(entry);
  const telling = by.verifier.revoke(subject);
  await meanwhile();
  const reach = await fleet.finish(telling);
  see(reach);
  if (reach === 'shared') entry.place = await endOfLog();
}

async function verify(by: SteppedMember, user: string, maxAgeMs: number | undefined): Promise<void> {
  const ended = whatEnded(by, user);
  const asked = { order: truth.order, at: fleet.clock.monotonic() };
  const blind = by.verifier.stats().sharing?.blind === true;
  if (blind) see('blind');
  const verdict = await fleet.finish(
    by.verifier.verify(basic(user), maxAgeMs === undefined ? {} : { maxAgeMs }),
  );
  judge(verdict);

  function judge(verdict: Verdict): void {
    if (verdict.kind === 'unavailable') throw verdict.cause;
    const yes = verdict.kind === 'authenticated';
    see(yes ? 'yes' : 'no');
    if (yes) expect(verdict.identity.username).toBe(user);
    const oldest = Math.min(
      yes ? lifetimes.ttlMs : lifetimes.rejectedTtlMs,
      maxAgeMs ?? Infinity,
      blind ? blindness.blindMaxAgeMs : Infinity,
    );
    const told = yes ? verdict.identity.fullName : undefined;
    const since = Math.max(
      maxAgeMs === 0 ? asked.order : 0,
      // A user's refusals are not his, but his credential's.
      ...ended
        .filter(({ subject }) => yes || subject === 'all' || 'credential' in subject)
        .map(({ order }) => order),
    );
    const refusedSince = yes ? (refusals.get(by.verifier)?.get(user) ?? 0) : 0;
    const possible = truth.of(user).filter(({ name, enabled, begins, ends }) => {
      if (yes ? name !== told || begins.order < refusedSince : enabled) return false;
      return ends === undefined || (ends.order > since && ends.at >= asked.at - oldest);
    });
    const what = yes ? `${user} of ${told}` : `a refusal of ${user}`;
    expect(possible, `${what} is older than ${since}, or than ${oldest} ms`).not.toHaveLength(0);
    if (yes) return;
    const known = refusals.get(by.verifier) ?? new Map<string, number>();
    refusals.set(by.verifier, known.set(user, possible[0]?.begins.order ?? 0));
  }
}

/** Since when each has refused a user at the latest: what was asked before is not served there any more. */
const refusals = new Map<unknown, Map<string, number>>();

/** What ended everything from before, for this user and there. */
function whatEnded(by: SteppedMember, user: string): readonly Revoked[] {
  const position = by.verifier.stats().sharing?.position ?? '';
  const heard = revoked.filter((each) => {
    if (each.by === by) return true;
    const caughtUp = each.place !== undefined && isAfter(position, each.place);
    see(caughtUp ? 'caught up' : 'not caught up');
    return caughtUp;
  });
  return [...heardByAll, ...heard].filter((each) => each.user === undefined || each.user === user);
}

/** As `stats().sharing.position` has it. */
async function endOfLog(): Promise<string> {
  const [info, entries] = await Promise.all([
    watcher.info('replication'),
    watcher.xrevrange('{esauth}:log', '+', '-', 'COUNT', 1),
  ]);
  const epoch = /master_replid:(\w+)/.exec(info)?.[1] ?? '';
  const id = entries[0]?.[0] ?? '0-0';
  if (!epochs.includes(epoch)) epochs.push(epoch);
  return `${epoch} ${id
    .split('-')
    .map((part) => part.padStart(20, '0'))
    .join('-')}`;
}

const epochs: string[] = [];

/** Whoever is in a later epoch has forgotten everything when it began. */
function isAfter(position: string, place: string): boolean {
  const [one, other] = [position, place].map((each) => each.split(' ')[0] ?? '');
  if (one === other) return position >= place;
  // Of one that was not looked at here there is nothing to be said.
  return epochs.includes(one ?? '') && epochs.indexOf(one ?? '') > epochs.indexOf(other ?? '');
}

async function tamper(how: 'move values' | 'spoil values'): Promise<void> {
  const keys = (await watcher.keys('{esauth}:v:*')).sort();
  for (const [index, key] of keys.entries()) {
    const value = await watcher.getBuffer(key);
    const target = keys[(index + 1) % keys.length] ?? key;
    if (value === null) continue;
    const spoilt =
      index % 2 === 0
        ? value.subarray(0, -1)
        : Buffer.concat([value.subarray(0, 40), Buffer.of(1), value.subarray(41)]);
    await watcher.set(target, how === 'move values' ? value : spoilt, 'PX', 20_000);
  }
}

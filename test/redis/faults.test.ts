// Everything that can happen to a Redis, done to a real one while verifiers share through it: callers notice nothing,
// whatever was revoked is revoked for all once that can be, and it is all as before when Redis is.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askedOf, type Fleet, type Member, nameIn, startFleet } from '../support/redis/fleet.js';
import { until } from '../support/redis/process.js';
import { startRedis } from '../support/redis/server.js';
import { warningsDuring } from '../support/warnings.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** Short, so that nobody has to wait; on a busy machine even a good Redis may be too slow for them. */
const short = { timeoutMs: 100, blindAfterMs: 400, blindMaxAgeMs: 300 };
/** However busy the machine is, Elasticsearch is not late. */
const upstream = { timeoutMs: 60_000 };
const log = '{esauth}:log';

let fleet: Fleet;
let members: readonly [Member, Member];
let jane: string;

beforeEach(async () => {
  fleet = await startFleet({ appendOnly: true });
  // One of each library.
  members = [
    await fleet.join({ upstream, redis: short }),
    await fleet.join({ upstream, redis: short, library: 2 }),
  ];
  jane = fleet.emulator.authorization('jane');
});
afterEach(() => fleet.close());

const statsOf = ({ verifier }: Member) => {
  const { sharing } = verifier.stats();
  if (sharing === undefined) throw new TypeError('it does not share');
  return sharing;
};

/** Callers come to both, as they always do, and are let in. */
async function serves(times = 1): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    for (const { verifier } of members) expect(nameIn(await verifier.verify(jane))).toBe('jane');
  }
}

/** Somebody whom nobody remembers is let in too. */
async function servesAnew(): Promise<void> {
  for (const { verifier } of members) {
    const john = fleet.emulator.authorization('john');
    expect(nameIn(await verifier.verify(john))).toBe('john');
  }
}

/** Both see again, and what is revoked at one is forgotten by the other. */
async function isAsBefore(): Promise<void> {
  const [one, other] = members;
  await until('both see', () =>
    members.every((member) => !statsOf(member).blind && statsOf(member).outbox === 0),
  );
  await until('a revocation is shared', async () => {
    await serves();
    return (await one.verifier.revoke({ credential: jane })) === 'shared';
  });
  await until('the other has forgotten', () => other.verifier.peek(jane) === undefined);
  expect(one.verifier.health().state).not.toBe('down');
  await until('what one asks, the other need not', async () => {
    const john = fleet.emulator.authorization('john');
    const asked = askedOf(fleet.emulator);
    expect(nameIn(await one.verifier.verify(john))).toBe('john');
    await until('it is kept', async () => Number(await fleet.redis.run('DBSIZE')) > 1);
    expect(nameIn(await other.verifier.verify(john))).toBe('john');
    return askedOf(fleet.emulator) === asked + 1;
  });
}

/** What is revoked now reaches the other when that is possible: until then it is as old as a blind one may serve. */
async function revokesLater(mend: () => Promise<void> | void): Promise<void> {
  const [one, other] = members;
  await serves();
  const heard = statsOf(other).heard + statsOf(other).lost;
  const reach = one.verifier.revoke({ credential: jane });
  expect(one.verifier.peek(jane)).toBeUndefined();
  expect(await reach).toBe('local');
  await until('both are blind', () => members.every((member) => statsOf(member).blind));
  for (const { verifier } of members) expect(verifier.health().state).toBe('degraded');
  const asked = askedOf(fleet.emulator);
  await until('the other asks Elasticsearch itself', async () => {
    await serves();
    return askedOf(fleet.emulator) >= asked + 2;
  });
  await servesAnew();
  await mend();
  await until('it has gone out', () => statsOf(one).outbox === 0);
  await until('the other has heard', () => statsOf(other).heard + statsOf(other).lost > heard);
}

describe('callers are served, and revocations go out later', () => {
  test('SIGKILL, and it comes back with its data', async () => {
    await serves(3);
    await fleet.redis.process.kill();
    await revokesLater(() => fleet.redis.restart());
    await isAsBefore();
  });

  test('SIGKILL, and it comes back empty', async () => {
    await fleet.redis.process.kill();
    await revokesLater(() => fleet.redis.restart({ empty: true }));
    await until('both know it', () => members.every((member) => statsOf(member).lost > 0));
    await isAsBefore();
  });

  test('SIGSTOP: connections stay, nothing is answered', async () => {
    fleet.redis.process.pause();
    try {
      await revokesLater(() => fleet.redis.process.resume());
    } finally {
      fleet.redis.process.resume();
    }
    await isAsBefore();
  });

  test('maxmemory: it takes nothing more (OOM)', async () => {
    await serves();
    await fleet.redis.run('CONFIG', 'SET', 'maxmemory', '1');
    const [one, other] = members;
    const warnings = await warningsDuring(async () => {
      await until(
        'a revocation waits',
        async () => (await one.verifier.revoke({ credential: jane })) === 'local',
      );
      await servesAnew();
    });
    expect(warnings.map(({ code }) => code)).toContain('ESAUTH_SHARING');
    expect(warnings.map(({ message }) => message).join()).toMatch(
      /Redis is full \(maxmemory\): give it more/,
    );
    expect(statsOf(one).outbox).toBeGreaterThan(0);
    // What is in there can be read: nobody is blind.
    expect(nameIn(await other.verifier.verify(jane))).toBe('jane');
    await fleet.redis.run('CONFIG', 'SET', 'maxmemory', '0');
    await until('it has gone out', () => statsOf(one).outbox === 0);
    await isAsBefore();
  });

  test('a replica now (READONLY)', async () => {
    await fleet.redis.run('REPLICAOF', '127.0.0.1', '1');
    await revokesLater(async () => void (await fleet.redis.run('REPLICAOF', 'NO', 'ONE')));
    await isAsBefore();
  });

  test('a replica of another, whose data it has in the end', async () => {
    const another = await startRedis();
    try {
      await fleet.redis.run('CONFIG', 'SET', 'masterauth', another.password);
      await fleet.redis.run('REPLICAOF', '127.0.0.1', another.port);
      await until('it has followed', async () => (await fleet.redis.run('EXISTS', log)) === 0);
      await revokesLater(async () => void (await fleet.redis.run('REPLICAOF', 'NO', 'ONE')));
      await isAsBefore();
    } finally {
      await another.stop();
    }
  });

  test('another password (NOAUTH, WRONGPASS)', async () => {
    const { password } = fleet.redis;
    await fleet.redis.run('ACL', 'SETUSER', 'admin', 'on', '>admin', '~*', '+@all');
    await fleet.redis.run('CONFIG', 'SET', 'requirepass', 'another');
    await fleet.redis.runAs('admin', 'admin', 'CLIENT', 'KILL', 'TYPE', 'normal');
    await revokesLater(async () => {
      await fleet.redis.runAs('admin', 'admin', 'CONFIG', 'SET', 'requirepass', password);
    });
    await isAsBefore();
  });

  test('no permission (NOPERM): the warning names the cure', async () => {
    const warnings = await warningsDuring(async () => {
      // What the test itself needs, with version 6 also to connect.
      const own = ['+acl', '+dbsize', '+auth', '+hello'];
      await fleet.redis.run('ACL', 'SETUSER', 'default', '-@all', ...own);
      await revokesLater(async () => void (await fleet.redis.run('ACL', 'SETUSER', 'default', '+@all')));
    });
    expect(warnings.map(({ code }) => code)).toContain('ESAUTH_SHARING');
    expect(warnings.map(({ message }) => message).join()).toContain('Redis does not permit what is needed');
    await isAsBefore();
  });
});

describe('callers are served, and nothing is lost', () => {
  // Only when something was revoked or lost is anything forgotten.
  beforeEach(async () => {
    const patient = { timeoutMs: 100, blindAfterMs: 60_000 };
    members = [
      await fleet.join({ upstream, redis: patient, library: 1 }),
      await fleet.join({ upstream, redis: patient, library: 3 }),
    ];
  });

  /** One revocation after the other while something happens; then the other has forgotten everything that was revoked. */
  async function revokesDuring(happens: () => Promise<unknown>): Promise<void> {
    const [one, other] = members;
    const callers = Array.from({ length: 20 }, () => fleet.emulator.authorization('june'));
    for (const caller of callers) expect(nameIn(await other.verifier.verify(caller))).toBe('june');
    const happening = happens();
    for (const caller of callers) {
      void one.verifier.revoke({ credential: caller });
      await serves();
    }
    await happening;
    await until('all of it has gone out', () => statsOf(one).outbox === 0);
    await until('the other has forgotten', () =>
      callers.every((each) => other.verifier.peek(each) === undefined),
    );
    await isAsBefore();
  }

  test('CLIENT KILL, again and again', () =>
    revokesDuring(async () => {
      for (let time = 0; time < 5; time += 1) await fleet.redis.run('CLIENT', 'KILL', 'TYPE', 'normal');
    }));

  test('CLIENT PAUSE', () => revokesDuring(() => fleet.redis.run('CLIENT', 'PAUSE', '700')));

  test('DEBUG SLEEP', () => revokesDuring(() => fleet.redis.run('DEBUG', 'SLEEP', '0.7')));

  test('connections that are cut, again and again', () =>
    revokesDuring(async () => {
      for (let time = 0; time < 5; time += 1) {
        for (const { way } of members) way.cut();
        await new Promise((done) => setTimeout(done, 30));
      }
    }));

  test('XTRIM past where they stand: everything is forgotten', async () => {
    await serves();
    const [one, other] = members;
    const { lost } = statsOf(other);
    other.way.stall();
    for (let time = 0; time < 3; time += 1) await one.verifier.revoke({ credential: `Bearer ${time}` });
    await fleet.redis.run('XTRIM', log, 'MAXLEN', '0');
    // What comes after it tells nothing of what was before.
    await one.verifier.revoke({ credential: 'Bearer last' });
    other.way.heal();
    await until('it knows that something is lost', () => statsOf(other).lost > lost);
    expect(other.verifier.peek(jane)).toBeUndefined();
    await isAsBefore();
  });

  test('the log is deleted', async () => {
    await serves();
    const lost = members.map(statsOf).map((stats) => stats.lost);
    await fleet.redis.run('DEL', log);
    await until('both know it', () =>
      members.every((member, index) => statsOf(member).lost > (lost[index] ?? 0)),
    );
    for (const { verifier } of members) expect(verifier.peek(jane)).toBeUndefined();
    await isAsBefore();
  });

  test('FLUSHALL', async () => {
    await serves();
    await fleet.redis.run('FLUSHALL');
    await until('both know it', () => members.every((member) => statsOf(member).lost > 0));
    for (const { verifier } of members) expect(verifier.peek(jane)).toBeUndefined();
    await isAsBefore();
  });
});

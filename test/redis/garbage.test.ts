// What stands under our names in Redis and is not ours: keys of another type, halves, values that were moved, messages
// of a megabyte, another format. Nothing is served of it, nobody is refused, and nothing stops.

import { randomBytes } from 'node:crypto';
import type { SendCommand } from '@esauth/redis';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { functionAlone } from '../support/redis/clients.js';
import { askedOf, type Fleet, type Member, nameIn, startFleet } from '../support/redis/fleet.js';
import { until } from '../support/redis/process.js';
import { warningsDuring } from '../support/warnings.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const log = '{esauth}:log';
/** However busy the machine is, nothing here is late. */
const upstream = { timeoutMs: 60_000 };
const patient = { upstream, redis: { timeoutMs: 15_000, blindAfterMs: 60_000 } };

let fleet: Fleet;
let one: Member;

async function begin(): Promise<void> {
  fleet = await startFleet();
  one = await fleet.join(patient);
}

const sharing = ({ verifier }: Member) => {
  const stats = verifier.stats().sharing;
  if (stats === undefined) throw new TypeError('it does not share');
  return stats;
};

/** The keys of all values. */
const kept = () => fleet.redis.run('KEYS', '{esauth}:v:*') as Promise<string[]>;

/** Somebody whom this one remembers and has shared; and the key. */
async function share(name: string): Promise<{ readonly caller: string; readonly key: string }> {
  const before = await kept();
  const caller = fleet.emulator.authorization(name);
  expect(nameIn(await one.verifier.verify(caller))).toBe(name);
  let key: string | undefined;
  await until('it is shared', async () => {
    key = (await kept()).find((each) => !before.includes(each));
    return key !== undefined;
  });
  return { caller, key: String(key) };
}

/** A value of somebody, as it stands in Redis. */
async function valueAt(key: string): Promise<Buffer> {
  // Its bytes are no text.
  const hex = await fleet.redis.run(
    'EVAL',
    "return (redis.call('GET', KEYS[1]):gsub('.', function(c) return string.format('%02x', string.byte(c)) end))",
    1,
    key,
  );
  return Buffer.from(String(hex), 'hex');
}

describe('a value that is none of ours counts as absent', () => {
  beforeAll(begin);
  afterAll(() => fleet.close());

  const makings: [string, (key: string, other: string) => Promise<unknown>][] = [
    ['a hash', (key) => fleet.redis.run('HSET', key, 'a', 'b')],
    ['a list', (key) => fleet.redis.run('RPUSH', key, 'a')],
    ['a stream', (key) => fleet.redis.run('XADD', key, '*', 'a', 'b')],
    ['nothing', (key) => fleet.redis.run('SET', key, '')],
    ['random bytes', (key) => fleet.redis.run('SET', key, randomBytes(300))],
    [
      'a time, and random bytes',
      (key) =>
        fleet.redis.run('SET', key, Buffer.concat([Buffer.from('00000198ab000000'), randomBytes(300)])),
    ],
    ['a megabyte', (key) => fleet.redis.run('SET', key, randomBytes(1_000_000))],
    [
      'the identity in plain text',
      (key) => fleet.redis.run('SET', key, '{"username":"root","roles":["superuser"]}'),
    ],
    ["another's value", async (key, other) => fleet.redis.run('SET', key, await valueAt(other))],
    ['half of it', async (key) => fleet.redis.run('SET', key, (await valueAt(key)).subarray(0, 100))],
    [
      'one bit of it changed',
      async (key) => {
        const value = await valueAt(key);
        value[60] = (value[60] ?? 0) ^ 1;
        return fleet.redis.run('SET', key, value);
      },
    ],
    [
      'another format',
      async (key) => {
        const value = await valueAt(key);
        value[16] = 2;
        return fleet.redis.run('SET', key, value);
      },
    ],
    [
      'another time before it',
      async (key) => {
        const value = await valueAt(key);
        // Younger than it is.
        value.write('0000ffffffffffff', 0, 'latin1');
        return fleet.redis.run('SET', key, value);
      },
    ],
  ];

  test.each(makings)('%s', async (_, make) => {
    const jane = await share('jane');
    const john = await share('john');
    const genuine = await valueAt(john.key);
    const isOfAnotherType = makings.findIndex(([, each]) => each === make) < 3;
    if (isOfAnotherType) await fleet.redis.run('DEL', jane.key);
    await make(jane.key, john.key);

    const two = await fleet.join(patient);
    const asked = askedOf(fleet.emulator);
    expect(nameIn(await two.verifier.verify(jane.caller))).toBe('jane');
    expect(askedOf(fleet.emulator)).toBe(asked + 1);
    expect(sharing(two)).toMatchObject({ hits: 0, failures: 0, unsealed: isOfAnotherType ? 0 : 1 });
    // Whoever has asked puts it right.
    const three = await fleet.join(patient);
    await until('it is ours again', async () => {
      return (
        (await fleet.redis.run('TYPE', jane.key)) === 'string' &&
        (await valueAt(jane.key)).length === genuine.length
      );
    });
    expect(nameIn(await three.verifier.verify(jane.caller))).toBe('jane');
    expect(sharing(three)).toMatchObject({ hits: 1, unsealed: 0 });
  });
});

describe('a lease that nobody of ours has taken', () => {
  beforeAll(begin);
  afterAll(() => fleet.close());

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['one that does not end', (key) => fleet.redis.run('SET', key, 'somebody')],
    ['a hash in its place', (key) => fleet.redis.run('HSET', key, 'a', 'b')],
  ])('%s: who comes waits a while, and is served', async (_, make) => {
    const { caller, key } = await share('jane');
    await fleet.redis.run('DEL', key);
    await make(key.replace(':v:', ':l:'));
    const two = await fleet.join({ upstream, redis: { ...patient.redis, leaseMs: 100 } });
    expect(nameIn(await two.verifier.verify(caller))).toBe('jane');
  });
});

describe('the log', () => {
  beforeEach(begin);
  afterEach(() => fleet.close());

  const write = (...fields: (string | Buffer)[]) => fleet.redis.run('XADD', log, '*', ...fields);

  test.each<[string, () => Promise<unknown>]>([
    ['another field', () => write('x', 'y')],
    ['a field too many', () => write('m', 'a', 'm', 'b')],
    ['a thousand fields', () => write(...Array.from({ length: 2_000 }, (_, at) => `${at}`))],
    ['nothing', () => write('m', '')],
    ['random bytes', () => write('m', randomBytes(200))],
    ['a megabyte', () => write('m', randomBytes(1_000_000))],
    ['plain text', () => write('m', '{"format":1,"from":"x","serial":1,"subjects":[]}')],
    ['half a message', async () => write('m', (await lastMessage()).subarray(0, 80))],
    [
      'a message with a changed bit',
      async () => {
        const message = await lastMessage();
        message[40] = (message[40] ?? 0) ^ 1;
        return write('m', message);
      },
    ],
  ])('%s in it: everything is forgotten, and it goes on', async (_, make) => {
    const two = await fleet.join(patient);
    const jane = fleet.emulator.authorization('jane');
    for (const { verifier } of [one, two]) expect(nameIn(await verifier.verify(jane))).toBe('jane');
    await make();
    for (const member of [one, two]) {
      await until('it was read', () => sharing(member).unsealed > 0);
      expect(member.verifier.peek(jane)).toBeUndefined();
      expect(nameIn(await member.verifier.verify(jane))).toBe('jane');
    }
    expect(await one.verifier.revoke({ credential: jane })).toBe('shared');
    await until('the other has heard', () => two.verifier.peek(jane) === undefined);
    expect(sharing(two)).toMatchObject({ unsealed: 1, blind: false });
  });

  /** The bytes of the newest message. */
  async function lastMessage(): Promise<Buffer> {
    const script =
      "local e = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1); return (e[1][2][2]:gsub('.', function(c) return string.format('%02x', string.byte(c)) end))";
    return Buffer.from(String(await fleet.redis.run('EVAL', script, 1, log)), 'hex');
  }

  test('a message told again makes others forget again, and no more', async () => {
    const two = await fleet.join(patient);
    const jane = fleet.emulator.authorization('jane');
    expect(await one.verifier.revoke({ credential: jane })).toBe('shared');
    const message = await lastMessage();
    await until('it was heard', () => sharing(two).heard === sharing(one).heard);
    expect(nameIn(await two.verifier.verify(jane))).toBe('jane');
    const john = fleet.emulator.authorization('john');
    expect(nameIn(await two.verifier.verify(john))).toBe('john');
    await write('m', message);
    await until('it was heard', () => two.verifier.peek(jane) === undefined);
    expect(nameIn(two.verifier.peek(john))).toBe('john');
    expect(sharing(two).unsealed).toBe(0);
  });

  test('ten thousand messages at once: callers are served meanwhile, and it is read to its end', async () => {
    const heard = sharing(one).heard;
    const script = "for i = 1, 10000 do redis.call('XADD', KEYS[1], '*', 'm', 'garbage') end";
    await fleet.redis.run('EVAL', script, 1, log);
    const jane = fleet.emulator.authorization('jane');
    let served = 0;
    await until('it was read', async () => {
      expect(nameIn(await one.verifier.verify(jane))).toBe('jane');
      served += 1;
      return sharing(one).heard >= heard + 10_000;
    });
    expect(served).toBeGreaterThan(0);
    expect(await one.verifier.revoke({ credential: jane })).toBe('shared');
  });

  test('garbage that is there when somebody begins: only the last of it is kept until all is read', async () => {
    const script = "for i = 1, 1000 do redis.call('XADD', KEYS[1], '*', 'm', 'garbage') end";
    await fleet.redis.run('EVAL', script, 1, log);
    expect(await one.verifier.revoke({ username: 'jane' })).toBe('shared');
    const two = await fleet.join(patient);
    expect(sharing(two)).toMatchObject({ unsealed: 1_000, heard: 2 });
  });

  test.each([
    ['trimmed', '1'],
    ['emptied', '0'],
  ])('is %s while somebody begins to read it: nothing counts from before that', async (_what, length) => {
    const { caller } = await share('jane');
    const john = fleet.emulator.authorization('john');
    const revokeOthers = async (number: number) => {
      for (let n = 0; n < number; n += 1)
        expect(await one.verifier.revoke({ username: `${n}` })).toBe('shared');
    };
    await revokeOthers(100);
    expect(await one.verifier.revoke({ username: 'jane' })).toBe('shared');
    const { client, close } = await functionAlone({
      port: fleet.redis.port,
      password: fleet.redis.password,
    });
    onTestFinished(close);
    let pages = 0;
    const trimming: SendCommand = async (args, key) => {
      pages += args[0] === 'XRANGE' ? 1 : 0;
      if (args[0] === 'XRANGE' && pages === 2) {
        // He is remembered there, and revoked by what nobody will read.
        expect(nameIn(await (await joining).verifier.verify(john))).toBe('john');
        expect(await one.verifier.revoke({ username: 'john' })).toBe('shared');
        await revokeOthers(2);
        await fleet.redis.run('XTRIM', log, 'MAXLEN', length);
      }
      return (client as SendCommand)(args, key);
    };
    const joining = fleet.join({ upstream, redis: { ...patient.redis, client: trimming }, atOnce: true });
    const two = await joining;
    await until('it has heard', () => sharing(two).heard > 0);
    expect(pages).toBeGreaterThan(1);
    const asked = askedOf(fleet.emulator);
    expect(nameIn(await two.verifier.verify(caller))).toBe('jane');
    expect(nameIn(await two.verifier.verify(john))).toBe('john');
    expect(askedOf(fleet.emulator)).toBe(asked + 2);
  });

  test('another type of key in its place: the warning says so, callers are served, and it comes back', async () => {
    const two = await fleet.join({ upstream, redis: { timeoutMs: 100, blindAfterMs: 400 } });
    const jane = fleet.emulator.authorization('jane');
    const warnings = await warningsDuring(async () => {
      await fleet.redis.run('DEL', log);
      await fleet.redis.run('SET', log, 'somebody wrote here');
      await until('it is blind', () => sharing(two).blind);
      expect(nameIn(await two.verifier.verify(jane))).toBe('jane');
      expect(await two.verifier.revoke({ credential: jane })).toBe('local');
      expect(nameIn(await two.verifier.verify(jane))).toBe('jane');
    });
    expect(warnings.map(({ message }) => message).join()).toContain(
      'something else writes under this prefix',
    );
    await fleet.redis.run('DEL', log);
    await until('it sees, and has told', () => !sharing(two).blind && sharing(two).outbox === 0);
  });
});

// Since which version of Redis there is what sharing asks of it, command by command and word by word: what it sends to a
// real server is written down there, and that server says since when it knows it.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Fleet, invalidate, nameIn, startFleet } from '../support/redis/fleet.js';
import { listenIn } from '../support/redis/monitor.js';
import { majorVersion, until } from '../support/redis/process.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** The oldest that is promised. */
const oldest = '6.2.0';

/**
 * All that is sent. By redis.io/commands, "Available since" and "History"; since when each word is known as far as a
 * server tells it too (`COMMAND DOCS`).
 */
const since: Readonly<Record<string, string>> = {
  'XADD MAXLEN ~ *': '5.0.0',
  'XREAD COUNT BLOCK STREAMS': '5.0.0',
  XRANGE: '5.0.0',
  'XRANGE COUNT': '5.0.0',
  'XREVRANGE COUNT': '5.0.0',
  INFO: '1.0.0',
  TIME: '2.6.0',
  MGET: '1.0.0',
  'SET NX PX': '2.6.12',
  EVAL: '2.6.0',
  // In scripts. One of them reads the time before it writes, as scripts may since 5.0.0, which replicates what they
  // did and not what they are ("Replicating commands instead of scripts").
  GET: '1.0.0',
  'SET PX': '2.6.12',
  DEL: '1.0.0',
};

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.close());

test('what is sent is known to Redis 6.2, and no more is sent', async () => {
  const sent = await formsSent();
  const patient = { upstream: { timeoutMs: 60_000 }, redis: { timeoutMs: 15_000, blindAfterMs: 60_000 } };
  const [one, other] = [await fleet.join(patient), await fleet.join({ ...patient, library: 2 })];
  const jane = fleet.emulator.authorization('jane');
  for (const { verifier } of [one, other]) {
    expect(nameIn(await verifier.verify(jane))).toBe('jane');
    await until('it is kept, and released', () => sent().has('DEL'));
  }
  expect(await one.verifier.revoke({ credential: jane })).toBe('shared');
  // He is known, and then refused.
  await invalidate(fleet.emulator, jane);
  expect(nameIn(await other.verifier.verify(jane, { maxAgeMs: 0 }))).toBe('credentials_expired');
  await until('all of it was sent', () => Object.keys(since).every((form) => sent().has(form)));
  expect([...sent()].sort()).toEqual(Object.keys(since).sort());
  for (const version of Object.values(since)) expect(isUntil(version, oldest)).toBe(true);
});

// Which has been told by servers since version 7.
test.runIf(majorVersion() >= 7)('and that is what the server says', async () => {
  for (const form of Object.keys(since)) {
    const [command = '', ...words] = form.split(' ');
    const docs = JSON.stringify(await fleet.redis.run('COMMAND', 'DOCS', command));
    const [, known = ''] = /"since",?:?"([\d.]+)"/.exec(docs) ?? [];
    expect(isUntil(known, since[form] ?? ''), `${command}: ${known}`).toBe(true);
    for (const word of words.filter((each) => /^[A-Z]+$/.test(each))) {
      expect(docs, `${command} ${word}`).toContain(`"${word}"`);
      // A word that came later than its command has a "since" of its own.
      const [, later = '0'] = new RegExp(`"token",?:?"${word}",?"since",?:?"([\\d.]+)"`).exec(docs) ?? [];
      expect(isUntil(later, oldest), `${command} ${word}: ${later}`).toBe(true);
    }
  }
});

function isUntil(version: string, last: string): boolean {
  return version !== '' && version.localeCompare(last, 'en', { numeric: true }) <= 0;
}

/** @returns the commands that verifiers send from now on, each with the words that are not their keys and values */
async function formsSent(): Promise<() => ReadonlySet<string>> {
  const told = listenIn(fleet.redis);
  await until('it listens', () => told().includes('OK\r\n+OK'));
  // The last line may not be there to its end.
  return () => new Set(told().split('\r\n').slice(0, -1).flatMap(formIn));
}

function formIn(line: string): readonly string[] {
  // Quotes in values stand there as they are.
  const [, quoted = ''] = /"(.*)"$/.exec(line) ?? [];
  const [command = '', ...rest] = quoted.split('" "');
  const name = command.toUpperCase();
  // How clients introduce themselves.
  if (name === '' || ['CLIENT', 'HELLO', 'AUTH', 'SELECT'].includes(name)) return [];
  // What is in scripts is written down besides.
  const words = name === 'EVAL' ? [] : rest.filter((word) => /^([A-Z]+|~|\*)$/.test(word));
  return [[name, ...words].join(' ')];
}

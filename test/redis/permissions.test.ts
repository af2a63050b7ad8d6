// What a user of Redis needs for sharing, as docs/packages/redis.md says: with that line everything works, with any word less
// something does not.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { libraries } from '../support/redis/clients.js';
import { type Fleet, nameIn, startFleet } from '../support/redis/fleet.js';
import { until } from '../support/redis/process.js';
import { warningsDuring } from '../support/warnings.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const page = await readFile(new URL('../../docs/packages/redis.md', import.meta.url), 'utf8');
const [, line = ''] = /^ACL SETUSER \S+ on >\S+ (.*)$/m.exec(page) ?? [];
const words = line.split(' ');
const commands = words.filter((word) => word.startsWith('+')).map((word) => word.slice(1));
const password = 'a-password';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.close());

/** Two verifiers, whose user has these words. */
async function joinAs(username: string, permitted: readonly string[], library = 0) {
  await fleet.redis.run('ACL', 'SETUSER', username, 'on', `>${password}`, ...permitted);
  const options = {
    upstream: { timeoutMs: 60_000 },
    redis: { timeoutMs: 2_000, blindAfterMs: 60_000 },
    user: { username, password },
    library,
    atOnce: true,
  };
  const [one, two] = [await fleet.join(options), await fleet.join(options)];
  return {
    /** Everything that is done with it. @returns whether all of it was. */
    async share(): Promise<boolean> {
      const jane = fleet.emulator.authorization('jane');
      const before = two.verifier.stats().sharing?.hits ?? 0;
      for (const { verifier } of [one, two]) expect(nameIn(await verifier.verify(jane))).toBe('jane');
      const hits = two.verifier.stats().sharing?.hits ?? 0;
      return (await one.verifier.revoke({ credential: jane })) === 'shared' && hits > before;
    },
  };
}

/** What Redis has refused a user. */
async function refusedTo(username: string): Promise<readonly string[]> {
  const entries = (await fleet.redis.run('ACL', 'LOG', '100')) as string[][];
  const fieldOf = (entry: string[], name: string) => String(entry[entry.indexOf(name) + 1]);
  return entries
    .filter((entry) => fieldOf(entry, 'username') === username)
    .map((entry) => fieldOf(entry, 'object').toLowerCase());
}

test('the line is on the page, and names no more than keys of ours and commands', () => {
  expect(words[0]).toBe('~{esauth}:*');
  expect(commands.length).toBe(words.length - 1);
  expect(commands.length).toBeGreaterThan(5);
});

test.each(libraries.map(({ name }, index) => [name, index] as const))(
  '%s: it is enough',
  async (name, index) => {
    const { share } = await joinAs(`with ${name}`.replaceAll(' ', '-'), words, index);
    await until('all of it works', share);
    // Whatever a library asks for besides, Redis may refuse.
    const refused = await refusedTo(`with-${name.replace(' ', '-')}`);
    expect(refused.filter((command) => !/^(client|config|hello)/.test(command))).toEqual([]);
  },
);

test('without any of its words something is refused, and callers are served all the same', async () => {
  const warnings = await warningsDuring(async () => {
    await Promise.all(
      commands.map(async (command) => {
        const username = `without-${command}`;
        const { share } = await joinAs(
          username,
          words.filter((word) => word !== `+${command}`),
        );
        await until(`${command} is refused`, async () => {
          await share();
          return (await refusedTo(username)).includes(command);
        });
      }),
    );
  });
  expect(warnings.map(({ message }) => message).join()).toContain(
    'Redis does not permit what is needed: give its user the ACL line of docs/packages/redis.md',
  );
});

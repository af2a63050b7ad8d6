import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { keysOf } from '../../packages/redis/src/secrets.js';
import { textOf } from '../support/text-of.js';

const good = randomBytes(32);
const made = 'made by `openssl rand -base64 32`, the same for all processes that share';

/** What it is refused with. Nothing of a secret may be in that. */
function refusalOf(secrets: unknown, ...parts: readonly string[]) {
  try {
    keysOf(secrets);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const shown = [error.message, error.stack, inspect(error), JSON.stringify(error)].join('\n');
    for (const part of parts) expect(shown).not.toContain(part);
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' });
    return textOf(error.message);
  }
  throw new TypeError('they were taken');
}

test.each([
  ['none', undefined, `secrets: must be a list of secrets, ${made}`],
  ['one that is not in a list', good.toString('base64'), `secrets: must be a list of secrets, ${made}`],
  ['an empty list', [], `secrets: must be a list of secrets, ${made}`],
  ['a hole', [good, undefined], `secrets[1]: must be a string or a Buffer, ${made}`],
  ['a number', [1e32], `secrets[0]: must be a string or a Buffer, ${made}`],
  [
    'too many',
    Array.from({ length: 9 }, () => randomBytes(32)),
    'secrets: must be 8 at most; leave out the oldest',
  ],
  ['one twice', [good, randomBytes(32), good.toString('latin1'), good], 'secrets[3]: is there twice'],
  ['a placeholder', ['x'.repeat(64)], `secrets[0]: is too regular to be a secret; it has to be ${made}`],
])('%s: a clear error', (_, secrets, message) => {
  expect(refusalOf(secrets)).toBe(message);
});

test('a short one is not repeated', () => {
  const short = randomBytes(15).toString('hex');
  const message = `secrets[1]: must have at least 32 bytes, ${made}`;
  expect(refusalOf([good, short], short.slice(0, 8), short.slice(8, 16))).toBe(message);
  expect(refusalOf([good, good.subarray(1)])).toBe(message);
});

test('strings count by their bytes, and bytes as they are', () => {
  const text = randomBytes(24).toString('base64');
  const [fromText] = keysOf([text]);
  expect(fromText).toEqual(keysOf([Buffer.from(text)])[0]);
  expect(fromText).toEqual(keysOf([new Uint8Array(Buffer.from(text))])[0]);
});

test('each purpose has a key of its own, and no key says what the secret was', () => {
  const [keys] = keysOf([good]);
  if (keys === undefined) throw new TypeError('there is one');
  const exported = [keys.naming, keys.sealing].map((key) => key.export().toString('hex'));
  const all = [...exported, keys.digest];
  expect(new Set(all).size).toBe(3);
  for (const key of all) expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(all).not.toContain(good.toString('hex'));
});

test('random secrets are taken, however they are written', () => {
  for (let run = 0; run < 300; run += 1) {
    const secret = randomBytes(32);
    expect(keysOf([secret, secret.toString('hex'), secret.toString('base64')])).toHaveLength(3);
  }
});

import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createBodyReader } from '../../../packages/core/src/upstream/known-bodies.js';
import { collectGarbage } from '../../support/heap.js';
import { identityBody } from '../../support/scripted-node.js';

/** A body as it comes, and how often it was decoded. */
function bodyOf(changes: Readonly<Record<string, unknown>> = {}) {
  const bytes = Buffer.from(JSON.stringify(identityBody(changes)));
  let decoded = 0;
  return {
    bytes,
    get text() {
      decoded += 1;
      return bytes.toString();
    },
    get decoded() {
      return decoded;
    },
  };
}

describe('a body that is known', () => {
  test('gives the same identity, and is not decoded', () => {
    const read = createBodyReader();
    const jane = read(bodyOf());
    expect(jane).toMatchObject({ username: 'jane' });
    const again = bodyOf();
    expect(read(again)).toBe(jane);
    expect(again.decoded).toBe(0);
  });

  test('is another one with another end of the credential', () => {
    const read = createBodyReader();
    expect(read(bodyOf(), 5)).toMatchObject({ expiresAt: 5 });
    expect(read(bodyOf(), 6)).toMatchObject({ expiresAt: 6 });
    expect(read(bodyOf())).not.toHaveProperty('expiresAt');
    expect(read(bodyOf(), 5)).toMatchObject({ expiresAt: 5 });
  });

  test('is known by all of its bytes, wherever they differ', () => {
    const read = createBodyReader();
    const metadata = { note: 'x'.repeat(300) };
    const whole = bodyOf({ metadata });
    read(whole);
    for (let at = 0; at < whole.bytes.length; at += 1) {
      if (whole.bytes[at] !== 'x'.charCodeAt(0)) continue;
      const other = Buffer.from(whole.bytes);
      other[at] = 'y'.charCodeAt(0);
      const identity = read({ bytes: other, text: other.toString() });
      expect(JSON.stringify(identity?.metadata)).toContain('y');
    }
    expect(read(bodyOf({ metadata }))?.metadata).toEqual(metadata);
  });

  test('may be one of more than there is room for: each still says who it is', () => {
    const read = createBodyReader();
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < 2_000; n += 1) {
        expect(read(bodyOf({ username: `user ${n}` }))?.username).toBe(`user ${n}`);
      }
    }
  });
});

test.each([
  ['says nothing', Buffer.from('{}')],
  ['is empty', Buffer.alloc(0)],
  ['is an error too', Buffer.from(JSON.stringify({ ...identityBody(), error: {} }))],
])('a body that %s is nobody’s, each time', (_what, bytes) => {
  const read = createBodyReader();
  for (let time = 0; time < 3; time += 1) expect(read({ bytes, text: bytes.toString() })).toBeUndefined();
});

test('a long body is read, and so is one whose bytes are not there', () => {
  const read = createBodyReader();
  const metadata = { note: 'x'.repeat(10_000) };
  const jane = read(bodyOf({ metadata }));
  expect(jane?.metadata).toEqual(metadata);
  expect(read(bodyOf({ metadata }))).toBe(jane);
  expect(read({ bytes: undefined, text: bodyOf().text })).toMatchObject({ username: 'jane' });
});

test('what was read is not what it was read from: that may be written over', () => {
  const read = createBodyReader();
  const body = bodyOf();
  const jane = read(body);
  body.bytes.fill(0);
  expect(read(bodyOf())).toBe(jane);
});

test('nothing of a body is kept when nobody keeps the identity', async () => {
  const read = createBodyReader();
  const metadata = (n: number) => ({ n, note: hash('sha512', `${n}`).repeat(25) });
  const user = (n: number) => ({ username: `jane ${n}`, metadata: metadata(n) });
  const kept = Array.from({ length: 100 }, (_, n) => read(bodyOf(user(n))));
  await collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  expect(kept.every((identity) => identity?.username.startsWith('jane'))).toBe(true);
  kept.length = 0;
  await collectGarbage();
  // About two in five share a place with another, and only the last one's is kept there.
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(before - 100_000);
});

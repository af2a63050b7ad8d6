import { describe, expect, test } from 'vitest';
import type { Fingerprint } from '../../../packages/core/src/memory/fingerprint.js';
import { createRecent } from '../../../packages/core/src/memory/recent.js';
import { createFakeClock } from '../../support/fake-clock.js';

const name = (text: string) => text as Fingerprint;

test('what was kept is found by exactly the same header', () => {
  const recent = createRecent(1, createFakeClock());
  recent.keep('Bearer abcdefgh12345678', name('a'));
  expect(recent.find('Bearer abcdefgh12345678')).toBe('a');
  // All fall into the one slot there is.
  for (const other of [
    '',
    'Bearer',
    'Bearer abcdefgX12345678',
    'bearer abcdefgh12345678',
    'Bearer 12345678',
  ]) {
    expect(recent.find(other)).toBeUndefined();
  }
});

test('one that falls into the same slot takes its place', () => {
  const recent = createRecent(1, createFakeClock());
  recent.keep('Bearer a', name('a'));
  recent.keep('Bearer b', name('b'));
  expect([recent.find('Bearer a'), recent.find('Bearer b')]).toEqual([undefined, 'b']);
});

test('headers that differ at their ends spread over the slots', () => {
  const recent = createRecent(4_096, createFakeClock());
  const headers = Array.from({ length: 1_000 }, (_, at) => `Bearer ${'x'.repeat(30)}${at * 7_919}`);
  for (const header of headers) recent.keep(header, name(header));
  const found = headers.filter((header) => recent.find(header) === header);
  expect(found.length).toBeGreaterThan(700);
});

describe('is not kept', () => {
  test.each([
    ['a password', 'Basic YTpi'],
    ['what is longer than 4 096 characters', `Bearer ${'a'.repeat(4_090)}`],
  ])('%s', (_what, header) => {
    const recent = createRecent(8, createFakeClock());
    recent.keep(header, name('a'));
    expect(recent.find(header)).toBeUndefined();
    recent.keep(header.slice(0, 4_096).replace('Basic', 'ApiKey'), name('b'));
    expect(recent.find(header.slice(0, 4_096).replace('Basic', 'ApiKey'))).toBe('b');
  });
});

test('a minute wipes all, and so does whoever asks for it', async () => {
  const clock = createFakeClock();
  const recent = createRecent(64, clock);
  recent.keep('Bearer a', name('a'));
  await clock.advance(59_999);
  recent.keep('Bearer b', name('b'));
  expect(recent.find('Bearer a')).toBe('a');
  await clock.advance(1);
  expect([recent.find('Bearer a'), recent.find('Bearer b')]).toEqual([undefined, undefined]);
  recent.keep('Bearer a', name('a'));
  recent.wipe();
  expect(recent.find('Bearer a')).toBeUndefined();
  recent.keep('Bearer a', name('a'));
  await clock.advance(59_999);
  expect(recent.find('Bearer a')).toBe('a');
});

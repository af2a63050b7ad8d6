/** The list of requests. */

import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { basic, bearer, send } from '../../support/http-client.js';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator();
});
afterEach(() => emulator.close());

test('says what was asked, in order, and what was answered', async () => {
  await send(`${emulator.url}/?pretty`, { headers: basic('elastic', 'changeme') });
  await send(`${emulator.url}/_security/nothing`, { method: 'DELETE' });
  expect(emulator.requests).toEqual([
    { method: 'GET', path: '/?pretty', status: 200, fingerprint: expect.any(String) },
    { method: 'DELETE', path: '/_security/nothing', status: 401, fingerprint: undefined },
  ]);
});

test('tells credentials apart without keeping them', async () => {
  const credentials = [
    bearer('xyz'),
    { authorization: 'bearer xyz' },
    bearer('XYZ'),
    basic('elastic', 'changeme'),
  ];
  for (const headers of credentials) await send(emulator.url, { headers });
  const [first, sameScheme, otherCase, other] = emulator.requests.map((request) => request.fingerprint);
  expect(sameScheme).toBe(first);
  expect(new Set([first, otherCase, other]).size).toBe(3);
  expect(JSON.stringify(emulator.requests)).not.toMatch(/abc|changeme|ZWxhc3Rp/i);
});

test('has another fingerprint for the same credential in another emulator', async () => {
  const another = await startEmulator();
  await send(emulator.url, { headers: bearer('abc') });
  await send(another.url, { headers: bearer('abc') });
  await another.close();
  expect(emulator.requests[0]?.fingerprint).not.toBe(another.requests[0]?.fingerprint);
});

test('can be emptied', async () => {
  await send(emulator.url);
  emulator.requests.length = 0;
  await send(`${emulator.url}/again`);
  expect(emulator.requests.map((request) => request.path)).toEqual(['/again']);
});

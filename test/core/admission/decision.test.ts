// What is given to whoever awaits a guard in his own function: heard or not, a refusal ends no process. That vitest
// fails for every rejection that is nobody's is part of it.

import { EventEmitter } from 'node:events';
import { DenialError, type Guard, passGuard, type Way } from '@esauth/core';
import { expect, test } from 'vitest';
import { denied } from '../../support/denied.js';
import { warningsDuring } from '../../support/warnings.js';

const denial = denied('forbidden');
const response = new EventEmitter();
const way: Way<object> = { responseOf: () => response, nextHearsErrors: true, answer: () => {} };
const pass = (guard: Guard<object>) => passGuard(guard, way, { headers: {} }, {}, {}, undefined);
const guarded = () => pass(() => denial);
const asked = () => pass(() => async () => denial);

test.each([
  ['await', async () => void (await guarded())],
  ['await, of what has to be asked', async () => void (await asked())],
  ['return', async () => guarded()],
  ['Promise.all', () => Promise.all([guarded(), asked()])],
  ['then', () => guarded()?.then(() => {})],
])('whoever hears it is refused, without a warning: %s', async (_how, hear) => {
  const warnings = await warningsDuring(async () => {
    await expect(hear()).rejects.toBeInstanceOf(DenialError);
    await new Promise((done) => setImmediate(done));
  });
  expect(warnings).toEqual([]);
});

// The last one, as it is said once in a process.
test('where nobody hears it, the process goes on and is warned', async () => {
  const warnings = await warningsDuring(async () => {
    void guarded();
    void asked();
    await new Promise((done) => setImmediate(done));
  });
  expect(warnings.map(({ code }) => code)).toEqual(['ESAUTH_NOT_AWAITED']);
});

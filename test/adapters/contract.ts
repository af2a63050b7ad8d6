// What an adapter is, as a suite: the same requests get the same answers, whatever the framework. Each adapter's
// own test file says how an application is built with its framework, and adds what is special to it.

import { describe } from 'vitest';
import { acting } from './acting.js';
import { type Adapter, worldOf } from './adapter.js';
import { answers } from './answers.js';
import { awaiting } from './awaiting.js';
import { functions } from './functions.js';
import { guarding } from './guards.js';
import { trust } from './trust.js';
import { wire } from './wire.js';

export function adapterContract<Step>(adapter: Adapter<Step>): void {
  describe(`the contract: ${adapter.name}`, () => {
    const world = worldOf(adapter);
    describe('answers', () => answers(world));
    describe('on the wire', () => wire(world));
    describe('guards', () => guarding(world));
    describe('acting as the caller', () => acting(world));
    describe('awaited', () => awaiting(world));
    describe('functions of the application', () => functions(world));
    describe('trust', () => trust(world));
  });
}

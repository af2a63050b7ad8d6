// A Fastify application under test by `inject`: without a socket of its own.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startEmulator } from '@esauth/emulator';
import { createVerifier, esauth, requireRoles } from '@esauth/fastify';
import Fastify from 'fastify';

let emulator, verifier, app;

before(async () => {
  emulator = await startEmulator({ users: { alice: { password: 'secret', roles: ['analyst'] } } });
  verifier = createVerifier({ nodes: emulator.url, clock: emulator.clock });

  // Yours: an application that takes its verifier as an argument.
  app = Fastify();
  await app.register(esauth, { verifier });
  app.get('/reports', { preHandler: requireRoles('analyst') }, async (request) => ({
    of: request.identity.subject,
  }));
});

beforeEach(async () => {
  await emulator.reset();
  verifier.revoke('all');
});

after(async () => {
  await app.close();
  await verifier.close();
  await emulator.close();
});

const get = (headers) => app.inject({ url: '/reports', headers });

test('lets analysts in, until their tokens end', async () => {
  const headers = { authorization: emulator.authorization('alice') };
  assert.deepEqual((await get(headers)).json(), { of: 'token:default_native:alice' });
  await emulator.clock.advance(20 * 60_000 + 1);
  assert.equal((await get(headers)).json().code, 'credentials_expired');
});

test('asks for a credential', async () => {
  assert.equal((await get({})).statusCode, 401);
});

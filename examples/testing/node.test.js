// Your API under test with nothing but Node: its own test runner and fetch.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { startEmulator } from '@esauth/emulator';
import { createVerifier, esauth, requireRoles } from '@esauth/express';
import express from 'express';

let emulator, verifier, server;

before(async () => {
  emulator = await startEmulator({ users: { alice: { password: 'secret', roles: ['analyst'] } } });
  verifier = createVerifier({ nodes: emulator.url, clock: emulator.clock });

  // Yours: an application that takes its verifier as an argument.
  const app = express();
  app.use(esauth(verifier));
  app.get('/reports', requireRoles('analyst'), (req, res) => res.json({ of: req.identity.subject }));

  server = app.listen(0);
  await once(server, 'listening');
});

beforeEach(async () => {
  await emulator.reset();
  verifier.revoke('all');
});

after(async () => {
  server.close();
  await verifier.close();
  await emulator.close();
});

const get = (headers) => fetch(`http://127.0.0.1:${server.address().port}/reports`, { headers });

test('lets analysts in, until their tokens end', async () => {
  const headers = { authorization: emulator.authorization('alice') };
  assert.deepEqual(await (await get(headers)).json(), { of: 'token:default_native:alice' });
  await emulator.clock.advance(20 * 60_000 + 1);
  assert.equal((await (await get(headers)).json()).code, 'credentials_expired');
});

test('asks for a credential', async () => {
  assert.equal((await get({})).status, 401);
});

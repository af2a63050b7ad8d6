// Your API under test with Jest, as CommonJS, and supertest: the emulator stands in for Elasticsearch, in the same process.

const { startEmulator } = require('@esauth/emulator');
const { createVerifier, esauth, requireRoles } = require('@esauth/express');
const express = require('express');
const request = require('supertest');

let emulator, verifier, app;

beforeAll(async () => {
  emulator = await startEmulator({ users: { alice: { password: 'secret', roles: ['analyst'] } } });
  verifier = createVerifier({ nodes: emulator.url, clock: emulator.clock });

  // Yours: an application that takes its verifier as an argument.
  app = express();
  app.use(esauth(verifier));
  app.get('/reports', requireRoles('analyst'), (req, res) => res.json({ of: req.identity.subject }));
});

beforeEach(async () => {
  await emulator.reset();
  verifier.revoke('all');
});

afterAll(async () => {
  await verifier.close();
  await emulator.close();
});

test('lets analysts in, until their tokens end', async () => {
  const get = () => request(app).get('/reports').set('authorization', authorization);
  const authorization = emulator.authorization('alice');
  await get().expect(200, { of: 'token:default_native:alice' });
  await emulator.clock.advance(20 * 60_000 + 1);
  const { body } = await get().expect(401);
  expect(body.code).toBe('credentials_expired');
});

test('asks for a credential', async () => {
  await request(app).get('/reports').expect(401);
});

// Your API under test with Vitest and supertest: the emulator stands in for Elasticsearch, in the same process.

import { startEmulator } from '@esauth/emulator';
import { createVerifier, esauth, requirePrivileges, requireRoles } from '@esauth/express';
import express from 'express';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

let emulator, verifier, app;

beforeAll(async () => {
  const reader = { indices: [{ names: ['docs'], privileges: ['read'] }] };
  const users = {
    alice: { password: 'secret', roles: ['analyst', 'reader'] },
    bob: { password: 'secret', roles: [] },
  };
  emulator = await startEmulator({ users, roles: { reader } });
  // One clock for both, so that twenty minutes later is twenty minutes later for both.
  verifier = createVerifier({ nodes: emulator.url, clock: emulator.clock });

  // Yours: an application that takes its verifier as an argument.
  app = express();
  app.use(esauth(verifier));
  app.get('/me', (req, res) => res.json({ subject: req.identity.subject }));
  app.get('/reports', requireRoles('analyst'), (_req, res) => res.json([]));
  app.get('/docs', requirePrivileges({ index: [{ names: 'docs', privileges: ['read'] }] }), (_req, res) =>
    res.json([]),
  );
});

beforeEach(async () => {
  await emulator.reset();
  verifier.revoke('all');
});

afterAll(async () => {
  await verifier.close();
  await emulator.close();
});

const get = (path, authorization) => request(app).get(path).set('authorization', authorization);

test('knows who is calling', async () => {
  await get('/me', emulator.authorization('alice')).expect(200, { subject: 'token:default_native:alice' });
  await request(app).get('/me').expect(401);
});

test('lets analysts in, and nobody else', async () => {
  await get('/reports', emulator.authorization('alice')).expect(200);
  await get('/reports', emulator.authorization('bob')).expect(403);
});

test('asks of an API key what it may do', async () => {
  const key = emulator.apiKey('alice');
  const weak = emulator.apiKey('alice', { role_descriptors: { nothing: {} } });
  await get('/docs', emulator.authorization(key)).expect(200);
  await get('/docs', emulator.authorization(weak)).expect(403);
});

test('notices that a token expires', async () => {
  const authorization = emulator.authorization('alice');
  await get('/me', authorization).expect(200);
  await emulator.clock.advance(20 * 60_000 + 1);
  const { body } = await get('/me', authorization).expect(401);
  expect(body.code).toBe('credentials_expired');
});

test('is unavailable, and refuses nobody, while Elasticsearch is away', async () => {
  emulator.faults.add({ reset: true });
  const { body } = await get('/me', emulator.authorization('alice')).expect(503).expect('retry-after', /\d/);
  expect(body.code).toBe('unreachable');
});

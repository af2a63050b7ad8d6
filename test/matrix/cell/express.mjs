// The application of every cell, with Express 4 or 5.

import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  anyOf,
  callerHeaders,
  esauth,
  handleDenials,
  identityOf,
  privileges,
  requirePrivileges,
  requireRoles,
  requireThat,
  roles,
} from '@esauth/express';
import express from 'express';

export async function serve(verifier, search) {
  const readBooks = { index: [{ names: ['books'], privileges: ['read'] }] };
  const app = express();
  const served = (_req, res) => void res.json('served');
  app.use(esauth(verifier));
  app.get('/me', (req, res) => void res.json(identityOf(req)));
  app.get('/admin', requireRoles('superuser'), served);
  app.get('/reports', requirePrivileges(readBooks), served);
  app.get('/either', requireThat(anyOf(roles('superuser'), privileges(readBooks))), served);
  // Express 4 catches nothing that an async handler throws.
  app.get('/awaited', async (req, res, next) => {
    try {
      await requireRoles('superuser')(req, res);
      res.json('served');
    } catch (error) {
      next(error);
    }
  });
  app.get('/books', (req, res, next) => {
    search(callerHeaders(req)).then((found) => res.json(found), next);
  });
  app.use(handleDenials);
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((done) => server.close(done)),
  };
}

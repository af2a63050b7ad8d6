// The application of every cell, with Koa 2 or 3.

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
} from '@esauth/koa';
import Koa from 'koa';

export async function serve(verifier, search) {
  const readBooks = { index: [{ names: ['books'], privileges: ['read'] }] };
  const json = (ctx, value) => {
    ctx.type = 'json';
    ctx.body = JSON.stringify(value);
  };
  const served = (ctx) => json(ctx, 'served');
  const routes = {
    '/me': [(ctx) => json(ctx, identityOf(ctx))],
    '/admin': [requireRoles('superuser'), served],
    '/reports': [requirePrivileges(readBooks), served],
    '/either': [requireThat(anyOf(roles('superuser'), privileges(readBooks))), served],
    '/awaited': [
      async (ctx) => {
        await requireRoles('superuser')(ctx);
        served(ctx);
      },
    ],
    '/books': [async (ctx) => json(ctx, await search(callerHeaders(ctx)))],
  };
  const app = new Koa();
  app.use(handleDenials);
  app.use(esauth(verifier));
  app.use(async (ctx) => {
    const [first, second] = routes[ctx.path];
    await first(ctx, async () => second?.(ctx));
  });
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((done) => server.close(done)),
  };
}

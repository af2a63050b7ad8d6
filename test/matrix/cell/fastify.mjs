// The application of every cell, with Fastify 4 or 5.

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
} from '@esauth/fastify';
import fastify from 'fastify';

export async function serve(verifier, search) {
  const readBooks = { index: [{ names: ['books'], privileges: ['read'] }] };
  const app = fastify();
  const served = async (_request, reply) => reply.type('application/json').send(JSON.stringify('served'));
  app.setErrorHandler(handleDenials);
  await app.register(esauth, { verifier });
  app.get('/me', async (request) => identityOf(request));
  app.get('/admin', { preHandler: requireRoles('superuser') }, served);
  app.get('/reports', { onRequest: requirePrivileges(readBooks) }, served);
  app.get('/either', { preHandler: requireThat(anyOf(roles('superuser'), privileges(readBooks))) }, served);
  app.get('/awaited', async (request, reply) => {
    await requireRoles('superuser')(request, reply);
    return served(request, reply);
  });
  app.get('/books', async (request, reply) =>
    reply.type('application/json').send(JSON.stringify(await search(callerHeaders(request)))),
  );
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
}

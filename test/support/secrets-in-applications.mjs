// Forked by `test/properties/kept-secrets.test.ts`: applications on Express, Koa and Fastify that keep for good what
// applications keep (verdicts and their causes, errors, identities, events, warnings, statistics), rest when they are told
// to, and write a heap snapshot. Credentials come in requests only, from the parent, which also plays Elasticsearch.
//
// node --expose-gc secrets-in-applications.mjs <url> <snapshot file>

import { subscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import { writeHeapSnapshot } from 'node:v8';
import { createVerifier, DenialError, InvalidPrivilegesError, LookupError } from '@esauth/core';
import * as onExpress from '@esauth/express';
import * as onFastify from '@esauth/fastify';
import * as onKoa from '@esauth/koa';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';

const [, , url, file] = process.argv;

/** All that the applications hold on to. */
globalThis.kept = [];
const counts = {};
function keep(what, value) {
  globalThis.kept.push(value);
  counts[what] = (counts[what] ?? 0) + 1;
}
const keepError = (error) => {
  if (error instanceof DenialError) keep('DenialError', error);
  else if (error instanceof InvalidPrivilegesError) keep('InvalidPrivilegesError', error);
  else if (error instanceof LookupError) keep('LookupError', error);
  else keep(String(error), error);
};
for (const name of ['verdict', 'lookup', 'revocation', 'node']) {
  subscribe(`esauth:${name}`, (event) => keep('event', event));
}
process.on('warning', (warning) => keep('warning', warning));

const options = {
  nodes: url,
  schemes: ['Bearer', 'ApiKey', 'Basic'],
  upstream: { timeoutMs: 400, retries: 0, breaker: { failures: 1_000 } },
};
const plain = createVerifier({ ...options, clientAuthentication: 'the-secret-of-the-realm' });
const detailed = createVerifier({ ...options, apiKeyDetails: true, cache: { staleIfErrorMs: 60_000 } });

const question = { index: [{ names: 'docs', privileges: ['read'] }] };
const questionOf = (address) => ({
  index: [{ names: address.slice('/named/'.length), privileges: ['read'] }],
});
const cookieOf = ({ headers }) =>
  /(?:^|; )session=([^;]*)/.exec(headers.cookie ?? '')?.[1]?.replace('+', ' ');

/** What a handler does with a request that was let in. */
async function handle(identity, identityAgain, headers) {
  keep('identity', identity);
  keep('identity', identityAgain);
  if (typeof headers.authorization !== 'string') throw new TypeError('no caller');
}

function expressApp(verifier, admission) {
  const { esauth, identityOf, callerHeaders, requirePrivileges, requireRoles } = onExpress;
  const app = express();
  app.use(esauth(verifier, admission));
  const finish = (req, res) =>
    handle(req.identity, identityOf(req), callerHeaders(req)).then(() => res.end('ok'));
  app.get('/me', finish);
  app.get('/read', requirePrivileges(question), finish);
  app.get(
    '/named/:name',
    requirePrivileges((req) => questionOf(req.url)),
    finish,
  );
  app.get('/admin', requireRoles('nobody has it'), finish);
  app.use((error, _req, res, _next) => {
    keepError(error);
    res.status(error.status ?? 500).end('no');
  });
  return app;
}

function koaApp(verifier, admission) {
  const { esauth, identityOf, callerHeaders, requirePrivileges, requireRoles } = onKoa;
  const app = new Koa();
  app.silent = true;
  app.on('error', (error) => keepError(error));
  app.use(
    esauth(verifier, { ...admission, credential: admission.credential && ((ctx) => cookieOf(ctx.req)) }),
  );
  const guards = {
    '/read': requirePrivileges(question),
    '/named': requirePrivileges((ctx) => questionOf(ctx.url)),
    '/admin': requireRoles('nobody has it'),
  };
  app.use((ctx, next) => {
    const [guard] = Object.entries(guards).filter(([path]) => ctx.path.startsWith(path));
    return guard === undefined ? next() : guard[1](ctx, next);
  });
  app.use(async (ctx) => {
    await handle(ctx.state.identity, identityOf(ctx), callerHeaders(ctx));
    ctx.body = 'ok';
  });
  return app.callback();
}

async function fastifyApp(verifier, admission) {
  const { esauth, identityOf, callerHeaders, requirePrivileges, requireRoles } = onFastify;
  let serve;
  const app = fastify({
    serverFactory(handler) {
      serve = handler;
      return createServer();
    },
  });
  await app.register(esauth, { verifier, ...admission });
  app.setErrorHandler((error, _request, reply) => {
    keepError(error);
    return reply.code(error.statusCode ?? 500).send('no');
  });
  const finish = async (request) => {
    await handle(request.identity, identityOf(request), callerHeaders(request));
    return 'ok';
  };
  app.get('/me', finish);
  app.get('/read', { preHandler: requirePrivileges(question) }, finish);
  app.get('/named/:name', { preHandler: requirePrivileges((request) => questionOf(request.url)) }, finish);
  app.get('/admin', { preHandler: requireRoles('nobody has it') }, finish);
  await app.ready();
  return serve;
}

/** Without an adapter: everything that a verifier returns or throws. */
function bareApp(verifier, { credential }) {
  return async (req, res) => {
    const presented = credential === undefined ? req.headers.authorization : cookieOf(req);
    const verdict = await verifier.verify(presented);
    keep(`verdict: ${verdict.kind}`, verdict);
    keep('peek', verifier.peek(presented));
    if (verdict.kind !== 'authenticated') keep('denial', verifier.denial(verdict, presented));
    if (verdict.kind === 'unavailable') keepError(verdict.cause);
    for (const asked of [question, questionOf(req.url)]) {
      try {
        keep('privileges', await verifier.hasPrivileges(presented, asked));
        keep('privileges', verifier.peekPrivileges(presented, asked));
      } catch (error) {
        keepError(error);
      }
    }
    await verifier.check().catch(keepError);
    if (req.url === '/admin') verifier.revoke({ credential: presented });
    keep('health', verifier.health());
    keep('stats', verifier.stats());
    res.end('ok');
  };
}

const admissions = [
  [plain, { onDenied: 'throw' }],
  [plain, { onDenied: 'respond', credential: cookieOf }],
  [detailed, { onDenied: 'throw', credential: cookieOf }],
  [detailed, { onDenied: 'respond' }],
];
const servers = [];
for (const [verifier, admission] of admissions) {
  for (const make of [expressApp, koaApp, fastifyApp, bareApp]) {
    const server = createServer(await make(verifier, admission));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push({
      server,
      how: { port: server.address().port, cookie: admission.credential !== undefined },
    });
  }
}
process.send(servers.map(({ how }) => how));

process.once('message', async () => {
  while (plain.stats().inFlight + detailed.stats().inFlight > 0) await new Promise(setImmediate);
  // The last request of each connection has to be over for good, as it is once another has come or the client has left.
  await Promise.all(servers.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  for (let round = 0; round < 10; round += 1) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  writeHeapSnapshot(file);
  process.send(counts, () => process.exit());
});

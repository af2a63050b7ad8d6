// Applications of one route each, in each framework, with every kind of hook before it: none, an empty one, ours, and
// that framework's peers. The hook can be wrapped, so that what it costs within the real framework can be counted.

import { createSecretKey } from 'node:crypto';
import { must } from '../measure/work.mjs';
import { audience, issuer } from './jwt-peers.mjs';
import { knowing, recent } from './verifiers.mjs';

const answer = { ok: true };
const docs = { index: [{ names: 'docs', privileges: ['read'] }] };
const bearer = (header) => header.slice('Bearer '.length);
const usersOf = (callers) => new Map(callers.map((header) => [bearer(header), { user: 1 }]));

/** Which variants there are, and of what kind. */
export const variants = {
  express: {
    ...{ bare: 'bare', 'an empty hook': 'bare', esauth: 'ours', 'esauth, recent': 'ours' },
    ...{ 'esauth and roles': 'ours', 'esauth and a privilege': 'ours' },
    ...{ 'passport-http-bearer, Map': 'peer', 'express-jwt': 'peer', 'express-oauth2-jwt-bearer': 'peer' },
  },
  koa: {
    ...{ bare: 'bare', 'an empty hook': 'bare', esauth: 'ours', 'esauth, recent': 'ours' },
    ...{ 'esauth and roles': 'ours', 'koa-jwt': 'peer' },
  },
  fastify: {
    ...{ bare: 'bare', 'an empty hook': 'bare', esauth: 'ours', 'esauth, recent': 'ours' },
    ...{ 'esauth and roles': 'ours', '@fastify/bearer-auth, Map': 'peer', '@fastify/jwt, cache': 'peer' },
  },
};

/** Those that take signed tokens. */
export const takesSigned = (name) => name.includes('jwt');

/**
 * @param {keyof typeof variants} framework
 * @param {string} name of a variant
 * @param {{ callers: readonly string[], secret: string }} known
 * @param {{ served(): void, wrap(hook: Function): Function }} watch
 * @returns {Promise<{ port: number } | { absent: string }>} once it listens
 */
export async function start(framework, name, known, watch) {
  const privileges = name === 'esauth and a privilege' ? docs : undefined;
  const isOurs = name.startsWith('esauth');
  const memory = isOurs ? await knowing(known.callers, optionsOf(name), privileges) : undefined;
  if (memory !== undefined && 'absent' in memory) return memory;
  return { port: await starters[framework](name, { ...known, verifier: memory?.verifier }, watch) };
}

const optionsOf = (name) => (name.includes('recent') ? { cache: { recent } } : {});

function listening(server) {
  // A connection lasts as long as all rounds do.
  server.keepAliveTimeout = 600_000;
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

const starters = {
  async express(name, known, { served, wrap }) {
    const { default: express } = await import('express');
    const app = express();
    for (const [at, middleware] of (await expressMiddleware(name, known)).entries()) {
      app.use(at === 0 ? wrap(middleware) : middleware);
    }
    app.get('/', (_req, res) => {
      served();
      res.json(answer);
    });
    // Express prints errors otherwise.
    app.use((error, _req, res, _next) => res.status(error.status ?? 500).end());
    const { createServer } = await import('node:http');
    return listening(createServer(app));
  },

  async koa(name, known, { served, wrap }) {
    const { default: Koa } = await import('koa');
    const app = new Koa();
    app.silent = true;
    for (const [at, middleware] of (await koaMiddleware(name, known)).entries()) {
      app.use(at === 0 ? wrap(middleware) : middleware);
    }
    app.use((ctx) => {
      served();
      ctx.body = answer;
    });
    const { createServer } = await import('node:http');
    return listening(createServer(app.callback()));
  },

  async fastify(name, known, { served, wrap }) {
    const { default: Fastify } = await import('fastify');
    const app = Fastify({ keepAliveTimeout: 600_000 });
    const add = app.addHook;
    let isFirst = true;
    app.addHook = function addHook(event, hook) {
      const first = event === 'onRequest' && isFirst;
      if (first) isFirst = false;
      return add.call(this, event, first ? wrap(hook) : hook);
    };
    await addFastifyHooks(app, name, known);
    app.get('/', (_request, reply) => {
      served();
      reply.send(answer);
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server.address().port;
  },
};

async function expressMiddleware(name, { callers, secret, verifier }) {
  if (name === 'bare') return [];
  if (name === 'an empty hook') return [(_req, _res, next) => next()];
  if (name === 'passport-http-bearer, Map') {
    const { default: passports } = await import('passport');
    const { Strategy } = await import('passport-http-bearer');
    const passport = new passports.Passport();
    const users = usersOf(callers);
    passport.use(new Strategy((token, done) => done(null, users.get(token) ?? false)));
    return [passport.authenticate('bearer', { session: false })];
  }
  if (name === 'express-jwt') {
    const { expressjwt } = await import('express-jwt');
    return [expressjwt({ secret: createSecretKey(Buffer.from(secret)), algorithms: ['HS256'] })];
  }
  if (name === 'express-oauth2-jwt-bearer') {
    const { auth } = await import('express-oauth2-jwt-bearer');
    return [auth({ secret, issuer, audience, tokenSigningAlg: 'HS256' })];
  }
  const { esauth, requirePrivileges, requireRoles } = await import('@esauth/express');
  const guards = {
    'esauth and roles': requireRoles('viewer'),
    'esauth and a privilege': requirePrivileges(docs),
  };
  return [esauth(verifier), ...(name in guards ? [guards[name]] : [])];
}

async function koaMiddleware(name, { secret, verifier }) {
  if (name === 'bare') return [];
  if (name === 'an empty hook') return [(_ctx, next) => next()];
  if (name === 'koa-jwt') {
    const { default: koaJwt } = await import('koa-jwt');
    return [koaJwt({ secret: createSecretKey(Buffer.from(secret)) })];
  }
  const { esauth, requireRoles } = await import('@esauth/koa');
  return [esauth(verifier), ...(name === 'esauth and roles' ? [requireRoles('viewer')] : [])];
}

async function addFastifyHooks(app, name, { callers, secret, verifier }) {
  if (name === 'bare') return;
  if (name === 'an empty hook') app.addHook('onRequest', (_request, _reply, done) => done());
  else if (name === '@fastify/bearer-auth, Map') {
    const { default: bearerAuth } = await import('@fastify/bearer-auth');
    const users = usersOf(callers);
    await app.register(bearerAuth, { keys: new Set(), auth: (token) => users.has(token) });
  } else if (name === '@fastify/jwt, cache') {
    const { default: fastifyJwt } = await import('@fastify/jwt');
    await app.register(fastifyJwt, { secret, verify: { cache: 10_000 } });
    app.addHook('onRequest', async (request) => {
      const { sub } = await request.jwtVerify();
      must(sub !== undefined, () => 'it says nobody');
    });
  } else {
    const { esauth, requireRoles } = await import('@esauth/fastify');
    await app.register(esauth, { verifier });
    if (name === 'esauth and roles') app.addHook('onRequest', requireRoles('viewer'));
  }
}

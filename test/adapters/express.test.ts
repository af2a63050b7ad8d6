import { createServer, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { type AdmissionOptions, roles } from '@esauth/core';
import * as guards from '@esauth/express';
import { callerHeaders, esauth, handleDenials, identityOf, requireRoles, requireThat } from '@esauth/express';
import cors from 'cors';
import express5, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import express4 from 'express4';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Adapter, Options, Settled } from './adapter.js';
import { adapterContract } from './contract.js';
import { headers, showsItsVerifier, worldOfJane } from './jane.js';

// One type for both: Express 4 has the same surface as far as it is used here.
const versions: readonly (readonly [string, () => Express, () => Router])[] = [
  ['Express 5', () => express5(), express5.Router],
  ['Express 4', () => express4() as unknown as Express, express4.Router as () => unknown as () => Router],
];

describe.each(versions)('%s', (name, create, Router) => {
  adapterContract(adapterOf(name, create));

  let app: Express;
  // Express 4's own type is not assignable; at run time it is a listener.
  const world = worldOfJane(() => app as RequestListener);
  const { get } = world;
  beforeEach(() => {
    app = create();
  });

  showsItsVerifier(world, (options) => {
    const middleware = esauth(options);
    app.use(middleware);
    return middleware;
  });

  test('it holds for its router and those within, and for no other', async () => {
    const [outer, inner] = [Router(), Router()];
    outer.use(esauth(world.verifier));
    inner.get('/who', requireRoles('editor'), (req, res) => void res.json(identityOf(req).username));
    inner.get('/admin', requireThat(roles('superuser')), (_req, res) => void res.json('never'));
    outer.use('/inner', inner);
    app.use('/outer', outer);
    app.get('/open', (req, res) => void res.json(req.identity ?? 'nobody'));
    expect((await get('/open', headers)).json).toBe('nobody');
    expect((await get('/outer/inner/who')).status).toBe(401);
    expect((await get('/outer/inner/who', headers)).json).toBe('jane');
    expect((await get('/outer/inner/admin', headers)).status).toBe(403);
  });

  test('app.param knows the caller, and what it refuses goes to the error path', async () => {
    app.use(esauth(world.verifier, { optional: true }));
    app.param('user', (req, _res, next, user) => {
      if (identityOf(req).username === user) next();
      else next('route');
    });
    app.get('/users/:user', (req, res) => void res.json(req.identity?.username));
    const collect: ErrorRequestHandler = (error, _req, res, _next) => {
      res.status(error.status).set(error.headers).json(error.body);
    };
    app.use(collect);
    expect((await get('/users/jane', headers)).json).toBe('jane');
    expect((await get('/users/joe', headers)).status).toBe(404);
    const nobody = await get('/users/jane');
    expect([nobody.status, nobody.json.code]).toEqual([401, 'credentials_missing']);
    expect(nobody.header('www-authenticate').length).toBe(2);
  });

  test('guards may stand in lists, and on all methods of a path', async () => {
    app.use('/a', [esauth(world.verifier), requireRoles('editor')], requireRoles('superuser'));
    app.all(
      '/b',
      esauth(world.verifier),
      [requireRoles('editor')],
      (_req: Request, res: Response) => void res.json('b'),
    );
    expect((await get('/a', headers)).status).toBe(403);
    expect((await get('/b', headers)).json).toBe('b');
  });
});

function adapterOf(name: string, create: () => Express): Adapter<RequestHandler> {
  return {
    name,
    esauth: (verifier, options) => esauth(verifier, optionsOf(options)),
    esauthOf: (verifierOf) => esauth((req: Request) => verifierOf(req.path)),
    guards,
    awaitGuard: (make, settled) => awaiting(make(guards), settled),
    awaitEsauth: (verifier, options, settled) => awaiting(esauth(verifier, optionsOf(options)), settled),
    bareGuard: guards.requireIdentity() as (...args: unknown[]) => unknown,
    args: (response) => [{ headers: {} }, response],
    requirePrivilegesOf: (question) => guards.requirePrivileges((req) => question(req.path)),
    forge: (identity) => (req, _res, next) => {
      Object.assign(req, { identity });
      next();
    },
    cors: () => cors(),
    impatient: (finished) => (_req, res, next) => {
      next();
      res.writeHead(504).write('la');
      void finished.then(() => res.end('te'));
    },
    async build({ behindProxy = false, handlesDenials, steps = [], routes }, failed, options = {}) {
      const app = create();
      app.set('trust proxy', behindProxy);
      for (const step of steps) app.use(step);
      for (const { method = 'GET', path, steps: own = [], handler } of routes) {
        app[method.toLowerCase() as 'get'](path, ...own, async (req, res, next) => {
          try {
            res.json(
              handler === undefined
                ? { username: req.identity?.username ?? null }
                : await handler({
                    identity: req.identity,
                    identityOf: () => identityOf(req),
                    callerHeaders: () => callerHeaders(req),
                    body: () => text(req),
                  }),
            );
          } catch (error) {
            next(error);
          }
        });
      }
      const watch: ErrorRequestHandler = (error, _req, _res, next) => {
        failed(error);
        next(error);
      };
      app.use(watch);
      if (handlesDenials) app.use(handleDenials);
      // Express 4's own type is not assignable; at run time it is a listener.
      return createServer(options, app as RequestListener);
    },
  };
}

function optionsOf({ source, credential, ...options }: Options = {}): AdmissionOptions<Request> {
  return {
    ...options,
    ...(source && { source }),
    ...(credential && { credential: (req) => credential(req.headers.cookie ?? '') }),
  };
}

function awaiting(middleware: unknown, settled: Settled = () => {}): RequestHandler {
  return async (req, res, next) => {
    try {
      await (middleware as guards.Middleware)(req, res);
      settled();
    } catch (error) {
      settled(error);
      return next(error);
    }
    next();
  };
}

import { createServer, type RequestListener } from 'node:http';
import { roles } from '@esauth/core';
import {
  callerHeaders,
  esauth,
  handleDenials,
  identityOf,
  requireIdentity,
  requireRoles,
  requireThat,
} from '@esauth/express';
import type { ErrorRequestHandler, Express, Request, Response } from 'express';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { send } from '../support/http-client.js';
import { listen } from '../support/serving.js';
import { warningsDuring } from '../support/warnings.js';
import { adapterContract } from './contract.js';
import { adapterOf, versions } from './express-adapter.js';
import { headers, showsItsVerifier, worldOfJane } from './jane.js';

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

  describe('async handlers, of which Express 4 catches nothing, as the readme writes them', () => {
    const ends = vi.fn();
    beforeEach(() => {
      ends.mockClear();
      process.on('unhandledRejection', ends);
      app.use(esauth(world.verifier, { optional: true }));
    });
    afterEach(() => void process.off('unhandledRejection', ends));

    test('after requireIdentity there is an identity', async () => {
      app.get('/', requireIdentity(), async (req, res) => {
        await Promise.resolve();
        res.json([identityOf(req).username, callerHeaders(req)]);
      });
      app.use(handleDenials);
      expect((await get('/')).json.code).toBe('credentials_missing');
      expect((await get('/', headers)).json).toEqual(['jane', headers]);
      expect(ends).not.toHaveBeenCalled();
    });

    test('a guard that is awaited is caught, and handed on', async () => {
      app.get('/', async (req, res, next) => {
        try {
          await requireRoles('superuser')(req, res);
          res.json('never');
        } catch (error) {
          next(error);
        }
      });
      app.use(handleDenials);
      for (const [as, status] of [
        [{}, 401],
        [headers, 403],
      ] as const) {
        const response = await get('/', as);
        expect([response.status, response.header('content-type')]).toEqual([
          status,
          ['application/problem+json; charset=utf-8'],
        ]);
      }
      expect(ends).not.toHaveBeenCalled();
    });
  });

  test('without the middleware, the warning names the route and not the path of a caller', async () => {
    const router = Router();
    const prefix = `/${name.replace(' ', '')}`;
    router.get('/books/:id', requireRoles('editor'), (_req, res) => void res.end());
    app.use(prefix, router);
    app.use(`${prefix}/all`, requireRoles('editor'));
    const warnings = await warningsDuring(async () => {
      for (const path of ['/books/7', '/books/8', '/all/9']) {
        expect((await get(prefix + path, headers)).json.code).toBe('not_admitted');
      }
    });
    expect(warnings).toMatchObject([
      { message: expect.stringContaining(`GET ${prefix}/books/:id: `) },
      { message: expect.stringContaining(`GET ${prefix}/all`) },
    ]);
  });

  test('a denial after the answer has begun closes the connection, as every error does', async () => {
    app.use(esauth(world.verifier, { optional: true }));
    app.get('/', (req, res) => {
      res.write('begun');
      identityOf(req);
    });
    app.use(handleDenials);
    await expect(get('/')).rejects.toThrow();
  });

  test('it works on requests of Node’s own servers, which are no requests of Express', async () => {
    const middleware = esauth(world.verifier);
    const guard = requireRoles('editor');
    const server = await listen(
      createServer((req, res) =>
        middleware(req, res, () => guard(req, res, () => res.end(identityOf(req).username))),
      ),
    );
    expect((await send(server.url, { headers })).text).toBe('jane');
    expect((await send(server.url)).json.code).toBe('credentials_missing');
    await server.close();
  });

  test('with a verifier for each request there is none to show', () => {
    expect(esauth(() => world.verifier)).not.toHaveProperty('verifier');
    expect(esauth(world.verifier).verifier).toBe(world.verifier);
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

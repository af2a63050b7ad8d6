import { createReadStream, type ReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { roles } from '@esauth/core';
import {
  DenialError,
  esauth,
  handleDenials,
  type IdentityState,
  requireRoles,
  requireThat,
} from '@esauth/koa';
import Router from '@koa/router';
import type Koa3 from 'koa';
import compose from 'koa-compose';
import { beforeEach, describe, expect, test } from 'vitest';
import { openLine, until } from '../support/serving.js';
import { warningsDuring } from '../support/warnings.js';
import { adapterContract } from './contract.js';
import { headers, showsItsVerifier, worldOfJane } from './jane.js';
import { adapterOf, type Koa, versions } from './koa-adapter.js';

describe.each(versions)('%s', (name, create) => {
  adapterContract(adapterOf(name, create));

  let app: Koa;
  const world = worldOfJane(() => app.callback());
  const { get } = world;
  beforeEach(() => {
    app = create();
  });

  showsItsVerifier(world, (options) => {
    const middleware = esauth(options);
    app.use(middleware);
    return middleware;
  });

  test('middleware and guards compose, and what was before them sees their answer', async () => {
    const statuses: number[] = [];
    const admin = compose<Koa3.ParameterizedContext<IdentityState>>([
      esauth(world.verifier),
      requireRoles('editor'),
      requireThat(roles('superuser')),
    ]);
    app.use(async (ctx, next) => {
      await next();
      statuses.push(ctx.status);
      ctx.set('x-seen', String(ctx.status));
    });
    app.use((ctx, next) => (ctx.path === '/admin' ? admin(ctx, next) : next()));
    app.use((ctx) => {
      ctx.body = 'open';
    });
    expect((await get('/')).text).toBe('open');
    expect((await get('/admin')).header('x-seen')).toEqual(['401']);
    expect((await get('/admin', headers)).header('x-seen')).toEqual(['403']);
    expect(statuses).toEqual([200, 401, 403]);
  });

  test('guards on routes of a router guard every spelling that the router takes for the route', async () => {
    const router = new Router();
    router.get('/admin', requireRoles('superuser'), (ctx) => {
      ctx.body = 'secret';
    });
    router.get('/items/:id', requireRoles('editor'), (ctx) => {
      ctx.body = ctx.params.id;
    });
    app.use(esauth(world.verifier)).use(router.routes());
    for (const path of ['/admin', '/ADMIN', '/admin/', '/%61dmin', '//admin']) {
      const { status, text } = await get(path, headers);
      expect([path, status === 403 || status === 404, text.includes('secret')]).toEqual([path, true, false]);
    }
    expect((await get('/admin', headers)).status).toBe(403);
    expect((await get('/items/7', headers)).text).toBe('7');
  });

  test('without the middleware, the warning names the route of a router and not the path of a caller', async () => {
    const router = new Router();
    router.get(`/${name.replace(' ', '')}/:id`, requireRoles('editor'), () => {});
    app.use(router.routes());
    const warnings = await warningsDuring(async () => {
      for (const id of ['7', '8'])
        expect((await get(`/${name.replace(' ', '')}/${id}`, headers)).status).toBe(500);
    });
    expect(warnings).toMatchObject([
      { message: expect.stringContaining(`GET /${name.replace(' ', '')}/:id: `) },
    ]);
  });

  test('a body that was set before a refusal, or is set by somebody who goes on all the same, is not sent', async () => {
    app.use(handleDenials).use(esauth(world.verifier));
    app.use(async (ctx) => {
      ctx.body = 'secret';
      await requireRoles('superuser')(ctx);
      ctx.body = 'more secret';
    });
    const response = await get('/', headers);
    expect([response.status, response.json.code]).toEqual([403, 'forbidden']);
  });

  test('nor one that is set by a handler that awaits, whatever it gave to go on with: nothing after the await runs', async () => {
    let went = 0;
    app.use(esauth(world.verifier));
    app.use(async (ctx, next) => {
      await requireRoles('superuser')(ctx, next);
      went += 1;
      ctx.body = 'secret';
    });
    expect((await get('/', headers)).json.code).toBe('forbidden');
    expect(went).toBe(0);
  });

  test('behind middleware that was awaited before, a guard answers itself', async () => {
    app.use(async (ctx, next) => {
      await esauth(world.verifier)(ctx);
      await next();
    });
    app.use(requireRoles('superuser'));
    const response = await get('/', headers);
    expect([response.status, response.json.code]).toEqual([403, 'forbidden']);
    expect(response.header('content-type')).toEqual(['application/problem+json; charset=utf-8']);
  });

  describe('who looks at a refusal may change it: who does not, does not replace it', () => {
    test.each<[string, (ctx: Koa3.Context) => void, number, string]>([
      ['an answer to whatever was asked', (ctx) => (ctx.body = 'secret'), 401, 'credentials_missing'],
      [
        'with a status too',
        (ctx) => {
          ctx.status = 200;
          ctx.body = 'secret';
        },
        401,
        'credentials_missing',
      ],
      ['the same body, printed', (ctx) => (ctx.body = `printed: ${ctx.body}`), 401, 'printed: '],
      [
        'a page for the status',
        (ctx) => {
          if (ctx.status === 401) ctx.body = 'page';
        },
        401,
        'page',
      ],
      [
        'an error',
        (ctx) => {
          ctx.status = 502;
          ctx.body = 'broken';
        },
        502,
        'broken',
      ],
      ['an error that is thrown', (ctx) => ctx.throw(502, 'broken', { expose: true }), 502, 'broken'],
    ])('%s', async (_what, write, status, text) => {
      app.use(async (ctx, next) => {
        await esauth(world.verifier)(ctx, next);
        write(ctx);
      });
      const response = await get('/');
      expect([response.status, response.text]).toEqual([status, expect.stringContaining(text)]);
    });
  });

  test('a file that is to be sent to whoever is not let in is closed', async () => {
    const files: ReadStream[] = [];
    app.use(async (ctx, next) => {
      await esauth(world.verifier)(ctx, next);
      const file = createReadStream(fileURLToPath(import.meta.url));
      files.push(file);
      ctx.body = file;
    });
    const response = await get('/');
    expect([response.status, response.json.code]).toEqual([401, 'credentials_missing']);
    await until(() => files[0]?.closed === true);
  });

  test("with onDenied: 'throw' an earlier middleware may catch, and app.on('error') hears of nothing then", async () => {
    const heard: unknown[] = [];
    app.on('error', (error) => heard.push(error));
    app.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        if (!(error instanceof DenialError)) throw error;
        ctx.status = error.status;
        ctx.set(error.headers);
        ctx.body = { mine: error.code };
      }
    });
    app.use(esauth(world.verifier, { onDenied: 'throw' }));
    const response = await get('/');
    expect([response.status, response.json]).toEqual([401, { mine: 'credentials_missing' }]);
    expect(response.header('www-authenticate').length).toBe(2);
    expect(heard).toEqual([]);
  });

  test('a denial that nobody catches is answered by ctx.onerror, and heard with its context', async () => {
    const heard: unknown[] = [];
    app.on('error', (error, ctx) => heard.push([error.code, ctx.path]));
    app.use(esauth(world.verifier, { onDenied: 'throw' }));
    const response = await get('/x');
    expect([response.status, response.text]).toEqual([401, 'The request has no Authorization header.']);
    expect(response.header('www-authenticate').length).toBe(2);
    expect(heard).toEqual([['credentials_missing', '/x']]);
  });

  test('for a client that hung up, what was before the middleware comes to its end', async () => {
    world.node.answer(() => {});
    let ended = false;
    app.use(async (_ctx, next) => {
      try {
        await next();
      } finally {
        ended = true;
      }
    });
    app.use(esauth(world.verifier));
    const line = await openLine((await world.serve()).port);
    line.write(`GET / HTTP/1.1\r\nHost: a\r\nAuthorization: ${headers.authorization}\r\n\r\n`);
    await until(() => world.verifier.stats().waiting === 1);
    line.close();
    await until(() => ended);
  });
});

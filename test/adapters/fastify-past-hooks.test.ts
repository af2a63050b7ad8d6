// Where Fastify goes past its hooks, or runs them when there is nothing left to refuse.

import { esauth, requireRoles } from '@esauth/fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { versions } from './fastify-versions.js';
import { headers, worldOfJane } from './jane.js';

describe.each(versions)('$name', (version) => {
  let app: FastifyInstance;
  const world = worldOfJane();
  beforeEach(() => {
    app = version.create({});
  });
  afterEach(() => app.close());

  const get = (url: string, as: Record<string, string> = {}) => app.inject({ url, headers: as });
  const who = async (request: FastifyRequest) => ({ who: request.identity?.username ?? null });

  describe('a URL that cannot be decoded reaches no handler, whose hooks would not run', () => {
    const malformed = ['/%', '/a/%zz', '/%c0%ae'] as const;
    const methods = ['GET', 'POST', 'DELETE', 'OPTIONS'] as const;
    const places: Record<string, (handler: () => string) => unknown> = {
      'set before': async (handler) => {
        app.setNotFoundHandler({ preHandler: requireRoles('superuser') }, handler);
        await app.register(esauth, { verifier: world.verifier });
      },
      'set after': async (handler) => {
        await app.register(esauth, { verifier: world.verifier });
        app.setNotFoundHandler({ preHandler: requireRoles('superuser') }, handler);
      },
      'of a context within, with a prefix': async (handler) => {
        await app.register(esauth, { verifier: world.verifier });
        app.register(async (scope: FastifyInstance) => scope.setNotFoundHandler(handler), { prefix: '/a' });
      },
      'of the only context that is protected': (handler) =>
        app.register(async (scope: FastifyInstance) => {
          await scope.register(esauth, { verifier: world.verifier });
          scope.setNotFoundHandler(handler);
        }),
    };
    test.each(Object.keys(places))('a not-found handler %s', async (place) => {
      let reached = 0;
      await places[place]?.(() => `secret ${++reached}`);
      app.get('/route', who);
      await app.ready();
      for (const method of methods) {
        for (const url of malformed) {
          const response = await app.inject({ method, url });
          expect([response.statusCode, response.json().code]).toEqual([400, 'FST_ERR_BAD_URL']);
        }
        expect((await app.inject({ method, url: '/nowhere' })).statusCode).toBe(401);
      }
      expect(reached).toBe(0);
    });
  });

  describe('a guard at a hook where it could refuse nothing any more stops the start', () => {
    const message = (hook: string) =>
      expect.stringContaining(`${hook}: too late for a guard, which goes to onRequest or preHandler`);
    const late = ['onSend', 'preSerialization', 'onResponse', 'onError', 'onTimeout'] as const;

    test.each(late)('%s of a context', async (hook) => {
      app.register(async (scope: FastifyInstance) => {
        scope.addHook(hook as 'onResponse', requireRoles('superuser'));
        scope.get('/', who);
      });
      await app.register(esauth, { verifier: world.verifier });
      await expect(app.ready()).rejects.toMatchObject({ code: 'invalid_option', message: message(hook) });
    });

    test.each(late)('%s of a route', async (hook) => {
      await app.register(esauth, { verifier: world.verifier });
      app.get('/', { [hook]: [async () => {}, requireRoles('superuser')] }, who);
      await expect(app.ready()).rejects.toMatchObject({ code: 'invalid_option', message: message(hook) });
    });

    test('and nothing else does', async () => {
      await app.register(esauth, { verifier: world.verifier });
      const guard = requireRoles('editor');
      app.addHook('onResponse', async () => {});
      app.get(
        '/',
        { onRequest: guard, preValidation: guard, preHandler: [guard], onSend: async () => {} },
        who,
      );
      expect((await get('/', headers)).json()).toEqual({ who: 'jane' });
    });
  });
});

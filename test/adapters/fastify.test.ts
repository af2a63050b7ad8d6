import { once } from 'node:events';
import type { Socket } from 'node:net';
import { esauth, requireRoles } from '@esauth/fastify';
import manifest from '@esauth/fastify/package.json' with { type: 'json' };
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityBody, respond } from '../support/scripted-node.js';
import { adapterContract } from './contract.js';
import { adapterOf } from './fastify-adapter.js';
import { versions } from './fastify-versions.js';
import { headers, worldOfJane } from './jane.js';

test('npm is told of the same versions as the plugin refuses others at start', () => {
  const meta = (esauth as unknown as Record<symbol, { readonly fastify: string }>)[Symbol.for('plugin-meta')];
  expect(manifest.peerDependencies.fastify).toBe(meta?.fastify);
});

describe.each(versions)('$name', (version) => {
  adapterContract(adapterOf(version));

  let app: FastifyInstance;
  const world = worldOfJane();
  beforeEach(() => {
    app = version.create({});
  });
  afterEach(() => app.close());

  const get = (url: string, as: Record<string, string> = {}) => app.inject({ url, headers: as });
  const who = async (request: FastifyRequest) => ({ who: request.identity?.username ?? null });

  test('it holds for its context and those within, and for no other', async () => {
    app.get('/outside', who);
    app.register(async (scope: FastifyInstance) => {
      await scope.register(esauth, { verifier: world.verifier });
      scope.get('/inside', who);
      scope.register((deeper, _options, loaded) => {
        deeper.get('/deeper', who);
        loaded();
      });
    });
    app.register(async (sibling: FastifyInstance) => void sibling.get('/beside', who));
    for (const [url, status] of Object.entries({
      '/outside': 200,
      '/beside': 200,
      '/inside': 401,
      '/deeper': 401,
    })) {
      expect([url, (await get(url)).statusCode]).toEqual([url, status]);
    }
    expect((await get('/deeper', headers)).json()).toEqual({ who: 'jane' });
    expect((await get('/outside', headers)).json()).toEqual({ who: null });
  });

  test('it covers the routes of its context that were defined before it was loaded', async () => {
    app.get('/before', who);
    await app.register(esauth, { verifier: world.verifier });
    expect((await get('/before')).statusCode).toBe(401);
  });

  test('it runs at onRequest, in the order of registration, before the body is read', async () => {
    const order: string[] = [];
    const note = (name: string) => async () => void order.push(name);
    app.addHook('onRequest', note('earlier'));
    await app.register(esauth, { verifier: world.verifier });
    app.addHook('onRequest', note('later'));
    app.addHook('preParsing', note('preParsing'));
    app.post('/', { onRequest: [requireRoles('superuser')] }, who);
    expect((await app.inject({ method: 'POST', url: '/', payload: '{' })).statusCode).toBe(401);
    expect(order.splice(0)).toEqual(['earlier']);
    // Refused by the route's own guard, before anybody notices that the body is no JSON.
    expect((await app.inject({ method: 'POST', url: '/', headers, payload: { a: 1 } })).statusCode).toBe(403);
    expect(order).toEqual(['earlier', 'later']);
  });

  test("a route's config opens it, or changes what it asks for", async () => {
    await app.register(esauth, { verifier: world.verifier });
    app.get('/open', { config: { esauth: false } }, who);
    app.get('/shut', { config: { esauth: false }, preHandler: requireRoles('editor') }, who);
    app.get('/maybe', { config: { esauth: { optional: true } } }, who);
    app.get('/now', { config: { esauth: { maxAgeMs: 0 } } }, who);
    app.get('/same', { config: { esauth: {} } }, who);
    expect((await get('/open', headers)).json()).toEqual({ who: null });
    // Open means unread: a guard there has nobody to ask about.
    expect((await get('/shut', headers)).json().code).toBe('credentials_missing');
    expect((await get('/maybe')).json()).toEqual({ who: null });
    expect((await get('/maybe', { authorization: 'Bearer' })).statusCode).toBe(400);
    for (const url of ['/now', '/same']) expect((await get(url)).statusCode).toBe(401);
    for (const url of ['/same', '/now', '/now', '/same']) {
      expect((await get(url, headers)).json()).toEqual({ who: 'jane' });
    }
    expect(world.verifier.stats().lookups).toBe(3);
  });

  test('a route that is open is open with a verifier for each request too, and none is chosen for it', async () => {
    const chosen: string[] = [];
    const verifier = (request: FastifyRequest) => {
      chosen.push(request.url);
      return world.verifier;
    };
    await app.register(esauth, { verifier });
    app.get('/open', { config: { esauth: false } }, who);
    app.get('/shut', { config: { esauth: false }, preHandler: requireRoles('editor') }, who);
    app.get('/', who);
    expect((await get('/open', headers)).json()).toEqual({ who: null });
    const shut = await get('/shut', headers);
    expect([shut.statusCode, shut.json().code]).toEqual([401, 'credentials_missing']);
    expect((await get('/', headers)).json()).toEqual({ who: 'jane' });
    expect(chosen).toEqual(['/']);
  });

  const elsewhere: Record<string, (config: object) => unknown> = {
    'in a route that was defined before the plugin': async (config) => {
      app.get('/', { config }, who);
      await app.register(esauth, { verifier: world.verifier });
    },
    'by an onRoute hook that runs later': async (config) => {
      await app.register(esauth, { verifier: world.verifier });
      app.addHook('onRoute', (route) => void Object.assign(route, { config }));
      app.get('/', who);
    },
    'in a route of a context within': async (config) => {
      await app.register(esauth, { verifier: world.verifier });
      app.register(async (scope: FastifyInstance) => void scope.get('/', { config }, who));
    },
    'for a not-found handler, which is no route': async (config) => {
      await app.register(esauth, { verifier: world.verifier });
      // Not typed, and read all the same.
      app.setNotFoundHandler({ config } as object, who);
    },
  };
  test.each(Object.keys(elsewhere))('it counts where it is set otherwise: %s', async (place) => {
    await elsewhere[place]?.({ esauth: { maxAgeMs: 0 } });
    for (const _ of [1, 2]) expect((await get('/', headers)).json()).toEqual({ who: 'jane' });
    expect(world.verifier.stats().lookups).toBe(2);
  });

  test('what a route leaves out stays as the plugin has it', async () => {
    await app.register(esauth, { verifier: world.verifier, optional: true, maxAgeMs: 0 });
    app.get('/', { config: { esauth: { optional: undefined } } }, who);
    expect((await get('/')).json()).toEqual({ who: null });
    for (const _ of [1, 2]) await get('/', headers);
    expect(world.verifier.stats().lookups).toBe(2);
  });

  test.each([
    [true, 'esauth: must be an object'],
    [null, 'esauth: must be an object'],
    [{ optinal: true }, 'optinal: unknown option (did you mean optional?); known are optional, maxAgeMs'],
    [
      { onDenied: 'throw' },
      'onDenied: unknown option (did you mean onDenied of the plugin, which holds for all its routes?); known are',
    ],
    [{ maxAgeMs: '0' }, 'maxAgeMs: must be a number of milliseconds from 0'],
  ])('a wrong config of a route, %j, stops the start', async (config, message) => {
    await app.register(esauth, { verifier: world.verifier });
    const define = () => app.get('/', { config: { esauth: config as false } }, who);
    expect(define).toThrow(message);
  });

  test('a wrong config of a route that was defined before is an error at its request, and lets nobody in', async () => {
    app.get('/', { config: { esauth: { optinal: true } as object } }, who);
    app.register(esauth, { verifier: world.verifier });
    const response = await get('/', headers);
    expect([response.statusCode, response.json().code]).toEqual([500, 'invalid_option']);
  });

  test('a route is open if it says so itself, not because all objects do', async () => {
    await app.register(esauth, { verifier: world.verifier });
    app.get('/', who);
    app.get('/configured', { config: {} }, who);
    await app.ready();
    const pollution = { value: false, configurable: true, enumerable: true, writable: true };
    Object.defineProperty(Object.prototype, 'esauth', pollution);
    try {
      for (const url of ['/', '/configured', '/nowhere']) expect((await get(url)).statusCode).toBe(401);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'esauth');
    }
  });

  test('the verifier that it made is closed with the application, one that it was given is not', async () => {
    // So that the idle connection is not closed for its age.
    const headersOfAnswer = { connection: 'keep-alive', 'keep-alive': 'timeout=600' };
    const connected = new Promise<Socket>((resolve) => {
      world.node.answer((socket, head) => {
        resolve(socket);
        respond({ body: identityBody(), headers: headersOfAnswer })(socket, head);
      });
    });
    const made = version.create({});
    await made.register(esauth, { verifier: { nodes: world.node.url } });
    made.get('/', who);
    expect((await made.inject({ url: '/', headers })).json()).toEqual({ who: 'jane' });
    const gone = once(await connected, 'close');
    await made.close();
    await gone;

    await app.register(esauth, { verifier: world.verifier });
    await app.close();
    expect(await world.verifier.verify(headers.authorization)).toMatchObject({ kind: 'authenticated' });
  });

  test('registered twice, in one context or one within another, both hold', async () => {
    const lenient = { verifier: world.verifier, optional: true };
    await app.register(esauth, lenient);
    app.get('/outer', who);
    app.register(async (scope: FastifyInstance) => {
      await scope.register(esauth, { verifier: world.verifier });
      scope.get('/inner', who);
    });
    expect((await get('/outer')).statusCode).toBe(200);
    expect((await get('/inner')).statusCode).toBe(401);
    expect((await get('/inner', headers)).json()).toEqual({ who: 'jane' });
  });
});

// The identity under another name, for applications that have something else called `identity` on their requests.

import * as forExpress from '@esauth/express';
import * as forFastify from '@esauth/fastify';
import * as forKoa from '@esauth/koa';
import express5, { type Express } from 'express';
import express4 from 'express4';
import type { FastifyInstance } from 'fastify';
import Koa3 from 'koa';
import Koa2 from 'koa2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { textOf } from '../support/text-of.js';
import { warningsDuring } from '../support/warnings.js';
import { versions as fastifyVersions } from './fastify-versions.js';
import { headers, worldOfJane } from './jane.js';

const ours = { tenant: 'ours' };
const who = (holder: object) => [Reflect.get(holder, 'identity'), Reflect.get(holder, 'caller')?.username];

describe.each([
  ['Express 5', () => express5()],
  ['Express 4', () => express4() as unknown as Express],
])('%s', (_name, create) => {
  let app: Express;
  const world = worldOfJane(() => app as never);
  beforeEach(() => {
    app = create();
    app.use((req, _res, next) => {
      Object.assign(req, { identity: ours });
      next();
    });
  });

  test('has it where the option says, and leaves the other alone', async () => {
    app.use(forExpress.esauth(world.verifier, { property: 'caller' }), forExpress.requireRoles('editor'));
    app.get('/', (req, res) => void res.json([...who(req), forExpress.identityOf(req).username]));
    const warnings = await warningsDuring(async () => {
      for (const _ of [1, 2]) expect((await world.get('/', headers)).json).toEqual([ours, 'jane', 'jane']);
    });
    expect(warnings).toEqual([]);
  });
});

describe.each([
  ['Koa 3', Koa3],
  ['Koa 2', Koa2 as unknown as typeof Koa3],
])('%s', (_name, Koa) => {
  const app = () =>
    new Koa()
      .use((ctx, next) => {
        ctx.state.identity = ours;
        return next();
      })
      .use(forKoa.esauth(world.verifier, { property: 'caller' }))
      .use(forKoa.requireRoles('editor'))
      .use((ctx) => {
        ctx.body = [...who(ctx.state), forKoa.identityOf(ctx).username];
      })
      .callback();
  const world = worldOfJane(app);

  test('has it where the option says, and leaves the other alone', async () => {
    expect((await world.get('/', headers)).json).toEqual([ours, 'jane', 'jane']);
  });
});

describe.each(fastifyVersions)('$name', ({ create }) => {
  const world = worldOfJane();
  let app: FastifyInstance;
  beforeEach(() => {
    app = create({});
    app.decorateRequest('identity', { getter: () => ours as never });
  });
  afterEach(() => app.close());

  test('has it where the option says, in one context and in those within, and leaves the other alone', async () => {
    const { verifier } = world;
    await app.register(forFastify.esauth, { verifier, property: 'caller' });
    const answer = async (request: forFastify.RequestLike & object) => who(request);
    app.get('/', { preHandler: forFastify.requireRoles('editor') }, answer as never);
    app.register((inner, _options, done) => {
      inner.register(forFastify.esauth, { verifier, property: 'caller', maxAgeMs: 0 });
      inner.register(forFastify.esauth, { verifier, property: 'again' });
      inner.get('/inner', answer as never);
      done();
    });
    for (const url of ['/', '/inner'])
      expect((await app.inject({ url, headers })).json()).toEqual([ours, 'jane']);
  });

  test('a property that somebody has declared stops the start, and both are named', async () => {
    const failed = await Promise.resolve(app.register(forFastify.esauth, { verifier: world.verifier })).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: 'invalid_option', option: 'property' });
    expect(textOf(String((failed as Error).message))).toMatch(
      /^property: request\.identity is declared already, by .*the application itself, and @esauth\/fastify needs /,
    );
  });
});

test.each(['', '__proto__', 'constructor', 7, null])('%j is no property', (property) => {
  expect(() =>
    forExpress.esauth({ nodes: `https://es-${property}` }, { property: property as string }),
  ).toThrow("property: must be a property's name");
});

test('what holds something else is overwritten, and that is said once', async () => {
  const { createGate, createVerifier } = forExpress;
  const verifier = createVerifier({ nodes: 'https://es.internal:9200' });
  const gate = createGate(
    verifier,
    { property: 'user' },
    { node: (request: never) => request, address: () => '' },
  );
  const holder = { user: ours };
  const warnings = await warningsDuring(() => {
    gate.show(holder, undefined);
    gate.show({ user: ours }, undefined);
  });
  expect(holder.user).toBeUndefined();
  expect(warnings.map(({ code }) => code)).toEqual(['ESAUTH_PROPERTY']);
  await verifier.close();
});

// What `identityOf` and `callerHeaders` take: Node's request, or whatever a framework makes of it. Nest on Fastify
// hands Fastify's requests to handlers, where Express's middleware has seen Node's.

import { createServer } from 'node:http';
import { createVerifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import * as forExpress from '@esauth/express';
import * as forFastify from '@esauth/fastify';
import * as forKoa from '@esauth/koa';
import fastify from 'fastify';
import Koa from 'koa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send } from '../../support/http-client.js';
import { listen } from '../../support/serving.js';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

test('Fastify’s request, behind the middleware of Express', async () => {
  const verifier = createVerifier({ nodes: emulator.url });
  const authenticate = forExpress.esauth(verifier);
  const app = fastify();
  app.addHook('onRequest', (request, reply, done) =>
    authenticate(request.raw, reply.raw, (error) => done(error as Error | undefined)),
  );
  app.get('/', async (request) => [
    forExpress.identityOf(request).username,
    forFastify.identityOf(request).username,
    forExpress.callerHeaders(request).authorization === request.headers.authorization,
  ]);
  const headers = { authorization: emulator.authorization('elastic') };
  const { statusCode, body } = await app.inject({ url: '/', headers });
  expect([statusCode, JSON.parse(body)]).toEqual([200, ['elastic', 'elastic', true]]);
  await Promise.all([app.close(), verifier.close()]);
});

test('Node’s request, where a framework has another', async () => {
  const verifier = createVerifier({ nodes: emulator.url });
  const app = new Koa();
  app.use(forKoa.esauth(verifier));
  app.use((ctx) => {
    // All but two of them are against the types.
    const all = [ctx, ctx.request, ctx.req, { raw: ctx.req }] as unknown as (typeof ctx)[];
    const found = [...all.map((each) => forKoa.identityOf(each)), forExpress.identityOf(ctx.req)];
    ctx.body = found.map(({ username }) => username);
  });
  const served = await listen(createServer(app.callback()));
  const { json } = await send(served.url, { headers: { authorization: emulator.authorization('elastic') } });
  expect(json).toEqual(Array(5).fill('elastic'));
  await Promise.all([served.close(), verifier.close()]);
});

test('nothing that only looks like a request is somebody', () => {
  for (const given of [{}, { raw: {} }, { req: { headers: {} } }, { raw: undefined }, { req: null }]) {
    expect(() => forExpress.identityOf(given as never)).toThrow('not set up to authenticate');
  }
  for (const given of [undefined, null, 'request', 5]) {
    expect(() => forExpress.identityOf(given as never)).toThrow('identityOf(request)');
  }
});

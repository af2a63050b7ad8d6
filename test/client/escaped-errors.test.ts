// A SecurityApiError that an application does not catch: what each framework's own error path makes of it. Whatever
// Elasticsearch answered, it is never a success, and never its text.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSecurityClient, SecurityApiError } from '@esauth/client';
import express5 from 'express';
import express4 from 'express4';
import Koa3 from 'koa';
import Koa2 from 'koa2';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { versions } from '../adapters/fastify-versions.js';
import {
  errorBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../support/scripted-node.js';

let node: ScriptedNode;
beforeAll(async () => {
  node = await startScriptedNode();
});
afterAll(() => node.close());

const said = 'reason-of-elasticsearch';
const answers: readonly (readonly [string, Script])[] = [
  [
    'a 200 that is incomplete',
    respond({ body: { error_count: 1, error_details: [{ type: 'x', reason: said }] } }),
  ],
  ['a 200 of somebody else', respond({ body: {}, headers: { 'x-elastic-product': undefined } })],
  ['a 201 that is no JSON', respond({ status: 201, body: said })],
  ['a 202', respond({ status: 202, body: {} })],
  [
    'a 204',
    (socket) => void socket.write('HTTP/1.1 204 No Content\r\nx-elastic-product: Elasticsearch\r\n\r\n'),
  ],
  ['a 302', respond({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })],
  ['a 304', respond({ status: 304 })],
  ...[400, 401, 403, 404, 409, 429, 500, 503].map(
    (status) => [`a ${status}`, respond({ status, body: errorBody(status, said) })] as const,
  ),
  ['no answer', (socket) => void socket.destroy()],
];

async function failure(script: Script): Promise<SecurityApiError> {
  node.answer(script);
  const client = createSecurityClient({ nodes: node.url, auth: { bearer: 'token' } });
  try {
    return await client.invalidateApiKey({ ids: ['x'] }).then(
      () => expect.unreachable('it went well'),
      (error: SecurityApiError) => error,
    );
  } finally {
    await client.close();
  }
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Each framework with a route that lets the error go, and nothing else. */
const frameworks: readonly (readonly [string, (error: SecurityApiError) => Promise<string>])[] = [
  ...(
    [
      ['Express 5', express5],
      ['Express 4', express4],
    ] as const
  ).map(
    ([name, express]) =>
      [
        name,
        async (error: SecurityApiError) => {
          const app = (express as typeof express5)();
          // Otherwise it is printed as well.
          app.set('env', 'test');
          app.get('/', (_request, _response, next) => next(error));
          return serve(app);
        },
      ] as const,
  ),
  ...(
    [
      ['Koa 3', Koa3],
      ['Koa 2', Koa2 as unknown as typeof Koa3],
    ] as const
  ).map(
    ([name, Koa]) =>
      [
        name,
        async (error: SecurityApiError) => {
          const app = new Koa();
          app.silent = true;
          app.use(() => {
            throw error;
          });
          return serve(app.callback());
        },
      ] as const,
  ),
  ...versions.map(
    ({ name, create }) =>
      [
        name,
        async (error: SecurityApiError) => {
          const app = create({});
          app.get('/', async () => {
            throw error;
          });
          onTestFinished(() => void app.close());
          return app.listen({ port: 0, host: '127.0.0.1' });
        },
      ] as const,
  ),
];

test.each(frameworks)('%s', async (_, start) => {
  for (const [what, script] of answers) {
    const error = await failure(script);
    expect(error, what).toBeInstanceOf(SecurityApiError);
    const url = await start(error);
    const response = await fetch(url, { redirect: 'manual' });
    expect([what, response.status], what).toEqual([what, error.status ?? 500]);
    expect(response.status, what).toBeGreaterThanOrEqual(400);
    await response.arrayBuffer();
  }
});

// The first part of the contract: who is let in, and what the others are told, header by header.

import { createVerifier, DenialError } from '@esauth/core';
import { describe, expect, test } from 'vitest';
import { startScriptedNode } from '../support/scripted-node.js';
import { until } from '../support/serving.js';
import { answerIn, get, type World } from './adapter.js';
import {
  circuitOpen,
  closed,
  forbidden,
  found,
  missing,
  notAccepted,
  outages,
  queueFull,
  verdicts,
} from './requests.js';

export function answers<Step>(world: World<Step>): void {
  const { adapter } = world;

  describe.each([false, true])('P52: where optional is %s', (optional) => {
    test.each([...verdicts, ...outages])('$name', async (row) => {
      const { issued, elasticsearch, errors } = world;
      const node = row.elasticsearch && (await startScriptedNode(row.elasticsearch));
      const verifier = createVerifier({ nodes: (node ?? elasticsearch).url, ...row.verifier });
      world.cleanUp(() => node?.close());
      world.cleanUp(() => verifier.close());
      const served = await world.serveMe({ optional }, verifier);
      const answer = (optional && row.optional) || row.answer;
      const authorization =
        typeof row.authorization === 'function' ? row.authorization(issued) : row.authorization;

      const response = await get(served, '/me', authorization);
      expect(answerIn(response)).toEqual(answer);
      const ours = answer.status === 200 ? [] : ['no-store'];
      expect(response.header('cache-control')).toEqual(ours);
      const type = `application/${answer.status === 200 ? '' : 'problem+'}json; charset=utf-8`;
      expect(response.header('content-type')).toEqual([type]);

      const head = await get(served, '/me', authorization, { method: 'HEAD' });
      expect(answerIn(head)).toEqual({ ...answer, body: '' });
      expect([head.header('cache-control'), head.header('content-type')]).toEqual([ours, [type]]);
      expect(errors).toEqual([]);
    });
  });

  test.each(['OPTIONS', 'POST'] as const)('P36: %s is authenticated like any method', async (method) => {
    const { verifier, issued } = world;
    const served = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: [{ method, path: '/me' }],
    });
    expect(answerIn(await get(served, '/me', undefined, { method }))).toEqual(missing);
    expect(answerIn(await get(served, '/me', issued.token, { method }))).toEqual(found('jane'));
  });

  test('a path without a route is refused as well, so that nobody finds out which there are', async () => {
    const served = await world.serveMe();
    expect(answerIn(await get(served, '/other'))).toEqual(missing);
    expect((await get(served, '/other', world.issued.token)).status).toBe(404);
  });

  test('a credential counts in its header only', async () => {
    const served = await world.serveMe();
    const { token } = world.issued;
    const path = `/me?${new URLSearchParams({ access_token: token.slice('Bearer '.length) })}`;
    const cookie = `authorization=${encodeURIComponent(token)}`;
    const response = await get(served, path, undefined, { headers: { cookie, 'x-authorization': token } });
    expect(answerIn(response)).toEqual(missing);
  });

  describe('outages that take more than one request', () => {
    const caller = (name: string) => `Bearer ${Buffer.from(`caller ${name}`).toString('base64url')}`;

    test('circuit_open', async () => {
      const node = await startScriptedNode((socket) => void socket.destroy());
      const upstream = { retries: 0, breaker: { failures: 1, openMs: 60_000 } };
      const verifier = createVerifier({ nodes: node.url, upstream });
      world.cleanUp(node.close);
      world.cleanUp(() => verifier.close());
      const served = await world.serveMe({}, verifier);
      await get(served, '/me', caller('first'));
      expect(answerIn(await get(served, '/me', caller('second')))).toEqual(circuitOpen);
    });

    test('queue_full, and closed for those who still wait then', async () => {
      const node = await startScriptedNode();
      const verifier = createVerifier({ nodes: node.url, upstream: { maxConcurrent: 1, maxQueue: 1 } });
      world.cleanUp(node.close);
      const served = await world.serveMe({}, verifier);
      const waiting = ['first', 'second'].map((name) => get(served, '/me', caller(name)));
      await until(() => verifier.stats().waiting === 2);
      expect(answerIn(await get(served, '/me', caller('third')))).toEqual(queueFull);
      await verifier.close();
      for (const response of await Promise.all(waiting)) expect(answerIn(response)).toEqual(closed);
    });

    test('closed, while serving', async () => {
      const served = await world.serveMe();
      expect((await get(served, '/me', world.issued.token)).status).toBe(200);
      await world.verifier.close();
      expect(answerIn(await get(served, '/me', world.issued.token))).toEqual(closed);
    });
  });

  describe("onDenied: 'throw'", () => {
    test('hands every refusal to the error path once, and status and headers arrive', async () => {
      const { verifier, issued, errors } = world;
      const served = await world.serve({
        steps: [adapter.esauth(verifier, { onDenied: 'throw' })],
        routes: [{ path: '/me', steps: [adapter.guards.requireRoles('superuser')] }],
      });
      const refused = [
        [undefined, missing],
        ['Bearer bm9ib2R5', notAccepted('Bearer')],
        [issued.token, forbidden('Bearer')],
      ] as const;
      for (const [authorization, { body, ...told }] of refused) {
        const response = await get(served, '/me', authorization);
        expect(answerIn(response)).toMatchObject(told);
        expect(response.header('cache-control')).toEqual(['no-store']);
        expect(JSON.parse(body)).toEqual(
          errors.at(-1) instanceof DenialError && (errors.at(-1) as DenialError).body,
        );
      }
      await verifier.close();
      expect(answerIn(await get(served, '/me', issued.token))).toMatchObject({
        status: 503,
        retryAfter: '1',
      });
      expect(errors).toMatchObject([
        { code: 'credentials_missing', status: 401, statusCode: 401, expose: true },
        { code: 'credentials_invalid', status: 401, statusCode: 401, expose: true },
        { code: 'forbidden', status: 403, statusCode: 403, expose: true },
        { code: 'closed', status: 503, statusCode: 503, expose: true },
      ]);
      expect(errors[0]).toMatchObject({
        headers: { 'www-authenticate': missing.challenges, 'cache-control': 'no-store' },
      });
    });
  });

  describe('with CORS middleware in front', () => {
    test.each(['respond', 'throw'] as const)(
      'pre-flights pass, refusals carry its headers: %s',
      async (onDenied) => {
        const served = await world.serve({
          steps: [adapter.cors(), adapter.esauth(world.verifier, { onDenied })],
          routes: [{ path: '/me' }],
        });
        const origin = { origin: 'https://app.example.com' };
        const preflight = await get(served, '/me', undefined, {
          method: 'OPTIONS',
          headers: { ...origin, 'access-control-request-method': 'GET' },
        });
        expect([preflight.status, preflight.header('access-control-allow-origin')]).toEqual([204, ['*']]);
        const refused = await get(served, '/me', undefined, { headers: origin });
        expect([refused.status, refused.header('access-control-allow-origin')]).toEqual([401, ['*']]);
        expect(refused.header('www-authenticate')).toEqual(missing.challenges);
      },
    );
  });
}

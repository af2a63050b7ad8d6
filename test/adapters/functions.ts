// The sixth part of the contract: what an application's own functions decide, where a request comes from, which
// credential it presents and which verifier is asked. One that fails, or returns nonsense, lets nobody in.

import { createVerifier, type Verifier } from '@esauth/core';
import { describe, expect, test } from 'vitest';
import { networkOf } from '../../packages/core/src/values/source.js';
import { answerIn, get, type World } from './adapter.js';
import { found, missing } from './requests.js';

export function functions<Step>(world: World<Step>): void {
  const { adapter } = world;

  test('the client address is the source of a lookup, through the framework’s proxy setting; an option takes another', async () => {
    const sources: unknown[] = [];
    const { verifier, issued } = world;
    const watched: Verifier = {
      ...verifier,
      verify(presented, options) {
        sources.push(options?.source);
        return verifier.verify(presented, options);
      },
    };
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const strict = { steps: [adapter.esauth(watched, { maxAgeMs: 0 })], routes: [{ path: '/me' }] };
    const own = [adapter.esauth(watched, { maxAgeMs: 0, source: () => 'somebody' })];
    for (const application of [strict, { ...strict, behindProxy: true }, { ...strict, steps: own }]) {
      await get(await world.serve(application), '/me', issued.token, { headers });
    }
    expect(sources).toEqual(['127.0.0.1', '203.0.113.9', 'somebody']);
  });

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:40000', '203.0.113.9'],
    ['203.0.113.9:40001', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['[2001:db8::1]:40000', '2001:db8:0:0::/64'],
    ['2001:db8::2', '2001:db8:0:0::/64'],
    ['"[2001:db8::3]:40000"', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('what the framework hands on from X-Forwarded-For: %s waits as %s', async (forwarded, network) => {
    const sources: string[] = [];
    const { verifier, issued } = world;
    const watched: Verifier = {
      ...verifier,
      verify(presented, options) {
        sources.push(options?.source ?? '');
        return verifier.verify(presented, options);
      },
    };
    const steps = [adapter.esauth(watched, { maxAgeMs: 0 })];
    const served = await world.serve({ steps, routes: [{ path: '/me' }], behindProxy: true });
    await get(served, '/me', issued.token, { headers: { 'x-forwarded-for': forwarded } });
    expect(sources.map(networkOf)).toEqual([network]);
  });

  test.each<[string, () => unknown]>([
    ['that is async and fails', () => Promise.reject(new Error('no source'))],
    ['that returns a list', () => ['203.0.113.9']],
    ['that returns nothing', () => undefined],
  ])('a source %s counts for nothing: the client address does', async (_what, source) => {
    const sources: unknown[] = [];
    const { verifier, issued, errors } = world;
    const watched: Verifier = {
      ...verifier,
      verify(presented, options) {
        sources.push(options?.source);
        return verifier.verify(presented, options);
      },
    };
    const served = await world.serveMe({ maxAgeMs: 0, source: source as () => string }, watched);
    expect(answerIn(await get(served, '/me', issued.token))).toEqual(found('jane'));
    expect([sources, errors]).toEqual([['127.0.0.1'], []]);
  });

  describe('with a verifier for each request', () => {
    test('each is asked about its own, and answers for its own', async () => {
      const { verifier, issued, elasticsearch } = world;
      const other = createVerifier({ nodes: elasticsearch.url, challenge: { realm: 'other' } });
      world.cleanUp(() => other.close());
      const served = await world.serve({
        steps: [adapter.esauthOf((path) => (path === '/other' ? other : verifier))],
        routes: [{ path: '/me' }, { path: '/other', steps: [adapter.guards.requireRoles('superuser')] }],
      });
      expect(answerIn(await get(served, '/me', issued.token))).toEqual(found('jane'));
      expect(answerIn(await get(served, '/other', issued.token)).challenges).toEqual([
        'Bearer realm="other", error="insufficient_scope"',
      ]);
      expect([verifier.stats().lookups, other.stats().lookups]).toEqual([1, 1]);
    });

    test.each<[string, (good: Verifier) => unknown]>([
      [
        'throws',
        () => {
          throw new Error('no tenant');
        },
      ],
      [
        'throws nothing',
        () => {
          throw undefined;
        },
      ],
      ['returns nothing', () => undefined],
      ['is async', async (good) => good],
      ['is async and fails', () => Promise.reject(new Error('no tenant'))],
      ['returns options', () => ({ nodes: 'http://127.0.0.1:9200' })],
    ])('one that %s lets nobody in', async (_what, make) => {
      const served = await world.serve({
        steps: [adapter.esauth(world.verifier), adapter.esauthOf(() => make(world.verifier) as Verifier)],
        routes: [{ path: '/me' }],
      });
      for (const _ of [1, 2]) expect((await get(served, '/me', world.issued.token)).status).toBe(500);
      expect(world.errors).toHaveLength(2);
    });
  });

  describe('with the option credential', () => {
    const fromCookie = (cookies: string) => {
      const token = /(?:^|; )token=([^;]*)/.exec(cookies)?.[1];
      return token && `Bearer ${token}`;
    };
    const asCookie = (bearer: string) => ({
      headers: { cookie: `a=b; token=${bearer.replace('Bearer ', '')}` },
    });

    test('what it returns counts, also for guards and callerHeaders, and the header does not', async () => {
      const { verifier, issued } = world;
      const served = await world.serve({
        steps: [adapter.esauth(verifier, { credential: fromCookie })],
        routes: [
          { path: '/as', handler: (call) => call.callerHeaders() },
          {
            path: '/read',
            steps: [adapter.guards.requirePrivileges({ index: [{ names: 'docs-1', privileges: ['read'] }] })],
          },
        ],
      });
      const cookie = asCookie(issued.token);
      expect((await get(served, '/as', undefined, cookie)).json).toEqual({ authorization: issued.token });
      expect((await get(served, '/as', issued.superuser, cookie)).json).toEqual({
        authorization: issued.token,
      });
      expect(answerIn(await get(served, '/read', 'Bearer bm9ib2R5', cookie))).toEqual(found('jane'));
      expect(answerIn(await get(served, '/as', issued.token))).toEqual(missing);
      expect((await get(served, '/as', issued.token, asCookie('bm9ib2R5'))).status).toBe(401);
    });

    test.each<[string, () => unknown]>([
      [
        'throws',
        () => {
          throw new Error('no cookie');
        },
      ],
      ['is async', async () => undefined],
      ['is async and fails', () => Promise.reject(new Error('no cookie'))],
      ['returns a list', () => []],
      ['returns a number', () => 7],
      ['returns an object without a header', () => ({})],
    ])('one that %s lets nobody in, not even where it is optional', async (_what, credential) => {
      const served = await world.serveMe({ optional: true, credential: credential as () => string });
      expect((await get(served, '/me', world.issued.token)).status).toBe(500);
      expect(world.errors).toHaveLength(1);
    });
  });
}

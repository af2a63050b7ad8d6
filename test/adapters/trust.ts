// The last part of the contract: for whom a request counts. What our middleware recorded decides, whatever
// stands on the request, however often the middleware runs and whoever is served beside.

import { ConfigurationError, createVerifier, DenialError, type Verifier } from '@esauth/core';
import { describe, expect, test } from 'vitest';
import { openLine } from '../support/serving.js';
import { answerIn, get, type Options, type World } from './adapter.js';
import { found, missing } from './requests.js';

export function trust<Step>(world: World<Step>): void {
  const { adapter } = world;
  const superuser = { username: 'elastic', roles: ['superuser'] };

  test('what was written before the middleware is gone after it', async () => {
    const { verifier } = world;
    const served = await world.serve({
      steps: [adapter.forge(superuser), adapter.esauth(verifier, { optional: true })],
      routes: [{ path: '/me' }],
    });
    expect(answerIn(await get(served, '/me'))).toEqual(found(null));
  });

  test('identityOf throws what a guard would answer', async () => {
    const { verifier, issued, errors } = world;
    const served = await world.serve({
      steps: [adapter.esauth(verifier, { optional: true })],
      routes: [{ path: '/who', handler: (call) => ({ username: call.identityOf().username }) }],
    });
    expect(answerIn(await get(served, '/who', issued.token))).toEqual(found('jane'));
    const { status, challenges } = missing;
    expect(answerIn(await get(served, '/who'))).toMatchObject({ status, challenges });
    expect(errors).toMatchObject([{ code: 'credentials_missing', body: JSON.parse(missing.body) }]);
  });

  test('callerHeaders act as the caller, in canonical spelling, and never as nobody', async () => {
    const { verifier, issued, errors } = world;
    const served = await world.serve({
      steps: [adapter.esauth(verifier, { optional: true })],
      routes: [{ path: '/as', handler: (call) => call.callerHeaders() }],
    });
    const spelled = issued.apiKey.replace('ApiKey ', 'apikey   ').replace(/=+$/, '');
    expect((await get(served, '/as', spelled)).json).toEqual({ authorization: issued.apiKey });
    expect((await get(served, '/as')).status).toBe(401);
    expect(errors).toMatchObject([{ code: 'credentials_missing' }]);
  });

  test('what they throw leaves as a guard would answer, if the adapter’s error handler is in place', async () => {
    const { verifier, issued, errors } = world;
    const served = await world.serve({
      handlesDenials: true,
      steps: [adapter.esauth(verifier, { optional: true })],
      routes: [
        { path: '/who', handler: (call) => ({ username: call.identityOf().username }) },
        { path: '/as', handler: (call) => call.callerHeaders() },
        { path: '/broken', handler: () => Promise.reject(new Error('broken')) },
      ],
    });
    for (const path of ['/who', '/as']) {
      const response = await get(served, path);
      expect(answerIn(response)).toEqual(missing);
      expect([response.header('content-type'), response.header('cache-control')]).toEqual([
        ['application/problem+json; charset=utf-8'],
        ['no-store'],
      ]);
    }
    expect(answerIn(await get(served, '/who', issued.token))).toEqual(found('jane'));
    expect((await get(served, '/broken', issued.token)).status).toBe(500);
    expect(errors.filter((error) => !(error instanceof DenialError))).toEqual(
      adapter.name.startsWith('Koa') ? [expect.any(Error), expect.any(Error)] : [expect.any(Error)],
    );
  });

  describe('P59: mounted twice', () => {
    test('optional, then strict: 401, and one lookup for whoever has a credential', async () => {
      const { verifier, issued } = world;
      const served = await world.serve({
        steps: [adapter.esauth(verifier, { optional: true })],
        routes: [{ path: '/me', steps: [adapter.esauth(verifier)] }, { path: '/open' }],
      });
      expect(answerIn(await get(served, '/open'))).toEqual(found(null));
      expect(answerIn(await get(served, '/me'))).toEqual(missing);
      expect(answerIn(await get(served, '/me', issued.token))).toEqual(found('jane'));
      expect(verifier.stats().lookups).toBe(1);
    });

    test('the maxAgeMs of the second holds', async () => {
      const { verifier, issued } = world;
      const served = await world.serve({
        steps: [adapter.esauth(verifier)],
        routes: [{ path: '/me', steps: [adapter.esauth(verifier, { maxAgeMs: 0 })] }],
      });
      for (const _ of [1, 2]) expect(answerIn(await get(served, '/me', issued.token))).toEqual(found('jane'));
      expect(verifier.stats().lookups).toBe(3);
    });

    test('with two verifiers, the guard asks the one that let the request in last', async () => {
      const { verifier, issued, elasticsearch } = world;
      const other = createVerifier({ nodes: elasticsearch.url, challenge: { realm: 'other' } });
      world.cleanUp(() => other.close());
      const served = await world.serve({
        steps: [adapter.esauth(verifier), adapter.esauth(other)],
        routes: [{ path: '/admin', steps: [adapter.guards.requireRoles('superuser')] }],
      });
      expect(answerIn(await get(served, '/admin', issued.token)).challenges).toEqual([
        'Bearer realm="other", error="insufficient_scope"',
      ]);
    });
  });

  test('a verifier made from options serves as one that was given', async () => {
    const options = { nodes: world.elasticsearch.url, challenge: { realm: adapter.name } };
    const served = await world.serve({ steps: [adapter.esauth(options)], routes: [{ path: '/me' }] });
    expect(answerIn(await get(served, '/me', world.issued.token))).toEqual(found('jane'));
    expect(answerIn(await get(served, '/me')).challenges?.[0]).toBe(`Bearer realm="${adapter.name}"`);
  });

  test.each<[string, unknown, unknown]>([
    ['nodes: required', { nodes: [] }, {}],
    ['must be a verifier, or an object with the options to make one', undefined, {}],
    ['must be a verifier, or an object with the options to make one', null, {}],
    ['must be a verifier, or an object with the options to make one', 'http://es', {}],
    [
      'optinal: unknown option (did you mean optional?); known are optional, maxAgeMs, onDenied, source, credential',
      'verifier',
      { optinal: true },
    ],
    ['optional: must be true or false', 'verifier', { optional: 1 }],
    ['maxAgeMs: must be a number of milliseconds from 0', 'verifier', { maxAgeMs: -1 }],
    ["onDenied: must be 'respond' or 'throw'", 'verifier', { onDenied: 'ignore' }],
    ['source: must be a function', 'verifier', { source: '127.0.0.1' }],
  ])('wrong options fail when the application starts: %s', async (message, given, options) => {
    const verifier = (given === 'verifier' ? world.verifier : given) as Verifier;
    const start = async () =>
      adapter.build({ steps: [adapter.esauth(verifier, options as Options)], routes: [] }, () => {});
    const failed = await start().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ConfigurationError);
    expect(failed).toMatchObject({ code: 'invalid_option', message: expect.stringContaining(message) });
  });

  test('a guard without a role fails when the application starts', () => {
    expect(() => adapter.guards.requireRoles()).toThrow(
      'roles: must be one or more names, none of them empty',
    );
  });

  test('P11: a handler that writes to the identity fails alone', async () => {
    const { verifier, issued, errors } = world;
    const served = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: [
        { path: '/promote', handler: (call) => (call.identityOf().roles as string[]).push('superuser') },
        { path: '/admin', steps: [adapter.guards.requireRoles('superuser')] },
      ],
    });
    expect((await get(served, '/promote', issued.token)).status).toBe(500);
    expect(errors).toEqual([expect.any(TypeError)]);
    expect((await get(served, '/admin', issued.token)).status).toBe(403);
  });

  test('a handler that throws is the error path’s, once, and nobody else’s', async () => {
    const { verifier, issued, errors } = world;
    const broken = new Error('broken');
    const served = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: [{ path: '/me' }, { path: '/broken', handler: () => Promise.reject(broken) }],
    });
    // Once after a lookup and once from memory.
    for (const _ of [1, 2]) expect((await get(served, '/broken', issued.token)).status).toBe(500);
    expect(errors).toEqual([broken, broken]);
    expect(answerIn(await get(served, '/me', issued.token))).toEqual(found('jane'));
  });

  test('an exception of the verifier, or of an option, is the error path’s too', async () => {
    const { verifier, issued, errors } = world;
    const failing: Verifier = {
      ...verifier,
      peek: () => undefined,
      verify: () => Promise.reject(new Error('verify')),
    };
    const source = () => {
      throw new Error('source');
    };
    for (const step of [adapter.esauth(failing), adapter.esauth(verifier, { source })]) {
      const served = await world.serve({ steps: [step], routes: [{ path: '/me' }] });
      expect((await get(served, '/me', issued.token)).status).toBe(500);
    }
    expect(errors).toMatchObject([{ message: 'verify' }, { message: 'source' }]);
  });

  test.each([undefined, 'route'])('an option that throws %j lets nobody in', async (thrown) => {
    const source = () => {
      throw thrown;
    };
    const served = await world.serveMe({ source });
    for (const authorization of [undefined, world.issued.token]) {
      expect((await get(served, '/me', authorization)).status).toBe(500);
    }
    expect(world.errors).toMatchObject([{ cause: thrown }, { cause: thrown }]);
  });

  test('two users, interleaved ten thousand times on one connection, are never taken for each other', async () => {
    const { verifier, issued } = world;
    const served = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: [
        {
          path: '/me',
          handler: (call) => ({
            who: [call.identity?.username, call.identityOf().username, call.callerHeaders().authorization],
          }),
        },
      ],
    });
    const line = await openLine(served.port);
    const users = [
      ['jane', issued.token],
      ['elastic', issued.superuser],
    ] as const;
    const pair = users
      .map(([, token]) => `GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: ${token}\r\n\r\n`)
      .join('');
    const batch = 100;
    const seen: (readonly string[])[] = [];
    for (let sent = 0; sent < 10_000; sent += batch) {
      // Now and then both have to be looked up again, while the others wait.
      if (sent % 1_000 === 0) void verifier.revoke('all');
      line.write(pair.repeat(batch / 2));
      const received = await line.read((text) => text.split('"who"').length > batch);
      seen.push(
        ...[...received.matchAll(/"who":\["(\w+)","(\w+)","([^"]+)"\]/g)].map((match) => match.slice(1)),
      );
    }
    line.close();
    expect(seen.length).toBe(10_000);
    const mistaken = seen.filter(([property, recorded, sent], index) => {
      const [name, token] = users[index % 2] ?? [];
      return property !== name || recorded !== name || sent !== token;
    });
    expect(mistaken).toEqual([]);
  }, 60_000);
}

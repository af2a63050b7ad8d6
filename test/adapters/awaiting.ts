// The fifth part of the contract: our middleware awaited in somebody's own function, with nothing to go on with. It
// refuses by rejecting, so that nothing after the `await` runs.

import { DenialError, InvalidArgumentError, privileges } from '@esauth/core';
import { describe, expect, test } from 'vitest';
import { openLine, until } from '../support/serving.js';
import { answerIn, type Guards, get, type World } from './adapter.js';
import { forbidden, found, missing, notAccepted } from './requests.js';

const to = (privilege: string) => ({ index: [{ names: 'docs-1', privileges: [privilege] }] });

type Make = (guards: Guards<unknown>) => unknown;

export function awaiting<Step>(world: World<Step>): void {
  const { adapter } = world;

  async function serve(steps: readonly Step[], more: { readonly handlesDenials?: true } = {}) {
    let handled = 0;
    const served = await world.serve({
      ...more,
      steps: [adapter.esauth(world.verifier, { optional: true })],
      routes: [
        { path: '/me', steps, handler: ({ identity }) => ({ username: identity?.username, at: ++handled }) },
      ],
    });
    return { served, handled: () => handled };
  }

  describe('a guard lets pass whom it lets pass otherwise, and nobody else: asked, and from memory', () => {
    test.each<[string, Make, number, number]>([
      ['requireIdentity', (guards) => guards.requireIdentity(), 200, 200],
      ['requireRoles', (guards) => guards.requireRoles('superuser'), 403, 200],
      ['requireAnyRole', (guards) => guards.requireAnyRole('writer'), 200, 403],
      ['requireRealm', (guards) => guards.requireRealm('elsewhere'), 403, 403],
      ['requireAuthenticationType', (guards) => guards.requireAuthenticationType('api_key'), 403, 403],
      ['requirePrivileges', (guards) => guards.requirePrivileges(to('manage')), 403, 200],
      ['requireThat', (guards) => guards.requireThat(privileges(to('read'))), 200, 200],
    ])('%s', async (_name, make, jane, superuser) => {
      const { served, handled } = await serve([adapter.awaitGuard(make)]);
      for (const round of [1, 2]) {
        expect((await get(served, '/me', world.issued.token)).status).toBe(jane);
        expect((await get(served, '/me', world.issued.superuser)).status).toBe(superuser);
        expect((await get(served, '/me')).status).toBe(401);
        expect(handled()).toBe(round * [jane, superuser].filter((status) => status === 200).length);
      }
      expect(world.errors.every((error) => error instanceof DenialError)).toBe(true);
      expect(world.errors.length + handled()).toBe(6);
    });
  });

  test('what it rejects with leaves as the answer of a guard, if the adapter’s error handler is in place', async () => {
    const make: Make = (guards) => guards.requirePrivileges(to('manage'));
    const { served } = await serve([adapter.awaitGuard(make)], { handlesDenials: true });
    for (const _ of [1, 2]) {
      const response = await get(served, '/me', world.issued.token);
      expect(answerIn(response)).toEqual(forbidden('Bearer'));
      expect(response.header('content-type')).toEqual(['application/problem+json; charset=utf-8']);
    }
    expect(answerIn(await get(served, '/me'))).toEqual(missing);
  });

  test('also when the client has left before it was decided', async () => {
    const { elasticsearch, issued, verifier } = world;
    const ends: unknown[] = [];
    const make: Make = (guards) => guards.requirePrivileges(to('read'));
    const { served, handled } = await serve([adapter.awaitGuard(make, (error) => ends.push(error))]);
    const path = '/_security/user/_has_privileges';
    const resume = elasticsearch.faults.add({ path, delayMs: Number.POSITIVE_INFINITY });
    const line = await openLine(served.port);
    line.write(`GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: ${issued.token}\r\n\r\n`);
    await until(() => verifier.stats().privilegeLookups === 1);
    line.close();
    await until(() => ends.length > 0);
    resume();
    expect([ends[0] instanceof DenialError, ends]).toMatchObject([true, [{ code: 'timeout', status: 503 }]]);
    expect(handled()).toBe(0);
  });

  describe('with something to go on with, nothing after the await runs for whoever is not let in', () => {
    const guard: Make = (guards) => guards.requirePrivileges(to('manage'));

    test('asked, and from memory', async () => {
      let went = 0;
      const step = adapter.awaitGuard(
        guard,
        (error) => {
          if (error === undefined) went += 1;
        },
        () => {},
      );
      const { served, handled } = await serve([step]);
      for (const round of [1, 2]) {
        expect(answerIn(await get(served, '/me', world.issued.token))).toEqual(forbidden('Bearer'));
        expect(answerIn(await get(served, '/me'))).toEqual(missing);
        expect((await get(served, '/me', world.issued.superuser)).status).toBe(200);
        expect([handled(), went]).toEqual([round, round]);
      }
      expect(world.errors).toEqual([]);
    });

    test('also when the client has left before it was decided, and to the good of nobody', async () => {
      const { elasticsearch, issued, verifier } = world;
      let went = 0;
      const step = adapter.awaitGuard(
        guard,
        (error) => {
          if (error === undefined) went += 1;
        },
        () => {},
      );
      const { served, handled } = await serve([step]);
      const path = '/_security/user/_has_privileges';
      const resume = elasticsearch.faults.add({ path, delayMs: Number.POSITIVE_INFINITY });
      const line = await openLine(served.port);
      line.write(`GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: ${issued.superuser}\r\n\r\n`);
      await until(() => verifier.stats().waiting === 1);
      line.close();
      await until(() => verifier.stats().waiting === 0);
      resume();
      expect((await get(served, '/me', issued.superuser)).status).toBe(200);
      expect([went, handled()]).toEqual([1, 1]);
    });
  });

  test('what cannot be right throws at once', () => {
    const { bareGuard } = adapter;
    const response = { once: () => {}, off: () => {} };
    expect(() => bareGuard(...adapter.args(undefined))).toThrow(InvalidArgumentError);
    expect(() => bareGuard(...adapter.args(() => {}))).toThrow('must be called with a response');
    for (const next of [null, 'route', {}, 0]) {
      expect(() => bareGuard(...adapter.args(response), next)).toThrow(
        'a function that goes on, or awaited without one',
      );
    }
  });

  const { awaitEsauth } = adapter;
  if (awaitEsauth === undefined) return;
  describe('esauth itself', () => {
    test.each(['respond', 'throw'] as const)(
      'lets in who is somebody, asked and from memory: %s',
      async (onDenied) => {
        const { verifier, issued, errors } = world;
        const steps = [awaitEsauth(verifier, { onDenied })];
        const served = await world.serve({ steps, routes: [{ path: '/me' }], handlesDenials: true });
        for (const _ of [1, 2]) {
          expect(answerIn(await get(served, '/me', issued.token))).toEqual(found('jane'));
          expect(answerIn(await get(served, '/me'))).toEqual(missing);
          expect(answerIn(await get(served, '/me', issued.invalidated)).status).toBe(401);
        }
        expect(errors.map((error) => (error as DenialError).code)).toEqual([
          'credentials_missing',
          'credentials_expired',
          'credentials_missing',
          'credentials_expired',
        ]);
      },
    );

    test('with something to go on with, it lets nobody see what is written after the await', async () => {
      const { verifier, issued } = world;
      const steps = [awaitEsauth(verifier, {}, undefined, () => {})];
      const served = await world.serve({ steps, routes: [{ path: '/me' }] });
      for (const _ of [1, 2]) {
        expect(answerIn(await get(served, '/me', issued.token))).toEqual(found('jane'));
        expect(answerIn(await get(served, '/me'))).toEqual(missing);
        expect(answerIn(await get(served, '/me', 'Bearer bm9ib2R5'))).toEqual(notAccepted('Bearer'));
      }
    });

    test('rejects when the client has left, and what an earlier mount let in does not count any more', async () => {
      const { elasticsearch, issued, verifier } = world;
      const ends: unknown[] = [];
      const steps = [
        adapter.esauth(verifier),
        awaitEsauth(verifier, { maxAgeMs: 0 }, (error) => ends.push(error)),
      ];
      const served = await world.serve({ steps, routes: [{ path: '/me' }] });
      await get(served, '/me', issued.token);
      const resume = elasticsearch.faults.add({
        path: '/_security/_authenticate',
        delayMs: Number.POSITIVE_INFINITY,
      });
      const line = await openLine(served.port);
      line.write(`GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: ${issued.token}\r\n\r\n`);
      await until(() => verifier.stats().waiting === 1);
      line.close();
      await until(() => ends.length > 1);
      resume();
      expect(ends).toEqual([undefined, expect.any(DenialError)]);
    });
  });
}

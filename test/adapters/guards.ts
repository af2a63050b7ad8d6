// The third part of the contract: what a route asks of its caller. How a requirement is judged is tested with the
// core; here, that each guard asks for what its name says, of the request that it guards, and how it answers.

import { allOf, anyOf, authenticationType, privileges, roles } from '@esauth/core';
import { expect, test } from 'vitest';
import { openLine, until } from '../support/serving.js';
import { warningsDuring } from '../support/warnings.js';
import { answerIn, type Call, get, type Route, type World } from './adapter.js';
import { denied, forbidden, found, missing, notAdmitted } from './requests.js';

const who = (call: Call) => ({ username: call.identityOf().username });

const to = (privilege: string, names = 'docs-1') => ({ index: [{ names, privileges: [privilege] }] });
const asked = '/_security/user/_has_privileges';

export function guarding<Step>(world: World<Step>): void {
  const { adapter } = world;
  const { guards } = adapter;
  const superuser = { username: 'elastic', roles: ['superuser'] };
  const routes: readonly Route<Step>[] = [
    { path: '/me', steps: [guards.requireRoles('writer', 'key_owner')] },
    { path: '/admin', steps: [guards.requireRoles('superuser')] },
  ];
  const served = () => world.serve({ steps: [adapter.esauth(world.verifier)], routes });
  const guarded = (step: Step, path = '/me') =>
    world.serve({ steps: [adapter.esauth(world.verifier)], routes: [{ path, steps: [step] }] });

  test.each<[string, Step, Readonly<Record<'token' | 'apiKey' | 'superuser', number>>]>([
    ['requireRoles', guards.requireRoles('writer', 'key_owner'), { token: 200, apiKey: 403, superuser: 403 }],
    ['requireIdentity', guards.requireIdentity(), { token: 200, apiKey: 200, superuser: 200 }],
    [
      'requireAnyRole',
      guards.requireAnyRole('writer', 'superuser'),
      { token: 200, apiKey: 403, superuser: 200 },
    ],
    ['requireRealm', guards.requireRealm('default_native', 'x'), { token: 200, apiKey: 403, superuser: 403 }],
    [
      'requireAuthenticationType',
      guards.requireAuthenticationType('api_key', 'realm'),
      { token: 403, apiKey: 200, superuser: 403 },
    ],
    [
      'requirePrivileges, to read',
      guards.requirePrivileges(to('read')),
      { token: 200, apiKey: 200, superuser: 200 },
    ],
    [
      'requirePrivileges, to write',
      guards.requirePrivileges(to('write')),
      { token: 200, apiKey: 403, superuser: 200 },
    ],
    [
      'requireThat',
      guards.requireThat(
        anyOf(roles('superuser'), allOf(authenticationType('api_key'), privileges(to('read')))),
      ),
      { token: 403, apiKey: 200, superuser: 200 },
    ],
  ])('%s', async (_name, step, expected) => {
    const { issued } = world;
    const server = await guarded(step);
    // From Elasticsearch, and from memory.
    for (const _ of [1, 2]) {
      const statuses: Record<string, number> = {};
      for (const who of ['token', 'apiKey', 'superuser'] as const) {
        const { status, body } = answerIn(await get(server, '/me', issued[who]));
        statuses[who] = status;
        expect(body).toEqual(
          status === 200
            ? found(who === 'superuser' ? 'elastic' : 'jane').body
            : expect.stringContaining('forbidden'),
        );
      }
      expect(statuses).toEqual(expected);
    }
    expect(answerIn(await get(server, '/me'))).toEqual(missing);
  });

  test('a refusal to the letter', async () => {
    const server = await served();
    expect(answerIn(await get(server, '/admin', world.issued.token))).toEqual(forbidden('Bearer'));
    const detail =
      'The identity has no roles. API keys and service accounts are judged by privileges, not by roles.';
    expect(answerIn(await get(server, '/admin', world.issued.apiKey))).toEqual(forbidden('ApiKey', detail));
  });

  test('P6: what is remembered is who it is, never that a guard let him in', async () => {
    const { verifier, issued } = world;
    const server = await served();
    const statuses = [];
    for (const path of ['/me', '/admin', '/me'])
      statuses.push((await get(server, path, issued.token)).status);
    expect([statuses, verifier.stats().lookups]).toEqual([[200, 403, 200], 1]);
  });

  test('privileges may depend on the request', async () => {
    const { verifier, issued } = world;
    const guard = adapter.requirePrivilegesOf((path) => to('write', path.slice(1)));
    const server = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: ['/docs-1', '/docs-2', '/other'].map((path) => ({ path, steps: [guard] })),
    });
    const statusOf = async (path: string) => (await get(server, path, issued.token)).status;
    expect([await statusOf('/docs-1'), await statusOf('/docs-2'), await statusOf('/other')]).toEqual([
      200, 200, 403,
    ]);
  });

  test('answer 401 to whom an optional mount let through', async () => {
    const steps = [adapter.esauth(world.verifier, { optional: true })];
    expect(answerIn(await get(await world.serve({ steps, routes }), '/admin'))).toEqual(missing);
  });

  test('P60: without middleware they answer 500 whatever is written on the request, and a warning names the route', async () => {
    // A route of its own: such warnings are given once in a process.
    const path = `/${adapter.name.replace(' ', '-')}`;
    const server = await world.serve({
      steps: [adapter.forge(superuser)],
      routes: [
        { path, steps: [guards.requireRoles('superuser')] },
        { path: `${path}/who`, handler: who },
      ],
    });
    const warnings = await warningsDuring(async () => {
      for (const _ of [1, 2]) {
        expect(answerIn(await get(server, `${path}?secret`, world.issued.superuser))).toEqual(notAdmitted);
        expect((await get(server, `${path}/who`, world.issued.superuser)).status).toBe(500);
      }
    });
    const complaint =
      'a guard, identityOf or callerHeaders was reached, but the esauth middleware did not run before';
    expect(warnings).toEqual(
      [`GET ${path}`, `GET ${path}/who`].map((route) => ({
        name: 'EsauthWarning',
        code: 'ESAUTH_NO_MIDDLEWARE',
        message: expect.stringContaining(`${route}: ${complaint}`),
      })),
    );
    // Where guards refuse by throwing, theirs come to the error path too.
    expect([2, 4]).toContain(world.errors.length);
    expect(world.errors).toMatchObject(world.errors.map(() => ({ code: 'not_admitted', status: 500 })));
  });

  test('P60: between middleware and guard nobody can promote himself', async () => {
    const { verifier, issued } = world;
    const server = await world.serve({
      steps: [adapter.esauth(verifier), adapter.forge(superuser)],
      routes: [...routes, { path: '/who', handler: who }],
    });
    expect(answerIn(await get(server, '/admin', issued.token))).toEqual(forbidden('Bearer'));
    expect(answerIn(await get(server, '/who', issued.token))).toEqual(found('jane'));
  });

  test.each(['respond', 'throw'] as const)('an outage at the guard is 503: %s', async (onDenied) => {
    const { verifier, issued, elasticsearch, errors } = world;
    const server = await world.serve({
      steps: [adapter.esauth(verifier, { onDenied })],
      routes: [{ path: '/me', steps: [guards.requirePrivileges(to('read'))] }],
    });
    const mend = elasticsearch.faults.add({ path: asked, status: 500, body: {} });
    const answer = denied(503, 'server_error', 'Elasticsearch failed to check the credential.', {
      retryAfter: '1',
    });
    const { body, ...told } = answerIn(await get(server, '/me', issued.token));
    expect({ body: onDenied === 'respond' ? body : answer.body, ...told }).toEqual(answer);
    expect(errors).toMatchObject(onDenied === 'respond' ? [] : [{ code: 'server_error', status: 503 }]);
    mend();
    expect((await get(server, '/me', issued.token)).status).toBe(200);
  });

  test('a privilege that does not exist, or a question that throws, is a 500 in the error path, once', async () => {
    const { issued, errors } = world;
    const broken = new RangeError('broken');
    const throwing = adapter.requirePrivilegesOf(() => {
      throw broken;
    });
    for (const step of [guards.requirePrivileges(to('no_such_privilege')), throwing]) {
      expect((await get(await guarded(step), '/me', issued.token)).status).toBe(500);
    }
    expect(errors).toEqual([expect.objectContaining({ name: 'InvalidPrivilegesError' }), broken]);
  });

  // Express and Fastify take nothing for leave to go on, Express `route` for leave to skip; Koa waits for ever.
  test.each([undefined, null, 0, '', 'route'])('a question that throws %j lets nobody in', async (thrown) => {
    const step = adapter.requirePrivilegesOf(() => {
      throw thrown;
    });
    expect((await get(await guarded(step), '/me', world.issued.token)).status).toBe(500);
    expect(world.errors).toMatchObject([
      { message: 'esauth: something other than an error was thrown', cause: thrown },
    ]);
  });

  test('a client that hangs up stops waiting for a guard, too', async () => {
    const { verifier, issued, elasticsearch, errors } = world;
    let handled = 0;
    const server = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: [
        {
          path: '/me',
          steps: [guards.requirePrivileges(to('read'))],
          handler: () => ({ handled: ++handled }),
        },
      ],
    });
    const resume = elasticsearch.faults.add({ path: asked, delayMs: Number.POSITIVE_INFINITY });
    const line = await openLine(server.port);
    line.write(`GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: ${issued.token}\r\n\r\n`);
    await until(() => verifier.stats().privilegeLookups === 1);
    line.close();
    await until(() => verifier.stats().inFlight === 0);
    resume();
    expect((await get(server, '/me', issued.token)).json).toEqual({ handled: 1 });
    expect([verifier.stats().inFlight, errors]).toEqual([0, []]);
  });
}

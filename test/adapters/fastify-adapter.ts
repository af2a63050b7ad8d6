// How an application is built with Fastify, 5 and 4, for the suites that all adapters have.

import type { Server } from 'node:http';
import type { AdmissionOptions } from '@esauth/core';
import * as guards from '@esauth/fastify';
import { callerHeaders, esauth, handleDenials, identityOf } from '@esauth/fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Adapter, Application, Options } from './adapter.js';
import type { Version } from './fastify-versions.js';

/** Does its part to an instance: registers a plugin, or adds a hook. */
type Step = (app: FastifyInstance) => unknown;

export function adapterOf({ name, create, cors }: Version): Adapter<Step> {
  async function build(app: FastifyInstance, { steps = [], routes }: Application<Step>): Promise<Server> {
    for (const step of steps) step(app);
    for (const { method = 'GET', path, steps: own = [], handler } of routes) {
      app.register((scope, _options, loaded) => {
        for (const step of own) step(scope);
        scope.route({
          method,
          url: path,
          handler: async (request) =>
            handler === undefined
              ? { username: request.identity?.username ?? null }
              : handler({
                  identity: request.identity,
                  identityOf: () => identityOf(request),
                  callerHeaders: () => callerHeaders(request),
                  body: async () => String(request.body),
                }),
        });
        loaded();
      });
    }
    await app.ready();
    return app.server;
  }
  return {
    name,
    esauth: (verifier, options) => (app) => app.register(esauth, { verifier, ...optionsOf(options) }),
    esauthOf: (verifierOf) => (app) =>
      app.register(esauth, { verifier: (request: FastifyRequest) => verifierOf(request.url) }),
    awaitGuard(make, settled = () => {}, next) {
      const guard = make(guards) as (...args: unknown[]) => unknown;
      const goOn = next === undefined ? [] : [next];
      return (app) =>
        app.addHook('preHandler', async (request, reply) => {
          try {
            await guard(request, reply, ...goOn);
            settled();
          } catch (error) {
            settled(error);
            throw error;
          }
        });
    },
    bareGuard: guards.requireIdentity() as (...args: unknown[]) => unknown,
    args: (raw) => [{ raw: { headers: {} } }, { raw }],
    guards: {
      requireIdentity: () => hooked(guards.requireIdentity()),
      requireThat: (requirement) => hooked(guards.requireThat(requirement)),
      requireRoles: (...names) => hooked(guards.requireRoles(...names)),
      requireAnyRole: (...names) => hooked(guards.requireAnyRole(...names)),
      requireRealm: (...names) => hooked(guards.requireRealm(...names)),
      requireAuthenticationType: (...types) => hooked(guards.requireAuthenticationType(...types)),
      requirePrivileges: (question) => hooked(guards.requirePrivileges(question)),
    },
    requirePrivilegesOf: (question) =>
      hooked(guards.requirePrivileges((request) => question(request.routeOptions.url ?? ''))),
    forge: (identity) => (app) =>
      app.addHook('onRequest', async (request) => {
        Object.assign(request, { identity });
      }),
    cors: () => (app) => app.register(cors),
    impatient: (finished) => (app) =>
      app.addHook('onRequest', (_request, { raw }, done) => {
        done();
        raw.writeHead(504).write('la');
        void finished.then(() => raw.end('te'));
      }),
    build: (application, failed, options) => {
      const app = create({ trustProxy: application.behindProxy ?? false, ...(options && { http: options }) });
      app.setErrorHandler((error, request, reply) => {
        failed(error);
        if (application.handlesDenials) handleDenials(error, request, reply);
        else reply.send(error);
      });
      return build(app, application);
    },
    buildHttp2: (application) => build(create({ http2: true }), application),
  };
}

function hooked(guard: guards.Guard): Step {
  return (app) => app.addHook('preHandler', guard);
}

function optionsOf({ source, credential, ...options }: Options = {}): AdmissionOptions<FastifyRequest> {
  return {
    ...options,
    ...(source && { source }),
    ...(credential && { credential: (request) => credential(request.headers.cookie ?? '') }),
  };
}

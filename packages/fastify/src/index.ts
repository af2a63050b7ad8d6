// Fastify plugin. Takes the request apart, asks the core, writes its answer back; every decision about
// authentication is the core's.

import * as core from '@esauth/core';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { checkRoute, lateGuard, named, refuseMalformedUrls } from './past-hooks.js';
import { checkRegistration, declareProperty } from './registration.js';
import { answer, type Done, way } from './way.js';

export * from '@esauth/core';

/** For the option `property`: `declare module '@esauth/fastify' { interface IdentityProperty { name: 'caller' } }`. */
// biome-ignore lint/suspicious/noEmptyInterface: applications add to it
export interface IdentityProperty {}

type Identified = core.Identified<IdentityProperty>;

declare module 'fastify' {
  interface FastifyRequest extends Identified {}
  interface FastifyContextConfig {
    /** `false` leaves a route open to everybody; an object changes what it asks for. */
    esauth?: core.RouteOptions | false | undefined;
  }
}

/** What the plugin takes: the verifier, and how requests are let in. */
export interface EsauthOptions extends core.AdmissionOptions<FastifyRequest> {
  /**
   * One verifier for the whole application; the options to make one, which is closed with the application; or a
   * function that has one for each request (while it throws or returns something else, nobody is let in).
   */
  readonly verifier: core.Given<FastifyRequest>;
}

/**
 * A hook for `onRequest`, `preValidation` or `preHandler`. It says nothing of parameters and bodies, so that they stay
 * what they are. Without `done` it returns a promise, for hooks and handlers that await it: one that rejects with a
 * `DenialError` for everybody who is not let in. Given a `done` it answers itself, and an `await` of it comes back only
 * for whom it lets in.
 */
export interface Guard {
  (request: AnyRequest, reply: AnyReply, done: Done): void;
  (request: AnyRequest, reply: AnyReply): Promise<void>;
}

type AnyRequest = {
  readonly raw: core.RequestLike;
  readonly routeOptions?: { readonly url?: string | undefined };
};
type AnyReply = { readonly raw: core.ResponseLike };

/**
 * Accepts the `Authorization` header that Elasticsearch accepts, at `onRequest`, and puts the caller on
 * `request.identity`. Whoever is not let in gets 400, 401, 403 or 503 as a problem document (RFC 9457); the
 * handlers do not run. It holds for the context that it is registered in and for those within, if they are
 * registered after it.
 *
 * @throws {ConfigurationError} `invalid_option` while the application starts, naming the option.
 * @example
 * await app.register(esauth, { verifier: { nodes: 'https://es.internal:9200' } });
 * app.get('/me', async (request) => request.identity);
 * app.get('/health', { config: { esauth: false } }, async () => ({ ok: true }));
 */
export const esauth: FastifyPluginAsync<EsauthOptions> = fastifyPlugin(plugin, {
  name: '@esauth/fastify',
  fastify: '^4.29.0 || ^5.0.0',
});

// Async, so that what is thrown here stops the start, and not the process.
async function plugin(app: FastifyInstance, registered: EsauthOptions): Promise<void> {
  checkRegistration(app);
  const { verifier: given, ...options } = registered;
  const verifier = core.verifierFrom(given, 'verifier');
  if (verifier !== given && 'close' in verifier) app.addHook('onClose', () => verifier.close());
  const host = {
    node: ({ raw }: FastifyRequest) => raw,
    address: ({ ip }: FastifyRequest) => ip,
    uniform: true,
  };
  const gate = core.createGate(verifier, options, host);

  declareProperty(app, options.property);
  refuseMalformedUrls(app);
  // What is wrong in a route that was defined before this plugin was loaded, is found at its first request.
  app.addHook('onRoute', (route) => {
    checkRoute(route);
    gate.forRoute(core.own(route.config, 'esauth'));
  });
  app.addHook('onRequest', authenticate);
  app.addHook('onReady', (done) => done(lateGuard(app)));

  // No async function: what is known is passed on in the same turn.
  function authenticate(request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const route = gate.forRoute(core.own(request.routeOptions.config, 'esauth'));
    void core.passGate(route, way, request, reply, done, request);
  }
}

/**
 * Guards a route: 403 unless the caller meets the requirement, 401 if nobody was authenticated, 503 if Elasticsearch
 * has to be asked and does not tell, 500 `not_admitted` if `esauth` did not run before.
 *
 * @throws {ConfigurationError} `invalid_option` if the requirement is none; so do the guards below.
 * @example
 * app.get('/admin', { preHandler: requireThat(anyOf(roles('admin'), realm('saml1'))) }, handler);
 */
export function requireThat(requirement: core.Requirement<FastifyRequest>, ...more: readonly never[]): Guard {
  const guard = core.createGuard(requirement, routeOf, more);
  const check = (request: FastifyRequest, reply: FastifyReply, done?: Done): unknown =>
    core.passGuard(guard, way, request.raw, request, reply, done);
  return named(check) as Guard;
}

type Guards = core.Guards<FastifyRequest, Guard>;
const guards: Guards = core.createGuards(requireThat);

/**
 * Anybody who was authenticated: where `esauth` is `optional`.
 *
 * @example
 * { preHandler: requireIdentity() }
 */
export const requireIdentity: Guards['requireIdentity'] = guards.requireIdentity;

/**
 * All of these roles. API keys and service accounts have none.
 *
 * @example
 * { preHandler: requireRoles('admin') }
 */
export const requireRoles: Guards['requireRoles'] = guards.requireRoles;

/**
 * One of these roles at least.
 *
 * @example
 * { preHandler: requireAnyRole('admin', 'editor') }
 */
export const requireAnyRole: Guards['requireAnyRole'] = guards.requireAnyRole;

/**
 * One of these realms, by name.
 *
 * @example
 * { preHandler: requireRealm('saml1') }
 */
export const requireRealm: Guards['requireRealm'] = guards.requireRealm;

/**
 * One of these ways to authenticate.
 *
 * @example
 * { preHandler: requireAuthenticationType('api_key') }
 */
export const requireAuthenticationType: Guards['requireAuthenticationType'] =
  guards.requireAuthenticationType;

/**
 * All of these privileges, of users and API keys alike, or those that a function names for a request.
 *
 * @example
 * { preHandler: requirePrivileges((request) => ({ index: [{ names: request.id, privileges: ['delete'] }] })) }
 */
export const requirePrivileges: Guards['requirePrivileges'] = guards.requirePrivileges;

/**
 * Who is calling.
 *
 * @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request, 500 `not_admitted` if
 *   `esauth` did not run before.
 * @example
 * const { subject } = identityOf(request);
 */
export const identityOf = (request: AnyRequest): core.Identity =>
  core.identityOf(request, () => routeOf(request));

/**
 * Headers that make a request to Elasticsearch as the caller.
 *
 * @throws {DenialError} as `identityOf`; the headers are never empty.
 * @example
 * await elasticsearch.search(query, { headers: callerHeaders(request) });
 */
export const callerHeaders = (request: AnyRequest): core.CallerHeaders =>
  core.callerHeaders(request, () => routeOf(request));

/**
 * An error handler that answers every `DenialError`, wherever it was thrown, as a guard would have. Others go on.
 *
 * @example
 * app.setErrorHandler(handleDenials);
 */
export function handleDenials(error: unknown, _request: AnyRequest, reply: AnyReply): void {
  core.refuseCalled(reply, 'app.setErrorHandler(handleDenials)');
  if (error instanceof core.DenialError) answer(reply as FastifyReply, error);
  else (reply as FastifyReply).send(error);
}

const routeOf = ({ routeOptions }: AnyRequest): unknown => routeOptions?.url;

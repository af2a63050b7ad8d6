// Fastify plugin. Takes the request apart, asks the core, writes its answer back; every decision about
// authentication is the core's.

import * as core from '@esauth/core';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

export type { Identity, Requirement, Verifier, VerifierOptions } from '@esauth/core';
export { createVerifier, DenialError } from '@esauth/core';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; set by `esauth`, absent where it is optional and nobody was presented. */
    identity?: core.Identity | undefined;
  }
  interface FastifyContextConfig {
    /** `false` leaves a route open to everybody; an object changes what it asks for. */
    esauth?: core.RouteOptions | false | undefined;
  }
}

export interface EsauthOptions extends core.AdmissionOptions<FastifyRequest> {
  /** One verifier for the whole application, or the options to make one, which is closed with the application. */
  readonly verifier: core.Verifier | core.VerifierOptions;
}

/** A hook for `onRequest`, `preValidation` or `preHandler`. */
export type Guard = (request: AnyRequest, reply: AnyReply, done: Done) => void;

// biome-ignore lint/suspicious/noExplicitAny: a guard fits every route, whatever its types are, also of HTTP/2.
type AnyRequest = FastifyRequest<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyReply = FastifyReply<any, any, any, any>;
type Done = (error?: Error) => void;

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
async function plugin(app: FastifyInstance, { verifier: given, ...options }: EsauthOptions): Promise<void> {
  const verifier = core.verifierFrom(given);
  if (verifier !== given) app.addHook('onClose', () => verifier.close());
  const host: core.Host<FastifyRequest> = {
    node: (request) => request.raw,
    address: (request) => request.ip,
  };
  const gate = core.createGate(verifier, options, host);

  if (!app.hasRequestDecorator('identity')) app.decorateRequest('identity', undefined);
  // What is wrong in a route that was defined before this plugin was loaded, is found at its first request.
  app.addHook('onRoute', (route) => void gate.forRoute(route.config?.esauth));
  app.addHook('onRequest', authenticate);
  app.addHook('onReady', (done) => done(lateGuard(app)));

  // No async function: what is known is passed on in the same turn.
  function authenticate(request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const own = gate.forRoute(request.routeOptions.config.esauth);
    const finish = ({ refusal, identity }: core.Admission) => {
      request.identity = identity;
      proceed(refusal, reply, done);
    };
    void core.whenKnown(own.admit(request), reply.raw, finish, done);
  }
}

/**
 * Guards a route: 403 unless the caller meets the requirement, 401 if nobody was authenticated, 503 if
 * Elasticsearch has to be asked and does not tell.
 *
 * @throws {ConfigurationError} `invalid_option` if the requirement is none; so do the guards below.
 */
export function requireThat(requirement: core.Requirement<FastifyRequest>): Guard {
  const guard = core.createGuard(requirement);
  return function esauthGuard(request, reply, done) {
    const finish = (refusal: core.Refusal | undefined) => proceed(refusal, reply, done);
    void core.whenKnown(guard(request.raw, request), reply.raw, finish, done);
  };
}

// What it takes.
export { allOf, anyOf, anyRole, authenticationType, privileges, realm, roles } from '@esauth/core';

/** All of these roles. API keys and service accounts have none. */
export const requireRoles = (...names: readonly string[]): Guard => requireThat(core.roles(...names));

/** One of these roles at least. */
export const requireAnyRole = (...names: readonly string[]): Guard => requireThat(core.anyRole(...names));

/** One of these realms, by name. */
export const requireRealm = (...names: readonly string[]): Guard => requireThat(core.realm(...names));

/** One of these ways to authenticate. */
export const requireAuthenticationType = (...types: readonly core.AuthenticationType[]): Guard =>
  requireThat(core.authenticationType(...types));

/** All of these privileges, of users and API keys alike, or those that a function names for a request. */
export const requirePrivileges = (
  question: core.PrivilegesQuestion | ((request: FastifyRequest) => core.PrivilegesQuestion),
): Guard => requireThat(core.privileges(question));

/** @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request. */
export const identityOf = (request: { readonly raw: core.RequestLike }): core.Identity =>
  core.identityOf(request.raw);

/**
 * Headers that make a request to Elasticsearch as the caller.
 *
 * @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request; never empty.
 */
export const callerHeaders = (request: { readonly raw: core.RequestLike }): core.CallerHeaders =>
  core.callerHeaders(request.raw);

// In a hook that runs when the handler is through, a guard could refuse nothing any more. Nothing else tells
// which hooks a route came to have.
function lateGuard(app: FastifyInstance): Error | undefined {
  const late = /\((?!onRequest|preValidation|preHandler)(\w+)\) .*"esauthGuard\(\)"/;
  const hook = late.exec(app.printRoutes({ includeHooks: true }))?.[1];
  const cure = 'too late for a guard, which goes to onRequest or preHandler';
  return hook === undefined ? undefined : new core.ConfigurationError(hook, cure);
}

function proceed(refusal: core.Refusal | undefined, reply: AnyReply, done: Done): void {
  if (refusal === undefined || refusal instanceof core.DenialError) done(refusal);
  // Somebody else, such as a timeout, may have answered while we waited, or taken the reply over.
  else if (!reply.sent && !reply.raw.headersSent) {
    const { status, headers, body } = refusal;
    for (const [name, value] of Object.entries(headers)) reply.header(name, value);
    reply.code(status).type('application/problem+json; charset=utf-8').send(JSON.stringify(body));
  }
}

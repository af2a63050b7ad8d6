// Express middleware. Takes the request apart, asks the core, writes its answer back; every decision about
// authentication is the core's.

import type { IncomingMessage, ServerResponse } from 'node:http';
import * as core from '@esauth/core';
import type { Request } from 'express';
import { isShown } from './shown.js';

export * from '@esauth/core';

/** For the option `property`: `declare module '@esauth/express' { interface IdentityProperty { name: 'caller' } }`. */
// biome-ignore lint/suspicious/noEmptyInterface: applications add to it
export interface IdentityProperty {}

type Identified = core.Identified<IdentityProperty>;

declare global {
  namespace Express {
    interface Request extends Identified {}
  }
}

/**
 * A handler that fits every route: it says nothing of parameters and bodies, so that they stay what they are. Without
 * `next` it returns a promise, for handlers that await it: one that rejects with a `DenialError` for everybody who is
 * not let in. Express 5 hands that to your error middleware; in Express 4 `catch` it and call `next` with it.
 * Given a `next` it answers itself, and an `await` of it comes back only for whom it lets in.
 */
export interface Middleware {
  (req: IncomingMessage, res: ServerResponse, next: Next): void;
  (req: IncomingMessage, res: ServerResponse): Promise<void>;
}

type Next = (error?: unknown) => void;

/** Middleware that lets authenticated requests pass; `verifier` is there to revoke, watch and close it. */
export type EsauthMiddleware = Middleware & { readonly verifier: core.Verifier };

/**
 * Accepts the `Authorization` header that Elasticsearch accepts, and puts the caller on `req.identity`.
 * Whoever is not let in gets 400, 401, 403 or 503 as a problem document (RFC 9457); the handlers do not run.
 *
 * @param given one verifier for the whole application, the options to make it from, or a function that has one for
 *   each request (there is no `.verifier` then; while it throws or returns something else, nobody is let in).
 * @throws {ConfigurationError} `invalid_option`, naming the option.
 * @example
 * app.use(esauth({ nodes: 'https://es.internal:9200' }));
 * app.get('/me', (req, res) => res.json(req.identity));
 */
export function esauth(given: core.VerifierOf<Request>, options?: core.AdmissionOptions<Request>): Middleware;
export function esauth(
  given: core.Verifier | core.VerifierOptions,
  options?: core.AdmissionOptions<Request>,
): EsauthMiddleware;
export function esauth(given: core.Given<Request>, options?: core.AdmissionOptions<Request>): Middleware {
  const verifier = core.verifierFrom(given);
  const host = { node: (req: Request) => req, address: (req: Request) => req.ip, isShown };
  const gate = core.createGate(verifier, options, host);

  // No async function: what is known is passed on in the same turn.
  const authenticate = (req: Request, res: ServerResponse, next?: Next): unknown =>
    core.passGate(gate, way, req, res, next, req);
  return Object.assign(authenticate as Middleware, 'verify' in verifier && { verifier });
}

/**
 * Guards a route: 403 unless the caller meets the requirement, 401 if nobody was authenticated, 503 if Elasticsearch
 * has to be asked and does not tell, 500 `not_admitted` if `esauth` did not run before.
 *
 * @throws {ConfigurationError} `invalid_option` if the requirement is none; so do the guards below.
 * @example
 * app.get('/admin', requireThat(anyOf(roles('admin'), privileges({ cluster: ['manage'] }))), handler);
 */
export function requireThat(requirement: core.Requirement<Request>, ...more: readonly never[]): Middleware {
  const guard = core.createGuard(requirement, routeOf, more);
  const check = (req: Request, res: ServerResponse, next?: Next): unknown =>
    core.passGuard(guard, way, req, req, res, next);
  return check as Middleware;
}

type Guards = core.Guards<Request, Middleware>;
const guards: Guards = core.createGuards(requireThat);

/**
 * Anybody who was authenticated: where `esauth` is `optional`.
 *
 * @example
 * requireIdentity()
 */
export const requireIdentity: Guards['requireIdentity'] = guards.requireIdentity;

/**
 * All of these roles. API keys and service accounts have none.
 *
 * @example
 * requireRoles('admin')
 */
export const requireRoles: Guards['requireRoles'] = guards.requireRoles;

/**
 * One of these roles at least.
 *
 * @example
 * requireAnyRole('admin', 'editor')
 */
export const requireAnyRole: Guards['requireAnyRole'] = guards.requireAnyRole;

/**
 * One of these realms, by name.
 *
 * @example
 * requireRealm('saml1')
 */
export const requireRealm: Guards['requireRealm'] = guards.requireRealm;

/**
 * One of these ways to authenticate.
 *
 * @example
 * requireAuthenticationType('api_key')
 */
export const requireAuthenticationType: Guards['requireAuthenticationType'] =
  guards.requireAuthenticationType;

/**
 * All of these privileges, of users and API keys alike, or those that a function names for a request.
 *
 * @example
 * requirePrivileges((req) => ({ index: [{ names: req.params.id, privileges: ['delete'] }] }))
 */
export const requirePrivileges: Guards['requirePrivileges'] = guards.requirePrivileges;

/**
 * Who is calling. An async handler of Express 4 whose exceptions nobody catches ends the process, so there put
 * `requireIdentity()` before it: what it lets pass has an identity.
 *
 * @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request, 500 `not_admitted` if
 *   `esauth` did not run before.
 * @example
 * app.get('/me', requireIdentity(), (req, res) => res.json(identityOf(req)));
 */
export const identityOf = (req: core.RequestLike): core.Identity => core.identityOf(req, () => routeOf(req));

/**
 * Headers that make a request to Elasticsearch as the caller.
 *
 * @throws {DenialError} as `identityOf`; the headers are never empty.
 * @example
 * await elasticsearch.search(query, { headers: callerHeaders(req) });
 */
export const callerHeaders = (req: core.RequestLike): core.CallerHeaders =>
  core.callerHeaders(req, () => routeOf(req));

/**
 * Error middleware that answers every `DenialError`, wherever it was thrown, as a guard would have. Others go on.
 *
 * @example
 * app.use(handleDenials); // after the routes
 */
export function handleDenials(error: unknown, _req: IncomingMessage, res: ServerResponse, next: Next): void {
  core.refuseCalled(next, 'app.use(handleDenials)');
  if (error instanceof core.DenialError && !res.headersSent) answer(res, error);
  else next(error);
}

function routeOf(req: core.RequestLike & Partial<Pick<Request, 'baseUrl' | 'route'>>): unknown {
  return `${req.baseUrl ?? ''}${req.route?.path ?? ''}`;
}

const way: core.Way<ServerResponse> = { responseOf: (res) => res, nextHearsErrors: true, answer };

function answer(res: ServerResponse, { status, headers, body }: core.Refusal): void {
  // Somebody else, such as a timeout middleware, may have answered while we waited.
  if (res.headersSent) return;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.statusCode = status;
  res.setHeader('content-type', 'application/problem+json; charset=utf-8');
  res.end(JSON.stringify(body));
}

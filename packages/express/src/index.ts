// Express middleware. Takes the request apart, asks the core, writes its answer back; every decision about
// authentication is the core's.

import * as core from '@esauth/core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export type { Identity, Requirement, Verifier, VerifierOptions } from '@esauth/core';
export { callerHeaders, createVerifier, DenialError, identityOf } from '@esauth/core';

declare global {
  namespace Express {
    interface Request {
      /** Who is calling; set by `esauth`, absent where it is optional and nobody was presented. */
      identity?: core.Identity | undefined;
    }
  }
}

/** A handler that fits every route, whatever its parameters and body are: it looks at none of them. */
// biome-ignore lint/suspicious/noExplicitAny: with anything else the handlers after it lose their types.
export type Middleware = RequestHandler<any, any, any, any>;

/** Middleware that lets authenticated requests pass; `verifier` is there to revoke, watch and close it. */
export type EsauthMiddleware = Middleware & { readonly verifier: core.Verifier };

/**
 * Accepts the `Authorization` header that Elasticsearch accepts, and puts the caller on `req.identity`.
 * Whoever is not let in gets 400, 401, 403 or 503 as a problem document (RFC 9457); the handlers do not run.
 *
 * @param verifierOrOptions one verifier for the whole application, or the options to make it from.
 * @throws {ConfigurationError} `invalid_option`, naming the option.
 * @example
 * app.use(esauth({ nodes: 'https://es.internal:9200' }));
 * app.get('/me', (req, res) => res.json(req.identity));
 */
export function esauth(
  verifierOrOptions: core.Verifier | core.VerifierOptions,
  options?: core.AdmissionOptions<Request>,
): EsauthMiddleware {
  const verifier = core.verifierFrom(verifierOrOptions);
  const host: core.Host<Request> = { node: (req) => req, address: (req) => req.ip };
  const gate = core.createGate(verifier, options, host);

  // No async function: what is known is passed on in the same turn.
  function authenticate(req: Request, res: Response, next: NextFunction): void {
    const finish = ({ refusal, identity }: core.Admission) => {
      req.identity = identity;
      proceed(refusal, res, next);
    };
    void core.whenKnown(gate.admit(req), res, finish, next);
  }
  return Object.assign(authenticate, { verifier });
}

/**
 * Guards a route: 403 unless the caller meets the requirement, 401 if nobody was authenticated, 503 if
 * Elasticsearch has to be asked and does not tell.
 *
 * @throws {ConfigurationError} `invalid_option` if the requirement is none; so do the guards below.
 */
export function requireThat(requirement: core.Requirement<Request>): Middleware {
  const guard = core.createGuard(requirement);
  return function checkRequirement(req, res, next) {
    void core.whenKnown(guard(req, req), res, (refusal) => proceed(refusal, res, next), next);
  };
}

// What it takes.
export { allOf, anyOf, anyRole, authenticationType, privileges, realm, roles } from '@esauth/core';

/** All of these roles. API keys and service accounts have none. */
export const requireRoles = (...names: readonly string[]): Middleware => requireThat(core.roles(...names));

/** One of these roles at least. */
export const requireAnyRole = (...names: readonly string[]): Middleware =>
  requireThat(core.anyRole(...names));

/** One of these realms, by name. */
export const requireRealm = (...names: readonly string[]): Middleware => requireThat(core.realm(...names));

/** One of these ways to authenticate. */
export const requireAuthenticationType = (...types: readonly core.AuthenticationType[]): Middleware =>
  requireThat(core.authenticationType(...types));

/** All of these privileges, of users and API keys alike, or those that a function names for a request. */
export const requirePrivileges = (
  question: core.PrivilegesQuestion | ((req: Request) => core.PrivilegesQuestion),
): Middleware => requireThat(core.privileges(question));

function proceed(refusal: core.Refusal | undefined, res: Response, next: NextFunction): void {
  if (refusal === undefined) next();
  else if (refusal instanceof core.DenialError) next(refusal);
  // Somebody else, such as a timeout middleware, may have answered while we waited.
  else if (!res.headersSent) {
    const { status, headers, body } = refusal;
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    res.status(status).setHeader('content-type', 'application/problem+json; charset=utf-8');
    res.end(JSON.stringify(body));
  }
}

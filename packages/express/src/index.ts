// Express middleware. Takes the request apart, asks the core, writes its answer back; every decision about
// authentication is the core's.

import {
  type Admission,
  type AdmissionOptions,
  createGate,
  createGuard,
  DenialError,
  type Identity,
  type Refusal,
  type Requirement,
  roles,
  type Verifier,
  type VerifierOptions,
  verifierFrom,
} from '@esauth/core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export type { Identity, Verifier, VerifierOptions } from '@esauth/core';
export { callerHeaders, createVerifier, DenialError, identityOf } from '@esauth/core';

declare global {
  namespace Express {
    interface Request {
      /** Who is calling; set by `esauth`, absent where it is optional and nobody was presented. */
      identity?: Identity;
    }
  }
}

/** A handler that fits every route, whatever its parameters and body are: it looks at none of them. */
// biome-ignore lint/suspicious/noExplicitAny: with anything else the handlers after it lose their types.
export type Middleware = RequestHandler<any, any, any, any>;

/** Middleware that lets authenticated requests pass; `verifier` is there to revoke, watch and close it. */
export type EsauthMiddleware = Middleware & { readonly verifier: Verifier };

/**
 * Accepts the `Authorization` header that Elasticsearch accepts, and puts the caller on `req.identity`.
 * Whoever is not let in gets 400, 401 or 503 as a problem document (RFC 9457); the handlers do not run.
 *
 * @param verifierOrOptions one verifier for the whole application, or the options to make it from.
 * @throws {ConfigurationError} `invalid_option`, naming the option.
 * @example
 * app.use(esauth({ nodes: 'https://es.internal:9200' }));
 * app.get('/me', (req, res) => res.json(req.identity));
 */
export function esauth(
  verifierOrOptions: Verifier | VerifierOptions,
  options?: AdmissionOptions<Request>,
): EsauthMiddleware {
  const verifier = verifierFrom(verifierOrOptions);
  const gate = createGate<Request>(verifier, options, (req) => req.ip);

  function authenticate(req: Request, res: Response, next: NextFunction): void {
    const known = gate.peek(req);
    if (known !== undefined) {
      finish(known, req, res, next);
      return;
    }
    // A client that hangs up, or already has, waits for nothing any more.
    if (res.closed) return;
    const gone = new AbortController();
    const leave = () => gone.abort();
    res.once('close', leave);
    gate.admit(req, gone.signal).then(
      (admission) => {
        res.off('close', leave);
        finish(admission, req, res, next);
      },
      (error: unknown) => gone.signal.aborted || next(error),
    );
  }
  return Object.assign(authenticate, { verifier });
}

/**
 * Guards a route: 403 unless the caller has all of these roles, 401 if nobody was authenticated. API keys and
 * service accounts have no roles.
 *
 * @throws {ConfigurationError} `invalid_option` without a role.
 */
export function requireRoles(...names: readonly string[]): Middleware {
  return requireThat(roles(...names));
}

/** Guards a route: 403 unless the caller meets the requirement, 401 if nobody was authenticated, 503 in an outage. */
export function requireThat(requirement: Requirement<Request>): Middleware {
  const guard = createGuard(requirement);
  return function checkRequirement(req, res, next) {
    const conclude = (refusal: Refusal | undefined) =>
      refusal === undefined ? next() : answer(refusal, res, next);
    const refusal = guard(req, req);
    if (refusal instanceof Promise) refusal.then(conclude, next);
    else conclude(refusal);
  };
}

function finish(admission: Admission, req: Request, res: Response, next: NextFunction): void {
  if (admission.refusal !== undefined) {
    answer(admission.refusal, res, next);
    return;
  }
  if (admission.identity !== undefined) req.identity = admission.identity;
  next();
}

function answer(refusal: Refusal, res: Response, next: NextFunction): void {
  if (refusal instanceof DenialError) {
    next(refusal);
    return;
  }
  // Somebody else, such as a timeout middleware, may have answered while we waited.
  if (res.headersSent) return;
  const { status, headers, body } = refusal;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.status(status).setHeader('content-type', 'application/problem+json; charset=utf-8');
  res.end(JSON.stringify(body));
}

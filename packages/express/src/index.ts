// Express middleware. Takes the request apart, asks the core, writes its answer back; every decision about
// authentication is the core's.

import {
  type Admission,
  type AdmissionOptions,
  createGate,
  createVerifier,
  type Denial,
  guard,
  type Identity,
  roles,
  type Verifier,
  type VerifierOptions,
} from '@esauth/core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export type { Identity, Verifier, VerifierOptions } from '@esauth/core';
export { callerHeaders, createVerifier, identityOf } from '@esauth/core';

declare global {
  namespace Express {
    interface Request {
      /** Who is calling; set by `esauth`, absent where it is optional and nobody was presented. */
      identity?: Identity;
    }
  }
}

/** Middleware that lets authenticated requests pass; `verifier` is there to revoke, watch and close it. */
export type EsauthMiddleware = RequestHandler & { readonly verifier: Verifier };

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
  options: AdmissionOptions = {},
): EsauthMiddleware {
  const verifier = 'verify' in verifierOrOptions ? verifierOrOptions : createVerifier(verifierOrOptions);
  const gate = createGate(verifier, options);

  function authenticate(req: Request, res: Response, next: NextFunction): void {
    const known = gate.peek(req);
    if (known !== undefined) {
      finish(known, req, res, next);
      return;
    }
    const gone = new AbortController();
    const leave = () => gone.abort();
    res.once('close', leave);
    gate.admit(req, gone.signal).then(
      (admission) => {
        res.off('close', leave);
        finish(admission, req, res, next);
      },
      // A client that hung up waits for nothing any more.
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
export function requireRoles(...names: readonly string[]): RequestHandler {
  const requirement = roles(...names);
  return function checkRoles(req, res, next) {
    const denial = guard(req, requirement);
    if (denial === undefined) next();
    else respond(denial, res);
  };
}

function finish(admission: Admission, req: Request, res: Response, next: NextFunction): void {
  if (admission.denial !== undefined) {
    respond(admission.denial, res);
    return;
  }
  if (admission.identity !== undefined) req.identity = admission.identity;
  next();
}

function respond({ status, headers, body }: Denial, res: Response): void {
  // Somebody else, such as a timeout middleware, may have answered while we waited.
  if (res.headersSent) return;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.status(status).setHeader('content-type', 'application/problem+json; charset=utf-8');
  res.end(JSON.stringify(body));
}

// Koa middleware. Takes the context apart, asks the core, writes its answer back; every decision about
// authentication is the core's.

import * as core from '@esauth/core';
import type { Context, Middleware, Next } from 'koa';

export type { Identity, Requirement, Verifier, VerifierOptions } from '@esauth/core';
export { createVerifier, DenialError } from '@esauth/core';

/** What `esauth` adds to `ctx.state`: `new Koa<IdentityState>()`. */
export interface IdentityState {
  /** Who is calling; absent where it is optional and nobody was presented. */
  identity?: core.Identity | undefined;
}

/** Middleware that lets authenticated requests pass; `verifier` is there to revoke, watch and close it. */
export type EsauthMiddleware = Middleware<IdentityState> & { readonly verifier: core.Verifier };

/**
 * Accepts the `Authorization` header that Elasticsearch accepts, and puts the caller on `ctx.state.identity`.
 * Whoever is not let in gets 400, 401, 403 or 503 as a problem document (RFC 9457); what follows does not run.
 *
 * @param verifierOrOptions one verifier for the whole application, or the options to make it from.
 * @throws {ConfigurationError} `invalid_option`, naming the option.
 * @example
 * app.use(esauth({ nodes: 'https://es.internal:9200' }));
 * app.use((ctx) => { ctx.body = ctx.state.identity; });
 */
export function esauth(
  verifierOrOptions: core.Verifier | core.VerifierOptions,
  options?: core.AdmissionOptions<Context>,
): EsauthMiddleware {
  const verifier = core.verifierFrom(verifierOrOptions);
  const host: core.Host<Context> = { node: (ctx) => ctx.req, address: (ctx) => ctx.ip };
  const gate = core.createGate(verifier, options, host);

  // No async function: what is known is passed on in the same turn.
  function authenticate(ctx: Context, next: Next): Promise<unknown> {
    const finish = ({ refusal, identity }: core.Admission) => {
      ctx.state.identity = identity;
      return proceed(refusal, ctx, next);
    };
    return core.whenKnown(gate.admit(ctx), ctx.res, finish);
  }
  return Object.assign(authenticate, { verifier });
}

/**
 * Guards what follows: 403 unless the caller meets the requirement, 401 if nobody was authenticated, 503 if
 * Elasticsearch has to be asked and does not tell.
 *
 * @throws {ConfigurationError} `invalid_option` if the requirement is none; so do the guards below.
 */
export function requireThat(requirement: core.Requirement<Context>): Middleware {
  const guard = core.createGuard(requirement);
  return function checkRequirement(ctx, next) {
    return core.whenKnown(guard(ctx.req, ctx), ctx.res, (refusal) => proceed(refusal, ctx, next));
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
  question: core.PrivilegesQuestion | ((ctx: Context) => core.PrivilegesQuestion),
): Middleware => requireThat(core.privileges(question));

/** @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request. */
export const identityOf = (ctx: { readonly req: core.RequestLike }): core.Identity =>
  core.identityOf(ctx.req);

/**
 * Headers that make a request to Elasticsearch as the caller.
 *
 * @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request; never empty.
 */
export const callerHeaders = (ctx: { readonly req: core.RequestLike }): core.CallerHeaders =>
  core.callerHeaders(ctx.req);

function proceed(refusal: core.Refusal | undefined, ctx: Context, next: Next): Promise<unknown> {
  if (refusal === undefined) return next();
  if (refusal instanceof core.DenialError) return Promise.reject(refusal);
  // Koa sets nothing any more if somebody else, such as a timeout middleware, has answered while we waited.
  const { status, headers, body } = refusal;
  ctx.status = status;
  for (const [name, value] of Object.entries(headers)) {
    ctx.set(name, typeof value === 'string' ? value : [...value]);
  }
  ctx.set('content-type', 'application/problem+json; charset=utf-8');
  ctx.body = JSON.stringify(body);
  return Promise.resolve();
}

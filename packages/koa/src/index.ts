// Koa middleware. Takes the context apart, asks the core, writes its answer back; every decision about
// authentication is the core's.

import * as core from '@esauth/core';
import type { Context, Middleware, Next } from 'koa';
import { type Answerable, answer, seal, send } from './refusal.js';

export * from '@esauth/core';

/** What `esauth` adds to `ctx.state`: `new Koa<IdentityState>()`; `IdentityState<'caller'>` with that `property`. */
export type IdentityState<Property extends string = 'identity'> = core.Identified<{ name: Property }>;

/**
 * Middleware that can be awaited too: without `next` it returns a promise that rejects with a `DenialError` for
 * everybody who is not let in, so that nothing after it runs. A guard does so with `next` too; `esauth` in front of it
 * answers then.
 */
export type Guard = Middleware & Awaitable;

type Awaitable = (ctx: Pick<Context, 'req' | 'res'>) => Promise<unknown>;

/** Middleware that lets authenticated requests pass. */
export type EntranceMiddleware<Property extends string = 'identity'> = Middleware<IdentityState<Property>> &
  Awaitable;

/** The same; `verifier` is there to revoke, watch and close it. */
export type EsauthMiddleware<Property extends string = 'identity'> = EntranceMiddleware<Property> & {
  readonly verifier: core.Verifier;
};

/** `property` is the name under which the identity stands in `ctx.state`. */
export type EsauthOptions<Property extends string> = core.AdmissionOptions<Context> & {
  readonly property?: Property | undefined;
};

/**
 * Accepts the `Authorization` header that Elasticsearch accepts, and puts the caller on `ctx.state.identity`.
 * Whoever is not let in gets 400, 401, 403 or 503 as a problem document (RFC 9457); what follows does not run.
 *
 * @param given one verifier for the whole application, the options to make it from, or a function that has one for
 *   each request (there is no `.verifier` then; while it throws or returns something else, nobody is let in).
 * @throws {ConfigurationError} `invalid_option`, naming the option.
 * @example
 * app.use(esauth({ nodes: 'https://es.internal:9200' }));
 * app.use((ctx) => { ctx.body = ctx.state.identity; });
 */
export function esauth<Property extends string = 'identity'>(
  given: core.VerifierOf<Context>,
  options?: EsauthOptions<Property>,
): EntranceMiddleware<Property>;
export function esauth<Property extends string = 'identity'>(
  given: core.Verifier | core.VerifierOptions,
  options?: EsauthOptions<Property>,
): EsauthMiddleware<Property>;
export function esauth(
  given: core.Given<Context>,
  options?: core.AdmissionOptions<Context>,
): EntranceMiddleware {
  const verifier = core.verifierFrom(given);
  const host = { node: (ctx: Context) => ctx.req, address: (ctx: Context) => ctx.ip, uniform: true };
  const gate = core.createGate(verifier, options, host);

  // No async function: what is known is passed on in the same turn.
  const authenticate = (ctx: Context, next?: Next): unknown =>
    core.passGate(gate, way, ctx, ctx, next, ctx.state);
  return Object.assign(authenticate as EntranceMiddleware, 'verify' in verifier && { verifier });
}

/**
 * Guards what follows: 403 unless the caller meets the requirement, 401 if nobody was authenticated, 503 if
 * Elasticsearch has to be asked and does not tell, 500 `not_admitted` if `esauth` did not run before.
 *
 * @throws {ConfigurationError} `invalid_option` if the requirement is none; so do the guards below.
 * @example
 * router.get('/admin', requireThat(anyOf(roles('admin'), privileges({ cluster: ['manage'] }))), handler);
 */
export function requireThat(requirement: core.Requirement<Context>, ...more: readonly never[]): Guard {
  const guard = core.createGuard(requirement, routeOf, more);
  const check = (ctx: Context, next?: Next): unknown => core.passGuard(guard, way, ctx.req, ctx, ctx, next);
  return check as Guard;
}

type Guards = core.Guards<Context, Guard>;
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
 * requirePrivileges((ctx) => ({ index: [{ names: ctx.params.id, privileges: ['delete'] }] }))
 */
export const requirePrivileges: Guards['requirePrivileges'] = guards.requirePrivileges;

/**
 * Who is calling.
 *
 * @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request, 500 `not_admitted` if
 *   `esauth` did not run before.
 * @example
 * const { subject } = identityOf(ctx);
 */
export const identityOf = (ctx: { readonly req: core.RequestLike }): core.Identity =>
  core.identityOf(ctx, () => routeOf(ctx));

/**
 * Headers that make a request to Elasticsearch as the caller.
 *
 * @throws {DenialError} as `identityOf`; the headers are never empty.
 * @example
 * await elasticsearch.search(query, { headers: callerHeaders(ctx) });
 */
export const callerHeaders = (ctx: { readonly req: core.RequestLike }): core.CallerHeaders =>
  core.callerHeaders(ctx, () => routeOf(ctx));

/**
 * Middleware that answers every `DenialError`, wherever after it it was thrown, as a guard would have. Others go on.
 *
 * @example
 * app.use(handleDenials); // before everything
 */
export async function handleDenials(ctx: Answerable, next: () => Promise<unknown>): Promise<void> {
  core.refuseCalled(next, 'app.use(handleDenials)');
  try {
    await next();
  } catch (error) {
    if (!(error instanceof core.DenialError)) throw error;
    answer(ctx, error);
  }
}

/** Routers (`@koa/router`, `koa-router`) leave it there. */
const routeOf = (ctx: object): unknown => Reflect.get(ctx, '_matchedRoute');

const way: core.Way<Context> = {
  responseOf: (ctx) => ctx.res,
  nextHearsErrors: false,
  answer(ctx, denial) {
    answer(ctx, denial);
    seal(ctx.response);
  },
  send,
};

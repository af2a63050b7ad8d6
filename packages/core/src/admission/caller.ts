// Who is calling with a request, for guards, `identityOf` and `callerHeaders`; and the answer where nobody is.

import { emit } from '../observation/warnings.js';
import { type ClientAuthentication, clientAuthenticationOf } from '../values/client-authentication.js';
import { headerOf, knownSchemes, parseCredential } from '../values/credential.js';
import { createDenials, type Denial, DenialError } from '../values/denial.js';
import { InvalidArgumentError } from '../values/errors.js';
import type { Identity } from '../values/identity.js';
import { processState } from '../values/process-state.js';
import { rejected } from '../values/verdict.js';
import type { Verifier } from '../verifier.js';
import { type Entrance, entranceOf, type RequestLike } from './entrance.js';

/** A framework's request, which holds Node's: Koa's context as `req`, Fastify's request as `raw`, also in Nest. */
export type Wrapping = { readonly raw: RequestLike } | { readonly req: RequestLike };

/** Not let in: an answer to write, or (with `onDenied: 'throw'`) an error to hand on. */
export type Refusal = Denial | DenialError;

/** Who was let in. */
export interface Caller {
  readonly verifier: Verifier;
  readonly identity: Identity;
  readonly entrance: Entrance;
  /** Node's request, on which the entrance hangs. */
  readonly node: RequestLike;
  readonly denial?: undefined;
}

/** Which route of the framework's a request has come to, as far as the framework knows. */
export type RouteOf<Request = void> = (request: Request) => unknown;

/**
 * Who is calling.
 *
 * @param request Node's, or a framework's that holds it.
 * @param route names the request's route in the warning that is given if no middleware ran for it.
 * @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request; 500 `not_admitted` if
 *   the middleware did not run before: a mistake in the program.
 * @example
 * const { subject } = identityOf(request);
 */
export function identityOf(request: RequestLike | Wrapping, route?: RouteOf): Identity {
  return authenticated(request, route).identity;
}

/**
 * Headers that make a request to Elasticsearch as the caller: the credential that was verified, in its canonical
 * spelling, read again from the request so that it is kept nowhere else.
 *
 * @param route as with `identityOf`.
 * @throws {DenialError} as `identityOf`. Elasticsearch clients fall back to their own credential when they are given
 *   none, so this never returns an empty one.
 * @example
 * await elasticsearch.search(query, { headers: callerHeaders(request) });
 */
export function callerHeaders(request: RequestLike | Wrapping, route?: RouteOf): CallerHeaders {
  const { verifier, entrance, node } = authenticated(request, route);
  // Nobody can have been authenticated without a credential that parses.
  const credential = parseCredential(headerOf(entrance.presentedBy(node)) ?? '', knownSchemes);
  if (credential.kind !== 'credential') {
    throw new DenialError(verifier.denial(rejected('credentials_missing')));
  }
  const { scheme, authorization } = credential;
  return { authorization, ...(scheme === 'Bearer' && clientAuthenticationOf(verifier)) };
}

/** Headers of a request to Elasticsearch, as a plain object that its client takes. */
export type CallerHeaders = { authorization: string } & ClientAuthentication;

function authenticated(request: RequestLike | Wrapping, route: RouteOf | undefined): Caller {
  const caller = callerOf(request, route, undefined);
  if (caller.denial !== undefined) throw new DenialError(caller.denial);
  return caller;
}

/** Who was let in with this request, or the answer that says that nobody was. */
export function callerOf<Request>(
  framework: RequestLike | Wrapping,
  route: RouteOf<Request> | undefined,
  request: Request,
): Caller | { readonly denial: Denial; readonly throws: boolean } {
  // It may be Node's itself, whatever a framework hands out.
  const direct = isObject(framework) ? entranceOf(framework) : undefined;
  const node = direct === undefined ? nodeIn(framework) : (framework as RequestLike);
  const entrance = direct ?? entranceOf(node);
  if (entrance === undefined) {
    warnOfOpenRoute(node, route?.(request));
    return { denial: notAdmitted, throws: false };
  }
  const { verifier, identity, throws } = entrance;
  if (verifier === undefined || identity === undefined) {
    return { denial: (verifier?.denial ?? unguarded)(rejected('credentials_missing')), throws };
  }
  return { verifier, identity, entrance, node };
}

/** The one of Node's, on which it hangs what is remembered. */
function nodeIn(given: RequestLike | Wrapping): RequestLike {
  if (!isObject(given)) {
    throw new InvalidArgumentError(
      'identityOf and callerHeaders take the request (Koa: the context): identityOf(request)',
    );
  }
  const held: unknown = 'raw' in given ? given.raw : 'req' in given ? given.req : undefined;
  return isObject(held) ? (held as RequestLike) : (given as RequestLike);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function refuse(denial: Denial, throws: boolean): Refusal {
  return throws ? new DenialError(denial) : denial;
}

/** For requests that no verifier has seen. */
export const unguarded: ReturnType<typeof createDenials> = createDenials(['Bearer', 'ApiKey'], {
  realm: 'elasticsearch',
});

const notAdmitted: Denial = {
  status: 500,
  headers: { 'cache-control': 'no-store' },
  body: {
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    code: 'not_admitted',
    detail: 'This route is not set up to authenticate its callers.',
  },
};

// Where the framework names no route callers choose the path, so neither how often nor how long is theirs to choose.
const mostRoutes = 100;
const longestRoute = 200;
const warned = processState('notAdmitted.1', () => new Set<string>());

function warnOfOpenRoute({ method = 'GET', url = '' }: RequestLike, route: unknown): void {
  // No query: applications are known to put credentials there.
  const path = String(route || url.split('?', 1)[0]);
  const where = `${method} ${path}`.slice(0, longestRoute).replace(/[^\x20-\x7e]/g, '?');
  if (warned().has(where) || warned().size >= mostRoutes) return;
  warned().add(where);
  const text = `${where}: a guard, identityOf or callerHeaders was reached, but the esauth middleware did not run before`;
  emit('ESAUTH_NO_MIDDLEWARE', `${text}; register it before this route, as in app.use(esauth({ nodes }))`);
}

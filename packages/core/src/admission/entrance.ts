// What is remembered of a request once it was let in or not, and what guards, `identityOf` and `callerHeaders` find
// there. The memory hangs on the request object but is out of reach of its properties, so nobody can make himself an
// identity by writing one; every copy of this package in the process has the same.

import type { Fingerprint } from '../memory/fingerprint.js';
import { emit } from '../observation/warnings.js';
import { type ClientAuthentication, clientAuthenticationOf } from '../values/client-authentication.js';
import {
  authorizationAmong,
  authorizationOf,
  headerOf,
  knownSchemes,
  type NodeRequest,
  type Presented,
  parseCredential,
} from '../values/credential.js';
import { createDenials, type Denial, DenialError } from '../values/denial.js';
import { InvalidArgumentError } from '../values/errors.js';
import type { Identity } from '../values/identity.js';
import { own } from '../values/json.js';
import { processState } from '../values/process-state.js';
import { rejected } from '../values/verdict.js';
import { Wanted } from '../verification/wanted.js';
import type { Verifier } from '../verifier.js';

/** The part of a request that is read: that of Node's HTTP servers, or of a host that imitates them. */
export type RequestLike = NodeRequest & {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
};

/** A framework's request, which holds Node's: Koa's context as `req`, Fastify's request as `raw`, also in Nest. */
export type Wrapping = { readonly raw: RequestLike } | { readonly req: RequestLike };

/** Not let in: an answer to write, or (with `onDenied: 'throw'`) an error to hand on. */
export type Refusal = Denial | DenialError;

/** What a gate knows of all its requests. */
export interface Rules {
  readonly throws: boolean;
  readonly maxAgeMs: number | undefined;
  /** Under which name an identity stands on the request. */
  readonly property: string;
  /** Where a request comes from: the framework's, of the gate or of a guard behind it, and Node's. */
  sourceOf(request: unknown, node: RequestLike): string | undefined;
}

/**
 * What a gate remembers of a request. Nothing in it may lead back to the request: V8's young collection takes what a
 * WeakMap holds for needed, so that the request with its socket's buffers would outlive it and grow old, every time.
 * That was 3 µs of a request's 12 on Fastify, and 6 on Koa.
 */
export class Entrance {
  readonly #rules: Rules;
  readonly #given: { readonly presented: Presented } | undefined;
  /** Whom to ask what else is to be known; nobody where a route is open and each request may have another. */
  readonly verifier: Verifier | undefined;
  #identity: Identity | undefined;
  #earlier: Entrance | undefined;
  #source: string | undefined;
  #hasSource = false;
  #fingerprint: Fingerprint | undefined;
  #finder: object | undefined;

  /** @param given what an application gave in place of the header, which is else read again whenever it is needed. */
  constructor(rules: Rules, verifier: Verifier | undefined, given?: { readonly presented: Presented }) {
    this.#rules = rules;
    this.verifier = verifier;
    this.#given = given;
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }
  get throws(): boolean {
    return this.#rules.throws;
  }
  get maxAgeMs(): number | undefined {
    return this.#rules.maxAgeMs;
  }
  sourceOf(request: unknown, node: RequestLike): string | undefined {
    // Frameworks look through proxies' headers for it: 2 000 instructions, on Express 12 000.
    if (!this.#hasSource) this.#source = this.#rules.sourceOf(request, node);
    this.#hasSource = true;
    return this.#source;
  }
  presentedBy(node: RequestLike): Presented {
    return this.#given === undefined ? presentedIn(node) : this.#given.presented;
  }

  letIn(identity: Identity): void {
    this.#identity = identity;
  }

  /** Remembers what is known of a request already: another gate may show it under another name. */
  comesAfter(node: RequestLike): void {
    this.#earlier = entrances().get(node);
  }

  shownAs(property: string): Identity | undefined {
    return this.#rules.property === property ? this.#identity : this.#earlier?.shownAs(property);
  }

  found(fingerprint: Fingerprint, finder: object): void {
    this.#fingerprint = fingerprint;
    this.#finder = finder;
  }

  foundBy(finder: object): Fingerprint | undefined {
    return this.#finder === finder ? this.#fingerprint : undefined;
  }
}

/**
 * How a gate, or a guard behind it, asks about a request: what is remembered of it, and the request itself. All private,
 * so that a verifier of another copy of this package sees no options that it does not know.
 */
export class Inquiry extends Wanted {
  readonly #entrance: Entrance;
  readonly #request: unknown;
  readonly #node: RequestLike;

  constructor(entrance: Entrance, request: unknown, node: RequestLike) {
    super();
    this.#entrance = entrance;
    this.#request = request;
    this.#node = node;
  }

  get maxAgeMs(): number | undefined {
    return this.#entrance.maxAgeMs;
  }
  get source(): string | undefined {
    return this.#entrance.sourceOf(this.#request, this.#node);
  }
  found(fingerprint: Fingerprint, finder: object): void {
    this.#entrance.found(fingerprint, finder);
  }
  foundBy(finder: object): Fingerprint | undefined {
    return this.#entrance.foundBy(finder);
  }
}

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

const entrances = processState('entrances.3', () => new WeakMap<object, Entrance>());

/** Remembers that our middleware has seen this request, and what came of it. */
export function enter(request: RequestLike, entrance: Entrance): void {
  entrances().set(request, entrance);
}

/** Forgets what earlier middleware may have remembered. */
export function forget(request: RequestLike): void {
  entrances().delete(request);
}

/** What stands under a name on a request of which nothing is written there (`Host.isShown`), or on one made from it. */
export function shownIdentity(request: object, property: string): Identity | undefined {
  for (let it: object | null = request; it !== null; it = Object.getPrototypeOf(it)) {
    const entrance = entrances().get(it);
    if (entrance !== undefined) return entrance.shownAs(property);
  }
  return undefined;
}

/** What a request presents in its own header. */
export function presentedIn(request: RequestLike): Presented {
  const { rawHeaders } = request;
  // Node makes `headers` when it is first read.
  if (rawHeaders !== undefined && rawHeaders.length > 0) return authorizationAmong(rawHeaders);
  return authorizationOf({ headers: { authorization: own(request.headers, 'authorization') } });
}

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
  const direct = isObject(framework) ? entrances().get(framework) : undefined;
  const node = direct === undefined ? nodeIn(framework) : (framework as RequestLike);
  const entrance = direct ?? entrances().get(node);
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

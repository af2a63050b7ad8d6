// What every adapter does with a request, apart from its framework: let it in or not, remember for whom, and
// answer guards and `callerHeaders` from that memory. The memory hangs on the request object but is out of
// reach of its properties, so nobody can make himself an identity by writing one.

import { hash } from 'node:crypto';
import { warnOnce } from '../observation/warnings.js';
import type { VerifierOptions } from '../options/options.js';
import { type ClientAuthentication, clientAuthenticationOf } from '../values/client-authentication.js';
import { authorizationOf, headerOf, knownSchemes, parseCredential } from '../values/credential.js';
import { createDenials, type Denial, DenialError } from '../values/denial.js';
import { ConfigurationError } from '../values/errors.js';
import type { Identity } from '../values/identity.js';
import { rejected, type Verdict } from '../values/verdict.js';
import type { VerifyOptions } from '../verification/verification.js';
import { createVerifier, type Verifier } from '../verifier.js';
import type { Ask } from './when-known.js';

/** The part of a request that is read: that of Node's HTTP servers, or of a host that imitates them. */
export type RequestLike = Parameters<typeof authorizationOf>[0];

export interface AdmissionOptions<Request = RequestLike> {
  /**
   * Lets requests without an `Authorization` header in, without an identity. One that is present and bad is
   * still refused, and no verdict is still 503. Default `false`.
   */
  readonly optional?: boolean | undefined;
  /** How old a verdict may be, in milliseconds; see `verify`. Default: as old as the verifier remembers. */
  readonly maxAgeMs?: number | undefined;
  /**
   * `'respond'` (default) writes the answer; `'throw'` hands a `DenialError` to the framework's error path.
   */
  readonly onDenied?: 'respond' | 'throw' | undefined;
  /** Where a request comes from; see `verify`. Default: the framework's own client address. */
  readonly source?: ((request: Request) => string | undefined) | undefined;
}

/** What a single route may ask for in place of the whole application's. */
export type RouteOptions = Pick<AdmissionOptions, 'optional' | 'maxAgeMs'>;

/** How a framework's request is read. */
export interface Host<Request> {
  /** Node's own request: its raw lines are read, and what is remembered hangs on it. */
  node(request: Request): RequestLike;
  /** The client's address, as the framework's own proxy settings make it out. */
  address(request: Request): string | undefined;
}

/** Not let in: an answer to write, or (with `onDenied: 'throw'`) an error to hand on. */
export type Refusal = Denial | DenialError;

/** Let in, as somebody or (if that is optional) as nobody; or not. */
export type Admission =
  | { readonly identity: Identity | undefined; readonly refusal?: undefined }
  | { readonly identity?: undefined; readonly refusal: Refusal };

export interface Gate<Request> {
  /**
   * What is known without asking Elasticsearch, or how to ask. That rejects only with the signal's reason, and with
   * what `source` has thrown, for the framework's error path.
   */
  admit(request: Request): Admission | Ask<Admission>;
  /**
   * The same gate for a route that asks for something else; what it leaves out stays as it is. `false` lets
   * everybody in as nobody, unread. The same for the same object.
   *
   * @throws {ConfigurationError} `invalid_option` if an option is wrong or unknown.
   */
  forRoute(route: RouteOptions | false | undefined): Gate<Request>;
}

interface Entrance {
  readonly verifier: Verifier;
  readonly identity: Identity | undefined;
  readonly throws: boolean;
  /** How it was verified, for what else is asked about the caller. */
  readonly wanted: Pick<VerifyOptions, 'maxAgeMs' | 'source'>;
}

const entrances = new WeakMap<object, Entrance>();

/**
 * The verifier that an adapter was given, or one made from the options that it was given. Two from equal options
 * in one process warn: they remember apart, so each credential is looked up twice.
 *
 * @throws {ConfigurationError} `invalid_option`
 */
export function verifierFrom(given: Verifier | VerifierOptions): Verifier {
  if (typeof given === 'object' && given !== null && 'verify' in given) return given;
  const verifier = createVerifier(given);
  const { clock, dispatcher, ...data } = given;
  // Objects that somebody brought cannot be told apart.
  if (clock !== undefined || dispatcher !== undefined) return verifier;
  // Only a digest is kept: options may hold secrets.
  const name = hash('sha256', JSON.stringify(data));
  if (seen.has(name)) {
    warnOnce(
      'ESAUTH_TWO_CACHES',
      'two verifiers were made from equal options; make one with createVerifier and pass it to both',
    );
  }
  seen.add(name);
  return verifier;
}

const seen = new Set<string>();

/** @throws {ConfigurationError} `invalid_option` if an option is wrong or unknown. */
export function createGate<Request>(
  verifier: Verifier,
  options: AdmissionOptions<Request> | undefined,
  host: Host<Request>,
): Gate<Request> {
  const checked = checkOptions(options ?? {}, 'options', knownOptions);
  const { optional, maxAgeMs, onDenied, source } = checked;
  const throws = onDenied === 'throw';
  const ofRoutes = new Map<RouteOptions | false, Gate<Request>>();

  const gate: Gate<Request> = {
    admit(request) {
      const node = host.node(request);
      let wanted: Entrance['wanted'];
      try {
        wanted = { maxAgeMs, source: (source ?? host.address)(request) };
      } catch (error) {
        return () => Promise.reject(error);
      }
      const presented = authorizationOf(node);
      const known = verifier.peek(presented, wanted);
      if (known !== undefined) return settle(node, known, wanted);
      return async (signal) => settle(node, await verifier.verify(presented, { ...wanted, signal }), wanted);
    },
    forRoute(route) {
      if (route === undefined) return gate;
      const own = ofRoutes.get(route) ?? changed(route);
      ofRoutes.set(route, own);
      return own;
    },
  };
  return gate;

  function changed(route: RouteOptions | false): Gate<Request> {
    if (route === false) return { ...gate, admit: (request) => enter(host.node(request), undefined, {}) };
    const own = checkOptions<Request>(route, 'esauth', routeOptions);
    const merged = { optional: own.optional ?? optional, maxAgeMs: own.maxAgeMs ?? maxAgeMs };
    return createGate(verifier, { ...checked, ...merged }, host);
  }

  function settle(request: RequestLike, verdict: Verdict, wanted: Entrance['wanted']): Admission {
    const absent = verdict.kind === 'rejected' && verdict.code === 'credentials_missing';
    if (verdict.kind === 'authenticated' || (optional === true && absent)) {
      return enter(request, verdict.kind === 'authenticated' ? verdict.identity : undefined, wanted);
    }
    // What an earlier, more lenient gate let in does not count any more.
    enter(request, undefined, wanted);
    return { refusal: refuse(verifier.denial(verdict, authorizationOf(request)), throws) };
  }

  function enter(
    request: RequestLike,
    identity: Identity | undefined,
    wanted: Entrance['wanted'],
  ): Admission {
    entrances.set(request, { verifier, identity, throws, wanted });
    return { identity };
  }
}

/** @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request. */
export function identityOf(request: RequestLike): Identity {
  return authenticated(request).identity;
}

/**
 * Headers that make a request to Elasticsearch as the caller: the credential that was verified, in its
 * canonical spelling, read again from the request so that it is kept nowhere else.
 *
 * @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request. Elasticsearch
 *   clients fall back to their own credential when they are given none, so this never returns an empty one.
 */
export function callerHeaders(request: RequestLike): CallerHeaders {
  const { verifier } = authenticated(request);
  // Nobody can have been authenticated without a header that parses.
  const credential = parseCredential(headerOf(authorizationOf(request)) ?? '', knownSchemes);
  if (credential.kind !== 'credential') {
    throw new DenialError(verifier.denial(rejected('credentials_missing')));
  }
  const { scheme, authorization } = credential;
  return { authorization, ...(scheme === 'Bearer' && clientAuthenticationOf(verifier)) };
}

/** Headers of a request to Elasticsearch, as a plain object that its client takes. */
export type CallerHeaders = { authorization: string } & ClientAuthentication;

/** Who was let in. */
export interface Caller extends Entrance {
  readonly identity: Identity;
  readonly denial?: undefined;
}

function authenticated(request: RequestLike): Caller {
  const caller = callerOf(request);
  if (caller.denial !== undefined) throw new DenialError(caller.denial);
  return caller;
}

/** Who was let in with this request, or the answer that says that nobody was. */
export function callerOf(
  request: RequestLike,
): Caller | { readonly denial: Denial; readonly throws: boolean } {
  const entrance = entrances.get(request);
  if (entrance === undefined) {
    warnOnce(
      'ESAUTH_NO_MIDDLEWARE',
      'a guard, identityOf or callerHeaders was reached, but the esauth middleware did not run before it',
    );
    return { denial: unguarded(rejected('credentials_missing')), throws: false };
  }
  const { verifier, identity, throws } = entrance;
  if (identity === undefined) return { denial: verifier.denial(rejected('credentials_missing')), throws };
  return { ...entrance, identity };
}

/** For requests that no verifier has seen. */
const unguarded = createDenials(['Bearer', 'ApiKey'], { realm: 'elasticsearch' });

export function refuse(denial: Denial, throws: boolean): Refusal {
  return throws ? new DenialError(denial) : denial;
}

const routeOptions: readonly string[] = ['optional', 'maxAgeMs'];
const knownOptions: readonly string[] = [...routeOptions, 'onDenied', 'source'];

function checkOptions<Request>(
  given: AdmissionOptions<Request>,
  what: string,
  known: readonly string[],
): AdmissionOptions<Request> {
  if (typeof given !== 'object' || given === null) {
    throw new ConfigurationError(what, 'must be an object');
  }
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new ConfigurationError(unknown, `unknown option; known are ${known.join(', ')}`);
  }
  const { optional, maxAgeMs, onDenied, source } = given;
  if (optional !== undefined && typeof optional !== 'boolean') {
    throw new ConfigurationError('optional', 'must be true or false');
  }
  if (maxAgeMs !== undefined && !(typeof maxAgeMs === 'number' && maxAgeMs >= 0)) {
    throw new ConfigurationError('maxAgeMs', 'must be a number of milliseconds from 0');
  }
  if (onDenied !== undefined && onDenied !== 'respond' && onDenied !== 'throw') {
    throw new ConfigurationError('onDenied', "must be 'respond' or 'throw'");
  }
  if (source !== undefined && typeof source !== 'function') {
    throw new ConfigurationError('source', 'must be a function');
  }
  return given;
}

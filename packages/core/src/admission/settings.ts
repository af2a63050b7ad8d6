// What an application may tell the middleware, and what is wrong with it. Only an object's own properties count:
// what somebody managed to put on all objects opens nothing.

import { warnOnce } from '../observation/warnings.js';
import { warnOfSmall } from '../options/option-checks.js';
import { optionNames, unknownOption } from '../options/option-names.js';
import type { Presented } from '../values/credential.js';
import { ConfigurationError } from '../values/errors.js';
import type { Identity } from '../values/identity.js';
import type { Verifier } from '../verifier.js';
import type { RequestLike } from './entrance.js';

/** How an adapter lets requests in: for all of its routes, or (`RouteOptions`) for one. */
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
  /**
   * Where a request comes from, at once; see `verify`. Default, and whenever it returns no string: the framework's own
   * client address. Called only for requests about which Elasticsearch is asked. What it throws goes to the framework's
   * error path.
   */
  readonly source?: ((request: Request) => string | undefined) | undefined;
  /**
   * What to take in place of the `Authorization` header, as such a header's value, scheme included; `undefined` is
   * none. The header itself is then not read, and `callerHeaders` gives this. What it throws, or returns that can be
   * no header, goes to the framework's error path. Each place has its price:
   *
   * - a cookie is sent by browsers whoever asks them to, so that routes that change something need a defence against
   *   cross-site requests (`SameSite`, a token, a check of `Origin`), and the cookie `HttpOnly` and `Secure`;
   * - a query parameter ends up in logs, histories and `Referer` lines: only short-lived tokens, for what cannot send
   *   headers, such as event streams;
   * - a WebSocket's subprotocol is logged by some proxies, and the server has to answer with another one of those
   *   that were offered, never with the credential.
   *
   * @example
   * app.use(cookieParser()); // Express itself reads no cookies
   * app.use(esauth(verifier, { credential: (req) => req.cookies.token && `Bearer ${req.cookies.token}` }));
   */
  readonly credential?: ((request: Request) => Presented) | undefined;
  /**
   * Under which name the identity stands on the request, for applications that have something else called `identity`
   * there. Default `'identity'`. `identityOf`, `callerHeaders` and guards need no name.
   */
  readonly property?: string | undefined;
}

/** What a single route may ask for in place of the whole application's. */
export type RouteOptions = Pick<AdmissionOptions, 'optional' | 'maxAgeMs'>;

/**
 * What the adapters add to the type of a request. An adapter's `IdentityProperty` is empty unless an application gives
 * it the same `name` as the option `property`.
 */
export type Identified<Property> = Property extends { readonly name: infer Name extends string }
  ? { [Each in Name]?: Identity | undefined }
  : {
      /** Who is calling; set by `esauth`, absent where it is optional and nobody was presented. */
      identity?: Identity | undefined;
    };

/**
 * The verifier of a request, for applications with several authorities. For whom there is none it throws an error with
 * the `status` (Fastify: `statusCode`) that the framework answers then. What it throws, or returns that is no verifier
 * (a `ConfigurationError`, 500), goes to the framework's error path, and nobody is let in.
 */
export type VerifierOf<Request> = (request: Request) => Verifier;

/**
 * @param route whether they are those of a single route.
 * @returns their own properties, as they are now.
 * @throws {ConfigurationError} `invalid_option`
 */
export function checkOptions<Request>(
  given: AdmissionOptions<Request>,
  route = false,
): AdmissionOptions<Request> {
  if (typeof given !== 'object' || given === null) {
    throw new ConfigurationError(
      route ? 'esauth' : 'options',
      'must be an object, such as { optional: true }',
    );
  }
  const place = route ? 'route' : 'middleware';
  const unknown = Object.keys(given).find((name) => !optionNames[place].includes(name));
  if (unknown !== undefined) throw new ConfigurationError(unknown, unknownOption(place, unknown));
  const options: AdmissionOptions<Request> = Object.assign(Object.create(null), given);
  const { optional, maxAgeMs, onDenied, source, credential, property } = options;
  if (optional !== undefined && typeof optional !== 'boolean') {
    throw new ConfigurationError('optional', 'must be true or false');
  }
  if (maxAgeMs !== undefined && !(typeof maxAgeMs === 'number' && maxAgeMs >= 0)) {
    throw new ConfigurationError('maxAgeMs', 'must be a number of milliseconds from 0');
  }
  if (maxAgeMs !== undefined && maxAgeMs > 0 && maxAgeMs < 1_000) warnOfSmall('maxAgeMs', maxAgeMs);
  if (onDenied !== undefined && onDenied !== 'respond' && onDenied !== 'throw') {
    throw new ConfigurationError('onDenied', "must be 'respond' or 'throw'");
  }
  for (const [name, made] of Object.entries({ source, credential })) {
    if (made !== undefined && typeof made !== 'function') {
      throw new ConfigurationError(name, 'must be a function of the request');
    }
  }
  // What every object has is none of these: `__proto__` would make the identity the request's prototype.
  if (
    property !== undefined &&
    (typeof property !== 'string' || property === '' || property in Object.prototype)
  ) {
    throw new ConfigurationError('property', "must be a property's name, such as 'caller'");
  }
  return options;
}

/** @throws {ConfigurationError} `invalid_option` if a function for several authorities has returned no verifier. */
export function checkVerifier(made: unknown): Verifier {
  if (isVerifier(made)) return made;
  quiet(made);
  throw new ConfigurationError(
    'verifier',
    'the function must return a verifier made by createVerifier, not a promise of one',
  );
}

const questions = ['verify', 'peek', 'denial'];

/** Whether something answers what is asked here; a verifier that somebody has wrapped does. */
export function isVerifier(made: unknown): made is Verifier {
  return questions.every(
    (name) => typeof made === 'object' && made !== null && isFunction(Reflect.get(made, name)),
  );
}

/** @throws {ConfigurationError} `invalid_option` if the option `credential` has returned what can be no header. */
export function checkPresented(made: unknown): Presented {
  if (typeof made === 'string' || made === undefined || made === null) return made;
  if (typeof made === 'object' && Object.hasOwn(made, 'authorization')) return made;
  quiet(made);
  throw new ConfigurationError(
    'credential',
    "must return an Authorization header's value with its scheme, at once and not as a promise",
  );
}

/** @returns a name for whom a request comes from; `undefined` if the option `source` has returned none. */
export function checkSource(made: unknown): string | undefined {
  if (typeof made === 'string' || made === undefined) return made;
  quiet(made);
  warnOnce(
    'ESAUTH_SOURCE',
    'the option source must return a string, at once; what it returned counts for nothing, the client address does',
  );
  return undefined;
}

/** A promise that fails would otherwise be nobody's, and end the process. */
export function quiet(made: unknown): void {
  if (made instanceof Promise) made.catch(() => {});
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

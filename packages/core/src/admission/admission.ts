// What every adapter does with a request, apart from its framework: let it in or not, and remember for whom.

import { hash } from 'node:crypto';
import { warnOnce } from '../observation/warnings.js';
import type { VerifierOptions } from '../options/options.js';
import type { Presented } from '../values/credential.js';
import { ConfigurationError } from '../values/errors.js';
import type { Identity } from '../values/identity.js';
import { own } from '../values/json.js';
import { processState } from '../values/process-state.js';
import type { Verdict } from '../values/verdict.js';
import { createVerifier, type Verifier } from '../verifier.js';
import { type Refusal, refuse } from './caller.js';
import {
  Entrance,
  enter,
  forget,
  presentedIn,
  type RequestLike,
  type Rules,
  WantedForRequest,
} from './entrance.js';
import {
  type AdmissionOptions,
  checkOptions,
  checkPresented,
  checkSource,
  checkVerifier,
  isVerifier,
  quiet,
  type RouteOptions,
  type VerifierOf,
} from './settings.js';
import { refuseUncalled } from './uncalled.js';
import type { Ask } from './when-known.js';

/** How a framework's request is read. */
export interface Host<Request> {
  /** Node's own request: its raw lines are read, and what is remembered hangs on it. */
  node(request: Request): RequestLike;
  /** The client's address, as the framework's own proxy settings make it out. */
  address(request: Request): string | undefined;
  /**
   * Whether Node's requests come here as Node makes them, all of one hidden class of V8's. Then what is remembered is
   * written into them, out of reach of their properties, which is cheaper than a WeakMap. Express gives each a class of
   * its own.
   */
  readonly uniform?: boolean;
  /** Whether a property of a request needs not be written, because reading it gives `shownIdentity`. */
  isShown?(request: object, property: string): boolean;
}

/** What an adapter takes for its verifier. */
export type Given<Request> = Verifier | VerifierOptions | VerifierOf<Request>;

/** Let in, as somebody or (if that is optional) as nobody; or not. */
export type Admission =
  | { readonly identity: Identity | undefined; readonly refusal?: undefined }
  | { readonly identity?: undefined; readonly refusal: Refusal };

/** What an adapter asks of every request: whether it is let in, and as whom. */
export interface Gate<Request> {
  /**
   * What is known without asking Elasticsearch, or how to ask. That rejects only with the signal's reason, and with
   * what a function of the application has thrown, for the framework's error path.
   */
  admit(request: Request): Admission | Ask<Admission>;
  /**
   * The same gate for a route that asks for something else; what it leaves out stays as it is. `false` lets
   * everybody in as nobody, unread. The same for the same object.
   *
   * @throws {ConfigurationError} `invalid_option` if an option is wrong or unknown.
   */
  forRoute(route: RouteOptions | false | undefined): Gate<Request>;
  /** Puts an identity, or that there is none, where the application looks for it: in `property` of this object. */
  show(holder: object, identity: Identity | undefined): void;
}

/**
 * The verifier that an adapter was given, or one made from the options that it was given; a function that has one for
 * each request as it is. Two from equal options in one process warn: they remember apart, so each credential is looked
 * up twice.
 *
 * @param option what it is called where it is given.
 * @throws {ConfigurationError} `invalid_option`
 */
export function verifierFrom(given: Verifier | VerifierOptions, option?: string): Verifier;
export function verifierFrom<Request>(given: Given<Request>, option?: string): Verifier | VerifierOf<Request>;
export function verifierFrom<Request>(
  given: Given<Request>,
  option = 'options',
): Verifier | VerifierOf<Request> {
  if (given === createVerifier) {
    throw new ConfigurationError(option, 'createVerifier is to be called: createVerifier({ nodes })');
  }
  if (typeof given === 'function' || isVerifier(given)) return given;
  refuseUncalled('esauth', given, 'app.use(esauth({ nodes }))');
  if (typeof given !== 'object' || given === null) {
    const call = option === 'options' ? 'esauth({ nodes })' : `{ ${option}: { nodes } }`;
    throw new ConfigurationError(
      option,
      `must be a verifier, or an object with the options to make one: ${call}`,
    );
  }
  if (given instanceof Promise) {
    quiet(given);
    throw new ConfigurationError(option, 'must be a verifier, not a promise of one: await it before');
  }
  const verifier = createVerifier(given);
  const { clock, dispatcher, ...data } = given;
  // Objects that somebody brought cannot be told apart.
  if (clock !== undefined || dispatcher !== undefined) return verifier;
  // Only a digest is kept: options may hold secrets.
  const name = hash('sha256', JSON.stringify(data));
  if (seen().has(name)) {
    warnOnce(
      'ESAUTH_TWO_CACHES',
      'two verifiers were made from equal options; make one with createVerifier and pass it to both',
    );
  }
  seen().add(name);
  return verifier;
}

const seen = processState('options.1', () => new Set<string>());

/**
 * Makes what lets requests in.
 *
 * @param verifier or a function that has one for each request; if it throws, or returns something else, nobody is
 *   let in, and the error goes to the framework's error path.
 * @throws {ConfigurationError} `invalid_option` if an option is wrong or unknown.
 */
export function createGate<Request>(
  verifier: Verifier | VerifierOf<Request>,
  options: AdmissionOptions<Request> | undefined,
  host: Host<Request>,
): Gate<Request> {
  const checked = checkOptions(options ?? {});
  const { optional, maxAgeMs, onDenied, source, credential, property = 'identity' } = checked;
  const { uniform = false } = host;
  const throws = onDenied === 'throw';
  const rules: Rules = {
    throws,
    maxAgeMs,
    property,
    sourceOf(asked, node) {
      // Behind this gate there may be a guard of another framework, whose requests are strange here.
      const request = [asked, node].find((it): it is Request => isRequest(it, node));
      const chosen = request && source && checkSource(source(request));
      const from = chosen ?? (request && host.address(request)) ?? node.socket?.remoteAddress;
      if (chosen === undefined) warnOfUntrustedProxy(node, from);
      return from;
    },
  };
  const ofRoutes = new Map<RouteOptions | false, Gate<Request>>();

  const gate: Gate<Request> = {
    admit(request) {
      const node = host.node(request);
      try {
        return decide(request, node);
      } catch (error) {
        forget(node);
        return () => Promise.reject(error);
      }
    },
    forRoute(route) {
      if (route === undefined) return gate;
      const ownGate = ofRoutes.get(route) ?? changed(route);
      ofRoutes.set(route, ownGate);
      return ownGate;
    },
    show(holder, identity) {
      if (host.isShown?.(holder, property)) return;
      const place = holder as Record<string, unknown>;
      const before = place[property];
      if (before !== undefined && !isIdentity(before)) {
        const text = `${property} of a request holds what is no identity of ours, and is overwritten`;
        warnOnce('ESAUTH_PROPERTY', `${text}; give the option property another name`);
      }
      place[property] = identity;
    },
  };
  return gate;

  function changed(route: RouteOptions | false): Gate<Request> {
    if (route === false) return { ...gate, admit: (request) => open(request) };
    const asked = checkOptions<Request>(route, true);
    const merged = { optional: asked.optional ?? optional, maxAgeMs: asked.maxAgeMs ?? maxAgeMs };
    return createGate(verifier, { ...checked, ...merged }, host);
  }

  function open(request: Request): Admission {
    const asked = typeof verifier === 'function' ? undefined : verifier;
    enter(host.node(request), new Entrance(rules, asked), uniform);
    return nobody;
  }

  function decide(request: Request, node: RequestLike): Admission | Ask<Admission> {
    const asked = typeof verifier === 'function' ? checkVerifier(verifier(request)) : verifier;
    const given = credential && { presented: checkPresented(credential(request)) };
    const presented = given === undefined ? presentedIn(node, uniform) : given.presented;
    const entrance = new Entrance(rules, asked, given);
    // What one with the usual name shows is to be seen on after this.
    if (property !== 'identity') entrance.comesAfter(node);
    const wanted = new WantedForRequest(entrance, request, node);
    const known = asked.peek(presented, wanted);
    if (known !== undefined) return settle(known, presented, entrance, asked, node);
    return ask(presented, entrance, asked, node, wanted);
  }

  function isRequest(asked: unknown, node: RequestLike): asked is Request {
    try {
      return host.node(asked as Request) === node;
    } catch {
      // What cannot be read as one of this framework's is none.
      return false;
    }
  }

  // Apart, so that a hit makes no functions.
  function ask(
    presented: Presented,
    entrance: Entrance,
    asked: Verifier,
    node: RequestLike,
    { source }: WantedForRequest,
  ): Ask<Admission> {
    // Until this gate has decided, what an earlier and more lenient one let in does not count any more.
    enter(node, entrance, uniform);
    return async (signal) => {
      const verdict = await asked.verify(presented, { maxAgeMs, source, signal });
      return settle(verdict, presented, entrance, asked, node);
    };
  }

  function settle(
    verdict: Verdict,
    presented: Presented,
    entrance: Entrance,
    asked: Verifier,
    node: RequestLike,
  ): Admission {
    if (verdict.kind === 'authenticated') {
      entrance.letIn(verdict.identity);
      // Once for a hit: it is a thousand instructions each time, and twice that for the collector.
      enter(node, entrance, uniform);
      return { identity: verdict.identity };
    }
    enter(node, entrance, uniform);
    const absent = verdict.kind === 'rejected' && verdict.code === 'credentials_missing';
    if (optional === true && absent) return nobody;
    return { refusal: refuse(asked.denial(verdict, presented), throws) };
  }
}

const nobody: Admission = Object.freeze({ identity: undefined });

/** Looked at only where it costs a lookup anyway: whoever sits behind one proxy shares one source, and its turn. */
function warnOfUntrustedProxy({ headers, socket }: RequestLike, from: string | undefined): void {
  if (from === undefined || from !== socket?.remoteAddress) return;
  const forwarded = own(headers, 'x-forwarded-for');
  // A client on the proxy's own machine has the proxy's address, whether that is believed or not.
  if (forwarded === undefined || String(forwarded).split(',').at(-1)?.trim() === from) return;
  warnOnce(
    'ESAUTH_TRUST_PROXY',
    "requests carry X-Forwarded-For, but the application does not believe it, so all that come by one proxy count as one source; if there is a proxy in front, set Express's trust proxy, Koa's proxy or Fastify's trustProxy, or the option source",
  );
}

/** Frozen, and of the form that the reader of Elasticsearch's answers gives it. */
function isIdentity(value: unknown): boolean {
  return (
    Object.isFrozen(value) && own(value, 'subject') !== undefined && own(value, 'lookupRealm') !== undefined
  );
}

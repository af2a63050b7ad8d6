// What is remembered of a request once it was let in or not, and how it is asked about. The memory hangs on the request
// object but is out of reach of its properties, so nobody can make himself an identity by writing one; every copy of
// this package in the process has the same.

import type { Entry } from '../memory/cache.js';
import {
  authorizationAmong,
  authorizationOf,
  type NodeRequest,
  type Presented,
} from '../values/credential.js';
import type { Identity } from '../values/identity.js';
import { own } from '../values/json.js';
import { Wanted } from '../verification/wanted.js';
import type { Verifier } from '../verifier.js';
import { type Attached, attached } from './attached.js';

/** The part of a request that is read: that of Node's HTTP servers, or of a host that imitates them. */
export type RequestLike = NodeRequest & {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
};

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
 * What a gate remembers of a request. Nothing in it may lead back to the request: V8's young collections take what a
 * WeakMap holds for needed (`ScavengeVisitor::VisitEphemeronHashTable`), so that the request with its socket's buffers
 * would outlive them and grow old, every time. That was 5 µs of a request's 18 on Fastify, and 10 of 27 on Koa.
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
  #entry: Entry | undefined;
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

  found(entry: Entry, finder: object): void {
    this.#entry = entry;
    this.#finder = finder;
  }

  foundBy(finder: object): Entry | undefined {
    return this.#finder === finder ? this.#entry : undefined;
  }
}

/**
 * How a gate, or a guard behind it, asks about a request: what is remembered of it, and the request itself. All private,
 * so that a verifier of another copy of this package sees no options that it does not know.
 */
export class WantedForRequest extends Wanted {
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
  found(entry: Entry, finder: object): void {
    this.#entrance.found(entry, finder);
  }
  foundBy(finder: object): Entry | undefined {
    return this.#entrance.foundBy(finder);
  }
}

const entrances = attached as () => Attached<Entrance>;

/**
 * Remembers that our middleware has seen this request, and what came of it.
 *
 * @param within whether it may be written into the request itself.
 */
export function enter(request: RequestLike, entrance: Entrance, within: boolean): void {
  entrances().set(request, entrance, within);
}

/** What is remembered of a request. */
export function entranceOf(request: object): Entrance | undefined {
  return entrances().get(request);
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

/**
 * What a request presents in its own header.
 *
 * @param uniform as a `Host` says. Of other requests V8's caches know none: to miss is 1 100 instructions, to read past
 *   them 160.
 */
export function presentedIn(request: RequestLike, uniform = true): Presented {
  const rawHeaders: typeof request.rawHeaders = uniform
    ? request.rawHeaders
    : Reflect.get(request, 'rawHeaders');
  // Node makes `headers` when it is first read.
  if (rawHeaders !== undefined && rawHeaders.length > 0) return authorizationAmong(rawHeaders);
  return authorizationOf({ headers: { authorization: own(request.headers, 'authorization') } });
}

// What every adapter does with a request, apart from its framework: let it in or not, remember for whom, and
// answer guards and `callerHeaders` from that memory. The memory hangs on the request object but is out of
// reach of its properties, so nobody can make himself an identity by writing one.

import { authorizationOf, headerOf, knownSchemes, parseCredential } from './credential.js';
import { createDenials, type Denial, DenialError } from './denial.js';
import { ConfigurationError } from './errors.js';
import type { Identity } from './identity.js';
import { judgeRequirement, type Requirement } from './requirement.js';
import { rejected, type Verdict } from './verdict.js';
import type { Verifier } from './verifier.js';
import { warnOnce } from './warnings.js';

/** The part of a request that is read: that of Node's HTTP servers, or of a host that imitates them. */
export type RequestLike = Parameters<typeof authorizationOf>[0];

export interface AdmissionOptions {
  /**
   * Lets requests without an `Authorization` header in, without an identity. One that is present and bad is
   * still refused, and no verdict is still 503. Default `false`.
   */
  readonly optional?: boolean;
}

/** Let in, as somebody or (if that is optional) as nobody; or not, with the answer to write. */
export type Admission =
  | { readonly identity: Identity | undefined; readonly denial?: undefined }
  | { readonly denial: Denial };

export interface Gate {
  /** The outcome if it is known without asking Elasticsearch; frameworks then go on in the same turn. */
  peek(request: RequestLike): Admission | undefined;
  /** Rejects only with the reason of `signal`. */
  admit(request: RequestLike, signal?: AbortSignal): Promise<Admission>;
}

interface Entrance {
  readonly verifier: Verifier;
  readonly identity: Identity | undefined;
}

const entrances = new WeakMap<object, Entrance>();

/** @throws {ConfigurationError} `invalid_option` if an option is wrong or unknown. */
export function createGate(verifier: Verifier, options: AdmissionOptions = {}): Gate {
  const { optional = false, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new ConfigurationError(unknown, 'unknown option; known are optional');
  if (typeof optional !== 'boolean') throw new ConfigurationError('optional', 'must be true or false');

  return {
    peek(request) {
      const verdict = verifier.peek(authorizationOf(request));
      return verdict && settle(request, verdict);
    },
    async admit(request, signal) {
      return settle(request, await verifier.verify(authorizationOf(request), { signal }));
    },
  };

  function settle(request: RequestLike, verdict: Verdict): Admission {
    const absent = verdict.kind === 'rejected' && verdict.code === 'credentials_missing';
    if (verdict.kind === 'authenticated' || (optional && absent)) {
      const identity = verdict.kind === 'authenticated' ? verdict.identity : undefined;
      entrances.set(request, { verifier, identity });
      return { identity };
    }
    // What an earlier, more lenient gate let in does not count any more.
    entrances.delete(request);
    return { denial: verifier.denial(verdict, authorizationOf(request)) };
  }
}

/** @returns the denial if the request does not meet the requirement, 401 if nobody was authenticated. */
export function guard(request: RequestLike, requirement: Requirement): Denial | undefined {
  const entrance = enteredAs(request);
  if (entrance.denial !== undefined) return entrance.denial;
  const judgement = judgeRequirement(requirement, entrance.identity);
  if (judgement === 'met') return undefined;
  const denial = entrance.verifier.denial(rejected('forbidden'), authorizationOf(request));
  if (judgement === 'refused') return denial;
  warnOnce(
    'ESAUTH_NO_ROLES',
    'a route that asks for roles was called by an identity without any; API keys and service accounts never ' +
      'have roles, they are judged by privileges',
  );
  return { ...denial, body: { ...denial.body, detail: neverByRoles } };
}

/** @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request. */
export function identityOf(request: RequestLike): Identity {
  return entered(request).identity;
}

/**
 * Headers that make a request to Elasticsearch as the caller: the credential that was verified, in its
 * canonical spelling, read again from the request so that it is kept nowhere else.
 *
 * @throws {DenialError} 401 `credentials_missing` if nobody was authenticated for this request. Elasticsearch
 *   clients fall back to their own credential when they are given none, so this never returns an empty one.
 */
export function callerHeaders(request: RequestLike): { authorization: string } {
  const { verifier } = entered(request);
  const credential = parseCredential(headerOf(authorizationOf(request)) ?? '', knownSchemes);
  if (credential.kind === 'credential') return { authorization: credential.authorization };
  throw new DenialError(verifier.denial(rejected('credentials_missing')));
}

function entered(request: RequestLike): { readonly verifier: Verifier; readonly identity: Identity } {
  const entrance = enteredAs(request);
  if (entrance.denial !== undefined) throw new DenialError(entrance.denial);
  return entrance;
}

function enteredAs(
  request: RequestLike,
):
  | { readonly verifier: Verifier; readonly identity: Identity; readonly denial?: undefined }
  | { readonly denial: Denial } {
  const entrance = entrances.get(request);
  if (entrance === undefined) {
    warnOnce(
      'ESAUTH_NO_MIDDLEWARE',
      'a guard, identityOf or callerHeaders was reached, but the esauth middleware did not run before it',
    );
    return { denial: unguarded(rejected('credentials_missing')) };
  }
  const { verifier, identity } = entrance;
  if (identity === undefined) return { denial: verifier.denial(rejected('credentials_missing')) };
  return { verifier, identity };
}

const neverByRoles =
  'The identity has no roles. API keys and service accounts are judged by privileges, not by roles.';

/** For requests that no verifier has seen. */
const unguarded = createDenials(['Bearer', 'ApiKey'], { realm: 'elasticsearch' });

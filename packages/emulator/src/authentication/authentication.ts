/**
 * From the headers of a request to who is calling. It knows which headers count and in which order; the
 * credentials themselves are read in `credentials.ts`.
 */

import {
  type AnonymousUser,
  type Authentication,
  anonymousIdentity,
  anonymousRealm,
  nowhere,
  realmIdentity,
} from '../identities/identity.js';
import type { Users } from '../identities/users.js';
import { Refusal } from '../wire/envelope.js';
import { emptyMap } from '../wire/json-value.js';
import type { Version } from '../wire/version.js';
import type { AuthenticationResult, Credentials } from './credentials.js';
import type { JwtContext } from './jwt-realms.js';

/** The headers that say who is calling. */
export interface CredentialHeaders extends JwtContext {
  readonly authorization: string | undefined;
  /** `es-security-runas-user` */
  readonly runAs: string | undefined;
  /** `es-secondary-authorization` */
  readonly secondary: string | undefined;
}

/** Authenticates requests. */
export interface Authenticator {
  /** @param uri the request target, which the refusals repeat */
  authenticate(headers: CredentialHeaders, uri: string): AuthenticationResult;
  /**
   * Lets somebody act as somebody else.
   *
   * @returns the identity as it is if its credential can not do that
   */
  runAs(result: AuthenticationResult, username: string, where: string): AuthenticationResult;
}

/** What is configured about it. */
export interface AuthenticatorSettings {
  readonly version: Version;
  /** Whether anybody may run as somebody else. */
  readonly runAs: boolean;
  readonly anonymous: AnonymousUser;
}

/** Makes the authenticator. */
export function createAuthenticator(
  credentials: Credentials,
  users: Users,
  { version, runAs: runAsEnabled, anonymous: anonymousUser }: AuthenticatorSettings,
): Authenticator {
  const anonymous: AuthenticationResult | undefined =
    anonymousUser.roles.length === 0
      ? undefined
      : {
          kind: 'authenticated',
          authentication: anonymousIdentity(anonymousUser),
          principal: anonymousUser.username,
        };

  function missing(uri: string): AuthenticationResult {
    const reason = `missing authentication credentials for REST request [${uri}]`;
    return { kind: 'refused', error: credentials.unauthorized(reason) };
  }

  /** Others ignore the header and go on as who they are. */
  function canRunAs({ type, apiKey, serviceToken, runBy, lookupRealm }: Authentication): boolean {
    if (!runAsEnabled || serviceToken !== undefined || runBy !== undefined) return false;
    // Nobody in particular is nobody else, also behind a token (`Authentication.supportsRunAs`).
    if (lookupRealm === anonymousRealm) return false;
    if (type === 'token') return version.tokensRunAs;
    return type === 'realm' || (apiKey !== undefined && version.apiKeysRunAs);
  }

  function runAs(result: AuthenticationResult, username: string, where: string): AuthenticationResult {
    if (result.kind === 'refused' || !canRunAs(result.authentication)) return result;
    const { authentication: runBy, principal } = result;
    const account = users.lookUp(username);
    if (username === '' || account?.user.enabled === false) {
      const reason = `unable to authenticate user [${principal}] for ${where}`;
      return { kind: 'refused', error: credentials.unauthorized(reason) };
    }
    // Somebody who does not exist is denied later, like somebody as whom one may not run.
    const stranger = { username, roles: [], fullName: null, email: null, metadata: new Map(), enabled: true };
    const { apiKey: _, ...rest } = runBy;
    const authentication: Authentication = {
      ...rest,
      user: account?.user ?? stranger,
      lookupRealm: account?.realm ?? nowhere,
      runBy,
    };
    return { ...result, authentication };
  }

  function authenticate(headers: CredentialHeaders, uri: string): AuthenticationResult {
    let result = credentials.read(headers.authorization, uri, headers) ?? anonymous ?? missing(uri);
    if (headers.runAs !== undefined) result = runAs(result, headers.runAs, `REST request [${uri}]`);
    if (headers.secondary === undefined || result.kind === 'refused') return result;
    // It is of no use to any endpoint here, but it is checked with every request.
    const secondary = credentials.read(headers.secondary, uri, headers) ?? missing(uri);
    if (secondary.kind === 'authenticated') return result;
    const reason = 'Failed to authenticate secondary user';
    return {
      kind: 'refused',
      error: { status: 401, type: 'security_exception', reason, cause: secondary.error },
    };
  }

  return {
    runAs,
    authenticate(headers, uri) {
      try {
        return authenticate(headers, uri);
      } catch (refusal) {
        // What was to be looked at can not be, which says nothing of the credential.
        if (!(refusal instanceof Refusal)) throw refusal;
        return { kind: 'refused', error: refusal.error };
      }
    },
  };
}

/** Where there is no security: everybody is let in, whatever he presents, and may do what the superuser may. */
export function createOpenDoor(): Authenticator {
  const username = 'superuser';
  const user = {
    username,
    roles: [username],
    fullName: null,
    email: null,
    metadata: emptyMap,
    enabled: true,
  };
  const authentication = realmIdentity(user, anonymousRealm);
  return {
    authenticate: () => ({ kind: 'authenticated', authentication, principal: username }),
    runAs: (result) => result,
  };
}

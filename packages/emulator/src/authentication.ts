/**
 * From the `Authorization` header to an identity or to the 401 that Elasticsearch would answer. What the
 * identity may do is decided in `authorization.ts`.
 */

import type { ApiKeys } from './api-keys.js';
import { decodeBase64 } from './base64.js';
import type { Challenges } from './challenges.js';
import { type ApiError, illegalArgument } from './envelope.js';
import {
  type Authentication,
  apiKeyIdentity,
  realmIdentity,
  serviceAccountRealm,
  serviceUser,
} from './identity.js';
import { parseServiceToken, type ServiceAccounts } from './service-accounts.js';
import type { Tokens } from './tokens.js';
import type { Users } from './users.js';

/** Who is calling, or the answer to whom nobody is. */
export type AuthenticationResult =
  | { readonly kind: 'authenticated'; readonly authentication: Authentication }
  | { readonly kind: 'refused'; readonly error: ApiError };

/** What authentication looks into. */
export interface AuthenticationSources {
  readonly users: Users;
  readonly tokens: Tokens;
  readonly apiKeys: ApiKeys;
  readonly serviceAccounts: ServiceAccounts;
  readonly challenges: Challenges;
  /** Whether access tokens are accepted; without, each of them is unknown. */
  readonly tokenService: boolean;
  /** The identity of requests without credentials, if that is allowed. */
  readonly anonymous: Authentication | undefined;
  /** Adds what every user gets on top of its own roles. */
  readonly withExtraRoles: (authentication: Authentication) => Authentication;
}

/** Authenticates requests. */
export interface Authenticator {
  /**
   * @param header the value of `Authorization`
   * @param uri the request target, which the refusals repeat
   */
  authenticate(header: string | undefined, uri: string): AuthenticationResult;
  /** A user name and password from a body; `where` ends the sentence of the refusal. */
  authenticateUser(username: string, password: string, where: string): AuthenticationResult;
  /** The refusal of a user that no realm accepts. */
  unknownUser(username: string, where: string): ApiError;
}

const notAccepted =
  'unable to authenticate with provided credentials and anonymous access is not allowed for this request';

/** Makes the authenticator. */
export function createAuthenticator(sources: AuthenticationSources): Authenticator {
  const { users, tokens, apiKeys, serviceAccounts, challenges, tokenService } = sources;

  const accept = (authentication: Authentication): AuthenticationResult => ({
    kind: 'authenticated',
    authentication,
  });
  const unauthorized = (reason: string, more: Partial<ApiError> = {}): ApiError => ({
    status: 401,
    type: 'security_exception',
    reason,
    challenges: challenges.all,
    ...more,
  });
  const refuse = (reason: string, more?: Partial<ApiError>): AuthenticationResult => ({
    kind: 'refused',
    error: unauthorized(reason, more),
  });
  const refuseCredential = (problem: string): AuthenticationResult =>
    refuse(notAccepted, { metadata: { additional_unsuccessful_credentials: problem } });

  function bearer(token: string): AuthenticationResult {
    const presented = parseServiceToken(token);
    if (presented !== undefined) {
      const { account, name } = presented;
      if (serviceAccounts.role(account) === undefined || !serviceAccounts.isValid(presented)) {
        return refuse(`failed to authenticate service account [${account}] with token name [${name}]`);
      }
      return accept({
        type: 'token',
        user: serviceUser(account),
        realm: serviceAccountRealm,
        lookupRealm: serviceAccountRealm,
        serviceToken: { account, name },
      });
    }
    const authentication = tokenService ? tokens.authenticate(token) : undefined;
    if (authentication === undefined) return refuseCredential('oauth2 token: invalid token');
    if (authentication === 'expired') return refuse('token expired', { challenges: challenges.expired });
    return accept(authentication);
  }

  function apiKey(encoded: string): AuthenticationResult {
    const found = apiKeys.authenticate(encoded);
    if (!('problem' in found)) return accept(apiKeyIdentity(found));
    if (found.wrongType !== undefined) return refuse(found.problem, { challenges: challenges.basicOnly });
    return refuseCredential(`API key: ${found.problem}`);
  }

  function basic(encoded: string, uri: string): AuthenticationResult {
    const decoded = decodeBase64(encoded.trim());
    if (!('bytes' in decoded)) {
      return refuse('invalid basic authentication header encoding', {
        cause: illegalArgument(decoded.problem),
      });
    }
    const text = decoded.bytes.toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) return refuse('invalid basic authentication header value');
    return authenticateUser(text.slice(0, colon), text.slice(colon + 1), `REST request [${uri}]`);
  }

  const unknownUser = (username: string, where: string): ApiError =>
    unauthorized(`unable to authenticate user [${username}] for ${where}`);

  function authenticateUser(username: string, password: string, where: string): AuthenticationResult {
    const account = users.authenticate(username, password);
    if (account === undefined) return { kind: 'refused', error: unknownUser(username, where) };
    return accept(sources.withExtraRoles(realmIdentity(account.user, account.realm)));
  }

  return {
    authenticateUser,
    unknownUser,
    authenticate(header, uri) {
      // Exactly one space belongs to the scheme; whatever follows is the credential.
      const space = header?.indexOf(' ') ?? -1;
      if (header !== undefined && space > 0 && space + 1 < header.length) {
        const credential = header.slice(space + 1);
        switch (header.slice(0, space).toLowerCase()) {
          case 'bearer':
            return bearer(credential);
          case 'apikey':
            return apiKey(credential);
          case 'basic':
            return basic(credential, uri);
        }
      }
      if (sources.anonymous !== undefined) return accept(sources.anonymous);
      return refuse(`missing authentication credentials for REST request [${uri}]`);
    },
  };
}

/**
 * From one credential to an identity or to the 401 that Elasticsearch would answer. Which headers a request
 * may carry beside it is known to `authentication.ts`, what the identity may do to `authorization.ts`.
 */

import type { ApiKeys } from '../identities/api-keys.js';
import {
  type Authentication,
  apiKeyIdentity,
  realmIdentity,
  serviceAccountRealm,
  serviceUser,
} from '../identities/identity.js';
import type { RoleMappings } from '../identities/role-mappings.js';
import {
  type PresentedServiceToken,
  parseServiceToken,
  type ServiceAccounts,
} from '../identities/service-accounts.js';
import type { Tokens } from '../identities/tokens.js';
import type { Users } from '../identities/users.js';
import { decodeBase64 } from '../wire/base64.js';
import { type ApiError, illegalArgument, Refusal } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';
import type { Challenges } from './challenges.js';
import type { JwtContext, JwtRealms } from './jwt-realms.js';
import { type Kerberos, kerberosPrincipal } from './kerberos.js';

/** Who is calling, or the answer to whom nobody is. */
export type AuthenticationResult =
  | {
      readonly kind: 'authenticated';
      readonly authentication: Authentication;
      /** What the answer has to carry in `WWW-Authenticate`: the second half of a Kerberos handshake. */
      readonly negotiate?: string;
      /** How the credential is called where its owner is not to be named. */
      readonly principal: string;
    }
  | { readonly kind: 'refused'; readonly error: ApiError };

/** What credentials are looked up in. */
export interface CredentialSources {
  readonly users: Users;
  readonly tokens: Tokens;
  readonly apiKeys: ApiKeys;
  readonly serviceAccounts: ServiceAccounts;
  readonly kerberos: Kerberos;
  readonly jwtRealms: JwtRealms;
  readonly roleMappings: RoleMappings;
  readonly challenges: Challenges;
  /** Why the token of a service can not be looked for. */
  whyNotReadable(token: PresentedServiceToken): ApiError | undefined;
  /** Otherwise an API key counts as nothing at all. */
  readonly takesApiKeys: boolean;
  readonly version: Version;
}

/** Reads credentials. */
export interface Credentials {
  /**
   * @param header the value of a header such as `Authorization`
   * @param uri the request target, which the refusals repeat
   * @returns `undefined` if the header is absent or of a scheme that Elasticsearch does not know
   */
  read(header: string | undefined, uri: string, context: JwtContext): AuthenticationResult | undefined;
  /** A user name and password; `where` ends the sentence of the refusal. */
  readUser(username: string, password: string, where: string): AuthenticationResult;
  /** A Kerberos ticket, decoded. */
  readTicket(ticket: Buffer, where: string): AuthenticationResult;
  /** @param where ends the sentence of the refusal, where a header would say more of a token than a body does */
  readAccessToken(token: string, where?: string): AuthenticationResult;
  /** @returns `undefined` if the text is no JSON Web Token */
  readJwt(text: string, where: string, context: JwtContext): AuthenticationResult | undefined;
  /** What follows `ApiKey ` in a header. */
  readApiKey(encoded: string): AuthenticationResult;
  unauthorized(reason: string, more?: Partial<ApiError>): ApiError;
}

const notAccepted =
  'unable to authenticate with provided credentials and anonymous access is not allowed for this request';
const tokenPrincipal = '_bearer_token';
const noAccessToken = 'oauth2 token: invalid token';
const errorAttempting = 'error attempting to authenticate request';

/** What a realm finds, or why it fails: it may find somebody whose roles are not to be told. */
function orBroken<T>(find: () => T): T | { readonly kind: 'broken'; readonly error: ApiError } {
  try {
    return find();
  } catch (refusal) {
    if (refusal instanceof Refusal) return { kind: 'broken', error: refusal.error };
    throw refusal;
  }
}

/** Makes the reader. */
export function createCredentials(sources: CredentialSources): Credentials {
  const { users, tokens, apiKeys, serviceAccounts, kerberos, jwtRealms, roleMappings } = sources;
  const { challenges, version } = sources;

  function unauthorized(reason: string, more: Partial<ApiError> = {}): ApiError {
    return { status: 401, type: 'security_exception', reason, challenges: challenges.all(), ...more };
  }

  function accept(authentication: Authentication, principal: string): AuthenticationResult {
    return { kind: 'authenticated', authentication, principal };
  }

  function refuse(reason: string, more?: Partial<ApiError>): AuthenticationResult {
    return { kind: 'refused', error: unauthorized(reason, more) };
  }

  const triedBefore = (problem: string): Partial<ApiError> => ({
    metadata: { additional_unsuccessful_credentials: problem },
  });

  const refuseUser = (username: string, where: string, more?: Partial<ApiError>): AuthenticationResult =>
    refuse(`unable to authenticate user [${username}] for ${where}`, more);

  function readBearer(token: string, uri: string, context: JwtContext): AuthenticationResult {
    const presented = parseServiceToken(token);
    if (presented !== undefined) return readServiceToken(presented);
    const isUnknown = jwtRealms.isConfigured && tokens.authenticate(token) === undefined;
    const result = isUnknown
      ? readJwt(token, `REST request [${uri}]`, context, triedBefore(noAccessToken))
      : undefined;
    return result ?? readAccessToken(token);
  }

  function readJwt(
    text: string,
    where: string,
    context: JwtContext,
    more?: Partial<ApiError>,
  ): AuthenticationResult | undefined {
    const found = orBroken(() => jwtRealms.authenticate(text, context));
    switch (found.kind) {
      case 'broken':
        return refuse(errorAttempting, { cause: found.error });
      case 'accepted': {
        const { user, realm } = found;
        return accept(realmIdentity(user, realm), user.username);
      }
      case 'refused':
        return refuseUser(found.principal, where, more);
      case 'unreadable': {
        if (version.namesJwtsByClaims) return undefined;
        const cause = illegalArgument('Failed to parse JWT bearer token');
        return refuse(errorAttempting, { cause });
      }
    }
  }

  function readServiceToken(presented: PresentedServiceToken): AuthenticationResult {
    const { account, name } = presented;
    const isPossible = serviceAccounts.isPossible(presented);
    const source = isPossible ? serviceAccounts.authenticate(presented) : undefined;
    const cause = isPossible && source !== 'file' ? sources.whyNotReadable(presented) : undefined;
    if (cause !== undefined) return refuse(errorAttempting, { cause });
    if (source === undefined) {
      return refuse(`failed to authenticate service account [${account}] with token name [${name}]`);
    }
    const [realm, user] = [serviceAccountRealm, serviceUser(account)];
    const identity = {
      type: 'token',
      user,
      realm,
      lookupRealm: realm,
      serviceToken: { account, name, source },
    } as const;
    return accept(identity, account);
  }

  function readAccessToken(token: string, where?: string): AuthenticationResult {
    const authentication = tokens.authenticate(token);
    if (authentication === undefined) {
      const tried = triedBefore(noAccessToken);
      return where === undefined ? refuse(notAccepted, tried) : refuseUser(tokenPrincipal, where, tried);
    }
    if (authentication === 'expired') return refuse('token expired', { challenges: challenges.expired });
    return accept(authentication, tokenPrincipal);
  }

  function readApiKey(encoded: string): AuthenticationResult {
    const found = apiKeys.authenticate(encoded);
    if (!('problem' in found)) return accept(apiKeyIdentity(found), found.id);
    if (found.wrongType !== undefined) return refuse(found.problem);
    return refuse(notAccepted, triedBefore(`API key: ${found.problem}`));
  }

  function readUser(username: string, password: string, where: string): AuthenticationResult {
    const account = users.authenticate(username, password);
    if (account === undefined) return refuseUser(username, where);
    return accept(realmIdentity(account.user, account.realm), username);
  }

  function readBasic(encoded: string, uri: string): AuthenticationResult {
    const decoded = decodeBase64(encoded.trim());
    if (!('bytes' in decoded)) {
      return refuse('invalid basic authentication header encoding', {
        cause: illegalArgument(decoded.problem),
      });
    }
    const text = decoded.bytes.toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) return refuse('invalid basic authentication header value');
    return readUser(text.slice(0, colon), text.slice(colon + 1), `REST request [${uri}]`);
  }

  function readTicket(ticket: Buffer, where: string): AuthenticationResult {
    const found = kerberos.authenticate(ticket);
    if (found === undefined) return refuseUser(kerberosPrincipal, where);
    if (found.kind === 'continue') {
      const value = found.token === undefined ? 'Negotiate' : `Negotiate ${found.token}`;
      return refuse('failed to authenticate user, gss context negotiation not complete', {
        challenges: [value],
      });
    }
    const mapped = orBroken(() => roleMappings.rolesOf(found.user, kerberos.realm));
    if ('kind' in mapped) return refuse(errorAttempting, { cause: mapped.error });
    const user = { ...found.user, roles: [...new Set([...found.user.roles, ...mapped])] };
    const authentication = realmIdentity(user, kerberos.realm);
    const negotiate = found.responseToken === undefined ? undefined : `Negotiate ${found.responseToken}`;
    return {
      kind: 'authenticated',
      authentication,
      principal: found.user.username,
      ...(negotiate && { negotiate }),
    };
  }

  function readNegotiate(encoded: string, uri: string): AuthenticationResult | undefined {
    if (!kerberos.isConfigured) return undefined;
    const decoded = decodeBase64(encoded.trim());
    const where = `REST request [${uri}]`;
    return 'bytes' in decoded ? readTicket(decoded.bytes, where) : refuseUser(kerberosPrincipal, where);
  }

  return {
    readUser,
    readTicket,
    readAccessToken,
    readJwt,
    readApiKey,
    unauthorized,
    read(header, uri, context) {
      // Exactly one space belongs to the scheme; whatever follows is the credential.
      const space = header?.indexOf(' ') ?? -1;
      if (header === undefined || space <= 0 || space + 1 >= header.length) return undefined;
      const credential = header.slice(space + 1);
      switch (header.slice(0, space).toLowerCase()) {
        case 'bearer':
          return readBearer(credential, uri, context);
        case 'apikey':
          return sources.takesApiKeys ? readApiKey(credential) : undefined;
        case 'basic':
          return readBasic(credential, uri);
        case 'negotiate':
          return readNegotiate(credential, uri);
        default:
          return undefined;
      }
    },
  };
}

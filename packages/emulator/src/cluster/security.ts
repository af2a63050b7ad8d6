/**
 * The state of an emulated cluster: everything that the endpoints read and change, put together. The rules
 * are in the parts.
 */

import { type Authenticator, createAuthenticator, createOpenDoor } from '../authentication/authentication.js';
import { createChallenges } from '../authentication/challenges.js';
import { type Credentials, createCredentials } from '../authentication/credentials.js';
import { createJwtRealms, type JwtRealm, type JwtRealms } from '../authentication/jwt-realms.js';
import { createKerberos, type TicketResult } from '../authentication/kerberos.js';
import { type Authorization, createAuthorization } from '../authorization/authorization.js';
import { createRoles, type Roles } from '../authorization/roles.js';
import type { Clock } from '../controls/clock.js';
import { createIndices, type Indices } from '../documents/indices.js';
import { type ApiKeys, createApiKeys } from '../identities/api-keys.js';
import { type AnonymousUser, fileRealm, nativeRealm, reservedRealm } from '../identities/identity.js';
import { createRoleMappings, type RoleMappings } from '../identities/role-mappings.js';
import { createSecrets, type Secrets } from '../identities/secrets.js';
import {
  createServiceAccounts,
  type ServiceAccounts,
  type ServiceTokens,
} from '../identities/service-accounts.js';
import { createTokens, type Tokens } from '../identities/tokens.js';
import { createUsers, type FileUser, type Users } from '../identities/users.js';
import {
  type ApplicationPrivileges,
  createApplicationPrivileges,
} from '../privileges/application-privileges.js';
import type { RoleDescriptors } from '../privileges/role-descriptor.js';
import type { Version } from '../wire/version.js';
import { createSecurityIndex, isOtherDocument } from './security-index.js';

/** What is configured about a cluster. */
export interface SecuritySettings {
  readonly version: Version;
  readonly password: string;
  readonly license: 'trial' | 'basic';
  /** Otherwise everybody may do everything, and nobody is asked who he is. */
  readonly security: boolean;
  readonly tokenService: boolean;
  /** Whether there are API keys. */
  readonly apiKeys: boolean;
  readonly tokenTimeoutMs: number;
  readonly seed: string | undefined;
  readonly files: NodeFiles;
  readonly anonymous: AnonymousUser;
  /** Whether what a request without credentials may not do is denied; otherwise it is asked to authenticate. */
  readonly anonymousAuthzException: boolean;
  /** Whether anybody may run as somebody else. */
  readonly runAs: boolean;
  /** What each Kerberos ticket, in Base64, leads to. */
  readonly kerberosTickets: ReadonlyMap<string, TicketResult>;
  /** In the order in which they are asked. */
  readonly jwtRealms: readonly JwtRealm[];
}

/** What stands in the files of the node, where it can be used but not changed. */
export interface NodeFiles {
  readonly users: readonly FileUser[];
  readonly roles: RoleDescriptors;
  readonly serviceTokens: ServiceTokens;
}

/** The state of a cluster. */
export interface Security {
  readonly settings: SecuritySettings;
  readonly version: Version;
  readonly clock: Clock;
  /** The instant at which it was made. */
  readonly startedAt: number;
  readonly secrets: Secrets;
  readonly users: Users;
  readonly roles: Roles;
  readonly applicationPrivileges: ApplicationPrivileges;
  readonly roleMappings: RoleMappings;
  readonly tokens: Tokens;
  readonly apiKeys: ApiKeys;
  readonly serviceAccounts: ServiceAccounts;
  readonly jwtRealms: JwtRealms;
  /** The realms that are asked who somebody is. */
  readonly realmNames: ReadonlySet<string>;
  /** Whether anything was ever stored of what Elasticsearch keeps in its security index. */
  hasSecurityIndex(): boolean;
  readonly indices: Indices;
  readonly credentials: Credentials;
  readonly authenticator: Authenticator;
  readonly authorization: Authorization;
}

/** Makes a cluster with its reserved users and roles. */
export function createSecurity(settings: SecuritySettings, clock: Clock): Security {
  const { version, anonymous } = settings;
  const secrets = createSecrets(settings.seed);
  const index = createSecurityIndex();
  const { files } = settings;
  const users = index.filledBy(
    createUsers(settings.password, files.users),
    'put',
    'setPassword',
    'setEnabled',
  );
  const roles = index.filledBy(createRoles(version, files.roles), 'put');
  const applicationPrivileges = index.filledBy(createApplicationPrivileges(), 'put');
  const roleMappings = index.filledBy(createRoleMappings(), 'put');
  const serviceAccounts = index.filledBy(
    createServiceAccounts(secrets, version, files.serviceTokens),
    'createToken',
  );
  const tokens = createTokens(clock, secrets, version, settings.tokenTimeoutMs);
  const others = { users, roles, roleMappings, serviceAccounts, version };
  const isReadable = (id: string): boolean => index.exists() && !isOtherDocument(id, others);
  const apiKeys = index.filledBy(createApiKeys(clock, secrets, version, isReadable), 'create');
  // A basic licence has no realms of these types, and Elasticsearch passes them over.
  const isLicensed = settings.license === 'trial' && settings.security;
  const kerberos = createKerberos(isLicensed ? settings.kerberosTickets : new Map());
  const jwtRealms = createJwtRealms(isLicensed ? settings.jwtRealms : [], roleMappings, clock, version);
  const challenges = createChallenges(
    version,
    settings.tokenService,
    settings.apiKeys,
    kerberos.isConfigured,
  );
  const credentials = createCredentials({
    users,
    tokens,
    apiKeys,
    serviceAccounts,
    kerberos,
    jwtRealms,
    roleMappings,
    challenges,
    takesApiKeys: settings.apiKeys,
    hasSecurityIndex: index.exists,
    version,
  });
  const authenticator = settings.security
    ? createAuthenticator(credentials, users, settings)
    : createOpenDoor();
  const authorization = createAuthorization({
    roles,
    serviceAccounts,
    applicationPrivileges,
    anonymous,
    anonymousChallenges: settings.anonymousAuthzException ? undefined : challenges.all,
    version,
  });
  return {
    settings,
    version,
    clock,
    startedAt: clock.now(),
    secrets,
    users,
    roles,
    applicationPrivileges,
    roleMappings,
    tokens,
    apiKeys,
    serviceAccounts,
    jwtRealms,
    realmNames: new Set([
      ...[reservedRealm, fileRealm, nativeRealm].map(({ name }) => name),
      ...(kerberos.isConfigured ? [kerberos.realm.name] : []),
      ...(isLicensed ? settings.jwtRealms.map(({ realm }) => realm.name) : []),
    ]),
    hasSecurityIndex: index.exists,
    indices: createIndices(clock, secrets, version),
    credentials,
    authenticator,
    authorization,
  };
}

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
import type { ScheduledClock } from '../controls/clock.js';
import type { ClusterStates } from '../controls/cluster-states.js';
import { createIndices, type Indices } from '../documents/indices.js';
import { type ApiKeys, createApiKeys } from '../identities/api-keys.js';
import { type AnonymousUser, fileRealm, nativeRealm, reservedRealm } from '../identities/identity.js';
import { createProfiles, type Profiles } from '../identities/profiles.js';
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
import { alternate } from './alternatives.js';
import { type CredentialCaches, createCredentialCaches } from './credential-caches.js';
import { type CryptoPool, type CryptoPoolSettings, createCryptoPool } from './crypto-pool.js';
import { guardKeys, guardServiceTokens, guardTokens, guardUsers } from './guarded-stores.js';
import { createIndexSettings, type IndexSettings } from './index-settings.js';
import { createSecurityIndex, type SecurityIndex } from './security-index.js';

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
  /** `undefined`: a hash takes no time. */
  readonly cryptoPool: CryptoPoolSettings | undefined;
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
  readonly clock: ScheduledClock;
  /** Where its node listens, as `host:port`. */
  readonly listensAt: () => string;
  /** The instant at which it was made. */
  readonly startedAt: number;
  readonly secrets: Secrets;
  readonly users: Users;
  readonly roles: Roles;
  readonly applicationPrivileges: ApplicationPrivileges;
  readonly roleMappings: RoleMappings;
  readonly tokens: Tokens;
  readonly apiKeys: ApiKeys;
  readonly profiles: Profiles;
  readonly serviceAccounts: ServiceAccounts;
  readonly jwtRealms: JwtRealms;
  /** The realms that are asked who somebody is. */
  realmNames(): ReadonlySet<string>;
  readonly index: SecurityIndex;
  readonly indexSettings: IndexSettings;
  readonly caches: CredentialCaches;
  readonly cryptoPool: CryptoPool;
  readonly states: ClusterStates;
  /** Whether the licence has everything, and has not expired. */
  isLicensed(): boolean;
  readonly indices: Indices;
  readonly credentials: Credentials;
  readonly authenticator: Authenticator;
  readonly authorization: Authorization;
}

/** Makes a cluster with its reserved users and roles. */
export function createSecurity(
  settings: SecuritySettings,
  clock: ScheduledClock,
  states: ClusterStates,
  listensAt: () => string,
): Security {
  const { version, anonymous } = settings;
  const secrets = createSecrets(settings.seed);
  const caches = createCredentialCaches(clock);
  const index = createSecurityIndex(states, caches, version);
  const isLicensed = (): boolean => settings.license === 'trial' && !states.has('licence expired');
  const guards = { index, caches, states, isLicensed };
  /** What a node finds that has just started is what a new one does. */
  const found = <Store extends object>(make: () => Store): Store =>
    alternate(() => states.has('just started'), make(), make);
  const { files } = settings;
  const makeUsers = (): Users => createUsers(settings.password, files.users);
  const users = index.filledBy(found(makeUsers), 'put', 'setPassword', 'setEnabled');
  const roles = index.filledBy(
    found(() => createRoles(version, files.roles)),
    'put',
  );
  const applicationPrivileges = index.filledBy(found(createApplicationPrivileges), 'put');
  const roleMappings = index.filledBy(found(createRoleMappings), 'put');
  const serviceAccounts = index.filledBy(
    found(() => createServiceAccounts(secrets, version, files.serviceTokens)),
    'createToken',
  );
  const tokens = found(() => createTokens(clock, secrets, version, settings.tokenTimeoutMs));
  const others = { users, roles, roleMappings, serviceAccounts, version };
  const access = guardKeys(guards, others);
  const apiKeys = index.filledBy(
    found(() => createApiKeys(clock, secrets, version, access)),
    'create',
  );
  /** Without a licence there are no realms of these types: Elasticsearch passes them over. */
  const licensed = <Realm extends object>(make: (isLicensed: boolean) => Realm): Realm =>
    alternate(
      () => !isLicensed(),
      make(settings.security),
      () => make(false),
    );
  const kerberos = licensed((has) => createKerberos(has ? settings.kerberosTickets : new Map()));
  const jwtRealms = licensed((has) =>
    createJwtRealms(has ? settings.jwtRealms : [], roleMappings, clock, version),
  );
  const challenges = createChallenges({
    ...settings,
    kerberos,
    knowsLicence: () => !states.has('just started'),
  });
  const usersToSignIn = guardUsers(users, guards);
  const credentials = createCredentials({
    users: usersToSignIn,
    tokens: guardTokens(tokens, guards),
    apiKeys,
    serviceAccounts,
    kerberos,
    jwtRealms,
    roleMappings,
    challenges,
    takesApiKeys: settings.apiKeys,
    whyNotReadable: guardServiceTokens(guards),
    version,
  });
  const authenticator = settings.security
    ? createAuthenticator(credentials, usersToSignIn, settings)
    : createOpenDoor();
  const authorization = createAuthorization({
    roles,
    serviceAccounts,
    applicationPrivileges,
    anonymous,
    anonymousChallenges: () => (settings.anonymousAuthzException ? undefined : challenges.all()),
    version,
  });
  return {
    settings,
    version,
    clock,
    listensAt,
    startedAt: clock.now(),
    secrets,
    users,
    roles,
    applicationPrivileges,
    roleMappings,
    tokens,
    apiKeys,
    profiles: found(() => createProfiles(clock)),
    serviceAccounts,
    jwtRealms,
    realmNames: () =>
      new Set([
        ...[reservedRealm, fileRealm, nativeRealm].map(({ name }) => name),
        ...(kerberos.isConfigured ? [kerberos.realm.name] : []),
        ...(jwtRealms.isConfigured ? settings.jwtRealms.map(({ realm }) => realm.name) : []),
      ]),
    index,
    indexSettings: createIndexSettings(version),
    caches,
    cryptoPool: createCryptoPool(settings.cryptoPool, clock, apiKeys, caches),
    states,
    isLicensed,
    indices: found(() => createIndices(clock, secrets, version)),
    credentials,
    authenticator,
    authorization,
  };
}

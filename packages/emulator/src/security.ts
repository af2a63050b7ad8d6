/**
 * The state of an emulated cluster: everything that the endpoints read and change, put together. The rules
 * are in the parts.
 */

import { type ApiKeys, createApiKeys } from './api-keys.js';
import { type Authenticator, createAuthenticator } from './authentication.js';
import { type Authorization, createAuthorization } from './authorization.js';
import { createChallenges } from './challenges.js';
import type { Clock } from './clock.js';
import { createRoles, type Roles } from './roles.js';
import { createSecrets, type Secrets } from './secrets.js';
import { createServiceAccounts, type ServiceAccounts } from './service-accounts.js';
import { createTokens, type Tokens } from './tokens.js';
import { createUsers, type Users } from './users.js';
import type { Version } from './version.js';

/** What is configured about a cluster. */
export interface SecuritySettings {
  readonly version: Version;
  readonly password: string;
  readonly license: 'trial' | 'basic';
  readonly tokenService: boolean;
  readonly tokenTimeoutMs: number;
  readonly seed: string | undefined;
}

/** The state of a cluster. */
export interface Security {
  readonly settings: SecuritySettings;
  readonly version: Version;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly users: Users;
  readonly roles: Roles;
  readonly tokens: Tokens;
  readonly apiKeys: ApiKeys;
  readonly serviceAccounts: ServiceAccounts;
  readonly authenticator: Authenticator;
  readonly authorization: Authorization;
}

/** Makes a cluster with its reserved users and roles. */
export function createSecurity(settings: SecuritySettings, clock: Clock): Security {
  const { version } = settings;
  const secrets = createSecrets(settings.seed);
  const users = createUsers(settings.password);
  const roles = createRoles();
  const tokens = createTokens(clock, secrets, version, settings.tokenTimeoutMs);
  const apiKeys = createApiKeys(clock, secrets, version);
  const serviceAccounts = createServiceAccounts(secrets);
  const authenticator = createAuthenticator({
    users,
    tokens,
    apiKeys,
    serviceAccounts,
    challenges: createChallenges(version, settings.tokenService, false),
    // A token that is presented to a cluster without the licence is a token that nobody knows.
    tokenService: settings.tokenService && settings.license !== 'basic',
    anonymous: undefined,
    withExtraRoles: (authentication) => authentication,
  });
  const authorization = createAuthorization(roles, serviceAccounts, version);
  return {
    settings,
    version,
    clock,
    secrets,
    users,
    roles,
    tokens,
    apiKeys,
    serviceAccounts,
    authenticator,
    authorization,
  };
}

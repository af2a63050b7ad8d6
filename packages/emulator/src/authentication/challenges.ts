/** The values of `WWW-Authenticate`, by version and by what is turned on. */

import type { Version } from '../wire/version.js';

/** The challenges of one emulator. */
export interface Challenges {
  /** What nearly every 401 carries. */
  all(): readonly string[];
  /** Of an expired or invalidated access token. */
  readonly expired: readonly string[];
}

/** What they depend on. */
export interface ChallengeSettings {
  readonly version: Version;
  /** Whether access tokens are issued. */
  readonly tokenService: boolean;
  /** Whether API keys are accepted. */
  readonly apiKeys: boolean;
  /** Whether tickets are accepted. */
  readonly kerberos: { readonly isConfigured: boolean };
  /** Whether the node knows its licence, which decides about realms; until then they come last. */
  knowsLicence(): boolean;
}

/** Makes them. */
export function createChallenges(settings: ChallengeSettings): Challenges {
  const { version, tokenService, apiKeys, kerberos, knowsLicence } = settings;
  const basic = `Basic realm="security"${version.commaInBasicChallenge ? ',' : ''} charset="UTF-8"`;
  const services = [...(tokenService ? ['Bearer realm="security"'] : []), ...(apiKeys ? ['ApiKey'] : [])];
  return {
    all() {
      const negotiate = kerberos.isConfigured ? ['Negotiate'] : [];
      return knowsLicence() ? [basic, ...services, ...negotiate] : [...services, basic, ...negotiate];
    },
    expired: ['Bearer realm="security", error="invalid_token", error_description="The access token expired"'],
  };
}

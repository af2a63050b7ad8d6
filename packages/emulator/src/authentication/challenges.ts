/** The values of `WWW-Authenticate`, by version and by what is turned on. */

import type { Version } from '../wire/version.js';

/** The challenges of one emulator. */
export interface Challenges {
  /** What nearly every 401 carries. */
  readonly all: readonly string[];
  /** Of an expired or invalidated access token. */
  readonly expired: readonly string[];
}

/**
 * @param tokenService whether access tokens are issued
 * @param apiKeys whether API keys are accepted
 * @param kerberos whether tickets are accepted
 */
export function createChallenges(
  version: Version,
  tokenService: boolean,
  apiKeys: boolean,
  kerberos: boolean,
): Challenges {
  const basic = `Basic realm="security"${version.commaInBasicChallenge ? ',' : ''} charset="UTF-8"`;
  return {
    all: [
      basic,
      ...(tokenService ? ['Bearer realm="security"'] : []),
      ...(apiKeys ? ['ApiKey'] : []),
      ...(kerberos ? ['Negotiate'] : []),
    ],
    expired: ['Bearer realm="security", error="invalid_token", error_description="The access token expired"'],
  };
}

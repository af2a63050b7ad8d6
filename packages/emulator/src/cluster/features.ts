/**
 * What can be turned off, or is not in every licence: the refusals of the endpoints that need it. They come before
 * anything of a request is looked at but who sent it (`SecurityBaseRestHandler.prepareRequest`).
 */

import { type ApiError, notLicensed } from '../wire/envelope.js';
import type { Security } from './security.js';

/** Of everything about API keys. */
export function withoutApiKeys({ settings }: Security): ApiError | undefined {
  return settings.apiKeys ? undefined : notEnabled('api keys', 'api_keys');
}

/** Of the keys of other clusters. */
export function withoutCrossClusterKeys(security: Security): ApiError | undefined {
  return withoutApiKeys(security) ?? unlessLicensed(security, 'advanced-remote-cluster-security');
}

/** Of the token service as a whole; whether it is turned on is asked by what it does. */
export function withoutTokens(security: Security): ApiError | undefined {
  return unlessLicensed(security, 'security tokens');
}

/** 400, a service that is turned off. */
export function notEnabled(what: string, feature: string): ApiError {
  return {
    status: 400,
    type: 'feature_not_enabled_exception',
    reason: `${what} are not enabled`,
    metadata: { 'disabled.feature': feature },
  };
}

/** Of what profiles are looked for and compared with. */
export function withoutProfileCollaboration(security: Security): ApiError | undefined {
  return unlessLicensed(security, 'user-profile-collaboration');
}

// Of `HealthAndStatsPrivilege`, what there is.
const healthAndStats = ['cluster:monitor/health', 'cluster:monitor/stats', 'indices:monitor/stats'];

/** Of how the cluster is, as soon as a licence has expired; a basic one never does (`SecurityActionFilter`). */
export function withoutStatistics({ settings, states }: Security, action: string): ApiError | undefined {
  const isExpired = settings.security && settings.license === 'trial' && states.has('licence expired');
  return isExpired && healthAndStats.some((start) => action.startsWith(start))
    ? notLicensed('security')
    : undefined;
}

/** Of documents of which somebody may see only some, or a part. */
export function withoutHiding(security: Security, metadata: ApiError['metadata'] = {}): ApiError | undefined {
  return unlessLicensed(security, 'field and document level security', metadata);
}

function unlessLicensed(
  security: Security,
  feature: string,
  metadata: ApiError['metadata'] = {},
): ApiError | undefined {
  return security.isLicensed() ? undefined : notLicensed(feature, metadata);
}

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
  return withoutApiKeys(security) ?? unlessTrial(security, 'advanced-remote-cluster-security');
}

/** Of the token service as a whole; whether it is turned on is asked by what it does. */
export function withoutTokens(security: Security): ApiError | undefined {
  return unlessTrial(security, 'security tokens');
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

function unlessTrial({ settings }: Security, feature: string): ApiError | undefined {
  return settings.license === 'trial' ? undefined : notLicensed(feature);
}

// Who presents what, and what can be answered to it: by Elasticsearch, or by what stands in its place.

import type { RejectionCode, Scheme, UnavailableCode } from '@esauth/core';
import { errorBody, identityBody, respond, type Script } from './scripted-node.js';

/** A credential and whom Elasticsearch takes its holder for. */
export interface Holder {
  readonly scheme: Scheme;
  /** Canonical first. */
  readonly spellings: readonly [string, ...string[]];
  readonly username: string;
  readonly realm: string;
  readonly apiKeyId?: string;
  /** On the wall clock. */
  readonly expiresAt?: number;
}

const refusals = {
  invalid: ['credentials_invalid', 401, 'unable to authenticate user'],
  expired: ['credentials_expired', 401, 'token expired'],
  restricted: ['credentials_restricted', 403, 'restricted to a workflow'],
} as const satisfies Record<string, readonly [RejectionCode, number, string]>;

const failures = {
  broken: ['server_error', respond({ status: 500 })],
  busy: ['overloaded', respond({ status: 429 })],
  gateway: ['server_error', respond({ status: 503 })],
  unchecked: [
    'server_error',
    respond({ status: 401, body: errorBody(401, 'error attempting to authenticate request') }),
  ],
  reset: ['unreachable', (socket) => void socket.destroy()],
  empty: ['bad_response', respond({ body: '{}' })],
  stranger: ['not_elasticsearch', respond({ headers: { 'x-elastic-product': undefined } })],
} as const satisfies Record<string, readonly [UnavailableCode, Script]>;

export type Truth = 'yes' | keyof typeof refusals;
export type Failure = keyof typeof failures;
export type Answer = Truth | Failure;

// The keys are just these.
export const failureNames = Object.keys(failures) as readonly Failure[];

/** What an answer comes to. A `serial` in an identity's metadata says of which lookup it is. */
export function meaningOf(answer: Answer): { readonly kind: 'yes' | 'no' | 'none'; readonly code: string } {
  if (answer === 'yes') return { kind: 'yes', code: '' };
  if (answer in refusals) return { kind: 'no', code: refusals[answer as keyof typeof refusals][0] };
  return { kind: 'none', code: failures[answer as Failure][0] };
}

export function scriptOf(answer: Answer, holder: Holder, serial: number): Script {
  if (answer === 'yes') return respond({ body: bodyOf(holder, serial) });
  if (answer in failures) return failures[answer as Failure][1];
  const [, status, reason] = refusals[answer as keyof typeof refusals];
  return respond({ status, body: errorBody(status, reason) });
}

function bodyOf({ scheme, username, realm, apiKeyId }: Holder, serial: number) {
  const where =
    apiKeyId === undefined ? { name: realm, type: 'native' } : { name: '_es_api_key', type: '_es_api_key' };
  return identityBody({
    username,
    roles: apiKeyId === undefined ? ['reader'] : [],
    metadata: { serial },
    authentication_realm: where,
    lookup_realm: where,
    authentication_type: { Bearer: 'token', ApiKey: 'api_key', Basic: 'realm' }[scheme],
    ...(apiKeyId !== undefined && { api_key: { id: apiKeyId, name: 'key' } }),
  });
}

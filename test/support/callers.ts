// Who asks in the tests of a verifier, what Elasticsearch says of them, and what a verdict on them comes to.

import type { Verdict } from '@esauth/core';
import { errorBody, identityBody, respond } from './scripted-node.js';

export const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
export const john = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qb2hu';

export function key(id: string, secret: string): string {
  return `ApiKey ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

export function keyBody(id: string) {
  return identityBody({
    roles: [],
    authentication_realm: { name: '_es_api_key', type: '_es_api_key' },
    lookup_realm: { name: '_es_api_key', type: '_es_api_key' },
    authentication_type: 'api_key',
    api_key: { id, name: 'k' },
  });
}

export const accepted = respond({ body: identityBody() });
export const refused = respond({ status: 401, body: errorBody(401, 'unable to authenticate') });

/** Who it is, or why not. */
export function codeOf(verdict: Verdict | undefined): string | undefined {
  return verdict?.kind === 'authenticated' ? verdict.identity.username : verdict?.code;
}

// Identities as Elasticsearch describes them, made by the parser that makes the real ones.

import { type Identity, parseIdentity } from '../../packages/core/src/values/identity.js';

type Body = Readonly<Record<string, unknown>>;

/** A user of the native realm `native1`, unless `changes` to the body of `_authenticate` say otherwise. */
export function userIdentity(username: string, changes: Body = {}, expiresAt?: number): Identity {
  return identityFrom(
    {
      username,
      roles: ['reader'],
      full_name: null,
      email: null,
      metadata: {},
      enabled: true,
      authentication_realm: { name: 'native1', type: 'native' },
      lookup_realm: { name: 'native1', type: 'native' },
      authentication_type: 'realm',
      ...changes,
    },
    expiresAt,
  );
}

/** An API key: it carries its owner's name but not the owner's realm, and never roles. */
export function apiKeyIdentity(id: string, owner = 'alice', changes: Body = {}): Identity {
  return userIdentity(owner, {
    roles: [],
    authentication_realm: { name: '_es_api_key', type: '_es_api_key' },
    lookup_realm: { name: '_es_api_key', type: '_es_api_key' },
    authentication_type: 'api_key',
    api_key: { id, name: `key ${id}` },
    ...changes,
  });
}

function identityFrom(body: Body, expiresAt: number | undefined): Identity {
  const identity = parseIdentity(body, expiresAt);
  if (identity === undefined) throw new TypeError('a test described an identity that is none');
  return identity;
}

// For people who use `@elastic/elasticsearch`: hears of every answer, before its caller does, and has the verifier
// forget what is not valid any more.

import { gunzipSync } from 'node:zlib';
import { InvalidArgumentError, own, parseJson, type Revocable } from '@esauth/core';
import * as calls from './calls.js';
import { type Forgetful, forget } from './forget.js';
import type * as rest from './rest-types.js';

/** What of the official client is used: its diagnostic events, of 7.15 and later. */
export interface OfficialClient {
  readonly diagnostic: {
    on(event: 'response', listener: (error: unknown, result: unknown) => void): unknown;
    off(event: 'response', listener: (error: unknown, result: unknown) => void): unknown;
  };
}

/**
 * Revokes in `verifier` what calls of an official client end or change: tokens, API keys, service tokens, and users
 * who are changed, disabled or deleted. Also where such a call failed: it may have been obeyed. Child clients have
 * events of their parent. Never throws into the client.
 *
 * @returns what stops it
 * @throws {InvalidArgumentError} `invalid_argument`
 */
export function revokeOn(client: OfficialClient, verifier: Forgetful): () => void {
  if (typeof client?.diagnostic?.on !== 'function') {
    throw new InvalidArgumentError('revokeOn: takes a client of @elastic/elasticsearch');
  }
  if (typeof verifier?.revoke !== 'function') {
    throw new InvalidArgumentError('revokeOn: takes a verifier of createVerifier');
  }
  const listener = (_error: unknown, result: unknown): void => forget(verifier, revokedBy(result));
  client.diagnostic.on('response', listener);
  return () => void client.diagnostic.off('response', listener);
}

type Revoke = (name: string, body: object, answer: unknown) => readonly calls.Revoked[];

const of = (call: calls.Call, answer: unknown) => call.revokes?.(answer) ?? [];

/** By method and path, in which a name or an id may stand. */
const effects: readonly (readonly [request: RegExp, Revoke])[] = [
  [
    /^DELETE \/_security\/oauth2\/token$/,
    (_, body, answer) => of(calls.invalidateToken(body as rest.InvalidateTokenRequest), answer),
  ],
  [
    /^DELETE \/_security\/api_key$/,
    (_, body, answer) => of(calls.invalidateApiKey(body as rest.InvalidateApiKeyRequest), answer),
  ],
  [
    /^POST \/_security\/api_key\/_bulk_update$/,
    (_, body, answer) => of(calls.bulkUpdateApiKeys(body as rest.BulkUpdateApiKeysRequest), answer),
  ],
  [/^PUT \/_security\/(?:cross_cluster\/)?api_key\/([^/]+)$/, (id) => [{ apiKeyIds: [id] }]],
  // Whose password it was is known to Elasticsearch.
  [/^(?:PUT|POST) \/_security\/user\/_password$/, () => ['all']],
  [/^(?:PUT|POST) \/_security\/user\/([^/]+)\/(?:_password|_disable)$/, (username) => [{ username }]],
  [/^(?:PUT|POST|DELETE) \/_security\/user\/(?!_has_privileges$)([^/]+)$/, (username) => [{ username }]],
  [/^DELETE \/_security\/service\/([^/]+\/[^/]+)\/credential\/token\/[^/]+$/, (username) => [{ username }]],
  [/^POST \/_security\/(?:saml|oidc)\/logout$/, (_, body) => calls.bearerOf(own(body, 'token'))],
  // Whom the identity provider has signed out is in what it sent.
  [/^POST \/_security\/saml\/invalidate$/, () => ['all']],
];

function revokedBy(result: unknown): readonly Revocable[] {
  const params = own(own(own(result, 'meta'), 'request'), 'params');
  const path = String(own(params, 'path')).replace(/\/*(?:\?.*)?$/s, '');
  const request = `${String(own(params, 'method')).toUpperCase()} ${path}`;
  for (const [pattern, revoke] of effects) {
    const match = pattern.exec(request);
    if (match === null) continue;
    try {
      const name = (match[1] ?? '').split('/').map(decodeURIComponent).join('/');
      // Sent again, it says nothing of what was done before.
      const isOnce = own(own(result, 'meta'), 'attempts') === 0;
      const answer = isOnce ? own(result, 'body') : undefined;
      const revoked = revoke(name, readBody(own(params, 'body')), answer);
      return revoked.map((each) => (each === 'caller' ? 'all' : each));
    } catch {
      // It cannot be told whom it was about: it may have been anybody.
      return ['all'];
    }
  }
  return [];
}

/** As `@elastic/transport` has sent it: as text, or compressed. @throws what cannot be read */
function readBody(sent: unknown): object {
  const text = sent instanceof Uint8Array ? gunzipSync(sent).toString() : sent;
  const body = typeof text === 'string' && text !== '' ? parseJson(text) : (text ?? {});
  if (typeof body === 'object' && body !== null && !(Symbol.asyncIterator in body)) return body;
  throw new TypeError('not the parameters of a call');
}

// For people who use `@elastic/elasticsearch`: hears of every answer, before its caller does, and has the verifier forget
// what is not valid any more.

import { InvalidArgumentError, parseJson, type Verifier } from '@esauth/core';
import type { Revoked } from './calls.js';
import * as calls from './calls.js';
import type * as rest from './rest-types.js';

/** What of the official client is used: its diagnostic events, of 7.15 and later. */
export interface OfficialClient {
  readonly diagnostic: {
    on(event: 'response', listener: (error: unknown, result: unknown) => void): unknown;
    off(event: 'response', listener: (error: unknown, result: unknown) => void): unknown;
  };
}

/**
 * Revokes in `verifier` what calls of an official client end or change: tokens, API keys, service tokens, and users who
 * are changed, disabled or deleted. Also where such a call failed: it may have been obeyed. Child clients have events of
 * their parent.
 *
 * @returns what stops it
 * @throws {InvalidArgumentError} `invalid_argument`
 */
export function revokeOn(client: OfficialClient, verifier: Pick<Verifier, 'revoke'>): () => void {
  if (typeof client?.diagnostic?.on !== 'function') {
    throw new InvalidArgumentError('esauth: revokeOn: takes a client of @elastic/elasticsearch');
  }
  const listener = (_error: unknown, result: unknown): void => {
    for (const revoked of revokedBy(result)) {
      if (isNobody(revoked)) continue;
      // Whose password it was is known to Elasticsearch.
      verifier.revoke(revoked === 'caller' ? 'all' : revoked);
    }
  };
  client.diagnostic.on('response', listener);
  return () => void client.diagnostic.off('response', listener);
}

type Body = Readonly<Record<string, unknown>>;
type Revoke = (name: string, body: Body, answer: unknown) => readonly Revoked[] | undefined;

const of = (call: calls.Call, answer: unknown) => call.revokes?.(answer);

/** By method and path, in which a name or an id may stand. What bodies are not as they should be, Elasticsearch refuses. */
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
    (_, body, answer) =>
      of(calls.bulkUpdateApiKeys(body as unknown as rest.BulkUpdateApiKeysRequest), answer),
  ],
  [/^PUT \/_security\/(?:cross_cluster\/)?api_key\/([^/]+)$/, (id) => [{ apiKeyIds: [id] }]],
  [/^(?:PUT|POST) \/_security\/user\/_password$/, () => ['caller']],
  [/^(?:PUT|POST) \/_security\/user\/([^/]+)\/(?:_password|_disable)$/, (username) => [{ username }]],
  [/^(?:PUT|POST|DELETE) \/_security\/user\/([^/]+)$/, (username) => [{ username }]],
  [/^DELETE \/_security\/service\/([^/]+\/[^/]+)\/credential\/token\/[^/]+$/, (username) => [{ username }]],
  [/^POST \/_security\/saml\/logout$/, (_, { token }) => calls.bearerOf(token)],
];

function revokedBy(result: unknown): readonly Revoked[] {
  const { meta, body: answer } = (result ?? {}) as { readonly meta?: Meta; readonly body?: unknown };
  const { method = '', path = '', body } = meta?.request?.params ?? {};
  const request = `${method.toUpperCase()} ${path}`;
  for (const [pattern, revoke] of effects) {
    const match = pattern.exec(request);
    if (match === null) continue;
    const name = (match[1] ?? '').split('/').map(decode).join('/');
    const read = typeof body === 'string' ? parseJson(body) : body;
    return revoke(name, (read ?? {}) as Body, answer) ?? [];
  }
  return [];
}

/** As `@elastic/transport` has it. */
interface Meta {
  readonly request?: {
    readonly params?: { readonly method?: string; readonly path?: string; readonly body?: unknown };
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function isNobody(revoked: Revoked): boolean {
  if (typeof revoked !== 'object') return false;
  if ('apiKeyIds' in revoked) return !Array.isArray(revoked.apiKeyIds) || revoked.apiKeyIds.length === 0;
  return Object.values(revoked).some((value) => value === '');
}

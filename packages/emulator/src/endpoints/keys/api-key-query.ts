/** Searching API keys: `/_security/_query/api_key`. */

import { type Answer, answer, type Call, queryFlag, type Route, route } from '../../cluster/endpoint.js';
import { withoutApiKeys } from '../../cluster/features.js';
import { searchProblems, searchReader } from '../../cluster/search-request.js';
import type { Security } from '../../cluster/security.js';
import { searchSecurity } from '../../cluster/security-search.js';
import type { ApiKey } from '../../identities/api-keys.js';
import type { Authentication } from '../../identities/identity.js';
import {
  type FieldValue,
  flattened,
  type SearchField,
  type SearchFields,
  unsupportedQuery,
} from '../../search/query.js';
import type { Search } from '../../search/search.js';
import type { Version } from '../../wire/version.js';
import { ownersProfile, showApiKey } from './api-key-selection.js';

const action = 'cluster:admin/xpack/security/api_key/query';

type Values = (key: ApiKey) => readonly (FieldValue | undefined)[];

function field(type: SearchField<ApiKey>['type'], values: Values): SearchField<ApiKey> {
  return {
    type,
    sortable: true,
    values: (key) => values(key).filter((value) => value !== undefined),
  };
}

const fields: ReadonlyMap<string, SearchField<ApiKey>> = new Map([
  ['name', field('keyword', (key) => [key.name])],
  ['type', field('keyword', (key) => [key.type])],
  ['username', field('keyword', (key) => [key.owner.user.username])],
  ['realm_name', field('keyword', (key) => [key.owner.realm.name])],
  ['creation', field('date', (key) => [key.creation])],
  ['expiration', field('date', (key) => [key.expiration])],
  ['invalidated', field('boolean', (key) => [key.invalidation !== undefined])],
  ['invalidation', field('date', (key) => [key.invalidation])],
  ['metadata', field('keyword', (key) => flattened(key.metadata, []))],
]);

function fieldsOf(version: Version): SearchFields<ApiKey> {
  return {
    id: (key) => key.id,
    field(name) {
      if (!name.startsWith('metadata.')) return fields.get(name);
      const path = name.split('.').slice(1);
      return field('keyword', (key) => flattened(key.metadata, path));
    },
    unsupported: unsupportedQuery,
    // The rewording came with aggregations, in the release with the other queries.
    refusal: (name) =>
      `Field [${name}] is not allowed for ${version.queriesUsers ? 'querying or aggregation' : 'API Key query'}`,
  };
}

interface QueryRequest extends Search {
  readonly withLimitedBy: boolean;
}

const readSearch = searchReader('query_api_key_request_payload');

function readQuery(call: Call): QueryRequest {
  return { ...readSearch(call), withLimitedBy: queryFlag(call, 'with_limited_by') };
}

/** Without the privilege to see them all: of a user those that it owns, of a key only itself. */
function isVisible(key: ApiKey, { apiKey, user, lookupRealm }: Authentication): boolean {
  if (apiKey !== undefined) return key.id === apiKey.id;
  return key.owner.user.username === user.username && key.owner.realm.name === lookupRealm.name;
}

function query(security: Security, request: QueryRequest, call: Call): Answer {
  const { authentication } = call;
  const { apiKeys, authorization, version } = security;
  const seesAll = authorization.denial(authentication, action) === undefined;
  const candidates = seesAll
    ? apiKeys.all()
    : [...apiKeys.all()].filter((key) => isVisible(key, authentication));
  const { total, hits } = searchSecurity(security, candidates, fieldsOf(version), request);
  const found = hits.map(({ entry, sort }) => ({
    ...showApiKey(entry, version, request.withLimitedBy),
    _sort: sort,
    ...ownersProfile(security, entry, queryFlag(call, 'with_profile_uid')),
  }));
  return answer({ total, count: found.length, api_keys: found });
}

/** The route of this chapter. */
export const apiKeyQueryRoute: Route = route<QueryRequest>({
  methods: ['GET', 'POST'],
  paths: ['/_security/_query/api_key'],
  unavailable: withoutApiKeys,
  query: ['with_limited_by', 'with_profile_uid', 'typed_keys'],
  body: 'optional',
  takesSource: true,
  read: readQuery,
  validate: searchProblems,
  action: () => action,
  needs: ['documents'],
  // Whoever may see nothing else, and `manage_own_api_key` is enough for that, sees his own.
  own: ({ withLimitedBy }, { apiKey }) => apiKey === undefined || !withLimitedBy,
  run: query,
});

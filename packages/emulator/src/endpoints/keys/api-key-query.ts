/** Searching API keys: `/_security/_query/api_key`. */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  queryFlag,
  type Route,
  route,
} from '../../cluster/endpoint.js';
import { withoutApiKeys } from '../../cluster/features.js';
import { type SearchBody, searchBody, searchOf, searchProblems } from '../../cluster/search-request.js';
import type { Security } from '../../cluster/security.js';
import { inOlderWords, keywords, securityFields } from '../../cluster/security-fields.js';
import { type Summary, searchSecurity } from '../../cluster/security-search.js';
import type { ApiKey } from '../../identities/api-keys.js';
import type { Authentication } from '../../identities/identity.js';
import type { Aggregation } from '../../search/aggregations/aggregation.js';
import { aggregationsField } from '../../search/aggregations/parser.js';
import type { SearchField } from '../../search/fields.js';
import type { Search } from '../../search/search.js';
import { contentParseFailure, illegalArgument, Refusal } from '../../wire/envelope.js';
import { objectParser } from '../../wire/object-parser.js';
import type { Version } from '../../wire/version.js';
import { ownersProfile, showApiKey } from './api-key-selection.js';

const action = 'cluster:admin/xpack/security/api_key/query';

function dates(indexed: string, value: (key: ApiKey) => number | undefined): SearchField<ApiKey> {
  const values = (key: ApiKey): number[] => [value(key)].filter((instant) => instant !== undefined);
  return { type: 'date', dateFormat: 'epoch_millis', indexed, sortable: true, values };
}

const fields = securityFields<ApiKey>({
  id: (key) => key.id,
  fields: new Map<string, SearchField<ApiKey>>([
    ['username', keywords((key) => [key.owner.user.username], 'creator.principal')],
    ['realm_name', keywords((key) => [key.owner.realm.name], 'creator.realm')],
    ['name', keywords((key) => [key.name])],
    ['type', keywords((key) => [key.type], 'runtime_key_type')],
    ['creation', dates('creation_time', (key) => key.creation)],
    ['expiration', dates('expiration_time', (key) => key.expiration)],
    [
      'invalidated',
      {
        type: 'boolean',
        indexed: 'api_key_invalidated',
        sortable: true,
        values: (key) => [key.invalidation !== undefined],
      },
    ],
    ['invalidation', dates('invalidation_time', (key) => key.invalidation)],
  ]),
  metadata: (key) => key.metadata,
});

interface QueryRequest extends Search {
  readonly withLimitedBy: boolean;
  readonly summary: Summary;
}

interface QueryBody extends SearchBody {
  readonly aggs?: readonly Aggregation[] | undefined;
  readonly aggregations?: readonly Aggregation[] | undefined;
}

const parserName = 'query_api_key_request_payload';
const plainParser = objectParser<SearchBody>(parserName, searchBody);
const aggsParser = objectParser<Omit<QueryBody, 'aggregations'>>(parserName, {
  ...searchBody,
  aggs: aggregationsField,
});
const parser = objectParser<QueryBody>(parserName, {
  ...searchBody,
  aggregations: aggregationsField,
  aggs: aggregationsField,
});

function parserOf({ aggregatesApiKeys, typesAggregations }: Version): typeof parser | typeof aggsParser {
  if (typesAggregations) return parser;
  return aggregatesApiKeys ? aggsParser : plainParser;
}

function readQuery(call: Call): QueryRequest {
  const body: QueryBody = call.body === undefined ? {} : parserOf(call.version).parse(documentOf(call));
  const { aggs, aggregations } = body;
  if (aggs !== undefined && aggregations !== undefined) {
    const wrapper = `Failed to build [${parserName}] after last required field arrived`;
    const cause = illegalArgument("Duplicate 'aggs' or 'aggregations' field");
    throw new Refusal(contentParseFailure(wrapper, cause));
  }
  const { typesAggregations } = call.version;
  const hasTypes = typesAggregations && queryFlag(call, 'typed_keys');
  const summary = { aggregations: aggregations ?? aggs ?? [], hasTypes };
  return { ...searchOf(body), withLimitedBy: queryFlag(call, 'with_limited_by'), summary };
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
  const { total, hits, aggregations } = searchSecurity(
    security,
    candidates,
    inOlderWords(fields, version),
    request,
    request.summary,
  );
  const found = hits.map(({ entry, sort }) => ({
    ...showApiKey(entry, version, request.withLimitedBy),
    _sort: sort,
    ...ownersProfile(security, entry, queryFlag(call, 'with_profile_uid')),
  }));
  return answer({
    total,
    count: found.length,
    api_keys: found,
    aggregations: aggregations && new Map(aggregations),
  });
}

/** The route of this chapter. */
export const apiKeyQueryRoute: Route = route<QueryRequest>({
  methods: ['GET', 'POST'],
  paths: ['/_security/_query/api_key'],
  unavailable: withoutApiKeys,
  query: ({ showsRoleDescriptors, joinsProfiles, typesAggregations }) => [
    ...(showsRoleDescriptors ? ['with_limited_by'] : []),
    ...(joinsProfiles ? ['with_profile_uid'] : []),
    ...(typesAggregations ? ['typed_keys'] : []),
  ],
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

/** API keys: read and invalidate, `/_security/api_key`. */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  queryFlag,
  queryText,
  type Route,
  refuse,
  route,
  textOrNothing,
} from '../../cluster/endpoint.js';
import { withoutApiKeys } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { contentParseFailure, illegalArgument, members, validationFailure } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';
import { flag, objectParser, text, texts } from '../../wire/object-parser.js';
import { apiKeyCreationRoute } from './api-key-creation.js';
import {
  isOwn,
  ownersProfile,
  type Selection,
  select,
  selectionOf,
  showApiKey,
} from './api-key-selection.js';

const actions = 'cluster:admin/xpack/security/api_key';
// An action that `manage_security` grants and `manage_api_key` does not.
const crossClusterAction = 'cluster:admin/xpack/security/cross_cluster/api_key/create';

interface GetRequest {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly username: string | undefined;
  readonly realmName: string | undefined;
  readonly owner: boolean;
  readonly activeOnly: boolean;
  readonly withLimitedBy: boolean;
}

function readGet(call: Call): GetRequest {
  return {
    id: queryText(call, 'id'),
    name: queryText(call, 'name'),
    username: queryText(call, 'username'),
    realmName: queryText(call, 'realm_name'),
    owner: queryFlag(call, 'owner'),
    activeOnly: queryFlag(call, 'active_only'),
    withLimitedBy: queryFlag(call, 'with_limited_by'),
  };
}

function getProblems({ id, name, username, realmName, owner }: GetRequest): string[] {
  const problems: string[] = [];
  const ofUser = username !== undefined || realmName !== undefined;
  if ((id !== undefined || name !== undefined) && ofUser) {
    problems.push(
      'username or realm name must not be specified when the api key id or api key name is specified',
    );
  }
  if (owner && ofUser) {
    problems.push('neither username nor realm-name may be specified when retrieving owned API keys');
  }
  if (id !== undefined && name !== undefined) {
    problems.push('only one of [api key id, api key name] can be specified');
  }
  return problems;
}

function withIds(request: GetRequest): GetRequest & Selection {
  return { ...request, ids: request.id === undefined ? undefined : [request.id] };
}

function get(security: Security, request: GetRequest, call: Call): Answer {
  const selection = selectionOf(withIds(request), call.authentication);
  const found: JsonValue[] = [];
  for (const key of select(security, selection)) {
    if (request.activeOnly && !security.apiKeys.isActive(key)) continue;
    found.push({
      ...showApiKey(key, security.version, request.withLimitedBy),
      ...ownersProfile(security, key, queryFlag(call, 'with_profile_uid')),
    });
  }
  return answer({ api_keys: found }, request.id !== undefined && found.length === 0 ? 404 : 200);
}

interface InvalidateBody {
  readonly realm_name?: string | undefined;
  readonly username?: string | undefined;
  readonly name?: string | undefined;
  readonly owner?: boolean | undefined;
  readonly ids?: string[] | undefined;
}

const invalidateBody = objectParser<InvalidateBody>('invalidate_api_key', {
  realm_name: text,
  username: text,
  name: text,
  owner: flag,
  ids: texts,
});

// The single id is from before 7.10 and was kept throughout 7.x.
const olderInvalidateBody = objectParser<InvalidateBody & { readonly id?: string | undefined }>(
  'invalidate_api_key',
  {
    realm_name: text,
    username: text,
    name: text,
    owner: flag,
    ids: texts,
    id: text,
  },
);

interface InvalidateRequest extends Selection {
  readonly owner: boolean;
}

function readInvalidate(call: Call): InvalidateRequest {
  const body = call.version.major === 7 ? readOlderInvalidate(call) : invalidateBody.parse(documentOf(call));
  const blank = (body.ids ?? []).flatMap((id, index) => (id.trim() === '' ? [index] : []));
  if (body.ids?.length === 0) refuseIds('Field [ids] cannot be an empty array');
  if (blank.length > 0) {
    const [what, where] = blank.length === 1 ? ['id', 'position'] : ['ids', 'positions'];
    refuseIds(
      `Field [ids] must not contain blank id, but got blank ${what} at index ${where}: [${blank.join(', ')}]`,
    );
  }
  return {
    ids: body.ids,
    name: textOrNothing(body.name),
    username: textOrNothing(body.username),
    realmName: textOrNothing(body.realm_name),
    owner: body.owner ?? false,
  };
}

function readOlderInvalidate(call: Call): InvalidateBody {
  const { id, ...body } = olderInvalidateBody.parse(documentOf(call));
  if (textOrNothing(id) === undefined) return body;
  if (body.ids !== undefined)
    refuse(illegalArgument('Must use either [id] or [ids], not both at the same time'));
  return { ...body, ids: [id ?? ''] };
}

/** The ids are checked while the body is read, and the complaint is wrapped accordingly. */
function refuseIds(problem: string): never {
  const reason = 'Failed to build [invalidate_api_key] after last required field arrived';
  return refuse(contentParseFailure(reason, validationFailure([problem])));
}

function invalidateProblems({ ids, name, username, realmName, owner }: InvalidateRequest): string[] {
  const problems: string[] = [];
  const ofUser = username !== undefined || realmName !== undefined;
  if (!ofUser && ids === undefined && name === undefined && !owner) {
    problems.push(
      'One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false',
    );
  }
  if ((ids !== undefined || name !== undefined) && ofUser) {
    problems.push(
      'username or realm name must not be specified when the api key id(s) or api key name are specified',
    );
  }
  if (owner && ofUser) {
    problems.push('neither username nor realm-name may be specified when invalidating owned API keys');
  }
  if (ids !== undefined && name !== undefined) {
    problems.push('only one of [api key id(s), api key name] can be specified');
  }
  return problems;
}

function invalidate(security: Security, request: InvalidateRequest, call: Call): Answer {
  const { apiKeys, clock, authorization, index } = security;
  const problem = index.ailment()?.changing;
  const mayManageSecurity = authorization.denial(call.authentication, crossClusterAction) === undefined;
  const invalidated: string[] = [];
  const errors: JsonValue[] = [];
  for (const key of select(security, selectionOf(request, call.authentication))) {
    if (key.invalidation !== undefined) continue;
    if (key.type === 'cross_cluster' && !mayManageSecurity) {
      const reason = `Cannot invalidate cross-cluster API key [${key.id}]. This requires [manage_security] cluster privilege or higher`;
      errors.push({ type: 'exception', reason });
      continue;
    }
    if (problem !== undefined) {
      const error = { status: 500, type: 'exception', reason: 'Error invalidating api key', cause: problem };
      errors.push(members(error, problem));
      continue;
    }
    apiKeys.replace({ ...key, invalidation: clock.now() });
    invalidated.push(key.id);
  }
  return answer({
    invalidated_api_keys: invalidated,
    // The search selects only keys that are not invalidated, so that this list fills up only in races.
    previously_invalidated_api_keys: [],
    error_count: errors.length,
    error_details: errors.length === 0 ? undefined : errors,
  });
}

const paths = ['/_security/api_key'];

/** The routes of this chapter. */
export const apiKeyRoutes: readonly Route[] = [
  apiKeyCreationRoute,
  route<GetRequest>({
    methods: ['GET'],
    paths,
    unavailable: withoutApiKeys,
    query: ({ showsRoleDescriptors, crossClusterKeys, joinsProfiles }) => [
      ...['id', 'name', 'username', 'realm_name', 'owner'],
      ...(showsRoleDescriptors ? ['with_limited_by'] : []),
      ...(crossClusterKeys ? ['active_only'] : []),
      ...(joinsProfiles ? ['with_profile_uid'] : []),
    ],
    read: readGet,
    validate: getProblems,
    action: () => `${actions}/get`,
    needs: ['documents'],
    // What limits a key is not for the key itself (`ManageOwnApiKeyClusterPrivilege`).
    own: (request, authentication) =>
      isOwn(withIds(request), authentication) &&
      (authentication.apiKey === undefined || !request.withLimitedBy),
    // Without any privilege a key may read itself, but not what limits it.
    free: ({ id, withLimitedBy }, { apiKey }) => apiKey !== undefined && id === apiKey.id && !withLimitedBy,
    run: get,
  }),
  route<InvalidateRequest>({
    methods: ['DELETE'],
    paths,
    unavailable: withoutApiKeys,
    body: 'required',
    read: readInvalidate,
    validate: invalidateProblems,
    action: () => `${actions}/invalidate`,
    needs: ['documents'],
    own: isOwn,
    run: invalidate,
  }),
];

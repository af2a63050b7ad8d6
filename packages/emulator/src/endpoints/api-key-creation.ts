/** What all ways to make an API key have in common, and the plain one: `POST /_security/api_key`. */

import { type ApiKey, type ApiKeyOwner, encodeApiKey } from '../api-keys.js';
import { type Answer, answer, type Call, documentOf, type Route, refuse, route } from '../endpoint.js';
import { contentParseFailure, illegalArgument, Refusal } from '../envelope.js';
import type { Authentication } from '../identity.js';
import { emptyMap, type JsonMap, type JsonValue } from '../json-value.js';
import { map, objectParser, requiredText, text } from '../object-parser.js';
import { isEmpty, type RoleDescriptors } from '../role-descriptor.js';
import { roleDescriptors } from '../role-descriptor-parser.js';
import { roleProblems } from '../role-validation.js';
import type { Security } from '../security.js';
import { parseTimeValue } from '../time-value.js';
import type { Version } from '../version.js';

interface CreateRequest {
  readonly name: string;
  readonly role_descriptors?: RoleDescriptors | undefined;
  readonly expiration?: string | undefined;
  readonly metadata?: JsonMap | undefined;
}

const createRequest = objectParser<CreateRequest>('api_key_request', {
  name: requiredText,
  role_descriptors: roleDescriptors,
  expiration: text,
  metadata: map,
});

interface NewApiKey {
  readonly name: string;
  readonly roleDescriptors: RoleDescriptors;
  readonly lifetimeMs: number | undefined;
  readonly metadata: JsonMap;
}

function readCreate(call: Call): NewApiKey {
  const body = createRequest.parse(documentOf(call));
  return {
    name: body.name,
    roleDescriptors: body.role_descriptors ?? new Map(),
    lifetimeMs: readLifetime(body.expiration, createRequest.name),
    metadata: body.metadata ?? emptyMap,
  };
}

/** Durations are understood only after the whole body was read, which shows in the complaint. */
function readLifetime(expiration: string | undefined, parser: string): number | undefined {
  if (expiration === undefined) return undefined;
  try {
    return parseTimeValue(expiration, 'expiration');
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return refuse(
      contentParseFailure(`Failed to build [${parser}] after last required field arrived`, refusal.error),
    );
  }
}

function createProblems({ name, metadata, roleDescriptors: roles }: NewApiKey, version: Version): string[] {
  return [...nameProblems(name), ...metadataProblems(metadata), ...roleProblems(roles, version)];
}

function nameProblems(name: string): string[] {
  if (name === '') return ['api key name is required'];
  const problems: string[] = [];
  if (name.length > 256) problems.push('api key name may not be more than 256 characters long');
  if (name !== name.trim()) problems.push('api key name may not begin or end with whitespace');
  if (name.startsWith('_')) problems.push('api key name may not begin with an underscore');
  return problems;
}

function metadataProblems(metadata: JsonMap): string[] {
  const reserved = [...metadata.keys()].some((key) => key.startsWith('_'));
  return reserved ? ['API key metadata keys may not start with [_]'] : [];
}

function create(security: Security, request: NewApiKey, call: Call): Answer {
  const { authentication } = call;
  if (authentication.apiKey !== undefined && !isWithoutPrivileges(request.roleDescriptors)) {
    const reason =
      'creating derived api keys requires an explicit role descriptor that is empty (has no privileges)';
    refuse(illegalArgument(reason));
  }
  const owner = ownerOf(security, authentication);
  const { key, secret } = security.apiKeys.create({ ...request, type: 'rest', owner });
  return answer(showCreated(key, secret));
}

function isWithoutPrivileges(roles: RoleDescriptors): boolean {
  return roles.size === 1 && [...roles.values()].every(isEmpty);
}

/** Whoever makes a key owns it; a key that was made with a key belongs to the same owner. */
function ownerOf(security: Security, authentication: Authentication): ApiKeyOwner {
  const limitedBy = security.authorization.roleDescriptors(authentication);
  if (authentication.apiKey !== undefined) return { ...authentication.apiKey.owner, limitedBy };
  return { user: authentication.user, realm: authentication.lookupRealm, limitedBy };
}

/** A new key as the answer to its creation shows it. */
function showCreated(key: ApiKey, secret: string): JsonValue {
  return {
    id: key.id,
    name: key.name,
    expiration: key.expiration,
    api_key: secret,
    encoded: encodeApiKey(key.id, secret),
  };
}

/** The route of this chapter. */
export const apiKeyCreationRoute: Route = route<NewApiKey>({
  methods: ['POST', 'PUT'],
  paths: ['/_security/api_key'],
  query: ['refresh'],
  body: 'required',
  read: readCreate,
  validate: createProblems,
  action: () => 'cluster:admin/xpack/security/api_key/create',
  own: () => true,
  run: create,
});

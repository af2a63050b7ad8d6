/** What all ways to make an API key have in common, and the plain one: `POST /_security/api_key`. */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
} from '../../cluster/endpoint.js';
import { withoutApiKeys } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { type ApiKeyOwner, type CreatedApiKey, encodeApiKey } from '../../identities/api-keys.js';
import type { Authentication } from '../../identities/identity.js';
import { isEmpty, type RoleDescriptors } from '../../privileges/role-descriptor.js';
import { roleDescriptorsField } from '../../privileges/role-descriptor-parser.js';
import { roleProblems } from '../../privileges/role-validation.js';
import { contentParseFailure, illegalArgument, Refusal } from '../../wire/envelope.js';
import type { JsonDocument, JsonNode } from '../../wire/json-parser.js';
import { emptyMap, type JsonMap } from '../../wire/json-value.js';
import {
  type Field,
  map,
  type ObjectParser,
  objectParser,
  requiredText,
  text,
} from '../../wire/object-parser.js';
import { parseTimeValue } from '../../wire/time-value.js';
import type { Version } from '../../wire/version.js';

interface CreateBody {
  readonly name: string;
  readonly role_descriptors?: RoleDescriptors | undefined;
  readonly expiration?: string | undefined;
  readonly metadata?: JsonMap | undefined;
}

/** What is chosen about a key that is to be made. */
export interface NewApiKey {
  readonly name: string;
  readonly roleDescriptors: RoleDescriptors;
  readonly lifetimeMs: number | undefined;
  readonly metadata: JsonMap;
}

const plainRoles = roleDescriptorsField({ restriction: false, description: false });
const restrictingRoles = roleDescriptorsField({ restriction: true, description: false });

/** The field for role descriptors of a key, as the release knows them. */
export function roleDescriptorsOf(version: Version): Field<RoleDescriptors | undefined> {
  return version.restrictsWorkflows ? restrictingRoles : plainRoles;
}

function createParser(roles: Field<RoleDescriptors | undefined>): ObjectParser<CreateBody> {
  return objectParser<CreateBody>('api_key_request', {
    name: requiredText,
    role_descriptors: roles,
    expiration: text,
    metadata: map,
  });
}

const plainParser = createParser(plainRoles);
const restrictingParser = createParser(restrictingRoles);

/** Reads what is chosen about a key from a body or from a part of it. */
export function readNewApiKey(document: JsonDocument, node: JsonNode, version: Version): NewApiKey {
  const parser = version.restrictsWorkflows ? restrictingParser : plainParser;
  const body = parser.parse(document, node);
  return {
    name: body.name,
    roleDescriptors: body.role_descriptors ?? new Map(),
    lifetimeMs: readLifetime(body.expiration, parser.name),
    metadata: body.metadata ?? emptyMap,
  };
}

/** Durations are understood only after the whole body was read, which shows in the complaint. */
export function readLifetime(expiration: string | undefined, parser: string): number | undefined {
  return expiration === undefined ? undefined : build(parser, () => parseLifetime(expiration));
}

/** What is wrong with a whole that was put together out of its parts. */
export function build<T>(parser: string, work: () => T): T {
  try {
    return work();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return refuse(
      contentParseFailure(`Failed to build [${parser}] after last required field arrived`, refusal.error),
    );
  }
}

/** How long a key lives, in milliseconds; it may be over at once. */
export function parseLifetime(expiration: string): number {
  return parseTimeValue(expiration, 'expiration');
}

/** What is wrong with a choice that could be read. */
export function newApiKeyProblems(
  { name, metadata, roleDescriptors: roles }: NewApiKey,
  version: Version,
): string[] {
  return [...nameProblems(name), ...metadataProblems(metadata), ...roleProblems(roles, version)];
}

/** What is wrong with the name of a key. */
export function nameProblems(name: string): string[] {
  if (name === '') return ['api key name is required'];
  const problems: string[] = [];
  if (name.length > 256) problems.push('api key name may not be more than 256 characters long');
  if (name !== name.trim()) problems.push('api key name may not begin or end with whitespace');
  if (name.startsWith('_')) problems.push('api key name may not begin with an underscore');
  return problems;
}

/** What is wrong with the metadata of a key. */
export function metadataProblems(metadata: JsonMap): string[] {
  const reserved = [...metadata.keys()].some((key) => key.startsWith('_'));
  return reserved ? ['API key metadata keys may not start with [_]'] : [];
}

function create(security: Security, request: NewApiKey, call: Call): Answer {
  return answer(createApiKey(security, request, call.authentication));
}

/** Makes a key for somebody. @returns the answer that shows it */
export function createApiKey(
  security: Security,
  request: NewApiKey,
  authentication: Authentication,
): ShownApiKey {
  const derived = authentication.apiKey !== undefined;
  if (derived && !isWithoutPrivileges(request.roleDescriptors)) {
    const reason =
      'creating derived api keys requires an explicit role descriptor that is empty (has no privileges)';
    refuse(illegalArgument(reason));
  }
  const owner = ownerOf(security, authentication);
  checkRestrictions(request.roleDescriptors, owner);
  return showCreated(security.apiKeys.create({ ...request, type: 'rest', owner }));
}

/** A key has one restricted role and no other (`ApiKeyService.validateWorkflowsRestrictionConstraints`). */
export function checkRestrictions(roles: RoleDescriptors, { limitedBy }: ApiKeyOwner): void {
  const restrictedIn = (some: RoleDescriptors): number =>
    [...some.values()].filter((role) => role.workflows !== undefined).length;
  const restricted = restrictedIn(roles);
  const problem =
    restrictedIn(limitedBy) > 0
      ? 'owner user role descriptors must not include restriction'
      : restricted > 1
        ? 'more than one role descriptor with restriction is not supported'
        : restricted === 1 && roles.size > 1
          ? 'combining role descriptors with and without restriction is not supported'
          : undefined;
  if (problem !== undefined) refuse(illegalArgument(problem));
}

function isWithoutPrivileges(roles: RoleDescriptors): boolean {
  return roles.size === 1 && [...roles.values()].every(isEmpty);
}

/**
 * Whoever makes a key owns it. A key that was made with a key is called after the same user, but belongs to the
 * realm of keys, and nothing limits what it may not do anyway (recorded; `ApiKeyUserRoleDescriptorResolver`).
 */
export function ownerOf(security: Security, authentication: Authentication): ApiKeyOwner {
  const { apiKey, user, lookupRealm } = authentication;
  if (apiKey !== undefined) return { user: apiKey.owner.user, realm: lookupRealm, limitedBy: new Map() };
  const limitedBy = withoutDescriptions(security.authorization.roleDescriptors(authentication));
  return security.apiKeys.sharedOwner({ user, realm: lookupRealm, limitedBy }, security.roles.generation());
}

/** What is said about the owner's roles is not kept (`ApiKeyService.removeUserRoleDescriptorDescriptions`). */
function withoutDescriptions(roles: RoleDescriptors): RoleDescriptors {
  return new Map([...roles].map(([name, { description: _, ...role }]) => [name, role]));
}

/** A new key as the answer to its creation shows it, the only time that its secret can be seen. */
export type ShownApiKey = {
  readonly id: string;
  readonly name: string;
  /** In milliseconds since 1970; `undefined`: it does not end. */
  readonly expiration: number | undefined;
  readonly api_key: string;
  /** What follows `ApiKey ` in the header. */
  readonly encoded: string;
};

/** Shows it. */
export function showCreated({ key, secret }: CreatedApiKey): ShownApiKey {
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
  unavailable: withoutApiKeys,
  query: ['refresh'],
  body: 'required',
  read(call) {
    const document = documentOf(call);
    return readNewApiKey(document, document.root, call.version);
  },
  validate: newApiKeyProblems,
  action: () => 'cluster:admin/xpack/security/api_key/create',
  needs: ['changes'],
  own: () => true,
  run: create,
});

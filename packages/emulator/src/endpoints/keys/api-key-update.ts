/** Changing API keys: `PUT /_security/api_key/{id}` and `POST /_security/api_key/_bulk_update`. */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
  segment,
} from '../../cluster/endpoint.js';
import { withoutApiKeys } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { type ApiKey, endOf } from '../../identities/api-keys.js';
import type { Authentication } from '../../identities/identity.js';
import { type RoleDescriptors, showRoles } from '../../privileges/role-descriptor.js';
import { roleProblems } from '../../privileges/role-validation.js';
import { type ApiError, illegalArgument, members, Refusal } from '../../wire/envelope.js';
import { type JsonMap, type JsonValue, sameJson } from '../../wire/json-value.js';
import { type Field, map, objectParser, required, text, texts } from '../../wire/object-parser.js';
import type { Version } from '../../wire/version.js';
import {
  checkRestrictions,
  metadataProblems,
  ownerOf,
  readLifetime,
  roleDescriptorsOf,
} from './api-key-creation.js';

const actions = 'cluster:admin/xpack/security/api_key';

/** What is to be changed; what is `undefined` stays as it is. */
export interface ApiKeyChange {
  readonly type: ApiKey['type'];
  readonly roleDescriptors: RoleDescriptors | undefined;
  readonly metadata: JsonMap | undefined;
  readonly lifetimeMs: number | undefined;
  readonly access?: JsonValue | undefined;
  /** `null`: none from now on. */
  readonly certificateIdentity?: string | null | undefined;
}

interface UpdateBody {
  readonly role_descriptors?: RoleDescriptors | undefined;
  readonly metadata?: JsonMap | undefined;
  readonly expiration?: string | undefined;
}

interface BulkBody extends UpdateBody {
  readonly ids: string[];
}

type UpdateFields = { readonly [K in keyof UpdateBody]-?: Field<UpdateBody[K]> };

function fieldsOf(version: Version): UpdateFields {
  const fields = { role_descriptors: roleDescriptorsOf(version), metadata: map, expiration: text };
  if (version.updatesExpiration) return fields;
  const { expiration: _, ...older } = fields;
  // A field that is not declared is unknown, which is what it was then.
  return older as UpdateFields;
}

function changeOf(body: UpdateBody, parserName: string): ApiKeyChange {
  return {
    type: 'rest',
    roleDescriptors: body.role_descriptors,
    metadata: body.metadata,
    lifetimeMs: readLifetime(body.expiration, parserName),
  };
}

function readUpdate(call: Call): ApiKeyChange & { readonly id: string } {
  const parser = objectParser<UpdateBody>('update_api_key_request_payload', fieldsOf(call.version));
  const body = parser.parse(documentOf(call));
  return { ...changeOf(body, parser.name), id: segment(call, 'id') };
}

function readBulk(call: Call): ApiKeyChange & { readonly ids: readonly string[] } {
  const parser = objectParser<BulkBody>('bulk_update_api_key_request', {
    ids: required(texts),
    ...fieldsOf(call.version),
  });
  const body = parser.parse(documentOf(call));
  return { ...changeOf(body, parser.name), ids: body.ids };
}

/** What is wrong with a change that could be read. */
export function changeProblems(change: ApiKeyChange, version: Version): string[] {
  const { metadata, roleDescriptors, lifetimeMs } = change;
  return [
    ...(metadata === undefined ? [] : metadataProblems(metadata)),
    ...(roleDescriptors === undefined ? [] : roleProblems(roleDescriptors, version)),
    ...(lifetimeMs !== undefined && lifetimeMs <= 0 ? ['API key expiration must be in the future'] : []),
  ];
}

/** Only its owner changes a key, and not with a key. */
export function ensureOwner({ apiKey }: Authentication): void {
  if (apiKey === undefined) return;
  refuse(
    illegalArgument('authentication via API key not supported: only the owner user can update an API key'),
  );
}

function ensureChangeable(security: Security, change: ApiKeyChange, caller: Authentication): void {
  ensureOwner(caller);
  checkRestrictions(change.roleDescriptors ?? new Map(), ownerOf(security, caller));
}

/**
 * Changes one key, and in any case takes a new snapshot of its owner.
 *
 * @returns whether anything is different now
 * @throws Refusal if the key is not the caller's or can not be changed
 */
export function update(
  security: Security,
  id: string,
  change: ApiKeyChange,
  caller: Authentication,
): boolean {
  const { apiKeys, clock, index } = security;
  const key = apiKeys.find(id);
  const isOwner =
    key?.owner.user.username === caller.user.username && key.owner.realm.name === caller.lookupRealm.name;
  if (key === undefined || !isOwner) {
    const reason = `no API key owned by requesting user found for ID [${id}]`;
    return refuse({ status: 404, type: 'resource_not_found_exception', reason });
  }
  if (key.invalidation !== undefined) refuse(illegalArgument(`cannot update invalidated API key [${id}]`));
  if (!apiKeys.isActive(key)) refuse(illegalArgument(`cannot update expired API key [${id}]`));
  if (key.type !== change.type) {
    refuse(
      illegalArgument(`cannot update API key of type [${key.type}] while expected type is [${change.type}]`),
    );
  }
  const owner = ownerOf(security, caller);
  const updated: ApiKey = {
    ...key,
    owner: key.type === 'rest' ? owner : { ...owner, limitedBy: key.owner.limitedBy },
    roleDescriptors: change.roleDescriptors ?? key.roleDescriptors,
    metadata: change.metadata ?? key.metadata,
    expiration: change.lifetimeMs === undefined ? key.expiration : endOf(clock.now(), change.lifetimeMs),
    ...(change.access !== undefined && { access: change.access }),
    certificateIdentity:
      change.certificateIdentity === undefined
        ? key.certificateIdentity
        : (change.certificateIdentity ?? undefined),
  };
  if (sameJson(comparable(key, security.version), comparable(updated, security.version))) return false;
  const problem = index.ailment()?.changing;
  if (problem !== undefined) refuse(problem);
  apiKeys.replace(updated);
  return true;
}

function comparable(
  { owner, roleDescriptors, metadata, expiration, certificateIdentity }: ApiKey,
  version: Version,
): JsonValue {
  const { username, fullName, email, metadata: ownerMetadata } = owner.user;
  return {
    owner: [username, fullName, email, ownerMetadata, owner.realm.name, owner.realm.type],
    limitedBy: showRoles(owner.limitedBy, version),
    roleDescriptors: showRoles(roleDescriptors, version),
    metadata,
    expiration,
    certificateIdentity,
  };
}

function updateOne(security: Security, request: ApiKeyChange & { readonly id: string }, call: Call): Answer {
  ensureChangeable(security, request, call.authentication);
  return answer({ updated: update(security, request.id, request, call.authentication) });
}

function updateMany(
  security: Security,
  request: ApiKeyChange & { readonly ids: readonly string[] },
  call: Call,
): Answer {
  ensureChangeable(security, request, call.authentication);
  const updated: string[] = [];
  const noops: string[] = [];
  const errors = new Map<string, JsonValue>();
  for (const id of new Set(request.ids)) {
    try {
      (update(security, id, request, call.authentication) ? updated : noops).push(id);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      errors.set(id, describe(refusal.error));
    }
  }
  return answer({
    updated,
    noops,
    errors: errors.size === 0 ? undefined : { count: errors.size, details: errors },
  });
}

function describe(error: ApiError): JsonValue {
  return members(error, error.cause);
}

/** The routes of this chapter. */
export const apiKeyUpdateRoutes: readonly Route[] = [
  route<ApiKeyChange & { readonly id: string }>({
    methods: ['PUT'],
    paths: ['/_security/api_key/{id}'],
    unavailable: withoutApiKeys,
    exists: (version) => version.updatesApiKeys,
    body: 'optional',
    read: (call) =>
      call.body === undefined
        ? { ...changeOf({}, 'update_api_key_request_payload'), id: segment(call, 'id') }
        : readUpdate(call),
    validate: changeProblems,
    action: () => `${actions}/update`,
    needs: ['documents'],
    own: () => true,
    run: updateOne,
  }),
  route<ApiKeyChange & { readonly ids: readonly string[] }>({
    methods: ['POST'],
    paths: ['/_security/api_key/_bulk_update'],
    unavailable: withoutApiKeys,
    exists: (version) => version.showsRoleDescriptors,
    body: 'required',
    read: readBulk,
    validate: (request, version) => [
      ...changeProblems(request, version),
      ...(request.ids.length === 0 ? ['Field [ids] cannot be empty'] : []),
    ],
    action: () => `${actions}/bulk_update`,
    needs: ['documents'],
    own: () => true,
    run: updateMany,
  }),
];

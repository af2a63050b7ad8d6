/** API keys for other clusters: `/_security/cross_cluster/api_key`. They can not be used over REST. */

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
import { withoutCrossClusterKeys } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { parseIndices } from '../../privileges/privileges-parser.js';
import {
  type IndexPrivileges,
  noPrivileges,
  type RoleDescriptor,
  showIndices,
} from '../../privileges/role-descriptor.js';
import { illegalArgument, parseFailure, Refusal } from '../../wire/envelope.js';
import type { JsonDocument, JsonNode } from '../../wire/json-parser.js';
import { emptyMap, type JsonMap, type JsonValue } from '../../wire/json-value.js';
import {
  type Field,
  map,
  objectParser,
  readString,
  refuseBroken,
  required,
  requiredText,
  text,
  tokenName,
} from '../../wire/object-parser.js';
import type { Version } from '../../wire/version.js';
import {
  build,
  metadataProblems,
  nameProblems,
  ownerOf,
  readLifetime,
  showCreated,
} from './api-key-creation.js';
import { type ApiKeyChange, changeProblems, ensureOwner, update } from './api-key-update.js';

const actions = 'cluster:admin/xpack/security/cross_cluster/api_key';
const roleName = 'cross_cluster';
const searchPrivileges = ['read', 'read_cross_cluster', 'view_index_metadata'];
const replicationPrivileges = ['cross_cluster_replication', 'cross_cluster_replication_internal'];

interface Access {
  readonly search?: readonly IndexPrivileges[] | undefined;
  readonly replication?: readonly IndexPrivileges[] | undefined;
}

function indicesField(privileges: readonly string[]): Field<readonly IndexPrivileges[] | undefined> {
  return {
    tokens: ['array', 'object'],
    required: false,
    read(node, document) {
      if (node.kind === 'array' && node.end === undefined) refuseBroken(document);
      const items = node.kind === 'array' ? node.items : [node];
      return items.map((item) => readIndices(item, document, privileges));
    },
  };
}

function readIndices(node: JsonNode, document: JsonDocument, privileges: readonly string[]): IndexPrivileges {
  if (node.kind !== 'object') {
    const reason = `failed to parse indices privileges for role [${roleName}]. expected field [names] value to be an array of objects, but found an array element of type [${tokenName(node)}]`;
    throw new Refusal(parseFailure(reason));
  }
  return parseIndices(roleName, node, document, { privileges });
}

const accessParser = objectParser<Access>('cross_cluster_api_key_request_access', {
  search: indicesField(searchPrivileges),
  replication: indicesField(replicationPrivileges),
});

const access: Field<Access | undefined> = {
  tokens: ['object'],
  required: false,
  read: (node, document) => accessParser.parse(document, node),
};

interface KeyBody {
  readonly access?: Access | undefined;
  readonly expiration?: string | undefined;
  readonly metadata?: JsonMap | undefined;
  readonly certificate_identity?: string | null | undefined;
}

type KeyFields = { readonly [K in keyof KeyBody]-?: Field<KeyBody[K]> };

/** Of an update: `null` takes it away. */
const identityOrNone: Field<string | null | undefined> = {
  tokens: ['string', 'null'],
  required: false,
  read: (node, document) => (node.kind === 'null' ? null : checkIdentity(readString(node, document))),
};

/** What is wrong with the pattern is said in Java's words there, and left out here. */
function checkIdentity<T extends string | undefined>(pattern: T): T {
  try {
    if (pattern !== undefined) new RegExp(pattern);
  } catch {
    refuse(illegalArgument(`Invalid certificate_identity format: [${pattern}]. Must be a valid regex.`));
  }
  return pattern;
}

function fieldsOf(version: Version, identity: Field<string | null | undefined>): KeyFields {
  const fields = { access, expiration: text, metadata: map, certificate_identity: identity };
  if (version.certificateIdentity) return fields;
  const { certificate_identity: _, ...older } = fields;
  // A field that is not declared is unknown, which is what it was then.
  return older as KeyFields;
}

/** The privileges that an access amounts to (`CrossClusterApiKeyRoleDescriptorBuilder`). */
function roleOf({ search = [], replication = [] }: Access, version: Version): RoleDescriptor {
  if (search.length === 0 && replication.length === 0) {
    return refuse(illegalArgument('must specify non-empty access for either [search] or [replication]'));
  }
  const hidesSomething = (item: IndexPrivileges): boolean =>
    item.query !== undefined || item.grantedFields !== undefined;
  if (version.separatesHiddenSearches && replication.length > 0 && search.some(hidesSomething)) {
    const reason = 'search does not support document or field level security if replication is assigned';
    return refuse(illegalArgument(reason));
  }
  if (replication.some(hidesSomething)) {
    return refuse(illegalArgument('replication does not support document or field level security'));
  }
  const searching = version.enrichesSearches
    ? ['cross_cluster_search', 'monitor_enrich']
    : ['cross_cluster_search'];
  const cluster = [
    ...(search.length > 0 ? searching : []),
    ...(replication.length > 0 ? ['cross_cluster_replication'] : []),
  ];
  return { ...noPrivileges, cluster, indices: [...search, ...replication] };
}

function showAccess({ search, replication }: Access): JsonValue {
  const show = (items: readonly IndexPrivileges[] | undefined): JsonValue | undefined =>
    items === undefined || items.length === 0
      ? undefined
      : items.map((item) => ({ ...showIndices(item), privileges: undefined }));
  return { search: show(search), replication: show(replication) };
}

interface CreateRequest {
  readonly name: string;
  readonly access: Access;
  readonly role: RoleDescriptor;
  readonly lifetimeMs: number | undefined;
  readonly metadata: JsonMap;
  readonly certificateIdentity: string | undefined;
}

function readCreate(call: Call): CreateRequest {
  const parser = objectParser<KeyBody & { readonly name: string; readonly access: Access }>(
    'cross_cluster_api_key_request',
    { name: requiredText, ...fieldsOf(call.version, text), access: required(access) },
  );
  const body = parser.parse(documentOf(call));
  return {
    name: body.name,
    access: body.access,
    lifetimeMs: readLifetime(body.expiration, parser.name),
    ...build(parser.name, () => ({
      role: roleOf(body.access, call.version),
      certificateIdentity: checkIdentity(body.certificate_identity ?? undefined),
    })),
    metadata: body.metadata ?? emptyMap,
  };
}

function create(security: Security, request: CreateRequest, { authentication }: Call): Answer {
  if (authentication.apiKey !== undefined) {
    const reason =
      'authentication via API key not supported: An API key cannot be used to create a cross-cluster API key';
    refuse(illegalArgument(reason));
  }
  const { name, role, lifetimeMs, metadata, certificateIdentity } = request;
  const created = security.apiKeys.create({
    name,
    type: 'cross_cluster',
    // It is not limited by what its owner may do here, because it is used elsewhere.
    owner: { ...ownerOf(security, authentication), limitedBy: new Map() },
    roleDescriptors: new Map([[roleName, role]]),
    metadata,
    lifetimeMs,
    access: showAccess(request.access),
    ...(certificateIdentity !== undefined && { certificateIdentity }),
  });
  return answer(showCreated(created));
}

interface UpdateRequest extends ApiKeyChange {
  readonly id: string;
}

function readUpdate(call: Call): UpdateRequest {
  const parser = objectParser<KeyBody>(
    'update_cross_cluster_api_key_request_payload',
    fieldsOf(call.version, identityOrNone),
  );
  const body = parser.parse(documentOf(call));
  return {
    id: segment(call, 'id'),
    type: 'cross_cluster',
    roleDescriptors: body.access && new Map([[roleName, roleOf(body.access, call.version)]]),
    access: body.access && showAccess(body.access),
    metadata: body.metadata,
    lifetimeMs: readLifetime(body.expiration, parser.name),
    certificateIdentity: body.certificate_identity,
  };
}

function updateProblems(request: UpdateRequest, version: Version): string[] {
  const { roleDescriptors, metadata, certificateIdentity } = request;
  const problems = changeProblems(request, version);
  if (roleDescriptors === undefined && metadata === undefined && certificateIdentity === undefined) {
    problems.push(
      version.certificateIdentity
        ? 'must update [access], [metadata], or [certificate_identity] for cross-cluster API keys'
        : 'must update either [access] or [metadata] for cross-cluster API keys',
    );
  }
  return problems;
}

/** The routes of this chapter. */
export const crossClusterKeyRoutes: readonly Route[] = [
  route<CreateRequest>({
    methods: ['POST'],
    paths: ['/_security/cross_cluster/api_key'],
    exists: (version) => version.crossClusterKeys,
    unavailable: withoutCrossClusterKeys,
    query: ['refresh'],
    body: 'required',
    read: readCreate,
    validate: ({ name, metadata }) => [...nameProblems(name), ...metadataProblems(metadata)],
    action: () => `${actions}/create`,
    needs: ['changes'],
    run: create,
  }),
  route<UpdateRequest>({
    methods: ['PUT'],
    paths: ['/_security/cross_cluster/api_key/{id}'],
    exists: (version) => version.crossClusterKeys,
    unavailable: withoutCrossClusterKeys,
    body: 'required',
    read: readUpdate,
    validate: updateProblems,
    action: () => `${actions}/update`,
    needs: ['documents'],
    run(security, request, { authentication }) {
      ensureOwner(authentication);
      return answer({ updated: update(security, request.id, request, authentication) });
    },
  }),
];

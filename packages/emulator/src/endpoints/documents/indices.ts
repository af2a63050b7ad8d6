/** Indices: making, showing and removing them, and the fields of their documents. */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  inChunks,
  type Route,
  refuse,
  route,
  segment,
} from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import type { Index } from '../../documents/documents.js';
import {
  type IndexDefinition,
  parseIndexDefinition,
  parseMappingBody,
  plainIndex,
} from '../../documents/index-definition.js';
import { indexNameProblem, invalidIndexName } from '../../documents/index-names.js';
import type { MappedFields } from '../../documents/mapping.js';
import { showFields, visibleFields } from '../../documents/mapping-view.js';
import { illegalArgument } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';
import type { Version } from '../../wire/version.js';
import { type Caller, callerOf, readTarget, type Target, targetParameters } from './index-request.js';

const actions = {
  create: 'indices:admin/create',
  get: 'indices:admin/get',
  delete: 'indices:admin/delete',
  refresh: 'indices:admin/refresh',
  getMapping: 'indices:admin/mappings/get',
  putMapping: 'indices:admin/mapping/put',
};

interface CreateRequest {
  readonly name: string;
  readonly definition: IndexDefinition;
}

function readCreate(call: Call): CreateRequest {
  const definition = call.body === undefined ? plainIndex : parseIndexDefinition(documentOf(call));
  return { name: segment(call, 'index'), definition };
}

function create(security: Security, { name, definition }: CreateRequest, { authentication }: Call): Answer {
  // A name that no index can have is complained about first: nobody could have a privilege for it.
  const problem = indexNameProblem(name);
  if (problem !== undefined) refuse(invalidIndexName(name, problem));
  callerOf(security, authentication).ensureMay(actions.create, name);
  security.indices.create(name, definition);
  return answer({ acknowledged: true, shards_acknowledged: true, index: name });
}

/** Elasticsearch never removes what was not named, unless it is told otherwise in its settings. */
function remove(security: Security, target: Target, { authentication }: Call): Answer {
  const { expression } = target;
  if (security.version.major > 7 && (/\*/.test(expression) || expression === '_all')) {
    refuse(illegalArgument('Wildcard expressions or all indices are not allowed'));
  }
  for (const { name } of callerOf(security, authentication).resolve(actions.delete, target)) {
    security.indices.remove(name);
  }
  return answer({ acknowledged: true });
}

/** The fields of an index that the caller may see. */
function mappingsOf(caller: Caller, action: string, indices: readonly Index[]): JsonValue[] {
  return caller.visible(action, indices).map(({ index, access }) => {
    const fields = index.mapping.fields();
    return showFields(access.limitsFields ? visibleFields(fields, access.seesField) : fields);
  });
}

function show(security: Security, target: Target, { authentication, version }: Call): Answer {
  const caller = callerOf(security, authentication);
  const indices = caller.resolve(actions.get, target);
  const mappings = mappingsOf(caller, actions.get, indices);
  const shown = indices.map((index, at): [string, JsonValue] => [
    index.name,
    { aliases: {}, mappings: mappings[at], settings: { index: settingsOf(index, version) } },
  ]);
  return inChunks(answer(new Map(shown)), version.chunksIndices);
}

function settingsOf({ name, uuid, createdAt, shards, replicas }: Index, version: Version): JsonValue {
  return {
    routing: { allocation: { include: { _tier_preference: 'data_content' } } },
    number_of_shards: String(shards),
    provided_name: name,
    creation_date: String(createdAt),
    number_of_replicas: String(replicas),
    uuid,
    version: { created: String(version.indexVersion) },
  };
}

function showMapping(security: Security, target: Target, { authentication, version }: Call): Answer {
  const caller = callerOf(security, authentication);
  const indices = caller.resolve(actions.getMapping, target);
  const mappings = mappingsOf(caller, actions.getMapping, indices);
  const shown = indices.map(({ name }, at): [string, JsonValue] => [name, { mappings: mappings[at] }]);
  return inChunks(answer(new Map(shown)), version.chunksMappings);
}

interface PutMappingRequest {
  readonly target: Target;
  readonly fields: MappedFields;
}

function putMapping(
  security: Security,
  { target, fields }: PutMappingRequest,
  { authentication }: Call,
): Answer {
  for (const { mapping } of callerOf(security, authentication).resolve(actions.putMapping, target)) {
    mapping.add(fields);
  }
  return answer({ acknowledged: true });
}

/** There is nothing to be done: whatever was written can be found. */
function refresh(security: Security, target: Target, { authentication }: Call): Answer {
  const indices = callerOf(security, authentication).resolve(actions.refresh, target);
  const sum = (count: (index: Index) => number): number =>
    indices.reduce((all, index) => all + count(index), 0);
  const shards = sum((index) => index.shards);
  const total = sum((index) => index.shards * (1 + index.replicas));
  return answer({ _shards: { total, successful: shards, failed: 0 } });
}

const timeouts: readonly string[] = ['master_timeout', 'timeout', 'wait_for_active_shards'];

/** The routes of this chapter; whoever may do what is decided with the indices. */
export const indexRoutes: readonly Route[] = [
  route<CreateRequest>({
    methods: ['PUT'],
    paths: ['/{index}'],
    query: timeouts,
    body: 'optional',
    read: readCreate,
    action: () => actions.create,
    free: () => true,
    run: create,
  }),
  route<Target>({
    methods: ['GET', 'HEAD'],
    paths: ['/{index}'],
    query: [...targetParameters, 'local', 'master_timeout'],
    read: readTarget,
    action: () => actions.get,
    free: () => true,
    run: show,
  }),
  route<Target>({
    methods: ['DELETE'],
    paths: ['/{index}'],
    query: [...targetParameters, 'master_timeout', 'timeout'],
    read: readTarget,
    action: () => actions.delete,
    free: () => true,
    run: remove,
  }),
  route<undefined>({
    methods: ['DELETE'],
    paths: ['/'],
    query: [...targetParameters, 'master_timeout', 'timeout'],
    read: () => undefined,
    validate: () => ['index / indices is missing'],
    action: () => actions.delete,
    run: () => refuse(illegalArgument('Wildcard expressions or all indices are not allowed')),
  }),
  route<Target>({
    methods: ['GET'],
    paths: ['/_mapping', '/{index}/_mapping'],
    query: [...targetParameters, 'local', 'master_timeout'],
    read: readTarget,
    action: () => actions.getMapping,
    free: () => true,
    run: showMapping,
  }),
  route<PutMappingRequest>({
    methods: ['PUT', 'POST'],
    paths: ['/{index}/_mapping'],
    query: [...targetParameters, 'master_timeout', 'timeout'],
    body: 'required',
    read: (call) => ({ target: readTarget(call), fields: parseMappingBody(documentOf(call)) }),
    action: () => actions.putMapping,
    free: () => true,
    run: putMapping,
  }),
  route<Target>({
    methods: ['GET', 'POST'],
    paths: ['/_refresh', '/{index}/_refresh'],
    query: targetParameters,
    read: readTarget,
    action: () => actions.refresh,
    free: () => true,
    run: refresh,
  }),
];

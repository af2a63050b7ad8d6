/** Role mappings: `/_security/role_mapping`. */

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
import type { Security } from '../../cluster/security.js';
import { parseRule, type RoleMapping, type Rule } from '../../identities/role-mappings.js';
import { type RoleTemplate, roleTemplates, tryRoleTemplate } from '../../identities/role-templates.js';
import { type ApiError, illegalArgument, parseFailure, Refusal } from '../../wire/envelope.js';
import { type JsonDocument, locationOf } from '../../wire/json-parser.js';
import { emptyMap, type JsonMap, type JsonValue } from '../../wire/json-value.js';
import { type Field, flag, map, objectParser, texts } from '../../wire/object-parser.js';
import type { Version } from '../../wire/version.js';
import { namesIn } from '../accounts/users.js';

const actions = 'cluster:admin/xpack/security/role_mapping';

interface Rules {
  readonly rule: Rule;
  readonly source: JsonMap;
}

interface MappingBody {
  readonly roles?: string[] | undefined;
  readonly role_templates?: readonly RoleTemplate[] | undefined;
  readonly enabled?: boolean | undefined;
  readonly rules?: Rules | undefined;
  readonly metadata?: JsonMap | undefined;
}

const rules: Field<Rules | undefined> = {
  tokens: ['object'],
  required: false,
  read(node, document) {
    const source = map.read(node, document) ?? emptyMap;
    const rule = parseRule(source);
    return 'problem' in rule ? refuse(parseFailure(rule.problem)) : { rule, source };
  },
};

const mappingParser = objectParser<MappingBody>('role-mapping', {
  roles: texts,
  role_templates: roleTemplates,
  enabled: flag,
  rules,
  metadata: map,
});

/** What is wrong with one is said once more, with its place (`ExpressionRoleMapping.parse`). */
function parseMapping(document: JsonDocument): MappingBody {
  try {
    return mappingParser.parse(document);
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || !complaints.has(refusal.error.type)) throw refusal;
    const { error, at = 0 } = refusal;
    const [line = 1, col = 1] = locationOf(document, at).split(':').map(Number);
    throw new Refusal({
      status: 400,
      type: 'parsing_exception',
      reason: error.reason,
      metadata: { line, col },
      cause: error,
    });
  }
}

// What is an `IllegalArgumentException` in Java.
const complaints: ReadonlySet<string> = new Set([
  'illegal_argument_exception',
  'x_content_parse_exception',
  'x_content_e_o_f_exception',
]);

interface PutRequest extends MappingBody {
  readonly name: string;
}

function readPut(call: Call): PutRequest {
  const name = segment(call, 'name');
  const document = documentOf(call);
  const body = parseMapping(document);
  const missing =
    body.roles === undefined && body.role_templates === undefined
      ? 'roles'
      : (['rules', 'enabled'] as const).find((field) => body[field] === undefined);
  if (missing !== undefined) refuse(missingField(name, missing, document));
  return { ...body, name };
}

/** Complained about where the body ends, with the complaint once more as its cause. */
function missingField(name: string, field: string, document: JsonDocument): ApiError {
  const reason = `failed to parse role-mapping [${name}]. missing field [${field}]`;
  const { root } = document;
  const end = root.kind === 'object' ? (root.end ?? root.at) : root.at;
  const [line = 1, col = 1] = locationOf(document, end).split(':').map(Number);
  const error = { status: 400, type: 'parsing_exception', reason, metadata: { line, col } };
  return { ...error, root: error, cause: { status: 400, type: 'illegal_state_exception', reason } };
}

function putProblems(
  { roles = [], role_templates: templates = [], metadata = emptyMap }: PutRequest,
  version: Version,
): string[] {
  const problems: string[] = [];
  const hasTemplates = templates.length > 0;
  if (roles.length === 0 && !hasTemplates) problems.push('role-mapping roles or role-templates are missing');
  if (roles.length > 0 && hasTemplates)
    problems.push('role-mapping cannot have both roles and role-templates');
  if (version.hasReadOnlyMappings && metadata.has('_read_only')) {
    problems.push(
      'metadata contains [_read_only] flag. You cannot create or update role-mappings with a read-only flag',
    );
  } else if ([...metadata.keys()].some((key) => key.startsWith('_'))) {
    problems.push('metadata keys may not start with [_]');
  }
  return problems;
}

// What names of mappings end in that come from a file.
const readOnlySuffix = '-read-only-operator-mapping';

function put({ roleMappings, version }: Security, { name, rules: given, ...body }: PutRequest): Answer {
  if (version.hasReadOnlyMappings && name.endsWith(readOnlySuffix)) {
    const reason = `Invalid mapping name [${name}]. [${readOnlySuffix}] is not an allowed suffix`;
    return refuse(illegalArgument(reason));
  }
  if (given === undefined) return refuse(parseFailure('role-mapping rules are missing'));
  const { role_templates: templates = [] } = body;
  for (const template of templates) tryRoleTemplate(template);
  const created = roleMappings.put(name, {
    enabled: body.enabled ?? true,
    roles: body.roles ?? [],
    roleTemplates: templates,
    rule: given.rule,
    rules: given.source,
    metadata: body.metadata ?? emptyMap,
  });
  return answer({ role_mapping: { created } });
}

function showTemplate({ template, format }: RoleTemplate): JsonValue {
  return { template, format };
}

function show(mapping: RoleMapping): JsonValue {
  return {
    enabled: mapping.enabled,
    roles: mapping.roles.length === 0 ? undefined : mapping.roles,
    role_templates: mapping.roleTemplates.length === 0 ? undefined : mapping.roleTemplates.map(showTemplate),
    rules: mapping.rules,
    metadata: mapping.metadata,
  };
}

function get({ roleMappings }: Security, names: readonly string[] | undefined): Answer {
  const found = new Map<string, JsonValue>();
  for (const [name, mapping] of roleMappings.all()) {
    if (names === undefined || names.includes(name)) found.set(name, show(mapping));
  }
  return answer(found, names !== undefined && found.size === 0 ? 404 : 200);
}

/** The routes of this chapter. */
export const roleMappingRoutes: readonly Route[] = [
  route<PutRequest>({
    methods: ['PUT', 'POST'],
    paths: ['/_security/role_mapping/{name}'],
    query: ['refresh'],
    body: 'required',
    read: readPut,
    validate: putProblems,
    action: () => `${actions}/put`,
    needs: ['changes'],
    run: put,
  }),
  route<string[] | undefined>({
    methods: ['GET'],
    paths: ['/_security/role_mapping', '/_security/role_mapping/{name}'],
    read: (call) => namesIn(segment(call, 'name')),
    action: () => `${actions}/get`,
    needs: ['documents'],
    run: get,
  }),
  route<string>({
    methods: ['DELETE'],
    paths: ['/_security/role_mapping/{name}'],
    query: ['refresh'],
    read: (call) => segment(call, 'name'),
    action: () => `${actions}/delete`,
    needs: ['removal'],
    run({ roleMappings }, name) {
      const found = roleMappings.remove(name);
      return answer({ found }, found ? 200 : 404);
    },
  }),
];

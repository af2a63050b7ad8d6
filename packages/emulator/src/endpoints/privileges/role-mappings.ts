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
import { parseFailure } from '../../wire/envelope.js';
import { emptyMap, type JsonMap, type JsonValue } from '../../wire/json-value.js';
import { anything, type Field, flag, map, objectParser, texts } from '../../wire/object-parser.js';
import { namesIn } from '../accounts/users.js';

const actions = 'cluster:admin/xpack/security/role_mapping';

interface Rules {
  readonly rule: Rule;
  readonly source: JsonMap;
}

interface MappingBody {
  readonly roles?: string[] | undefined;
  readonly role_templates?: JsonValue | undefined;
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
  role_templates: anything,
  enabled: flag,
  rules,
  metadata: map,
});

interface PutRequest extends MappingBody {
  readonly name: string;
}

function readPut(call: Call): PutRequest {
  return { ...mappingParser.parse(documentOf(call)), name: segment(call, 'name') };
}

function putProblems({
  roles = [],
  role_templates: templates,
  rules: given,
  metadata = emptyMap,
}: PutRequest): string[] {
  const problems: string[] = [];
  const hasTemplates = Array.isArray(templates) && templates.length > 0;
  if (roles.length === 0 && !hasTemplates) problems.push('role-mapping roles or role-templates are missing');
  if (roles.length > 0 && hasTemplates)
    problems.push('role-mapping cannot have both roles and role-templates');
  if (given === undefined) problems.push('role-mapping rules are missing');
  if ([...metadata.keys()].some((key) => key.startsWith('_'))) {
    problems.push('metadata keys may not start with [_]');
  }
  return problems;
}

function put({ roleMappings }: Security, { name, rules: given, ...body }: PutRequest): Answer {
  if (given === undefined) return refuse(parseFailure('role-mapping rules are missing'));
  const created = roleMappings.put(name, {
    enabled: body.enabled ?? true,
    roles: body.roles ?? [],
    roleTemplates: body.role_templates,
    rule: given.rule,
    rules: given.source,
    metadata: body.metadata ?? emptyMap,
  });
  return answer({ role_mapping: { created } });
}

function show(mapping: RoleMapping): JsonValue {
  return {
    enabled: mapping.enabled,
    roles: mapping.roleTemplates === undefined ? mapping.roles : undefined,
    role_templates: mapping.roleTemplates,
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
    run: put,
  }),
  route<string[] | undefined>({
    methods: ['GET'],
    paths: ['/_security/role_mapping', '/_security/role_mapping/{name}'],
    read: (call) => namesIn(segment(call, 'name')),
    action: () => `${actions}/get`,
    run: get,
  }),
  route<string>({
    methods: ['DELETE'],
    paths: ['/_security/role_mapping/{name}'],
    query: ['refresh'],
    read: (call) => segment(call, 'name'),
    action: () => `${actions}/delete`,
    run({ roleMappings }, name) {
      const found = roleMappings.remove(name);
      return answer({ found }, found ? 200 : 404);
    },
  }),
];

/**
 * The settings of the indices of security, `/_security/settings`, and what nodes count of the roles that hide
 * documents, `/_security/stats`: nothing, since nothing of it is kept here.
 */

import { type Answer, answer, documentOf, type Route, refuse, route } from '../../cluster/endpoint.js';
import {
  type SecurityIndexName,
  type SettingChanges,
  securityIndexNames,
  settingsProblems,
} from '../../cluster/index-settings.js';
import { nodeId } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import { illegalArgument } from '../../wire/envelope.js';
import { emptyMap, type JsonMap, type JsonValue } from '../../wire/json-value.js';
import { map, objectParser } from '../../wire/object-parser.js';

type SettingsBody = { readonly [Name in SecurityIndexName]?: JsonMap | undefined };

const parser = objectParser<SettingsBody>('update_security_settings_request', {
  security: map,
  'security-tokens': map,
  'security-profile': map,
});

/** Whether there is such an index. */
function exists({ index, tokens, profiles }: Security, name: SecurityIndexName): boolean {
  switch (name) {
    case 'security':
      return index.exists();
    case 'security-tokens':
      return tokens.hasIssued();
    case 'security-profile':
      return profiles.exist();
  }
}

function get(security: Security): Answer {
  const shown = securityIndexNames.map((name): [string, JsonValue] => [
    name,
    exists(security, name) ? nested(security.indexSettings.of(name)) : {},
  ]);
  return answer(new Map(shown));
}

/** Settings by their names, as objects in each other. */
function nested(settings: ReadonlyMap<string, string>): JsonValue {
  const index = new Map<string, JsonValue>();
  for (const [name, value] of settings) {
    const [first = name, ...inner] = name.split('.');
    index.set(
      first,
      inner.reduceRight<JsonValue>((content, part) => ({ [part]: content }), value),
    );
  }
  return { index };
}

function update(security: Security, changes: SettingChanges): Answer {
  const { indexSettings, index } = security;
  for (const name of changes.keys()) {
    if (!exists(security, name))
      refuse(illegalArgument(`the [.${name}] index is not in use on this system yet`));
  }
  // A full disk lets nothing be set of an index; what else can be wrong with one does not matter here.
  const obstacle = changes.has('security') ? index.ailment()?.needs.changes : undefined;
  if (typeof obstacle === 'object' && obstacle.status === 429) refuse(obstacle);
  indexSettings.set(changes);
  return answer({ acknowledged: true });
}

const noCache = {
  count: 0,
  memory: '0b',
  memory_in_bytes: 0,
  hits: 0,
  misses: 0,
  evictions: 0,
  hits_time_in_millis: 0,
  misses_time_in_millis: 0,
};

/** The routes of this chapter. */
export const securitySettingsRoutes: readonly Route[] = [
  route<undefined>({
    methods: ['GET'],
    paths: ['/_security/settings'],
    exists: (version) => version.hasSecuritySettings,
    query: ({ timesSecuritySettings }) => (timesSecuritySettings ? ['master_timeout'] : []),
    read: () => undefined,
    action: () => 'cluster:admin/xpack/security/settings/get',
    run: get,
  }),
  route<SettingChanges>({
    methods: ['PUT'],
    paths: ['/_security/settings'],
    exists: (version) => version.hasSecuritySettings,
    query: ({ timesSecuritySettings }) => (timesSecuritySettings ? ['master_timeout', 'timeout'] : []),
    body: 'required',
    read(call) {
      const body = parser.parse(documentOf(call));
      const given = securityIndexNames.map((name) => [name, body[name] ?? emptyMap] as const);
      return new Map(given.filter(([, settings]) => settings.size > 0));
    },
    validate: settingsProblems,
    action: () => 'cluster:admin/xpack/security/settings/update',
    run: update,
  }),
  route<undefined>({
    methods: ['GET'],
    paths: ['/_security/stats'],
    exists: (version) => version.reportsSecurityStats,
    read: () => undefined,
    action: () => 'cluster:monitor/xpack/security/stats',
    run: () => answer({ nodes: { [nodeId]: { roles: { dls: { bit_set_cache: noCache } } } } }),
  }),
];

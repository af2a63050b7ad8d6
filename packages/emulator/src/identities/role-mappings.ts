/**
 * Role mappings: rules that give roles to users whose realm does not say which they have: those of Kerberos
 * and of JSON Web Tokens.
 */

import { isPattern, matchesPattern } from '../names/name-patterns.js';
import { flattened } from '../search/query.js';
import { isMap, type JsonMap, type JsonValue } from '../wire/json-value.js';
import { type RoleTemplate, rolesFrom } from './role-templates.js';
import type { Realm, User } from './user.js';

/** A rule: who is meant. */
export type Rule =
  | { readonly kind: 'field'; readonly name: string; readonly values: readonly JsonValue[] }
  | { readonly kind: 'any' | 'all'; readonly rules: readonly Rule[] }
  | { readonly kind: 'except'; readonly rule: Rule };

/** A mapping. */
export interface RoleMapping {
  readonly enabled: boolean;
  readonly roles: readonly string[];
  /** What is filled in for each user, to give more roles. */
  readonly roleTemplates: readonly RoleTemplate[];
  readonly rule: Rule;
  /** The rule as it was sent. */
  readonly rules: JsonMap;
  readonly metadata: JsonMap;
}

/** The role mappings of an emulator. */
export interface RoleMappings {
  all(): ReadonlyMap<string, RoleMapping>;
  /** @returns whether the mapping is new */
  put(name: string, mapping: RoleMapping): boolean;
  /** @returns whether there was such a mapping */
  remove(name: string): boolean;
  /**
   * The roles that the mappings give to a user.
   *
   * @throws Refusal if a template of one that applies gives none
   */
  rolesOf(user: User, realm: Realm, standing?: Standing): string[];
}

/** What a realm knows about a user beside what everybody can see of one. */
export interface Standing {
  readonly groups: readonly string[];
  /** The distinguished name. */
  readonly dn: string | undefined;
}

const nobody: Standing = { groups: [], dn: undefined };

/** Makes the store. */
export function createRoleMappings(): RoleMappings {
  const mappings = new Map<string, RoleMapping>();
  return {
    all: () => mappings,
    put(name, mapping) {
      const created = !mappings.has(name);
      mappings.set(name, mapping);
      return created;
    },
    remove: (name) => mappings.delete(name),
    rolesOf(user, realm, standing = nobody) {
      const values = (name: string): readonly string[] => valuesOf(name, user, realm, standing);
      const applying = [...mappings.values()].filter(({ enabled, rule }) => enabled && applies(rule, values));
      const model = modelOf(user, realm, standing);
      const given = applying.flatMap(({ roles, roleTemplates }) => [
        ...roles,
        ...roleTemplates.flatMap((template) => rolesFrom(template, model)),
      ]);
      return [...new Set(given)];
    },
  };
}

function applies(rule: Rule, valuesOf: (name: string) => readonly string[]): boolean {
  switch (rule.kind) {
    case 'any':
      return rule.rules.some((inner) => applies(inner, valuesOf));
    case 'all':
      return rule.rules.every((inner) => applies(inner, valuesOf));
    case 'except':
      return !applies(rule.rule, valuesOf);
    case 'field': {
      const found = valuesOf(rule.name);
      return rule.values.some((wanted) =>
        wanted === null ? found.length === 0 : found.some((value) => isMeant(String(wanted), value)),
      );
    }
  }
}

function isMeant(wanted: string, value: string): boolean {
  return isPattern(wanted) ? matchesPattern(wanted, value) : wanted === value;
}

/** What a template can know of a user: names with points in them are names, not ways (`UserData.asModel`). */
function modelOf(user: User, realm: Realm, { groups, dn }: Standing): JsonMap {
  return new Map<string, JsonValue>([
    ['username', user.username],
    ...(dn === undefined ? [] : [['dn', dn] as const]),
    ['groups', groups],
    ...[...user.metadata].map(([name, value]) => [`metadata.${name}`, value] as const),
    ['realm.name', realm.name],
  ]);
}

/** What a user has under the name of a field. */
function valuesOf(name: string, user: User, realm: Realm, { groups, dn }: Standing): readonly string[] {
  if (name === 'username') return [user.username];
  if (name === 'realm.name') return [realm.name];
  if (name === 'groups') return groups;
  if (name === 'dn') return dn === undefined ? [] : [dn];
  return name.startsWith('metadata.')
    ? flattened(user.metadata, name.slice('metadata.'.length).split('.'))
    : [];
}

/** @returns the rule, or in Elasticsearch's words what is wrong with it */
export function parseRule(rules: JsonValue): Rule | { readonly problem: string } {
  if (!isMap(rules))
    return { problem: 'failed to parse rules expression. expected [START_OBJECT] but found another value' };
  const [entry, second] = rules;
  if (entry === undefined || second !== undefined) {
    return {
      problem: `failed to parse rules expression. object should have 1 member, but has ${rules.size}`,
    };
  }
  const [kind, content] = entry;
  switch (kind) {
    case 'any':
    case 'all': {
      if (!Array.isArray(content))
        return { problem: `failed to parse rules expression. field [${kind}] requires an array` };
      const inner: Rule[] = [];
      for (const item of content) {
        const rule = parseRule(item);
        if ('problem' in rule) return rule;
        inner.push(rule);
      }
      return { kind, rules: inner };
    }
    case 'except': {
      const rule = parseRule(content);
      return 'problem' in rule ? rule : { kind, rule };
    }
    case 'field': {
      const [field, more] = isMap(content) ? content : [];
      if (field === undefined || more !== undefined) {
        return { problem: 'failed to parse rules expression. object [field] must contain exactly one field' };
      }
      const [name, value] = field;
      return { kind, name, values: Array.isArray(value) ? value : [value] };
    }
    default:
      return {
        problem: `failed to parse rules expression. field [${kind}] is not recognised; expected any of [any, all, except, field]`,
      };
  }
}

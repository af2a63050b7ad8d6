/**
 * Privileges of applications other than Elasticsearch: names for sets of actions, which the applications
 * choose and Elasticsearch only keeps. What roles make of them is in `permissions.ts`.
 */

import { matchesPattern } from '../names/name-patterns.js';
import type { JsonMap } from '../wire/json-value.js';

/** A named privilege of an application. */
export interface ApplicationPrivilege {
  readonly application: string;
  readonly name: string;
  readonly actions: readonly string[];
  readonly metadata: JsonMap;
}

/** Some names of privileges of one application, and the actions they stand for together. */
export interface ResolvedPrivileges {
  readonly application: string;
  readonly names: readonly string[];
  /** Patterns over actions. */
  readonly actions: readonly string[];
}

/** The application privileges of an emulator. */
export interface ApplicationPrivileges {
  /** By application, then by name. */
  all(): Iterable<ApplicationPrivilege>;
  find(application: string, name: string): ApplicationPrivilege | undefined;
  /** @returns whether the privilege is new */
  put(privilege: ApplicationPrivilege): boolean;
  /** @returns whether there was such a privilege */
  remove(application: string, name: string): boolean;
  /**
   * What names, or actions in place of names, stand for. A pattern of applications stands for all that fit and
   * have a privilege of one of the names in `known`, or for itself if there is none.
   */
  resolve(application: string, names: readonly string[], known?: ReadonlySet<string>): ResolvedPrivileges[];
}

/** Makes the store. */
export function createApplicationPrivileges(): ApplicationPrivileges {
  const stored = new Map<string, Map<string, ApplicationPrivilege>>();
  const find = (application: string, name: string): ApplicationPrivilege | undefined =>
    stored.get(application)?.get(name);

  function resolveIn(application: string, names: readonly string[]): ResolvedPrivileges {
    const actions = names.flatMap((name) =>
      isPrivilegeName(name) ? (find(application, name)?.actions ?? []) : [name],
    );
    return { application, names, actions: [...new Set(actions)] };
  }

  return {
    find,
    *all() {
      for (const [, ofApplication] of stored) yield* ofApplication.values();
    },
    put(privilege) {
      const ofApplication = stored.get(privilege.application) ?? new Map<string, ApplicationPrivilege>();
      const created = !ofApplication.has(privilege.name);
      stored.set(privilege.application, ofApplication.set(privilege.name, privilege));
      return created;
    },
    remove(application, name) {
      const ofApplication = stored.get(application);
      const found = ofApplication?.delete(name) ?? false;
      if (ofApplication?.size === 0) stored.delete(application);
      return found;
    },
    resolve(application, names, known = new Set<string>()) {
      if (!application.includes('*')) return [resolveIn(application, names)];
      const fitting = [...stored]
        .filter(([candidate]) => matchesPattern(application, candidate))
        .filter(([, ofApplication]) => [...ofApplication.keys()].some((name) => known.has(name)));
      return fitting.length === 0
        ? [resolveIn(application, names)]
        : fitting.map(([candidate]) => resolveIn(candidate, names));
    },
  };
}

const privilegeName = /^[a-z][a-zA-Z0-9_.-]*$/;

/** Whether a text is the name of a privilege, and not an action or a pattern of actions. */
export function isPrivilegeName(text: string): boolean {
  return privilegeName.test(text);
}

/** What is wrong with the name of a stored privilege, or `undefined`. */
export function privilegeNameProblem(name: string): string | undefined {
  if (isPrivilegeName(name)) return undefined;
  return `Application privilege names must match the pattern ^[a-z][a-zA-Z0-9_.-]*$ (found '${name}')`;
}

/** What is wrong with the name of a privilege or an action in a role, or `undefined`. */
export function actionProblem(text: string): string | undefined {
  if (/^[!-~]*$/.test(text)) return undefined;
  return `Application privilege names and actions must match the pattern ^\\p{Graph}*$ (found '${text}')`;
}

/** What is wrong with an action that a stored privilege stands for: it has to look different from a name. */
export function storedActionProblem(action: string): string | undefined {
  return /[/*:]/.test(action)
    ? actionProblem(action)
    : `action [${action}] must contain one of [ '/' , '*' , ':' ]`;
}

const prefixForm = /^[a-z][A-Za-z0-9]*$/;
const whitespace = /\s/;
const forbiddenInFiles = /[\\/*?"<>| ,]/;

/**
 * What is wrong with the name of an application, or `undefined`.
 *
 * @param wildcard whether it may end in a star
 */
export function applicationProblem(application: string, wildcard = false): string | undefined {
  const found = `(found '${application}')`;
  if (application === '') return 'Application names cannot be blank';
  const star = application.indexOf('*');
  if (star >= 0) {
    if (!wildcard) return `Application names may not contain '*' ${found}`;
    if (application === '*') return undefined;
    if (star !== application.length - 1)
      return `Application name patterns only support trailing wildcards ${found}`;
  }
  if (whitespace.test(application)) return `Application names may not contain whitespace ${found}`;
  const separator = application.search(/[_-]/);
  const prefix = (separator < 0 ? application : application.slice(0, separator)).replace(/\*$/, '');
  if (!prefixForm.test(prefix)) {
    return `An application name prefix must match the pattern ^[a-z][A-Za-z0-9]*$ (found '${prefix}')`;
  }
  if (prefix.length < 3 && star < 0) {
    return `An application name prefix must be at least 3 characters long (found '${prefix}')`;
  }
  const suffix = separator < 0 ? '' : application.slice(separator + 1).replace(wildcard ? /\*$/ : /$^/, '');
  if (!forbiddenInFiles.test(suffix)) return undefined;
  return `An application name suffix may not contain any of the characters '\\/*?"<>| ,' (found '${suffix}')`;
}

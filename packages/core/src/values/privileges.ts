// A question about privileges, and its answer, in the shape that Elasticsearch gives both
// (`POST /_security/user/_has_privileges`). Taken apart into facts, each one privilege on one resource, because
// those are what is remembered and what several questions have in common. Nothing is asked here.

import { InvalidPrivilegesError } from './errors.js';
import { deepFreeze, isRecord, own, parseJson } from './json.js';

/** What is asked: one or more sections, with Elasticsearch's field names. */
export interface PrivilegesQuestion {
  /** Names of cluster privileges, such as `monitor`. */
  readonly cluster?: readonly string[] | undefined;
  readonly index?: readonly IndexPrivileges[] | undefined;
  readonly application?: readonly ApplicationPrivileges[] | undefined;
}

/** Privileges on indices, as `_has_privileges` takes them. */
export interface IndexPrivileges {
  /** Names of indices, data streams or aliases. One with a wildcard asks for all that it covers. */
  readonly names: string | readonly string[];
  /** Such as `read`. */
  readonly privileges: readonly string[];
  /** Whether a wildcard covers restricted indices too. Default `false`. */
  readonly allow_restricted_indices?: boolean | undefined;
}

/** Privileges of an application of your own, as `_has_privileges` takes them. */
export interface ApplicationPrivileges {
  readonly application: string;
  /** Names of the application's privileges, or actions. */
  readonly privileges: readonly string[];
  /** What the privileges are asked on. One with a wildcard asks for all that it covers. */
  readonly resources: readonly string[];
}

/** What Elasticsearch answers, for everything that was asked. Made for one caller; its tables have no prototype. */
export interface Privileges {
  readonly has_all_requested: boolean;
  readonly cluster: Granted;
  /** By index. */
  readonly index: Readonly<Record<string, Granted>>;
  /** By application, then by resource. */
  readonly application: Readonly<Record<string, Readonly<Record<string, Granted>>>>;
}

/** By privilege. */
export type Granted = Readonly<Record<string, boolean>>;

/** One privilege on one resource. */
export interface Fact {
  /** Tells it apart from all others of the same caller. */
  readonly key: string;
  readonly section: keyof PrivilegesQuestion;
  /** Where the answer stands, below its section: the resource, if the section has any, and the privilege. */
  readonly path: readonly string[];
  readonly restricted: boolean;
}

/** Bounds of one question: its answer must fit into an answer that is read. */
const maxFacts = 1_000;
const maxCharacters = 100_000;

const members: Readonly<Record<keyof PrivilegesQuestion, readonly string[]>> = {
  cluster: [],
  index: ['names', 'privileges', 'allow_restricted_indices'],
  application: ['application', 'privileges', 'resources'],
};

/**
 * Takes a question apart; what is asked twice counts once.
 *
 * @throws {InvalidPrivilegesError} `invalid_privileges` if it is empty, not of this shape or too large.
 */
export function factsOf(question: PrivilegesQuestion): readonly Fact[] {
  const known = factsOfStatic.get(question);
  if (known !== undefined) return known;
  const facts = new Map<string, Fact>();
  let characters = 0;
  const add = (section: Fact['section'], path: readonly string[], restricted = false) => {
    const key = JSON.stringify([section, restricted, ...path]);
    // Repetitions too: a list of them may come from whoever calls, and takes time.
    characters += key.length;
    facts.set(key, { key, section, path, restricted });
    if (facts.size > maxFacts || characters > maxCharacters) {
      fail(`a question asks for at most ${maxFacts} privileges, in ${maxCharacters} characters`);
    }
  };

  const sections = record('privileges', question, Object.keys(members));
  for (const privilege of texts('cluster', sections.cluster, true)) add('cluster', [privilege]);
  for (const entry of entries('index', sections.index)) {
    const { names, privileges, allow_restricted_indices: restricted = false } = entry;
    if (typeof restricted !== 'boolean') fail('index.allow_restricted_indices must be true or false');
    for (const name of texts('index.names', typeof names === 'string' ? [names] : names)) {
      for (const privilege of texts('index.privileges', privileges))
        add('index', [name, privilege], restricted);
    }
  }
  for (const entry of entries('application', sections.application)) {
    const [application = ''] = texts('application.application', [entry.application]);
    for (const resource of texts('application.resources', entry.resources)) {
      for (const privilege of texts('application.privileges', entry.privileges)) {
        add('application', [application, resource, privilege]);
      }
    }
  }
  if (facts.size === 0) fail('a question must ask for at least one privilege');
  return [...facts.values()];
}

/** Questions that cannot change, and their facts. */
const factsOfStatic = new WeakMap<object, readonly Fact[]>();

/** A copy of a question that cannot change, so that it is taken apart only once. Throws as `factsOf` does. */
export function freezeQuestion(question: PrivilegesQuestion): PrivilegesQuestion {
  const facts = factsOf(question);
  const frozen = deepFreeze(questionOf(facts));
  factsOfStatic.set(frozen, facts);
  return frozen;
}

/** One question that asks for all of these facts. */
export function questionOf(facts: readonly Fact[]): PrivilegesQuestion {
  const cluster: string[] = [];
  const grouped = new Map<string, { readonly fact: Fact; readonly privileges: string[] }>();
  for (const fact of facts) {
    const { section, path, restricted } = fact;
    const privilege = path.at(-1) ?? '';
    const resource = JSON.stringify([section, restricted, ...path.slice(0, -1)]);
    const group = grouped.get(resource);
    if (section === 'cluster') cluster.push(privilege);
    else if (group === undefined) grouped.set(resource, { fact, privileges: [privilege] });
    else group.privileges.push(privilege);
  }
  const index: IndexPrivileges[] = [];
  const application: ApplicationPrivileges[] = [];
  for (const { fact, privileges } of grouped.values()) {
    const [first = '', second = ''] = fact.path;
    if (fact.section === 'application') {
      application.push({ application: first, privileges, resources: [second] });
    } else {
      index.push({ names: [first], privileges, ...(fact.restricted && { allow_restricted_indices: true }) });
    }
  }
  return {
    ...(cluster.length > 0 && { cluster }),
    ...(index.length > 0 && { index }),
    ...(application.length > 0 && { application }),
  };
}

/**
 * Facts that can be asked together. An answer names an index but not whether restricted ones were meant, so the
 * same privilege on the same index, with and without them, takes two questions.
 */
export function askable(facts: readonly Fact[]): readonly (readonly Fact[])[] {
  const taken = new Set<string>();
  const together: Fact[] = [];
  const apart: Fact[] = [];
  for (const fact of facts) {
    const place = JSON.stringify([fact.section, ...fact.path]);
    (taken.has(place) ? apart : together).push(fact);
    taken.add(place);
  }
  return [together, apart].filter((group) => group.length > 0);
}

/** @returns what an answer says of each of these facts, or `undefined` if it does not say it of all. */
export function readAnswer(
  text: string,
  facts: readonly Fact[],
): { readonly username: string; readonly granted: ReadonlyMap<string, boolean> } | undefined {
  const body = parseJson(text);
  const username = own(body, 'username');
  // What is an error too is neither.
  if (typeof username !== 'string' || own(body, 'error') !== undefined) return undefined;
  const granted = new Map<string, boolean>();
  for (const { key, section, path } of facts) {
    const said = [section, ...path].reduce(own, body);
    if (typeof said !== 'boolean') return undefined;
    granted.set(key, said);
  }
  return { username, granted };
}

/** Puts an answer together from facts. Not frozen, as nobody else has it: that would be a third of what it costs. */
export function privilegesOf(facts: readonly Fact[], isGranted: (fact: Fact) => boolean): Privileges {
  const sections = { cluster: table(), index: table(), application: table() };
  let all = true;
  for (const fact of facts) {
    const granted = isGranted(fact);
    all &&= granted;
    const last = fact.path.length - 1;
    let place = sections[fact.section];
    for (const step of fact.path.slice(0, last)) {
      place[step] ??= table();
      // Only the last step of a path is a boolean.
      place = place[step] as Table;
    }
    const privilege = fact.path[last] ?? '';
    // With and without restricted indices: both must be granted.
    place[privilege] = granted && place[privilege] !== false;
  }
  // Of the same depth as the facts' paths, which follow their sections.
  return { has_all_requested: all, ...sections } as unknown as Privileges;
}

/** Whether an answer grants all that a question, which may be a part of what was asked, asks for. */
export function grants(answer: Privileges, question: PrivilegesQuestion): boolean {
  return factsOf(question).every(({ section, path }) => [section, ...path].reduce(own, answer) === true);
}

type Table = { [name: string]: boolean | Table };

/** Without a prototype: names come from applications, and from whoever calls them. */
function table(): Table {
  return Object.create(null);
}

function record(what: string, value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) fail(`${what} must be an object`);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) fail(`${what} has an unknown member; known are ${known.join(', ')}`);
  return { ...value };
}

function entries(section: 'index' | 'application', value: unknown): Readonly<Record<string, unknown>>[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) fail(`${section} must be a list`);
  return value.map((entry) => record(`an entry of ${section}`, entry, members[section]));
}

function texts(what: string, value: unknown, optional = false): readonly string[] {
  if (value === undefined && optional) return [];
  const good = Array.isArray(value) && [...value].every((text) => typeof text === 'string' && text !== '');
  if (!good || (value.length === 0 && !optional)) fail(`${what} must be given, as texts that are not empty`);
  return value;
}

function fail(message: string): never {
  throw new InvalidPrivilegesError(message);
}

// The few things that histories about privileges ask for, in ways that overlap. Some spell the number of the
// question in their answers, so that each answer says of which question it is; others are granted or not.

import type { Privileges, PrivilegesQuestion } from '@esauth/core';

/** Something that is asked for as a whole. */
export interface Item {
  readonly name: string;
  readonly places: readonly Place[];
  /** Its privileges spell the number of the question that was answered. */
  readonly coded: boolean;
  /** There is no such privilege. */
  readonly bogus: boolean;
}

/** One privilege on one resource. */
interface Place {
  readonly restricted: boolean;
  /** Where it stands in an answer. */
  readonly path: readonly [section: keyof PrivilegesQuestion, ...names: string[]];
}

/** Numbers of questions are below. */
export const codes = 256;
const bits = Math.log2(codes);

const spelled = (...path: Place['path']): readonly Place['path'][] =>
  Array.from({ length: bits }, (_, bit) => [...path, `bit ${bit}`]);
function item(name: string, paths: readonly Place['path'][], marks: Partial<Item & Place> = {}): Item {
  const { coded = false, bogus = false, restricted = false } = marks;
  return { name, coded, bogus, places: paths.map((path) => ({ path, restricted })) };
}

export const items: readonly [Item, ...Item[]] = [
  item('cluster', spelled('cluster'), { coded: true }),
  item('docs', spelled('index', 'docs'), { coded: true }),
  item('docs, restricted too', spelled('index', 'docs'), { coded: true, restricted: true }),
  item('resource', spelled('application', 'app', 'resource/1'), { coded: true }),
  item('monitor', [['cluster', 'monitor']]),
  item('logs*', [['index', 'logs*', 'read']]),
  item('names of a prototype', [['application', '__proto__', 'constructor', 'toString']]),
  item('bogus', [['cluster', 'bogus']], { bogus: true }),
];

export function questionAbout(asked: readonly Item[]): PrivilegesQuestion {
  const places = asked.flatMap((each) => each.places);
  const of = (section: string) => places.filter(({ path }) => path[0] === section);
  return {
    cluster: of('cluster').map(({ path: [, privilege = ''] }) => privilege),
    index: of('index').map(({ path: [, names = '', privilege = ''], restricted }) => ({
      names,
      privileges: [privilege],
      allow_restricted_indices: restricted,
    })),
    application: of('application').map(({ path: [, application = '', resource = '', privilege = ''] }) => ({
      application,
      privileges: [privilege],
      resources: [resource],
    })),
  };
}

/** @returns what a question on the wire asks for, or what is wrong with it. */
export function readQuestion(body: string): readonly Item[] | string {
  const { cluster = [], index = [], application = [] } = JSON.parse(body) as PrivilegesQuestion;
  const places: Place[] = [
    ...cluster.map((privilege): Place => ({ path: ['cluster', privilege], restricted: false })),
    ...index.flatMap(({ names, privileges, allow_restricted_indices: restricted = false }) =>
      [names]
        .flat()
        .flatMap((name) =>
          privileges.map((privilege): Place => ({ path: ['index', name, privilege], restricted })),
        ),
    ),
    ...application.flatMap(({ application: name, privileges, resources }) =>
      resources.flatMap((resource) =>
        privileges.map(
          (privilege): Place => ({
            path: ['application', name, resource, privilege],
            restricted: false,
          }),
        ),
      ),
    ),
  ];
  const keys = new Set(places.map((place) => JSON.stringify(place)));
  const has = ({ path, restricted }: Place) => keys.has(JSON.stringify({ path, restricted }));
  const found = items.filter((each) => each.places.every(has));
  const paths = new Set(places.map(({ path }) => String(path)));
  if (paths.size < places.length) return 'asks for one thing twice, and cannot tell the answers apart';
  if (found.flatMap((each) => each.places).length < places.length) return 'asks for what nobody asked for';
  return found;
}

/** What a question is answered, `value` being a number for what is coded and 0 or 1 for the rest. */
export function answerAbout(
  username: string,
  asked: readonly Item[],
  value: (item: Item) => number,
): Record<string, unknown> {
  const body = { cluster: {}, index: {}, application: {} };
  for (const each of asked) {
    for (const [bit, { path }] of each.places.entries()) {
      let place: Record<string, unknown> = body;
      for (const step of path.slice(0, -1)) {
        if (!Object.hasOwn(place, step)) define(place, step, {});
        place = place[step] as Record<string, unknown>;
      }
      define(place, path.at(-1) ?? '', ((value(each) >> bit) & 1) === 1);
    }
  }
  // Not to be relied on: parts of the question may have been known before.
  return { username, has_all_requested: true, ...body };
}

/** As JSON.parse does: `__proto__` is a name like any other. */
function define(place: object, name: string, value: unknown): void {
  Object.defineProperty(place, name, { value, enumerable: true, writable: true, configurable: true });
}

/** The value of an item in what a caller was told; `undefined` if it is not there, or not whole. */
export function codeOf(told: Privileges, { places }: Item): number | undefined {
  let value = 0;
  for (const [bit, { path }] of places.entries()) {
    const said = path.reduce(
      (at: unknown, step) => Object.getOwnPropertyDescriptor(Object(at), step)?.value,
      told,
    );
    if (typeof said !== 'boolean') return undefined;
    value += Number(said) << bit;
  }
  return value;
}

/** How many privileges a caller was told of. */
export function sizeOf(told: object): number {
  return Object.values(told).reduce(
    (sum: number, each: unknown) => sum + (typeof each === 'object' && each !== null ? sizeOf(each) : 1),
    0,
  );
}

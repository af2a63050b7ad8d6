// The entry of an API key as an administrator sees it, in lines for a person.

import type { ApiKeyInfo } from '@esauth/client';
import { own } from '@esauth/core';
import { instant } from '../explaining/jwt-causes.js';

type Row = readonly [name: string, text: string];

/** @param now by the clock of the node, in milliseconds since the epoch */
export function keyRows(key: ApiKeyInfo, now: number): readonly Row[] {
  const at = (ms: number) => instant(ms / 1_000);
  const { expiration, invalidation, role_descriptors: descriptors } = key;
  const ended = expiration !== undefined && expiration <= now;
  const until = expiration === undefined ? 'for ever' : `${at(expiration)}${ended ? ', which is over' : ''}`;
  const since = invalidation === undefined ? '' : ` at ${at(invalidation)}`;
  const ofOwner: Row = ['rights', 'those that its owner had when it was made'];
  return [
    ['API key', `${key.name ?? 'without a name'}${key.type === undefined ? '' : `, type ${key.type}`}`],
    ['owner', `${key.username}, of the realm ${key.realm}`],
    ['created', at(key.creation)],
    ['valid until', until],
    ...(key.invalidated ? [['state', `invalidated${since}`] as const] : []),
    // Told since 8.5.
    ...(descriptors === undefined
      ? [['rights', 'not told'] as const]
      : Object.keys(descriptors).length === 0
        ? [ofOwner]
        : rightsRows('rights', descriptors)),
    ...(key.limited_by ?? []).flatMap((each) => rightsRows('and within', each)),
  ];
}

/** What role descriptors allow, a line for each group. */
function rightsRows(name: string, descriptors: Readonly<Record<string, unknown>>): readonly Row[] {
  return Object.entries(descriptors).flatMap(([role, descriptor]): readonly Row[] => {
    const cluster = textsIn(own(descriptor, 'cluster'));
    const indices = listIn(own(descriptor, 'indices') ?? own(descriptor, 'index')).map((group) => {
      const hidden = ['query', 'field_security'].some((part) => own(group, part) !== undefined);
      const on = `${textsIn(own(group, 'privileges'))} on index:${textsIn(own(group, 'names'))}`;
      return hidden ? `${on} (not all documents or fields)` : on;
    });
    const applications = listIn(own(descriptor, 'applications')).map(
      (group) =>
        `${textsIn(own(group, 'privileges'))} on app:${textsIn(own(group, 'application'))}` +
        `/${textsIn(own(group, 'resources'))}`,
    );
    const runAs = textsIn(own(descriptor, 'run_as'));
    const restriction = own(descriptor, 'restriction');
    const lines = [
      ...(cluster === '' ? [] : [`${cluster} on the cluster`]),
      ...indices,
      ...applications,
      ...(runAs === '' ? [] : [`run as ${runAs}`]),
      ...(restriction === undefined
        ? []
        : [`only in the workflows ${textsIn(own(restriction, 'workflows'))}`]),
    ];
    const all = lines.length === 0 ? ['nothing'] : lines;
    return all.map((line, at) => [at === 0 ? name : '', `${role}: ${line}`]);
  });
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsIn(value: unknown): string {
  return [value]
    .flat()
    .filter((each) => typeof each === 'string')
    .join(',');
}

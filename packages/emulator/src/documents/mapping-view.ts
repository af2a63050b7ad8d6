/** How the mapping of an index is shown, whole or the part of it that somebody may see. */

import type { JsonValue } from '../wire/json-value.js';
import type { MappedField, MappedFields } from './mapping.js';

/** The fields that somebody may see, and the other forms of them; of objects those with such a field in them. */
export function visibleFields(fields: MappedFields, sees: (path: string) => boolean): MappedFields {
  const visible = new Map<string, MappedField>();
  for (const [path, field] of fields) {
    if (field.type === 'object' || !sees(path)) continue;
    const others = [...(field.fields ?? [])].filter(([name]) => sees(`${path}.${name}`));
    const { fields: _, ...alone } = field;
    visible.set(path, others.length === 0 ? alone : { ...alone, fields: new Map(others) });
  }
  return visible;
}

/** A mapping as Elasticsearch shows it: a tree, in which the names are sorted. */
export function showFields(fields: MappedFields): JsonValue {
  const tree: Branch = { branches: new Map() };
  for (const [path, field] of [...fields].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let branch = tree;
    for (const name of path.split('.')) {
      const next = branch.branches.get(name) ?? { branches: new Map() };
      branch.branches.set(name, next);
      branch = next;
    }
    branch.field = field;
  }
  return tree.branches.size === 0 ? {} : { properties: showBranches(tree) };
}

interface Branch {
  readonly branches: Map<string, Branch>;
  field?: MappedField;
}

function showBranches({ branches }: Branch): JsonValue {
  return new Map(
    [...branches].map(([name, branch]) => {
      const { field } = branch;
      return field === undefined || field.type === 'object'
        ? [name, branch.branches.size === 0 ? { type: 'object' } : { properties: showBranches(branch) }]
        : [name, showField(field)];
    }),
  );
}

function showField({ type, ignoreAbove, fields }: MappedField): JsonValue {
  return {
    type,
    fields: fields && new Map([...fields].map(([name, field]) => [name, showField(field)])),
    ignore_above: ignoreAbove,
  };
}

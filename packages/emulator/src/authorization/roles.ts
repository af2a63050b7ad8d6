/**
 * The roles by name: those that Elasticsearch brings along, and those that were stored.
 */

import type { RoleDescriptor, RoleDescriptors } from '../privileges/role-descriptor.js';
import type { Version } from '../wire/version.js';
import { reservedRoles } from './reserved-roles.js';

/** The roles of an emulator. */
export interface Roles {
  find(name: string): RoleDescriptor | undefined;
  /** Those of the names that exist, with their descriptors. */
  resolve(names: readonly string[]): RoleDescriptors;
  all(): RoleDescriptors;
  /** @returns whether the role is new */
  put(name: string, role: RoleDescriptor): boolean;
  /** @returns whether there was such a stored role */
  remove(name: string): boolean;
  /** Changes whenever a role does. */
  generation(): number;
}

/** Makes the role store, with the reserved roles in it. */
export function createRoles(version: Version): Roles {
  const reserved = reservedRoles(version);
  const stored = new Map<string, RoleDescriptor>();
  let generation = 0;
  const find = (name: string): RoleDescriptor | undefined => reserved.get(name) ?? stored.get(name);

  return {
    find,
    resolve(names) {
      const found = new Map<string, RoleDescriptor>();
      for (const name of names) {
        const role = find(name);
        if (role !== undefined) found.set(name, role);
      }
      return found;
    },
    all: () => new Map([...stored, ...reserved]),
    put(name, role) {
      generation++;
      const created = !stored.has(name);
      stored.set(name, role);
      return created;
    },
    remove(name) {
      generation++;
      return stored.delete(name);
    },
    generation: () => generation,
  };
}

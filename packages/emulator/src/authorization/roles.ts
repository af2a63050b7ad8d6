/**
 * The roles by name: those that Elasticsearch brings along, those in a file, and those that were stored.
 */

import type { RoleDescriptor, RoleDescriptors } from '../privileges/role-descriptor.js';
import type { Version } from '../wire/version.js';
import { reservedRoles } from './reserved-roles.js';

/** The roles of an emulator. */
export interface Roles {
  find(name: string): RoleDescriptor | undefined;
  /** Those of the names that exist, with their descriptors. */
  resolve(names: readonly string[]): RoleDescriptors;
  /** The same without those in a file, which can not be managed. */
  findAll(names: readonly string[]): RoleDescriptors;
  /** All that can be managed. */
  all(): RoleDescriptors;
  /** Whether it is neither reserved nor in a file. */
  isStored(name: string): boolean;
  /** @returns whether the role is new */
  put(name: string, role: RoleDescriptor): boolean;
  /** @returns whether there was such a stored role */
  remove(name: string): boolean;
  /** Changes whenever a role does. */
  generation(): number;
}

/** Makes the role store, with the reserved roles in it. */
export function createRoles(version: Version, inFile: RoleDescriptors): Roles {
  const reserved = reservedRoles(version);
  const stored = new Map<string, RoleDescriptor>();
  let generation = 0;
  type Find = (name: string) => RoleDescriptor | undefined;
  const find: Find = (name) => reserved.get(name) ?? stored.get(name);

  function allOf(names: readonly string[], find: Find): RoleDescriptors {
    const found = new Map<string, RoleDescriptor>();
    for (const name of names) {
      const role = find(name);
      if (role !== undefined) found.set(name, role);
    }
    return found;
  }

  return {
    find,
    resolve: (names) => allOf(names, (name) => reserved.get(name) ?? inFile.get(name) ?? stored.get(name)),
    findAll: (names) => allOf(names, find),
    all: () => new Map([...stored, ...reserved]),
    isStored: (name) => stored.has(name),
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

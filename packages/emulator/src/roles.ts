/**
 * The roles by name: those that Elasticsearch brings along, and those that were stored.
 */

import { reservedMetadata } from './identity.js';
import { noPrivileges, type RoleDescriptor, type RoleDescriptors } from './role-descriptor.js';
import type { Version } from './version.js';

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

const everything: RoleDescriptor = {
  cluster: ['all'],
  indices: [
    { names: ['*'], privileges: ['all'], allowRestrictedIndices: false },
    {
      names: ['*'],
      privileges: ['monitor', 'read', 'view_index_metadata', 'read_cross_cluster'],
      allowRestrictedIndices: true,
    },
  ],
  applications: [{ application: '*', privileges: ['*'], resources: ['*'] }],
  runAs: ['*'],
  metadata: reservedMetadata,
  reserved: true,
};

function reservedRole(role: Partial<RoleDescriptor>): RoleDescriptor {
  return { ...noPrivileges, metadata: reservedMetadata, reserved: true, ...role };
}

// Elasticsearch has some forty reserved roles. These are the ones that people give to users of an API; of
// the others, only those of the reserved users are here, with their cluster privileges.
const reservedRoles: RoleDescriptors = new Map<string, RoleDescriptor>([
  ['superuser', everything],
  [
    'viewer',
    reservedRole({
      indices: [
        {
          names: ['/~(([.]|ilm-history-).*)/'],
          privileges: ['read', 'view_index_metadata'],
          allowRestrictedIndices: false,
        },
      ],
    }),
  ],
  [
    'editor',
    reservedRole({
      indices: [
        {
          names: ['/~(([.]|ilm-history-).*)/'],
          privileges: ['read', 'view_index_metadata'],
          allowRestrictedIndices: false,
        },
      ],
    }),
  ],
  [
    'monitoring_user',
    reservedRole({
      cluster: ['cluster:monitor/main', 'cluster:monitor/xpack/info', 'cluster:monitor/remote/info'],
      indices: [
        {
          names: ['.monitoring-*'],
          privileges: ['read', 'read_cross_cluster'],
          allowRestrictedIndices: false,
        },
      ],
    }),
  ],
  ['ingest_admin', reservedRole({ cluster: ['manage_index_templates', 'manage_pipeline'] })],
  [
    'kibana_system',
    reservedRole({
      cluster: [
        'monitor',
        'manage_index_templates',
        'manage_saml',
        'manage_oidc',
        'manage_token',
        'manage_pipeline',
        'manage_ilm',
        'manage_transform',
        'grant_api_key',
        'manage_own_api_key',
        'delegate_pki',
      ],
    }),
  ],
  ['logstash_system', reservedRole({ cluster: ['monitor', 'cluster:admin/xpack/monitoring/bulk'] })],
  ['beats_system', reservedRole({ cluster: ['monitor', 'cluster:admin/xpack/monitoring/bulk'] })],
  ['apm_system', reservedRole({ cluster: ['monitor', 'cluster:admin/xpack/monitoring/bulk'] })],
  [
    'remote_monitoring_agent',
    reservedRole({ cluster: ['manage_index_templates', 'manage_ingest_pipelines', 'monitor'] }),
  ],
  ['remote_monitoring_collector', reservedRole({ cluster: ['monitor'] })],
]);

/** Whether only Elasticsearch itself may define a role of this name. */
export function isReservedRole(name: string): boolean {
  return reservedRoles.has(name);
}

/** Until 8.0 the superuser could also change restricted indices. */
const olderSuperuser: RoleDescriptor = {
  ...everything,
  indices: [{ names: ['*'], privileges: ['all'], allowRestrictedIndices: true }],
};

/** Makes the role store, with the reserved roles in it. */
export function createRoles(version: Version): Roles {
  const reserved =
    version.major === 7 ? new Map(reservedRoles).set('superuser', olderSuperuser) : reservedRoles;
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

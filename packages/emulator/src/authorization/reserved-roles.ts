/**
 * The roles that Elasticsearch brings along, by release: those of 8.x, what was added to them there, and in 9.x those
 * that a 9.5.0 was recorded to have. Of these, the roles of which nothing was recorded are those of 8.x, without
 * descriptions. The order is that in which 9.5 finds them.
 */

import { reservedMetadata } from '../identities/identity.js';
import { kibanaRole } from '../privileges/kibana-role.js';
import {
  type IndexPrivileges,
  noPrivileges,
  type RoleDescriptor,
  type RoleDescriptors,
} from '../privileges/role-descriptor.js';
import type { JsonMap } from '../wire/json-value.js';
import { isSince, type Version } from '../wire/version.js';
import { alsoRestricted, inKibana, olderSuperuser, on, type Row, reservedRows } from './reserved-rows.js';

const reading = ['read', 'view_index_metadata'];

// What roles of 9.x have that those of 8.x have not, or have otherwise.
const newer: Readonly<Record<string, Row>> = {
  superuser: {
    description:
      'Grants full access to cluster management and data indices. This role also grants direct read-only access ' +
      'to restricted indices like .security. A user with this role can impersonate any other user in the system, ' +
      'manage security and create roles with unlimited privileges. Take extra care when assigning it to a user.',
  },
  logstash_admin: {
    description:
      'Grants access to the .logstash* indices for managing configurations, and grants necessary access for ' +
      'logstash-specific APIs exposed by the logstash x-pack plugin.',
  },
  transform_user: {
    description:
      'Grants monitor_transform cluster privileges, which enable you to perform read-only operations related to ' +
      'transforms. This role also includes all Kibana privileges for the machine learning features.',
  },
  reporting_user: {
    applications: inKibana('reserved_reporting_user'),
    deprecated: 'Please grant access via Kibana privileges instead.',
    description:
      'Grants the necessary privileges required to use reporting features in Kibana, including generating and ' +
      'downloading reports. This role implicitly grants access to all Kibana reporting features, with each user ' +
      'having access only to their own reports. Note that reporting users should also be assigned additional ' +
      'roles that grant read access to Kibana, and the indices that will be used to generate reports.',
  },
  enrich_user: {
    indices: [alsoRestricted(on('.enrich-*', ...reading)), on('.enrich-*', 'manage', 'write')],
    description:
      'Grants access to manage all enrich indices (.enrich-*) and all operations on ingest pipelines.',
  },
  viewer: {
    cluster: ['monitor_inference'],
    indices: [
      on('/~(([.]|ilm-history-).*)/', ...reading),
      on('.slo-observability.*', ...reading),
      on('.evaluation-*', ...reading),
      on(
        [
          ...['.siem-signals*', '.lists-*', '.items-*'],
          ...['.reindexed-v8-siem-signals*', '.reindexed-v8-lists-*', '.reindexed-v8-items-*'],
          '.entities.v1.latest.security_*',
          '.asset-criticality.asset-criticality-*',
          '.entity_analytics.monitoring*',
          '.entities.*.history.*',
        ],
        ...reading,
      ),
      on(['.alerts*', '.preview.alerts*', '.adhoc.alerts*'], ...reading),
      on(['profiling-*', '.profiling-*'], ...reading),
    ],
    description:
      'Grants read-only access to all features in Kibana (including Solutions) and to data indices.',
  },
  remote_monitoring_collector: {
    description: 'Grants the minimum privileges required to collect monitoring data for the Elastic Stack.',
  },
  snapshot_user: {
    description:
      'Grants the necessary privileges to create snapshots of all the indices and to view their metadata. This ' +
      'role enables users to view the configuration of existing snapshot repositories and snapshot details. It ' +
      'does not grant authority to remove or add repositories or to restore snapshots. It also does not enable ' +
      'to change index settings or to read or update data stream or index data.',
  },
  inference_user: { description: 'Grants access necessary to perform inference.' },
  kibana_admin: { description: 'Grants access to all features in Kibana.' },
  monitoring_user: {
    description:
      'Grants the minimum privileges required for any user of X-Pack monitoring other than those required to use ' +
      'Kibana. This role grants access to the monitoring indices and grants privileges necessary for reading basic ' +
      'cluster information. This role also includes all Kibana privileges for the Elastic Stack monitoring ' +
      'features. Monitoring users should also be assigned the kibana_admin role, or another role with access to ' +
      'the Kibana instance.',
  },
  kibana_system: kibanaRole,
};

// Roles that are not in every release: the first that has each, and whether 9.0 has it no more.
const since: Readonly<Record<string, readonly [number, number]>> = {
  inference_admin: [8, 14],
  inference_user: [8, 14],
};
const endedWith8 = ['apm_user', 'data_frame_transforms_admin', 'data_frame_transforms_user'];

const privilegesElsewhere = ['superuser', 'monitoring_user'];

function rowOf(name: string, version: Version): Row {
  if (version.major === 7 && name === 'superuser') return olderSuperuser;
  const row = { ...reservedRows[name], ...(version.major >= 9 ? newer[name] : {}) };
  if (!version.crossClusterKeys || !privilegesElsewhere.includes(name)) return row;
  const elsewhere = (entry: IndexPrivileges): IndexPrivileges => ({ ...entry, clusters: ['*'] });
  const remoteIndices = row.indices?.map(elsewhere) ?? [];
  if (name !== 'superuser' || !version.remoteClusterPrivileges) return { ...row, remoteIndices };
  const privileges = ['monitor_enrich', ...(isSince(version, [8, 17]) ? ['monitor_stats'] : [])];
  return { ...row, remoteIndices, remoteCluster: [{ privileges, clusters: ['*'] }] };
}

function roleOf({ deprecated, ...role }: Row): RoleDescriptor {
  const metadata: JsonMap =
    deprecated === undefined
      ? reservedMetadata
      : new Map([...reservedMetadata, ['_deprecated', true], ['_deprecated_reason', deprecated]]);
  return { ...noPrivileges, ...role, metadata };
}

const names = [...new Set([...Object.keys(newer), ...Object.keys(reservedRows)])];

function isThere(name: string, version: Version): boolean {
  return isSince(version, since[name]) && !(version.major >= 9 && endedWith8.includes(name));
}

/** The roles of a release, by name. */
export function reservedRoles(version: Version): RoleDescriptors {
  const there = names.filter((name) => isThere(name, version));
  return new Map(there.map((name) => [name, roleOf(rowOf(name, version))]));
}

/** Whether only Elasticsearch itself may define a role of this name. */
export function isReservedRole(name: string, version: Version): boolean {
  return names.includes(name) && isThere(name, version);
}

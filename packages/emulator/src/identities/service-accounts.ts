/**
 * Service accounts, which Elasticsearch brings along, and the tokens that were made for them. The tokens
 * never expire and are kept only as digests.
 */

import { kibanaRole } from '../privileges/kibana-role.js';
import { type IndexPrivileges, noPrivileges, type RoleDescriptor } from '../privileges/role-descriptor.js';
import { decodeBase64 } from '../wire/base64.js';
import { emptyMap } from '../wire/json-value.js';
import { isSince, type Version } from '../wire/version.js';
import { type Digest, digest, type Secrets } from './secrets.js';

/** `‹namespace›/‹service›`. */
export type ServiceAccountName = string;

/** What a service token says about itself. */
export interface PresentedServiceToken {
  readonly account: ServiceAccountName;
  readonly name: string;
  readonly secret: string;
}

/** The service accounts of an emulator. */
export interface ServiceAccounts {
  /** What the account is allowed, or `undefined` if there is no such account. */
  role(account: ServiceAccountName): RoleDescriptor | undefined;
  names(): ServiceAccountName[];
  /** @returns the token, the only time it can be seen, or `undefined` if the name is taken */
  createToken(account: ServiceAccountName, name: string): string | undefined;
  tokenNames(account: ServiceAccountName): string[];
  /** @returns whether there was such a token */
  deleteToken(account: ServiceAccountName, name: string): boolean;
  /** The names of the tokens in a file. */
  fileTokenNames(account: ServiceAccountName): string[];
  /** Whether there can be such a token at all; otherwise nobody looks for it. */
  isPossible(token: PresentedServiceToken): boolean;
  /** @returns where the token was found; `undefined`: nowhere */
  authenticate(token: PresentedServiceToken): 'file' | 'index' | undefined;
}

/** The secrets of tokens by account and name. */
export type ServiceTokens = ReadonlyMap<ServiceAccountName, ReadonlyMap<string, string>>;

// `ServiceAccountService.authenticateToken`
const shortestSecret = 10;

const magic = Buffer.from([0, 1, 0, 1]);

function on(names: readonly string[], ...privileges: readonly string[]): IndexPrivileges {
  return { names, privileges, allowRestrictedIndices: false };
}

/** The same with Elasticsearch's own indices among them. */
function alsoRestricted(entry: IndexPrivileges): IndexPrivileges {
  return { ...entry, allowRestrictedIndices: true };
}

const fleetApplication = { application: 'kibana-*', privileges: ['reserved_fleet-setup'], resources: ['*'] };
const streams = ['logs-*', 'metrics-*', 'traces-*'];
const endpointLogs = ['diagnostic.collection', 'action.responses', 'heartbeat'].map(
  (name) => `.logs-endpoint.${name}-*`,
);
const shipping = ['write', 'create_index', 'auto_configure'];
const managing = ['read', 'write', 'monitor', 'create_index', 'auto_configure', 'maintenance'];

function fleetIndices(names: string): IndexPrivileges[] {
  return names.split(' ').map((name) => alsoRestricted(on([`.fleet-${name}*`], ...managing)));
}

function role(
  cluster: readonly string[],
  indices: readonly IndexPrivileges[],
  applications: RoleDescriptor['applications'] = [],
): RoleDescriptor {
  return { ...noPrivileges, cluster, indices, applications, metadata: emptyMap };
}

interface Account {
  readonly name: ServiceAccountName;
  readonly role: RoleDescriptor;
  readonly since?: readonly [number, number];
  readonly before?: readonly [number, number];
}

// Those of 9.x are as a 9.5.0 was recorded to have them, in its order. Of the privileges that Kibana and the search
// server had on indices before, only the main ones are here.
const accounts: readonly Account[] = [
  {
    name: 'elastic/fleet-server-remote',
    since: [8, 12],
    role: role(['monitor', 'manage_own_api_key'], [on(streams, ...shipping)]),
  },
  {
    name: 'elastic/auto-ops',
    since: [8, 16],
    role: role(
      ['monitor', 'read_ilm', 'read_slm'],
      [alsoRestricted(on(['*'], 'monitor', 'view_index_metadata'))],
    ),
  },
  {
    name: 'elastic/enterprise-search-server',
    before: [9, 0],
    role: role(
      ['manage', 'manage_security', 'read_connector_secrets', 'write_connector_secrets'],
      [on(['search-*', '.ent-search-*', '.monitoring-ent-search-*'], 'manage', 'read', 'write')],
    ),
  },
  {
    name: 'elastic/fleet-server',
    before: [9, 0],
    role: role(
      ['monitor', 'manage_own_api_key', 'read_fleet_secrets'],
      [
        on([...streams, ...endpointLogs], ...shipping),
        on(['profiling-*'], 'read', 'write'),
        on(['traces-apm.sampled-*'], 'read', 'monitor', 'maintenance'),
        alsoRestricted(on(['.fleet-secrets*'], 'read')),
        ...fleetIndices('actions agents artifacts enrollment-api-keys policies policies-leader servers'),
        on(['synthetics-*'], 'read', ...shipping),
      ],
      [fleetApplication],
    ),
  },
  {
    name: 'elastic/fleet-server',
    since: [9, 0],
    role: role(
      ['monitor', 'manage_own_api_key', 'read_fleet_secrets', 'cluster:admin/xpack/connector/*'],
      [
        on(['logs', 'logs.*', ...streams, ...endpointLogs], ...shipping),
        on(['profiling-*'], 'read', 'write'),
        on(['traces-apm.sampled-*'], 'read', 'monitor', 'maintenance'),
        alsoRestricted(on(['.fleet-secrets*'], 'read')),
        ...fleetIndices(
          'actions agents artifacts enrollment-api-keys policies policies-leader servers fileds',
        ),
        on(['synthetics-*'], 'read', ...shipping),
        on(['.elastic-connectors*'], ...managing, 'view_index_metadata'),
        on(['content-*', '.search-acl-filter-*'], ...managing, 'view_index_metadata'),
        on(['.endpoint-fleetfiles-*'], 'read'),
        on(['agentless-*'], ...managing, 'view_index_metadata'),
      ],
      [fleetApplication],
    ),
  },
  {
    name: 'elastic/kibana',
    before: [9, 0],
    role: role(
      [
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
      [alsoRestricted(on(['.kibana*', '.reporting-*'], 'all'))],
    ),
  },
  { name: 'elastic/kibana', since: [9, 0], role: kibanaRole },
];

function builtIn(version: Version): ReadonlyMap<ServiceAccountName, RoleDescriptor> {
  const there = accounts.filter(
    ({ since, before }) => isSince(version, since) && (before === undefined || !isSince(version, before)),
  );
  return new Map(there.map(({ name, role }) => [name, role]));
}

/** Makes the store. */
export function createServiceAccounts(
  secrets: Secrets,
  version: Version,
  fileTokens: ServiceTokens,
): ServiceAccounts {
  const roles = builtIn(version);
  const tokens = new Map<ServiceAccountName, Map<string, Digest>>();
  const owner = (account: ServiceAccountName, name: string): string => `service:${account}:${name}`;
  const inFile = new Map(
    [...fileTokens].map(([account, named]) => {
      const digests = [...named].map(
        ([name, secret]) => [name, digest(owner(account, name), secret)] as const,
      );
      return [account, new Map(digests)];
    }),
  );

  return {
    role: (account) => roles.get(account),
    names: () => [...roles.keys()],
    createToken(account, name) {
      const ofAccount = tokens.get(account) ?? new Map<string, Digest>();
      if (ofAccount.has(name)) return undefined;
      const secret = secrets.secret();
      tokens.set(account, ofAccount.set(name, digest(owner(account, name), secret)));
      const bytes = Buffer.concat([magic, Buffer.from(`${account}/${name}:${secret}`)]);
      return bytes.toString('base64').replace(/=+$/, '');
    },
    tokenNames: (account) => [...(tokens.get(account)?.keys() ?? [])].sort(),
    deleteToken: (account, name) => tokens.get(account)?.delete(name) ?? false,
    fileTokenNames: (account) => [...(inFile.get(account)?.keys() ?? [])].sort(),
    isPossible: ({ account, secret }) => roles.has(account) && secret.length >= shortestSecret,
    authenticate({ account, name, secret }) {
      const wanted = digest(owner(account, name), secret);
      if (inFile.get(account)?.get(name) === wanted) return 'file';
      return tokens.get(account)?.get(name) === wanted ? 'index' : undefined;
    },
  };
}

/** @returns the parts of a service token, or `undefined` if the text is something else */
export function parseServiceToken(text: string): PresentedServiceToken | undefined {
  // Every service token begins so; of an access token no more than this has to be looked at.
  if (!text.startsWith('AAEAA')) return undefined;
  const decoded = decodeBase64(text);
  if (!('bytes' in decoded) || !decoded.bytes.subarray(0, 4).equals(magic)) return undefined;
  const content = decoded.bytes.subarray(4).toString('utf8');
  const colon = content.indexOf(':');
  if (colon < 0) return undefined;
  const [namespace, service, name, ...rest] = content.slice(0, colon).split('/');
  if (namespace === undefined || service === undefined || name === undefined || rest.length > 0)
    return undefined;
  return { account: `${namespace}/${service}`, name, secret: content.slice(colon + 1) };
}

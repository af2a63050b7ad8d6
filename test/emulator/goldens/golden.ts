/** What the chapters of golden exchanges share: their form, and the steps and bodies that come up in many. */

import type { EmulatorOptions } from '@esauth/emulator';
import { expect } from 'vitest';
import type { Incoming } from '../../support/http-client.js';
import { type Cluster, errorBody, isSince, type Target } from '../cluster.js';

/** One exchange, or a few that belong together. */
export interface Golden {
  readonly id: string;
  readonly about: string;
  /** The first release for which it holds. Default: the oldest there is. */
  readonly since?: readonly [number, number];
  /** The first release for which it no longer holds. */
  readonly until?: readonly [number, number];
  /** It needs what only an emulator has: a clock that moves, other settings, a cluster without any token. */
  readonly emulator?: EmulatorOptions;
  play(cluster: Cluster): Promise<void>;
}

/** Any text, and any number, in an expected body. */
export const text: string = expect.any(String);
export const number: number = expect.any(Number);

/** Whether an exchange holds at a place. */
export function applies({ since, until, emulator }: Golden, target: Target): boolean {
  if (target.real && emulator !== undefined) return false;
  return (
    (since === undefined || isSince(target.version, since)) && !(until && isSince(target.version, until))
  );
}

/** A user whose only purpose is one exchange. */
export async function putUser(cluster: Cluster, username: string, body: object): Promise<void> {
  const response = await cluster.ask(`PUT /_security/user/${username}`, { body });
  expect(response.status).toBe(200);
}

/** The answer to a password grant. */
export async function passwordGrant(
  cluster: Cluster,
  username: string,
  password: string,
): Promise<Incoming['json']> {
  const body = { grant_type: 'password', username, password };
  const response = await cluster.ask('POST /_security/oauth2/token', { body });
  expect(response.status).toBe(200);
  return response.json;
}

/** The answer to the creation of a key, by default of the superuser's. */
export async function createApiKey(
  cluster: Cluster,
  body: object,
  headers: { readonly authorization: string } = cluster.admin,
): Promise<Incoming['json']> {
  const response = await cluster.ask('PUT /_security/api_key', { headers, body });
  expect(response.status).toBe(200);
  return response.json;
}

/** `_authenticate` of the superuser, by the way it was authenticated. */
export function superuser(cluster: Cluster, type: string): object {
  const realm = { name: 'reserved', type: 'reserved' };
  const token =
    type === 'token' && isSince(cluster.version, [9, 4]) ? { token: { managed_by: 'elasticsearch' } } : {};
  return {
    username: 'elastic',
    roles: ['superuser'],
    full_name: null,
    email: null,
    ...token,
    metadata: { _reserved: true },
    enabled: true,
    authentication_realm: realm,
    lookup_realm: realm,
    authentication_type: type,
  };
}

/** The only challenge in the refusal of an expired token. */
export const expired =
  'Bearer realm="security", error="invalid_token", error_description="The access token expired"';
/** The whole refusal of an expired token. */
export const expiredAnswer = {
  status: 401,
  challenges: [expired],
  body: errorBody(401, 'security_exception', 'token expired', { header: { 'WWW-Authenticate': expired } }),
};
/** The counters of an invalidation that found nothing. */
export const nothingInvalidated = { invalidated_tokens: 0, previously_invalidated_tokens: 0, error_count: 0 };
const report = {
  cluster_name: text,
  status: text,
  timed_out: false,
  number_of_nodes: number,
  number_of_data_nodes: number,
  active_primary_shards: number,
  active_shards: number,
  relocating_shards: number,
  initializing_shards: number,
  unassigned_shards: number,
  delayed_unassigned_shards: number,
  number_of_pending_tasks: number,
  number_of_in_flight_fetch: number,
  task_max_waiting_in_queue_millis: number,
  active_shards_percent_as_number: number,
};
/** The body of a health report. */
export function healthy({ version }: Pick<Cluster, 'version'>): object {
  return isSince(version, [8, 16]) ? { ...report, unassigned_primary_shards: 0 } : report;
}

/** What the cross-cluster key of the reference may not see; from 8.14 on a key for replication sees all. */
export function hiddenFromCrossClusterKey({ version }: Cluster): object {
  if (isSince(version, [8, 14])) return {};
  return {
    field_security: { grant: ['*'], except: ['private'] },
    query: '{"term":{"category":"shared"}}',
  };
}

/** The answer to the creation of the cross-cluster key of the reference. */
export async function createCrossClusterKey(cluster: Cluster): Promise<Incoming['json']> {
  const access = {
    search: [{ names: ['logs*'], ...hiddenFromCrossClusterKey(cluster) }],
    replication: [{ names: ['archive'] }],
  };
  const body = { name: 'my-cc-api-key', access };
  const response = await cluster.ask('POST /_security/cross_cluster/api_key', { body });
  expect(response.status).toBe(200);
  return response.json;
}

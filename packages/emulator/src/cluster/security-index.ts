/**
 * The index in which Elasticsearch keeps users, roles, keys and the like. The emulator keeps them elsewhere, but some
 * answers show whether there is such an index yet, and what else is in it.
 */

import { isReservedRole } from '../authorization/reserved-roles.js';
import type { Roles } from '../authorization/roles.js';
import type { ClusterStates } from '../controls/cluster-states.js';
import type { RoleMappings } from '../identities/role-mappings.js';
import type { ServiceAccounts } from '../identities/service-accounts.js';
import type { Users } from '../identities/users.js';
import type { Version } from '../wire/version.js';
import { type Ailment, ailmentOf } from './ailments.js';
import type { CredentialCaches } from './credential-caches.js';

/** Whether there is one, and in which state. */
export interface SecurityIndex {
  /** It is made with the first thing that is stored, and stays. */
  exists(): boolean;
  /** What is wrong with it, as long as there is one, or while nobody knows whether there is. */
  ailment(): Ailment | undefined;
  /** The same store; what these methods store makes the index. */
  filledBy<Store extends object>(store: Store, ...methods: (keyof Store)[]): Store;
}

/** Makes the index as it is at first: not there. */
export function createSecurityIndex(
  states: ClusterStates,
  caches: CredentialCaches,
  version: Version,
): SecurityIndex {
  let exists = false;
  let seen = states.all();
  const isKnown = (): boolean => !states.has('just started');
  let ailment: Ailment | undefined;

  function look(): Ailment | undefined {
    const all = states.all();
    if (all === seen) return ailment;
    seen = all;
    // Of a cluster that is not known yet, nothing else is known either.
    ailment = isKnown()
      ? all.flatMap(({ state }) => ailmentOf(state, version) ?? []).at(-1)
      : ailmentOf('just started', version);
    for (const kind of ailment?.empties ?? []) caches.forget(kind);
    return ailment;
  }

  return {
    exists: () => exists && isKnown(),
    ailment: () => (exists || !isKnown() ? look() : undefined),
    filledBy(store, ...methods) {
      const filling = { ...store };
      for (const name of methods) {
        const method = store[name];
        if (typeof method !== 'function') continue;
        const fill = (...values: unknown[]): unknown => {
          exists = true;
          return method(...values);
        };
        filling[name] = fill as typeof method;
      }
      return filling;
    },
  };
}

/** What is in the index beside API keys, and could be taken for one: ids with a colon, of other things, can not. */
export interface OtherDocuments {
  readonly users: Users;
  readonly roles: Roles;
  readonly roleMappings: RoleMappings;
  readonly serviceAccounts: ServiceAccounts;
  readonly version: Version;
}

/** Whether something else than an API key has this id (`NativeUsersStore`, `NativeRolesStore` and the like). */
export function isOtherDocument(id: string, stores: OtherDocuments): boolean {
  const { users, roles, roleMappings, serviceAccounts, version } = stores;
  const kinds: readonly (readonly [prefix: string, has: (name: string) => boolean])[] = [
    ['user-', users.isNative],
    ['reserved-user-', users.isChanged],
    [
      'role-',
      (name) => roles.isStored(name) || (version.storesReservedRoles && isReservedRole(name, version)),
    ],
    ['role-mapping_', (name) => roleMappings.all().has(name)],
    ['service_account_token-', (name) => hasToken(serviceAccounts, name)],
  ];
  return kinds.some(([prefix, has]) => id.startsWith(prefix) && has(id.slice(prefix.length)));
}

/** @param name `elastic/kibana/‹name of the token›` */
function hasToken({ tokenNames }: ServiceAccounts, name: string): boolean {
  const end = name.lastIndexOf('/');
  return tokenNames(name.slice(0, end)).includes(name.slice(end + 1));
}

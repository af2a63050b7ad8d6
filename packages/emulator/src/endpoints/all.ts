/** Every endpoint there is. */

import type { Route } from '../cluster/endpoint.js';
import { authenticateRoutes } from './accounts/authenticate.js';
import { profileSuggestRoute } from './accounts/profile-suggest.js';
import { profileRoutes } from './accounts/profiles.js';
import { serviceAccountRoutes } from './accounts/service-accounts.js';
import { tokenRoutes } from './accounts/tokens.js';
import { userQueryRoute } from './accounts/user-query.js';
import { userRoutes } from './accounts/users.js';
import { bulkRoute } from './documents/bulk.js';
import { documentRoutes } from './documents/documents.js';
import { indexRoutes } from './documents/indices.js';
import { searchRoutes } from './documents/search.js';
import { apiKeyGrantRoutes } from './keys/api-key-grant.js';
import { apiKeyQueryRoute } from './keys/api-key-query.js';
import { apiKeyUpdateRoutes } from './keys/api-key-update.js';
import { apiKeyRoutes } from './keys/api-keys.js';
import { crossClusterKeyRoutes } from './keys/cross-cluster-keys.js';
import { cacheRoutes } from './node/caches.js';
import { clusterRoutes } from './node/cluster.js';
import { licenseRoutes } from './node/license.js';
import { securityIndexRoutes } from './node/security-index.js';
import { securitySettingsRoutes } from './node/security-settings.js';
import { applicationPrivilegeRoutes } from './privileges/application-privileges.js';
import { hasPrivilegesRoutes } from './privileges/has-privileges.js';
import { profilePrivilegesRoute } from './privileges/profile-privileges.js';
import { roleMappingRoutes } from './privileges/role-mappings.js';
import { roleQueryRoute } from './privileges/role-query.js';
import { roleRoutes } from './privileges/roles.js';
import { severalRolesRoutes } from './privileges/several-roles.js';
import { userPrivilegesRoutes } from './privileges/user-privileges.js';

// Until 8.0 these were also reachable under their older name.
const renamed: readonly Route[] = [
  ...authenticateRoutes,
  ...tokenRoutes,
  ...userRoutes,
  ...hasPrivilegesRoutes,
  ...userPrivilegesRoutes,
  ...applicationPrivilegeRoutes,
  ...roleRoutes,
  ...roleMappingRoutes,
];

const securityRoutes: readonly Route[] = [
  ...authenticateRoutes,
  ...tokenRoutes,
  ...apiKeyRoutes,
  apiKeyQueryRoute,
  ...apiKeyUpdateRoutes,
  ...apiKeyGrantRoutes,
  ...crossClusterKeyRoutes,
  ...userRoutes,
  ...hasPrivilegesRoutes,
  ...userPrivilegesRoutes,
  ...applicationPrivilegeRoutes,
  userQueryRoute,
  ...roleRoutes,
  ...severalRolesRoutes,
  roleQueryRoute,
  ...roleMappingRoutes,
  ...serviceAccountRoutes,
  ...profileRoutes,
  profileSuggestRoute,
  profilePrivilegesRoute,
  ...cacheRoutes,
  ...securityIndexRoutes,
  ...securitySettingsRoutes,
  ...renamed.flatMap(underOlderName),
];

/** The endpoints that are there without security too. */
const otherRoutes: readonly Route[] = [
  ...clusterRoutes,
  ...licenseRoutes,
  ...indexRoutes,
  ...documentRoutes,
  bulkRoute,
  ...searchRoutes,
];

/** Every endpoint there is; not every release has each of them. */
export function routesOf({ security }: { readonly security: boolean }): readonly Route[] {
  return security ? [...securityRoutes, ...otherRoutes] : otherRoutes;
}

/** The same route under `/_xpack/security`, with a warning. */
function underOlderName(route: Route): Route[] {
  return route.paths.map((path) => ({
    ...route,
    paths: [path.replace('/_security/', '/_xpack/security/')],
    exists: (version) => version.major === 7 && route.exists(version),
    replacement: path,
  }));
}

/** Every endpoint there is. */

import type { Route } from '../endpoint.js';
import { apiKeyRoutes } from './api-keys.js';
import { authenticateRoutes } from './authenticate.js';
import { clusterRoutes } from './cluster.js';
import { roleRoutes } from './roles.js';
import { tokenRoutes } from './tokens.js';
import { userRoutes } from './users.js';

/** Every endpoint there is; not every release has each of them. */
export const allRoutes: readonly Route[] = [
  ...clusterRoutes,
  ...authenticateRoutes,
  ...tokenRoutes,
  ...apiKeyRoutes,
  ...userRoutes,
  ...roleRoutes,
];

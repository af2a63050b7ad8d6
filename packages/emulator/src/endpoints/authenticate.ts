/** Who am I: `GET /_security/_authenticate`. */

import { answer, type Route, route } from '../endpoint.js';
import { showIdentity } from '../identity.js';

/** The routes of this chapter. */
export const authenticateRoutes: readonly Route[] = [
  route({
    methods: ['GET'],
    paths: ['/_security/_authenticate'],
    read: (call) => call.authentication,
    action: () => 'cluster:admin/xpack/security/user/authenticate',
    // Whoever is authenticated may ask who he is.
    free: () => true,
    run: (security, authentication) => answer(showIdentity(authentication, security.version)),
  }),
];

/** Who am I: `GET /_security/_authenticate`. */

import { type Answer, answer, type Route, route } from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import { type Authentication, rolesOf, showIdentity } from '../../identities/identity.js';
import { writeJson } from '../../wire/json-value.js';

// This is what tests ask for more often than for everything else together, and an identity never changes.
const answers = new WeakMap<Authentication, Answer>();

function answerFor({ settings, version }: Security, authentication: Authentication): Answer {
  const known = answers.get(authentication);
  if (known !== undefined) return known;
  const roles = rolesOf(authentication, settings.anonymous);
  const body = { ...showIdentity(authentication, version), roles };
  const made = { ...answer(body), text: writeJson(body) };
  answers.set(authentication, made);
  return made;
}

/** The routes of this chapter. */
export const authenticateRoutes: readonly Route[] = [
  route<Authentication>({
    methods: ['GET'],
    paths: ['/_security/_authenticate'],
    read: (call) => call.authentication,
    action: () => 'cluster:admin/xpack/security/user/authenticate',
    // Whoever is authenticated may ask who he is.
    free: () => true,
    run: answerFor,
  }),
];

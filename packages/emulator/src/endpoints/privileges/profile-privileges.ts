/** Privilege checks of several users by their profiles: `/_security/profile/_has_privileges`. */

import { type Answer, answer, documentOf, type Route, route } from '../../cluster/endpoint.js';
import { withoutProfileCollaboration } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { realmIdentity } from '../../identities/identity.js';
import { type Field, objectParser, required, texts } from '../../wire/object-parser.js';
import { actions, missing } from '../accounts/profiles.js';
import { check, parseWanted, type WantedPrivileges, wantedProblems } from './has-privileges.js';

interface ProfilesRequest {
  readonly uids: readonly string[];
  readonly privileges: WantedPrivileges;
}

const name = 'profile_has_privileges_request';

const privileges: Field<WantedPrivileges> = {
  tokens: ['object'],
  required: true,
  read: (node, document) => parseWanted(node, document, name),
};

const parser = objectParser<ProfilesRequest>(name, { uids: required(texts), privileges });

function problems({ uids, privileges }: ProfilesRequest): string[] {
  const none = uids.length === 0 ? ['profile uids list must not be empty'] : [];
  return [...none, ...wantedProblems(privileges)];
}

/** Those who hold all of it. Of a disabled profile nothing is said. */
function has(security: Security, { uids, privileges }: ProfilesRequest): Answer {
  const { profiles, authorization } = security;
  const distinct = [...new Set(uids)];
  const holding = distinct.filter((uid) => {
    const profile = profiles.find(uid);
    if (profile === undefined || !profile.enabled) return false;
    const limits = authorization.limits(realmIdentity(profile.user, profile.realm));
    return check(limits, privileges, security).all;
  });
  const lost = distinct.filter((uid) => profiles.find(uid) === undefined);
  return answer({ has_privilege_uids: holding, errors: profiles.exist() ? missing(lost) : undefined });
}

/** The route of this chapter. */
export const profilePrivilegesRoute: Route = route<ProfilesRequest>({
  methods: ['GET', 'POST'],
  paths: ['/_security/profile/_has_privileges'],
  exists: (version) => version.checksProfiles,
  body: 'required',
  takesSource: true,
  unavailable: withoutProfileCollaboration,
  read: (call) => parser.parse(documentOf(call)),
  validate: problems,
  action: () => `${actions}/has_privileges`,
  needs: ({ privileges }) => (privileges.application.length > 0 ? ['documents'] : []),
  run: has,
});

/** Searching users: `/_security/_query/user`. */

import { type Answer, answer, type Call, queryFlag, type Route, route } from '../../cluster/endpoint.js';
import { searchProblems, searchReader } from '../../cluster/search-request.js';
import type { Security } from '../../cluster/security.js';
import { keywords, securityFields } from '../../cluster/security-fields.js';
import { searchSecurity } from '../../cluster/security-search.js';
import { nativeRealm } from '../../identities/identity.js';
import type { User } from '../../identities/user.js';
import { emailAnalyzer, piecesOfAddress, wordsIn } from '../../search/analysis.js';
import type { SearchField } from '../../search/fields.js';
import type { Search } from '../../search/search.js';
import { showUser } from './users.js';

const fields = securityFields<User>({
  hasUnsortable: true,
  id: (user) => user.username,
  fields: new Map<string, SearchField<User>>([
    ['username', keywords((user) => [user.username])],
    ['roles', keywords((user) => user.roles)],
    ['enabled', { type: 'boolean', sortable: true, values: (user) => [user.enabled] }],
    ['full_name', { type: 'text', sortable: false, values: (user) => wordsIn(user.fullName ?? '') }],
    [
      'email',
      {
        type: 'text',
        sortable: false,
        analyzer: emailAnalyzer,
        values: (user) => (user.email === null ? [] : piecesOfAddress(user.email)),
      },
    ],
  ]),
});

function query(security: Security, request: Search, call: Call): Answer {
  const users = security.users.all().flatMap(({ user, realm }) => (realm === nativeRealm ? [user] : []));
  const { total, hits } = searchSecurity(security, users, fields, request);
  const isWanted = queryFlag(call, 'with_profile_uid');
  const found = hits.map(({ entry, sort }) => ({
    ...showUser(entry),
    _sort: sort,
    profile_uid: isWanted ? security.profiles.of(entry.username, nativeRealm)?.uid : undefined,
  }));
  return answer({ total, count: found.length, users: found });
}

/** The route of this chapter. */
export const userQueryRoute: Route = route<Search>({
  methods: ['GET', 'POST'],
  paths: ['/_security/_query/user'],
  exists: (version) => version.queriesUsers,
  query: ({ joinsProfiles }) => (joinsProfiles ? ['with_profile_uid'] : []),
  body: 'optional',
  takesSource: true,
  read: searchReader('query_user_request_payload'),
  validate: searchProblems,
  action: () => 'cluster:admin/xpack/security/user/query',
  needs: ['documents'],
  run: query,
});

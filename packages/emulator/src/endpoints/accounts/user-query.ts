/** Searching users: `/_security/_query/user`. */

import { type Answer, answer, type Call, queryFlag, type Route, route } from '../../cluster/endpoint.js';
import { searchProblems, searchReader } from '../../cluster/search-request.js';
import type { Security } from '../../cluster/security.js';
import { searchSecurity } from '../../cluster/security-search.js';
import { nativeRealm } from '../../identities/identity.js';
import type { User } from '../../identities/user.js';
import {
  type FieldValue,
  type SearchField,
  type SearchFields,
  unsortableField,
  unsupportedQuery,
  wordsOf,
} from '../../search/query.js';
import type { Search } from '../../search/search.js';
import { showUser } from './users.js';

type Values = (user: User) => readonly (FieldValue | null)[];

function field(type: SearchField<User>['type'], sortable: boolean, values: Values): SearchField<User> {
  return { type, sortable, values: (user) => values(user).filter((value) => value !== null) };
}

// The analyzer for addresses keeps each as a whole, and takes out of it what is before and after the `@`, the letters
// and the digits (`SecuritySystemIndices` of Elasticsearch).
const parts = [/[^@]+/g, /\p{L}+/gu, /\d+/g, /(?<=@).+/g];

function pieces(address: string | null): string[] {
  if (address === null) return [];
  const text = address.toLowerCase();
  return [...new Set([text, ...parts.flatMap((part) => text.match(part) ?? [])])];
}

const known: ReadonlyMap<string, SearchField<User>> = new Map([
  ['username', field('keyword', true, (user) => [user.username])],
  ['roles', field('keyword', true, (user) => user.roles)],
  ['enabled', field('boolean', true, (user) => [user.enabled])],
  ['full_name', field('text', false, (user) => wordsOf(user.fullName ?? ''))],
  ['email', field('text', false, (user) => pieces(user.email))],
]);

const fields: SearchFields<User> = {
  id: (user) => user.username,
  field: (name) => known.get(name),
  unsupported: unsupportedQuery,
  refusal: (name) => `Field [${name}] is not allowed for querying or aggregation`,
  unsortable: unsortableField,
};

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
  query: ['with_profile_uid'],
  body: 'optional',
  takesSource: true,
  read: searchReader('query_user_request_payload'),
  validate: searchProblems,
  action: () => 'cluster:admin/xpack/security/user/query',
  needs: ['documents'],
  run: query,
});

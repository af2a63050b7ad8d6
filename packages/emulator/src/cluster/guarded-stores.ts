/**
 * The stores in which credentials are looked for, as they are for who signs in: nothing is found in an index that can
 * not be read, but for what the caches still know.
 */

import type { ClusterStates } from '../controls/cluster-states.js';
import type { KeyAccess } from '../identities/api-keys.js';
import { fileRealm } from '../identities/identity.js';
import type { PresentedServiceToken } from '../identities/service-accounts.js';
import type { Tokens } from '../identities/tokens.js';
import { isReservedUser, type Users } from '../identities/users.js';
import { type ApiError, Refusal } from '../wire/envelope.js';
import { allRejected } from './ailments.js';
import type { CredentialCaches } from './credential-caches.js';
import { isOtherDocument, type OtherDocuments, type SecurityIndex } from './security-index.js';

/** What guards them. */
export interface Guards {
  readonly index: SecurityIndex;
  readonly caches: CredentialCaches;
  readonly states: ClusterStates;
  /** Whether the licence has everything. */
  isLicensed(): boolean;
}

/** Users, as those who sign in or are to be run as. */
export function guardUsers(users: Users, { index, caches }: Guards): Users {
  /** @throws Refusal if that somebody is not found says nothing of him */
  function isOutOfReach(username: string): boolean {
    const ailment = index.ailment();
    if (ailment?.reading(`user-${username}`) === undefined) return false;
    if (isReservedUser(username) && ailment.reserved !== undefined) {
      throw new Refusal(ailment.reserved(username));
    }
    return true;
  }

  return {
    ...users,
    lookUp(username) {
      const account = users.lookUp(username);
      return account?.realm === fileRealm || !isOutOfReach(username) ? account : undefined;
    },
    authenticate(username, password) {
      const account = users.authenticate(username, password);
      if (account?.realm === fileRealm) return account;
      const kind = isReservedUser(username) ? 'reserved' : 'native';
      // A wrong password ends what was known.
      if (account === undefined) caches.forget(kind, [username]);
      if (index.ailment() !== undefined && caches.knows(kind, username)) return account;
      if (isOutOfReach(username)) return undefined;
      if (account !== undefined) caches.remember(kind, username);
      return account;
    },
  };
}

/** Access tokens, as those who present them. */
export function guardTokens(tokens: Tokens, { states, isLicensed }: Guards): Tokens {
  // Without a licence none is looked for (`TokenService.tryAuthenticateToken`).
  const isLost = (): boolean => states.has('tokens index lost') || !isLicensed();
  return { ...tokens, authenticate: (token) => (isLost() ? undefined : tokens.authenticate(token)) };
}

/** API keys. */
export function guardKeys({ index, caches, states }: Guards, others: OtherDocuments): KeyAccess {
  const isThere = (id: string): boolean => index.exists() && index.ailment()?.reading(id) === undefined;
  return {
    isReadable: (id) => isThere(id) && !isOtherDocument(id, others),
    canBeUsed(id) {
      // An ailment may empty the caches when it is first looked at.
      const isReadable = isThere(id);
      if (isReadable) caches.remember('API key', id);
      else if (!caches.knows('API key', id)) return false;
      const isHashed = caches.knows('secret of a key', id);
      if (!isHashed && states.has('crypto pool full')) throw new Refusal(allRejected);
      caches.remember('secret of a key', id);
      return true;
    },
  };
}

/** Tokens of services: why one can not be looked for. */
export function guardServiceTokens({
  index,
  caches,
}: Guards): (token: PresentedServiceToken) => ApiError | undefined {
  return ({ account, name }) => {
    const id = `${account}/${name}`;
    const problem = index.ailment()?.reading(`service_account_token-${id}`);
    if (problem === undefined && !index.exists()) return noIndex;
    if (problem === undefined) caches.remember('service token', id);
    return caches.knows('service token', id) ? undefined : problem;
  };
}

const noIndex: ApiError = {
  status: 404,
  type: 'index_not_found_exception',
  reason: 'no such index [.security]',
  metadata: {
    'resource.type': 'index_or_alias',
    'resource.id': '.security',
    index_uuid: '_na_',
    index: '.security',
  },
};

// Under which names a revocation is noted for values of others, and which of them concern an identity. The kind comes
// first and JSON keeps the parts apart, so that no user can have a name that reads as somebody else's. Whom a revocation
// concerns is the same as here (`memory/notes.ts`), told by names, because what is on its way from here has to be found
// by them too; `test/properties/revocation.test.ts` holds the two together.

import { hash } from 'node:crypto';
import type { Fingerprint } from '../memory/fingerprint.js';
import { isMadeByApiKey, maxNameLength } from '../memory/notes.js';
import type { Subject } from '../memory/revocation.js';
import type { Identity } from '../values/identity.js';

export const credentialName = (fingerprint: Fingerprint) => `credential ${fingerprint}`;
const apiKeyName = (id: string) => nameOf('api key', id);
const userName = (username: string) => nameOf('user', username);
const realmUserName = (username: string, realm: string) => nameOf('user', username, realm);
const ownerName = (username: string) => nameOf('owner', username);
const realmName = (realm: string) => nameOf('realm', realm);
const anyApiKey = 'any api key';
const anyOwner = 'any owner';

function nameOf(...parts: readonly string[]): string {
  const name = JSON.stringify(parts);
  return name.length > maxNameLength ? hash('sha256', name) : name;
}

/** Under which names a revocation of a subject is noted; under none, and then of all, for `'all'`. */
export function namesOf(subject: Subject): readonly string[] {
  if (subject === 'all') return [];
  if ('fingerprint' in subject) return [credentialName(subject.fingerprint)];
  if ('apiKeyIds' in subject) return [...subject.apiKeyIds.map(apiKeyName), anyApiKey];
  if (!('username' in subject)) return [realmName(subject.realm), anyOwner];
  const { username, realm } = subject;
  // Their keys have the user's name too.
  if (realm === undefined) return [userName(username)];
  return [realmUserName(username, realm), ownerName(username)];
}

/** Of an API key also those of whatever could have meant it, as in `memory/notes.ts`. */
export function identityNames(identity: Identity): readonly string[] {
  const { username, realm, lookupRealm, apiKey } = identity;
  const realms = [realm, lookupRealm];
  const names = [
    userName(username),
    ...realms.flatMap(({ name }) => [realmName(name), realmUserName(username, name)]),
  ];
  if (apiKey !== undefined) names.push(apiKeyName(apiKey.id));
  if (isMadeByApiKey(identity)) {
    names.push(ownerName(username), anyOwner);
    if (apiKey === undefined) names.push(anyApiKey);
  }
  return names;
}

// Whether an identity is the answer to the credential that was presented. If not, something else was accepted: a client
// certificate by a PKI realm, or what a proxy puts in the place of callers' credentials. Pure.

import { apiKeyIdOf, type Credential } from '../values/credential.js';
import type { Identity } from '../values/identity.js';

const passwordRealms = new Set(['reserved', 'native', 'file', 'ldap', 'active_directory', 'pki', 'kerberos']);
const passwordlessRealms = new Set(['pki', 'jwt', 'kerberos']);

export function fits(identity: Identity, credential: Credential): boolean {
  const { authenticationType, realm } = identity;
  switch (credential.scheme) {
    case 'ApiKey':
      return authenticationType === 'api_key' && isThatKey(identity, credential);
    case 'Bearer':
      if (authenticationType === 'token')
        return realm.type !== '_service_account' || isThatToken(identity, credential);
      // A realm can read a Bearer header too: the JWT realm, and custom ones.
      if (authenticationType !== 'realm' || passwordRealms.has(realm.type)) return false;
      return realm.type !== 'jwt' || isJwt(credential);
    case 'Basic':
      return authenticationType === 'realm' && !passwordlessRealms.has(realm.type);
  }
}

/** A key names itself; before 7.16 its identity does not. A cloud's key is opaque. */
function isThatKey({ apiKey }: Identity, credential: Credential): boolean {
  const id = apiKeyIdOf(credential);
  return id === undefined || apiKey === undefined || apiKey.id === id;
}

const serviceTokenHead = '\x00\x01\x00\x01';

/** A service account's token names the account and itself (`test/recorded`, `who-service-token`). */
function isThatToken({ username, token }: Identity, { authorization }: Credential): boolean {
  const text = Buffer.from(authorization.slice('Bearer '.length), 'base64').toString();
  const name = token?.name === undefined ? '' : `${token.name}:`;
  return text.startsWith(`${serviceTokenHead}${username}/${name}`);
}

/** Three parts (RFC 7515 §3.1): a JWT realm takes nothing else. */
export function isJwt({ scheme, authorization }: Credential): boolean {
  return scheme === 'Bearer' && authorization.split('.').length === 3;
}

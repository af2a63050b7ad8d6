// An identity, and a credential by its looks, in lines for a person.

import type { Identity } from '@esauth/core';
import type { Credential } from '../credentials/credential.js';
import type { Looks } from '../credentials/looks.js';
import { instant } from '../explaining/jwt-causes.js';
import type { Piece } from '../terminal/report.js';

type Row = readonly Piece[];

export function identityRows(identity: Identity): readonly Row[] {
  const { username, fullName, email, roles, realm, lookupRealm, apiKey, token, expiresAt, metadata } =
    identity;
  const rows: Row[] = [['user', { text: username, as: 'strong' }]];
  if (fullName !== null && fullName !== '') rows.push(['full name', fullName]);
  if (email !== null && email !== '') rows.push(['e-mail', email]);
  rows.push(['signed in by', howOf(identity)]);
  rows.push(['realm', `${realm.name} (${realm.type})`]);
  if (lookupRealm.name !== realm.name)
    rows.push(['found in realm', `${lookupRealm.name} (${lookupRealm.type})`]);
  if (apiKey !== undefined) rows.push(...keyRows(apiKey));
  if (token?.name !== undefined) rows.push(['token', token.name]);
  // Those of keys and service accounts are always empty, which does not mean that they may do nothing.
  const none = apiKey === undefined ? 'none' : 'none of its own: esauth can-i says what it may do';
  rows.push(['roles', roles.length === 0 ? none : roles.join(', ')]);
  // A key's own entry has an end if there is one.
  const without = apiKey?.metadata === undefined ? 'not known' : 'never';
  rows.push(['expires', expiresAt === undefined ? without : instant(expiresAt / 1_000)]);
  if (Object.keys(metadata).length > 0) rows.push(['metadata', JSON.stringify(metadata)]);
  rows.push(['subject', identity.subject]);
  return rows;
}

function howOf({ authenticationType, apiKey, token }: Identity): string {
  if (authenticationType === 'api_key') return 'an API key';
  if (authenticationType === 'token') {
    return token?.type?.startsWith('_service_account') === true
      ? 'a token of a service account'
      : apiKey === undefined
        ? 'an access token'
        : 'an access token made with an API key';
  }
  return authenticationType === 'realm' ? 'its realm' : authenticationType;
}

function keyRows({ id, name, managedBy, metadata, roleDescriptors }: NonNullable<Identity['apiKey']>): Row[] {
  const rows: Row[] = [['API key', name === undefined ? id : `${name} (id ${id})`]];
  if (managedBy !== undefined) rows.push(['managed by', managedBy]);
  if (metadata !== undefined && Object.keys(metadata).length > 0) {
    rows.push(['key metadata', JSON.stringify(metadata)]);
  }
  if (roleDescriptors !== undefined) {
    const names = Object.keys(roleDescriptors);
    rows.push([
      'limited to',
      names.length === 0 ? 'nothing: what its owner had when it was made' : names.join(', '),
    ]);
  }
  return rows;
}

/** What somebody holds, and where it was found. */
export function looksRows({ looks, source, taken }: Credential): readonly Row[] {
  const from = taken.length === 0 ? source : `${source} (${taken.join('; ')})`;
  return [['from', from], ...looksLines(looks)];
}

function looksLines(looks: Looks): readonly Row[] {
  switch (looks.kind) {
    case 'api_key':
      return [['it is', `an API key, id ${looks.id}`]];
    case 'malformed_api_key':
      return [['it is', `presented as an API key, but ${looks.why}`]];
    case 'cloud_api_key':
      return [['it is', 'an API key of Elastic Cloud (essu_…)']];
    case 'api_key_as_bearer':
      return [
        ['it is', `an API key${looks.id === undefined ? '' : `, id ${looks.id}`}, presented as Bearer`],
      ];
    case 'service_token':
      return [['it is', `a token of the service account ${looks.account}, named ${looks.name}`]];
    case 'access_token':
      return [['it is', `an access token, ${looks.layout}`]];
    case 'password':
      return [['it is', `a user name with a password: ${looks.username}`]];
    case 'malformed_password':
      return [['it is', `presented as a user name with a password, but ${looks.why}`]];
    case 'kerberos_ticket':
      return [['it is', 'a Kerberos ticket']];
    case 'unknown_token':
      return [['it is', 'a token of a form that is not known']];
    case 'jwt': {
      const { issuer, audience, subject, algorithm, keyId, issuedAt, notBefore, expiresAt } = looks;
      const times: readonly (readonly [string, number | undefined])[] = [
        ['issued', issuedAt],
        ['not before', notBefore],
        ['expires', expiresAt],
      ];
      return [
        [
          'it is',
          `a JSON Web Token, ${algorithm ?? 'without alg'}${keyId === undefined ? '' : `, key ${keyId}`}`,
        ],
        ['issuer', issuer ?? 'none'],
        ['audience', audience.length === 0 ? 'none' : audience.join(', ')],
        ['subject', subject ?? 'none'],
        ...times.flatMap(([name, time]): Row[] => (time === undefined ? [] : [[name, instant(time)]])),
      ];
    }
  }
}

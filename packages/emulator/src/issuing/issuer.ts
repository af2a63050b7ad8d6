/**
 * Credentials for tests and for people at the page: what a user would get by asking for it, without his password and
 * whatever he may do.
 */

import { withoutApiKeys, withoutTokens } from '../cluster/features.js';
import type { Security } from '../cluster/security.js';
import {
  createApiKey,
  newApiKeyProblems,
  readNewApiKey,
  type ShownApiKey,
} from '../endpoints/keys/api-key-creation.js';
import { type Authentication, realmIdentity } from '../identities/identity.js';
import { type ApiError, Refusal } from '../wire/envelope.js';
import { parseJson } from '../wire/json-parser.js';

/** What is chosen about an API key: the body of `POST /_security/api_key`. */
export interface ApiKeyBody {
  /** Default `test`. */
  readonly name?: string;
  /** What it may do, by any names. Default: all that its owner may. */
  readonly role_descriptors?: Readonly<Record<string, object>>;
  /** How long it lives, such as `1h`. Default: for ever. */
  readonly expiration?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A new API key as `POST /_security/api_key` answers. */
export type IssuedApiKey = ShownApiKey;

/** Makes credentials of users that are there: of the options, those made since, those in files, and `elastic`. */
export interface Issuer {
  /**
   * An access token, as `POST /_security/oauth2/token` gives with `client_credentials`.
   *
   * @throws TypeError if there is no such user, he is disabled, or there is no token service
   */
  token(username: string): string;
  /**
   * An API key that a user owns.
   *
   * @throws TypeError if there is no such user, or Elasticsearch would refuse the body, in its words
   */
  apiKey(username: string, body?: ApiKeyBody): IssuedApiKey;
  /**
   * The value of an `Authorization` header.
   *
   * @param of whom a new access token is for, or an API key of `apiKey`
   * @throws TypeError as those do
   */
  authorization(of: string | Pick<IssuedApiKey, 'encoded'>): string;
}

/** @param security the cluster as it is now */
export function createIssuer(security: () => Security): Issuer {
  function isUser(name: string): boolean {
    return security().users.lookUp(name) !== undefined;
  }

  function callerOf(method: string, username: string): Authentication {
    const account = security().users.lookUp(username);
    if (account === undefined) {
      const cure = `startEmulator({ users: { … } }) or PUT /_security/user/${username} makes one`;
      throw new TypeError(`emulator.${method}: there is no user "${username}"; ${cure}`);
    }
    if (!account.user.enabled) {
      throw new TypeError(`emulator.${method}: the user "${username}" is disabled`);
    }
    return realmIdentity(account.user, account.realm);
  }

  function token(username: string): string {
    const { settings, tokens } = security();
    const caller = callerOf('token', username);
    const unlicensed = withoutTokens(security());
    if (unlicensed !== undefined) throw new TypeError(`emulator.token: ${unlicensed.reason}`);
    if (!settings.tokenService) {
      throw new TypeError('emulator.token: the option "tokenService" of startEmulator turned tokens off');
    }
    return tokens.issue(caller, caller, false).accessToken;
  }

  return {
    token,

    apiKey(username, body = {}) {
      const now = security();
      const caller = callerOf('apiKey', username);
      const off = withoutApiKeys(now);
      if (off !== undefined) throw new TypeError(`emulator.apiKey: ${off.reason}`);
      try {
        const document = parseJson(JSON.stringify({ name: 'test', ...body }));
        const request = readNewApiKey(document, document.root, now.version);
        const problems = newApiKeyProblems(request, now.version);
        if (problems.length > 0) throw new TypeError(`emulator.apiKey: ${problems.join('; ')}`);
        return createApiKey(now, request, caller);
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        throw new TypeError(`emulator.apiKey: ${inWords(refusal.error)}`);
      }
    },

    authorization(of) {
      if (typeof of === 'string' && isUser(of)) return `Bearer ${token(of)}`;
      if (typeof of === 'object' && typeof of?.encoded === 'string') return `ApiKey ${of.encoded}`;
      // It may be a key's secret, which is not to be repeated.
      throw new TypeError(
        'emulator.authorization: takes the name of a user that there is, or what emulator.apiKey returned as a whole',
      );
    },
  };
}

function inWords({ reason, cause }: ApiError): string {
  return cause === undefined ? reason : `${reason}: ${inWords(cause)}`;
}

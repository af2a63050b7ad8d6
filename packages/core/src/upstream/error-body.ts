// What Elasticsearch says when it does not do what was asked: its standard error envelope, and the sentences that
// matter here. Pure. The sentences are those of `test/recorded` (9.5.0), where no other source is named.

import { apiKeyIdOf, type Credential } from '../values/credential.js';
import { own, parseJson } from '../values/json.js';
import { strikeOut } from '../values/redaction.js';

/** The parts of a well-formed error body that matter here (facts: standard envelope). */
export interface ElasticsearchError {
  readonly type: string;
  readonly reason: string;
  /** The status that the body repeats. */
  readonly status: unknown;
  /** What each authenticator said; one string or several. */
  readonly unsuccessful: readonly string[];
  /** It is refused because of the licence, whoever asks. */
  readonly unlicensed: boolean;
}

/**
 * @returns `undefined` if the text is not a standard error, or says besides who somebody is: what could be read as a
 *   yes and as a no is neither.
 */
export function readError(text: string): ElasticsearchError | undefined {
  const body = parseJson(text);
  const error = own(body, 'error');
  const type = own(error, 'type');
  const reason = own(error, 'reason');
  if (typeof type !== 'string' || typeof reason !== 'string') return undefined;
  if (own(body, 'username') !== undefined || own(body, 'authentication_type') !== undefined) return undefined;
  const said = own(error, 'additional_unsuccessful_credentials');
  const unsuccessful = (Array.isArray(said) ? said : [said]).filter((each) => typeof each === 'string');
  const unlicensed = own(error, 'license.expired.feature') !== undefined;
  return { type, reason, status: own(body, 'status'), unsuccessful, unlicensed };
}

/** What may be repeated of an error: nothing of the credential. */
export function describe(
  error: ElasticsearchError | undefined,
  credential: Credential,
): { readonly type?: string; readonly reason?: string } {
  if (error === undefined) return {};
  const secrets = secretsOf(credential);
  return { type: strikeOut(error.type, secrets), reason: strikeOut(error.reason, secrets) };
}

/** What must not be repeated: the credential as it is sent, and decoded. */
export function secretsOf({ authorization }: Credential): readonly string[] {
  const value = authorization.slice(authorization.indexOf(' ') + 1);
  return [value, Buffer.from(value, 'base64').toString()];
}

/**
 * Up to 9.5 an unavailable security index makes good API keys and service tokens look like 401; so does, until a
 * cluster has stored its first user, role or key, every unknown one. These texts tell it apart. They quote what the
 * caller wrote, so the whole text counts.
 */
export function checkFailed({ reason, unsuccessful }: ElasticsearchError, credential: Credential): boolean {
  if (reason === 'error attempting to authenticate request') return true;
  if (credential.scheme !== 'ApiKey') return false;
  const id = apiKeyIdOf(credential);
  if (id === undefined) return unsuccessful.some((text) => failedCheckOfAnyKey.test(text));
  if (otherDocument.test(id)) return false;
  return unsuccessful.includes(`API key: apikey authentication for id ${id} encountered a failure`);
}

// Of a cloud's key, whose id only the cloud can read.
const failedCheckOfAnyKey = /^API key: apikey authentication for id [\w-]+ encountered a failure$/;

/**
 * Ids of what else lies in the index of API keys, or did before 7.2 (tokens) or does beside it (profiles):
 * Elasticsearch finds such a document and fails to read it as a key (`test/recorded`, `who-api-key-malformed`), so
 * its answer would tell who exists. The beginnings are those of elastic/elasticsearch: `NativeUsersStore`,
 * `NativeRolesStore`, `NativeRoleMappingStore` (`role-mapping_`), `NativePrivilegeStore`,
 * `IndexServiceAccountTokenStore`, `TokenService`, `ProfileService`.
 */
const otherDocument =
  /^(?:user-|reserved-user-|role-|application-privilege_|service_account_token-|token_|invalidated-token_|profile_)/;

/** Also of tokens that were invalidated. */
export function saysExpired({ reason, unsuccessful }: ElasticsearchError): boolean {
  return reason === 'token expired' || unsuccessful.includes('API key: api key is expired');
}

/** Nothing read the credential, as if there had been none. */
export function sawNoCredential({ reason }: ElasticsearchError): boolean {
  return reason.startsWith('missing authentication credentials for REST request');
}

/** A realm has read whose credential this claims to be (`test/recorded`, `jwt-hmac-client`), and does not accept it. */
export function saysWhose({ reason }: ElasticsearchError): boolean {
  return reason.startsWith('unable to authenticate user ');
}

/** The sentence that good passwords and access tokens get too while the index that knows them is unavailable. */
export function saysNothingElse({ reason, unsuccessful }: ElasticsearchError): boolean {
  const plain =
    reason.startsWith('unable to authenticate user ') ||
    reason.startsWith('unable to authenticate with provided credentials');
  return plain && unsuccessful.every((text) => text === 'oauth2 token: invalid token');
}

/** Said of a request whose head is longer than a node reads (`http.max_header_size`), and not of a long path. */
export function saysTooLong({ type, reason }: ElasticsearchError): boolean {
  // The second is the name in newer releases of Netty, as the distributions have them.
  if (type !== 'too_long_frame_exception' && type !== 'too_long_http_header_exception') return false;
  return reason.startsWith('HTTP header is larger than');
}

/** What a question about privileges can be wrong in; a closed index answers 400 too. */
export function blamesQuestion({ type }: ElasticsearchError): boolean {
  return mistakes.has(type);
}

const mistakes: ReadonlySet<string> = new Set([
  'illegal_argument_exception',
  'action_request_validation_exception',
  'x_content_parse_exception',
  'parse_exception',
  'x_content_e_o_f_exception',
]);

/**
 * Whether an answer means that security is switched off, which looks different in each release: 400 without a
 * handler (8.x, 9.x); in 7.x the paths are those of documents, so 405 that allows POST only, and on a basic licence
 * 500 with the setting's name, where nobody has said what it should be (elastic/elasticsearch,
 * `SecurityBaseRestHandler`).
 */
export function securityIsOff(status: number, text: string): boolean {
  if (status !== 400 && status !== 405 && status !== 500) return false;
  const error = own(parseJson(text), 'error');
  if (status === 400) return typeof error === 'string' && error.startsWith('no handler found for uri');
  if (status === 405) return typeof error === 'string' && error.endsWith('allowed: [POST]');
  const reason = own(error, 'reason');
  return typeof reason === 'string' && reason.includes('[xpack.security.enabled]');
}

export const securityOff: string = 'security is off in this cluster; set xpack.security.enabled: true';

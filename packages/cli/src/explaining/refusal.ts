// From what Elasticsearch says of a credential, and what the credential is by its looks, to the causes. Pure. The
// sentences are those of `test/recorded` (9.5.0), and for older releases those of the reference (3.1 and 3.2).

import type { Challenges, Words } from '../asking/elasticsearch.js';
import type { Looks } from '../credentials/looks.js';
import { type Cause, causes } from './cause.js';
import { causesOfJwt, type JwtCircumstances } from './jwt-causes.js';

/** What is known of a refusal. */
export interface Refused {
  readonly scheme: string;
  readonly looks: Looks;
  readonly words: Words;
  /** `undefined` if it challenges nobody. */
  readonly challenges: Challenges | undefined;
  readonly jwt: JwtCircumstances;
}

/** @returns one cause, or all that it may be. */
export function causesOfRefusal(refused: Refused): readonly Cause[] {
  const { words, looks } = refused;
  const { reason, tried, cause } = words;
  if (reason === 'token expired') return [causes.token_ended];
  if (cause === 'access restricted by workflow') return [causes.key_restricted];
  if (reason.startsWith('authentication expected API key type of [rest]'))
    return [causes.key_of_another_type];
  if (reason.startsWith('failed to authenticate service account')) return [causes.service_token_unknown];
  // Of a request that had a credential; of older releases also of one that nobody accepts.
  if (/^missing authentication (?:credentials|token) for REST request/.test(reason))
    return causesOfSilence(refused);
  if (reason.startsWith('invalid basic authentication header')) return [malformedPassword(looks)];
  if (reason.startsWith('failed to authenticate user, gss context')) return [causes.ticket_refused];
  // Up to 8.11 a JWT realm fails on what is no JWT, or not one that it can read.
  if (cause === 'Failed to parse JWT bearer token') return causesOfToken(refused);
  const failed = tried.find((each) => each.endsWith('encountered a failure'));
  if (reason === 'error attempting to authenticate request' || failed !== undefined) {
    return [checkFailed(cause, looks)];
  }
  const ofKey = tried.map((each) => causeOfKey(each, looks)).find((each) => each !== undefined);
  if (ofKey !== undefined) return [ofKey];
  if (looks.kind === 'password') {
    return [
      causes.wrong_password,
      causes.user_unknown,
      causes.user_disabled,
      causes.security_index_unavailable,
    ];
  }
  if (looks.kind === 'kerberos_ticket') return [causes.ticket_refused];
  return causesOfToken(refused);
}

function causesOfToken({ looks, words, challenges, jwt }: Refused): readonly Cause[] {
  if (looks.kind === 'jwt') return causesOfJwt(looks, words, jwt);
  if (looks.kind === 'api_key_as_bearer') return [causes.key_as_bearer];
  if (challenges?.bearer === false) return [causes.tokens_off];
  // The licence says nothing either: whether it is why, only who may read it can tell.
  return [causes.token_unknown, causes.tokens_unlicensed, causes.security_index_unavailable];
}

/** What is said of an API key, if that is about one. */
function causeOfKey(tried: string, looks: Looks): Cause | undefined {
  const [, said] = /^API key: (.*)$/s.exec(tried) ?? [];
  if (said === undefined) return undefined;
  if (looks.kind === 'cloud_api_key') return causes.cloud_key_elsewhere;
  if (said === 'api key is expired') return causes.key_expired;
  if (said.endsWith('has been invalidated')) return causes.key_invalidated;
  // Since 8.8 with the id.
  if (said.startsWith('invalid credentials')) return causes.key_wrong_secret;
  if (said.startsWith('unable to find apikey') || /^document \[.*\] is \[/.test(said))
    return causes.key_unknown;
  const why = looks.kind === 'malformed_api_key' ? looks.why : 'it is not Base64 of id:api_key';
  return {
    code: 'key_malformed',
    text: `this is no API key: ${why}`,
    cure: 'Authorization: ApiKey ‹encoded›, where encoded is the Base64 of id:api_key',
  };
}

/** Nothing looked at it: what reads such credentials is not there, or they do not arrive. */
function causesOfSilence({ scheme, looks, challenges }: Refused): readonly Cause[] {
  switch (scheme.toLowerCase()) {
    case 'apikey':
      return challenges?.apiKey === true ? [causes.header_lost] : [causes.keys_off];
    case 'bearer':
      if (challenges?.bearer === false)
        return [looks.kind === 'jwt' ? causes.jwt_not_read : causes.tokens_off];
      return [causes.header_lost];
    case 'negotiate':
      return [challenges?.negotiate === true ? causes.ticket_refused : causes.no_kerberos_realm];
    default:
      return [causes.header_lost];
  }
}

function malformedPassword(looks: Looks): Cause {
  const why = looks.kind === 'malformed_password' ? `: ${looks.why}` : '';
  return {
    code: 'password_malformed',
    text: `this is no user name with a password${why}`,
    cure: 'Authorization: Basic and the Base64 of user:password',
  };
}

/** It says nothing of the credential: Elasticsearch could not look it up. */
export function checkFailed(said: string | undefined, looks: Looks): Cause {
  const detail = said === undefined ? '' : ` (${said})`;
  const young =
    looks.kind === 'api_key'
      ? ', or nothing was ever stored in it, and then no cluster-made key is good'
      : '';
  return {
    code: 'check_failed',
    text: `Elasticsearch failed to check the credential${detail}: it is neither good nor bad`,
    cure: `the index .security-7 is closed, blocked or not available${young}; the log of Elasticsearch says more`,
  };
}

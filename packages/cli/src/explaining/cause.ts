// Why a credential is refused, as a code for scripts and a sentence for people.

/** Every cause that is told apart; each is reached by a test (`test/cli/explain-causes`). */
export const causeCodes = [
  // of an API key
  'key_unknown',
  'key_wrong_secret',
  'key_invalidated',
  'key_expired',
  'key_of_another_type',
  'key_restricted',
  'key_malformed',
  'key_as_bearer',
  'keys_off',
  'cloud_key_elsewhere',
  // of an access token
  'token_unknown',
  'token_ended',
  'tokens_off',
  'tokens_unlicensed',
  // of a token of a service account
  'service_token_unknown',
  // of a JSON Web Token
  'jwt_unsigned',
  'jwt_incomplete',
  'jwt_expired',
  'jwt_not_yet_valid',
  'jwt_clocks_differ',
  'jwt_client_authentication',
  'jwt_issuer_audience_or_key',
  'jwt_not_read',
  // of a user
  'user_unknown',
  'user_disabled',
  'wrong_password',
  'password_malformed',
  // of a Kerberos ticket
  'ticket_refused',
  'no_kerberos_realm',
  // of any
  'header_lost',
  'header_too_long',
  'anonymous',
  'answered_as_another',
  'something_in_front',
  // nobody could tell
  'check_failed',
  'security_index_unavailable',
  'overloaded',
  'not_elasticsearch',
  'security_off',
  'no_answer',
] as const;

export type CauseCode = (typeof causeCodes)[number];

export interface Cause {
  readonly code: CauseCode;
  /** What is so. */
  readonly text: string;
  /** What to do about it. */
  readonly cure: string;
}

/** What follows from all that was said. */
export interface Finding {
  /** One: that is it. Several: it is one of these, and nothing that was said tells which. Likelier ones first. */
  readonly causes: readonly Cause[];
}

const elsewhere = 'if it is of another cluster, ask that one';

/** Those whose sentence depends on the case. */
type OwnCode =
  | 'key_malformed'
  | 'password_malformed'
  | 'jwt_incomplete'
  | 'jwt_expired'
  | 'jwt_not_yet_valid'
  | 'jwt_clocks_differ'
  | 'jwt_issuer_audience_or_key'
  | 'answered_as_another'
  | 'something_in_front'
  | 'check_failed'
  | 'overloaded'
  | 'not_elasticsearch'
  | 'security_off'
  | 'no_answer';

type FixedCode = Exclude<CauseCode, OwnCode>;

/** The sentences of the others. */
export const causes: Readonly<Record<FixedCode, Cause>> = {
  key_unknown: {
    code: 'key_unknown',
    text: 'this cluster has no API key with this id',
    cure: `${elsewhere}; one that expired or was invalidated over a week ago has been removed`,
  },
  key_wrong_secret: {
    code: 'key_wrong_secret',
    text: 'there is such an API key, and its secret is another',
    cure: 'was all of it copied? A secret is shown once: else create another key',
  },
  key_invalidated: {
    code: 'key_invalidated',
    text: 'this API key was invalidated',
    cure: 'that cannot be taken back: create another key',
  },
  key_expired: {
    code: 'key_expired',
    text: 'this API key has expired',
    cure: 'create another key, with a later expiration or without any',
  },
  key_of_another_type: {
    code: 'key_of_another_type',
    text: 'this API key is for cluster-to-cluster traffic (cross_cluster), and not for requests',
    cure: 'create a key with POST /_security/api_key',
  },
  key_restricted: {
    code: 'key_restricted',
    text: 'this API key is good, and restricted to a workflow outside of which it may do nothing',
    cure: 'use it in its workflow alone, or create a key without restriction.workflows',
  },
  key_as_bearer: {
    code: 'key_as_bearer',
    text: 'this is an API key, and was presented as a Bearer token',
    cure: 'Authorization: ApiKey ‹encoded›',
  },
  keys_off: {
    code: 'keys_off',
    text: 'API keys are turned off in this cluster: what was presented was not looked at',
    cure: 'xpack.security.authc.api_key.enabled: true',
  },
  cloud_key_elsewhere: {
    code: 'cloud_key_elsewhere',
    text: 'this is an API key of Elastic Cloud (essu_…), which this cluster cannot read',
    cure: 'use it with the cloud project that it was made for, and here a key of this cluster',
  },
  token_unknown: {
    code: 'token_unknown',
    text: 'this cluster does not know this token',
    cure:
      `${elsewhere}; one that ended over a day ago has been removed; while the index of tokens is not available, ` +
      'good ones are unknown too',
  },
  token_ended: {
    code: 'token_ended',
    text: 'this access token has expired, or was invalidated: Elasticsearch says the same of both',
    cure: 'get another with the refresh token, or sign in again',
  },
  tokens_off: {
    code: 'tokens_off',
    text: 'the token service is turned off in this cluster: no access token is good there',
    cure: 'xpack.security.authc.token.enabled: true, on every node',
  },
  tokens_unlicensed: {
    code: 'tokens_unlicensed',
    text: 'the licence of this cluster has no access tokens',
    cure: 'a trial or a paid licence, or API keys instead',
  },
  service_token_unknown: {
    code: 'service_token_unknown',
    text: 'no such service account, no token of this name, or another secret: Elasticsearch says the same of all three',
    cure:
      'GET /_security/service/‹namespace›/‹service›/credential lists the tokens; ' +
      'POST …/credential/token/‹name› creates one',
  },
  jwt_unsigned: {
    code: 'jwt_unsigned',
    text: 'this JWT is not signed (alg none), and Elasticsearch takes no such',
    cure: 'have the issuer sign it',
  },
  jwt_client_authentication: {
    code: 'jwt_client_authentication',
    text:
      'the realm may want its shared secret besides (client_authentication.type: shared_secret, the default), and ' +
      'none or another was sent',
    cure: '--client-authentication-file, and in an application the option clientAuthentication',
  },
  jwt_not_read: {
    code: 'jwt_not_read',
    text: 'no realm of this cluster reads JWTs, or none can read this one',
    cure: 'configure a realm of type jwt, which needs a trial or a platinum licence and Elasticsearch 8.2',
  },
  user_unknown: {
    code: 'user_unknown',
    text: 'there is no such user',
    cure: 'check the name, and whether it is of this cluster',
  },
  user_disabled: {
    code: 'user_disabled',
    text: 'this user is disabled',
    cure: 'PUT /_security/user/‹name›/_enable',
  },
  wrong_password: {
    code: 'wrong_password',
    text: 'the password is another',
    cure: 'PUT /_security/user/‹name›/_password sets a new one',
  },
  ticket_refused: {
    code: 'ticket_refused',
    text: 'the Kerberos realm does not accept this ticket, or the handshake has more than one step',
    cure: 'get a new one (kinit) for the service principal HTTP/‹host›, and check the clocks',
  },
  no_kerberos_realm: {
    code: 'no_kerberos_realm',
    text: 'no realm of this cluster reads Kerberos tickets: what was presented was not looked at',
    cure: 'configure a realm of type kerberos, which needs a trial or a platinum licence',
  },
  security_index_unavailable: {
    code: 'security_index_unavailable',
    text: 'the index that knows it is closed, blocked or lost: good ones are then refused in the same words',
    cure: 'look after .security-7 and .security-tokens-7; the log of Elasticsearch says more',
  },
  header_lost: {
    code: 'header_lost',
    text: 'Elasticsearch saw no credential, although one was sent',
    cure: 'what is in front of Elasticsearch must hand the Authorization header on',
  },
  header_too_long: {
    code: 'header_too_long',
    text: 'the header is longer than Elasticsearch reads (http.max_header_size)',
    cure: 'a shorter token: fewer claims, such as groups',
  },
  anonymous: {
    code: 'anonymous',
    text: 'Elasticsearch did not look at the credential, and answered as its anonymous user',
    cure: 'the value must be ApiKey …, Bearer … or Basic …, with one space',
  },
};

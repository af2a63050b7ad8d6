/** API keys made from somebody else's credential: grant and clone. */

import type { AuthenticationResult } from '../../authentication/credentials.js';
import type { Signatures } from '../../authentication/jwt-realms.js';
import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
} from '../../cluster/endpoint.js';
import { withoutApiKeys } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { parseApiKey } from '../../identities/api-keys.js';
import { type ApiError, illegalArgument } from '../../wire/envelope.js';
import { emptyMap, type JsonMap } from '../../wire/json-value.js';
import { type Field, map, objectParser, requiredText, text } from '../../wire/object-parser.js';
import type { Version } from '../../wire/version.js';
import {
  createApiKey,
  metadataProblems,
  type NewApiKey,
  nameProblems,
  newApiKeyProblems,
  parseLifetime,
  readNewApiKey,
  showCreated,
} from './api-key-creation.js';

const actions = 'cluster:admin/xpack/security/api_key';
const grantAction = `${actions}/grant`;
const cloneAction = `${actions}/clone`;

interface GrantRequest {
  readonly grant_type?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly access_token?: string | undefined;
  readonly run_as?: string | undefined;
  readonly client_authentication?: ClientAuthentication | undefined;
  readonly api_key?: NewApiKey | undefined;
}

/** What the client of a JWT realm would send in a header. */
interface ClientAuthentication {
  readonly scheme: string;
  readonly value: string;
}

const clientAuthentication: Field<ClientAuthentication | undefined> = {
  tokens: ['object'],
  required: false,
  read: (node, document) =>
    objectParser<ClientAuthentication>('client_authentication', {
      scheme: requiredText,
      value: requiredText,
    }).parse(document, node),
};

function apiKeyField(version: Version): Field<NewApiKey | undefined> {
  return {
    tokens: ['object'],
    required: false,
    read: (node, document) => readNewApiKey(document, node, version),
  };
}

const noKey: NewApiKey = { name: '', roleDescriptors: new Map(), lifetimeMs: undefined, metadata: emptyMap };

function readGrant(call: Call): GrantRequest {
  const fields = {
    grant_type: text,
    username: text,
    password: text,
    access_token: text,
    run_as: text,
    client_authentication: clientAuthentication,
    api_key: apiKeyField(call.version),
  };
  return objectParser<GrantRequest>('grant_api_key_request', fields).parse(documentOf(call));
}

type GrantField = 'username' | 'password' | 'access_token';

const grantFields: readonly GrantField[] = ['username', 'password', 'access_token'];
const needed: ReadonlyMap<string, readonly GrantField[]> = new Map([
  ['password', ['username', 'password']],
  ['access_token', ['access_token']],
]);

function grantProblems(request: GrantRequest, version: Version): string[] {
  return [...newApiKeyProblems(request.api_key ?? noKey, version), ...grantFieldProblems(request)];
}

function grantFieldProblems(request: GrantRequest): string[] {
  const type = request.grant_type;
  if (type === undefined) return ['[grant_type] is required'];
  const fields = needed.get(type);
  if (fields === undefined) return [`grant_type [${type}] is not supported`];
  const { client_authentication: client } = request;
  const isEmpty = (field: GrantField): boolean => (request[field] ?? '') === '';
  return [
    ...fields.filter(isEmpty).map((field) => `[${field}] is required for grant_type [${type}]`),
    ...grantFields
      .filter((field) => !fields.includes(field) && !isEmpty(field))
      .map((field) => `[${field}] is not supported for grant_type [${type}]`),
    ...(client === undefined ? [] : clientProblems(type, client)),
  ];
}

function clientProblems(type: string, { scheme }: ClientAuthentication): string[] {
  if (type === 'password') return [`[client_authentication] is not supported for grant_type [${type}]`];
  return scheme.trim() === 'SharedSecret'
    ? []
    : ['[client_authentication.scheme] must be set to [SharedSecret]'];
}

/** A bad credential in a body is not a bad credential of the caller: 403, with the 401 as its cause. */
function forbidden(reason: string, cause: ApiError): ApiError {
  return { status: 403, type: 'security_exception', reason, cause };
}

const where = `action [${grantAction}]`;

function readCredential(
  { credentials, version }: Security,
  request: GrantRequest,
  signatures?: Signatures,
): AuthenticationResult {
  const { username = '', password = '', access_token: token = '', client_authentication: client } = request;
  if (request.grant_type === 'password') return credentials.readUser(username, password, where);
  const context = { clientAuthentication: client && `SharedSecret ${client.value}`, signatures };
  const jwt = version.namesJwtsByClaims ? credentials.readJwt(token, where, context) : undefined;
  if (jwt !== undefined) return jwt;
  if (client === undefined) return credentials.readAccessToken(token, where);
  const reason = '[client_authentication] not supported with the supplied access_token type';
  return refuse({ status: 400, type: 'security_exception', reason });
}

function grant(security: Security, request: GrantRequest, signatures?: Signatures): Answer {
  const { authenticator, authorization } = security;
  const { run_as: runAs } = request;
  let result = readCredential(security, request, signatures);
  if (runAs !== undefined) result = authenticator.runAs(result, runAs, where);
  if (result.kind === 'refused')
    return refuse(forbidden('Failed to authenticate api key grant', result.error));
  const { authentication } = result;
  const { runBy, user } = authentication;
  if (runAs !== undefined && (runBy === undefined || user.username !== runAs)) {
    const reason = 'the provided grant credentials do not support run-as';
    return refuse({ status: 400, type: 'status_exception', reason });
  }
  const barrier = authorization.barrier(authentication, 'cluster:admin/xpack/security/user/authenticate');
  if (barrier !== undefined) return refuse(barrier);
  return answer(createApiKey(security, request.api_key ?? noKey, authentication));
}

interface CloneRequest {
  readonly api_key?: string | undefined;
  readonly name?: string | undefined;
  /** Milliseconds, `null` for ever, `undefined` as long as the source. */
  readonly expiration?: number | null | undefined;
  readonly metadata?: JsonMap | undefined;
}

const lifetime: Field<number | null | undefined> = {
  tokens: ['string', 'null'],
  required: false,
  read: (node) => (node.kind === 'string' ? parseLifetime(node.value) : null),
};

const cloneRequest = objectParser<CloneRequest>('clone_api_key_request', {
  api_key: text,
  name: text,
  expiration: lifetime,
  metadata: map,
});

function cloneProblems(request: CloneRequest): string[] {
  return [
    ...((request.api_key ?? '') === '' ? ['api key credential is required'] : []),
    ...nameProblems(request.name ?? ''),
    ...metadataProblems(request.metadata ?? emptyMap),
  ];
}

function clone({ apiKeys }: Security, request: CloneRequest): Answer {
  const encoded = request.api_key ?? '';
  const parsed = parseApiKey(encoded);
  if ('problem' in parsed) {
    const cause = illegalArgument(parsed.problem);
    const reason = `invalid API key credential: ${parsed.problem}`;
    return refuse({ status: 400, type: 'status_exception', reason, cause });
  }
  const source = apiKeys.verify(parsed);
  if ('problem' in source) {
    const cause = { status: 401, type: 'security_exception', reason: source.problem };
    return refuse(forbidden('Failed to clone API key', cause));
  }
  const { expiration } = request;
  const created = apiKeys.create({
    name: request.name ?? '',
    type: 'rest',
    owner: source.owner,
    roleDescriptors: source.roleDescriptors,
    // `ApiKeyService.CLONED_FROM_RESERVED_METADATA_KEY`; of a clone of a clone it is the clone.
    metadata: new Map([...(request.metadata ?? source.metadata), ['_cloned_from', source.id]]),
    lifetimeMs: expiration ?? undefined,
    expiresAt: expiration === undefined ? source.expiration : undefined,
  });
  return answer(showCreated(created));
}

/** The routes of this chapter. */
export const apiKeyGrantRoutes: readonly Route[] = [
  route<GrantRequest>({
    methods: ['POST', 'PUT'],
    paths: ['/_security/api_key/grant'],
    unavailable: withoutApiKeys,
    query: ['refresh'],
    body: 'required',
    read: readGrant,
    validate: grantProblems,
    action: () => grantAction,
    needs: ['changes'],
    run(security, request) {
      const verified = security.jwtRealms.verify([request.access_token ?? '']);
      return verified === undefined
        ? grant(security, request)
        : verified.then((signatures) => grant(security, request, signatures));
    },
  }),
  route<CloneRequest>({
    methods: ['POST', 'PUT'],
    paths: ['/_security/api_key/clone'],
    unavailable: withoutApiKeys,
    exists: (version) => version.clonesApiKeys,
    query: ['refresh'],
    body: 'required',
    read: (call) => cloneRequest.parse(documentOf(call)),
    validate: cloneProblems,
    action: () => cloneAction,
    needs: ['changes'],
    run: clone,
  }),
];

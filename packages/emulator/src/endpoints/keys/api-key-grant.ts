/** API keys made from somebody else's credential: grant and clone. */

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
import { type Grant, grantFields, grantProblems, readGrant } from '../../cluster/grants.js';
import type { Security } from '../../cluster/security.js';
import { parseApiKey } from '../../identities/api-keys.js';
import { type ApiError, illegalArgument } from '../../wire/envelope.js';
import { emptyMap, type JsonMap } from '../../wire/json-value.js';
import { type Field, map, objectParser, text } from '../../wire/object-parser.js';
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

interface GrantRequest extends Grant {
  readonly run_as?: string | undefined;
  readonly api_key?: NewApiKey | undefined;
}

function apiKeyField(version: Version): Field<NewApiKey | undefined> {
  return {
    tokens: ['object'],
    required: false,
    read: (node, document) => readNewApiKey(document, node, version),
  };
}

const noKey: NewApiKey = { name: '', roleDescriptors: new Map(), lifetimeMs: undefined, metadata: emptyMap };

function readRequest(call: Call): GrantRequest {
  const fields = { ...grantFields, run_as: text, api_key: apiKeyField(call.version) };
  return objectParser<GrantRequest>('grant_api_key_request', fields).parse(documentOf(call));
}

function requestProblems(request: GrantRequest, version: Version): string[] {
  return [...newApiKeyProblems(request.api_key ?? noKey, version), ...grantProblems(request)];
}

/** A bad credential in a body is not a bad credential of the caller: 403, with the 401 as its cause. */
function forbidden(reason: string, cause: ApiError): ApiError {
  return { status: 403, type: 'security_exception', reason, cause };
}

const where = `action [${grantAction}]`;

function grant(security: Security, request: GrantRequest, signatures?: Signatures): Answer {
  const { authenticator, authorization } = security;
  const { run_as: runAs } = request;
  let result = readGrant(security, request, where, signatures);
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
    read: readRequest,
    validate: requestProblems,
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

/** Service accounts and their tokens: `/_security/service`. */

import {
  type Answer,
  answer,
  type Call,
  type Route,
  refuse,
  route,
  segment,
} from '../../cluster/endpoint.js';
import { nodeName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import type { ServiceAccountName } from '../../identities/service-accounts.js';
import { showRole } from '../../privileges/role-descriptor.js';
import { illegalArgument } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';

const actions = 'cluster:admin/xpack/security/service_account';
const account = '/_security/service/{namespace}/{service}';
const tokens = `${account}/credential/token`;

const tokenNameForm = /^[a-zA-Z0-9-][a-zA-Z0-9_-]{0,255}$/;

function accountOf(call: Call): ServiceAccountName {
  return `${segment(call, 'namespace')}/${segment(call, 'service')}`;
}

interface TokenRequest {
  readonly account: ServiceAccountName;
  /** `undefined`: a name is to be made up. */
  readonly name: string | undefined;
}

function readToken(call: Call): TokenRequest {
  return { account: accountOf(call), name: call.segments.get('name') };
}

function tokenProblems({ name }: TokenRequest): string[] {
  if (name === undefined || tokenNameForm.test(name)) return [];
  return [
    `invalid service token name [${name}]. service account token name must have at least 1 character and at most 256 ` +
      'characters that are alphanumeric (A-Z, a-z, 0-9) or hyphen (-) or underscore (_). It must not begin with an underscore (_).',
  ];
}

function create({ serviceAccounts, secrets }: Security, request: TokenRequest): Answer {
  const { account: name, name: tokenName = `token_${secrets.id()}` } = request;
  if (serviceAccounts.role(name) === undefined) {
    refuse(illegalArgument(`service account [${name}] does not exist`));
  }
  const value = serviceAccounts.createToken(name, tokenName);
  if (value === undefined) {
    const document = `service_account_token-${name}/${tokenName}`;
    return refuse({
      status: 409,
      type: 'version_conflict_engine_exception',
      reason: `[${document}]: version conflict, document already exists (current version [1])`,
      metadata: { index_uuid: 'cHF1VTVQUmFHZDJXbk1XcQ', shard: '0', index: '.security-7' },
    });
  }
  return answer({ created: true, token: { name: tokenName, value } });
}

function get({ serviceAccounts, version }: Security, prefix: string): Answer {
  const found = new Map<string, JsonValue>();
  for (const name of serviceAccounts.names()) {
    const role = serviceAccounts.role(name);
    if (role !== undefined && `${name}/`.startsWith(prefix))
      found.set(name, { role_descriptor: showRole(role, version) });
  }
  return answer(found);
}

/** What the names of the wanted accounts begin with. */
function prefixOf(call: Call): string {
  const parts = [call.segments.get('namespace'), call.segments.get('service')];
  return parts.map((part) => (part === undefined ? '' : `${part}/`)).join('');
}

function getCredentials({ serviceAccounts }: Security, name: ServiceAccountName): Answer {
  const names = serviceAccounts.tokenNames(name);
  const inFile = serviceAccounts.fileTokenNames(name);
  return answer({
    service_account: name,
    count: names.length + inFile.length,
    tokens: new Map(names.map((token) => [token, {}])),
    nodes_credentials: {
      _nodes: { total: 1, successful: 1, failed: 0 },
      file_tokens: new Map(inFile.map((token) => [token, { nodes: [nodeName] }])),
    },
  });
}

/** The routes of this chapter. */
export const serviceAccountRoutes: readonly Route[] = [
  route<string>({
    methods: ['GET'],
    paths: ['/_security/service', '/_security/service/{namespace}', account],
    read: prefixOf,
    action: () => `${actions}/get`,
    run: get,
  }),
  route<TokenRequest>({
    methods: ['POST'],
    paths: [tokens],
    query: ['refresh'],
    read: readToken,
    action: () => `${actions}/token/create`,
    needs: ['changes'],
    run: create,
  }),
  route<TokenRequest>({
    methods: ['POST', 'PUT'],
    paths: [`${tokens}/{name}`],
    query: ['refresh'],
    read: readToken,
    validate: tokenProblems,
    action: () => `${actions}/token/create`,
    needs: ['changes'],
    run: create,
  }),
  route<ServiceAccountName>({
    methods: ['GET'],
    paths: [`${account}/credential`],
    read: accountOf,
    action: () => `${actions}/credential/get`,
    needs: ['documents'],
    run: getCredentials,
  }),
  route<TokenRequest>({
    methods: ['DELETE'],
    paths: [`${tokens}/{name}`],
    query: ['refresh'],
    read: readToken,
    action: () => `${actions}/token/delete`,
    needs: ['removal'],
    run({ serviceAccounts }, { account: name, name: token = '' }) {
      const found = serviceAccounts.deleteToken(name, token);
      return answer({ found }, found ? 200 : 404);
    },
  }),
];

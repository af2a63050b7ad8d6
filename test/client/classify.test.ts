// What 9.5.0 was recorded to answer to these endpoints, as the client reads it: each answer goes to the method of its
// endpoint through a socket, byte for byte, whatever was asked.

import { createSecurityClient, SecurityApiError, type SecurityClient } from '@esauth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RecordedAnswer, type RecordedExchange, readRecordings } from '../support/recordings.js';
import { type ScriptedNode, startScriptedNode } from '../support/scripted-node.js';

type Method = (client: SecurityClient) => Promise<unknown>;

const id = '[^/?]+';
/** By method and path of what was recorded. */
const methods: readonly (readonly [RegExp, Method])[] = [
  [/^POST \/_security\/oauth2\/token/, (client) => client.getToken({ grant_type: 'client_credentials' })],
  [/^DELETE \/_security\/oauth2\/token/, (client) => client.invalidateToken({ token: 'x' })],
  [
    /^(POST|PUT) \/_security\/api_key\/grant/,
    (client) => client.grantApiKey({ grant_type: 'access_token', access_token: 'x', api_key: { name: 'x' } }),
  ],
  [/^(POST|PUT) \/_security\/api_key\/clone/, (client) => client.cloneApiKey({ api_key: 'x', name: 'x' })],
  [/^POST \/_security\/api_key\/_bulk_update/, (client) => client.bulkUpdateApiKeys({ ids: ['x'] })],
  [new RegExp(`^PUT /_security/api_key/${id}$`), (client) => client.updateApiKey({ id: 'x' })],
  [/^(POST|PUT) \/_security\/api_key(\?|$)/, (client) => client.createApiKey({ name: 'x' })],
  [/^GET \/_security\/api_key(\?|$)/, (client) => client.getApiKeys()],
  [/^DELETE \/_security\/api_key(\?|$)/, (client) => client.invalidateApiKey({ ids: ['x'] })],
  [/^(GET|POST) \/_security\/_query\/api_key/, (client) => client.queryApiKeys()],
  [/^(GET|POST) \/_security\/user\/_has_privileges/, (client) => client.hasPrivileges({ cluster: ['all'] })],
  [/^GET \/_security\/_authenticate(\?|$)/, (client) => client.authenticate()],
  [
    new RegExp(`^(POST|PUT) /_security/user/${id}/_password`),
    (client) => client.changePassword({ username: 'x', password: 'secret' }),
  ],
  [new RegExp(`^(POST|PUT) /_security/user/${id}/_enable`), (client) => client.enableUser({ username: 'x' })],
  [
    new RegExp(`^(POST|PUT) /_security/user/${id}/_disable`),
    (client) => client.disableUser({ username: 'x' }),
  ],
];

/**
 * What each refusal means, by its status and what it says; the first that fits. Written from reference 9 and 10, not
 * from the code. A refusal that none fits fails.
 */
const meanings: readonly (readonly [status: number, says: RegExp, code: string])[] = [
  [400, /"error":"(invalid_grant|_unauthorized)"/, 'invalid_grant'],
  [400, /"error":"invalid_request"/, 'invalid_request'],
  [400, /"error":"unsupported_grant_type"/, 'unsupported_grant_type'],
  [400, /"error":"no handler found/, 'disabled'],
  [400, /"type":"feature_not_enabled_exception"/, 'disabled'],
  [400, /"type":"index_closed_exception"/, 'unavailable'],
  [400, /"reason":"failed to invalidate token"/, 'unavailable'],
  [400, /^{"error":{[^}]*"type":"(x_content_\w+|pars\w+_exception)"/, 'invalid_request'],
  [
    400,
    /"type":"(action_request_validation|validation|illegal_argument|security|media_type_header|status|too_long_frame)_exception"/,
    'validation_failed',
  ],
  [401, /for action \[cluster:admin\/xpack\/security\/token\/create\]/, 'invalid_grant'],
  [401, /for action \[cluster:admin\/xpack\/security\/api_key\/grant\]/, 'invalid_grant'],
  [401, /"type":"security_exception"/, 'unauthorized'],
  [403, /"license.expired.feature"/, 'license'],
  [403, /"reason":"Failed to (authenticate api key grant|clone API key)"/, 'invalid_grant'],
  [403, /"type":"cluster_block_exception"/, 'unavailable'],
  [403, /"type":"security_exception"/, 'forbidden'],
  [404, /./, 'not_found'],
  [405, /./, 'invalid_request'],
  [406, /./, 'invalid_request'],
  [429, /"type":"cluster_block_exception"/, 'unavailable'],
  [429, /"type":"es_rejected_execution_exception"/, 'overloaded'],
  [500, /could not decode base64 kerberos ticket/, 'invalid_grant'],
  [500, /not supported for service accounts/, 'validation_failed'],
  [500, /./, 'unavailable'],
  [503, /./, 'unavailable'],
  [200, /"error_count":[1-9]/, 'incomplete'],
  [200, /"errors":{"count":[1-9]/, 'incomplete'],
];

let node: ScriptedNode;
let client: SecurityClient;
beforeAll(async () => {
  node = await startScriptedNode();
  client = createSecurityClient({ nodes: node.url, auth: { username: 'elastic', password: 'changeme' } });
});
afterAll(async () => {
  await client.close();
  await node.close();
});

const [{ scenarios = [] } = {}] = readRecordings();
const played = scenarios.flatMap((scenario) => {
  const exchanges = scenario.exchanges
    .flatMap((step): readonly RecordedExchange[] =>
      'parallel' in step ? step.parallel : 'request' in step ? [step] : [],
    )
    .flatMap(({ request, response }) => {
      const line = `${request.method} ${request.path}`;
      const [, method] = methods.find(([pattern]) => pattern.test(line)) ?? [];
      return method === undefined || 'failed' in response ? [] : [{ line, method, response }];
    });
  return exchanges.length === 0 ? [] : [{ id: scenario.id, exchanges }];
});

function textOf({ body, text }: RecordedAnswer): string {
  if (text !== undefined) return text;
  return body === undefined || body === null ? '' : JSON.stringify(body);
}

function bytesOf(answer: RecordedAnswer): Buffer {
  const body = Buffer.from(textOf(answer));
  // The id is that of the recording's own question.
  const kept = ([name = '']: readonly string[]) =>
    !/^(content-length|transfer-encoding|x-opaque-id)$/i.test(name);
  const headers = answer.headers.filter(kept);
  const head = [
    `HTTP/1.1 ${answer.status} ${answer.reason}`,
    ...headers.map(([name, value]) => `${name}: ${value.replaceAll(/[^\x20-\x7e]/g, '?')}`),
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** What has to come of an answer: a code, or `undefined` for an answer that is good. */
function meaningOf(answer: RecordedAnswer): string | undefined {
  const text = textOf(answer);
  const found = meanings.find(([status, says]) => status === answer.status && says.test(text));
  if (found === undefined && answer.status >= 300) return `nothing says what ${answer.status} ${text} means`;
  return found?.[2];
}

describe.each(played)('$id', ({ exchanges }) => {
  test(`${exchanges.length} answers`, async () => {
    for (const { line, method, response } of exchanges) {
      // YAML, HEAD and the like are nothing that the client asks for.
      const isJson =
        response.body !== null && (response.body !== undefined || textOf(response).startsWith('{'));
      node.answer((socket) => socket.write(bytesOf(response)));
      const outcome = await method(client).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!isJson) {
        expect([line, outcome]).toEqual([line, expect.any(SecurityApiError)]);
        continue;
      }
      const meaning = meaningOf(response);
      expect([line, textOf(response), (outcome as SecurityApiError | undefined)?.code]).toEqual([
        line,
        textOf(response),
        meaning,
      ]);
      if (meaning !== undefined && meaning !== 'incomplete') {
        expect((outcome as SecurityApiError).status).toBe(response.status);
      }
    }
  });
});

test('every endpoint was recorded, and most of its answers', () => {
  const answers = played.flatMap(({ exchanges }) => exchanges);
  expect(new Set(answers.map(({ method }) => method)).size).toBeGreaterThanOrEqual(14);
  expect(answers.length).toBeGreaterThan(700);
});

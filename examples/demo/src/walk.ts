// The main job, step by step: credentials from Elasticsearch, a protected route that knows whose they are, what a
// caller may do, what a remembered check costs, revocation, and an outage that is not a refusal.

import type { Emulator } from '@esauth/emulator';
import type { Verifier } from '@esauth/express';
import { type Reply, type Story, send } from './story.js';

/** What is running while the walk goes on. */
export interface Stage {
  readonly story: Story;
  readonly apiUrl: string;
  readonly verifier: Verifier;
  /** Elasticsearch as it runs now; replaced when it is started again. */
  elasticsearch: Emulator;
  startElasticsearch(): Promise<Emulator>;
}

/** A native user; the superuser `elastic` is built in. */
export const jane: { readonly username: string; readonly password: string; readonly roles: string[] } = {
  username: 'jane',
  password: 'correct-horse',
  roles: ['writer', 'key_owner'],
};

export async function walk(stage: Stage): Promise<void> {
  const { story, verifier } = stage;
  const elastic = basic(stage.elasticsearch.username, stage.elasticsearch.password);

  story.chapter('A token by client_credentials: the caller becomes its own token');
  const own = await token(stage, elastic, { grant_type: 'client_credentials' });
  const me = await story.call(`${stage.apiUrl}/me`, { authorization: own.bearer });
  story.check(
    'the route knows elastic, of the reserved realm, with a token',
    says(me, 200, {
      username: 'elastic',
      realm: 'reserved',
      roles: ['superuser'],
      authenticationType: 'token',
    }),
  );

  story.chapter('A token by password: a user logs in through an application');
  const { username, password, roles } = jane;
  const login = await token(stage, elastic, { grant_type: 'password', username, password });
  const asJane = { username, realm: 'default_native', roles, authenticationType: 'token' };
  const janeSeen = await story.call(`${stage.apiUrl}/me`, { authorization: login.bearer });
  story.check('the route knows jane, of the native realm', says(janeSeen, 200, asJane));

  story.chapter('A token by refresh_token: the login goes on');
  const next = await token(stage, elastic, {
    grant_type: 'refresh_token',
    refresh_token: login.refreshToken,
  });
  const janeAgain = await story.call(`${stage.apiUrl}/me`, { authorization: next.bearer });
  story.check('the new token is jane as well', says(janeAgain, 200, asJane));

  story.chapter('An API key: a machine of jane’s');
  const key = await apiKey(stage, basic(username, password), 'nightly-report');
  const keySeen = await story.call(`${stage.apiUrl}/me`, { authorization: key.authorization });
  story.check(
    'the route knows the key and its owner; a key has no roles',
    says(keySeen, 200, {
      username,
      realm: '_es_api_key',
      roles: [],
      authenticationType: 'api_key',
      apiKey: 'nightly-report',
    }),
  );

  story.chapter('A route for administrators only');
  const refused = await story.call(`${stage.apiUrl}/admin`, { authorization: login.bearer });
  story.check(
    'jane is refused: 403, insufficient_scope',
    refused.status === 403 &&
      refused.challenges === 'Bearer realm="elasticsearch", error="insufficient_scope"',
  );
  const allowed = await story.call(`${stage.apiUrl}/admin`, { authorization: own.bearer });
  story.check('elastic is let in', allowed.status === 200);

  story.chapter('A route that asks for a privilege: to read the index "reports"');
  const readable = await story.call(`${stage.apiUrl}/reports`, { authorization: key.authorization });
  story.check('the key may do what its owner may', readable.status === 200);
  const limited = await apiKey(stage, basic(username, password), 'no-reports', { limited: { cluster: [] } });
  const denied = await story.call(`${stage.apiUrl}/reports`, { authorization: limited.authorization });
  story.check('a key without privileges is refused: 403', is(denied, 403, 'forbidden'));

  await thousandRequests(stage, elastic);
  await refusals(stage, login.bearer);
  await revocations(stage, elastic, own, key);
  await outage(stage, elastic, login.bearer);

  story.chapter('Elasticsearch is back');
  stage.elasticsearch = await stage.startElasticsearch();
  // The emulator starts empty: nothing that was remembered of the old one is true any more.
  verifier.revoke('all');
  story.say('It was started again, on the same port.');
  const fresh = await token(stage, elastic, { grant_type: 'client_credentials' });
  const back = await story.call(`${stage.apiUrl}/me`, { authorization: fresh.bearer });
  story.check('the next request is answered, nothing had to be restarted', back.status === 200);
}

async function thousandRequests({ story, ...stage }: Stage, elastic: string): Promise<void> {
  story.chapter('The same request a thousand times');
  const { body } = await send(`${stage.elasticsearch.url}/_security/oauth2/token`, {
    method: 'POST',
    authorization: elastic,
    body: { grant_type: 'client_credentials' },
  });
  const authorization = `Bearer ${body.access_token}`;
  const before = lookups(stage.elasticsearch);
  let good = 0;
  for (let round = 0; round < 20; round += 1) {
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => send(`${stage.apiUrl}/me`, { authorization })),
    );
    good += replies.filter(({ status }) => status === 200).length;
  }
  const reached = lookups(stage.elasticsearch) - before;
  story.say('A new token; GET /me, fifty at a time, twenty times.');
  story.say(`1000 requests, ${good} answered 200, ${reached} lookup(s) reached Elasticsearch.`);
  story.check('all were answered by one lookup', good === 1_000 && reached === 1);
}

async function refusals({ story, ...stage }: Stage, bearer: string): Promise<void> {
  story.chapter('Requests that carry nothing, or nonsense');
  const before = lookups(stage.elasticsearch);
  const nobody = await story.call(`${stage.apiUrl}/me`);
  story.check(
    'without a credential: 401 and a challenge for each scheme',
    is(nobody, 401, 'credentials_missing'),
  );
  const malformed = await story.call(`${stage.apiUrl}/me`, { authorization: `${bearer} and more` });
  story.check('a malformed header: 400', is(malformed, 400, 'credentials_malformed'));
  const foreign = await story.call(`${stage.apiUrl}/me`, { authorization: 'Digest username="jane"' });
  story.check('a scheme that is not accepted: 401', is(foreign, 401, 'scheme_unsupported'));
  story.check('Elasticsearch was not asked', lookups(stage.elasticsearch) === before);
}

async function revocations(
  { story, verifier, ...stage }: Stage,
  elastic: string,
  own: Token,
  key: ApiKey,
): Promise<void> {
  story.chapter('The token is invalidated');
  const invalidated = await story.call(`${stage.elasticsearch.url}/_security/oauth2/token`, {
    method: 'DELETE',
    authorization: elastic,
    body: { token: own.accessToken },
  });
  story.check('Elasticsearch has revoked it', invalidated.body.invalidated_tokens === 1);
  verifier.revoke({ credential: own.bearer });
  story.say(
    'verifier.revoke({ credential }): this process forgets it too (else within cache.ttlMs, a minute)',
  );
  const afterwards = await story.call(`${stage.apiUrl}/me`, { authorization: own.bearer });
  story.check('the very next request is refused', is(afterwards, 401, 'credentials_expired'));
  story.check(
    'the challenge says why',
    afterwards.challenges?.startsWith(
      'Bearer realm="elasticsearch", error="invalid_token", error_description="The access token expired"',
    ) === true,
  );

  story.chapter('The API key is invalidated');
  const gone = await story.call(`${stage.elasticsearch.url}/_security/api_key`, {
    method: 'DELETE',
    authorization: elastic,
    body: { ids: [key.id] },
  });
  story.check(
    'Elasticsearch has revoked it',
    JSON.stringify(gone.body.invalidated_api_keys) === `["${key.id}"]`,
  );
  verifier.revoke({ apiKeyIds: [key.id] });
  story.say('verifier.revoke({ apiKeyIds })');
  const keyless = await story.call(`${stage.apiUrl}/me`, { authorization: key.authorization });
  story.check('the very next request is refused', is(keyless, 401, 'credentials_invalid'));
  story.check(
    'the challenge says on which scheme',
    keyless.challenges ===
      'Bearer realm="elasticsearch", ApiKey realm="elasticsearch", error="invalid_token"',
  );
}

async function outage({ story, ...stage }: Stage, elastic: string, known: string): Promise<void> {
  story.chapter('Elasticsearch is stopped');
  const { body } = await send(`${stage.elasticsearch.url}/_security/oauth2/token`, {
    method: 'POST',
    authorization: elastic,
    body: { grant_type: 'client_credentials' },
  });
  await stage.elasticsearch.close();
  story.say('Just before, somebody got a token that the API has never seen.');
  const unknown = await story.call(`${stage.apiUrl}/me`, { authorization: `Bearer ${body.access_token}` });
  story.check(
    '503, not 401: nobody throws a good credential away',
    is(unknown, 503, 'unreachable') && unknown.challenges === null && unknown.retryAfter === '1',
  );
  const remembered = await story.call(`${stage.apiUrl}/me`, { authorization: known });
  story.check('who was verified a moment ago does not notice', remembered.status === 200);
}

interface Token {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly bearer: string;
}

/** Gets a token with any grant. */
export async function token(
  { story, elasticsearch }: Pick<Stage, 'story' | 'elasticsearch'>,
  authorization: string,
  grant: Readonly<Record<string, string>>,
): Promise<Token> {
  const url = `${elasticsearch.url}/_security/oauth2/token`;
  const { status, body } = await story.call(url, { method: 'POST', authorization, body: grant });
  story.check('Elasticsearch grants a token', status === 200);
  const accessToken = String(body.access_token);
  return { accessToken, refreshToken: String(body.refresh_token), bearer: `Bearer ${accessToken}` };
}

interface ApiKey {
  readonly id: string;
  readonly authorization: string;
}

/** Creates an API key, limited to the roles that are described if any are. */
export async function apiKey(
  { story, elasticsearch }: Pick<Stage, 'story' | 'elasticsearch'>,
  authorization: string,
  name: string,
  roles?: Readonly<Record<string, object>>,
): Promise<ApiKey> {
  const url = `${elasticsearch.url}/_security/api_key`;
  const wanted = { name, ...(roles && { role_descriptors: roles }) };
  const { status, body } = await story.call(url, { method: 'POST', authorization, body: wanted });
  story.check('Elasticsearch creates a key', status === 200);
  return { id: String(body.id), authorization: `ApiKey ${body.encoded}` };
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function lookups({ requests }: Emulator): number {
  return requests.filter(({ path }) => path === '/_security/_authenticate').length;
}

function is(reply: Reply, status: number, code: string): boolean {
  return reply.status === status && reply.body.code === code;
}

function says(reply: Reply, status: number, body: Readonly<Record<string, unknown>>): boolean {
  return reply.status === status && JSON.stringify(reply.body) === JSON.stringify(body);
}

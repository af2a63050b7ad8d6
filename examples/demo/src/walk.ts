// The main job, step by step: credentials from Elasticsearch, a protected route that knows whose they are, what a
// caller may do, what a remembered check costs, revocation, and an outage that is not a refusal. What an Elasticsearch
// can not show is skipped by name.

import {
  type ApiKey,
  apiKey,
  granted,
  type Person,
  type Stage,
  silent,
  type Token,
  token,
  unseen,
} from './stage.js';
import type { Reply } from './story.js';

export async function walk(stage: Stage): Promise<void> {
  const own = await ownToken(stage);
  const login = await loginAndRefresh(stage);
  const key = await janesKey(stage);
  await administrators(stage, own, login);
  await privileges(stage, key);
  await thousandRequests(stage);
  await refusals(stage, login?.bearer ?? key.authorization);
  await tokenRevoked(stage, own);
  await keyRevoked(stage, key);
  await outage(stage);
}

async function ownToken(stage: Stage): Promise<Token | undefined> {
  const { story, elasticsearch } = stage;
  const { admin, noTokens } = elasticsearch;
  story.chapter('A token by client_credentials: the caller becomes its own token');
  const known = `the route knows ${admin.username}, of the ${admin.realm} realm, with a token`;
  if (noTokens !== undefined) {
    story.skip(noTokens, granted, known);
    return undefined;
  }
  const own = await token(stage, { grant_type: 'client_credentials' });
  const me = await story.call(`${stage.apiUrl}/me`, { authorization: own.bearer });
  story.check(known, says(me, 200, withToken(admin)));
  return own;
}

async function loginAndRefresh(stage: Stage): Promise<Token | undefined> {
  const { story, elasticsearch } = stage;
  const { jane, noTokens } = elasticsearch;
  const known = 'the route knows jane, of the native realm';
  const knownAgain = 'the new token is jane as well';
  story.chapter('A token by password: a user logs in through an application');
  if (noTokens !== undefined) {
    story.skip(noTokens, granted, known);
    story.chapter('A token by refresh_token: the login goes on');
    story.skip(noTokens, granted, knownAgain);
    return undefined;
  }
  const { username, password } = jane;
  const login = await token(stage, { grant_type: 'password', username, password });
  const janeSeen = await story.call(`${stage.apiUrl}/me`, { authorization: login.bearer });
  story.check(known, says(janeSeen, 200, withToken(jane)));

  story.chapter('A token by refresh_token: the login goes on');
  const next = await token(stage, { grant_type: 'refresh_token', refresh_token: login.refreshToken });
  const janeAgain = await story.call(`${stage.apiUrl}/me`, { authorization: next.bearer });
  story.check(knownAgain, says(janeAgain, 200, withToken(jane)));
  return login;
}

async function janesKey(stage: Stage): Promise<ApiKey> {
  const { story, elasticsearch } = stage;
  story.chapter('An API key: a machine of jane’s');
  const name = elasticsearch.name('nightly-report');
  const key = await apiKey(stage, name);
  const keySeen = await story.call(`${stage.apiUrl}/me`, { authorization: key.authorization });
  story.check(
    'the route knows the key and its owner; a key has no roles',
    says(keySeen, 200, {
      username: elasticsearch.jane.username,
      realm: '_es_api_key',
      roles: [],
      authenticationType: 'api_key',
      apiKey: name,
    }),
  );
  return key;
}

async function administrators(stage: Stage, own: Token | undefined, login: Token | undefined): Promise<void> {
  const { story, elasticsearch, apiUrl } = stage;
  const { admin, noTokens } = elasticsearch;
  story.chapter('A route for administrators only');
  const janeRefused = 'jane is refused: 403, insufficient_scope';
  const adminLetIn = `${admin.username} is let in`;
  if (own === undefined || login === undefined) {
    story.skip(String(noTokens), janeRefused, adminLetIn);
    return;
  }
  const refused = await story.call(`${apiUrl}/admin`, { authorization: login.bearer });
  story.check(
    janeRefused,
    refused.status === 403 &&
      refused.challenges === 'Bearer realm="elasticsearch", error="insufficient_scope"',
  );
  if (!admin.roles.includes('superuser')) {
    story.skip(`${admin.username} has not the role superuser`, adminLetIn);
    return;
  }
  const allowed = await story.call(`${apiUrl}/admin`, { authorization: own.bearer });
  story.check(adminLetIn, allowed.status === 200);
}

async function privileges(stage: Stage, key: ApiKey): Promise<void> {
  const { story, elasticsearch, apiUrl } = stage;
  story.chapter(`A route that asks for a privilege: to read the index "${elasticsearch.name('reports')}"`);
  const readable = await story.call(`${apiUrl}/reports`, { authorization: key.authorization });
  story.check('the key may do what its owner may', readable.status === 200);
  const limited = await apiKey(stage, elasticsearch.name('no-reports'), { limited: { cluster: [] } });
  const denied = await story.call(`${apiUrl}/reports`, { authorization: limited.authorization });
  story.check('a key without privileges is refused: 403', is(denied, 403, 'forbidden'));
}

async function thousandRequests(stage: Stage): Promise<void> {
  const { story, elasticsearch, apiUrl } = stage;
  story.chapter('The same request a thousand times');
  const authorization = await unseen(silent(stage));
  const before = elasticsearch.lookups();
  let good = 0;
  for (let round = 0; round < 20; round += 1) {
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => story.send(`${apiUrl}/me`, { authorization })),
    );
    good += replies.filter(({ status }) => status === 200).length;
  }
  const reached = elasticsearch.lookups() - before;
  const kind = elasticsearch.noTokens === undefined ? 'token' : 'key';
  story.say(`A new ${kind}; GET /me, fifty at a time, twenty times.`);
  story.say(`1000 requests, ${good} answered 200, ${reached} lookup(s) reached Elasticsearch.`);
  story.check('all were answered by one lookup', good === 1_000 && reached === 1);
}

async function refusals({ story, elasticsearch, apiUrl }: Stage, authorization: string): Promise<void> {
  story.chapter('Requests that carry nothing, or nonsense');
  const before = elasticsearch.lookups();
  const nobody = await story.call(`${apiUrl}/me`);
  story.check(
    'without a credential: 401 and a challenge for each scheme',
    is(nobody, 401, 'credentials_missing'),
  );
  const malformed = await story.call(`${apiUrl}/me`, { authorization: `${authorization} and more` });
  story.check('a malformed header: 400', is(malformed, 400, 'credentials_malformed'));
  const foreign = await story.call(`${apiUrl}/me`, { authorization: 'Digest username="jane"' });
  story.check('a scheme that is not accepted: 401', is(foreign, 401, 'scheme_unsupported'));
  story.check('Elasticsearch was not asked', elasticsearch.lookups() === before);
}

async function tokenRevoked(stage: Stage, own: Token | undefined): Promise<void> {
  const { story, verifier, elasticsearch } = stage;
  const revoked = 'Elasticsearch has revoked it';
  const refused = 'the very next request is refused';
  const explained = 'the challenge says why';
  story.chapter('The token is invalidated');
  if (own === undefined) {
    story.skip(String(elasticsearch.noTokens), revoked, refused, explained);
    return;
  }
  const invalidated = await story.call(`${elasticsearch.url}/_security/oauth2/token`, {
    method: 'DELETE',
    authorization: elasticsearch.admin.basic,
    body: { token: own.accessToken },
  });
  story.check(revoked, invalidated.body.invalidated_tokens === 1);
  void verifier.revoke({ credential: own.bearer });
  story.say(
    'verifier.revoke({ credential }): this process forgets it too (else within cache.ttlMs, a minute)',
  );
  const afterwards = await story.call(`${stage.apiUrl}/me`, { authorization: own.bearer });
  story.check(refused, is(afterwards, 401, 'credentials_expired'));
  story.check(
    explained,
    afterwards.challenges?.startsWith(
      'Bearer realm="elasticsearch", error="invalid_token", error_description="The access token expired"',
    ) === true,
  );
}

async function keyRevoked(stage: Stage, key: ApiKey): Promise<void> {
  const { story, verifier, elasticsearch } = stage;
  story.chapter('The API key is invalidated');
  const gone = await story.call(`${elasticsearch.url}/_security/api_key`, {
    method: 'DELETE',
    authorization: elasticsearch.admin.basic,
    body: { ids: [key.id] },
  });
  story.check(
    'Elasticsearch has revoked it',
    JSON.stringify(gone.body.invalidated_api_keys) === `["${key.id}"]`,
  );
  void verifier.revoke({ apiKeyIds: [key.id] });
  story.say('verifier.revoke({ apiKeyIds })');
  const keyless = await story.call(`${stage.apiUrl}/me`, { authorization: key.authorization });
  story.check('the very next request is refused', is(keyless, 401, 'credentials_invalid'));
  story.check(
    'the challenge says on which scheme',
    keyless.challenges ===
      'Bearer realm="elasticsearch", ApiKey realm="elasticsearch", error="invalid_token"',
  );
}

async function outage(stage: Stage): Promise<void> {
  const { story, verifier, elasticsearch, apiUrl } = stage;
  story.chapter('The API can not reach Elasticsearch');
  const known = await unseen(silent(stage));
  await story.send(`${apiUrl}/me`, { authorization: known });
  const unknown = await unseen(silent(stage));
  story.say(await elasticsearch.stop());
  story.say('Just before, somebody got a credential that the API has never seen.');
  const stranger = await story.call(`${apiUrl}/me`, { authorization: unknown });
  story.check(
    '503, not 401: nobody throws a good credential away',
    is(stranger, 503, 'unreachable') && stranger.challenges === null && stranger.retryAfter === '1',
  );
  const remembered = await story.call(`${apiUrl}/me`, { authorization: known });
  story.check('who was verified a moment ago does not notice', remembered.status === 200);

  story.chapter('Elasticsearch is back');
  const { said, empty } = await elasticsearch.start();
  // Nothing that was remembered of the old one is true any more.
  if (empty) void verifier.revoke('all');
  story.say(said);
  const back = await story.call(`${apiUrl}/me`, { authorization: await unseen(stage) });
  story.check('the next request is answered, nothing had to be restarted', back.status === 200);
}

function withToken({ username, realm, roles }: Person): Readonly<Record<string, unknown>> {
  return { username, realm, roles, authenticationType: 'token' };
}

function is(reply: Reply, status: number, code: string): boolean {
  return reply.status === status && reply.body.code === code;
}

function says(reply: Reply, status: number, body: Readonly<Record<string, unknown>>): boolean {
  return reply.status === status && JSON.stringify(reply.body) === JSON.stringify(body);
}

// What Elasticsearch was recorded to answer, given to the verifier byte for byte through a socket: who somebody is,
// which privileges he has, and a key's own entry. The right verdict is worked out here from the contract (1.3, 1.4,
// 1.7), not from the code. A recording that is added to `test/recorded` is played without a change here, and one
// that no rule foresees fails.

import {
  createVerifier,
  InvalidPrivilegesError,
  type PrivilegesQuestion,
  type Verdict,
  type Verifier,
} from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bearEvidence } from '../../support/evidence.js';
import { bodyOf, exchangesOf, type Recorded, scriptOf } from '../../support/recorded-answers.js';
import { type RecordedResponse, readRecordings } from '../../support/recordings.js';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';
import { warningsDuring } from '../../support/warnings.js';

const exchanges = exchangesOf(readRecordings());
const about = (path: RegExp) => exchanges.filter(({ request }) => path.test(request.path));
const titled = (list: readonly Recorded[]) =>
  list.map(
    (each) => [`${each.version} ${each.name}: ${each.request.method} ${each.request.path}`, each] as const,
  );

const authentications = about(/_security\/_authenticate(?:\?|$)/);
const questions = about(/^\/_security\/user\/_has_privileges/);
const entries = about(/^\/_security\/api_key\?/).filter(({ request }) => request.method === 'GET');

const credentials = {
  Bearer: 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l',
  ApiKey: `ApiKey ${Buffer.from('VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw').toString('base64')}`,
  Basic: `Basic ${Buffer.from('jane:correct-horse').toString('base64')}`,
} as const;

let node: ScriptedNode;
let verifier: Verifier;
beforeEach(async () => {
  node = await startScriptedNode();
  verifier = start();
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});
const counts = [authentications, questions, entries].map(({ length }) => length);
test(`recorded answers given to the verifier: ${counts.join(' + ')}`, (context) => {
  // What was there at first; less of it would be a folder that is not read.
  const [who = 0, privileges = 0, keys = 0] = counts;
  expect(who >= 526 && privileges >= 40 && keys >= 40).toBe(true);
  bearEvidence(context, { 'recorded answers given to the verifier': who + privileges + keys });
});

function start(apiKeyDetails = false): Verifier {
  return createVerifier({
    nodes: node.url,
    schemes: ['Bearer', 'ApiKey', 'Basic'],
    apiKeyDetails,
    upstream: { retries: 0 },
  });
}

/** The scheme that was sent; what had none stands for any. */
function schemeOf({ request }: Recorded): keyof typeof credentials {
  const { auth } = request;
  if (typeof auth === 'string') {
    const name = /\w+/.exec(auth)?.[0].toLowerCase();
    return name === 'basic' ? 'Basic' : name === 'apikey' ? 'ApiKey' : 'Bearer';
  }
  if (auth === undefined || 'bearer' in auth || 'jwt' in auth) return 'Bearer';
  return 'basic' in auth ? 'Basic' : 'ApiKey';
}

/** What is of use here of an identity. */
interface Body {
  readonly username?: string;
  readonly authentication_realm?: { readonly type?: string };
  readonly api_key?: { readonly id?: string };
  readonly token?: { readonly name?: string };
}

/**
 * A credential of the scheme that was sent, and of the form that belongs to who it is: a key has the id of which the
 * answer speaks, a service token the names, and a JWT three parts.
 */
function credentialFor(recorded: Recorded): string {
  const scheme = schemeOf(recorded);
  if ('failed' in recorded.response) return credentials[scheme];
  const body = recorded.response.body as Body | null | undefined;
  if (scheme === 'Bearer') {
    const type = body?.authentication_realm?.type;
    if (type === 'jwt') return 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl';
    if (type !== '_service_account') return credentials.Bearer;
    const text = `\x00\x01\x00\x01${body?.username}/${body?.token?.name}:secret`;
    return `Bearer ${Buffer.from(text).toString('base64')}`;
  }
  if (scheme === 'Basic') return credentials.Basic;
  const { unsuccessful } = toldBy(recorded.response);
  const [, told] =
    /^API key: apikey authentication for id (.*) encountered a failure$/s.exec(unsuccessful) ?? [];
  const id = told ?? body?.api_key?.id;
  return id === undefined ? credentials.ApiKey : `ApiKey ${Buffer.from(`${id}:secret`).toString('base64')}`;
}

interface Told {
  readonly type: string | undefined;
  readonly reason: string;
  readonly unsuccessful: string;
}

/** What an answer's error says; a flat one is a reason without a type. */
function toldBy(response: Exclude<RecordedResponse, { failed: string }>): Told {
  const body = response.body as { error?: string | Record<string, unknown> } | null | undefined;
  const error = body?.error;
  if (typeof error === 'string') return { type: undefined, reason: error, unsuccessful: '' };
  const { type, reason, additional_unsuccessful_credentials: unsuccessful } = error ?? {};
  return {
    type: type as string | undefined,
    reason: String(reason),
    unsuccessful: String(unsuccessful ?? ''),
  };
}

/** The rules, first match first: what Elasticsearch said, and the verdict that this is. */
const rules: readonly (readonly [status: number, says: (told: Told) => boolean, verdict: string])[] = [
  [400, ({ type, reason }) => type === undefined && reason.startsWith('no handler found'), 'bad_response'],
  [
    400,
    ({ type, reason }) => type === 'too_long_frame_exception' && reason.startsWith('HTTP header'),
    'credentials_malformed',
  ],
  [400, ({ type }) => type === 'index_closed_exception', 'bad_response'],
  [400, ({ type }) => type !== undefined, 'bad_response'],
  [401, ({ reason }) => reason === 'error attempting to authenticate request', 'server_error'],
  // Users and roles lie in the same index: a key's id that is one of theirs must not tell who exists.
  [
    401,
    ({ unsuccessful }) => /for id (reserved-)?(user|role)-\S+ encountered/.test(unsuccessful),
    'credentials_invalid',
  ],
  [401, ({ unsuccessful }) => unsuccessful.endsWith('encountered a failure'), 'server_error'],
  [401, ({ reason }) => reason === 'token expired', 'credentials_expired'],
  [401, ({ unsuccessful }) => unsuccessful.endsWith('api key is expired'), 'credentials_expired'],
  [401, ({ type }) => type === 'security_exception', 'credentials_invalid'],
  [403, ({ type }) => type === 'security_exception', 'credentials_restricted'],
  [403, ({ type }) => type === 'cluster_block_exception', 'server_error'],
  [404, () => true, 'bad_response'],
  [405, () => true, 'bad_response'],
  [406, () => true, 'bad_response'],
  [429, () => true, 'overloaded'],
  [500, () => true, 'server_error'],
  [503, () => true, 'server_error'],
];

function ruleFor(response: RecordedResponse): string {
  if ('failed' in response) return 'unreachable';
  // The verifier asks for JSON, unencoded; whatever else comes is none of its answers.
  if (response.headers.some(([name]) => name === 'content-encoding')) return 'no verdict';
  if (response.text !== undefined && !response.text.trimStart().startsWith('{')) return 'no verdict';
  if (response.body === null || (response.body === undefined && response.text === undefined))
    return 'no verdict';
  if (response.status === 200) {
    const { authentication_type: type } = JSON.parse(bodyOf(response)) as Record<string, unknown>;
    return type === 'anonymous' ? 'anonymous_refused' : 'authenticated';
  }
  const told = toldBy(response);
  const rule = rules.find(([status, says]) => status === response.status && says(told));
  if (rule === undefined) throw new Error(`no rule for ${response.status} ${JSON.stringify(told)}`);
  return rule[2];
}

const said = (verdict: Verdict) => (verdict.kind === 'authenticated' ? verdict.kind : verdict.code);

/** With a proxy between that adds the product header, where Elasticsearch takes it away. */
const ways = [
  ['as it was sent', []],
  ['through a proxy that adds the header', [['X-elastic-product', 'Elasticsearch']]],
] as const;

describe.each(ways)('who somebody is, %s', (_way, more) => {
  test.each(titled(authentications))('%s', async (_title, recorded) => {
    const { response } = recorded;
    node.answer(scriptOf(response, more));
    const credential = credentialFor(recorded);
    const expected = ruleFor(response);
    for (const time of [1, 2]) {
      const verdict = await verifier.verify(credential);
      if (expected === 'no verdict') expect(verdict.kind).toBe('unavailable');
      else expect(said(verdict)).toBe(expected);
      // No verdict is never remembered; every other one is.
      expect(node.requests).toHaveLength(verdict.kind === 'unavailable' ? time : 1);
    }
    const known = verifier.peek(credential);
    if (known?.kind !== 'authenticated' || 'failed' in response) return;
    const body = JSON.parse(bodyOf(response)) as Record<string, unknown>;
    expect(known.identity).toMatchObject({ username: body.username, roles: body.roles });
  });
});

describe('at the start of an application', () => {
  const withoutCredential = authentications.filter(
    ({ request: { auth, method, headers } }) =>
      auth === undefined && method === 'GET' && headers === undefined,
  );
  test.each(titled(withoutCredential))('%s', async (_title, { response }) => {
    node.answer(scriptOf(response));
    const expected = ruleFor(response);
    const good = expected === 'credentials_invalid' || expected === 'anonymous_refused';
    if (good) await verifier.check();
    else await expect(verifier.check()).rejects.toMatchObject({ code: expected });
  });
});

test('a key that is not looked at, because the service is off: the warning names the setting', async () => {
  const recorded = authentications.find(
    ({ name, request }) =>
      name.startsWith('services-off') && JSON.stringify(request.auth)?.includes('ApiKey'),
  );
  if (recorded === undefined) throw new Error('it is not recorded any more');
  node.answer(scriptOf(recorded.response));
  const warnings = await warningsDuring(async () => {
    expect(said(await verifier.verify(credentials.ApiKey))).toBe('credentials_invalid');
  });
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringContaining('xpack.security.authc.api_key.enabled is false there'),
  ]);
});

describe('which privileges somebody has', () => {
  test.each(titled(questions))('%s', async (_title, recorded) => {
    const { request, response } = recorded;
    if ('failed' in response) throw new Error('it is not recorded how');
    const answer = response.body as { username?: string; has_all_requested?: boolean } | undefined;
    const { unsuccessful } = toldBy(response);
    const byKey = unsuccessful !== '';
    const credential = byKey
      ? credentialFor({ ...recorded, request: { ...request, auth: { apiKey: '' } } })
      : credentials.Basic;
    const type = byKey ? 'api_key' : 'realm';
    const identity = { username: answer?.username ?? 'jane', authentication_type: type };
    const who = respond({ body: identityBody(identity) });
    node.answer((socket, head) => (head.includes('/_authenticate') ? who : scriptOf(response))(socket, head));
    const read = { cluster: ['monitor'] } as const;
    const question = response.status === 200 ? (request.body as PrivilegesQuestion) : read;
    const reached = await verifier.hasPrivileges(credential, question).catch((error: unknown) => error);
    if (response.status === 200) {
      if (reached instanceof InvalidPrivilegesError) {
        // Asked for nothing, which is not worth a request.
        expect(answer).toMatchObject({ cluster: {}, index: {}, application: {} });
        return;
      }
      const { username, ...privileges } = answer ?? {};
      expect(reached).toMatchObject({ kind: 'answered', identity: { username }, privileges });
      return;
    }
    const { type: says } = toldBy(response);
    const mistake = /^(illegal_argument|action_request_validation|x_content_parse|parse)_exception$/;
    if (response.status === 400 && says !== undefined && mistake.test(says)) {
      expect(reached).toBeInstanceOf(InvalidPrivilegesError);
      expect(reached).toMatchObject({ type: says });
    } else {
      const closed = says === 'index_closed_exception';
      expect(reached).toMatchObject({ code: closed ? 'server_error' : ruleFor(response) });
    }
  });
});

describe("a key's own entry", () => {
  test.each(titled(entries))('%s', async (_title, { response }) => {
    if ('failed' in response) throw new Error('it is not recorded how');
    const { api_keys: keys = [] } = (response.body ?? {}) as { api_keys?: Record<string, unknown>[] };
    const [entry] = keys;
    const own = { authentication_type: 'api_key', api_key: { id: entry?.id ?? 'an-id' } };
    const who = respond({ body: identityBody({ ...own, roles: [] }) });
    await verifier.close();
    verifier = start(true);
    node.answer((socket, head) => (head.includes('/_authenticate') ? who : scriptOf(response))(socket, head));
    const presented = `ApiKey ${Buffer.from(`${own.api_key.id}:secret`).toString('base64')}`;
    const verdict = await verifier.verify(presented);
    if (response.status === 200 && keys.length < 2) {
      expect(said(verdict)).toBe(entry?.invalidated === true ? 'credentials_invalid' : 'authenticated');
      if (verdict.kind === 'authenticated')
        expect(verdict.identity.apiKey?.metadata).toEqual(entry?.metadata);
    } else if (response.status === 404) {
      expect(said(verdict)).toBe('authenticated');
    } else if (response.status === 401) {
      expect(said(verdict)).toBe(ruleFor(response));
    } else {
      // Also a list of several, and who may not even read his own.
      expect(verdict.kind).toBe('unavailable');
    }
  });
});

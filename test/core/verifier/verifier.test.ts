import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import {
  ConfigurationError,
  createVerifier,
  InvalidArgumentError,
  type Verdict,
  type Verifier,
  type VerifierOptions,
} from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import {
  errorBody,
  holdAnswers,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';
import { warningsDuring } from '../../support/warnings.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const john = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qb2hu';
const key = (id: string, secret: string) => `ApiKey ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const keyBody = (id: string, username = 'jane') =>
  identityBody({
    username,
    roles: [],
    authentication_realm: { name: '_es_api_key', type: '_es_api_key' },
    lookup_realm: { name: '_es_api_key', type: '_es_api_key' },
    authentication_type: 'api_key',
    api_key: { id, name: 'k' },
  });
const accepted = respond({ body: identityBody() });
const refused = respond({ status: 401, body: errorBody(401, 'unable to authenticate') });

let node: ScriptedNode;
let clock: FakeClock;
let verifier: Verifier;

beforeEach(async () => {
  node = await startScriptedNode(accepted);
  clock = createFakeClock();
  verifier = create();
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

function create(options: Partial<VerifierOptions> = {}): Verifier {
  // Without chance and without background lookups, unless a test is about them.
  const cache = options.cache !== false && { jitter: 0, refreshAfterMs: 0, ...options.cache };
  return createVerifier({ nodes: node.url, clock, ...options, cache });
}

/** Answers the first request so, and all others otherwise. */
function once(first: Script, then: Script): Script {
  return (socket, head) => (node.requests.length === 1 ? first : then)(socket, head);
}

function codeOf(verdict: Verdict | undefined): string | undefined {
  return verdict?.kind === 'authenticated' ? verdict.identity.username : verdict?.code;
}

describe('a hit', () => {
  test('a verdict is remembered: one lookup, the same frozen identity', async () => {
    const first = await verifier.verify(jane);
    const second = await verifier.verify(jane);
    expect(first).toEqual({
      kind: 'authenticated',
      verifiedAt: clock.wall(),
      identity: {
        username: 'jane',
        fullName: null,
        email: null,
        roles: ['editor'],
        metadata: {},
        enabled: true,
        realm: { name: 'default_native', type: 'native' },
        lookupRealm: { name: 'default_native', type: 'native' },
        authenticationType: 'token',
        operator: false,
        subject: 'token:default_native:jane',
      },
    });
    expect(second).toBe(first);
    expect(node.requests).toHaveLength(1);
    expect(verifier.stats()).toMatchObject({ hits: 1, misses: 1, lookups: 1, entries: 1 });
  });

  test('P9: every spelling that is accepted is one entry and one lookup', async () => {
    const encoded = key('VuaCfGcBCdbkQm-e5aOx', 'ui2lp2axTNmsyakw9tvNnw');
    node.answer(respond({ body: keyBody('VuaCfGcBCdbkQm-e5aOx') }));
    const value = encoded.slice('ApiKey '.length);
    for (const scheme of ['ApiKey', 'apikey', 'APIKEY  ', 'aPiKeY     ']) {
      for (const spelling of [value, value.replace(/=+$/, '')]) {
        expect(codeOf(await verifier.verify(`${scheme} ${spelling}`))).toBe('jane');
        expect(codeOf(verifier.peek({ authorization: [`${scheme} ${spelling}`] }))).toBe('jane');
      }
    }
    expect(node.requests).toHaveLength(1);
    expect(verifier.stats()).toMatchObject({ entries: 1, lookups: 1 });
  });

  test('P1: the right key id with another secret is another credential', async () => {
    const script: Script = (socket, head) =>
      head.includes(key('id', 'good'))
        ? respond({ body: keyBody('id') })(socket, head)
        : refused(socket, head);
    node.answer(script);
    expect(codeOf(await verifier.verify(key('id', 'good')))).toBe('jane');
    expect(codeOf(await verifier.verify(key('id', 'bad')))).toBe('credentials_invalid');
    expect(codeOf(await verifier.verify(key('id', 'good')))).toBe('jane');
    expect(node.requests).toHaveLength(2);
  });

  test('P2: a thousand tries with the wrong secret never disturb the right one', async () => {
    verifier = create({ cache: { maxEntries: 10, maxRejectedEntries: 10 } });
    node.answer((socket, head) =>
      head.includes(key('id', 'good'))
        ? respond({ body: keyBody('id') })(socket, head)
        : refused(socket, head),
    );
    for (let round = 0; round < 1_000; round += 1) {
      const [good, bad] = await Promise.all([
        verifier.verify(key('id', 'good')),
        verifier.verify(key('id', `bad${round}`)),
      ]);
      expect([codeOf(good), codeOf(bad)]).toEqual(['jane', 'credentials_invalid']);
    }
    expect(node.requests.filter((head) => head.includes(key('id', 'good')))).toHaveLength(1);
    expect(verifier.stats()).toMatchObject({ entries: 1, rejectedEntries: 10, evictions: 990 });
  });
});

test('P5, P12: what one cluster accepts, another is asked for: each verifier has its own memory', async () => {
  const other = await startScriptedNode(refused);
  const there = create({ nodes: other.url });
  for (let round = 0; round < 2; round += 1) {
    expect(codeOf(await verifier.verify(jane))).toBe('jane');
    expect(codeOf(await there.verify(jane))).toBe('credentials_invalid');
  }
  expect([node.requests.length, other.requests.length]).toEqual([1, 1]);
  await there.close();
  await other.close();
});

describe('without a lookup', () => {
  const long = `Bearer ${'a'.repeat(8_186)}`;
  const table: readonly (readonly [string, Parameters<Verifier['verify']>[0], string])[] = [
    ['P41: no header', undefined, 'credentials_missing'],
    ['no header, as null', null, 'credentials_missing'],
    ['no header in an object', {}, 'credentials_missing'],
    ['an empty list of headers', { authorization: [] }, 'credentials_missing'],
    ['P31: two headers', { authorization: [jane, jane] }, 'credentials_malformed'],
    ['an empty header', '', 'credentials_malformed'],
    ['a header of one space', ' ', 'credentials_malformed'],
    ['a scheme alone', 'Bearer', 'credentials_malformed'],
    ['a scheme and spaces', 'Bearer   ', 'credentials_malformed'],
    ['a tab after the scheme', `Bearer\t${jane.slice(7)}`, 'credentials_malformed'],
    ['something after the value', `${jane} x`, 'credentials_malformed'],
    ['two headers joined by a proxy', `${jane}, ${jane}`, 'credentials_malformed'],
    ['a header over maxHeaderLength', long, 'credentials_malformed'],
    ['P34: a control character', 'Bearer abc\u0000def', 'credentials_malformed'],
    ['P34: a line break', 'Bearer abc\r\nx: y', 'credentials_malformed'],
    ['P34: a character outside ASCII', 'Bearer abcé', 'credentials_malformed'],
    ['a number', 7 as unknown as string, 'credentials_malformed'],
    ['a number as a header', { authorization: 7 as unknown as string }, 'credentials_malformed'],
    ['a scheme that nobody knows', 'Digest username="jane"', 'scheme_unsupported'],
    ['a scheme that is not enabled', 'Basic amFuZTpz', 'scheme_unsupported'],
    ['an API key that is not Base64', 'ApiKey abc~', 'credentials_invalid'],
    ['an API key without a colon', 'ApiKey YWJj', 'credentials_invalid'],
    [
      'an API key without an id',
      `ApiKey ${Buffer.from(':secret').toString('base64')}`,
      'credentials_invalid',
    ],
    ['an API key in the URL-safe alphabet', 'ApiKey Pz8_Pz86', 'credentials_invalid'],
    ['an API key with half its padding', 'ApiKey aWQ6c2VjcmV0MQ=', 'credentials_invalid'],
    ['an API key with stray bits', 'ApiKey aWQ6c2VjcmV0MR==', 'credentials_invalid'],
  ];
  test.each(table)('%s', async (_name, presented, code) => {
    expect(codeOf(verifier.peek(presented))).toBe(code);
    expect(codeOf(await verifier.verify(presented))).toBe(code);
    expect(node.requests).toHaveLength(0);
  });

  test('P28: the longest header of nothing is refused without a lookup', async () => {
    verifier = create({ maxHeaderLength: 15_872, schemes: ['Bearer', 'ApiKey', 'Basic'] });
    for (const scheme of ['', 'Bearer', 'Bearer ', 'ApiKey ', 'Basic a']) {
      for (const filler of [' ', '\t', '=']) {
        const verdict = await verifier.verify(scheme + filler.repeat(15_872 - scheme.length));
        expect(verdict).toMatchObject({ kind: 'rejected' });
      }
    }
    expect(node.requests).toHaveLength(0);
  });

  test('a header of exactly maxHeaderLength is looked up', async () => {
    await verifier.verify(long.slice(0, -1));
    expect(node.requests).toHaveLength(1);
  });

  test('a refusal is remembered for rejectedTtlMs, in a store of its own', async () => {
    node.answer(refused);
    await verifier.verify(jane);
    await clock.advance(4_999);
    expect(codeOf(verifier.peek(jane))).toBe('credentials_invalid');
    await clock.advance(1);
    expect(verifier.peek(jane)).toBeUndefined();
    expect(verifier.stats()).toMatchObject({ refusals: 1, entries: 0 });
  });
});

describe('lifetimes', () => {
  test('an identity counts for ttlMs from when its lookup started, not from when the answer came', async () => {
    const answers = holdAnswers(node);
    const pending = verifier.verify(jane);
    await node.arrived(1);
    await clock.advance(2_000);
    answers.release(accepted);
    await pending;
    await clock.advance(57_999);
    expect(codeOf(verifier.peek(jane))).toBe('jane');
    await clock.advance(1);
    expect(verifier.peek(jane)).toBeUndefined();
  });

  test('P13: a JWT is not remembered past its exp, and Elasticsearch is asked again', async () => {
    const claims = Buffer.from(JSON.stringify({ exp: clock.wall() / 1_000 + 2 })).toString('base64url');
    const jwt = `Bearer e30.${claims}.c2ln`;
    const verdict = await verifier.verify(jwt);
    expect(verdict).toMatchObject({ identity: { expiresAt: clock.wall() + 2_000 } });
    await clock.advance(1_999);
    expect(codeOf(verifier.peek(jwt))).toBe('jane');
    await clock.advance(1);
    expect(verifier.peek(jwt)).toBeUndefined();
    expect(codeOf(await verifier.verify(jwt))).toBe('jane');
    expect(codeOf(await verifier.verify(jwt))).toBe('jane');
    expect(node.requests).toHaveLength(3);
  });

  test('P19: a wall clock that is set back changes nothing', async () => {
    await verifier.verify(jane);
    clock.setWall(clock.wall() - 7_200_000);
    await clock.advance(59_999);
    expect(codeOf(verifier.peek(jane))).toBe('jane');
    await clock.advance(1);
    expect(verifier.peek(jane)).toBeUndefined();
  });

  test('P19: a machine that slept, or whose clock is set forward, serves nothing older than promised', async () => {
    await verifier.verify(jane);
    await clock.advance(10_000);
    clock.setWall(clock.wall() + 49_999);
    expect(codeOf(verifier.peek(jane))).toBe('jane');
    clock.setWall(clock.wall() + 1);
    expect(verifier.peek(jane)).toBeUndefined();
    // Also after a time in which the wall clock was behind.
    await verifier.verify(jane);
    clock.setWall(clock.wall() - 3_600_000);
    expect(codeOf(verifier.peek(jane))).toBe('jane');
    clock.setWall(clock.wall() + 60_000);
    expect(verifier.peek(jane)).toBeUndefined();
  });

  test('cache: false asks every time', async () => {
    verifier = create({ cache: false });
    await verifier.verify(jane);
    await verifier.verify(jane);
    expect(node.requests).toHaveLength(2);
    expect(verifier.stats()).toMatchObject({ entries: 0, hits: 0 });
  });
});

describe('single flight', () => {
  test('P16: callers at the same time share one lookup, also without a cache', async () => {
    verifier = create({ cache: false });
    const answers = holdAnswers(node);
    const callers = Array.from({ length: 100 }, () => verifier.verify(jane));
    await node.arrived(1);
    expect(verifier.stats()).toMatchObject({ misses: 1, shared: 99, inFlight: 1, waiting: 100 });
    answers.release(accepted);
    expect(new Set((await Promise.all(callers)).map(codeOf))).toEqual(new Set(['jane']));
    expect(node.requests).toHaveLength(1);
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  test('one signal may end any number of calls: Node 20 warns of none of them', async () => {
    const answers = holdAnswers(node);
    const shared = new AbortController();
    const { signal } = shared;
    const warnings = await warningsDuring(async () => {
      const callers = Array.from({ length: 50 }, (_, n) => verifier.verify(`${jane}${n % 25}`, { signal }));
      const asked = Array.from({ length: 50 }, () =>
        verifier.hasPrivileges(jane, { cluster: ['all'] }, { signal }),
      );
      await node.arrived(26);
      shared.abort(new Error('gone'));
      const outcomes = await Promise.allSettled([...callers, ...asked]);
      expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
      answers.release(accepted);
    });
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('P17: a caller that gives up gets its own reason and harms nobody', async () => {
    const answers = holdAnswers(node);
    const impatient = new AbortController();
    const first = verifier.verify(jane, { signal: impatient.signal });
    const second = verifier.verify(jane);
    await node.arrived(1);
    impatient.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    answers.release(accepted);
    expect(codeOf(await second)).toBe('jane');
  });

  test('P17: when all callers leave, the lookup is cancelled', async () => {
    let closed = false;
    const hungUp = new Promise<void>((resolve) => {
      node.answer((socket) =>
        socket.once('close', () => {
          closed = true;
          resolve();
        }),
      );
    });
    const leaving = new AbortController();
    const caller = verifier.verify(jane, { signal: leaving.signal });
    await node.arrived(1);
    expect(closed).toBe(false);
    leaving.abort();
    await expect(caller).rejects.toMatchObject({ name: 'AbortError' });
    await hungUp;
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0, entries: 0 });
  });

  test('an already aborted signal rejects even on a hit', async () => {
    await verifier.verify(jane);
    await expect(verifier.verify(jane, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('revoke', () => {
  test('P14: after it, the very next call asks Elasticsearch', async () => {
    await verifier.verify(jane);
    node.answer(refused);
    verifier.revoke({ credential: jane });
    expect(verifier.peek(jane)).toBeUndefined();
    expect(codeOf(await verifier.verify(jane))).toBe('credentials_invalid');
  });

  test('P15: an answer that was asked for before is neither served nor remembered', async () => {
    const answers = holdAnswers(node);
    const callers = [verifier.verify(jane), verifier.verify(jane)];
    await node.arrived(1);
    verifier.revoke({ username: 'jane' });
    answers.release(accepted);
    await node.arrived(2);
    expect(verifier.peek(jane)).toBeUndefined();
    answers.release(refused);
    expect((await Promise.all(callers)).map(codeOf)).toEqual(['credentials_invalid', 'credentials_invalid']);
    expect(verifier.stats()).toMatchObject({ lookups: 2, entries: 0, rejectedEntries: 1 });
  });

  test('P15: nor is one that was found good an instant before, while its callers have yet to hear of it', async () => {
    node.answer(once(accepted, refused));
    const late: Promise<Verdict>[] = [];
    const revoke = () => {
      unsubscribe('esauth:lookup', revoke);
      queueMicrotask(() => {
        verifier.revoke({ credential: jane });
        late.push(verifier.verify(jane));
      });
    };
    subscribe('esauth:lookup', revoke);
    const early = await verifier.verify(jane);
    const verdicts = [early, ...(await Promise.all(late))];
    expect(verdicts.map(codeOf)).toEqual(['credentials_invalid', 'credentials_invalid']);
  });

  test('callers that are looked up again still get their answer within their own deadline', async () => {
    const answers = holdAnswers(node);
    const pending = verifier.verify(jane);
    await node.arrived(1);
    await clock.advance(2_000);
    verifier.revoke('all');
    answers.release(accepted);
    await node.arrived(2);
    await clock.advance(999);
    expect(verifier.stats().waiting).toBe(1);
    await clock.advance(1);
    expect(codeOf(await pending)).toBe('timeout');
  });

  test('it drops the remembered refusal of that credential', async () => {
    node.answer(refused);
    await verifier.verify(jane);
    node.answer(accepted);
    verifier.revoke({ credential: jane });
    expect(codeOf(await verifier.verify(jane))).toBe('jane');
  });

  const keyId = 'VuaCfGcBCdbkQm-e5aOx';
  const janesKey = key(keyId, 'secret');
  const subjects: readonly (readonly [string, Parameters<Verifier['revoke']>[0], readonly string[]])[] = [
    ['a credential in another spelling', { credential: jane.replace('Bearer', 'bearer  ') }, ['jane']],
    ['an API key that cannot be one', { credential: 'ApiKey YWJj' }, []],
    ['an API key', { apiKeyIds: ['other', keyId] }, ["jane's key"]],
    ['another API key', { apiKeyIds: ['other'] }, []],
    ['a user in any realm', { username: 'jane' }, ['jane', "jane's key"]],
    [
      'a user in her realm; a key does not show its realm',
      { username: 'jane', realm: 'default_native' },
      ['jane', "jane's key"],
    ],
    ['a user in another realm', { username: 'jane', realm: 'ldap1' }, ["jane's key"]],
    ['a realm', { realm: 'default_native' }, ['jane', 'john', "jane's key"]],
    ['another realm', { realm: 'ldap1' }, ["jane's key"]],
    ['everything', 'all', ['jane', 'john', "jane's key"]],
  ];
  test.each(subjects)('%s', async (_name, subject, dropped) => {
    node.answer((socket, head) => {
      const body = head.includes(janesKey)
        ? keyBody(keyId)
        : identityBody({ username: head.includes(john) ? 'john' : 'jane' });
      respond({ body })(socket, head);
    });
    const known = { jane, john, "jane's key": janesKey };
    for (const credential of Object.values(known)) await verifier.verify(credential);
    verifier.revoke(subject);
    const gone = Object.entries(known).flatMap(([name, credential]) =>
      verifier.peek(credential) === undefined ? [name] : [],
    );
    expect(gone).toEqual(dropped);
  });

  test.each([
    undefined,
    null,
    {},
    'everything',
    { userName: 'jane' },
    { username: '' },
    { username: 7 },
    { apiKeyIds: 'id' },
    { apiKeyIds: [] },
    { credential: 7 },
    { credential: jane.slice('Bearer '.length) },
    { credential: 'Bearer ???' },
    { credential: jane, username: 'jane' },
    { realm: '' },
  ])('refuses what is not a subject: %j', (subject) => {
    expect(() => verifier.revoke(subject as 'all')).toThrow(InvalidArgumentError);
  });
});

describe('several nodes', () => {
  test('are asked in turn, below their path prefix', async () => {
    const other = await startScriptedNode(accepted);
    verifier = create({ nodes: [node.url, `${other.url}/es/`], cache: false });
    for (let call = 0; call < 4; call += 1) await verifier.verify(jane);
    const line = (head: string) => head.split('\r\n')[0];
    expect(node.requests.map(line)).toEqual(Array(2).fill('GET /_security/_authenticate HTTP/1.1'));
    expect(other.requests.map(line)).toEqual(Array(2).fill('GET /es/_security/_authenticate HTTP/1.1'));
    await verifier.close();
    await other.close();
  });

  test('one that is dead, or whose proxy says 503, costs one more request', async () => {
    const dead = await startScriptedNode();
    await dead.close();
    const away = await startScriptedNode(
      respond({ status: 503, headers: { 'x-elastic-product': undefined } }),
    );
    verifier = create({ nodes: [dead.url, node.url, away.url, node.url.replace('127.0.0.1', 'localhost')] });
    expect(codeOf(await verifier.verify(jane))).toBe('jane');
    expect(codeOf(await verifier.verify(john))).toBe('jane');
    expect(away.requests).toHaveLength(1);
    await verifier.close();
    await away.close();
  });
});

describe('close', () => {
  test('ends sockets and gives everybody unavailable/closed', async () => {
    const answers = holdAnswers(node);
    const waiting = verifier.verify(jane);
    await node.arrived(1);
    await verifier.close();
    expect(codeOf(await waiting)).toBe('closed');
    expect(codeOf(await verifier.verify(jane))).toBe('closed');
    expect(codeOf(verifier.peek(undefined))).toBe('closed');
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0, entries: 0 });
    answers.release(accepted);
    await verifier.close();
  });
});

describe('plain http', () => {
  test('to a host that is not loopback warns once, when the verifier is made', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    const open = create({ nodes: ['http://es.example:9200', 'http://127.8.9.10', 'http://[::1]:9200'] });
    expect((await warned).message).toBe(
      'nodes: http://es.example:9200/ is plain http, so credentials travel readably; use https',
    );
    await open.close();
  });

  test('a password in a node is refused without being repeated (P44)', () => {
    const make = () => create({ nodes: 'https://elastic:hunter2@es.example' });
    expect(make).toThrow(ConfigurationError);
    expect(make).not.toThrow(/hunter2/);
  });
});

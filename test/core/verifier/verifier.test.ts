// A verifier as a whole: what it remembers and for how long, of which nodes it asks, and how it ends.

import { ConfigurationError } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accepted, codeOf, jane, john, key, keyBody, refused } from '../../support/callers.js';
import { again, begin, clock, create, end, verifier } from '../../support/scene.js';
import {
  holdAnswers,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

let node: ScriptedNode;
beforeEach(async () => {
  node = begin(await startScriptedNode(accepted));
});
afterEach(end);

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
    await again({ cache: { maxEntries: 10, maxRejectedEntries: 10 } });
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
    await again({ cache: false });
    await verifier.verify(jane);
    await verifier.verify(jane);
    expect(node.requests).toHaveLength(2);
    expect(verifier.stats()).toMatchObject({ entries: 0, hits: 0 });
  });
});

describe('several nodes', () => {
  test('are asked in turn, below their path prefix', async () => {
    const other = await startScriptedNode(accepted);
    await again({ nodes: [node.url, `${other.url}/es/`], cache: false });
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
    await again({ nodes: [dead.url, node.url, away.url, node.url.replace('127.0.0.1', 'localhost')] });
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
    expect((await warned).message).toContain(
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

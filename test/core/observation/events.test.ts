import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  createVerifier,
  type Identity,
  type LookupEvent,
  type Verdict,
  type Verifier,
  type WaitEvent,
} from '@esauth/core';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { publishLookup, publishVerdict, publishWait } from '../../../packages/core/src/observation/events.js';
import { createCounters } from '../../../packages/core/src/observation/stats.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { collectGarbage } from '../../support/garbage.js';
import { openableGate } from '../../support/gate.js';
import {
  errorBody,
  identityBody,
  respond,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const channels = ['esauth:verdict', 'esauth:lookup', 'esauth:revocation'];

let node: ScriptedNode;
let clock: FakeClock;
let verifier: Verifier;
let events: [string, unknown][];
const note = (event: unknown, name: string | symbol) => void events.push([String(name), event]);

beforeEach(async () => {
  node = await startScriptedNode(respond({ body: identityBody() }));
  clock = createFakeClock();
  const cache = { ttlMs: 10_000, refreshAfterMs: 5_000, staleIfErrorMs: 10_000, jitter: 0 };
  verifier = createVerifier({ nodes: node.url, clock, cache });
  events = [];
  for (const channel of channels) subscribe(channel, note);
});
afterEach(async () => {
  for (const channel of channels) unsubscribe(channel, note);
  await verifier.close();
  await node.close();
});

const subject = 'token:default_native:jane';
const yes = { kind: 'authenticated', code: undefined, subject };
const no = (code: string) => ({ kind: 'rejected', code, subject: undefined });
const none = (code: string) => ({ kind: 'unavailable', code, subject: undefined });
/** An event of this verifier. */
const ours = (event: object) => ({ ...event, verifier });
const lookup = (event: object) =>
  ours({ about: 'identity', durationMs: 0, node: `${node.url}/`, lookup: expect.any(Object), ...event });

test('a miss is a lookup and a verdict, a hit only a verdict', async () => {
  await verifier.verify(jane);
  verifier.peek(jane);
  expect(events).toEqual([
    ['esauth:lookup', lookup({ ...yes, background: false })],
    ['esauth:verdict', ours({ ...yes, source: 'lookup' })],
    ['esauth:verdict', ours({ ...yes, source: 'memory' })],
  ]);
});

test('a peek that would have to ask is no verdict; what needs no asking is one', async () => {
  expect(verifier.peek(jane)).toBeUndefined();
  await verifier.verify(undefined);
  await verifier.verify('Digest x');
  expect(events).toEqual([
    ['esauth:verdict', ours({ ...no('credentials_missing'), source: 'none' })],
    ['esauth:verdict', ours({ ...no('scheme_unsupported'), source: 'none' })],
  ]);
});

test('a background refresh says that it is one; a stale identity says so too', async () => {
  await verifier.verify(jane);
  await clock.advance(5_000);
  node.answer(respond({ status: 500 }));
  verifier.peek(jane);
  while (verifier.stats().inFlight > 0) await new Promise(setImmediate);
  await clock.advance(5_000);
  await verifier.verify(jane);
  expect(events.slice(2)).toEqual([
    ['esauth:verdict', ours({ ...yes, source: 'memory' })],
    ['esauth:lookup', lookup({ ...none('server_error'), background: true })],
    ['esauth:lookup', lookup({ ...none('server_error'), background: false })],
    ['esauth:verdict', ours({ ...yes, source: 'stale' })],
  ]);
});

test('a lookup is the one that its callers began to wait for, each in a context of his own', async () => {
  const gate = openableGate();
  node.answer((socket, head) => {
    void gate.opened.then(() => respond({ body: identityBody() })(socket, head));
  });
  const request = new AsyncLocalStorage<string>();
  const waits: [string | undefined, object][] = [];
  const noteWait = (event: unknown) => void waits.push([request.getStore(), (event as WaitEvent).lookup]);
  subscribe('esauth:wait', noteWait);
  onTestFinished(() => void unsubscribe('esauth:wait', noteWait));

  const asked = ['first', 'second'].map((name) => request.run(name, () => verifier.verify(jane)));
  // What must be asked after it came is asked in another lookup, and that is what he waits for.
  const later = request.run('later', () => verifier.verify(jane, { maxAgeMs: 0 }));
  gate.open();
  await Promise.all([...asked, later]);
  const [one, other] = events.flatMap(([name, event]) =>
    name === 'esauth:lookup' ? [(event as LookupEvent).lookup] : [],
  );
  expect(one).not.toBe(other);
  expect(waits).toEqual([
    ['first', one],
    ['second', one],
    ['later', other],
  ]);
  for (const [at, [, lookup]] of waits.entries()) expect(lookup).toBe(at < 2 ? one : other);
});

test('the verdict of whoever waited is published in his own context, whoever started the lookup', async () => {
  const request = new AsyncLocalStorage<string>();
  const heard: string[] = [];
  const noteVerdict = () => void heard.push(`${request.getStore()}: verdict`);
  subscribe('esauth:verdict', noteVerdict);
  onTestFinished(() => void unsubscribe('esauth:verdict', noteVerdict));
  const gate = openableGate();
  node.answer((socket, head) => {
    void gate.opened.then(() => respond({ body: identityBody() })(socket, head));
  });
  const asked = ['first', 'second'].map((name) => request.run(name, () => verifier.verify(jane)));
  request.run('elsewhere', () => gate.open());
  await Promise.all(asked);
  expect(heard).toEqual(['first: verdict', 'second: verdict']);
});

test('which verifier it was is in every event, and which node answered', async () => {
  const elsewhere = await startScriptedNode(respond({ status: 500 }));
  onTestFinished(() => elsewhere.close());
  const another = createVerifier({ nodes: elsewhere.url, clock });
  onTestFinished(() => another.close());
  await verifier.verify(jane);
  await another.verify(jane);
  await another.hasPrivileges(jane, { cluster: ['monitor'] });
  void another.revoke('all');
  const origins = events.map(([, event]) => (event as LookupEvent).verifier);
  expect(origins.map((origin) => [verifier, another].indexOf(origin as Verifier))).toEqual([
    0, 0, 1, 1, 1, 1, 1,
  ]);
  const nodes = events.flatMap(([name, event]) =>
    name === 'esauth:lookup' ? [(event as LookupEvent).node] : [],
  );
  expect(nodes).toEqual([`${node.url}/`, `${elsewhere.url}/`, `${elsewhere.url}/`]);
});

test('a revocation names its subject, but never a credential', () => {
  void verifier.revoke({ credential: jane });
  void verifier.revoke({ apiKeyIds: ['a', 'b'] });
  void verifier.revoke({ username: 'jane', realm: 'default_native' });
  void verifier.revoke({ realm: 'default_native' });
  void verifier.revoke('all');
  expect(events).toEqual([
    ['esauth:revocation', ours({ revoked: 'credential' })],
    ['esauth:revocation', ours({ revoked: { apiKeyIds: ['a', 'b'] } })],
    ['esauth:revocation', ours({ revoked: { username: 'jane', realm: 'default_native' } })],
    ['esauth:revocation', ours({ revoked: { realm: 'default_native' } })],
    ['esauth:revocation', ours({ revoked: 'all' })],
  ]);
});

test('P47: no event holds any part of the credential', async () => {
  await verifier.verify(jane);
  node.answer(respond({ status: 401, body: errorBody(401, `bad ${jane}`) }));
  await verifier.verify(`${jane}x`);
  node.answer(respond({ status: 500, body: errorBody(500, `bad ${jane}`) }));
  await verifier.verify(`${jane}y`);
  void verifier.revoke({ credential: jane });
  const text = JSON.stringify(events);
  expect(events.length).toBeGreaterThan(6);
  for (let at = 7; at + 8 <= jane.length; at += 1) expect(text).not.toContain(jane.slice(at, at + 8));
});

test('while nobody listens nothing is made: ten thousand verdicts and lookups allocate nothing', () => {
  for (const channel of channels) unsubscribe(channel, note);
  const identity = { subject: 'token:native1:jane' } as Identity;
  const verdict: Verdict = { kind: 'authenticated', identity, verifiedAt: 0 };
  const count = createCounters();
  const lookup = { token: {} };
  const publish = () => {
    for (let n = 0; n < 10_000; n += 1) {
      publishVerdict(verdict, 'memory', count);
      publishLookup('privileges', verdict, 1, false, node.url, lookup, count);
      publishWait(lookup);
    }
  };
  const allocated = () => {
    collectGarbage();
    const { heapUsed } = process.memoryUsage();
    publish();
    return process.memoryUsage().heapUsed - heapUsed;
  };
  // What compiling takes, and whatever else goes on in this process, must not count: often enough there is nothing.
  const rounds = Array.from({ length: 20 }, allocated);
  expect(Math.min(...rounds)).toBeLessThan(50_000);
  const listen = () => {};
  subscribe('esauth:verdict', listen);
  // It would be seen: an event is some fifty bytes.
  expect(allocated()).toBeGreaterThan(300_000);
  unsubscribe('esauth:verdict', listen);
});

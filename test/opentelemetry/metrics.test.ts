// What a verifier does, as an SDK of OpenTelemetry collects it: every series says what it should, none is missing in
// the tables of docs/packages/opentelemetry.md, and their number does not depend on who calls.

import { createServer } from 'node:http';
import { type Clock, createVerifier, type Verifier, type VerifierOptions } from '@esauth/core';
import { esauth, requireRoles } from '@esauth/express';
import { type Observation, observe } from '@esauth/opentelemetry';
import express from 'express';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { jane, john } from '../support/callers.js';
import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import { createGrantor, type Grantor, refusal } from '../support/grantor.js';
import { startFleet } from '../support/redis/fleet.js';
import {
  errorBody,
  identityBody,
  mistakeBody,
  respond,
  startScriptedNode,
} from '../support/scripted-node.js';
import { listen } from '../support/serving.js';
import { type Collector, createCollector, readTables, strangers, valuesOf } from './collected.js';

// For machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const broken = respond({ status: 500, body: errorBody(500, 'broken') });
const read = { index: [{ names: 'docs', privileges: ['read'] }] };

let grantor: Grantor;
let clock: FakeClock;
let verifier: Verifier;
let collector: Collector;
let observation: Observation;

function create(options: Partial<VerifierOptions> = {}): Verifier {
  const cache = { ttlMs: 10_000, refreshAfterMs: 5_000, staleIfErrorMs: 10_000, jitter: 0 };
  const made = createVerifier({ nodes: grantor.url, clock, cache, ...options });
  onTestFinished(() => made.close());
  return made;
}

beforeEach(async () => {
  grantor = await createGrantor();
  clock = createFakeClock();
  collector = createCollector();
  verifier = createVerifier({
    nodes: grantor.url,
    clock,
    cache: { ttlMs: 10_000, refreshAfterMs: 5_000, staleIfErrorMs: 10_000, jitter: 0 },
  });
  observation = observe(verifier, { meterProvider: collector.meterProvider });
});
afterEach(async () => {
  observation.stop();
  await verifier.close();
  await grantor.close();
});

/** One of everything that a verifier has a number for, but for what another test makes. */
async function play(): Promise<void> {
  await Promise.all([verifier.verify(jane), verifier.verify(jane), verifier.verify(jane)]);
  verifier.peek(jane);
  await verifier.verify(undefined);
  await verifier.hasPrivileges(jane, read);
  grantor.instead('privileges', respond({ status: 400, body: mistakeBody('no such privilege') }));
  await verifier.hasPrivileges(jane, { cluster: ['fly'] }).catch(() => {});
  grantor.instead('authenticate', refusal);
  await verifier.verify(john);
  await verifier.verify(john);
  grantor.instead('authenticate', undefined);
  const app = express().use(esauth(verifier)).use(requireRoles('pilot'));
  const served = await listen(createServer(app));
  onTestFinished(() => served.close());
  expect((await fetch(served.url, { headers: { authorization: jane } })).status).toBe(403);
  await clock.advance(5_000);
  verifier.peek(jane);
  while (verifier.stats().inFlight > 0) await new Promise(setImmediate);
  await clock.advance(10_000);
  grantor.instead('authenticate', broken);
  await verifier.verify(jane);
  await verifier.verify(john);
  void verifier.revoke({ username: 'jane' });
}

test('verdicts by where they came from and what they say; lookups by what was asked and what came of it', async () => {
  await play();
  const points = await collector.collect();
  expect(valuesOf(points, 'esauth.verdicts')).toEqual({
    'authenticated lookup': 3,
    'authenticated memory': 5,
    'authenticated stale': 1,
    'rejected lookup credentials_invalid': 1,
    'rejected memory credentials_invalid': 1,
    'rejected none credentials_missing': 1,
    'rejected none forbidden': 1,
    'unavailable lookup server_error': 1,
  });
  expect(valuesOf(points, 'esauth.lookup.duration')).toEqual({
    'identity authenticated': 2,
    'identity rejected': 1,
    'identity unavailable server_error': 2,
    'privileges authenticated': 1,
    'privileges invalid': 1,
  });
  expect(valuesOf(points, 'esauth.lookups')).toEqual({ identity: 5, privileges: 2 });
  for (const [series, value] of Object.entries({ joins: 2, refreshes: 1, hedges: 0 })) {
    expect(valuesOf(points, `esauth.lookup.${series}`)).toEqual({ '': value });
  }
  expect(valuesOf(points, 'esauth.revocations')).toEqual({ '': 1 });
  expect(valuesOf(points, 'esauth.cache.evictions')).toEqual({ '': 0 });
  expect(valuesOf(points, 'esauth.queue.refusals')).toEqual({ '': 0 });
  const nodes = new Set(points.map(({ attributes }) => attributes['esauth.node.url'] ?? 'of none'));
  expect(nodes).toEqual(new Set(['of none', `${grantor.url}/`]));
});

test('all that is collected is in the tables of the page, and all that is in them is collected', async () => {
  const tables = await readTables();
  await play();
  const named = create();
  const other = observe(named, { meterProvider: collector.meterProvider, name: 'other' });
  onTestFinished(() => other.stop());
  const fleet = await startFleet();
  onTestFinished(() => fleet.close());
  const sharing = observe((await fleet.join()).verifier, {
    meterProvider: collector.meterProvider,
    name: 'sharing',
  });
  onTestFinished(() => sharing.stop());
  const points = await collector.collect();
  const found = new Map<string, { kind: string; unit: string; attributes: Set<string> }>();
  for (const { series, kind, unit, attributes } of points) {
    expect(strangers(attributes, 'series', tables.attributes)).toEqual([]);
    const row = found.get(series) ?? { kind, unit, attributes: new Set() };
    for (const name of Object.keys(attributes)) row.attributes.add(name);
    row.attributes.delete('esauth.verifier.name');
    found.set(series, row);
  }
  const listed = [...tables.series].map(([series, { kind, unit, attributes }]) => [
    series,
    { kind, unit, attributes: new Set(attributes) },
  ]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(listed));
});

test('durations are in seconds, by the clock of the verifier', async () => {
  const release = grantor.hold();
  const asked = verifier.hasPrivileges(jane, read);
  await grantor.asked(1);
  await clock.advance(250);
  release();
  await asked;
  const points = await collector.collect();
  const sums = points.filter(({ series }) => series === 'esauth.lookup.duration');
  expect(sums.map(({ attributes, sum }) => [attributes['esauth.lookup.about'], sum])).toEqual([
    ['identity', 0],
    ['privileges', 0.25],
  ]);
});

test('what is under way: on the wire, in the queue, and who waits for it', async () => {
  const narrow = create({ upstream: { maxConcurrent: 1, maxQueue: 1 } });
  const other = observe(narrow, { meterProvider: collector.meterProvider, name: 'narrow' });
  onTestFinished(() => other.stop());
  const release = grantor.hold();
  await narrow.verify(jane);
  const asked = [narrow.hasPrivileges(jane, read), narrow.hasPrivileges(jane, read), narrow.verify(john)];
  await grantor.asked(1);
  expect(await narrow.verify(`${john}2`)).toMatchObject({ code: 'queue_full' });
  const points = (await collector.collect()).filter(
    ({ attributes }) => attributes['esauth.verifier.name'] === 'narrow',
  );
  expect(valuesOf(points, 'esauth.lookup.active')).toEqual({ 'narrow asking': 1, 'narrow queued': 1 });
  expect(valuesOf(points, 'esauth.call.waiting')).toEqual({ narrow: 3 });
  expect(valuesOf(points, 'esauth.queue.refusals')).toEqual({ narrow: 1 });
  expect(valuesOf(points, 'esauth.cache.entry.count')).toEqual({ 'narrow identity': 1, 'narrow refusal': 0 });
  const [size = 0] = Object.values(valuesOf(points, 'esauth.cache.size'));
  expect(size).toBe(narrow.stats().bytes);
  expect(size).toBeGreaterThan(0);
  release();
  await Promise.all(asked);
});

test('a node that fails: its failures, its breaker, how things are upstream', async () => {
  const node = await startScriptedNode();
  onTestFinished(() => node.close());
  const away = create({ nodes: node.url, upstream: { breaker: { failures: 2, openMs: 1_000 }, retries: 0 } });
  observation.stop();
  observation = observe(away, { meterProvider: collector.meterProvider });
  const standing = async () => {
    const points = await collector.collect();
    const held = (series: string) =>
      Object.entries(valuesOf(points, series)).flatMap(([state, value]) => (value === 1 ? [state] : []));
    return [
      ...held('esauth.node.breaker.status'),
      ...held('esauth.upstream.status'),
      valuesOf(points, 'esauth.node.consecutive_failures')[''],
    ];
  };
  expect(await standing()).toEqual(['closed', 'up', 0]);
  await node.stop();
  await away.verify(jane);
  expect(await standing()).toEqual(['closed', 'degraded', 1]);
  await away.verify(jane);
  expect(await standing()).toEqual(['open', 'down', 2]);
  await clock.advance(1_000);
  expect(await standing()).toEqual(['half_open', 'degraded', 2]);
  await node.restart();
  node.answer(respond({ body: identityBody() }));
  await away.verify(jane);
  expect(await standing()).toEqual(['closed', 'up', 0]);
});

test('the time since a node gave a verdict begins anew with each, and with nothing else', async () => {
  const ageOf = async () => {
    const points = await collector.collect();
    return valuesOf(points, 'esauth.node.verdict.age')[''] ?? Number.NaN;
  };
  const first = await ageOf();
  expect(first).toBeGreaterThanOrEqual(0);
  await waitUntilOlder(ageOf, first);
  grantor.instead('authenticate', broken);
  const beforeFailure = await ageOf();
  await verifier.verify(john);
  expect(await ageOf()).toBeGreaterThanOrEqual(beforeFailure);
  grantor.instead('authenticate', refusal);
  const askedAt = performance.now();
  await verifier.verify(john);
  expect(await ageOf()).toBeLessThanOrEqual((performance.now() - askedAt) / 1_000);
});

async function waitUntilOlder(ageOf: () => Promise<number>, than: number): Promise<void> {
  while ((await ageOf()) <= than) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('P51: however many callers there are, and whatever they send, the series stay the same', async () => {
  const names = Array.from({ length: 150 }, (_, n) => `caller-${n}`);
  const ask = async (name: string) => {
    grantor.instead('authenticate', respond({ body: identityBody({ username: name, roles: [name] }) }));
    const bearer = Buffer.from(`secret-of-${name}`).toString('hex');
    await verifier.verify(`Bearer ${bearer}`);
    await verifier.verify(`${name} ${bearer}`);
    grantor.instead('authenticate', respond({ status: 401, body: errorBody(401, `${name} is not let in`) }));
    await verifier.verify(`Bearer ${bearer}x`);
    void verifier.revoke({ username: name });
  };
  const [first = '', ...others] = names;
  await ask(first);
  const before = await collector.collect();
  for (const name of others) await ask(name);
  const after = await collector.collect();
  expect(after).toHaveLength(before.length);
  expect(after.length).toBeLessThan(24 * 2 + 130 + 5);
  const text = JSON.stringify(after);
  for (const name of names) expect(text).not.toContain(name);
  expect(text).not.toMatch(/secret|jane|native/);
});

test('verifiers of one process are told apart by their names', async () => {
  const other = create();
  const both = observe(other, { meterProvider: collector.meterProvider, name: 'other' });
  onTestFinished(() => both.stop());
  await verifier.verify(jane);
  await other.verify(jane);
  await other.verify(jane);
  const points = await collector.collect();
  const verdictsOf = (name: string | undefined) =>
    valuesOf(
      points.filter(({ attributes }) => attributes['esauth.verifier.name'] === name),
      'esauth.verdicts',
    );
  expect(verdictsOf(undefined)).toEqual({ 'authenticated lookup': 1 });
  expect(verdictsOf('other')).toEqual({ 'other authenticated lookup': 1, 'other authenticated memory': 1 });
});

test('on the real clock a lookup takes about as long as its answer', async () => {
  const realTime: { clock?: Clock | undefined } = { clock: undefined };
  const slow = create(realTime);
  observation.stop();
  observation = observe(slow, { meterProvider: collector.meterProvider });
  grantor.instead('authenticate', (socket, head) => {
    setTimeout(() => respond({ body: identityBody() })(socket, head), 60);
  });
  const askedAt = performance.now();
  await slow.verify(jane);
  const longest = (performance.now() - askedAt) / 1_000;
  const [lookup] = (await collector.collect()).filter(({ series }) => series === 'esauth.lookup.duration');
  // Timers of Node may fire a millisecond early.
  expect(lookup?.sum).toBeGreaterThan(0.055);
  expect(lookup?.sum).toBeLessThanOrEqual(longest);
});

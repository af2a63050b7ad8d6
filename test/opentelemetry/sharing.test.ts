// What is shared through a real Redis, as an SDK collects it: what was found there, what was told and heard, and how
// long nothing was.

import { type Observation, observe } from '@esauth/opentelemetry';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Fleet, startFleet } from '../support/redis/fleet.js';
import { until } from '../support/redis/process.js';
import { type Collector, createCollector, readTables, strangers, valuesOf } from './collected.js';

// For machines that have other things to do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const patiently = { timeout: 30_000, interval: 20 };

const jane = `Basic ${btoa('jane:secret-of-jane')}`;
const schemes = ['Basic'] as const;

let fleet: Fleet;
let collector: Collector;
const observations: Observation[] = [];
beforeEach(async () => {
  fleet = await startFleet();
  collector = createCollector();
});
afterEach(async () => {
  for (const observation of observations.splice(0)) observation.stop();
  await fleet.close();
});

async function join(name: string) {
  const member = await fleet.join({ schemes, redis: { blindAfterMs: 500 } });
  observations.push(observe(member.verifier, { meterProvider: collector.meterProvider, name }));
  return member;
}
const valuesFor = async (name: string, series: string) => {
  const points = await collector.collect();
  return valuesOf(
    points.filter(({ attributes }) => attributes['esauth.verifier.name'] === name),
    series,
  );
};

test('what one has looked up the other finds, and what one revokes the other hears', async () => {
  const [one, other] = [await join('one'), await join('other')];
  await one.verifier.verify(jane);
  await until('it is kept', async () => Number(await fleet.redis.run('DBSIZE')) === 2);
  expect(await other.verifier.verify(jane)).toMatchObject({ kind: 'authenticated' });
  expect(await valuesFor('one', 'esauth.sharing.searches')).toMatchObject({ 'one miss': 1, 'one hit': 0 });
  expect(await valuesFor('other', 'esauth.sharing.searches')).toEqual({
    'other hit': 1,
    'other miss': 0,
    'other failure': 0,
    'other unsealed': 0,
  });
  expect(await valuesFor('other', 'esauth.verdicts')).toEqual({ 'other authenticated shared': 1 });
  await one.verifier.revoke({ username: 'jane' });
  await expect
    .poll(async () => (await valuesFor('other', 'esauth.sharing.messages'))['other heard'], patiently)
    .toBeGreaterThan(1);
  expect((await valuesFor('one', 'esauth.sharing.messages'))['one told']).toBeGreaterThan(0);
  expect(await valuesFor('one', 'esauth.sharing.outbox.count')).toEqual({ one: 0 });
  expect(await valuesFor('one', 'esauth.sharing.losses')).toEqual({ one: 0 });
});

test('without Redis it is blind, and says since when; with it again it sees', async () => {
  const { way, verifier } = await join('one');
  const sight = () => valuesFor('one', 'esauth.sharing.status');
  expect(await sight()).toEqual({ 'one seeing': 1, 'one blind': 0 });
  way.refuse();
  await expect.poll(sight, patiently).toEqual({ 'one seeing': 0, 'one blind': 1 });
  expect((await valuesFor('one', 'esauth.sharing.lag')).one).toBeGreaterThan(0.5);
  void verifier.revoke({ username: 'jane' });
  expect(await valuesFor('one', 'esauth.sharing.outbox.count')).toEqual({ one: 1 });
  const { attributes } = await readTables();
  for (const point of await collector.collect()) {
    expect(strangers(point.attributes, 'series', attributes)).toEqual([]);
  }
  way.heal();
  await expect.poll(sight, patiently).toEqual({ 'one seeing': 1, 'one blind': 0 });
  await expect.poll(() => valuesFor('one', 'esauth.sharing.outbox.count'), patiently).toEqual({ one: 0 });
});

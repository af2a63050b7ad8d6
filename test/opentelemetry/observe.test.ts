// Beginning and ending: what may be given, what is wrong with it, and that nothing is left when it is over.

import { channel } from 'node:diagnostics_channel';
import { type ConfigurationError, createVerifier, type Verifier } from '@esauth/core';
import { esauth } from '@esauth/express';
import { type ObserveOptions, observe } from '@esauth/opentelemetry';
import { diag, type Meter, type MeterProvider, metrics } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { accepted, jane, john } from '../support/callers.js';
import { type ScriptedNode, startScriptedNode } from '../support/scripted-node.js';
import { createCollector, valuesOf } from './collected.js';

// For machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const channels = ['esauth:verdict', 'esauth:lookup', 'esauth:wait'].map((name) => channel(name));
const listening = () => channels.some(({ hasSubscribers }) => hasSubscribers);

let node: ScriptedNode;
let verifier: Verifier;
beforeEach(async () => {
  node = await startScriptedNode(accepted);
  verifier = createVerifier({ nodes: node.url });
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

test('stop ends it: no value and no listener is left, and a second stop does nothing', async () => {
  const collector = createCollector();
  const observation = observe(verifier, { meterProvider: collector.meterProvider });
  expect(listening()).toBe(true);
  await verifier.verify(jane);
  expect(valuesOf(await collector.collect(), 'esauth.verdicts')).toEqual({ 'authenticated lookup': 1 });
  observation.stop();
  observation.stop();
  expect(listening()).toBe(false);
  const left = await collector.collect();
  await verifier.verify(john);
  await verifier.close();
  // What an SDK has, it keeps; but nothing is added.
  expect(await collector.collect()).toEqual(left);
});

test('after a stop it can be observed again; one stop does not end the observation after it', async () => {
  const collector = createCollector();
  const first = observe(verifier, { meterProvider: collector.meterProvider });
  first.stop();
  const second = observe(verifier, { meterProvider: collector.meterProvider });
  onTestFinished(() => second.stop());
  first.stop();
  await verifier.verify(jane);
  expect(valuesOf(await collector.collect(), 'esauth.verdicts')).toEqual({ 'authenticated lookup': 1 });
  expect(() => observe(verifier, { meterProvider: collector.meterProvider })).toThrow(
    'is observed with this meterProvider already',
  );
});

test('a provider that throws leaves nothing behind, when it begins and when it ends', async () => {
  const failure = () => {
    throw new Error('of an SDK');
  };
  const collector = createCollector();
  const { meterProvider } = collector;
  const begin = { meterProvider, tracerProvider: { getTracer: failure } };
  expect(() => observe(verifier, begin)).toThrow('of an SDK');
  expect(listening()).toBe(false);
  const failing = (method: keyof Meter): MeterProvider => ({
    getMeter: (...scope) => Object.assign(meterProvider.getMeter(...scope), { [method]: failure }),
  });
  const adding = { meterProvider: failing('addBatchObservableCallback') };
  expect(() => observe(verifier, adding)).toThrow('of an SDK');
  expect(listening()).toBe(false);
  const ending = { meterProvider: failing('removeBatchObservableCallback') };
  expect(() => observe(verifier, ending).stop()).toThrow('of an SDK');
  expect(listening()).toBe(false);
});

test('what an SDK throws at a lookup goes to its own log, and does not end the process', async () => {
  const failure = vi.fn(() => {
    throw new Error('of a processor');
  });
  const error = vi.fn();
  const [debug, info, warn, verbose] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
  diag.setLogger({ error, debug, info, warn, verbose });
  onTestFinished(() => diag.disable());
  const { meterProvider } = createCollector();
  const tracerProvider = { getTracer: () => ({ startSpan: failure, startActiveSpan: failure }) };
  const observation = observe(verifier, { meterProvider, tracerProvider });
  onTestFinished(() => observation.stop());
  expect((await verifier.verify(jane)).kind).toBe('authenticated');
  await expect.poll(() => failure.mock.calls.length).toBe(1);
  expect(error).toHaveBeenCalledExactlyOnceWith(
    '@esauth/opentelemetry: a lookup is not recorded',
    expect.objectContaining({ message: 'of a processor' }),
  );
});

test('without options the global providers are taken', async () => {
  const collector = createCollector();
  metrics.setGlobalMeterProvider(collector.meterProvider);
  onTestFinished(() => metrics.disable());
  const observation = observe(verifier);
  onTestFinished(() => observation.stop());
  await verifier.verify(jane);
  expect(valuesOf(await collector.collect(), 'esauth.verdicts')).toEqual({ 'authenticated lookup': 1 });
});

test('a verifier that was closed is told as down, until the observation ends', async () => {
  const collector = createCollector();
  const observation = observe(verifier, { meterProvider: collector.meterProvider });
  onTestFinished(() => observation.stop());
  await verifier.close();
  expect(valuesOf(await collector.collect(), 'esauth.upstream.status')).toMatchObject({ down: 1, up: 0 });
});

const wrong: [string, () => unknown, unknown, string][] = [
  ['nothing', () => undefined, {}, 'the first argument must be a verifier; createVerifier makes one'],
  ['an address', () => 'http://127.0.0.1:9200', {}, 'must be a verifier; createVerifier makes one'],
  ['a middleware', () => esauth(verifier), {}, 'a middleware has one: observe(middleware.verifier)'],
  ['no options', () => verifier, null, 'the options must be an object: observe(verifier, { meterProvider })'],
];
test.each(wrong)('%s in place of it is a mistake with its cure', (_what, given, options, text) => {
  const attempt = () => observe(given() as Verifier, options as ObserveOptions);
  expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  expect(attempt).toThrow(text);
  expect(listening()).toBe(false);
});

const wrongOptions: [string, object, string][] = [
  ['meterprovider', { meterprovider: {} }, '(did you mean meterProvider?)'],
  ['meterProvider', { meterProvider: { getTracer() {} } }, 'must be a MeterProvider of OpenTelemetry'],
  ['tracerProvider', { tracerProvider: 'global' }, 'must be a TracerProvider of OpenTelemetry'],
  ['name', { name: '' }, 'must be 1 to 64 letters'],
  ['name', { name: 'Bearer dGhlLXNlY3JldA==' }, 'must be 1 to 64 letters'],
];
test.each(wrongOptions)('the option %s: %j', (option, options, text) => {
  const attempt = () => observe(verifier, options);
  expect(attempt).toThrow(
    expect.objectContaining<Partial<ConfigurationError>>({ code: 'invalid_option', option }),
  );
  expect(attempt).toThrow(text);
  expect(listening()).toBe(false);
});

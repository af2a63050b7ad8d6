// The spans of lookups: whose children they are, to whom they have links, when they began and ended, and what they say.

import { createServer, type RequestListener } from 'node:http';
import { createVerifier, type Verifier } from '@esauth/core';
import * as onExpress from '@esauth/express';
import * as onFastify from '@esauth/fastify';
import * as onKoa from '@esauth/koa';
import { type Observation, observe } from '@esauth/opentelemetry';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import express from 'express';
import { fastify } from 'fastify';
import Koa from 'koa';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { jane, john } from '../support/callers.js';
import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import { openableGate } from '../support/gate.js';
import { createGrantor, type Grantor, refusal } from '../support/grantor.js';
import {
  errorBody,
  holdAnswers,
  identityBody,
  respond,
  startScriptedNode,
} from '../support/scripted-node.js';
import { listen } from '../support/serving.js';
import { readTables, strangers } from './collected.js';

// For machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const read = { index: [{ names: 'docs', privileges: ['read'] }] };
const yes = respond({ body: identityBody() });

// The requests' spans and the lookups' have one provider; its context manager is the process's.
const exporter = new InMemorySpanExporter();
const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
tracerProvider.register();
const tracer: Tracer = tracerProvider.getTracer('test');

let grantor: Grantor;
let clock: FakeClock;
let verifier: Verifier;
let observation: Observation;
beforeEach(async () => {
  grantor = await createGrantor();
  clock = createFakeClock();
  const cache = { ttlMs: 10_000, refreshAfterMs: 5_000, jitter: 0 };
  verifier = createVerifier({ nodes: grantor.url, clock, cache });
  observation = observe(verifier, { tracerProvider });
  exporter.reset();
});
afterEach(async () => {
  observation.stop();
  await verifier.close();
  await grantor.close();
});

/** Does something as an instrumented server does for each request. */
function inRequest<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  return tracer.startActiveSpan(name, { root: true }, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}

const lookups = () => exporter.getFinishedSpans().filter(({ name }) => name === 'esauth.lookup');
const nameOf = (spanId: string | undefined) =>
  exporter.getFinishedSpans().find((span) => span.spanContext().spanId === spanId)?.name;
const parentOf = ({ parentSpanContext }: ReadableSpan) => nameOf(parentSpanContext?.spanId);
const linksOf = ({ links }: ReadableSpan) => links.map((link) => nameOf(link.context.spanId));
const milliseconds = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1e3 + nanoseconds / 1e6;

test('a lookup is a child of the request that waited for it, with links to those that joined', async () => {
  const asked = ['first', 'second', 'third'].map((name) => inRequest(name, () => verifier.verify(jane)));
  await Promise.all([...asked, inRequest('another', () => verifier.verify(john))]);
  const told = lookups().map((span) => [parentOf(span), linksOf(span), span.attributes]);
  const attributes = {
    'esauth.lookup.about': 'identity',
    'esauth.lookup.outcome': 'authenticated',
    'esauth.lookup.background': false,
    'esauth.node.url': `${grantor.url}/`,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(grantor.url).port),
  };
  expect(told).toEqual([
    ['first', ['second', 'third'], { ...attributes, 'esauth.lookup.caller.count': 3 }],
    ['another', [], { ...attributes, 'esauth.lookup.caller.count': 1 }],
  ]);
  for (const span of lookups()) {
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.spanContext().traceId).toBe(span.parentSpanContext?.traceId);
    expect(span.instrumentationScope.name).toBe('@esauth/opentelemetry');
  }
  // From memory: no lookup, no span.
  await inRequest('later', () => verifier.verify(jane));
  expect(lookups()).toHaveLength(2);
});

test('an IPv6 address is told without the brackets that it has in a URL', async () => {
  observation.stop();
  const other = createVerifier({ nodes: 'http://[::1]:1', clock });
  onTestFinished(() => other.close());
  observation = observe(other, { tracerProvider });
  await other.verify(jane);
  expect(lookups().map(({ attributes }) => attributes)).toMatchObject([
    { 'esauth.node.url': 'http://[::1]:1/', 'server.address': '::1', 'server.port': 1 },
  ]);
});

test('who asks for something newer waits for the next lookup, and that is his', async () => {
  const node = await startScriptedNode();
  onTestFinished(() => node.close());
  const held = holdAnswers(node);
  observation.stop();
  const other = createVerifier({ nodes: node.url, clock });
  onTestFinished(() => other.close());
  observation = observe(other, { tracerProvider });
  const first = inRequest('first', () => other.verify(jane));
  await node.arrived(1);
  const others = ['newer', 'newest'].map((name) =>
    inRequest(name, () => other.verify(jane, { maxAgeMs: 0 })),
  );
  held.release(yes);
  await node.arrived(2);
  held.release(yes);
  await Promise.all([first, ...others]);
  expect(lookups().map((span) => [parentOf(span), linksOf(span)])).toEqual([
    ['first', []],
    ['newer', ['newest']],
  ]);
});

test('a lookup about privileges is a child of the request too, also one that a guard makes', async () => {
  grantor.granted.add('index:docs:read');
  await inRequest('first', () => verifier.hasPrivileges(jane, read));
  expect(lookups().map((span) => [parentOf(span), span.attributes['esauth.lookup.about']])).toEqual([
    ['first', 'identity'],
    ['first', 'privileges'],
  ]);
});

async function serve(listener: RequestListener): Promise<string> {
  const served = await listen(createServer(listener));
  onTestFinished(() => served.close());
  return served.url;
}

/** Each with what an instrumentation does for every request, in the framework's own way; it answers who is let in. */
const frameworks: readonly (readonly [string, () => Promise<string>])[] = [
  [
    'Express',
    async () => {
      const app = express();
      app.use((req, res, next) => {
        const span = tracer.startSpan(`GET ${req.path}`);
        res.on('finish', () => span.end());
        context.with(trace.setSpan(context.active(), span), next);
      });
      app.use(onExpress.esauth(verifier), (_req, res) => void res.send('in'));
      return serve(app);
    },
  ],
  [
    'Koa',
    async () => {
      const app = new Koa();
      app.use((ctx, next) =>
        tracer.startActiveSpan(`GET ${ctx.path}`, async (span) => {
          await next();
          span.end();
        }),
      );
      app.use(onKoa.esauth(verifier)).use((ctx) => {
        ctx.body = 'in';
      });
      return serve(app.callback());
    },
  ],
  [
    'Fastify',
    async () => {
      const app = fastify();
      onTestFinished(() => app.close());
      app.addHook('onRequest', (request, reply, done) => {
        const span = tracer.startSpan(`GET ${request.url}`);
        reply.raw.on('finish', () => span.end());
        context.with(trace.setSpan(context.active(), span), done);
      });
      await app.register(onFastify.esauth, { verifier });
      app.get('/*', async () => 'in');
      return app.listen({ port: 0, host: '127.0.0.1' });
    },
  ],
];

test.each(frameworks)(
  'over HTTP with %s: the lookup is a child of one request, and knows the other',
  async (_name, start) => {
    const url = await start();
    const gate = openableGate();
    grantor.instead('authenticate', (socket, head) => void gate.opened.then(() => yes(socket, head)));
    const statuses = ['/one', '/two'].map(async (path) => {
      const response = await fetch(url + path, { headers: { authorization: jane } });
      return [response.status, await response.text()];
    });
    await expect.poll(() => verifier.stats().waiting, { timeout: 20_000 }).toBe(2);
    gate.open();
    expect(await Promise.all(statuses)).toEqual([
      [200, 'in'],
      [200, 'in'],
    ]);
    await expect.poll(() => exporter.getFinishedSpans().length, { timeout: 20_000 }).toBe(3);
    const [lookup] = lookups();
    const asked = lookup && [parentOf(lookup), ...linksOf(lookup)];
    expect(asked?.sort()).toEqual(['GET /one', 'GET /two']);
  },
);

test('a refresh has no parent, but a link to the request that set it off', async () => {
  await verifier.hasPrivileges(jane, read);
  exporter.reset();
  await clock.advance(5_000);
  await inRequest('served', async () => void verifier.peekPrivileges(jane, read));
  const told = () =>
    lookups().map((span) => [span.attributes['esauth.lookup.about'], parentOf(span), linksOf(span)]);
  await expect
    .poll(() => told().sort(), { timeout: 20_000 })
    .toEqual([
      ['identity', undefined, ['served']],
      ['privileges', undefined, ['served']],
    ]);
  for (const { attributes } of lookups()) {
    expect(attributes).toMatchObject({ 'esauth.lookup.background': true, 'esauth.lookup.caller.count': 0 });
  }
});

test('a refresh that somebody joins is his, with a link to the request that set it off', async () => {
  const node = await startScriptedNode(yes);
  onTestFinished(() => node.close());
  observation.stop();
  const other = createVerifier({
    nodes: node.url,
    clock,
    cache: { ttlMs: 10_000, refreshAfterMs: 5_000, jitter: 0 },
  });
  onTestFinished(() => other.close());
  observation = observe(other, { tracerProvider });
  await other.verify(jane);
  exporter.reset();
  const held = holdAnswers(node);
  await clock.advance(5_000);
  await inRequest('served', async () => void other.peek(jane));
  await node.arrived(2);
  await clock.advance(1_000);
  const joined = inRequest('joined', () => other.verify(jane, { maxAgeMs: 1_500 }));
  held.release(yes);
  await joined;
  const [refresh, ...more] = lookups();
  expect(more).toEqual([]);
  expect(refresh && [parentOf(refresh), linksOf(refresh)]).toEqual(['joined', ['served']]);
  expect(refresh?.attributes).toMatchObject({
    'esauth.lookup.background': true,
    'esauth.lookup.caller.count': 1,
  });
});

test('its times are those of the lookup', async () => {
  const release = grantor.hold();
  const asked = inRequest('first', () => verifier.hasPrivileges(jane, read));
  await grantor.asked(1);
  await clock.advance(250);
  const before = Date.now();
  release();
  await asked;
  const [, span] = lookups();
  expect(span && milliseconds(span.duration)).toBeCloseTo(250, 3);
  expect(span && milliseconds(span.endTime)).toBeGreaterThanOrEqual(before);
  expect(span && milliseconds(span.endTime)).toBeLessThanOrEqual(Date.now());
});

test('a refusal is no error of the lookup, no verdict is one; neither says more than a code', async () => {
  grantor.instead('authenticate', refusal);
  await inRequest('refused', () => verifier.verify(jane));
  grantor.instead('authenticate', respond({ status: 500, body: errorBody(500, `no ${jane} of native1`) }));
  await inRequest('failed', () => verifier.verify(john));
  const tables = await readTables();
  const [refused, failed] = lookups();
  expect(refused?.status).toEqual({ code: SpanStatusCode.UNSET });
  expect(refused?.attributes).toMatchObject({
    'esauth.lookup.outcome': 'rejected',
    'esauth.verdict.code': 'credentials_invalid',
  });
  expect(failed?.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(failed?.attributes).toMatchObject({
    'esauth.lookup.outcome': 'unavailable',
    'error.type': 'server_error',
  });
  for (const { attributes, events, name } of lookups()) {
    expect(strangers(attributes, 'span', tables.attributes)).toEqual([]);
    expect([name, events]).toEqual(['esauth.lookup', []]);
    expect(JSON.stringify(attributes)).not.toMatch(/jane|native|dGhl/);
  }
});

test('every attribute that the table has for spans is there, and a name where one was given', async () => {
  observation.stop();
  observation = observe(verifier, { tracerProvider, name: 'main' });
  grantor.instead('authenticate', refusal);
  await verifier.verify(jane);
  grantor.instead('authenticate', respond({ status: 500 }));
  await verifier.verify(jane, { maxAgeMs: 0 });
  const { attributes } = await readTables();
  const listed = [...attributes].flatMap(([name, { of }]) => (of.includes('span') ? [name] : []));
  expect(new Set(lookups().flatMap((span) => Object.keys(span.attributes)))).toEqual(new Set(listed));
  expect(lookups()[0]?.attributes['esauth.verifier.name']).toBe('main');
});

test('a crowd: 128 links at most, and all are counted', async () => {
  const names = Array.from({ length: 300 }, (_, n) => `request ${n}`);
  await Promise.all(names.map((name) => inRequest(name, () => verifier.verify(jane))));
  const [lookup, ...others] = lookups();
  expect(others).toEqual([]);
  expect(lookup?.attributes['esauth.lookup.caller.count']).toBe(300);
  expect(lookup && [parentOf(lookup), ...linksOf(lookup)]).toEqual(names.slice(0, 129));
});

test('without a request there is a span without a parent; with one that is not recorded, none', async () => {
  await context.with(ROOT_CONTEXT, () => verifier.verify(jane));
  expect(lookups().map(({ parentSpanContext, links }) => [parentSpanContext, links])).toEqual([
    [undefined, []],
  ]);
  const silent = new NodeTracerProvider({ sampler: new AlwaysOffSampler() }).getTracer('silent');
  await silent.startActiveSpan('not sampled', () => verifier.verify(john));
  expect(lookups()).toHaveLength(1);
});

test('lookups of another verifier are not its own; after the end there are none', async () => {
  const other = createVerifier({ nodes: grantor.url, clock });
  onTestFinished(() => other.close());
  await inRequest('elsewhere', () => other.verify(jane));
  observation.stop();
  await inRequest('late', () => verifier.verify(jane));
  expect(lookups()).toEqual([]);
});

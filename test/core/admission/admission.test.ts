// What adapters share, without a framework: plain objects as requests, a scripted Elasticsearch.

import {
  type Admission,
  callerHeaders,
  createGate,
  createGuard,
  createGuards,
  createVerifier,
  DenialError,
  type Gate,
  type Host,
  identityOf,
  privileges,
  type RequestLike,
  roles,
  type Verifier,
  verifierFrom,
} from '@esauth/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  errorBody,
  identityBody,
  respond,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';
import { settled } from '../../support/settled.js';
import { textOf } from '../../support/text-of.js';
import { warningsDuring } from '../../support/warnings.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const key = `ApiKey ${Buffer.from('id:secret').toString('base64')}`;
const from = (authorization?: string) => ({
  rawHeaders: authorization === undefined ? ['host', 'a'] : ['host', 'a', 'Authorization', authorization],
  headers: {},
});
const host: Host<RequestLike> = { node: (request) => request, address: () => undefined };
const admit = (gate: Gate<RequestLike>, request: RequestLike): Promise<Admission> =>
  settled(gate.admit(request));

let node: ScriptedNode;
beforeEach(async () => {
  node = await startScriptedNode(respond({ body: identityBody() }));
});
afterEach(() => node.close());

test('callerHeaders adds the shared secret to Bearer credentials, and it is nowhere on the verifier', async () => {
  const verifier = createVerifier({ nodes: node.url, clientAuthentication: 's3cr3t-of-the-realm' });
  const gate = createGate(verifier, {}, host);
  const bearer = from(jane.replace('Bearer ', 'bearer   '));
  await admit(gate, bearer);
  expect(callerHeaders(bearer)).toEqual({
    authorization: jane,
    'es-client-authentication': 'SharedSecret s3cr3t-of-the-realm',
  });
  expect(node.requests[0]).toMatch(/\r\nes-client-authentication: SharedSecret s3cr3t-of-the-realm\r\n/);

  node.answer(respond({ body: identityBody({ authentication_type: 'api_key' }) }));
  const apiKey = from(key);
  await admit(gate, apiKey);
  expect(callerHeaders(apiKey)).toEqual({ authorization: key });
  expect(node.requests[1]).not.toContain('es-client-authentication');
  expect(JSON.stringify(verifier)).not.toContain('s3cr3t');
  await verifier.close();
});

test('a request that is refused later is not who it was before', async () => {
  const verifier = createVerifier({ nodes: node.url });
  const request = from(jane);
  await admit(createGate(verifier, {}, host), request);
  expect(identityOf(request).username).toBe('jane');
  node.answer(respond({ status: 401, body: errorBody(401, 'no') }));
  const strict = createGate(verifier, { maxAgeMs: 0 }, host);
  expect((await admit(strict, request)).refusal?.status).toBe(401);
  expect(() => identityOf(request)).toThrow(DenialError);
  expect(createGuard(roles('editor'))(request, request)).toMatchObject({ status: 401 });
  await verifier.close();
});

test.each(['credential', 'source'])('%s must be a function', (name) => {
  const make = () => createGate(createVerifier({ nodes: node.url }), { [name]: 'cookie' }, host);
  expect(make).toThrow(`${name}: must be a function`);
});

test('a source that is no string is told to the operator, once', async () => {
  const verifier = createVerifier({ nodes: node.url });
  const options = { source: (() => ['203.0.113.9']) as unknown as () => string };
  const warnings = await warningsDuring(async () => {
    for (const _ of [1, 2]) await admit(createGate(verifier, options, host), from(jane));
  });
  expect(warnings).toMatchObject([
    { code: 'ESAUTH_SOURCE', message: expect.stringContaining('source must return a string') },
  ]);
  await verifier.close();
});

test.each([
  ['127.0.0.1', false],
  ['203.0.113.9, 127.0.0.1', false],
  ['203.0.113.9', true],
])(
  'behind a proxy on this machine, X-Forwarded-For: %s, a proxy that is not trusted is warned of: %s',
  async (forwarded, warned) => {
    const verifier = createVerifier({ nodes: node.url });
    const request = {
      ...from(jane),
      headers: { 'x-forwarded-for': forwarded },
      socket: { remoteAddress: '127.0.0.1' },
    };
    const address = () => '127.0.0.1';
    const warnings = await warningsDuring(() =>
      admit(createGate(verifier, {}, { node: () => request, address }), request),
    );
    expect(warnings.map(({ code }) => code)).toEqual(warned ? ['ESAUTH_TRUST_PROXY'] : []);
    await verifier.close();
  },
);

test('requireIdentity takes nothing: as middleware that was not called it would leave requests hanging', () => {
  const { requireIdentity } = createGuards(createGuard);
  expect(() => (requireIdentity as (misplaced: unknown) => unknown)({})).toThrow(
    'requireIdentity: takes nothing: requireIdentity()',
  );
  expect(() => createGuard(undefined as never)).toThrow(
    'to ask for nothing but a caller, use requireIdentity()',
  );
});

test('where a request comes from is made out only if something is asked', async () => {
  const verifier = createVerifier({ nodes: node.url });
  const read: string[] = [];
  const addressed = {
    node: (request: ReturnType<typeof from>) => request,
    address: () => void read.push('address'),
  };
  const source = () => void read.push('source');
  const gate = createGate(verifier, { source }, addressed);
  await admit(gate, from(jane));
  expect(read).toEqual(['source', 'address']);
  const again = from(jane);
  expect(await admit(gate, again)).toMatchObject({ identity: { username: 'jane' } });
  expect(identityOf(again).username).toBe('jane');
  expect(read).toHaveLength(2);
  await admit(createGate(verifier, { source, maxAgeMs: 0 }, addressed), again);
  expect(read).toHaveLength(4);
  await verifier.close();
});

const socket = { remoteAddress: '203.0.113.1' };
const called = { ...from(jane), socket, ip: '203.0.113.9' };
const context = { req: called, ip: called.ip };
const holder = { held: context, ip: called.ip };

const nodeOf = {
  node: (it: unknown) => it as typeof called,
  context: (it: unknown) => (it as typeof context).req,
  holder: (it: unknown) => (it as typeof holder).held.req,
};

// A request that is none of the gate's is known by its connection.
test.each([
  { gate: 'node', admitted: called, guard: 'node', given: called, source: called.ip },
  { gate: 'node', admitted: called, guard: 'context', given: context, source: called.ip },
  { gate: 'context', admitted: context, guard: 'context', given: context, source: called.ip },
  { gate: 'context', admitted: context, guard: 'node', given: called, source: socket.remoteAddress },
  { gate: 'holder', admitted: holder, guard: 'context', given: context, source: socket.remoteAddress },
])('where a request comes from, for a guard with a $guard behind a gate with a $gate', async (which) => {
  const verifier = createVerifier({ nodes: node.url });
  const sources: unknown[] = [];
  const watched: Verifier = {
    ...verifier,
    async hasPrivileges(presented, question, wanted) {
      sources.push(wanted?.source);
      return verifier.hasPrivileges(presented, question, wanted);
    },
  };
  const of: Host<unknown> = {
    node: nodeOf[which.gate as keyof typeof nodeOf],
    address: (it) => (it as typeof context).ip,
  };
  // So that the gate has not to make it out.
  await verifier.verify(jane);
  createGate(watched, {}, of).admit(which.admitted);
  await settled(createGuard<unknown>(privileges({ cluster: ['monitor'] }))(called, which.given));
  expect(sources).toEqual([which.source]);
  await verifier.close();
});

test('what an earlier gate let in does not count any more when a function of the next one throws', async () => {
  const verifier = createVerifier({ nodes: node.url });
  const request = from(jane);
  await admit(createGate(verifier, {}, host), request);
  const source = () => {
    throw new Error('no source');
  };
  const strict = createGate(verifier, { source, maxAgeMs: 0 }, host);
  await expect(admit(strict, request)).rejects.toThrow('no source');
  expect(() => identityOf(request)).toThrow(DenialError);
  await verifier.close();
});

test('a host without raw headers is read by its headers, where a list is malformed', async () => {
  const verifier = createVerifier({ nodes: node.url });
  const gate = createGate(verifier, {}, host);
  expect((await admit(gate, { rawHeaders: [], headers: { authorization: jane } })).refusal).toBeUndefined();
  expect((await admit(gate, { headers: { authorization: jane } })).refusal).toBeUndefined();
  expect((await admit(gate, { headers: { authorization: [jane, jane] } })).refusal?.status).toBe(400);
  expect((await admit(gate, { headers: {} })).refusal?.status).toBe(401);
  await verifier.close();
});

test('two verifiers from equal options warn; one that is passed on, or made from others, does not', async () => {
  const warnings = await warningsDuring(async () => {
    const made = [
      verifierFrom({ nodes: node.url }),
      verifierFrom({ nodes: node.url, cache: { ttlMs: 5_000 } }),
      verifierFrom({ nodes: node.url }),
    ];
    for (const verifier of made) expect(verifierFrom(verifier)).toBe(verifier);
    await Promise.all(made.map((verifier) => verifier.close()));
  });
  expect(warnings.map(({ code, message }) => ({ code, message: textOf(message) }))).toEqual([
    {
      code: 'ESAUTH_TWO_CACHES',
      message: 'two verifiers were made from equal options; make one with createVerifier and pass it to both',
    },
  ]);
});

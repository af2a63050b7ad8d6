// One verification of a caller who is remembered, from a header as a parser makes it: through `peek`, through the
// gate that all adapters share, and through each adapter's own code; beside what it cannot do without (a keyed
// digest), a `Map` that keeps the credentials themselves, and other libraries. Without a framework: for that see
// `route`.

import { hash, randomBytes } from 'node:crypto';
import { createGate } from '@esauth/core';
import { LRUCache } from 'lru-cache';
import { compareInProcess } from '../measure/in-process.mjs';
import { must } from '../measure/work.mjs';
import { createSource, credentials, forEach, forEachAwaited } from '../parts/credentials.mjs';
import { createSecret, jwtPeers, signed } from '../parts/jwt-peers.mjs';
import { opaquePeers } from '../parts/opaque-peers.mjs';
import { expressRequest, host, next, requestWith, response } from '../parts/requests.mjs';
import { hookOf, knowing, recent } from '../parts/verifiers.mjs';

const callers = 256;
const freshHeader = 'a fresh header';
const freshRequest = 'a fresh request';
const keyed = 'SHA-256 with a key';
const raw = 'Map.get of the header';

const bare = {
  ...{ [freshHeader]: 'bare', [freshRequest]: 'bare', [raw]: 'bare', 'SHA-256': 'bare' },
  ...{ [keyed]: 'bare', 'SHA-256 with a key, lru-cache': 'bare' },
};
const ours = {
  peek: 'ours',
  'await verify': 'ours',
  gate: 'ours',
  express: 'ours',
  koa: 'ours',
  fastify: 'ours',
};
/** What else the length of a credential changes is seen at the shortest and the longest. */
const counts = [freshHeader, freshRequest, keyed, 'peek', 'gate'];
const signedOurs = { peek: 'ours', express: 'ours' };
const oursRecent = Object.fromEntries(
  ['peek', 'gate', 'express', 'koa', 'fastify'].map((name) => [`${name}, recent`, 'ours']),
);
const peers = (of) => Object.fromEntries(Object.keys(of).map((name) => [name, 'peer']));

export const groups = {
  opaque: {
    title: 'An opaque token, 55 characters',
    reference: keyed,
    variants: { ...bare, ...ours, ...oursRecent, ...peers(opaquePeers) },
    quick: counts,
  },
  apiKey: { title: 'An API key, 67 characters', reference: keyed, variants: { ...bare, ...ours }, counts },
  serviceToken: {
    title: 'A service token, 87 characters',
    reference: keyed,
    variants: { ...bare, ...ours },
    counts,
  },
  jwt: {
    title: 'A JWT of 1.2 kB, as a bearer of which only Elasticsearch knows',
    reference: keyed,
    variants: { ...bare, ...ours, ...oursRecent },
  },
  signed: {
    title: 'A JWT of 0.6 kB: remembered by us, verified by others',
    reference: 'peek',
    variants: { [freshHeader]: 'bare', [freshRequest]: 'bare', ...signedOurs, ...peers(jwtPeers) },
  },
};

export async function build(group, name, { bench }) {
  if (group === 'signed') return buildSigned(name, bench);
  const known = credentials(group, callers);
  const source = createSource(bench.spoil ? credentials(group, callers) : known);
  const makers = { ...bareMakers, ...oursMakers, ...opaqueMakers };
  return makers[name](known, source);
}

async function buildSigned(name, bench) {
  const secret = createSecret();
  const known = signed(secret, callers);
  const source = createSource(bench.spoil ? signed(createSecret(), callers) : known);
  if (name in jwtPeers) {
    return {
      run: await jwtPeers[name](secret, source),
      base: freshHeader,
      window: name.includes('cache') ? 2_000 : 500,
    };
  }
  return { ...bareMakers, ...oursMakers }[name](known, source);
}

const found = (value) => must(value !== undefined, () => 'not found');
const identified = (verdict) =>
  must(verdict?.kind === 'authenticated', () => `${verdict?.code ?? 'not remembered'}`);

const bareMakers = {
  [freshHeader](_known, source) {
    let last = 0;
    const use = (header) => {
      last = header.length;
    };
    return { run: forEach(source, use), isInert: true, window: 10_000, last: () => last };
  },
  [freshRequest](_known, source) {
    const kept = [undefined];
    const use = (header) => {
      kept[0] = requestWith(header);
    };
    return { run: forEach(source, use), isInert: true, window: 10_000 };
  },
  [raw](known, source) {
    const map = new Map(known.map((header) => [header, { user: 1 }]));
    return { run: forEach(source, (header) => found(map.get(header))), base: freshHeader };
  },
  'SHA-256'(_known, source) {
    const use = (header) => must(hash('sha256', header, 'binary').length === 32, () => 'no digest');
    return { run: forEach(source, use), base: freshHeader, isInert: true };
  },
  [keyed](_known, source) {
    const key = randomBytes(32).toString('hex');
    const use = (header) => must(hash('sha256', key + header, 'binary').length === 32, () => 'no digest');
    return { run: forEach(source, use), base: freshHeader, isInert: true };
  },
  'SHA-256 with a key, lru-cache'(known, source) {
    const key = randomBytes(32).toString('hex');
    const name = (header) => hash('sha256', key + header, 'binary');
    const cache = new LRUCache({ max: 10_000 });
    for (const header of known) cache.set(name(header), { user: 1 });
    return { run: forEach(source, (header) => found(cache.get(name(header)))), base: freshHeader };
  },
};

const opaqueMakers = Object.fromEntries(
  Object.entries(opaquePeers).map(([name, make]) => [
    name,
    async (known, source) => {
      const users = new Map(known.map((header) => [header.slice('Bearer '.length), { user: 1 }]));
      return { run: await make(users, source), base: freshRequest };
    },
  ]),
);

/** Operations in a window: several collections are in each, so that it does not matter how many. */
const window = 12_000;

/** A few at a time: Koa's middleware is over when the loop pauses, and no server has thousands wait for that. */
const inTurns = (run) => async (count) => {
  for (let left = count; left > 0; left -= 32) {
    run(Math.min(left, 32));
    await undefined;
  }
};

/** Each takes a verifier that knows the callers, and makes the loop. */
const calls = {
  peek: [freshHeader, (verifier, source) => forEach(source, (header) => identified(verifier.peek(header)))],
  'await verify': [
    freshHeader,
    (verifier, source) => forEachAwaited(source, async (header) => identified(await verifier.verify(header))),
  ],
  gate: [
    freshRequest,
    (verifier, source) => {
      const gate = createGate(verifier, {}, host);
      return forEach(source, (header) => found(gate.admit(requestWith(header)).identity));
    },
  ],
  express: [
    freshRequest,
    async (verifier, source) => {
      const { default: express } = await import('express');
      const { esauth } = await import('@esauth/express');
      const middleware = esauth(verifier);
      const requestOf = expressRequest(express().request);
      const written = response();
      return forEach(source, (header) => {
        const request = requestOf(header);
        middleware(request, written, next);
        found(request.identity);
      });
    },
  ],
  koa: [
    freshRequest,
    async (verifier, source) => {
      const { esauth } = await import('@esauth/koa');
      const middleware = esauth(verifier);
      const written = response();
      const done = Promise.resolve();
      const following = () => done;
      const run = forEach(source, (header) => {
        const req = requestWith(header);
        const ctx = { req, res: written, response: written, ip: req.ip, state: {}, set() {} };
        middleware(ctx, following);
        found(ctx.state.identity);
      });
      return inTurns(run);
    },
  ],
  fastify: [
    freshRequest,
    async (verifier, source) => {
      const { esauth } = await import('@esauth/fastify');
      const hook = await hookOf(esauth, { verifier });
      const reply = {
        raw: response(),
        code: () => reply,
        header: () => reply,
        type: () => reply,
        send: () => reply,
      };
      const routeOptions = { config: { url: '/', method: 'GET' }, url: '/' };
      return forEach(source, (header) => {
        const raw = requestWith(header);
        const request = { raw, ip: raw.ip, headers: raw.headers, routeOptions, identity: undefined };
        hook(request, reply, next);
        found(request.identity);
      });
    },
  ],
};

const oursMakers = Object.fromEntries(
  Object.entries(calls).flatMap(([name, [base, make]]) => {
    const maker = (cache) => async (known, source) => {
      const memory = await knowing(known, { cache });
      if ('absent' in memory) return memory;
      return { run: await make(memory.verifier, source), base, close: memory.close, window };
    };
    return [
      [name, maker({})],
      [`${name}, recent`, maker({ recent })],
    ];
  }),
);

const file = import.meta.url;

export default {
  title: 'A remembered caller',
  about:
    'One verification from memory, less the making of the header (and of the request, where one is taken).',
  chart: { table: 'opaque', column: 'instructions' },
  groups,
  build,
  run: (bench) => compareInProcess(bench, { file, groups, build }),
};

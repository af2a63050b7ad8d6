// What it costs to say no, which whoever attacks decides how often: a remembered refusal, a request that is shed
// because the queue is full, one without a header, one whose header is none. Beside an error that is thrown.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createGate, createVerifier } from '@esauth/core';
import { compareInProcess } from '../measure/in-process.mjs';
import { must } from '../measure/work.mjs';
import { createSource, credentials, forEach, forEachAwaited } from '../parts/credentials.mjs';
import { startElasticsearch, unknownCredential } from '../parts/elasticsearch.mjs';
import { host, next, requestWith, requestWithout, response } from '../parts/requests.mjs';
import { lasting, patient } from '../parts/verifiers.mjs';

const callers = 256;
/**
 * Windows so long that several collections are in each, and it does not matter how many: in windows of 3 000 there was
 * one in some and none in others, and they differed by half.
 */
const long = { window: 12_000, warmUp: 30_000 };
/**
 * An error that is thrown takes down up to ten functions that were called, which is the dearest part of it. In a hook
 * of Express 5 or Fastify 5 there are twelve, in one of Koa 3 eight.
 */
const depth = 10;
const freshHeader = 'a fresh header';
const freshRequest = 'a fresh request';
const thrown = 'throw new Error';
const thrownHere = 'throw new Error, at the top';

export const groups = {
  refusal: {
    title: 'Refusals, by what is told',
    reference: thrown,
    variants: {
      [freshHeader]: 'bare',
      [freshRequest]: 'bare',
      [thrown]: 'bare',
      [thrownHere]: 'bare',
      'remembered, peek': 'ours',
      'remembered, gate': 'ours',
      'remembered, express': 'ours',
      'missing, gate': 'ours',
      'missing, express': 'ours',
      'malformed, gate': 'ours',
      'shed, verify': 'ours',
      'shed, gate': 'ours',
    },
    quick: [freshRequest, freshHeader, thrown, 'remembered, gate'],
  },
};

const codeOf = (refusal) => refusal?.body.code ?? 'none';
const is = (found, code) => must(found === code, () => `the refusal is ${found}`);

export async function build(_group, name, { bench }) {
  // Those who are expected to be refused are let in.
  const headers = bench.spoil
    ? credentials('opaque', callers)
    : Array.from({ length: callers }, (_, number) => unknownCredential(number));
  return makers[name](headers, bench.spoil);
}

function thrownAt(calls, headers) {
  const use = (header) => {
    try {
      call(calls);
    } catch (error) {
      must(error.message !== header, () => 'another error');
    }
  };
  return {
    run: forEach(createSource(headers), use),
    base: freshHeader,
    isInert: true,
    ...long,
    window: 6_000,
  };
}

function call(more) {
  if (more === 0) throw new Error('refused');
  return 1 + call(more - 1);
}

/** A verifier that has asked about each. */
async function informed(headers) {
  const elasticsearch = await startElasticsearch();
  const verifier = createVerifier({ nodes: elasticsearch.url, cache: lasting, upstream: patient });
  for (const header of headers) await verifier.verify(header);
  elasticsearch.close();
  return verifier;
}

function ofRequest(make) {
  return async (headers, spoil) => {
    const verifier = await informed(headers);
    const source = createSource(headers);
    const run = await make(verifier, source, spoil);
    return { run, base: freshRequest, close: () => verifier.close(), ...long };
  };
}

/** A verifier whose only connection is taken, by a question that nobody answers, and whose queue is full. */
async function crowded() {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const verifier = createVerifier({
    nodes: `http://127.0.0.1:${silent.address().port}`,
    upstream: { maxConcurrent: 1, maxQueue: 1, timeoutMs: 86_400_000, hedgeAfterMs: 0 },
  });
  const waiting = ['Bearer first', 'Bearer second'].map((header) =>
    verifier.verify(header, { source: '127.0.0.1' }),
  );
  await new Promise(setImmediate);
  const close = async () => {
    await verifier.close();
    await Promise.all(waiting);
    silent.closeAllConnections();
    silent.close();
  };
  return { verifier, close };
}

function shed(make, base) {
  return async (headers, spoil) => {
    const { verifier, close } = await crowded();
    // Known after all that: it is not shed, but hears that there is no verifier any more.
    if (spoil) await close();
    return { run: make(verifier, createSource(headers)), base, close, ...long };
  };
}

const makers = {
  [freshHeader](headers) {
    let last = 0;
    const use = (header) => {
      last = header.length;
    };
    return { run: forEach(createSource(headers), use), isInert: true, window: 10_000, last: () => last };
  },
  [freshRequest](headers) {
    const kept = [undefined];
    const use = (header) => {
      kept[0] = requestWith(header);
    };
    return { run: forEach(createSource(headers), use), isInert: true, window: 10_000 };
  },
  [thrown]: (headers) => thrownAt(depth, headers),
  [thrownHere]: (headers) => thrownAt(0, headers),
  async 'remembered, peek'(headers) {
    const verifier = await informed(headers);
    const use = (header) => is(verifier.peek(header)?.code ?? 'none', 'credentials_invalid');
    return {
      run: forEach(createSource(headers), use),
      base: freshHeader,
      close: () => verifier.close(),
      ...long,
    };
  },
  'remembered, gate': ofRequest((verifier, source) => {
    const gate = createGate(verifier, {}, host);
    return forEach(source, (header) =>
      is(codeOf(gate.admit(requestWith(header)).refusal), 'credentials_invalid'),
    );
  }),
  'remembered, express': ofRequest((verifier, source) => throughExpress(verifier, source, requestWith)),
  'missing, gate': ofRequest((verifier, source, spoil) => {
    const gate = createGate(verifier, {}, host);
    const request = spoil ? requestWith : requestWithout;
    return forEach(source, (header) =>
      is(codeOf(gate.admit(request(header)).refusal), 'credentials_missing'),
    );
  }),
  'missing, express': ofRequest((verifier, source, spoil) =>
    throughExpress(verifier, source, spoil ? requestWith : requestWithout),
  ),
  'malformed, gate': ofRequest((verifier, source, spoil) => {
    const gate = createGate(verifier, {}, host);
    const wrong = spoil ? '' : ' ,';
    return forEach(source, (header) =>
      is(codeOf(gate.admit(requestWith(header + wrong)).refusal), 'credentials_malformed'),
    );
  }),
  'shed, verify': shed(
    (verifier, source) =>
      forEachAwaited(source, async (header) => {
        const { code } = await verifier.verify(header, { source: '127.0.0.1' });
        is(code, 'queue_full');
      }),
    freshHeader,
  ),
  'shed, gate': shed((verifier, source) => {
    const gate = createGate(verifier, {}, host);
    // Said at once, without a promise.
    return forEach(source, (header) => is(codeOf(gate.admit(requestWith(header)).refusal), 'queue_full'));
  }, freshRequest),
};

async function throughExpress(verifier, source, request) {
  const { esauth } = await import('@esauth/express');
  const middleware = esauth(verifier);
  let written = 0;
  const written_ = response(() => {
    written += 1;
  });
  return forEach(source, (header) => {
    const before = written;
    middleware(request(header), written_, next);
    must(written === before + 1, () => 'the request was let in');
  });
}

const file = import.meta.url;

export default {
  title: 'Whoever is refused',
  about:
    'One refusal, less the making of the request. The first is that of an error which is thrown and caught.',
  chart: { table: 'refusal', column: 'instructions' },
  groups,
  build,
  run: (bench) => compareInProcess(bench, { file, groups, build }),
};

// A credential that nobody knows yet: one question to Elasticsearch over sockets, each credential another, beside the
// same question without a verifier. What is left over is what keys, queues, deadlines and reading the answer cost.

import { Client } from '@elastic/elasticsearch';
import { createVerifier } from '@esauth/core';
import { Pool } from 'undici';
import { compareInProcess } from '../measure/in-process.mjs';
import { must } from '../measure/work.mjs';
import { unknownCredential } from '../parts/elasticsearch.mjs';
import { forkElasticsearch } from '../parts/processes.mjs';

const path = '/_security/_authenticate';
const reference = 'Pool.request';
const connections = 32;
const variants = {
  [reference]: 'bare',
  'Pool.dispatch': 'bare',
  'Pool.request, parsed': 'bare',
  'verify, remembered': 'ours',
  'verify, cache: false': 'ours',
  '@elastic/elasticsearch': 'peer',
  fetch: 'peer',
};

/** At other rates, and with TLS, what else one asks with matters little. */
const few = [reference, 'verify, remembered'];

const group = (protocol, atOnce, counts, quick) => ({
  title: `${protocol.toUpperCase()}, ${atOnce} at once`,
  protocol,
  atOnce,
  reference,
  variants,
  counts,
  quick,
});

export const groups = {
  http1: group('http', 1, few),
  http16: group('http', 16, Object.keys(variants), [reference, 'verify, remembered']),
  http256: group('http', 256, few),
  https16: group('https', 16, few),
};

export async function build(id, name, { bench, shared }) {
  const { protocol, atOnce } = groups[id];
  const origin = shared[protocol];
  const { ask, close, repeats } = makers[name](origin, protocol === 'https' ? shared.ca : undefined);
  let number = 0;
  const credential = () => {
    number += 1;
    if (!bench.spoil) return `Bearer ${process.pid}${String(number).padStart(40, name[0])}`;
    // Nobody has it; or it was asked about before, and the miss is a hit.
    return repeats ? 'Bearer always-the-same' : unknownCredential(number);
  };
  const run = async (operations) => {
    let left = operations;
    const caller = async () => {
      while (left > 0) {
        left -= 1;
        await ask(credential());
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, operations) }, caller));
  };
  // A process that is counted has nobody to ask; here it was seen that they are asked.
  const served = shared.counts && (async () => (await shared.counts()).served);
  // Fewer, and one full collection in a window would be what is counted. With more than a verifier remembers by default
  // the store is full before: when its first entry makes room, V8 compiles anew what keeps entries, 90 000 instructions
  // for each lookup of that window.
  return { run, served, close, window: 1_000, warmUp: 16_000 };
}

const isOk = (status) => must(status === 200, () => `the answer is ${status}`);
const headersOf = (authorization) => ({
  authorization,
  accept: 'application/json',
  'accept-encoding': 'identity',
});

function overPool(origin, ca, read) {
  const pool = new Pool(origin, { connections, connect: { ca } });
  const ask = async (authorization) => {
    const response = await pool.request({ path, method: 'GET', headers: headersOf(authorization) });
    isOk(response.statusCode);
    await read(response.body);
  };
  return { ask, close: () => pool.close() };
}

function overVerifier(origin, ca, options) {
  const verifier = createVerifier({
    nodes: origin,
    upstream: { timeoutMs: 600_000 },
    ...(ca !== undefined && { tls: { ca } }),
    ...options,
  });
  const ask = async (authorization) => {
    const verdict = await verifier.verify(authorization);
    must(verdict.kind === 'authenticated', () => `the verdict is ${verdict.code}`);
  };
  return { ask, close: () => verifier.close() };
}

const makers = {
  [reference]: (origin, ca) => overPool(origin, ca, (body) => body.text()),
  'Pool.request, parsed': (origin, ca) => overPool(origin, ca, (body) => body.json()),
  'Pool.dispatch': (origin, ca) => {
    const pool = new Pool(origin, { connections, connect: { ca } });
    const ask = (authorization) =>
      new Promise((resolve, reject) => {
        const options = { path, method: 'GET', headers: headersOf(authorization) };
        pool.dispatch(options, new Handler(resolve, reject));
      });
    return { ask, close: () => pool.close() };
  },
  'verify, remembered': (origin, ca) => ({ ...overVerifier(origin, ca, {}), repeats: true }),
  'verify, cache: false': (origin, ca) => overVerifier(origin, ca, { cache: false }),
  '@elastic/elasticsearch': (origin, ca) => {
    const client = new Client({ node: origin, auth: { bearer: 'unused' }, tls: { ca }, maxRetries: 0 });
    const ask = async (authorization) => {
      const { username } = await client.security.authenticate({}, { headers: { authorization } });
      must(username !== undefined, () => 'it says nobody');
    };
    return { ask, close: () => client.close() };
  },
  fetch: (origin, ca) => {
    // Node's own takes no authority but from the environment, at the start; this is the same code.
    const pool = new Pool(origin, { connections, connect: { ca } });
    const ask = async (authorization) => {
      const response = await fetch(origin + path, { headers: headersOf(authorization), dispatcher: pool });
      isOk(response.status);
      await response.json();
    };
    return { ask, close: () => pool.close() };
  },
};

/** The least that can be done with an answer. */
class Handler {
  #resolve;
  #reject;
  #status = 0;
  #chunks = [];
  constructor(resolve, reject) {
    this.#resolve = resolve;
    this.#reject = reject;
  }
  onRequestStart() {}
  onResponseStart(_controller, status) {
    this.#status = status;
  }
  onResponseData(_controller, chunk) {
    this.#chunks.push(chunk);
  }
  onResponseEnd() {
    if (this.#status !== 200) this.#reject(new Error(`the answer is ${this.#status}`));
    else this.#resolve(Buffer.concat(this.#chunks).toString());
  }
  onResponseError(_controller, error) {
    this.#reject(error);
  }
}

async function run(bench) {
  const elasticsearch = await forkElasticsearch({ secure: true });
  const columns = { time: 'ns', processor: 'ns', instructions: 'of the user' };
  const notes = ['Requests per second are the inverse of the time.'];
  const tables = await compareInProcess(
    bench,
    { file: import.meta.url, groups, build },
    {
      ...{ shared: elasticsearch, columns, notes },
    },
  );
  elasticsearch.close();
  return tables;
}

export default {
  title: 'A caller who is not known yet',
  about: 'One question to a server in another process that answers at once.',
  chart: { table: 'http16', column: 'instructions' },
  groups,
  build,
  run,
};

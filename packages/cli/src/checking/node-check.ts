// One node, step by step: each is looked at only where the one before it stands.

import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { isLoopback, LookupError, unbracketed } from '@esauth/core';
import type { Reach } from '../arguments/connection.js';
import { inFlags } from '../arguments/option-words.js';
import {
  type Answer,
  type Asker,
  challengesOf,
  inFrontOf,
  isKibana,
  openAsker,
  type Said,
} from '../asking/elasticsearch.js';
import { openVerifier } from '../asking/verifier.js';
import type { Credential } from '../credentials/credential.js';
import { knownWith, serviceSteps, timeStep, versionStep } from './cluster-steps.js';
import type { Step } from './step.js';
import { speaksTls, tlsStep } from './tls-step.js';

const probe = '/_security/_authenticate';

/** @param credential to ask with for what nobody is told without one */
export async function* checkNode(
  node: string,
  reach: Reach,
  credential: Credential | undefined,
): AsyncGenerator<Step> {
  const url = new URL(node);
  const isSecure = url.protocol === 'https:';
  const hasProxy = reach.proxy !== undefined;
  if (!hasProxy) {
    const name = await nameStep(url, reach.timeoutMs);
    yield name;
    if (name.state !== 'yes') return;
    const connection = await connectionStep(url, reach.timeoutMs);
    yield connection;
    if (connection.state !== 'yes') return;
  }
  if (!isSecure) yield plainStep(url);
  else if (hasProxy) {
    yield { step: 'tls', state: 'yes', text: 'through the proxy, and so certificates are not shown' };
  } else {
    const { step, isOver } = await tlsStep(url, reach);
    yield step;
    if (isOver) return;
  }
  const { nodes: _, cloudId: __, ...way } = reach;
  const asker = openAsker({ ...way, nodes: [node] }, credential?.secrets);
  try {
    yield* askNode(asker, url, { ...way, nodes: [node] }, credential);
  } finally {
    await asker.close();
  }
}

async function* askNode(
  asker: Asker,
  url: URL,
  reach: Reach,
  credential: Credential | undefined,
): AsyncGenerator<Step> {
  const said = await asker.ask({ path: probe });
  const problem = await problemOf(reach);
  const isOff = problem?.message.includes('security is off') === true;
  if (said.kind === 'none' || (problem !== undefined && !isOff)) {
    yield await strangerStep(said, problem, url, reach);
    return;
  }
  const front = inFrontOf(said);
  const through = front === undefined ? '' : `, with something in front of it (${front})`;
  yield { step: 'elasticsearch', state: 'yes', text: `it is Elasticsearch${through}` };
  const known = await knownWith(asker, credential, said);
  yield versionStep(said, known);
  if (isOff) {
    const cure = 'xpack.security.enabled: true in elasticsearch.yml';
    yield {
      step: 'security',
      state: 'no',
      text: 'security is off: whoever can connect may do everything',
      cure,
    };
  } else {
    yield* serviceSteps(said, known);
  }
  yield timeStep(said, known);
}

async function nameStep({ hostname }: URL, timeoutMs: number): Promise<Step> {
  const host = unbracketed(hostname);
  if (isIP(host) !== 0)
    return { step: 'name', state: 'yes', text: 'it is an address', facts: { addresses: [host] } };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('late'), { code: 'timeout' })), timeoutMs);
  });
  try {
    const found = await Promise.race([lookup(host, { all: true }), late]);
    const addresses = found.map(({ address }) => address);
    return { step: 'name', state: 'yes', text: addresses.join(', '), facts: { addresses } };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const cure =
      code === 'ENOTFOUND'
        ? 'check the host name in the address'
        : 'the name service does not answer: check the network';
    return { step: 'name', state: 'unknown', text: `${host} leads nowhere (${code})`, cure };
  } finally {
    clearTimeout(timer);
  }
}

function connectionStep(url: URL, timeoutMs: number): Promise<Step> {
  const host = unbracketed(url.hostname);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const from = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (step: Omit<Step, 'step'>) => {
      socket.destroy();
      resolve({ step: 'connection', ...step });
    };
    socket.once('connect', () => {
      const address = `${socket.remoteAddress ?? host}, port ${socket.remotePort ?? port}`;
      end({ state: 'yes', text: `${address}, in ${(performance.now() - from).toFixed(0)} ms` });
    });
    socket.once('timeout', () =>
      end({
        state: 'unknown',
        text: `no connection within ${timeoutMs} ms`,
        cure: 'a firewall between, or another host',
      }),
    );
    socket.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : '';
      const cure =
        code === 'ECONNREFUSED'
          ? `nothing listens on port ${port} there: check host and port`
          : 'check host, port and network';
      end({ state: 'unknown', text: `no connection (${code || error.message})`, cure });
    });
  });
}

function plainStep({ hostname }: URL): Step {
  if (isLoopback(hostname)) return { step: 'tls', state: 'yes', text: 'none: plain http on this machine' };
  const text = 'none: plain http carries credentials readably';
  return { step: 'tls', state: 'warning', text, cure: 'use https' };
}

/** What the verifier of an application would say of it, when it starts. */
async function problemOf(reach: Reach): Promise<LookupError | undefined> {
  const verifier = openVerifier(reach);
  try {
    await verifier.check();
    return undefined;
  } catch (error) {
    if (error instanceof LookupError) return error;
    throw error;
  } finally {
    await verifier.close();
  }
}

/** Something else answers there, or nothing that can be read. */
async function strangerStep(
  said: Said,
  problem: LookupError | undefined,
  url: URL,
  reach: Reach,
): Promise<Step> {
  const words = said.kind === 'none' ? said.words : sentenceOf(problem, url);
  // Asked in plain http, what speaks https closes the connection, or answers 400 (proxies).
  const mayBeSecure = said.kind === 'none' || said.status === 400;
  const isPlain = url.protocol === 'http:' && reach.proxy === undefined;
  const isSecure = isPlain && mayBeSecure && (await speaksTls(url, reach));
  if (isSecure) {
    const cure = `https://${url.host}`;
    return { step: 'elasticsearch', state: 'no', text: 'it speaks https, and was asked in plain http', cure };
  }
  if (said.kind === 'none') {
    const isDefinite = said.code === 'bad_response';
    return { step: 'elasticsearch', state: isDefinite ? 'no' : 'unknown', text: words };
  }
  return strangeAnswer(said, words, problem);
}

function strangeAnswer(said: Answer, words: string, problem: LookupError | undefined): Step {
  if (isKibana(said)) {
    const cure = 'Elasticsearch has port 9200 where Kibana has 5601, and another host on Elastic Cloud';
    return { step: 'elasticsearch', state: 'no', text: `this is Kibana (${said.status})`, cure };
  }
  const front = inFrontOf(said);
  const isTheirs = said.headers['x-elastic-product'] !== undefined || challengesOf(said) !== undefined;
  if (front !== undefined && !isTheirs) {
    const text = `a proxy or another server answers (${said.status}; ${front}), and not Elasticsearch`;
    const cure =
      said.status >= 500 ? 'it may not reach Elasticsearch behind it' : 'check host, port and path';
    return { step: 'elasticsearch', state: said.status >= 500 ? 'unknown' : 'no', text, cure };
  }
  const isIll = problem?.code === 'server_error' || problem?.code === 'overloaded';
  return { step: 'elasticsearch', state: isIll ? 'unknown' : 'no', text: words };
}

function sentenceOf(problem: LookupError | undefined, url: URL): string {
  const text = inFlags(problem?.message ?? '');
  const node = [url.href, url.origin].find((prefix) => text.startsWith(`${prefix}: `));
  return node === undefined ? text : text.slice(node.length + 2);
}

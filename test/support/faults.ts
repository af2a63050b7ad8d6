// What can be wrong with Elasticsearch or on the way to it, as nodes that are really there: the rows of
// `fault-table.ts`, by name.

import { gzipSync } from 'node:zlib';
import { type Issued, issue, makeAuthority } from './certificates.js';
import {
  errorBody,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from './scripted-node.js';

export const accepted: Script = respond({ body: identityBody() });

export interface Fault {
  /** How many nodes there are; default one. */
  readonly nodes?: number;
  readonly tls?: boolean;
  /** In front of the nodes that there are: one that never was. */
  readonly unresolvable?: boolean;
  /** The first node lets its callers wait. */
  readonly silent?: boolean;
  begin(place: Place): unknown;
  end(place: Place): unknown;
}

/** Who makes the certificates, and one that is good. */
export interface Issuer {
  readonly authority: Issued;
  readonly genuine: Issued;
}

/** Where a fault happens: nodes that are well so far. */
export interface Place extends Issuer {
  readonly nodes: readonly ScriptedNode[];
  /** Base URLs for a verifier. */
  readonly urls: readonly string[];
  /** Milliseconds between two bytes of an answer that drips, on whatever clock there is. */
  drip(callback: () => void): unknown;
}

export async function makeIssuer(): Promise<Issuer> {
  const authority = await makeAuthority();
  return { authority, genuine: await issue(authority) };
}

export async function makePlace(fault: Fault, issuer: Issuer, drip: Place['drip']): Promise<Place> {
  const { nodes: count = 1, tls = false, unresolvable = false } = fault;
  const nodes: ScriptedNode[] = [];
  for (let n = 0; n < count; n += 1) {
    nodes.push(await startScriptedNode(accepted, tls ? issuer.genuine : undefined));
  }
  // A label of more than 63 characters is refused by every resolver, at once and without a network.
  const none = unresolvable ? [`https://${'x'.repeat(64)}.invalid`] : [];
  return { ...issuer, nodes, urls: [...none, ...nodes.map(({ url }) => url)], drip };
}

const product = { 'x-elastic-product': undefined };
const bomb = gzipSync(Buffer.alloc(20_000_000));
const endless = Buffer.alloc(50_000_000, 0x20);
const head = (length: number, more = '') =>
  `HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\n${more}content-length: ${length}\r\n\r\n`;

/** The first node answers like this. */
const answering = (script: Script, count = 1): Fault => ({
  nodes: count,
  begin: ({ nodes: [first] }) => first?.answer(script),
  end: ({ nodes: [first] }) => first?.answer(accepted),
});
const dying = (count: number, dead: number): Fault => ({
  nodes: count,
  begin: ({ nodes }) => Promise.all(nodes.slice(0, dead).map((node) => node.stop())),
  end: ({ nodes }) => Promise.all(nodes.slice(0, dead).map((node) => node.restart())),
});
const presenting = (other: (authority: Issued) => Promise<Issued>): Fault => ({
  tls: true,
  begin: async ({ nodes: [first], authority }) => first?.present(await other(authority)),
  end: ({ nodes: [first], genuine }) => first?.present(genuine),
});

export const faults: Readonly<Record<string, Fault>> = {
  'refuses connections': dying(1, 1),
  'resets the connection before it answers': answering((socket) => void socket.resetAndDestroy()),
  'resets the connection within the body': answering((socket) => {
    socket.write(`${head(400)}{"username":`, () => socket.resetAndDestroy());
  }),
  'accepts the request and says nothing': { ...answering(() => {}), silent: true },
  'stops within the body': {
    ...answering((socket) => void socket.write(`${head(400)}{"username":`)),
    silent: true,
  },
  'sends a byte a second': {
    silent: true,
    begin: ({ nodes: [first], drip }) =>
      first?.answer((socket) => {
        const next = () => {
          if (socket.destroyed) return;
          socket.write('{');
          drip(next);
        };
        socket.write(head(400), next);
      }),
    end: ({ nodes: [first] }) => first?.answer(accepted),
  },
  'answers 400 (security is off)': answering(
    respond({ status: 400, body: { error: 'no handler found for uri [/_security/_authenticate]' } }),
  ),
  'answers 429': answering(respond({ status: 429, body: errorBody(429, 'busy') })),
  'answers 500': answering(respond({ status: 500, body: errorBody(500, 'boom') })),
  'answers 502': answering(respond({ status: 502, headers: product, body: '<html>' })),
  'answers 503': answering(respond({ status: 503, headers: product, body: '<html>' })),
  'answers 504': answering(respond({ status: 504, headers: product, body: '<html>' })),
  'answers 401 because its own check failed': answering(
    respond({ status: 401, body: errorBody(401, 'error attempting to authenticate request') }),
  ),
  'answers 403 because the security index is blocked': answering(
    respond({ status: 403, body: errorBody(403, 'blocked', { type: 'cluster_block_exception' }) }),
  ),
  'is behind something that answers 401 itself': answering(
    respond({ status: 401, body: { message: 'Unauthorized' } }),
  ),
  'answers 200 with HTML': answering(respond({ headers: product, body: '<html>' })),
  'answers 200 with nothing': answering(respond({ body: '' })),
  'answers 200 with `{}`': answering(respond({ body: '{}' })),
  'is another product': answering(
    respond({ headers: { 'x-elastic-product': 'Kibana' }, body: identityBody() }),
  ),
  'sends a body of 50 MB': answering((socket) => {
    socket.write(head(endless.length));
    socket.write(endless);
  }),
  'sends a gzip bomb': answering((socket) => {
    socket.write(head(bomb.length, 'content-encoding: gzip\r\n'));
    socket.write(bomb);
  }),
  'speaks something else than HTTP': answering((socket) => void socket.end('SSH-2.0-OpenSSH_9.2p1\r\n')),
  redirects: answering(respond({ status: 307, headers: { location: 'https://elsewhere.invalid/' } })),
  'presents a certificate of somebody else': presenting(async () => issue(await makeAuthority('another'))),
  'presents a certificate that has expired': presenting((authority) =>
    issue(authority, { from: new Date(Date.now() - 2e9), until: new Date(Date.now() - 1e9) }),
  ),
  'has a name that does not resolve, its twin is down': { ...dying(1, 1), unresolvable: true },
  'has three nodes, one of them dead': dying(3, 1),
  'has three nodes, one of them silent': { ...answering(() => {}, 3), silent: true },
  'has three nodes, one answers 503': answering(respond({ status: 503, headers: product }), 3),
  'has three nodes, all of them dead': dying(3, 3),
};

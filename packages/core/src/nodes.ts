// Which node is asked: each in turn, and once more the next one if there was no connection or a gateway
// answered in the node's place.

import { type Answer, createTransport, type TransportSettings } from './transport.js';

/** What came of a question: an answer of the node named, or the error that kept it from answering. */
export type Reply =
  | { readonly node: string; readonly answer: Answer; readonly error?: undefined }
  | { readonly node: string; readonly answer?: undefined; readonly error: unknown };

export interface Nodes {
  /** Never rejects. A signal that fires ends it at once, with the signal's reason as the error. */
  get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
}

export function createNodes(urls: readonly URL[], settings: TransportSettings): Nodes {
  const nodes = urls.map((url) => ({
    name: url.href,
    prefix: url.pathname.replace(/\/+$/, ''),
    transport: createTransport(url.origin, settings),
  }));
  let turn = 0;

  return {
    async get(path, headers, signal) {
      const first = await ask();
      return failed(first) && !signal.aborted ? ask() : first;

      async function ask(): Promise<Reply> {
        const node = nodes[turn++ % nodes.length];
        // Options are refused without a node.
        if (node === undefined) throw new RangeError('no nodes');
        try {
          return { node: node.name, answer: await node.transport.get(node.prefix + path, headers, signal) };
        } catch (error) {
          return { node: node.name, error };
        }
      }
    },

    async close() {
      await Promise.all(nodes.map((node) => node.transport.close()));
    },
  };
}

function failed(reply: Reply): boolean {
  return reply.answer === undefined || [502, 503, 504].includes(reply.answer.status);
}

// An Elasticsearch whose every answer a test decides, over real sockets, and that knows both ends of them: what
// the HTTP client under test has asked and still waits for, and what has arrived here. So a test can wait until
// nothing moves any more without any clock. It listens to the client's own `diagnostics_channel` messages.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { type Script, startScriptedNode } from './scripted-node.js';

/** One request, from when the client made it. */
export interface Asked {
  readonly authorization: string;
  readonly path: string;
  /** Empty if it has none. */
  readonly body: string;
  /** The client is through with it: it has the whole answer, or an error, or has given it up. */
  readonly over: boolean;
}

export interface Upstream {
  readonly url: string;
  /** Requests that the client waits for, oldest first. */
  readonly open: readonly Asked[];
  /** Called at the client's end, in the same turn: when a request is made, and when it is over. */
  watch(watcher: Watcher): void;
  /** How requests are answered when they arrive; `undefined` holds one until `answer` is called for it. */
  onArrival(decide: (asked: Asked) => Script | undefined): void;
  /** Answers a request that is held. */
  answer(asked: Asked, script: Script): void;
  /** Resolves when `inFlight` requests are open, and each of them is held here. */
  still(inFlight: () => number): Promise<void>;
  close(): Promise<void>;
}

export interface Watcher {
  asked?(asked: Asked): void;
  /** @param failed without a whole answer. */
  over?(asked: Asked, failed: boolean): void;
}

interface Request extends Asked {
  over: boolean;
  port?: number;
  held?: readonly [socket: Socket, head: string];
}

/** The part of undici's messages that is read here. */
interface Message {
  readonly request: {
    readonly origin: string | URL;
    readonly path: string;
    readonly headers: readonly string[];
    readonly body: Buffer | null;
  };
  readonly socket?: Socket;
}

export async function startUpstream(): Promise<Upstream> {
  const requests = new Map<object, Request>();
  let watcher: Watcher = {};
  let decide: (asked: Asked) => Script | undefined = () => undefined;

  const node = await startScriptedNode((socket, head) => {
    const request = [...requests.values()].find(({ port }) => port === socket.remotePort);
    // Given up before it came here.
    if (request === undefined) return;
    const script = decide(request);
    if (script === undefined) request.held = [socket, head];
    else script(socket, head);
  });

  const on = (listener: (message: Message) => void) => (message: unknown) => {
    const known = message as Message;
    if (String(known.request.origin) === node.url) listener(known);
  };
  const end = (failed: boolean) =>
    on(({ request }) => {
      const known = requests.get(request);
      if (known === undefined) return;
      requests.delete(request);
      known.over = true;
      watcher.over?.(known, failed);
    });
  const listeners = {
    'undici:request:create': on(({ request }) => {
      const at = request.headers.indexOf('authorization');
      // In nobody's name, to find out how the node is: nothing that callers see of it.
      if (at < 0) return;
      const authorization = request.headers[at + 1] ?? '';
      const { path, body } = request;
      const asked: Request = { authorization, path, body: body?.toString() ?? '', over: false };
      requests.set(request, asked);
      watcher.asked?.(asked);
    }),
    'undici:client:sendHeaders': on(({ request, socket }) => {
      const known = requests.get(request);
      if (known !== undefined && socket?.localPort !== undefined) known.port = socket.localPort;
    }),
    'undici:request:trailers': end(false),
    'undici:request:error': end(true),
  };
  for (const [name, listener] of Object.entries(listeners)) subscribe(name, listener);

  return {
    url: node.url,
    get open() {
      return [...requests.values()];
    },
    watch(next) {
      watcher = next;
    },
    onArrival(next) {
      decide = next;
    },
    answer(asked, script) {
      const request = [...requests.values()].find((each) => each === asked);
      if (request?.held === undefined) throw new Error('this request is not held');
      const [socket, head] = request.held;
      delete request.held;
      script(socket, head);
    },
    async still(inFlight) {
      for (let turn = 0; turn < 100_000; turn += 1) {
        await new Promise(setImmediate);
        const held = [...requests.values()].every((request) => request.held !== undefined);
        if (held && requests.size === inFlight()) return;
      }
      throw new Error(`never came to rest: ${requests.size} requests are open, ${inFlight()} are in flight`);
    },
    async close() {
      for (const [name, listener] of Object.entries(listeners)) unsubscribe(name, listener);
      await node.close();
    },
  };
}

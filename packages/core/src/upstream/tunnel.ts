// A tunnel through a proxy to a node (CONNECT, RFC 9110 §9.3.6). Node's own client asks for it; what then goes through
// is secured as if there were no proxy, so the proxy sees nothing of it.

import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { nodeHttp, nodeHttps } from './lazily.js';

export interface HttpProxy {
  /** Without user name and password: it may be shown. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`. Must not be shown. */
  readonly authorization: string | undefined;
}

/** By the origins of nodes. One that is not in it is reached directly. */
export type Proxies = ReadonlyMap<string, HttpProxy>;

/** A socket that connects, or a tunnel that is asked for. */
export type Unfinished = Socket | ClientRequest;

/** Why there is no tunnel. What the proxy said besides its status is not kept. */
export class ProxyError extends Error {
  /** Of the proxy, without user name and password. */
  readonly origin: string;
  /** What it answered, or else what kept it from answering: `late`, or an error. */
  readonly reason: number | 'late' | Error;

  constructor({ origin }: HttpProxy, reason: ProxyError['reason']) {
    super(`no tunnel through ${origin}`);
    this.origin = origin;
    this.reason = reason;
  }
}

/**
 * @param authority host and port of the node.
 * @param keep is told of the tunnel before it is there. Destroying it then rejects.
 */
export function openTunnel(
  proxy: HttpProxy,
  authority: string,
  timeoutMs: number,
  keep: (unfinished: Unfinished) => void,
): Promise<Socket> {
  const { protocol, hostname, port } = new URL(proxy.origin);
  return new Promise((resolve, reject) => {
    const asked = (protocol === 'https:' ? nodeHttps() : nodeHttp()).request({
      host: unbracketed(hostname),
      port,
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(proxy.authorization !== undefined && { 'proxy-authorization': proxy.authorization }),
      },
      // The connection becomes the tunnel.
      agent: false,
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      asked.destroy();
    }, timeoutMs).unref();
    keep(asked);
    const done = () => clearTimeout(timer);
    asked.once('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      done();
      const taken = statusCode >= 200 && statusCode < 300;
      if (taken && head.length === 0) {
        resolve(socket.setNoDelay(true).setKeepAlive(true, 60_000));
        return;
      }
      socket.destroy();
      // No node speaks first.
      reject(new ProxyError(proxy, taken ? new Error('bytes that nobody asked for') : statusCode));
    });
    asked.once('error', (error) => {
      done();
      reject(new ProxyError(proxy, late ? 'late' : error));
    });
    asked.end();
  });
}

/** As sockets take it: URLs have brackets around an IPv6 address (RFC 3986 §3.2.2). */
export function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

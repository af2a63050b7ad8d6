/**
 * Who may see the page and press its buttons: a person at this machine, in a browser that shows the page
 * itself, and no other site in that browser. It is no protection from other users of the same machine.
 */

import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What is known about where a request came from. */
export interface Visit {
  /** The address at the other end of the socket. */
  readonly remoteAddress: string | undefined;
  /** Whether it came over TLS. */
  readonly encrypted: boolean;
  readonly headers: IncomingHttpHeaders;
}

/** Whether a host name or address, without brackets, can only mean this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** @returns why the page is not for this visitor, or `undefined` if it is */
export function visitProblem({ remoteAddress, headers }: Visit): string | undefined {
  if (!isLoopbackHost(remoteAddress?.replace(/^::ffff:/, '') ?? '')) {
    return 'This page is only for browsers on the same machine.';
  }
  if (headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined) {
    return 'This page is not for visitors who come through a proxy.';
  }
  // A name that somebody else's DNS server points at this machine makes their page "same origin" with
  // this one (DNS rebinding). Their name is still what the browser sends.
  if (!isLoopbackHost(hostNameOf(headers.host ?? ''))) {
    return 'This page is only for localhost, 127.0.0.1 and [::1].';
  }
  return undefined;
}

/** @returns why a request for data or for an action is not one of the page itself, or `undefined` if it is */
export function foreignProblem({ headers }: Visit): string | undefined {
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' ? undefined : 'Another site must not ask for this.';
}

/**
 * @param token what the page was given when the emulator started
 * @returns why no button of the page can have sent this, or `undefined`
 */
export function actionProblem(visit: Visit, token: string): string | undefined {
  const { headers, encrypted } = visit;
  // A browser always says which origin a POST comes from.
  if (headers.origin !== `${encrypted ? 'https' : 'http'}://${headers.host}`) {
    return 'Another site must not do this.';
  }
  // No site can send this header elsewhere unless it is allowed to, which nothing here does.
  if (!isSame(headers['x-esauth-token'], token)) {
    return 'The emulator was started anew since this page was loaded. Load it again.';
  }
  return foreignProblem(visit);
}

function hostNameOf(host: string): string {
  return (/^\[(.*)\](:\d+)?$/.exec(host) ?? /^([^:]*)(:\d+)?$/.exec(host))?.[1]?.toLowerCase() ?? '';
}

function isSame(presented: string | string[] | undefined, token: string): boolean {
  if (typeof presented !== 'string' || Buffer.byteLength(presented) !== token.length) return false;
  return timingSafeEqual(Buffer.from(presented), Buffer.from(token));
}

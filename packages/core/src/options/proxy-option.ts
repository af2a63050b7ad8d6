// The option `proxy`: through which proxy each node is reached. User name and password are taken out of the URL here,
// and nothing but the header that carries them keeps them.

import { getProxyForUrl } from 'proxy-from-env';
import type { HttpProxy, Proxies } from '../upstream/tunnel.js';
import { ConfigurationError } from '../values/errors.js';
import { parseUrl } from './option-checks.js';

/** @throws {ConfigurationError} `invalid_option` */
export function readProxies(given: unknown, nodes: readonly URL[]): Proxies {
  const proxies = new Map<string, HttpProxy>();
  if (given === undefined) return proxies;
  for (const node of nodes) {
    const url = given === 'environment' ? getProxyForUrl(node.href) : given;
    // Not for this node: `NO_PROXY`, or nothing is set.
    if (given === 'environment' && url === '') continue;
    proxies.set(node.origin, readProxy(url, given === 'environment'));
  }
  return proxies;
}

function readProxy(given: unknown, fromEnvironment: boolean): HttpProxy {
  const url = parseUrl(given);
  const authorization = url && authorizationOf(url);
  const bare = url !== undefined && url.pathname === '/' && url.search === '' && url.hash === '';
  if (bare && ['http:', 'https:'].includes(url.protocol) && authorization !== null) {
    return { origin: url.origin, authorization };
  }
  const expected = 'the http: or https: URL of a proxy, without a path';
  throw new ConfigurationError(
    'proxy',
    fromEnvironment
      ? `what HTTPS_PROXY, HTTP_PROXY or ALL_PROXY holds must be ${expected}`
      : `must be ${expected}, or 'environment'`,
  );
}

/** @returns `null` if user name and password are not percent-encoded as they should be. */
function authorizationOf({ username, password }: URL): string | undefined | null {
  if (username === '' && password === '') return undefined;
  try {
    const credential = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(credential).toString('base64')}`;
  } catch {
    return null;
  }
}

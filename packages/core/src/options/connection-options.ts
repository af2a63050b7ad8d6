// The options that say how Elasticsearch is reached, read together: whoever asks it something takes the same ones.

import type { Dispatcher } from 'undici';
import type { TlsSettings } from '../upstream/tls.js';
import type { Proxies } from '../upstream/tunnel.js';
import { ConfigurationError } from '../values/errors.js';
import { readDispatcher } from './dispatcher-option.js';
import { readNodes, readTls } from './node-options.js';
import { readProxies } from './proxy-option.js';

export interface ConnectionSettings {
  readonly nodes: readonly URL[];
  readonly tls: TlsSettings;
  readonly proxies: Proxies;
  readonly dispatcher: Dispatcher | undefined;
}

/** @throws {ConfigurationError} `invalid_option`, naming the first option that is wrong. */
export function readConnection(
  options: Readonly<Partial<Record<'nodes' | 'cloudId' | 'tls' | 'proxy' | 'dispatcher', unknown>>>,
): ConnectionSettings {
  for (const name of ['tls', 'proxy'] as const) {
    if (options.dispatcher === undefined || options[name] === undefined) continue;
    throw new ConfigurationError('dispatcher', `must not be set together with ${name}`);
  }
  const nodes = readNodes(options.nodes, options.cloudId);
  return {
    nodes,
    tls: readTls(options.tls),
    proxies: readProxies(options.proxy, nodes),
    dispatcher: readDispatcher(options.dispatcher),
  };
}

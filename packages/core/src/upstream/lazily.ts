// What only requests need, loaded with the first one: half of what it costs to import this package was undici, of which
// its pool is a third. By `require`, as an `import()` would be a turn of the event loop; with the names written out, so
// that bundlers see them.

import type { Client, buildConnector as Connector, Pool } from 'undici';

/** The parts of undici that are used, each from its own file: its index loads `fetch` and all the rest. */
export interface Undici {
  readonly Client: typeof Client;
  readonly Pool: typeof Pool;
  readonly buildConnector: typeof Connector;
}

let loaded: Undici | undefined;

export function undici(): Undici {
  loaded ??= {
    Client: require('undici/lib/dispatcher/client.js'),
    Pool: require('undici/lib/dispatcher/pool.js'),
    buildConnector: require('undici/lib/core/connect.js'),
  };
  return loaded;
}

export function nodeHttp(): typeof import('node:http') {
  return require('node:http');
}

export function nodeHttps(): typeof import('node:https') {
  return require('node:https');
}

export function nodeTls(): typeof import('node:tls') {
  return require('node:tls');
}

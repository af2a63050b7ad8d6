/** Puts an emulator together: state, endpoints, controls and listener. */

import { createSecurity } from './cluster/security.js';
import { type Clock, createClock } from './controls/clock.js';
import { type ClusterState, createClusterStates } from './controls/cluster-states.js';
import { createFaults, type Faults } from './controls/faults.js';
import { createRequestLog, type RequestRecord } from './controls/request-log.js';
import { routesOf } from './endpoints/all.js';
import { type EmulatorOptions, readOptions, type Settings } from './options/options.js';
import { isLoopbackHost } from './page/guard.js';
import { createPage } from './page/page.js';
import { makeCertificate } from './server/certificates.js';
import { createDispatcher } from './server/dispatcher.js';
import { type OnOver, type RunningServer, startServer } from './server/server.js';

/** An emulator that runs. */
export interface Emulator {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** With `tls`: the certificate of the authority that its clients have to trust, PEM. It is made anew at each start. */
  readonly ca?: string;
  /** The name of the superuser: `elastic`. */
  readonly username: string;
  /** The password of the superuser. */
  readonly password: string;
  /** The emulator's time. */
  readonly clock: Clock;
  /** Requests that go wrong. */
  readonly faults: Faults;
  /**
   * Makes the whole cluster ill: requests are answered as such a one answers them. Several states at once are possible.
   *
   * @returns a function that mends it; calling it again does nothing
   * @throws RangeError naming all states if this is none
   */
  cluster(state: ClusterState): () => void;
  /** The requests that arrived, in order; of very many, the last 10 000 at least. It may be emptied. */
  readonly requests: RequestRecord[];
  /** Stops at once: open connections end, also those in use. */
  close(): Promise<void>;
}

/**
 * Starts an HTTP or HTTPS server in this process that answers as Elasticsearch's security endpoints do.
 *
 * @returns the emulator, when it listens
 * @throws TypeError naming the option that is wrong
 * @throws Error if it can not listen there, with the reason as its `cause`
 * @example
 * const emulator = await startEmulator({ users: { alice: { password: 'secret', roles: ['superuser'] } } });
 * await fetch(`${emulator.url}/_security/_authenticate`, { headers: { authorization: `Basic ${btoa('alice:secret')}` } });
 * await emulator.close();
 */
export function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return launch(options);
}

/**
 * The same, for the command.
 *
 * @param onOver hears of every request when it is over, and how many milliseconds it took
 */
export async function launch(options: EmulatorOptions, onOver?: OnOver): Promise<Emulator> {
  const settings = readOptions(options);
  const clock = createClock();
  const faults = createFaults();
  const states = createClusterStates(clock);
  let listensAt = '';
  const security = createSecurity(settings, clock, states, () => listensAt);
  for (const [name, role] of settings.roles) security.roles.put(name, role);
  for (const { user, password } of settings.users) security.users.put(user, password);
  const log = createRequestLog(clock.now);
  const page =
    settings.ui && isLoopbackHost(settings.host) ? createPage({ security, faults, log }) : undefined;
  const dispatcher = createDispatcher(security, routesOf(settings));
  // `http.max_header_size`
  const maxHeaderBytes = settings.version.major === 7 ? 8192 : 16_384;
  const certificate = settings.tls ? await makeCertificate(settings.host) : undefined;
  const parts = { dispatcher, clock, faults, log, maxHeaderBytes, certificate, page, onOver };
  const server = await startServer(parts, settings.host, settings.port).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`startEmulator: can not listen on ${settings.host}, port ${settings.port}: ${reason}`, {
      cause,
    });
  });

  const url = urlOf(server, settings);
  listensAt = new URL(url).host;
  return {
    url,
    ...(certificate !== undefined && { ca: certificate.ca }),
    username: 'elastic',
    password: settings.password,
    clock: { now: clock.now, advance: clock.advance },
    faults: { add: faults.add },
    cluster: states.enter,
    requests: log.records,
    close() {
      clock.stop();
      return server.close();
    },
  };
}

function urlOf(server: RunningServer, { host, tls }: Settings): string {
  return `http${tls ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${server.address.port}`;
}

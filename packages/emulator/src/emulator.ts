/** Puts an emulator together: state, endpoints, controls and listener; and the state anew, when a test begins. */

import { createSecurity, type Security } from './cluster/security.js';
import { type Clock, createClock, type ScheduledClock } from './controls/clock.js';
import { type ClusterState, createClusterStates } from './controls/cluster-states.js';
import { createFaults, type Faults } from './controls/faults.js';
import { createRequestLog, type RequestRecord } from './controls/request-log.js';
import { routesOf } from './endpoints/all.js';
import { createIssuer, type Issuer } from './issuing/issuer.js';
import { type EmulatorOptions, readOptions, type Settings } from './options/options.js';
import { isLoopbackHost } from './page/guard.js';
import { createPage, type Page } from './page/page.js';
import { makeCertificate } from './server/certificates.js';
import { createDispatcher, type Dispatcher } from './server/dispatcher.js';
import { type OnOver, type RunningServer, startServer } from './server/server.js';

/** An emulator that runs. */
export interface Emulator extends Issuer {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /**
   * With `tls`: the certificate of the authority that its clients have to trust, PEM. It is made anew at each start.
   */
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
  /**
   * Puts everything back to how it started, for the next test: users, roles, keys, tokens and documents are those of
   * the options, nothing is broken, `requests` is empty, and the time is the machine's. Address and connections stay;
   * with a `seed` ids and secrets come again. What still waits for an answer gets it now.
   *
   * A verifier goes on to remember what was true before: `verifier.revoke('all')`.
   *
   * @returns a promise that resolves when all that was held back is answered
   */
  reset(): Promise<void>;
  /** Stops at once: open connections end, also those in use. */
  close(): Promise<void>;
}

/**
 * Starts an HTTP or HTTPS server in this process that answers as Elasticsearch's security endpoints do.
 *
 * @returns the emulator, when it listens
 * @throws TypeError naming the option that is wrong
 * @throws Error if it can not listen there, with the reason as its `cause`
 * @example const emulator = await startEmulator({ users: { alice: { password: 'secret', roles: ['superuser'] } } });
 * await fetch(`${emulator.url}/_security/_authenticate`, { headers: { authorization: `Basic ${btoa('alice:secret')}`
 * } }); await emulator.close();
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
  const log = createRequestLog(clock.now);
  let listensAt = '';
  const raise = (): Cluster => raiseCluster(settings, clock, () => listensAt);
  let cluster = raise();
  // They ask for it each time: it may have begun anew.
  const parts = {
    get security() {
      return cluster.security;
    },
    get dispatcher() {
      return cluster.dispatcher;
    },
    clock,
    faults,
    log,
    // `http.max_header_size`
    maxHeaderBytes: settings.version.major === 7 ? 8192 : 16_384,
    certificate: settings.tls ? await makeCertificate(settings.host) : undefined,
    page: undefined as Page | undefined,
    onOver,
  };
  const issuer = createIssuer(() => cluster.security);
  const hasPage = settings.ui && isLoopbackHost(settings.host);
  if (hasPage) parts.page = createPage(parts);
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
    ...(parts.certificate !== undefined && { ca: parts.certificate.ca }),
    username: 'elastic',
    password: settings.password,
    clock: {
      now: clock.now,
      wall: clock.wall,
      monotonic: clock.monotonic,
      after: clock.after,
      advance: clock.advance,
    },
    faults: { add: faults.add },
    cluster: (state) => cluster.security.states.enter(state),
    requests: log.records,
    ...issuer,
    reset() {
      for (const { id } of faults.armed()) faults.remove(id);
      log.clear();
      const answered = clock.reset();
      cluster = raise();
      return answered;
    },
    close() {
      clock.stop();
      return server.close();
    },
  };
}

/** The state of the cluster, and what answers from it. */
interface Cluster {
  readonly security: Security;
  readonly dispatcher: Dispatcher;
}

function raiseCluster(settings: Settings, clock: ScheduledClock, listensAt: () => string): Cluster {
  const security = createSecurity(settings, clock, createClusterStates(clock), listensAt);
  for (const [name, role] of settings.roles) security.roles.put(name, role);
  for (const { user, password } of settings.users) security.users.put(user, password);
  return { security, dispatcher: createDispatcher(security, routesOf(settings)) };
}

function urlOf(server: RunningServer, { host, tls }: Settings): string {
  return `http${tls ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${server.address.port}`;
}

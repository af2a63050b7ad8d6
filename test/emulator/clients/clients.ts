/** The official JavaScript clients, each beside an emulator of a release that it is made for. */

import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import * as elasticsearch8 from 'elasticsearch8';
import * as elasticsearch9 from 'elasticsearch9';

/** What a client hands out when it is asked for more than the body. */
export interface Result {
  readonly statusCode?: number | undefined;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever has come
  readonly body?: any;
}

/** What every client throws when Elasticsearch refuses. */
export type ResponseError = elasticsearch8.errors.ResponseError;

/** A method of a client, whatever its parameters are typed as. */
export type Method = (
  parameters: object,
  options: { readonly meta: true; readonly headers?: Readonly<Record<string, string>> },
) => Promise<Result>;

/** A client of either version: what the tests use has the same types in both. */
export type Client = elasticsearch8.Client;

/** A client and a server that belong together. */
export interface Pair {
  readonly name: string;
  /** `[major, minor]` of the client. */
  readonly client: readonly [number, number];
  /** The release that is emulated. */
  readonly server: string;
  /** Starts the server and a client of it that sends every request once only. */
  open(options?: EmulatorOptions): Promise<Conversation>;
}

/** A client that talks to an emulator. */
export interface Conversation {
  readonly emulator: Emulator;
  readonly client: Client;
  /** The same client with other credentials, perhaps for another server, or with other options. */
  signedIn(
    auth: NonNullable<elasticsearch8.ClientOptions['auth']>,
    node?: string,
    more?: Pick<elasticsearch8.ClientOptions, 'compression' | 'maxRetries' | 'agent'>,
  ): Client;
  /** The methods of `client.security`, by name. */
  readonly security: Readonly<Record<string, Method>>;
  /** Calls a method of `client.security` and hands out the body. */
  call(method: string, parameters?: object): Promise<Result['body']>;
  close(): Promise<void>;
}

function connect(major: 8 | 9, options: elasticsearch8.ClientOptions): Client {
  return major === 8
    ? new elasticsearch8.Client(options)
    : // The options here are the same in both, see `Client`.
      (new elasticsearch9.Client(options as object) as unknown as Client);
}

function pair(major: 8 | 9, minor: number, server: string): Pair {
  return {
    name: `client ${major}.${minor}, server ${server}`,
    client: [major, minor],
    server,
    async open(options = {}) {
      const emulator = await startEmulator({ version: server, ...options });
      const clients: Client[] = [];
      const signedIn: Conversation['signedIn'] = (auth, node = emulator.url, more = {}) => {
        const { ca } = emulator;
        const client = connect(major, { node, auth, maxRetries: 0, ...(ca && { tls: { ca } }), ...more });
        clients.push(client);
        return client;
      };
      const client = signedIn({ username: emulator.username, password: emulator.password });
      // Each method has types of its own; here they are told apart by name.
      const methods = client.security as unknown as Record<string, Method>;
      const security = Object.fromEntries(
        methodsOf(client).map((name) => [name, (...all: Parameters<Method>) => methods[name]?.(...all)]),
      ) as Record<string, Method>;
      return {
        emulator,
        client,
        signedIn,
        security,
        async call(method, parameters = {}) {
          const known = security[method];
          if (known === undefined) throw new Error(`the client has no method ${method}`);
          return (await known(parameters, { meta: true })).body;
        },
        async close() {
          for (const each of clients) await each.close();
          await emulator.close();
        },
      };
    },
  };
}

/** The names of the methods of `client.security`. */
export function methodsOf({ security }: Client): string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(security)).filter((name) => name !== 'constructor');
}

/** Clients with servers of their own release, and the older one with a newer server, which understands it. */
export const pairs: readonly Pair[] = [pair(8, 19, '8.19'), pair(9, 4, '9.4'), pair(8, 19, '9.4')];

/** The newer client with an older server: it does not work, and says so. */
export const mismatched: Pair = pair(9, 4, '8.19');

// What the suite needs of an adapter, in one vocabulary for all frameworks, and the world that it is tested in.

import type { Server, ServerOptions } from 'node:http';
import type { Http2Server } from 'node:http2';
import {
  type AdmissionOptions,
  type AuthenticationType,
  type CallerHeaders,
  createVerifier,
  type Identity,
  type Presented,
  type PrivilegesQuestion,
  type Requirement,
  type Verifier,
  type VerifierOptions,
} from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { basic, type Incoming, type Outgoing, send } from '../support/http-client.js';
import { listen, type Served } from '../support/serving.js';
import type { Answer, Credentials } from './requests.js';

/** One request, as a handler sees it. */
export interface Call {
  /** What is in the place where the framework's users look for the identity. */
  readonly identity: Identity | undefined;
  identityOf(): Identity;
  callerHeaders(): CallerHeaders;
  /** The request's body, which is text. */
  body(): Promise<string>;
}

/** What is done with a request, in this order; `Step` is whatever the framework calls it. */
export interface Application<Step> {
  /** The framework's setting for a server behind a proxy that tells the client's address. */
  readonly behindProxy?: boolean;
  /** Whether the adapter's own error handler answers each `DenialError`. */
  readonly handlesDenials?: boolean;
  readonly steps?: readonly Step[];
  readonly routes: readonly Route<Step>[];
}

export interface Route<Step> {
  /** Default `GET`, which also answers `HEAD`. */
  readonly method?: 'GET' | 'POST' | 'OPTIONS';
  readonly path: string;
  readonly steps?: readonly Step[];
  /** Its result is sent as JSON. Default: the user name at the identity's place, or `null`. */
  readonly handler?: (call: Call) => unknown;
}

export type Options = Omit<AdmissionOptions, 'source' | 'credential'> & {
  readonly source?: () => string;
  /** Is given a request's cookie line. */
  readonly credential?: (cookies: string) => Presented;
};

/** Hears how something that was awaited ended: with nothing, or with what it rejected with. */
export type Settled = (error?: unknown) => void;

export interface Adapter<Step> {
  /** The framework with its major version. */
  readonly name: string;
  esauth(verifier: Verifier | VerifierOptions, options?: Options): Step;
  /** With a function of the framework's own request that is given its path. */
  esauthOf(verifierOf: (path: string) => Verifier): Step;
  /** The guards that the adapter exports, and `requireThat` for the rest. */
  readonly guards: Guards<Step>;
  /** `requirePrivileges`, with a function of the framework's own request that is given its path. */
  requirePrivilegesOf(question: (path: string) => PrivilegesQuestion): Step;
  /** Awaits a guard, giving it nothing to go on with unless told to give it this, and then goes on. */
  awaitGuard(make: (guards: Guards<unknown>) => unknown, settled?: Settled, next?: () => void): Step;
  /** The same with `esauth`, where that is middleware. */
  awaitEsauth?(verifier: Verifier, options?: Options, settled?: Settled, next?: () => void): Step;
  /** A guard as it is, to be called with what a request and a response are here, and in wrong ways. */
  readonly bareGuard: (...args: unknown[]) => unknown;
  /** The first arguments of middleware: a request, and what has this response. */
  args(response: unknown): readonly unknown[];
  /** Puts something in the identity's place, as any middleware can. */
  forge(identity: unknown): Step;
  /** The framework's usual CORS middleware, with its defaults. */
  cors(): Step;
  /** Starts to answer 504 and `late` as soon as the steps after it wait, and is through when `finished` is. */
  impatient(finished: Promise<unknown>): Step;
  /** @param failed hears of every error that comes to where the framework's users handle errors. */
  build(
    application: Application<Step>,
    failed: (error: unknown) => void,
    options?: ServerOptions,
  ): Promise<Server>;
  /** The same on a cleartext HTTP/2 server, if the framework has one. */
  buildHttp2?(application: Application<Step>): Promise<Server | Http2Server>;
}

export interface Guards<Step> {
  requireThat(requirement: Requirement): Step;
  requireIdentity(): Step;
  requireRoles(...names: readonly string[]): Step;
  requireAnyRole(...names: readonly string[]): Step;
  requireRealm(...names: readonly string[]): Step;
  requireAuthenticationType(...types: readonly AuthenticationType[]): Step;
  requirePrivileges(question: PrivilegesQuestion): Step;
}

export interface World<Step> {
  readonly adapter: Adapter<Step>;
  readonly elasticsearch: Emulator;
  readonly issued: Credentials;
  readonly verifier: Verifier;
  /** Errors that came to the framework's error path during this test. */
  readonly errors: readonly unknown[];
  /** Runs at the end of the test, last first. */
  cleanUp(step: () => unknown): void;
  serve(application: Application<Step>, options?: ServerOptions): Promise<Served>;
  /** Serves `/me` behind the middleware. */
  serveMe(options?: Options, verifier?: Verifier): Promise<Served>;
}

/** Jane has the roles `writer` and `key_owner`; the superuser `elastic` has a token too. */
export function worldOf<Step>(adapter: Adapter<Step>): World<Step> {
  let elasticsearch: Emulator;
  let issued: Credentials;
  let verifier: Verifier;
  let errors: unknown[] = [];
  let steps: (() => unknown)[] = [];

  beforeAll(async () => {
    const jane = { password: 'correct-horse', roles: ['writer', 'key_owner'] };
    elasticsearch = await startEmulator({
      users: { jane },
      roles: {
        writer: { indices: [{ names: ['docs-*'], privileges: ['read', 'write'] }] },
        key_owner: { cluster: ['manage_own_api_key'] },
      },
    });
    issued = await issueCredentials(elasticsearch.url, jane.password);
  });
  afterAll(() => elasticsearch.close());
  beforeEach(() => {
    errors = [];
    // Longer than a test: whoever stops waiting, does so for another reason.
    verifier = createVerifier({ nodes: elasticsearch.url, upstream: { timeoutMs: 60_000 } });
    steps = [() => verifier.close()];
  });
  afterEach(async () => {
    for (const step of steps.reverse()) await step();
  });

  const world: World<Step> = {
    adapter,
    get elasticsearch() {
      return elasticsearch;
    },
    get issued() {
      return issued;
    },
    get verifier() {
      return verifier;
    },
    get errors() {
      return errors;
    },
    cleanUp: (step) => void steps.push(step),
    async serve(application, options) {
      const served = await listen(await adapter.build(application, (error) => errors.push(error), options));
      steps.push(served.close);
      return served;
    },
    serveMe: (options, by = verifier) =>
      world.serve({ steps: [adapter.esauth(by, options)], routes: [{ path: '/me' }] }),
  };
  return world;
}

/** Signs in, in every way that the table of requests knows. */
export async function issueCredentials(url: string, password: string): Promise<Credentials> {
  const ask = async (method: string, path: string, headers: { authorization: string }, body: object) =>
    (await send(url + path, { method, headers, body })).json;
  const tokens = '/_security/oauth2/token';
  const elastic = basic('elastic', 'changeme');
  const jane = basic('jane', password);
  const login = { grant_type: 'password', username: 'jane', password };
  const superuser = await ask('POST', tokens, elastic, { grant_type: 'client_credentials' });
  const token = await ask('POST', tokens, elastic, login);
  const invalidated = await ask('POST', tokens, elastic, login);
  await ask('DELETE', tokens, elastic, { token: invalidated.access_token });
  const apiKey = await ask('PUT', '/_security/api_key', jane, {
    name: 'k',
    role_descriptors: { reader: { indices: [{ names: ['docs-*'], privileges: ['read'] }] } },
  });
  return {
    superuser: `Bearer ${superuser.access_token}`,
    token: `Bearer ${token.access_token}`,
    invalidated: `Bearer ${invalidated.access_token}`,
    apiKey: `ApiKey ${apiKey.encoded}`,
    basic: jane.authorization,
  };
}

/** A request to a path of a server, as somebody or nobody. */
export function get(
  served: Served,
  path: string,
  authorization?: string,
  more: Outgoing = {},
): Promise<Incoming> {
  const headers = { ...more.headers, ...(authorization !== undefined && { authorization }) };
  return send(served.url + path, { ...more, headers });
}

/** What we decide of a response, in the form of the table. */
export function answerIn(response: Incoming): Answer {
  const challenges = response.header('www-authenticate');
  const [retryAfter] = response.header('retry-after');
  return {
    status: response.status,
    ...(challenges.length > 0 && { challenges }),
    ...(retryAfter !== undefined && { retryAfter }),
    body: response.text,
  };
}

/**
 * What the contract suite talks to: an emulator of some release, or a real cluster. A real one is used in
 * addition when `ELASTICSEARCH_URL` is set, with `ELASTICSEARCH_USER` and `ELASTICSEARCH_PASSWORD`.
 */

import { type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { expect } from 'vitest';
import { basic, type Incoming, type Outgoing, send } from '../support/http-client.js';

/** A cluster, emulated or real. */
export interface Cluster {
  readonly url: string;
  /** `[major, minor]` */
  readonly version: readonly [number, number];
  readonly username: string;
  readonly password: string;
  /** The headers of the superuser. */
  readonly admin: { readonly authorization: string };
  /** Sends `METHOD /path`. Without headers the superuser is asking. Its answer has to name the product, or must not. */
  ask(line: string, outgoing?: Outgoing): Promise<Incoming>;
  /** Moves the time; only an emulator has that. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** A place where the contract holds. */
export interface Target {
  readonly name: string;
  readonly version: readonly [number, number];
  readonly real: boolean;
  open(options?: EmulatorOptions): Promise<Cluster>;
}

function versionOf(text: string): [number, number] {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  return [major, minor];
}

/** Starts an emulator as a cluster. */
export async function emulated(options: EmulatorOptions = {}): Promise<Cluster> {
  const emulator = await startEmulator(options);
  return cluster(emulator, versionOf(options.version ?? '9.5'), {
    advance: (ms) => emulator.clock.advance(ms),
    close: () => emulator.close(),
  });
}

interface Place {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

function cluster(
  { url, username, password }: Place,
  version: readonly [number, number],
  controls: Pick<Cluster, 'advance' | 'close'>,
): Cluster {
  const admin = basic(username, password);
  return {
    url,
    version,
    username,
    password,
    admin,
    ...controls,
    async ask(line, outgoing = {}) {
      const [method = 'GET', ...path] = line.split(' ');
      const headers = outgoing.headers ?? admin;
      const response = await send(url + path.join(' '), { method, ...outgoing, headers });
      expect(response.header('x-elastic-product')).toEqual(productIn(response.status, version));
      return response;
    },
  };
}

/**
 * Who is turned away is not told by what: with 401, and since 8.8 with 403 (recorded for 9.5). A 401 of before
 * 8.8 that an endpoint comes to names its product; nobody asks for one here but `rest.test.ts`.
 */
function productIn(status: number, version: readonly [number, number]): string[] {
  const isHidden = status === 401 || (status === 403 && isSince(version, [8, 8]));
  return isHidden ? [] : ['Elasticsearch'];
}

async function realTarget(url: string): Promise<Target> {
  const username = process.env.ELASTICSEARCH_USER ?? 'elastic';
  const password = process.env.ELASTICSEARCH_PASSWORD ?? '';
  const info = await send(`${url}/`, { headers: basic(username, password) });
  const version = versionOf(info.json.version.number);
  return {
    name: `the cluster at ELASTICSEARCH_URL, ${version.join('.')}`,
    version,
    real: true,
    open: async () => {
      const stored = new Set<string>();
      const keys = new Set<string>();
      const real = cluster({ url, username, password }, version, {
        advance: () => Promise.reject(new Error('time can not be moved there')),
        // What an exchange has stored is gone when the next one begins, and nothing else is.
        close: async () => {
          for (const path of stored) await real.ask(`DELETE ${path}`);
          if (keys.size > 0) await real.ask('DELETE /_security/api_key', { body: { ids: [...keys] } });
        },
      });
      return {
        ...real,
        async ask(line, outgoing) {
          const response = await real.ask(line, outgoing);
          const [, path] = storing.exec(line) ?? [];
          if (path !== undefined) stored.add(path);
          if (response.status === 200 && creatingKeys.test(line) && response.json.id)
            keys.add(response.json.id);
          return response;
        },
      };
    },
  };
}

const storing =
  /^(?:PUT|POST) (\/_security\/(?:user|role|role_mapping|service\/[^/]+\/[^/]+\/credential\/token)\/[^/?]+)/;
const creatingKeys = /^(?:PUT|POST) \/_security\/(?:cross_cluster\/)?api_key/;

const emulatedTargets = ['7.17', '8.10', '9.5'].map(
  (version): Target => ({
    name: `the emulator of ${version}`,
    version: versionOf(version),
    real: false,
    open: (options) => emulated({ ...options, version }),
  }),
);
const realUrl = process.env.ELASTICSEARCH_URL?.replace(/\/$/, '');

/** Every place where the contract is tried. */
export const targets: readonly Target[] =
  realUrl === undefined ? emulatedTargets : [...emulatedTargets, await realTarget(realUrl)];

/** Whether a release is at least `[major, minor]`. */
export function isSince(
  [major, minor]: readonly [number, number],
  wanted: readonly [number, number],
): boolean {
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
}

/** A whole answer. */
export interface Expected {
  readonly status: number;
  readonly body: unknown;
  /** The values of `WWW-Authenticate`. */
  readonly challenges?: readonly string[];
}

/** Checks status, headers and body of a response: everything that it may have, and nothing else. */
export function expectAnswer(response: Incoming, { status, body, challenges = [] }: Expected): void {
  const type = response.header('content-type')[0];
  expect({ status: response.status, body: response.json }).toEqual({ status, body });
  expect(type).toMatch(/^application\/json/);
  const isChunked = response.header('transfer-encoding').length > 0;
  const length = isChunked ? [] : [String(Buffer.byteLength(response.text))];
  expect(response.header('content-length')).toEqual(length);
  expect(response.header('www-authenticate').sort()).toEqual([...challenges].sort());
}

/** The usual challenges of a release. */
export function challengesOf(version: readonly [number, number]): string[] {
  const comma = isSince(version, [8, 15]) ? ',' : '';
  return [`Basic realm="security"${comma} charset="UTF-8"`, 'Bearer realm="security"', 'ApiKey'];
}

/** The body of an error of Elasticsearch's usual shape. */
export function errorBody(status: number, type: string, reason: string, more: object = {}): object {
  return { error: { root_cause: [{ type, reason, ...more }], type, reason, ...more }, status };
}

/** The whole answer to a credential that is not accepted. */
export function unauthorized(
  version: readonly [number, number],
  reason: string,
  more: object = {},
): Expected {
  const challenges = challengesOf(version);
  const header = { 'WWW-Authenticate': challenges };
  return { status: 401, challenges, body: errorBody(401, 'security_exception', reason, { ...more, header }) };
}

/** The whole answer to a credential of a kind that Elasticsearch tries several readers for. */
export function notAccepted(version: readonly [number, number], problem: string): Expected {
  const reason =
    'unable to authenticate with provided credentials and anonymous access is not allowed for this request';
  return unauthorized(version, reason, { additional_unsuccessful_credentials: problem });
}

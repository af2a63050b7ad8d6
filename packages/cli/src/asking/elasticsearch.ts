// Asks Elasticsearch what a verifier does not: whatever the answer is, as it was said, and never a part of what was
// presented.

import { type ConnectionOptions, explainFailure, openConnections, own, parseJson } from '@esauth/core';
import { inFlags, usageOf } from '../arguments/option-words.js';
import { withoutSecrets } from './without-secrets.js';

/** What came back. */
export type Said =
  | {
      readonly kind: 'answer';
      readonly node: string;
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, readonly string[]>>;
      /** The body as JSON; `undefined` if it is none. */
      readonly body: unknown;
      /** When it was asked and when the answer had come, in milliseconds since the epoch. */
      readonly between: readonly [number, number];
    }
  | {
      readonly kind: 'none';
      readonly node: string;
      readonly code: string;
      readonly words: string;
      readonly error: unknown;
    };

export type Answer = Extract<Said, { readonly kind: 'answer' }>;

export interface Question {
  readonly path: string;
  readonly authorization?: string | undefined;
  readonly clientAuthentication?: string | undefined;
}

export interface Asker {
  /** The base URLs of the nodes. */
  readonly nodes: readonly string[];
  /** Asks the first node that answers at all. */
  ask(question: Question): Promise<Said>;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * @param secrets of which nothing is repeated, whatever comes back
 * @throws {UsageError} `invalid_option`
 */
export function openAsker(
  reach: ConnectionOptions & { readonly timeoutMs: number },
  secrets: readonly string[] = [],
): Asker {
  const { timeoutMs, ...options } = reach;
  const connections = open(options, timeoutMs);
  return {
    nodes: connections.nodes.map(({ node }) => node),
    async ask({ path, authorization, clientAuthentication }) {
      const headers = {
        accept: 'application/json',
        'accept-encoding': 'identity',
        ...(authorization !== undefined && { authorization }),
        ...(clientAuthentication !== undefined && {
          'es-client-authentication': `SharedSecret ${clientAuthentication}`,
        }),
      };
      let last: Said | undefined;
      for (const { node, send } of connections.nodes) {
        const from = Date.now();
        try {
          const answer = await send({ path, headers }, AbortSignal.timeout(timeoutMs));
          // Of a head that is too long it has not read the rest, and reads nothing more there (differences, V6).
          if (answer.status === 400) answer.hangUp();
          const text = answer.body?.toString();
          return {
            kind: 'answer',
            node,
            status: answer.status,
            headers: withoutSecrets(listed(answer.headers), secrets),
            body: text === undefined ? undefined : withoutSecrets(parseJson(text), secrets),
            between: [from, Date.now()],
          };
        } catch (error) {
          const isLate = error instanceof Error && error.name === 'TimeoutError';
          const [code, words] = isLate
            ? ['timeout', `no answer within ${timeoutMs} ms (--timeout-ms)`]
            : explainFailure(error, node);
          last = { kind: 'none', node, code, words: inFlags(words), error };
        }
      }
      // There is at least one node, or it would not have been opened.
      return last as Said;
    },
    close: () => connections.close(),
  };
}

function open(options: ConnectionOptions, timeoutMs: number) {
  try {
    return openConnections(options, timeoutMs);
  } catch (error) {
    throw usageOf(error);
  }
}

function listed(headers: Readonly<Record<string, string | string[] | undefined>>): Answer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat()]])),
  );
}

/** A refusal in Elasticsearch's words: its standard envelope, and what it says of each way that it tried. */
export interface Words {
  readonly type: string;
  readonly reason: string;
  /** `additional_unsuccessful_credentials` */
  readonly tried: readonly string[];
  readonly cause: string | undefined;
  /** `license.expired.feature`: the licence does not have it. */
  readonly unlicensed: string | undefined;
}

/** @returns `undefined` if it is no error of Elasticsearch's. */
export function wordsOf(answer: Answer): Words | undefined {
  const error = own(answer.body, 'error');
  const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const type = textOf(own(error, 'type'));
  const reason = textOf(own(error, 'reason'));
  if (type === undefined || reason === undefined || own(answer.body, 'status') !== answer.status)
    return undefined;
  const tried = [own(error, 'additional_unsuccessful_credentials')]
    .flat()
    .flatMap((each) => textOf(each) ?? []);
  return {
    type,
    reason,
    tried,
    cause: textOf(own(own(error, 'caused_by'), 'reason')),
    unlicensed: textOf(own(error, 'license.expired.feature')),
  };
}

/** The challenges of a 401: which services are switched on (reference, 3.3). */
export interface Challenges {
  readonly basic: string;
  readonly bearer: boolean;
  readonly apiKey: boolean;
  readonly negotiate: boolean;
}

/** @returns `undefined` if it challenges nobody, or only says that a token has expired. */
export function challengesOf({ status, headers }: Answer): Challenges | undefined {
  // What is in front may have made one line of several.
  const all = (headers['www-authenticate'] ?? []).join(', ');
  const [, basic] = /(?:^|, )(basic [^,]*(?:, ?charset="[^"]*")?)/i.exec(all) ?? [];
  if (status !== 401 || basic === undefined) return undefined;
  const has = (scheme: string) => new RegExp(`(?:^|, )${scheme}\\b`, 'i').test(all);
  return { basic, bearer: has('bearer'), apiKey: has('apikey'), negotiate: has('negotiate') };
}

/** When the node answered by its own clock, in milliseconds since the epoch; to the second. */
export function dateOf({ headers }: Answer): number | undefined {
  const time = Date.parse(headers.date?.[0] ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** What stands in front of Elasticsearch, which itself sends none of these headers (reference, 1.2). */
export function inFrontOf({ headers }: Answer): string | undefined {
  const named = ['server', 'via', 'x-squid-error', 'cf-ray', 'x-envoy-upstream-service-time'].flatMap(
    (name) => (headers[name] === undefined ? [] : [`${name}: ${headers[name]?.join(', ')}`]),
  );
  return named.length === 0 ? undefined : named.join('; ');
}

export function isKibana({ headers }: Answer): boolean {
  // On all of its answers (elastic/kibana, `createCustomHeadersPreResponseHandler`).
  return headers['kbn-name'] !== undefined;
}

/** How far a clock that is exact to a second is from ours, in milliseconds; 0 within what can be told. */
export function offsetOf(second: number, [from, to]: readonly [number, number]): number {
  if (second + 1_000 < from) return second + 1_000 - from;
  return second > to ? second - to : 0;
}

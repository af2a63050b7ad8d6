// Makes calls: with whose credential, on which node, how often, and for how long; and tells the verifier what is not
// valid any more, whatever became of the call.

import {
  type Clock,
  ConfigurationError,
  type Connection,
  type Connections,
  explainFailure,
  InvalidArgumentError,
  strikeOut,
  unknownAmong,
  type Verifier,
} from '@esauth/core';
import type { Call, Revoked } from './calls.js';
import { type Answered, readAnswered } from './classify.js';
import { closed, createEndings, type Ending, late } from './endings.js';
import { SecurityApiCause, SecurityApiError, type SecurityApiErrorCode } from './errors.js';
import { forget } from './forget.js';

/** How one call is made. */
export interface CallOptions {
  /** Ends it, with its reason. What was asked may have been done. */
  readonly signal?: AbortSignal | undefined;
  /** How long it may take in all, instead of the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** An `Authorization` value: makes this call as somebody else. */
  readonly authorization?: string | undefined;
}

/** What calls are made with. */
export interface CallerParts {
  readonly connections: Connections;
  /** The value of the header. */
  readonly authorization: () => string | Promise<string>;
  readonly timeoutMs: number;
  readonly verifier: Verifier | undefined;
  /** Whether calls can be made as somebody else. */
  readonly mayImpersonate: boolean;
  readonly clock: Pick<Clock, 'wall'>;
}

export interface Caller {
  /** Makes a call. @returns the body of the answer */
  make(call: Call, options?: CallOptions): Promise<unknown>;
  /** What is under way, and what is made later, rejects. */
  close(): Promise<void>;
}

export function createCaller(parts: CallerParts): Caller {
  const { connections, timeoutMs, verifier, clock } = parts;
  const endings = createEndings();
  let turn = 0;

  return {
    async make(call, options = {}) {
      check(call, options);
      options.signal?.throwIfAborted();
      const ending = endings.begin(options.timeoutMs ?? timeoutMs, options.signal);
      try {
        return await make(call, options, ending);
      } catch (error) {
        options.signal?.throwIfAborted();
        throw endOf(call, error);
      } finally {
        ending.over();
      }
    },
    async close() {
      endings.close();
      await connections.close();
    },
  };

  function check({ name }: Call, options: CallOptions): void {
    for (const option of Object.keys(options)) {
      if (callOptions.includes(option)) continue;
      throw new InvalidArgumentError(`${name}: ${option}: ${unknownAmong(option, callOptions)}`);
    }
    const { timeoutMs: ms = timeoutMs, authorization, signal } = options;
    if (!(Number.isInteger(ms) && ms >= 1 && ms <= 86_400_000)) {
      throw new InvalidArgumentError(`${name}: timeoutMs: must be an integer from 1 to 86400000`);
    }
    if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
      throw new InvalidArgumentError(`${name}: signal: must be an AbortSignal`);
    }
    if (authorization === undefined || parts.mayImpersonate) return;
    throw new ConfigurationError(
      'authorization',
      `must not be given to ${name}: the client has a certificate (tls.cert), as which a bad credential could run; ` +
        'allowClientCertificate: true takes that risk',
    );
  }

  async function make(call: Call, options: CallOptions, ending: Ending): Promise<unknown> {
    const authorization = options.authorization ?? (await ending.unless(parts.authorization()));
    if (typeof authorization !== 'string' || !/^[\x21-\x7e]+ [\x21-\x7e]+$/.test(authorization)) {
      throw new InvalidArgumentError(`${call.name}: authorization must be the value of such a header`);
    }
    const secrets = [...call.secrets, authorization, ...secretsOf(authorization)];
    let answer: unknown;
    try {
      const { isRepeated, ...answered } = await ask(call, authorization, secrets, ending.signal);
      const read = readAnswered(answered, { call: call.name, secrets, grants: call.grants, has: call.has });
      // The second time it says nothing of what was done the first time.
      if (!isRepeated) answer = read;
      return read;
    } finally {
      // Also where nobody knows whether it arrived.
      if (verifier !== undefined && call.revokes !== undefined) {
        const caller = () => callerOf(verifier, authorization);
        forget(
          verifier,
          call.revokes(answer).map((each: Revoked) => (each === 'caller' ? caller() : each)),
        );
      }
    }
  }

  async function ask(
    call: Call,
    authorization: string,
    secrets: readonly string[],
    ended: AbortSignal,
  ): Promise<Answered & { readonly isRepeated: boolean }> {
    const { method, query = {}, body } = call;
    const search = new URLSearchParams(query).toString();
    const request = {
      method,
      path: search === '' ? call.path : `${call.path}?${search}`,
      headers: { authorization, accept: 'application/json', 'accept-encoding': 'identity' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    const nodes = inTurn();
    const begunAt = clock.wall();
    let hasRepeated = false;
    /** Whether what was sent before may have been done. */
    let isUncertain = false;
    const mayRepeat = () => !hasRepeated && isIn(clock.wall() - begunAt, call.repeatableMs);
    for (let at = 0; ; at += 1) {
      const connection = nodes[at % nodes.length] as Connection;
      try {
        const answer = await connection.send(request, ended);
        const { status, headers, body: bytes } = answer;
        // Else somebody could be given another one's tokens.
        if (status < 300 && headers['x-elastic-product'] !== undefined && !answer.isOurs()) {
          answer.hangUp();
          const words = `${connection.node}: the answer does not bear the X-Opaque-Id of its question, as others did`;
          throw new SecurityApiError('bad_response', `${call.name}: ${words}`);
        }
        // What was done at first may have ended the credential that did it.
        if (isUncertain && status === 401 && call.revokes !== undefined) {
          throw noAnswer(call, `${connection.node}: no answer at first, and then the credential was refused`);
        }
        const isGateway = status === 502 || status === 503 || status === 504;
        if (!isGateway || !mayRepeat()) {
          return { status, headers, text: bytes?.toString(), isRepeated: isUncertain };
        }
        hasRepeated = true;
        isUncertain = true;
      } catch (error) {
        if (ended.aborted || error instanceof SecurityApiError) throw error;
        const isUnsent = neverSent(error);
        if (isUnsent && at + 1 < nodes.length) continue;
        if (!mayRepeat()) {
          const [code, words] = explainFailure(error, connection.node);
          const what = strikeOut(`${connection.node}: ${words}`, secrets);
          throw noAnswer(call, what, code === 'bad_response' ? code : 'unavailable');
        }
        hasRepeated = true;
        isUncertain ||= !isUnsent;
      }
    }
  }

  function inTurn(): readonly Connection[] {
    const { nodes } = connections;
    const start = turn++ % nodes.length;
    return [...nodes.slice(start), ...nodes.slice(0, start)];
  }
}

const callOptions = ['signal', 'timeoutMs', 'authorization'];

/** Whose password it was. */
function callerOf(verifier: Verifier, authorization: string) {
  const known = verifier.peek(authorization);
  const username = known?.kind === 'authenticated' ? known.identity.username : userOf(authorization);
  return username === undefined ? 'all' : { username };
}

function endOf(call: Call, error: unknown): unknown {
  if (error === late) return noAnswer(call, 'no answer in time');
  if (error === closed) return noAnswer(call, 'the client was closed');
  return error;
}

function noAnswer(
  { name }: Call,
  what: string,
  code: SecurityApiErrorCode = 'unavailable',
): SecurityApiError {
  return new SecurityApiError(code, `${name}: ${what}`, {
    cause: new SecurityApiCause(what),
  });
}

/** Not where the clock was turned back: then nobody knows how long it was. */
function isIn(passedMs: number, allowedMs: number): boolean {
  return allowedMs === Number.POSITIVE_INFINITY || (passedMs >= 0 && passedMs < allowedMs);
}

/** Errors of connections that were never made: nothing of the call has left. */
const unsent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function neverSent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && unsent.has(String(error.code));
}

/** What of a credential must not be repeated: its value, and that decoded, without whose it is. */
function secretsOf(authorization: string): readonly string[] {
  const value = authorization.slice(authorization.indexOf(' ') + 1);
  const decoded = Buffer.from(value, 'base64').toString();
  return [value, decoded.slice(decoded.indexOf(':') + 1)];
}

/** Of a password. */
function userOf(authorization: string): string | undefined {
  const [, encoded] = /^basic (.*)$/i.exec(authorization) ?? [];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString().split(':', 1)[0];
}

// Makes calls: with whose credential, on which node, how often, and for how long; and tells the verifier what is not
// valid any more, whatever became of the call.

import {
  type Connection,
  type Connections,
  describeFailure,
  InvalidArgumentError,
  type Verifier,
} from '@esauth/core';
import type { Call, Revoked } from './calls.js';
import { type Answered, readAnswered } from './classify.js';
import { SecurityApiCause, SecurityApiError } from './errors.js';

/** How one call is made. */
export interface CallOptions {
  /** Ends it, with its reason. What was asked may have been done. */
  readonly signal?: AbortSignal;
  /** How long it may take in all, instead of the client's `timeoutMs`. */
  readonly timeoutMs?: number;
  /** An `Authorization` value: makes this call as somebody else. */
  readonly authorization?: string;
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
}

/** Makes a call. @returns the body of the answer */
export type Caller = (call: Call, options?: CallOptions) => Promise<unknown>;

export function createCaller(parts: CallerParts): Caller {
  const { connections, timeoutMs, verifier } = parts;
  let turn = 0;

  return async (call, options = {}) => {
    const { signal } = options;
    signal?.throwIfAborted();
    const authorization = await credentialOf(call, options);
    const deadline = AbortSignal.timeout(checked('timeoutMs', options.timeoutMs ?? timeoutMs));
    const ended = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    const secrets = [...call.secrets, authorization, ...secretsOf(authorization)];
    const expectation = {
      call: call.name,
      secrets,
      ...(call.grants !== undefined && { grants: call.grants }),
    };
    let answer: unknown;
    try {
      const answered = await ask(call, authorization, ended);
      answer = readAnswered(answered, expectation);
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof SecurityApiError && error.code === 'incomplete') answer = error.details;
      throw error;
    } finally {
      // Also where nobody knows whether it arrived.
      for (const revoked of call.revokes?.(answer) ?? []) forget(revoked, authorization);
    }
  };

  async function credentialOf({ name }: Call, { authorization }: CallOptions): Promise<string> {
    if (authorization !== undefined && !parts.mayImpersonate) {
      throw new InvalidArgumentError(
        `esauth: ${name}: authorization: the client has a certificate (tls.cert), as which a bad credential could run; allowClientCertificate: true takes that risk`,
      );
    }
    const value = authorization ?? (await parts.authorization());
    if (typeof value === 'string' && /^[\x21-\x7e]+ [\x21-\x7e]+$/.test(value)) return value;
    throw new InvalidArgumentError(`esauth: ${name}: authorization must be the value of such a header`);
  }

  async function ask(call: Call, authorization: string, ended: AbortSignal): Promise<Answered> {
    const { method, query = {}, body } = call;
    const search = new URLSearchParams(query).toString();
    const request = {
      method,
      path: search === '' ? call.path : `${call.path}?${search}`,
      headers: { authorization, accept: 'application/json', 'accept-encoding': 'identity' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    const nodes = inTurn();
    let mayRepeat = call.repeatable;
    for (let at = 0; ; at += 1) {
      const connection = nodes[at % nodes.length] as Connection;
      try {
        const { status, headers, body: bytes } = await connection.send(request, ended);
        const isGateway = status === 502 || status === 503 || status === 504;
        if (!isGateway || !mayRepeat) return { status, headers, text: bytes?.toString() };
        mayRepeat = false;
      } catch (error) {
        if (ended.aborted) throw noAnswer(call, connection, 'no answer in time');
        const isUnsent = neverSent(error);
        const isAnother = at + 1 < nodes.length;
        if (!(isUnsent ? isAnother || mayRepeat : mayRepeat)) {
          throw noAnswer(call, connection, describeFailure(error));
        }
        if (!isUnsent || !isAnother) mayRepeat = false;
      }
    }
  }

  function inTurn(): readonly Connection[] {
    const { nodes } = connections;
    const start = turn++ % nodes.length;
    return [...nodes.slice(start), ...nodes.slice(0, start)];
  }

  function forget(revoked: Revoked, authorization: string): void {
    if (verifier === undefined) return;
    if (revoked !== 'caller') {
      // An empty list is nobody.
      if (typeof revoked !== 'object' || !('apiKeyIds' in revoked) || revoked.apiKeyIds.length > 0) {
        verifier.revoke(revoked);
      }
      return;
    }
    const known = verifier.peek(authorization);
    const username = known?.kind === 'authenticated' ? known.identity.username : userOf(authorization);
    verifier.revoke(username === undefined ? 'all' : { username });
  }
}

function noAnswer({ name }: Call, { node }: Connection, what: string): SecurityApiError {
  return new SecurityApiError('unavailable', `esauth: ${name}: ${node}: ${what}`, {
    cause: new SecurityApiCause(what),
  });
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

/** What of a credential must not be repeated: its value, and that decoded. */
function secretsOf(authorization: string): readonly string[] {
  const value = authorization.slice(authorization.indexOf(' ') + 1);
  return [value, Buffer.from(value, 'base64').toString()];
}

/** Of a password. */
function userOf(authorization: string): string | undefined {
  const [, encoded] = /^basic (.*)$/i.exec(authorization) ?? [];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString().split(':', 1)[0];
}

function checked(name: string, ms: number): number {
  if (Number.isInteger(ms) && ms >= 1 && ms <= 86_400_000) return ms;
  throw new InvalidArgumentError(`esauth: ${name} must be a whole number of milliseconds from 1 to 86400000`);
}

// Tells what happens: sends real requests, prints each with its answer for a person to read, and keeps score
// of what did not go as announced and of what could not be shown. Of a token or a key only the beginning is printed,
// which is the same for many, and of a password nothing.

import type { Wire } from './wire.js';

/** A request as it goes over the wire. */
export interface Call {
  readonly method?: string;
  readonly authorization?: string;
  readonly body?: unknown;
}

/** What came back, as far as the demo looks at it. */
export interface Reply {
  readonly status: number;
  readonly challenges: string | null;
  readonly retryAfter: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Story {
  chapter(title: string): void;
  say(text: string): void;
  /** Sends a request and prints it with its answer. */
  call(url: string, call?: Call): Promise<Reply>;
  /** Sends a request without telling. */
  send(url: string, call?: Call): Promise<Reply>;
  /** Notes whether things are as they should be, and prints it. */
  check(claim: string, holds: boolean): void;
  /** Notes what can not be shown here, and why, and prints it. */
  skip(reason: string, ...claims: readonly string[]): void;
  /** Claims that did not hold. */
  readonly broken: number;
  readonly kept: number;
  readonly skipped: number;
}

/** @param stopped ends the story ahead of its next request, by rejecting; one under way is waited for. */

export function createStory(print: (line: string) => void, wire: Wire, stopped: AbortSignal): Story {
  let chapters = 0;
  let broken = 0;
  let kept = 0;
  let skipped = 0;
  const send = (url: string, call: Call = {}): Promise<Reply> => {
    stopped.throwIfAborted();
    return ask(wire, url, call);
  };
  return {
    chapter(title) {
      chapters += 1;
      print(`\n${chapters}. ${title}`);
    },
    say: (text) => print(`   ${text}`),
    send,
    async call(url, call = {}) {
      const { method = 'GET', authorization, body } = call;
      print('');
      print(`   → ${method} ${url}`);
      if (authorization !== undefined) print(`     Authorization: ${shorten(authorization)}`);
      if (body !== undefined) print(`     ${JSON.stringify(body, shortenSecrets)}`);
      const reply = await send(url, call);
      print(`   ← ${reply.status}`);
      for (const [name, value] of Object.entries(reply.body)) print(`     ${name}: ${readable(name, value)}`);
      for (const challenge of reply.challenges?.split(/, (?=Bearer|ApiKey|Basic)/) ?? []) {
        print(`     WWW-Authenticate: ${challenge}`);
      }
      if (reply.retryAfter !== null) print(`     Retry-After: ${reply.retryAfter}`);
      return reply;
    },
    check(claim, holds) {
      if (holds) kept += 1;
      else broken += 1;
      print(`   ${holds ? '✓' : '✗ not so:'} ${claim}`);
    },
    skip(reason, ...claims) {
      skipped += claims.length;
      for (const claim of claims) print(`   – skipped: ${claim} (${reason})`);
    },
    get broken() {
      return broken;
    },
    get kept() {
      return kept;
    },
    get skipped() {
      return skipped;
    },
  };
}

/** Sends one request; an answer that is no JSON object counts as an empty one. */
export async function ask(
  wire: Wire,
  url: string,
  { method = 'GET', authorization, body }: Call = {},
): Promise<Reply> {
  const answer = await wire.send(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { 'www-authenticate': challenges, 'retry-after': retryAfter } = answer.headers;
  return {
    status: answer.status,
    challenges: challenges === undefined ? null : String(challenges),
    retryAfter: retryAfter === undefined ? null : String(retryAfter),
    body: objectIn(answer.body.toString()),
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? { ...json } : {};
  } catch {
    return {};
  }
}

/** What is printed of a secret, by its name: how many characters. */
const secretNames: ReadonlyMap<string, number> = new Map([
  ['access_token', 6],
  ['refresh_token', 6],
  ['token', 6],
  ['encoded', 6],
  ['api_key', 0],
  ['password', 0],
]);

/** One member of an answer: text as it is, an identity in one line, anything else as JSON. */
function readable(name: string, value: unknown): string {
  if (name === 'authentication' && typeof value === 'object' && value !== null) {
    const { username, roles, authentication_realm, authentication_type } = { ...value } as Record<
      string,
      unknown
    >;
    return JSON.stringify({ username, roles, authentication_realm, authentication_type, '…': '…' });
  }
  const shown = shortenSecrets(name, value);
  return typeof shown === 'string' ? shown : JSON.stringify(shown);
}

function shortenSecrets(name: string, value: unknown): unknown {
  const shown = secretNames.get(name);
  return typeof value === 'string' && shown !== undefined ? `${value.slice(0, shown)}…` : value;
}

function shorten(authorization: string): string {
  const [scheme = '', value = ''] = authorization.split(' ');
  return `${scheme} ${scheme === 'Bearer' || scheme === 'ApiKey' ? value.slice(0, 6) : ''}…`;
}

// Tells what happens: sends real requests, prints each with its answer for a person to read, and keeps score
// of what did not go as announced. Credentials are printed shortened.

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
  /** Notes whether things are as they should be, and prints it. */
  check(claim: string, holds: boolean): void;
  /** Claims that did not hold. */
  readonly broken: number;
  readonly kept: number;
}

export function createStory(print: (line: string) => void): Story {
  let chapters = 0;
  let broken = 0;
  let kept = 0;
  return {
    chapter(title) {
      chapters += 1;
      print(`\n${chapters}. ${title}`);
    },
    say: (text) => print(`   ${text}`),
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
    get broken() {
      return broken;
    },
    get kept() {
      return kept;
    },
  };
}

/** Sends a request without telling. */
export async function send(url: string, { method = 'GET', authorization, body }: Call = {}): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const json: unknown = await response.json();
  return {
    status: response.status,
    challenges: response.headers.get('www-authenticate'),
    retryAfter: response.headers.get('retry-after'),
    body: typeof json === 'object' && json !== null ? { ...json } : {},
  };
}

const secretNames = ['access_token', 'refresh_token', 'token', 'api_key', 'encoded', 'password'];

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
  return typeof value === 'string' && secretNames.includes(name) ? shorten(value) : value;
}

function shorten(secret: string): string {
  const [, scheme = '', value = ''] = /^(\w+ )?(.*)$/.exec(secret) ?? [];
  return `${scheme}${value.slice(0, value.length / 4)}…`;
}

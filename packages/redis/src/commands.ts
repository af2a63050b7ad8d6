// What the rest of this package knows of Redis: a command is sent and its reply comes back. Whatever client an
// application has is made into this by `clients.ts`; no timer and no repetition is in here, those are the caller's.

/** As on the wire: text is UTF-8, bytes stay bytes. */
export type Argument = string | Buffer;

/**
 * As RESP 2 has it, whatever protocol is spoken: bulk and simple strings are buffers, a map is a flat list of names
 * and values. `XREAD` has `[[key, [[id, [field, value, …]], …]], …]`, or `null`.
 */
export type Reply = null | number | Buffer | readonly Reply[];

/** The way to Redis. */
export interface Commands {
  /**
   * @param key decides which node of a cluster is asked, also by commands that have none (`TIME`)
   * @param signal ends the wait. Whether the command is carried out then, or later, is not known
   * @returns the reply. Rejects with a `CommandError`, and with nothing else
   */
  send(key: string, args: readonly Argument[], signal: AbortSignal): Promise<Reply>;
  /**
   * A connection of its own for commands that block, to the node that has this key. It lives once: when it breaks,
   * what is under way on it rejects, and another has to be opened, which may lead to another node. It does not keep
   * the process alive.
   *
   * @param signal ends the attempt
   */
  open(key: string, signal: AbortSignal): Promise<OwnConnection>;
}

export interface OwnConnection {
  /** One command after the other. @param signal closes the connection: nobody knows what comes next on it. */
  send(args: readonly Argument[], signal: AbortSignal): Promise<Reply>;
  /** What is under way rejects. */
  close(): void;
}

/** A command may block for this long at most: clients give up on a connection that is silent for longer. */
export const longestBlockMs = 5_000;

/**
 * Why a command has no reply: with the first word of Redis' error (`NOAUTH`, `NOPERM`, `OOM`, `READONLY`, `LOADING`,
 * `WRONGTYPE`, `ERR`, …), or
 *
 * - `offline`: there is no connection, it could not be made, or it broke.
 * - `aborted`: the signal fired.
 * - `crowded`: too many wait for replies already.
 * - `unusable`: the reply is none that Redis can have sent, or the function that should send threw.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: string;

  constructor(code: string, message: string) {
    // A client's own error has the arguments in it, those of AUTH too, so it is no cause. And no stack: until one is
    // written out it keeps alive what its functions see.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
  }
}

/** What a client rejected with, as one of ours. */
export function commandError(thrown: unknown): CommandError {
  if (thrown instanceof CommandError) return thrown;
  const message = (thrown instanceof Error && thrown.message) || codeOf(thrown) || 'The connection failed';
  // Both libraries reject with Redis' own line for what Redis refused, and it begins with a word in capitals; no error
  // of theirs or of Node's does. Their classes have no names that outlive a minifier.
  return new CommandError(/^([A-Z][A-Z0-9_]+) /.exec(message)?.[1] ?? 'offline', message);
}

/** The error of a name that has several addresses has no message (`AggregateError` of Node). */
function codeOf(thrown: unknown): string | undefined {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** @throws {CommandError} `unusable` */
export function replyOf(value: unknown): Reply {
  if (value === null || typeof value === 'number' || Buffer.isBuffer(value)) return value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(replyOf);
  if (typeof value === 'string') return bytesOf(value);
  if (value instanceof Map) return [...value].flat(1).map(replyOf);
  // A map too, of ioredis 6 with `replyMapping: 'resp3'`.
  if (typeof value === 'object') return Object.entries(value).flat(1).map(replyOf);
  throw new CommandError('unusable', `A reply was of type ${typeof value}`);
}

/** Ids and states come as text from some clients. Where there is more than ASCII, it may have been bytes before. */
function bytesOf(text: string): Buffer {
  if (/[^\0-\x7f]/.test(text)) throw new CommandError('unusable', 'Strings of replies have to be Buffers');
  return Buffer.from(text);
}

/** Makes the reply of `XREAD` one of RESP 2: in RESP 3 it is a map. */
export function asOfOld(command: Argument | undefined, reply: Reply): Reply {
  if (String(command).toUpperCase() !== 'XREAD' || !Array.isArray(reply) || Array.isArray(reply[0]))
    return reply;
  const pairs: Reply[] = [];
  for (let at = 0; at < reply.length; at += 2) pairs.push([reply[at] ?? null, reply[at + 1] ?? null]);
  return pairs;
}

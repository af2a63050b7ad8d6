// A client that this package does not know, as `Commands`: a function that sends a command, and, if its owner has one,
// a function that opens a connection for commands that block. Without that nothing blocks: the stream is read again
// and again, on the one connection that there is.

import {
  type Argument,
  asOfOld,
  CommandError,
  type Commands,
  type OwnConnection,
  type Reply,
  replyOf,
} from './commands.js';
import { createCounter, within } from './waiting.js';

/**
 * Sends one command.
 *
 * @param args its name and arguments, as they go over the wire
 * @param key for a cluster: the command belongs to the node that has this key, also if it names none
 * @returns the reply, with bulk strings as `Buffer`s, as RESP 2 or RESP 3 has it; rejects with Redis' error, its
 *   text unchanged (`NOPERM …`), or with another if there is no reply
 */
export type SendCommand = (args: readonly (string | Buffer)[], key: string) => Promise<unknown>;

/** A client of another library. */
export interface OwnClient {
  /** On a connection that is shared with others. */
  readonly send: SendCommand;
  /** A connection on which nothing else is sent, so that a command may block on it. */
  readonly open?: ((key: string) => Promise<OwnClientConnection>) | undefined;
}

/** A connection of such a client, for one command at a time. */
export interface OwnClientConnection {
  readonly send: (args: readonly (string | Buffer)[]) => Promise<unknown>;
  /** What is under way on it has to reject. */
  readonly close: () => void;
}

/** Between two looks at the stream, if nothing may block. In milliseconds. */
const pauseMs = 25;

export function fromOwnClient(client: OwnClient): Commands {
  const counted = createCounter();
  const send: Commands['send'] = (key, args, signal) =>
    counted(signal, async () => ask(args, () => client.send(args, key)));
  return {
    send,
    async open(key, signal) {
      if (client.open === undefined) return poll(key, send);
      const { open } = client;
      let isLate = false;
      const opening = open(key);
      try {
        const connection = await within(signal, async () => opening);
        return besides(connection);
      } catch (thrown) {
        isLate = true;
        throw thrown;
      } finally {
        // One that comes when nobody waits for it any more.
        if (isLate) opening.then(({ close }) => close()).catch(() => undefined);
      }
    },
  };
}

function besides(connection: OwnClientConnection): OwnConnection {
  const close = () => connection.close();
  return {
    async send(args, patience) {
      patience.addEventListener('abort', close, { once: true });
      try {
        return await within(patience, () => ask(args, () => connection.send(args)));
      } finally {
        patience.removeEventListener('abort', close);
      }
    },
    close,
  };
}

/** A connection that blocks by asking until there is something, or the time is over. */
function poll(key: string, send: Commands['send']): OwnConnection {
  const closing = new AbortController();
  return {
    async send(args, patience) {
      const signal = AbortSignal.any([patience, closing.signal]);
      const at = args.findIndex((argument) => String(argument).toUpperCase() === 'BLOCK');
      const looks = at < 0 ? 1 : Math.ceil(Number(args[at + 1]) / pauseMs);
      const withoutBlock = at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)];
      for (let look = 1; ; look += 1) {
        const reply = await send(key, withoutBlock, signal);
        if (reply !== null || look >= looks) return reply;
        await pause(signal);
      }
    },
    close: () => closing.abort(),
  };
}

function pause(signal: AbortSignal): Promise<void> {
  return within(signal, () => new Promise((done) => setTimeout(done, pauseMs).unref()));
}

async function ask(args: readonly Argument[], send: () => Promise<unknown>): Promise<Reply> {
  try {
    return asOfOld(args[0], replyOf(await send()));
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    throw new CommandError('unusable', `The function that sends commands threw: ${thrown.message}`);
  }
}

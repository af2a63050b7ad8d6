// The log of revocations, a stream. It is read on a connection of its own, from where one stood, so that a connection
// that breaks loses nothing. Whether something is lost is looked at after every reading: is the entry still there up to
// which nothing was missing? Streams are trimmed from their oldest entry, so then all after it were there too. Is it
// still the same server, with the same history? A restart and a replica that takes over may have less of it, and
// another clock; both have another `master_replid` (changeReplicationId in replication.c, called by initServerConfig
// and replicationUnsetMaster; redis 7.0). In doubt the reading begins again, and says so.

import type { Heard, Message, SharingHost, Told } from '@esauth/core';
import {
  type Argument,
  CommandError,
  type Commands,
  longestBlockMs,
  type OwnConnection,
  type Reply,
} from './commands.js';
import { explaining } from './explain.js';
import { placeOf } from './layout.js';
import { readMessage, writeMessage } from './messages.js';
import { type Entry, entriesIn, newsIn, replicationIn, timeIn } from './replies.js';
import type { Seals } from './sealing.js';

export interface Log {
  read(waitMs: number): Promise<Heard>;
  tell(message: Message): Promise<void>;
  close(): void;
}

export interface LogParts {
  readonly commands: Commands;
  readonly key: string;
  readonly seals: Seals;
  readonly host: Pick<SharingHost, 'now' | 'memoryMs'>;
  /** Fires when all is over. */
  readonly closing: AbortSignal;
}

/** Entries that stay at least (`MAXLEN ~` cuts whole nodes of 100, `stream-node-max-entries`). */
const maxEntries = 10_000;
/** Entries read at a time: somebody else's may be long. */
const pageSize = 64;
/** What is not blocking is answered within so many milliseconds, or the connection is given up. */
const patienceMs = 2_000;

/** Where the reading stands. */
interface Standing {
  readonly epoch: string;
  /** The last entry that was read. */
  id: string;
  /** The last entry up to which nothing was missing. What was read after it may have had something before it. */
  checked: string;
}

export function createLog({ commands, key, seals, host, closing }: LogParts): Log {
  let connection: OwnConnection | undefined;
  let standing: Standing | undefined;
  /** Something was read on: whether all of it was there is looked at next, before anything is waited for. */
  let unchecked = false;

  return {
    read: (waitMs) =>
      explaining(async () => {
        const open = connection ?? (await connect());
        try {
          return await readOn(open, waitMs);
        } catch (thrown) {
          open.close();
          connection = undefined;
          throw thrown;
        }
      }),

    tell: (message) =>
      explaining(async () => {
        await commands.send(key, additionOf(message), closing);
      }),

    close() {
      connection?.close();
    },
  };

  async function connect(): Promise<OwnConnection> {
    connection = await patiently(patienceMs, (signal) => commands.open(key, signal));
    unchecked = true;
    return connection;
  }

  async function readOn(open: OwnConnection, waitMs: number): Promise<Heard> {
    if (standing === undefined) return begin(open);
    if (!unchecked) {
      const block = String(Math.max(1, Math.floor(Math.min(waitMs, longestBlockMs))));
      const args = ['XREAD', 'COUNT', String(pageSize), 'BLOCK', block, 'STREAMS', key, standing.id];
      const news = newsIn(await ask(open, args, waitMs + patienceMs));
      if (news.length > 0) {
        unchecked = true;
        return told(standing, news);
      }
    }
    return check(open, standing);
  }

  /** Reads what is after the last entry, if that is still there and the server still the same. */
  async function check(open: OwnConnection, there: Standing): Promise<Heard> {
    const askedAt = host.now();
    const [before, range, info, clock] = await Promise.all([
      ask(open, ['XRANGE', key, there.checked, there.checked]),
      ask(open, ['XRANGE', key, there.id, '+', 'COUNT', String(pageSize + 1)]),
      ask(open, ['INFO', 'replication']),
      ask(open, ['TIME']),
    ]);
    const [last, ...news] = entriesIn(range);
    const isWhole = entriesIn(before).length === 1 && last?.id === there.id;
    if (epochIn(info) !== there.epoch || !isWhole) return begin(open);
    const more = news.length === pageSize;
    unchecked = more;
    there.checked = news.at(-1)?.id ?? there.id;
    return { ...told(there, news), checked: more ? undefined : { askedAt, time: timeIn(clock) } };
  }

  /** Reads all of the last `memoryMs`, and stands at its end. */
  async function begin(open: OwnConnection): Promise<Heard> {
    standing = undefined;
    const askedAt = host.now();
    const [info, clock] = await Promise.all([ask(open, ['INFO', 'replication']), ask(open, ['TIME'])]);
    const time = timeIn(clock);
    const epoch = epochIn(info);
    const from = String(Math.max(0, Math.floor(time - host.memoryMs)));
    // What stood there before all of that, so that it is known since when nothing is missing.
    const [before] = entriesIn(await ask(open, ['XREVRANGE', key, from, '-', 'COUNT', '1']));
    const there: Standing = { epoch, id: '', checked: '' };
    let since: string | undefined;
    let unsealed = 0;
    let messages: readonly Told[] = [];
    let hasGap = false;
    let start = before?.id ?? '-';
    for (;;) {
      const page = entriesIn(await ask(open, ['XRANGE', key, start, '+', 'COUNT', String(pageSize + 1)]));
      const [first] = page;
      // From the last one that was read, so that it shows whether something was trimmed between them.
      if (start !== '-' && first?.id !== start) [since, hasGap] = [undefined, true];
      if (first === undefined) {
        // So that there always is an entry to stand at.
        await ask(open, additionOf({ from: '', serial: 0, subjects: [] }));
        start = '-';
        continue;
      }
      if (since === undefined) {
        since = placeIn(first.id);
        // What has gone may have revoked what was looked up since this process began.
        messages = hasGap ? [{ ...unreadable, at: since }] : [];
      }
      const heard = told(there, first.id === there.id ? page.slice(1) : page);
      unsealed += heard.unsealed;
      messages = withoutOutdone([...messages, ...heard.told]);
      if (page.length <= pageSize) break;
      start = there.id;
    }
    there.checked = there.id;
    standing = there;
    unchecked = false;
    const position = { epoch, at: placeIn(there.id) };
    return { told: messages, unsealed, position, since, checked: { askedAt, time } };
  }

  /** Reads entries, and stands at the last of them. */
  function told(there: Standing, entries: readonly Entry[]): Heard {
    let unsealed = 0;
    const messages = entries.map(({ id, content }): Told => {
      const opened = content && seals.open(name, content);
      const message = opened === undefined ? undefined : readMessage(opened);
      if (message === undefined) unsealed += 1;
      return { ...(message ?? unreadable), at: placeIn(id) };
    });
    there.id = entries.at(-1)?.id ?? there.id;
    const position = { epoch: there.epoch, at: placeIn(there.id) };
    return { told: messages, unsealed, position, since: undefined, checked: undefined };
  }

  function additionOf(message: Message): readonly Argument[] {
    const content = seals.seal(name, writeMessage(message));
    return ['XADD', key, 'MAXLEN', '~', String(maxEntries), '*', 'm', content];
  }

  /** Whoever is silent for longer is given up: nobody knows what comes next on that connection. */
  function patiently<Result>(ms: number, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const patience = new AbortController();
    const giveUp = () => patience.abort();
    // A connection may be there just when all is over.
    if (closing.aborted) giveUp();
    const timer = setTimeout(giveUp, ms);
    timer.unref();
    closing.addEventListener('abort', giveUp, { once: true });
    return work(patience.signal).finally(() => {
      clearTimeout(timer);
      closing.removeEventListener('abort', giveUp);
    });
  }

  function ask(open: OwnConnection, args: readonly Argument[], ms = patienceMs): Promise<Reply> {
    return patiently(ms, (signal) => open.send(args, signal));
  }
}

/** What entries are sealed for: all are of one kind. */
const name = 'log';

/** Whoever can write to the log can make others forget, and so does whoever writes another form of it. */
const unreadable: Message = { from: '', serial: 0, subjects: ['all'] };

/** Of messages before a revocation of everything nothing is left to do: a flood of garbage is not kept. */
function withoutOutdone(messages: readonly Told[]): readonly Told[] {
  const last = messages.findLastIndex(({ subjects }) => subjects.includes('all'));
  return last > 0 ? messages.slice(last) : messages;
}

function epochIn(info: Reply): string {
  const { isMaster, epoch } = replicationIn(info);
  // It may be behind, and nobody can tell by how much.
  if (!isMaster) throw new CommandError('READONLY', 'This is a replica');
  return epoch;
}

function placeIn(id: string): string {
  const place = placeOf(id);
  if (place === undefined) throw new CommandError('unusable', 'An id of a stream cannot be read');
  return place;
}

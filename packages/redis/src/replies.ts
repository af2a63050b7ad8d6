// Replies read as what they have to be. What is something else is no fault of the program's: a proxy, or a key of
// another type.

import { CommandError, type Reply } from './commands.js';

/** An entry of a stream; `undefined` for the content of one that has not just our field. */
export interface Entry {
  readonly id: string;
  readonly content: Buffer | undefined;
}

export function textOf(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  throw unusable();
}

export function listOf(reply: Reply | undefined): readonly Reply[] {
  if (Array.isArray(reply)) return reply;
  throw unusable();
}

/** Of `TIME`, in milliseconds. */
export function timeIn(reply: Reply): number {
  const [seconds, micros] = listOf(reply).map((part) => Number(textOf(part)));
  const time = Number(seconds) * 1_000 + Number(micros) / 1_000;
  if (!Number.isFinite(time)) throw unusable();
  return time;
}

/** Of `XRANGE` and `XREVRANGE`. */
export function entriesIn(reply: Reply): readonly Entry[] {
  return listOf(reply).map((entry) => {
    const [id, fields] = listOf(entry);
    const members = fields === null ? [] : listOf(fields);
    const [field, content] = members;
    const good = members.length === 2 && Buffer.isBuffer(content) && textOf(field) === 'm';
    return { id: textOf(id), content: good ? content : undefined };
  });
}

/** Of `XREAD` of one stream; nothing if its time was up. */
export function newsIn(reply: Reply): readonly Entry[] {
  if (reply === null) return [];
  const [stream] = listOf(reply);
  const [, entries] = listOf(stream);
  return entriesIn(entries ?? null);
}

/** Which server this is, and which history it has: another one after every restart, and on a replica that takes over. */
export function replicationIn(reply: Reply): { readonly isMaster: boolean; readonly epoch: string } {
  const info = textOf(reply);
  const fieldOf = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const epoch = fieldOf('master_replid');
  if (epoch === undefined) throw unusable();
  return { isMaster: fieldOf('role') === 'master', epoch };
}

function unusable(): CommandError {
  return new CommandError('unusable', 'a reply of Redis cannot be read');
}

// Values under their names, and who asks for all. What compares before it writes is a script, because others write at
// the same time. Reading is one command for all that is of interest, and the time.

import type { SharedFound, SharedName, SharedValue } from '@esauth/core';
import type { Argument, Commands, Reply } from './commands.js';
import { explaining } from './explain.js';
import { type Layout, stampLength, stampOf, timeOf } from './layout.js';
import { listOf, timeIn } from './replies.js';
import type { Seals } from './sealing.js';

export interface Values {
  find(name: SharedName): Promise<SharedFound>;
  keep(name: SharedName, value: SharedValue, lifeMs: number): Promise<void>;
  drop(name: SharedName, time: number, lifeMs: number): Promise<void>;
  lease(name: SharedName, holder: string, leaseMs: number): Promise<boolean>;
  release(name: SharedName, holder: string): Promise<void>;
}

/**
 * Writes ARGV[2] unless what is there started at ARGV[1] or later, for ARGV[3] milliseconds; with ARGV[4] only where
 * something is. What cannot be ours (another type, no time before it, or one that is yet to come) is in nobody's way.
 */
const writeNewer = `
local old = redis.pcall('GET', KEYS[1])
if ARGV[4] == '1' and old == false then return 0 end
if type(old) == 'string' then
  local stamp = string.sub(old, 1, ${stampLength})
  local now = redis.call('TIME')
  local latest = string.format('%016x', now[1] * 1000 + math.ceil(now[2] / 1000))
  if string.match(stamp, '^%x+$') and #stamp == ${stampLength} and stamp <= latest and stamp >= ARGV[1] then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

const deleteOwn = `
if redis.pcall('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

export function createValues(commands: Commands, layout: Layout, seals: Seals, closing: AbortSignal): Values {
  const send = (args: readonly Argument[]) => commands.send(layout.log, args, closing);
  const newName = (name: SharedName) => seals.names('value', name)[0] ?? '';

  return {
    find: (name) =>
      explaining(async () => {
        const names = seals.names('value', name);
        const [own = ''] = names;
        const keys = [...names.map(layout.value), layout.lease(own)];
        const [there, clock] = await Promise.all([send(['MGET', ...keys]), send(['TIME'])]);
        const replies = listOf(there);
        const kept = names.map((each, index) => read(each, replies[index] ?? null));
        const [latest] = kept
          .filter((each) => each !== undefined)
          .sort((one, other) => other.time - one.time);
        return {
          time: timeIn(clock),
          value: latest?.value,
          unsealed: kept.some((each) => each?.unsealed === true),
          leased: replies[names.length] !== null,
        };
      }),

    keep: (name, value, lifeMs) =>
      explaining(async () => {
        const own = newName(name);
        const stamp = stampOf(value.start.time);
        const sealed = seals.seal(own, JSON.stringify([stamp, value]));
        const content = Buffer.concat([Buffer.from(stamp), sealed]);
        await send(['EVAL', writeNewer, '1', layout.value(own), stamp, content, String(lifeMs), '0']);
      }),

    drop: (name, time, lifeMs) =>
      explaining(async () => {
        const stamp = stampOf(time);
        await send(['EVAL', writeNewer, '1', layout.value(newName(name)), stamp, stamp, String(lifeMs), '1']);
      }),

    lease: (name, holder, leaseMs) =>
      explaining(async () => {
        const key = layout.lease(newName(name));
        return (await send(['SET', key, holder, 'NX', 'PX', String(Math.ceil(leaseMs))])) !== null;
      }),

    release: (name, holder) =>
      explaining(async () => {
        await send(['EVAL', deleteOwn, '1', layout.lease(newName(name)), holder]);
      }),
  };

  /** @returns `undefined` where nothing is; without a value for what keeps older ones out, and for what does not open. */
  function read(name: string, reply: Reply) {
    if (!Buffer.isBuffer(reply)) return undefined;
    const stamp = reply.toString('latin1', 0, stampLength);
    const time = timeOf(stamp);
    if (time !== undefined && reply.length === stampLength)
      return { time, value: undefined, unsealed: false };
    const opened = seals.open(name, reply.subarray(stampLength));
    const value = opened === undefined ? undefined : readValue(opened, stamp);
    if (time === undefined || value === undefined)
      return { time: -Infinity, value: undefined, unsealed: true };
    return { time, value, unsealed: false };
  }
}

/** Whoever has the secrets has written it; the time before the seal has to be the one in it. */
function readValue(text: string, stamp: string): SharedValue | undefined {
  const read: unknown = JSON.parse(text);
  if (!Array.isArray(read) || read[0] !== stamp) return undefined;
  // It was written by `keep`: the seal is that of this form.
  return read[1] as SharedValue;
}

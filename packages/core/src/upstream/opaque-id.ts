// Whether an answer is the one to the question that was asked. Every request bears an `X-Opaque-Id` of its own, and
// Elasticsearch returns it with whatever it answers. Something in between may mix answers up, so one with another id is
// nobody's; but it may also take the header away, so whether a node's answers lack it is learnt.

import { randomFillSync } from 'node:crypto';

export const opaqueIdHeader = 'x-opaque-id';

/**
 * For one request: a UUID, random as a whole (RFC 9562 §5.4), because Elasticsearch shows it to operators (tasks, slow
 * and audit logs): who sees some must not be able to tell the next, nor which of them one process has sent, and for
 * whom. Many are made at once and read from one piece of memory, at a sixth of what `randomUUID` costs.
 */
export function newOpaqueId(): string {
  if (nextId === idsAtOnce) {
    ids = makeIds();
    nextId = 0;
  }
  const at = idLength * nextId;
  nextId += 1;
  return ids.toString('latin1', at, at + idLength);
}

const idsAtOnce = 128;
const idBytes = 16;
const idLength = 36;
let ids: Buffer = Buffer.alloc(0);
let nextId: number = idsAtOnce;

const digits = Buffer.from('0123456789abcdef', 'latin1');
const dash = 0x2d;

/** Digit by digit into one piece of memory: with strings that are cut and joined an id cost 3 200 instructions. */
function makeIds(): Buffer {
  const random = randomFillSync(Buffer.allocUnsafe(idBytes * idsAtOnce));
  const all = Buffer.allocUnsafe(idLength * idsAtOnce);
  let end = 0;
  const put = (byte: number) => {
    all[end] = byte;
    end += 1;
  };
  for (let at = 0; at < random.length; at += 1) {
    const nth = at % idBytes;
    let byte = random[at] ?? 0;
    // The version, and the variant in two bits.
    if (nth === 6) byte = 0x40 | (byte & 0x0f);
    if (nth === 8) byte = 0x80 | (byte & 0x3f);
    if (nth === 4 || nth === 6 || nth === 8 || nth === 10) put(dash);
    put(digits[byte >> 4] ?? 0);
    put(digits[byte & 0x0f] ?? 0);
  }
  return all;
}

/** What an answer shows of the question that it is to. */
export type Echo = 'ours' | 'none' | 'another';

/** @param returned the header's value, or its values: several are never ours, whatever they are. */
export function echoOf(returned: string | string[] | undefined, sent: string): Echo {
  if (returned === undefined) return 'none';
  return returned === sent ? 'ours' : 'another';
}

/** What is known of a node, by its answers. */
export interface EchoMemory {
  /** An answer bore the id of its question. */
  echoed(): void;
  /** An answer of Elasticsearch's bore none. @returns whether it may be believed. */
  missed(): boolean;
}

/** So many answers with their ids make up for one without. */
const makeUp = 16;
/** As many without, with hardly any other between, as it takes to believe that the way has changed. */
const change = 4;

/**
 * A node that has returned the id for a while has to return it. One behind two proxies of which one strips it is found
 * out by its mixture: it has to return it only if it nearly always does.
 */
export function createEchoMemory(): EchoMemory {
  let owing = makeUp;
  let expected = false;
  return {
    echoed() {
      owing = Math.max(0, owing - 1);
      expected ||= owing === 0;
    },
    missed() {
      owing = Math.min(change * makeUp, owing + makeUp);
      expected &&= owing < change * makeUp;
      return !expected;
    },
  };
}

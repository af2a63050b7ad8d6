// Whether an answer is the one to the question that was asked. Every request bears an `X-Opaque-Id` of its own, and
// Elasticsearch returns it with whatever it answers. Something in between may mix answers up, so one with another id is
// nobody's; but it may also take the header away, so whether a node's answers lack it is learnt.

import { randomUUID } from 'node:crypto';

export const opaqueIdHeader = 'x-opaque-id';

/**
 * For one request. Random as a whole, because Elasticsearch shows it to operators (tasks, slow and audit logs): who
 * sees some must not be able to tell the next, nor which of them one process has sent, and for whom.
 */
export const newOpaqueId: () => string = randomUUID;

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

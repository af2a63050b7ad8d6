/** Which requests arrived. Credentials are told apart by a keyed fingerprint and never kept. */

import { hash, randomBytes } from 'node:crypto';

/** A request that arrived. */
export interface RequestRecord {
  readonly method: string;
  /** The request target, with its query. */
  readonly path: string;
  /** The status of the answer, or `undefined` as long as there is none. */
  readonly status: number | undefined;
  /** The same for requests with the same credential, or `undefined` for requests without one. */
  readonly fingerprint: string | undefined;
}

/** A record with what only the emulator's own page shows of a request. */
export interface Exchange {
  readonly record: RequestRecord;
  /** When it arrived, in the emulator's time. */
  readonly at: number;
  /** Whose credential was accepted, in words; `undefined` if none was, or if a fault struck before. */
  readonly who: string | undefined;
  /** Why it was refused, in Elasticsearch's words. */
  readonly reason: string | undefined;
  /** Whether a fault struck it. */
  readonly struck: boolean;
}

/** An exchange while it is under way: what is not known yet can be set. */
export interface OpenExchange extends Exchange {
  readonly record: RequestRecord & { status: number | undefined };
  who: string | undefined;
  reason: string | undefined;
  struck: boolean;
}

/**
 * A request target as people are shown it: whatever is behind the question mark may be a secret, and a proxy's
 * form of a target has the host in it, and perhaps a password.
 */
export function shownTarget(path: string): string {
  return path.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').replace(/\?.*$/s, '?…');
}

/** The log of one emulator. */
export interface RequestLog {
  /** The requests in the order in which they arrived: the last 10 000, and up to 1 000 before them. */
  readonly records: RequestRecord[];
  /** Notes a request. */
  add(method: string, path: string, authorization: string | undefined): OpenExchange;
  /** The last exchanges, up to 30, the newest first, also of records that were taken out. */
  recent(): Exchange[];
  /** Forgets all of them. */
  clear(): void;
}

const kept = 10_000;
const slack = 1_000;
const keptExchanges = 30;

/** @param now the emulator's time */
export function createRequestLog(now: () => number): RequestLog {
  const key = randomBytes(16).toString('base64');
  const records: RequestRecord[] = [];
  const exchanges: Exchange[] = [];

  return {
    records,
    recent: () => exchanges.slice(-keptExchanges).reverse(),
    clear() {
      records.length = 0;
      exchanges.length = 0;
    },
    add(method, path, authorization) {
      const fingerprint =
        authorization === undefined
          ? undefined
          : hash('sha256', key + normalized(authorization), 'base64url').slice(0, 16);
      const record = { method, path, status: undefined, fingerprint };
      // Removing from the front costs as much as copying the rest, so it is done for many at once.
      if (records.length >= kept + slack) records.splice(0, slack);
      records.push(record);
      const exchange = { record, at: now(), who: undefined, reason: undefined, struck: false };
      if (exchanges.length >= 10 * keptExchanges) exchanges.splice(0, 9 * keptExchanges);
      exchanges.push(exchange);
      return exchange;
    },
  };
}

/** The scheme's case makes no difference to Elasticsearch. */
function normalized(authorization: string): string {
  const space = authorization.indexOf(' ');
  return space < 0 ? authorization : authorization.slice(0, space).toLowerCase() + authorization.slice(space);
}

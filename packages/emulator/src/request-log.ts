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

/** The log of one emulator. */
export interface RequestLog {
  /** The requests in the order in which they arrived: the last 10 000, and up to 1 000 before them. */
  readonly records: RequestRecord[];
  /** Notes a request. The record's status can be set once it is known. */
  add(method: string, path: string, authorization: string | undefined): { status: number | undefined };
}

const kept = 10_000;
const slack = 1_000;

/** Makes an empty log. */
export function createRequestLog(): RequestLog {
  const key = randomBytes(16).toString('base64');
  const records: RequestRecord[] = [];

  return {
    records,
    add(method, path, authorization) {
      const fingerprint =
        authorization === undefined
          ? undefined
          : hash('sha256', key + normalized(authorization), 'base64url').slice(0, 16);
      const record = { method, path, status: undefined, fingerprint };
      // Removing from the front costs as much as copying the rest, so it is done for many at once.
      if (records.length >= kept + slack) records.splice(0, slack);
      records.push(record);
      return record;
    },
  };
}

/** The scheme's case makes no difference to Elasticsearch. */
function normalized(authorization: string): string {
  const space = authorization.indexOf(' ');
  return space < 0 ? authorization : authorization.slice(0, space).toLowerCase() + authorization.slice(space);
}

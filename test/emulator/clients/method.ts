/** One way to call a method of the client's security namespace, and what comes of it. */

import { expect } from 'vitest';
import type { Conversation } from './clients.js';

/** A row of the table. */
export interface MethodCase {
  readonly method: string;
  /** With what, or in which situation. */
  readonly about: string;
  /** The first release of Elasticsearch, as `[major, minor]`, that has it. */
  readonly since?: readonly [number, number];
  /** Makes what has to be there, and hands out the parameters. Without: none. */
  readonly given?: (conversation: Conversation) => object | Promise<object>;
  /** 200 if absent. */
  readonly status?: number;
  /** The whole body. */
  readonly answers: unknown;
}

export const someText: unknown = expect.any(String);
export const someNumber: unknown = expect.any(Number);

/** What the creation of a key answers. */
export const newKey = (name: string, expiration?: unknown): object => ({
  id: expect.stringMatching(/^[\w-]{20}$/),
  name,
  ...(expiration !== undefined && { expiration }),
  api_key: expect.stringMatching(/^[\w-]{22}$/),
  encoded: expect.stringMatching(/^[A-Za-z0-9+/]{58}==$/),
});

/** What clearing a cache answers. */
export const cacheCleared: object = {
  _nodes: { total: 1, successful: 1, failed: 0 },
  cluster_name: someText,
  nodes: expect.any(Object),
};

// The library that keeps the most recently used of something, loaded when the first of these is made: importing this
// package takes a seventh less time without it.

import type { LRUCache } from 'lru-cache';

/** @param max how many it keeps. */
export function createLru<Key extends object | string, Value extends object | number>(
  max: number,
): LRUCache<Key, Value> {
  const { LRUCache }: typeof import('lru-cache') = require('lru-cache');
  return new LRUCache({ max });
}

/**
 * What indices may be called, which of them an expression such as `logs-*,-logs-old` stands for, and the
 * errors about both.
 */

import { matchesPattern } from '../names/name-patterns.js';
import type { ApiError } from '../wire/envelope.js';

const longestName = 255;

/** What is wrong with the name of a new index, in Elasticsearch's words, or `undefined` if nothing is. */
export function indexNameProblem(name: string): string | undefined {
  if (/[\\/*?"<>| ,]/.test(name)) {
    return `must not contain the following characters ['\\','/','*','?','"','<','>','|',' ',',']`;
  }
  if (name.includes('#')) return "must not contain '#'";
  if (name.includes(':')) return "must not contain ':'";
  if (/^[_+-]/.test(name)) return "must not start with '_', '-', or '+'";
  const length = Buffer.byteLength(name);
  if (length > longestName) return `index name is too long, (${length} > ${longestName})`;
  if (name === '.' || name === '..') return "must not be '.' or '..'";
  return name === name.toLowerCase() ? undefined : 'must be lowercase';
}

/** 400, a name that no index can have. */
export function invalidIndexName(name: string, problem: string): ApiError {
  return {
    status: 400,
    type: 'invalid_index_name_exception',
    reason: `Invalid index name [${name}], ${problem}`,
    metadata: { index_uuid: '_na_', index: name },
  };
}

/** 404, an index that does not exist. */
export function noSuchIndex(name: string): ApiError {
  return {
    status: 404,
    type: 'index_not_found_exception',
    reason: `no such index [${name}]`,
    metadata: { 'resource.type': 'index_or_alias', 'resource.id': name, index_uuid: '_na_', index: name },
  };
}

/** An expression taken apart. */
export interface IndexExpression {
  /** The names that were written out, in their order. */
  readonly names: readonly string[];
  /** Whether a pattern of the expression stands for the index. */
  matches(index: string): boolean;
  readonly hasPattern: boolean;
}

/** @param text names and patterns between commas; nothing and `_all` stand for every index */
export function parseIndexExpression(text: string): IndexExpression {
  const parts = text.split(',').filter((part) => part !== '');
  const everything = parts.length === 0 || (parts.length === 1 && parts[0] === '_all');
  const names: string[] = [];
  const patterns: { readonly pattern: string; readonly included: boolean }[] = [];
  for (const part of everything ? ['*'] : parts) {
    if (part.startsWith('-') && patterns.length > 0) {
      patterns.push({ pattern: part.slice(1), included: false });
    } else if (part.includes('*')) patterns.push({ pattern: part, included: true });
    else if (!names.includes(part)) names.push(part);
  }
  return {
    names,
    hasPattern: patterns.length > 0,
    // A later part has the last word.
    matches: (index) => patterns.findLast(({ pattern }) => matchesPattern(pattern, index))?.included ?? false,
  };
}

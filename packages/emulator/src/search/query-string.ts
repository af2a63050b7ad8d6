/**
 * The query in the parameter `q` of a search: words, perhaps each with its field, joined by `AND`, `OR`, `NOT`, `+` and
 * `-`. Of Lucene's language that is all; the rest is refused.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import type { Query } from './query-parser.js';

const unsupported = /["()[\]{}^~/\\<>]/;

/**
 * @param joinsAll whether words without anything between them have to be found together
 * @param defaultField where words without a field are looked for; everywhere if there is none
 * @throws Refusal if it is more than is understood
 */
export function parseQueryString(text: string, joinsAll: boolean, defaultField: string | undefined): Query {
  if (unsupported.test(text)) {
    throw new Refusal(
      illegalArgument(`of the query string [${text}] the emulator supports words, fields and operators only`),
    );
  }
  const must: Query[] = [];
  const should: Query[] = [];
  const mustNot: Query[] = [];
  let isRequired = joinsAll;
  let isExcluded = false;
  for (const token of text.split(/\s+/).filter((part) => part !== '')) {
    if (token === 'NOT' || token === '!') isExcluded = true;
    else if (token === 'OR' || token === '||') isRequired = false;
    else if (token === 'AND' || token === '&&') {
      isRequired = true;
      const before = should.pop();
      if (before !== undefined) must.push(before);
    } else {
      const sign = /^[+\-!]/.exec(token)?.[0];
      const query = clauseOf(sign === undefined ? token : token.slice(1), defaultField);
      if (isExcluded || sign === '-' || sign === '!') mustNot.push(query);
      else (isRequired || sign === '+' ? must : should).push(query);
      [isRequired, isExcluded] = [joinsAll, false];
    }
  }
  const [only] = [...must, ...should];
  if (only !== undefined && must.length + should.length === 1 && mustNot.length === 0) return only;
  const minimumShouldMatch = must.length === 0 && should.length > 0 ? 1 : 0;
  return { kind: 'bool', must, filter: [], should, mustNot, minimumShouldMatch };
}

function clauseOf(token: string, defaultField: string | undefined): Query {
  if (token === '*' || token === '*:*') return { kind: 'match_all' };
  const [, named, value = ''] = /^([^:]+):(.*)$/.exec(token) ?? [undefined, undefined, token];
  if (named === '_exists_') return { kind: 'exists', field: value };
  const field = named ?? defaultField;
  if (field === undefined) return { kind: 'anywhere', value };
  if (value === '*') return { kind: 'exists', field };
  return /[*?]/.test(value)
    ? { kind: 'wildcard', field, value, ignoreCase: false }
    : { kind: 'match', field, value, allWords: false };
}

/**
 * The `‹…›` in recorded answers: what is known by name has to come again, and of what can not be the same twice
 * (times, ids, secrets) only the look is compared.
 */

import { memberOf, type Saved } from './texts.js';

const numbers = ['ms', 'took', 'seconds', 'n', 'port', 'length'];
const date = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`;
const id22 = String.raw`[\w-]{22}`;

/** What each looks like. */
const looks: Readonly<Record<string, string>> = {
  ...Object.fromEntries(numbers.map((name) => [name, String.raw`\d+`])),
  date,
  build_date: date,
  build: '[0-9a-f]{40}',
  'node id': id22,
  'cluster uuid': id22,
  uuid: `(?:${id22}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`,
  'generated id': String.raw`[\w-]{20}`,
  'profile uid': String.raw`u_[\w-]{43}_\d`,
};
/** Of anything else. */
const anything = '[^"]+';

const masks = /"‹([^›]*)›"|‹([^›]*)›/g;

/** Whether a text is what a recorded one with masks stands for. */
export function matches(wanted: string, got: string, saved: Saved): boolean {
  if (wanted === got) return true;
  if (!wanted.includes('‹')) return false;
  let pattern = '';
  let at = 0;
  for (const { 0: whole, 1: quoted, 2: bare = '', index } of wanted.matchAll(masks)) {
    pattern += literally(wanted.slice(at, index));
    pattern += quoted === undefined ? lookOf(bare, saved) : quotedLookOf(quoted, saved);
    at = index + whole.length;
  }
  return new RegExp(`^${pattern}${literally(wanted.slice(at))}$`, 's').test(got);
}

/** In a recorded body a mask is a text even where it stands for a number. */
function quotedLookOf(name: string, saved: Saved): string {
  const look = lookOf(name, saved);
  return numbers.includes(name) ? `(?:${look}|"${look}")` : `"${look}"`;
}

function lookOf(name: string, saved: Saved): string {
  const [, count, repeated] = /^(\d+) times (.+)$/.exec(name) ?? [];
  if (count !== undefined && repeated !== undefined) return `(?:${literally(repeated)}){${count}}`;
  const known = memberOf(name, saved);
  if (known !== undefined) return literally(known);
  // A name in a saved answer that has not got it: nothing is that.
  return name.includes('.') ? '(?!)' : (looks[name] ?? anything);
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** Whether a text has the look that `lengths` of a scenario asks for: `20`, or `60, ending in ==`. */
export function hasLength(wanted: string, text: string): boolean {
  const [length, end = ''] = wanted.split(', ending in ');
  return text.length === Number(length) && text.endsWith(end);
}

/** An answer with the names of what is known in it, the longest values first: for the eye. */
export function nameKnown(got: string, saved: Saved): string {
  const known = [...saved].flatMap(([name, value]) => textsIn(value, name));
  const long = known
    .filter(([, text]) => text.length >= 20)
    .sort(([, one], [, other]) => other.length - one.length);
  return long.reduce((text, [name, value]) => text.replaceAll(value, `‹${name}›`), got);
}

function textsIn(value: unknown, path: string): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => textsIn(each, `${path}.${name}`));
}

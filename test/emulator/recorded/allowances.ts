/**
 * What may differ from a recording, and why: the only place where anything is forgiven. These are rules; an answer
 * that differs in any other way differs.
 */

import type { Json, RecordedAnswer, RecordedExchange } from '../../support/recordings.js';
import { parseMasked, sameValue } from './bodies.js';
import { matches } from './masks.js';
import { isObject, type Saved } from './texts.js';

interface Allowance {
  readonly reason: string;
  /** Where in a body: names of members, with `[]` for the elements of a list. */
  readonly at: RegExp;
  /** Which exchanges; without it all. */
  readonly of?: (exchange: RecordedExchange) => boolean;
  /** `order`: of members or elements. Otherwise whether one value may stand for the other. */
  readonly may: 'order' | ((wanted: Json, got: Json) => boolean);
}

const hashMap = 'A hash map of Elasticsearch whose order changes from start to start';
const libraries = 'The words of a library, which are other ones in the distribution';
const belongsToNode = 'It belongs to the node that was recorded';

const bodies: readonly Allowance[] = [
  { reason: hashMap, at: /(?:^|\.)metadata$/, may: 'order', of: ({ response }) => says(response, '"jwt_') },
  {
    reason: hashMap,
    at: /(?:^|\.)token$/,
    may: 'order',
    of: ({ response }) => says(response, '"_service_account'),
  },
  {
    reason: hashMap,
    at: /^indices\[\]\.names$/,
    may: 'order',
    of: ({ request }) => /\/_privileges\b/.test(request.path),
  },
  {
    reason:
      'The order of the roles of a caller, which are kept in a set by hashes of everything that is in them',
    at: /^indices$/,
    may: differByCollisions,
    of: ({ request }) => /\/_privileges\b/.test(request.path),
  },
  {
    reason: 'Without a sort the order of what a search finds is not promised',
    at: /^(?:hits\.hits|(?:previously_)?(?:invalidated_)?api_keys)$/,
    may: 'order',
    of: ({ request }) => !`${request.path}${JSON.stringify(request.body)}`.includes('sort'),
  },
  {
    reason: `${belongsToNode}: its name`,
    at: /^name$|^nodes\.[^.]+\.name$|\.file_tokens\.[^.]+\.nodes\[\]$/,
    may: areTexts,
    of: ({ response }) => says(response, 'node-1'),
  },
  {
    reason: `${belongsToNode}: its name, in that of its threads`,
    at: /\.reason$/,
    may: (wanted, got) =>
      areTexts(wanted, got) &&
      /^rejected execution of /.test(`${wanted}`) &&
      matches(withoutNode(wanted), withoutNode(got), new Map()),
  },
  { reason: `${belongsToNode}: its build`, at: /^version\.(?:build_type|lucene_version)$/, may: areTexts },
  {
    reason: `${libraries}: what the JSON parser says after the place of the mistake`,
    at: /\.reason$/,
    may: (wanted, got) =>
      areTexts(wanted, got) &&
      `${wanted}`.includes(' at [Source: ') &&
      positionOf(wanted) === positionOf(got) &&
      got !== '',
  },
  {
    reason: `${libraries}: how Netty names what is too long`,
    at: /\.type$/,
    may: (wanted, got) => /^too_long_/.test(`${wanted}`) && /^too_long_/.test(`${got}`),
  },
];

/** Whether an answer is such that nothing of it can be asked of anybody else. */
export function isIncomparable({ response }: RecordedExchange): boolean {
  // Modules that the node did not have, where the distribution has them: `GET /_xpack`.
  return 'status' in response && response.status === 500 && says(response, 'failed to find action [');
}

/** Whether a header may have another value. */
export function forgivesHeader({ request }: RecordedExchange, name: string): boolean {
  // The length of an answer that holds the name and the build of the node, where the answer itself is not sent.
  return request.method === 'HEAD' && request.path === '/' && name === 'content-length';
}

/** How long somebody waited in vain is up to them. */
export function sameFailure(wanted: string, got: string): boolean {
  const [kind = wanted] = /^(?:no answer|closed without an answer)/.exec(wanted) ?? [];
  return got.startsWith(kind);
}

/** Two bodies after everything was made equal that may differ. */
export function forgiveBody(
  exchange: RecordedExchange,
  wanted: string,
  got: string,
  saved: Saved,
): [string, string] {
  // The bytes depend on the compressor, and were recorded as a text, which has lost some of them.
  if (isDeflated(exchange.response)) return [wanted, got === '' ? got : wanted];
  const [one, other] = [parseMasked(wanted), parseMasked(got)];
  if (one === undefined || other === undefined) return [wanted, got];
  const allowances = bodies.filter(({ of }) => of === undefined || of(exchange));
  const replaced: [Json, Json][] = [];
  let isReordered = false;

  const forgive = (one: Json, other: Json, path: string): Json => {
    const here = allowances.filter(({ at }) => at.test(path));
    if (here.some(({ may }) => typeof may === 'function' && one !== other && may(one, other))) {
      replaced.push([one, other]);
      return other;
    }
    const mayReorder = here.some(({ may }) => may === 'order');
    if (Array.isArray(one) && Array.isArray(other)) {
      const list = mayReorder ? reorder(one, other) : other;
      return list.map((each, index) => {
        const wanted = one[index];
        return wanted === undefined ? each : forgive(wanted, each, `${path}[]`);
      });
    }
    if (isObject(one) && isObject(other)) {
      const members = mayReorder ? reorderMembers(one, other) : other;
      return Object.fromEntries(
        Object.entries(members).map(([name, each]) => {
          const found = Object.entries(one).find(([wanted]) => matches(wanted, name, saved));
          const inside = path === '' ? name : `${path}.${name}`;
          return [name, found === undefined ? each : forgive(found[1], each, inside)];
        }),
      );
    }
    return other;
  };

  const reorder = (one: readonly Json[], other: readonly Json[]): readonly Json[] => {
    const left = [...other];
    const list = one.flatMap((wanted) => {
      const index = left.findIndex((each) => sameValue(wanted, each, saved));
      return index < 0 ? [] : left.splice(index, 1);
    });
    isReordered = true;
    return [...list, ...left];
  };

  const reorderMembers = (
    one: object,
    other: { readonly [name: string]: Json },
  ): { readonly [name: string]: Json } => {
    isReordered = true;
    const names = Object.keys(one).filter((name) => name in other);
    return Object.fromEntries([...names, ...Object.keys(other)].map((name) => [name, other[name] ?? null]));
  };

  const forgiven = forgive(one, other, '');
  const [left, right] = isReordered ? [JSON.stringify(one), JSON.stringify(forgiven)] : [wanted, got];
  return [replaced.reduce(replaceText, left), right];
}

/** What was forgiven is put into the wanted text, so that the spelling around it is still compared. */
function replaceText(text: string, [wanted, got]: [Json, Json]): string {
  return text.replace(JSON.stringify(wanted), () => JSON.stringify(got));
}

/**
 * What the roles allow on indices comes out of a map, by the names of the indices: which role came first is seen only
 * where two of its entries share a place.
 */
function differByCollisions(wanted: Json, got: Json): boolean {
  if (!Array.isArray(wanted) || !Array.isArray(got)) return false;
  const places = (groups: readonly Json[]) => groups.map((group) => placeOf(group, groups.length));
  const texts = (groups: readonly Json[]) => groups.map((group) => JSON.stringify(group)).sort();
  return `${places(wanted)}` === `${places(got)}` && `${texts(wanted)}` === `${texts(got)}`;
}

/** Where Java's `HashMap` of so many entries keeps the set of a group's names. */
function placeOf(group: Json, entries: number): number {
  const { names } = group as { readonly names: readonly string[] };
  const hashOf = (name: string) => [...name].reduce((hash, char) => (31 * hash + char.charCodeAt(0)) | 0, 0);
  const hash = names.reduce((sum, name) => (sum + hashOf(name)) | 0, 0);
  let size = 16;
  while (entries > size * 0.75) size *= 2;
  return (hash ^ (hash >>> 16)) & (size - 1);
}

function areTexts(wanted: Json, got: Json): boolean {
  return typeof wanted === 'string' && typeof got === 'string';
}

/** `name = node-1/security-crypto` without the name of the node. */
function withoutNode(text: Json): string {
  return `${text}`.replace(/name = [^/]+\//, 'name = ');
}

/** `[1:36] ` */
function positionOf(reason: Json): string {
  return /^\[\d+:\d+\] /.exec(`${reason}`)?.[0] ?? '';
}

function says(response: RecordedExchange['response'], text: string): boolean {
  if ('failed' in response) return false;
  return (response.text ?? JSON.stringify(response.body ?? null)).includes(text);
}

function isDeflated(response: RecordedExchange['response']): boolean {
  const { headers = [] } = response as Partial<RecordedAnswer>;
  return headers.some(([name, value]) => name === 'content-encoding' && value === 'deflate');
}

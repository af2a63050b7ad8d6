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

function areTexts(wanted: Json, got: Json): boolean {
  return typeof wanted === 'string' && typeof got === 'string';
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

/** Two bodies side by side: whether one is what the other stands for, and where they part. */

import type { Json } from '../../support/recordings.js';
import { matches } from './masks.js';
import { isObject, type Saved } from './texts.js';

/** Something that differs. */
export interface Difference {
  /** What is counted together, the detail after a colon: `header Allow: missing`, `body: error.reason` … */
  readonly kind: string;
  readonly wanted: string;
  readonly got: string;
}

/** At most one: the first place where they differ, in words without names and numbers of elements. */
export function bodyDifference(wanted: string, got: string, saved: Saved): Difference[] {
  if (matches(wanted, got, saved)) return [];
  const [one, other] = [parseMasked(wanted), parseMasked(got)];
  if (one === undefined || other === undefined) return [{ kind: 'body: not JSON', wanted, got }];
  const place = firstPlace(one, other, saved);
  return [{ kind: `body: ${place ?? 'spelling of the JSON'}`, wanted, got }];
}

// Where JSON has a value; in a text there are masks too.
const bareMask = /(?<=^|[:,[])(\s*)(‹[a-z]+›)(?!")/g;

/** Reads JSON in which numbers may be masked. */
export function parseMasked(text: string): Json | undefined {
  try {
    return JSON.parse(text.replace(bareMask, '$1"$2"')) as Json;
  } catch {
    return undefined;
  }
}

/** Whether one value is what the other stands for. */
export function sameValue(wanted: Json | undefined, got: Json | undefined, saved: Saved): boolean {
  if (wanted === undefined || got === undefined) return wanted === got;
  return firstPlace(wanted, got, saved) === undefined;
}

function firstPlace(wanted: Json, got: Json, saved: Saved, path = ''): string | undefined {
  const here = path === '' ? 'other value' : path;
  if (Array.isArray(wanted) && Array.isArray(got)) {
    for (const [index, each] of wanted.entries()) {
      const other = got[index];
      if (other === undefined) return `${here}[] is too short`;
      const place = firstPlace(each, other, saved, `${path}[]`);
      if (place !== undefined) return place;
    }
    return got.length > wanted.length ? `${here}[] is too long` : undefined;
  }
  if (isObject(wanted) && isObject(got)) return firstMember(wanted, got, saved, path);
  if (typeof wanted === 'string') {
    // A masked number stands between quotes here.
    const isText = typeof got === 'string' || typeof got === 'number';
    return isText && matches(wanted, String(got), saved) ? undefined : here;
  }
  return wanted === got ? undefined : here;
}

function firstMember(
  wanted: { readonly [name: string]: Json },
  got: { readonly [name: string]: Json },
  saved: Saved,
  path: string,
): string | undefined {
  const inside = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const [name, each] of Object.entries(wanted)) {
    // The name itself may be masked: that of a node.
    const found = Object.keys(got).find((other) => matches(name, other, saved));
    const other = found === undefined ? undefined : got[found];
    if (other === undefined) return `${inside(name)} is missing`;
    const place = firstPlace(each, other, saved, inside(name));
    if (place !== undefined) return place;
  }
  const more = Object.keys(got).find(
    (name) => !Object.keys(wanted).some((each) => matches(each, name, saved)),
  );
  if (more !== undefined) return `${inside(more)} is not wanted`;
  const isOrdered = Object.keys(wanted).every((name, index) =>
    matches(name, Object.keys(got)[index] ?? '', saved),
  );
  return isOrdered ? undefined : `order of members${path === '' ? '' : ` in ${path}`}`;
}

// Where everything is in Redis. All keys have one prefix and one hash tag, so that in a cluster they are in one slot,
// and one command or script may name several of them. Expired values and leases go by themselves; the log stays.
//
// `{esauth}:log`       a stream, one field `m` in each entry: a sealed message
// `{esauth}:v:‹name›`  16 hexadecimal digits, when its lookup started (milliseconds on Redis' clock), and the sealed
//                      value; only the digits where a refusal keeps older values out
// `{esauth}:l:‹name›`  who asks Elasticsearch for all

export interface Layout {
  readonly log: string;
  value(name: string): string;
  lease(name: string): string;
}

export function layoutFor(prefix: string): Layout {
  const tag = `{${prefix}}`;
  return {
    log: `${tag}:log`,
    value: (name) => `${tag}:v:${name}`,
    lease: (name) => `${tag}:l:${name}`,
  };
}

/** How many characters the time takes. */
export const stampLength = 16;

export function stampOf(time: number): string {
  return Math.max(0, Math.floor(time)).toString(16).padStart(stampLength, '0');
}

/** @returns `undefined` for what is none. */
export function timeOf(stamp: string): number | undefined {
  return /^[0-9a-f]{16}$/.test(stamp) ? Number.parseInt(stamp, 16) : undefined;
}

/** Ids of a stream are two numbers of up to 64 bits: written so, they are in order as strings are. */
const digits = 20;

/** @returns `undefined` for what is no id. */
export function placeOf(id: string): string | undefined {
  const [, time, count] = /^(\d{1,20})-(\d{1,20})$/.exec(id) ?? [];
  if (time === undefined || count === undefined) return undefined;
  return `${time.padStart(digits, '0')}-${count.padStart(digits, '0')}`;
}

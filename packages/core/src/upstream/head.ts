// The head of an answer: headers as undici's parser hands them over, of which only those are read that somebody asks
// for. Reading all of them, as undici does for newer handlers, costs 4 000 instructions more for each answer.

/** A header's value, or its values. */
export type HeaderValue = string | string[] | undefined;

export class Head {
  /** Names and values by turns. */
  readonly #raw: readonly Buffer[];

  constructor(raw: readonly Buffer[]) {
    this.#raw = raw;
  }

  /** @param name in lower case. */
  get(name: string): HeaderValue {
    const raw = this.#raw;
    let found: HeaderValue;
    for (let at = 0; at + 1 < raw.length; at += 2) {
      if (!isCalled(raw[at], name)) continue;
      const value = textOf(raw[at + 1]);
      if (found === undefined) found = value;
      else found = [found, value].flat();
    }
    return found;
  }

  /** All of them, by their names in lower case. */
  all(): Record<string, HeaderValue> {
    const names = this.#raw.filter((_, at) => at % 2 === 0).map((name) => textOf(name).toLowerCase());
    // As own members, whatever they are called.
    return Object.fromEntries(names.map((name) => [name, this.get(name)]));
  }
}

/** Undecoded: a header is Latin-1 (RFC 9110 §5.5). */
function textOf(bytes: Buffer | undefined): string {
  return bytes === undefined ? '' : bytes.toString('latin1');
}

function isCalled(bytes: Buffer | undefined, name: string): boolean {
  if (bytes?.length !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) {
    const given = bytes[at] ?? 0;
    const lower = given >= 0x41 && given <= 0x5a ? given + 0x20 : given;
    if (lower !== name.charCodeAt(at)) return false;
  }
  return true;
}

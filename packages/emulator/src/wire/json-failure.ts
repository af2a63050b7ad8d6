/** What Jackson, Elasticsearch's parser, says of a text that is not JSON: only the first thing that is wrong counts. */

/** Why a text is not JSON. */
export interface JsonFailure {
  readonly at: number;
  readonly message: string;
  /** The beginning of the last thing that could be read, or of the string that can not be. */
  readonly tokenAt: number;
  /** `end`: the text ended too early; `limit`: it is JSON, but too much of it. */
  readonly kind: 'mistake' | 'end' | 'limit';
  /** What was open when the text ended. */
  readonly open: Opened | undefined;
}

/** An object or an array, and where it begins. */
export interface Opened {
  readonly kind: 'Object' | 'Array';
  readonly at: number;
}

/** Keeps what is wrong with one text. */
export interface Failures {
  readonly first: JsonFailure | undefined;
  /** Where the last thing began that could be read. */
  tokenAt: number;
  /** What is not closed yet. */
  readonly open: Opened[];
  fail(message: string, at: number, kind?: JsonFailure['kind']): undefined;
  /** @param where what follows `Unexpected end-of-input`; without, what is still open is named */
  failAtEnd(where?: string): undefined;
  /** The text ended behind a comma, which Jackson takes for any other mistake. */
  failAtEndBehindComma(of: Opened['kind']): undefined;
  /**
   * There is something else than should be, or nothing.
   *
   * @param atEnd as `where` of `failAtEnd`
   */
  unexpected(at: number, expected: string, atEnd?: string): undefined;
  /** How a character is named. */
  character(at: number): string;
}

/** @param endMessage what to complain about when the text ends, if it does not end there by itself */
export function createFailures(text: string, endMessage: string | undefined): Failures {
  const open: Opened[] = [];
  let first: JsonFailure | undefined;

  const failures: Failures = {
    get first() {
      return first;
    },
    tokenAt: 0,
    open,
    fail(message, at, kind = 'mistake') {
      first ??= { at, message, tokenAt: failures.tokenAt, kind, open: undefined };
      return undefined;
    },
    failAtEnd(where) {
      if (endMessage !== undefined) return failures.fail(endMessage, text.length);
      const message = `Unexpected end-of-input${where ?? ''}`;
      const inside = where === undefined ? open.at(-1) : undefined;
      first ??= { at: text.length, message, tokenAt: failures.tokenAt, kind: 'end', open: inside };
      return undefined;
    },
    failAtEndBehindComma(of) {
      return failures.fail(endMessage ?? `Unexpected end-of-input${entriesOf(of)}`, text.length);
    },
    unexpected(at, expected, atEnd) {
      if (at >= text.length) return failures.failAtEnd(atEnd);
      if (text.charAt(at) === '/') return failInComment(at);
      const code = text.charCodeAt(at);
      const shown = failures.character(at);
      if (code >= 32) return failures.fail(`Unexpected character (${shown}): ${expected}`, at);
      const allowed = 'only regular white space (\\r, \\n, \\t) is allowed between tokens';
      return failures.fail(`Illegal character (${shown}): ${allowed}`, at);
    },
    character(at) {
      const code = text.charCodeAt(at);
      return code < 32 ? `(CTRL-CHAR, code ${code})` : `'${text.charAt(at)}' (code ${code})`;
    },
  };

  /** A slash that begins no comment, or one that does not end. */
  function failInComment(at: number): undefined {
    const next = text.charAt(at + 1);
    if (next === '' || next === '*') return failures.failAtEnd(' in a comment');
    const message = `Unexpected character (${failures.character(at + 1)})`;
    return failures.fail(`${message}: was expecting either '*' or '/' for a comment`, at + 1);
  }

  return failures;
}

/** What Jackson says where a text ends between two things. */
export function entriesOf(kind: Opened['kind']): string {
  return ` within/between ${kind} entries`;
}

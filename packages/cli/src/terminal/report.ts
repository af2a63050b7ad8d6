// Everything that is printed goes through here: as lines for a person, or as one JSON document for a script. Two
// things happen to all of it: what a terminal would obey is written as its code, and a secret that was presented is
// struck out, wherever it came from. That is the last net; what others say is looked through where it is read.

import type { Io } from './io.js';

/** How something stands. */
export type State = 'yes' | 'no' | 'unknown' | 'warning';

/** A text in a colour; nothing in it is obeyed by a terminal. */
export interface Painted {
  readonly text: string;
  readonly as: State | 'strong' | 'faint';
}

export type Piece = string | Painted;

export interface Report {
  /** Whether a script reads it: then lines are not printed, and data is. */
  readonly isJson: boolean;
  /** Prints a line. */
  say(...pieces: readonly Piece[]): void;
  /** Prints lines whose columns stand below each other. */
  table(rows: readonly (readonly Piece[])[], indent?: string): void;
  /** Prints what a script reads, as JSON. */
  data(value: unknown): void;
  /** Prints to where errors go, whoever reads. */
  complain(text: string): void;
  /** From now on none of these is printed. */
  conceal(secrets: readonly string[]): void;
}

// SGR of ECMA-48: set, and back.
const codes: Readonly<Record<Painted['as'], readonly [number, number]>> = {
  yes: [32, 39],
  no: [31, 39],
  unknown: [33, 39],
  warning: [33, 39],
  strong: [1, 22],
  faint: [2, 22],
};

/**
 * Shorter ones may be a word of ours: to strike `password` out of a sentence would tell everybody that it is the
 * password.
 */
const leastLength = 16;

export function createReport({ env, stdout, stderr }: Io, isJson: boolean): Report {
  const secrets: string[] = [];
  const colours = stdout.isTTY === true && wantsColours(env);

  function shown(piece: Piece): string {
    const text = printable(strikeOut(textOf(piece), secrets));
    if (typeof piece === 'string' || !colours) return text;
    const [set, back] = codes[piece.as];
    return `\u001b[${set}m${text}\u001b[${back}m`;
  }

  function say(...pieces: readonly Piece[]): void {
    if (!isJson) stdout.write(`${pieces.map(shown).join('').trimEnd()}\n`);
  }

  return {
    isJson,
    say,
    table(rows, indent = '') {
      const widths: number[] = [];
      for (const row of rows) {
        row.forEach((piece, at) => {
          widths[at] = Math.max(widths[at] ?? 0, widthOf(piece));
        });
      }
      for (const row of rows) {
        const last = row.length - 1;
        say(
          indent,
          ...row.flatMap((piece, at) =>
            at === last ? [piece] : [piece, ' '.repeat((widths[at] ?? 0) - widthOf(piece) + 2)],
          ),
        );
      }
    },
    data(value) {
      if (isJson) stdout.write(`${inAscii(JSON.stringify(concealed(value, secrets), undefined, 2))}\n`);
    },
    complain(text) {
      stderr.write(`${printable(strikeOut(text, secrets))}\n`);
    },
    conceal(more) {
      secrets.push(...more.filter(({ length }) => length >= leastLength));
    },
  };
}

/** https://no-color.org: set and not empty, whatever it says. */
function wantsColours({ NO_COLOR, TERM }: Io['env']): boolean {
  return (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

function textOf(piece: Piece): string {
  return typeof piece === 'string' ? piece : piece.text;
}

function widthOf(piece: Piece): number {
  return printable(textOf(piece)).length;
}

/** Names of users and indices are whatever somebody chose. */
function printable(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** The same JSON, without what a terminal would obey: it leaves more than a terminal does as it is. */
function inAscii(json: string): string {
  return json.replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function strikeOut(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text);
}

/** In texts only: struck out of JSON, a secret could take quotes and commas with it. */
function concealed(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return strikeOut(value, secrets);
  if (Array.isArray(value)) return value.map((each) => concealed(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, each]) => [
    strikeOut(name, secrets),
    concealed(each, secrets),
  ]);
  // Metadata may have a member `__proto__`.
  return Object.assign(Object.create(null), Object.fromEntries(members));
}

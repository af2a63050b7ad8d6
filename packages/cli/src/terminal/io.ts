// What a run of the command has of the world outside: its arguments and its three streams. A test gives its own.

/** What is read from. */
export interface Input extends AsyncIterable<Uint8Array | string> {
  /** Somebody types there. */
  readonly isTTY?: boolean | undefined;
}

/** What is written to. */
export interface Output {
  write(text: string): unknown;
  /** Somebody looks at it. */
  readonly isTTY?: boolean | undefined;
}

/** The world outside. */
export interface Io {
  /** What follows the name of the command. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
}

// Everything that anybody could come to see while something is done: events, warnings, what is printed; and
// every way in which a value can be looked at.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';

/** A value as logs, error trackers and debuggers would show it. */
export function views(value: unknown): readonly string[] {
  const deep = {
    depth: Infinity,
    showHidden: true,
    getters: true,
    maxStringLength: null,
    maxArrayLength: null,
  };
  const errors =
    value instanceof Error ? [value.message, value.stack ?? '', views(value.cause).join('\n')] : [];
  return [
    inspect(value, deep),
    format('%s %o', value, value),
    JSON.stringify(value, (_key, member: unknown) =>
      typeof member === 'function' ? String(member) : member,
    ) ?? '',
    serialized(value),
    ...errors,
  ];
}

function serialized(value: unknown): string {
  try {
    return serialize(value).toString('latin1');
  } catch {
    // Functions cannot be.
    return '';
  }
}

export interface Watch {
  /** Views of all that came out so far. */
  readonly seen: readonly string[];
  note(value: unknown): void;
  stop(): void;
}

const channels = ['verdict', 'wait', 'lookup', 'revocation', 'node', 'sharing'].map(
  (name) => `esauth:${name}`,
);
const printers = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;

export function watchEverything(): Watch {
  const seen: string[] = [];
  const note = (value: unknown) => void seen.push(...views(value));
  const event = (message: unknown) => note(message);
  for (const channel of channels) subscribe(channel, event);

  const others = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', note);

  const undo: (() => void)[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const { write } = stream;
    stream.write = ((chunk: unknown, ...rest: []) => {
      seen.push(String(chunk));
      return write.call(stream, chunk as string, ...rest);
    }) as typeof write;
    undo.push(() => {
      stream.write = write;
    });
  }
  // The global one: vitest puts its own in place of Node's.
  const { console: printing } = globalThis;
  for (const name of printers) {
    const printer = printing[name];
    printing[name] = (...values: unknown[]) => void seen.push(format(...values));
    undo.push(() => {
      printing[name] = printer;
    });
  }

  return {
    seen,
    note,
    stop() {
      for (const channel of channels) unsubscribe(channel, event);
      process.removeListener('warning', note);
      for (const listener of others) process.on('warning', listener);
      for (const step of undo) step();
    },
  };
}

/** Every run of eight characters, or so many, of some secrets. */
export function windowsOf(secrets: readonly string[], length = 8): ReadonlySet<string> {
  const windows = new Set<string>();
  for (const secret of secrets) {
    for (let at = 0; at + length <= secret.length; at += 1) windows.add(secret.slice(at, at + length));
  }
  return windows;
}

/** @returns the first run of eight characters, or so many, of `text` that is one of them. */
export function windowIn(
  text: string,
  windows: Pick<ReadonlySet<string>, 'has'>,
  length = 8,
): string | undefined {
  for (let at = 0; at + length <= text.length; at += 1) {
    const window = text.slice(at, at + length);
    if (windows.has(window)) return window;
  }
  return undefined;
}

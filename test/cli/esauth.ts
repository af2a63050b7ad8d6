// The command in this process: what it is called with, what is piped in, and everything that it printed.

import { run } from '@esauth/cli';
import { vi } from 'vitest';

// Each is several runs with connections of their own; a machine may be busy.
vi.setConfig({ testTimeout: 60_000 });

export interface Called {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What is piped in; nothing: somebody sits at a terminal. */
  readonly stdin?: string | Uint8Array;
  /** Somebody looks at what is printed. */
  readonly tty?: boolean;
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Of `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: what a script would read, looked at member by member.
  readonly json: any;
}

export async function esauth(argv: readonly string[], { env = {}, stdin, tty }: Called = {}): Promise<Ended> {
  let [out, err] = ['', ''];
  const isAsking = ['check', 'whoami', 'can-i', 'explain'].includes(argv[0] ?? '');
  const isPatient = !isAsking || argv.includes('--timeout-ms');
  const code = await run({
    // Three seconds may be short on a machine that has other things to do.
    argv: isPatient ? argv : [...argv, '--timeout-ms', '50000'],
    env,
    stdin: { isTTY: stdin === undefined, [Symbol.asyncIterator]: () => pieces(stdin) },
    stdout: {
      ...(tty && { isTTY: true }),
      write: (text) => {
        out += text;
      },
    },
    stderr: {
      write: (text) => {
        err += text;
      },
    },
  });
  return {
    code,
    out,
    err,
    get json() {
      // Also asked for by whoever shows a difference.
      return out.startsWith('{') ? JSON.parse(out) : undefined;
    },
  };
}

/** In two pieces, as pipes have it. */
async function* pieces(text: string | Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text ?? '');
  yield bytes.subarray(0, 3);
  yield bytes.subarray(3);
}

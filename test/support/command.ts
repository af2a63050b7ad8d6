/** The command `esauth-emulator` as a process of its own, and what it prints. */

import {
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
  spawn,
} from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  /** How it ended, and everything that it printed. */
  readonly ended: Promise<Ended>;
  /** Resolves with what was printed as soon as it matches. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

const command = fileURLToPath(new URL('../../packages/emulator/bin/esauth-emulator.js', import.meta.url));
const running = new Set<Run['child']>();

/** Ends whatever still runs. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}

/** @param through a command that runs the rest, such as `env` */
export function run(
  args: readonly string[],
  options: SpawnOptionsWithoutStdio = {},
  file: string = command,
  through: readonly string[] = [],
): Run {
  const [program = '', ...rest] = [...through, process.execPath, file, ...args];
  const child = spawn(program, rest, options);
  running.add(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, out, err }));
  return {
    child,
    ended,
    async printed(pattern) {
      for (;;) {
        const match = out.match(pattern);
        if (match !== null) return match;
        const tooSoon = ended.then((result) => {
          throw new Error(`ended before it printed ${pattern}: ${result.err}`);
        });
        await Promise.race([once(child.stdout, 'data'), tooSoon]);
      }
    },
  };
}

/** Starts one that prints nothing but where it is. */
export async function runQuietly(...args: string[]): Promise<Run & { readonly url: string }> {
  const started = run(['--port', '0', '--quiet', ...args]);
  const [url] = await started.printed(/^https?:\/\/127\.0\.0\.1:\d+$/m);
  return { ...started, url };
}

/** Tells it to end, and waits until it has. */
export function end({ child, ended }: Run, signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
  child.kill(signal);
  return ended;
}

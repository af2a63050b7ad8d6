/** The same as a command: `esauth-emulator`. It prints, and ends when it is told to. */

import '../wire/node-version.js';

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Exchange } from '../controls/request-log.js';
import { type Emulator, launch } from '../emulator.js';
import type { EmulatorOptions } from '../options/options.js';
import { isLoopbackHost } from '../page/guard.js';
import { readArguments, usage } from './cli-arguments.js';
import { complaint, introduction, logLine } from './cli-output.js';

// Not SIGHUP: to hear it would undo `nohup`.
const signals = ['SIGINT', 'SIGTERM'] as const;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function start(options: EmulatorOptions, quiet: boolean): Promise<void> {
  const log = (exchange: Exchange, ms: number): void => print(logLine(exchange, ms));
  const emulator = await launch(options, quiet ? undefined : log);
  let caFile: string | undefined;

  function stop(): void {
    // After the first signal the next finds Node's own behaviour, which is to end at once.
    for (const signal of signals) process.off(signal, stop);
    if (caFile !== undefined) rmSync(dirname(caFile), { recursive: true, force: true });
    // Nothing else keeps the process alive.
    void emulator.close();
  }
  for (const signal of signals) process.on(signal, stop);
  // Whoever read what is printed has gone, such as `head`.
  process.stdout.on('error', stop);

  try {
    caFile = writeAuthority(emulator);
  } catch (error) {
    stop();
    throw error;
  }
  const hasPage = options.ui === true && isLoopbackHost(options.host ?? 'localhost');
  if (!quiet) print(introduction(emulator, caFile, hasPage));
  else print(caFile === undefined ? emulator.url : `${emulator.url}\n${caFile}`);
}

/** A file that nobody else can read or replace: what is in it, its reader trusts. */
function writeAuthority({ ca }: Emulator): string | undefined {
  if (ca === undefined) return undefined;
  const file = join(mkdtempSync(join(tmpdir(), 'esauth-emulator-')), 'ca.pem');
  writeFileSync(file, ca, { mode: 0o600 });
  return file;
}

async function main(): Promise<void> {
  let options: EmulatorOptions | undefined;
  try {
    const given = readArguments(process.argv.slice(2));
    if (given.help) {
      print(usage);
      return;
    }
    options = given.options;
    await start(options, given.quiet);
  } catch (error) {
    process.stderr.write(`${complaint(error, options)}\n`);
    process.exitCode = error instanceof TypeError ? 2 : 1;
  }
}

void main();

/** The same as a command: `esauth-emulator`. It prints, and ends when it is told to. */

import '../wire/node-version.js';

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Exchange } from '../controls/request-log.js';
import { type Emulator, launch } from '../emulator.js';
import type { EmulatorOptions } from '../options/options.js';
import { isLoopbackHost } from '../page/guard.js';
import { onEndOfAncestor } from './ancestors.js';
import { type Asked, readArguments, usage } from './cli-arguments.js';
import { complaint, exposure, introduction, logLine } from './cli-output.js';

// Not SIGHUP: to hear it would undo `nohup`.
const signals = ['SIGINT', 'SIGTERM'] as const;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function start({ options, quiet, stays }: Asked): Promise<void> {
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
  // A job that is over, or was called off, leaves nothing behind that would keep its machine.
  if (!stays && isSet('CI')) onEndOfAncestor(stop);

  try {
    caFile = writeAuthority(emulator);
  } catch (error) {
    stop();
    throw error;
  }
  const { host = 'localhost', ui = true } = options;
  const isOutside = !isLoopbackHost(host);
  if (isOutside) process.stderr.write(`${exposure(host)}\n`);
  if (!quiet)
    print(
      introduction(emulator, {
        caFile,
        hasPage: ui && !isOutside,
        authorization: readyFor(emulator, options),
      }),
    );
  else print(caFile === undefined ? emulator.url : `${emulator.url}\n${caFile}`);
}

/** A header that is ready to be sent, if anybody is asked for one. */
function readyFor(
  { username, authorization, apiKey }: Emulator,
  options: EmulatorOptions,
): string | undefined {
  const { security = true, tokenService = true, apiKeys = true, license = 'trial' } = options;
  if (!security) return undefined;
  if (tokenService && license === 'trial') return authorization(username);
  return apiKeys ? authorization(apiKey(username)) : undefined;
}

function isSet(variable: string): boolean {
  return !['', '0', 'false', undefined].includes(process.env[variable]);
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
    await start(given);
  } catch (error) {
    process.stderr.write(`${complaint(error, options)}\n`);
    process.exitCode = error instanceof TypeError ? 2 : 1;
  }
}

void main();

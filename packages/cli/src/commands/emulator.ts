// `esauth emulator`: starts Elasticsearch's security endpoints on this machine, if that package is there.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { exitCodes, UsageError } from '../terminal/exit.js';
import type { Command } from './command.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Of the emulator's own command: it cannot start so. */
const usageOfEmulator = 2;

export const emulator: Command = {
  name: 'emulator',
  usage: '[options]',
  about: 'start the emulator on this machine, if @esauth/emulator is installed',
  more: 'Its options are its own: esauth emulator --help.',
  flags: {},
  takesAll: true,

  run(io) {
    const file = fileOfEmulator(process.cwd());
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [file, ...io.argv.slice(1)], { stdio: 'inherit' });
      const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
      for (const signal of signals) process.on(signal, passOn);
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        for (const each of signals) process.off(each, passOn);
        if (signal !== null) resolve(128 + constants.signals[signal]);
        else resolve(code === usageOfEmulator ? exitCodes.usage : (code ?? exitCodes.unknown));
      });
    });
  },
};

/** Beside this package, or in the project in which the command is called. */
function fileOfEmulator(folder: string): string {
  const places = [__filename, join(folder, 'package.json')];
  for (const place of places) {
    try {
      const manifest = createRequire(place).resolve('@esauth/emulator/package.json');
      const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
      return join(dirname(manifest), bin['esauth-emulator'] ?? '');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error;
    }
  }
  throw new UsageError(
    'emulator_missing',
    '@esauth/emulator is not installed here: npm install --save-dev @esauth/emulator, or npx @esauth/emulator',
  );
}

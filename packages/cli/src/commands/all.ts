// Every command there is, and what help says of them.

import { commonFlags, type Flag } from '../arguments/flags.js';
import { canI } from './can-i.js';
import { check } from './check.js';
import type { Command } from './command.js';
import { createCompletion } from './completion.js';
import { emulator } from './emulator.js';
import { explain } from './explain.js';
import { whoami } from './whoami.js';

export const commands: readonly Command[] = [
  check,
  whoami,
  canI,
  explain,
  emulator,
  createCompletion(() => commands),
];

/** What `esauth --help` prints. */
export function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `Usage: esauth <command> [options]

${commands.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`).join('\n')}

Credentials come from standard input, a file (--credential-file) or the environment (ESAUTH_CREDENTIAL), and never from
an argument. They are taken as they are: the header with or without its name, id:api_key, user:password, a token, or the
whole answer that they came in.

Exit codes: 0 yes, 1 no, 2 could not tell, 64 the command is wrong. esauth help <command> explains one; --version.`;
}

/** What `esauth help ‹command›` prints. */
export function helpOf({ name, usage, about, more, flags }: Command): string {
  const rows = Object.entries<Flag>({ ...flags, ...commonFlags }).map(([flag, { takes, about: does }]) => ({
    left: `  --${flag}${takes === undefined ? '' : ` <${takes}>`}`,
    does,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  const lines = rows.map(({ left, does }) => `${left.padEnd(width)}  ${does}`);
  return `Usage: esauth ${name}${usage === '' ? '' : ` ${usage}`}

${about}${more === undefined ? '' : `\n${more}`}

${lines.join('\n')}`;
}

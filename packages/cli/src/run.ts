// A run of the command: which command it is, and with which code it ends.

import { nearestName } from '@esauth/core';
import { version } from '../package.json';
import { readArguments } from './arguments/flags.js';
import { commands, helpOf, overview } from './commands/all.js';
import type { Command } from './commands/command.js';
import { looksLikeCredential } from './credentials/shapes.js';
import { exitCodes, UsageError } from './terminal/exit.js';
import type { Io } from './terminal/io.js';
import { createReport } from './terminal/report.js';

/**
 * Runs the command `esauth` in this process.
 *
 * @returns its exit code: 0 yes, 1 no, 2 could not tell, 64 the command is wrong; of `esauth emulator` also what that
 *   ended with. Rejects only with what is a mistake of ours.
 */
export async function run(io: Io): Promise<number> {
  const isJson = io.argv.includes('--json');
  const report = createReport(io, isJson);
  try {
    return await runCommand(io, report);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    report.complain(`esauth: ${error.message}`);
    report.data({ error: { code: error.code, message: error.message } });
    return exitCodes.usage;
  }
}

async function runCommand(io: Io, report: ReturnType<typeof createReport>): Promise<number> {
  const [first, ...rest] = io.argv;
  if (first === undefined) throw new UsageError('usage', `what? ${namesOfCommands()}; --help explains them`);
  if (first === '--version' || first === '-v') {
    io.stdout.write(`${version}\n`);
    return exitCodes.yes;
  }
  if (first === 'help' || first === '--help' || first === '-h') {
    const [name] = rest;
    io.stdout.write(`${name === undefined || name.startsWith('-') ? overview() : helpOf(commandOf(name))}\n`);
    return exitCodes.yes;
  }
  const command = commandOf(first);
  if (command.takesAll === true) return command.run(io, readArguments([], {}), report);
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(`${helpOf(command)}\n`);
    return exitCodes.yes;
  }
  return command.run(io, readArguments(rest, command.flags), report);
}

function commandOf(name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  if (looksLikeCredential(name)) {
    // Refused like any other argument that is one.
    readArguments([name], {});
  }
  const nearest = nearestName(
    name,
    commands.map((each) => each.name),
  );
  const meant = nearest === undefined ? `one of ${namesOfCommands()}` : `${nearest}`;
  throw new UsageError('usage', `there is no such command; is ${meant} meant?`);
}

function namesOfCommands(): string {
  return commands.map(({ name }) => name).join(', ');
}

// What a command is.

import type { Arguments, Flag } from '../arguments/flags.js';
import type { ExitCode } from '../terminal/exit.js';
import type { Io } from '../terminal/io.js';
import type { Report } from '../terminal/report.js';

export interface Command {
  readonly name: string;
  /** What follows the name, as help shows it. */
  readonly usage: string;
  /** In one line. */
  readonly about: string;
  /** What help says besides. */
  readonly more?: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Whether it reads its arguments itself. */
  readonly takesAll?: true;
  run(io: Io, args: Arguments, report: Report): Promise<ExitCode | number>;
}

// How a run ends: with one of four codes, of which scripts know what to do.

/** Yes, no, nobody could tell, and the command was not understood. */
export const exitCodes = { yes: 0, no: 1, unknown: 2, usage: 64 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * The command cannot be understood, or what it was given cannot be used: cause and cure. Never repeats a credential.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Stable, for scripts. */
  readonly code: UsageCode;

  constructor(code: UsageCode, text: string) {
    super(text);
    this.code = code;
  }
}

/**
 * - `usage`: a command, a flag or a word is wrong or missing.
 * - `credential_in_argument`: every process of the machine can read arguments.
 * - `credential_missing`: there is none at any of the places where one is looked for.
 * - `credential_unreadable`: what is there is no credential, or not all of one.
 * - `file_unreadable`: a file is not there, is a folder, may not be read, or is not what it should be.
 * - `invalid_option`: where Elasticsearch is, or how to trust it, cannot be so.
 * - `invalid_privileges`: there is no such privilege.
 * - `emulator_missing`: the package is not installed.
 */
export type UsageCode =
  | 'usage'
  | 'credential_in_argument'
  | 'credential_missing'
  | 'credential_unreadable'
  | 'file_unreadable'
  | 'invalid_option'
  | 'invalid_privileges'
  | 'emulator_missing';

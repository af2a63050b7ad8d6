// Where a credential comes from: a file, standard input or the environment, and never an argument, which every process
// of the machine can read.

import { UsageError } from '../terminal/exit.js';
import type { Io } from '../terminal/io.js';
import { type Looks, looksOf, secretsOf } from './looks.js';
import { type Recognised, recognise } from './recognise.js';
import { readStream, readTextFile } from './text.js';

/** The variable that holds a credential. */
export const credentialVariable = 'ESAUTH_CREDENTIAL';
export const clientAuthenticationVariable = 'ESAUTH_CLIENT_AUTHENTICATION';

/** A credential to ask with. */
export interface Credential extends Recognised {
  readonly looks: Looks;
  readonly secrets: readonly string[];
  /** Where it was found: `ESAUTH_CREDENTIAL`, `standard input`, or the name of a file. */
  readonly source: string;
}

/**
 * @param flag that names the file, and what follows it; `-` is standard input
 * @throws {UsageError}
 */
export async function credentialOfFile(io: Io, flag: string, file: string): Promise<Credential> {
  const text = file === '-' ? await readStream(io.stdin) : await readTextFile(flag, file);
  return credentialOf(text, file === '-' ? 'standard input' : file);
}

/**
 * The credential in question: of the file that was named, else of the environment, else of what is piped in.
 *
 * @returns `undefined` if there is none at any of these places
 * @throws {UsageError}
 */
export async function findCredential(io: Io, file: string | undefined): Promise<Credential | undefined> {
  if (file !== undefined) return credentialOfFile(io, '--credential-file', file);
  const given = io.env[credentialVariable];
  if (given !== undefined) return credentialOf(given, credentialVariable);
  return io.stdin.isTTY === true ? undefined : credentialOf(await readStream(io.stdin), 'standard input');
}

/** The same without what is piped in, for a command that can do without. */
export async function findOptionalCredential(
  io: Io,
  file: string | undefined,
): Promise<Credential | undefined> {
  if (file === undefined && io.env[credentialVariable] === undefined) return undefined;
  return findCredential(io, file);
}

/** @throws {UsageError} `credential_missing` */
export async function needCredential(io: Io, file: string | undefined): Promise<Credential> {
  const found = await findCredential(io, file);
  if (found !== undefined) return found;
  throw new UsageError(
    'credential_missing',
    `there is no credential: pipe it in, name its file with --credential-file, or set ${credentialVariable}`,
  );
}

/** The secret of a JWT realm, which is no credential by itself. */
export async function findClientAuthentication(
  { env }: Io,
  file: string | undefined,
): Promise<string | undefined> {
  const text =
    file === undefined
      ? env[clientAuthenticationVariable] || undefined
      : await readTextFile('--client-authentication-file', file);
  return text?.trim().replace(/^(?:es-client-authentication\s*:\s*)?(?:sharedsecret\s+)?/i, '');
}

function credentialOf(text: string, source: string): Credential {
  const recognised = recognise(text, `what ${source} holds`);
  const { authorization } = recognised;
  return { ...recognised, looks: looksOf(authorization), secrets: secretsOf(authorization), source };
}

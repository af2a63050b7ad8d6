// The flags of all commands: what each takes, and what is said of it. They are read by Node's own parser.

import { parseArgs } from 'node:util';
import { nearestName } from '@esauth/core';
import { looksLikeCredential } from '../credentials/shapes.js';
import { UsageError } from '../terminal/exit.js';

/** A flag. */
export interface Flag {
  /** What follows it, as help shows it; none: nothing does. */
  readonly takes?: string;
  readonly about: string;
  /** It may be given more than once. */
  readonly several?: true;
  /** What follows is the name of a file, for completion. */
  readonly isFile?: true;
}

/** Of every command. */
export const commonFlags: Readonly<Record<'json' | 'help', Flag>> = {
  json: { about: 'one JSON document instead of lines' },
  help: { about: 'explain the command' },
};

/** Of every command that asks Elasticsearch. */
export const connectionFlags: Readonly<Record<string, Flag>> = {
  node: {
    takes: 'url',
    about: 'where Elasticsearch is; several times, or with commas (ESAUTH_NODES)',
    several: true,
  },
  'cloud-id': { takes: 'id', about: 'the Cloud ID of a deployment, instead' },
  ca: { takes: 'file', about: 'certificates of the authorities to trust, PEM (ESAUTH_CA)', isFile: true },
  'ca-fingerprint': {
    takes: 'sha256',
    about: 'SHA-256 of the certificate of the authority, instead (ESAUTH_CA_FINGERPRINT)',
  },
  servername: { takes: 'name', about: 'the host name to check in the certificate' },
  cert: { takes: 'file', about: 'a certificate of our own, PEM', isFile: true },
  key: { takes: 'file', about: 'its key, PEM', isFile: true },
  proxy: { takes: 'url', about: 'an HTTP proxy, or "environment" for HTTPS_PROXY and NO_PROXY' },
  'timeout-ms': { takes: 'number', about: 'how long an answer may take (default 3000)' },
};

/** Of every command about a credential. */
export const credentialFlags: Readonly<Record<'credential-file' | 'client-authentication-file', Flag>> = {
  'credential-file': {
    takes: 'file',
    about: 'the credential; "-" is standard input (else ESAUTH_CREDENTIAL, else that)',
    isFile: true,
  },
  'client-authentication-file': {
    takes: 'file',
    about: "the JWT realm's shared secret (ESAUTH_CLIENT_AUTHENTICATION)",
    isFile: true,
  },
};

/** What was given on the command line. */
export interface Arguments {
  readonly words: readonly string[];
  /** What followed a flag the last time. */
  value(flag: string): string | undefined;
  values(flag: string): readonly string[];
  has(flag: string): boolean;
}

/** How people try to give a credential. */
const forCredentials: ReadonlySet<string> = new Set([
  ...['u', 'user', 'username', 'password', 'pass', 'p', 'H', 'header', 'authorization', 'auth', 'secret'],
  ...['token', 'bearer', 'bearer-token', 'access-token', 'api-key', 'apikey', 'key-id', 'basic', 'jwt'],
  ...['credential', 'credentials', 'as-admin'],
]);

const noArguments =
  'a credential in an argument can be read by every process of this machine, and stands in the history of the shell: ' +
  'give it by standard input, with --credential-file, or in ESAUTH_CREDENTIAL';

/**
 * @param flags of the command, by their names
 * @throws {UsageError} `usage`, or `credential_in_argument`; never repeats what may be a secret
 */
export function readArguments(args: readonly string[], flags: Readonly<Record<string, Flag>>): Arguments {
  if (args.some(looksLikeCredential)) throw new UsageError('credential_in_argument', noArguments);
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { takes }]) => [
      name,
      { type: takes === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  );
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    // What is wrong is said here, because Node's own sentences repeat what was given.
    strict: false,
    tokens: true,
  });
  const given = new Map<string, (string | undefined)[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName } = token;
    // Taken for what follows, although it is the next flag.
    const isNext = token.inlineValue === false && token.value.startsWith('-') && token.value !== '-';
    const value = isNext ? undefined : token.value;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) throw unknown(rawName, name, Object.keys(flags));
    if (flag.takes === undefined && value !== undefined) {
      throw new UsageError('usage', `--${name} takes nothing after it`);
    }
    if (flag.takes !== undefined && (value === undefined || value === '')) {
      throw new UsageError('usage', `--${name} wants ${flag.takes} after it`);
    }
    const before = given.get(name) ?? [];
    if (before.length > 0 && flag.several === undefined && flag.takes !== undefined) {
      throw new UsageError('usage', `--${name} is given twice`);
    }
    given.set(name, [...before, value]);
  }
  const values = (flag: string) => (given.get(flag) ?? []).filter((value) => value !== undefined);
  return { words: positionals, value: (flag) => values(flag).at(-1), values, has: (flag) => given.has(flag) };
}

function unknown(rawName: string, name: string, known: readonly string[]): UsageError {
  if (forCredentials.has(name)) return new UsageError('credential_in_argument', noArguments);
  const nearest = nearestName(name, known);
  // What follows a short one is read as more of them.
  const shown = rawName.startsWith('--') ? rawName : 'a flag with one dash';
  const meant = nearest === undefined ? '; --help lists what there is' : `; is --${nearest} meant?`;
  return new UsageError('usage', `${shown} is unknown${meant}`);
}

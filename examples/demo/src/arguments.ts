// What the demo was asked for: from its arguments, and for a cluster from the environment too.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Complaint } from './complaint.js';
import type { PasswordSources } from './password.js';
import type { Trust } from './trust.js';

export const usage = `Usage: npm run demo -- [options]

Shows what esauth does, claim by claim: on an emulator of Elasticsearch that it starts, or on a cluster of yours.

  --once                 end after the walk, instead of serving on
  --url <url>            the cluster (or ELASTICSEARCH_URL)
  --ca <file>            the certificate of its authority, PEM (or ELASTICSEARCH_CA)
  --ca-fingerprint <hex> or that certificate's SHA-256 fingerprint (or ELASTICSEARCH_CA_FINGERPRINT)
  --username <name>      who may manage its security (or ELASTICSEARCH_USERNAME; default elastic)
  --password-file <file> holds the password, - is standard input; without it ELASTICSEARCH_PASSWORD has it, or it is
                         asked for. Never an argument: those are seen by everybody on the machine
  --name <text>          what is made there is called esauth-demo-‹text›-…; default something random
  --help                 print this`;

export type Wanted =
  | { readonly help: true }
  | { readonly help: false; readonly once: boolean; readonly cluster?: ClusterOptions };

export interface ClusterOptions {
  readonly url: URL;
  readonly trust: Trust;
  /** The name of the file that `trust.ca` was read from. */
  readonly caFile: string | undefined;
  readonly username: string;
  readonly password: PasswordSources;
  /** What distinguishes the names of this run. */
  readonly name: string | undefined;
}

const flags = {
  once: { type: 'boolean' },
  url: { type: 'string' },
  ca: { type: 'string' },
  'ca-fingerprint': { type: 'string' },
  username: { type: 'string' },
  'password-file': { type: 'string' },
  password: { type: 'string' },
  name: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** @throws {Complaint} if they make no sense. Repeats none of their values but file names: it may be a secret. */
export function readArguments(args: readonly string[], environment: NodeJS.ProcessEnv): Wanted {
  // Before everything else, and however it is written.
  if (args.some((argument) => /^--?p(ass(word)?)?(=|$)/.test(argument))) {
    throw new Complaint(
      'no password as an argument, please: everybody on this machine can see those, and the shell remembers them. ' +
        'Set ELASTICSEARCH_PASSWORD, name a --password-file, or wait to be asked; and if that one was real, change it',
    );
  }
  const values = parse(args);
  if (values.help === true) return { help: true };
  const { once = false, url = environment.ELASTICSEARCH_URL ?? '' } = values;
  if (url === '') {
    const needsUrl = Object.keys(values).find((name) => name !== 'once');
    if (needsUrl !== undefined)
      throw new Complaint(`--${needsUrl} is about a cluster: say which, with --url`);
    return { help: false, once };
  }

  // Options win over the environment, and either of these two over both of the other place.
  const given = values.ca ?? values['ca-fingerprint'];
  const caFile = given === undefined ? environment.ELASTICSEARCH_CA : values.ca;
  const caFingerprint =
    given === undefined ? environment.ELASTICSEARCH_CA_FINGERPRINT : values['ca-fingerprint'];
  const { username = environment.ELASTICSEARCH_USERNAME || 'elastic', name } = values;
  // RFC 7617 §2: what stands before the first colon is the name.
  if (username.includes(':')) throw new Complaint('--username: a user name has no colon');
  if (name !== undefined && !/^[a-z0-9_-]{1,40}$/.test(name)) {
    throw new Complaint('--name: up to 40 of the characters a to z, 0 to 9, _ and -');
  }
  const cluster = {
    url: readUrl(url),
    trust: {
      ...(caFile && { ca: readCa(caFile) }),
      ...(caFingerprint && { caFingerprint }),
    },
    caFile: caFile || undefined,
    username,
    password: { file: values['password-file'], environment: environment.ELASTICSEARCH_PASSWORD },
    name,
  };
  return { help: false, once, cluster };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // The message of this one repeats the argument.
    const stray = code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL';
    const message = error instanceof Error && !stray ? error.message.split('\n')[0] : 'it takes options only';
    throw new Complaint(`${message}; see --help`);
  }
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new Complaint(
      '--url (or ELASTICSEARCH_URL) must be a whole address, such as https://localhost:9200',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new Complaint(
      '--url (or ELASTICSEARCH_URL) must hold no user name or password: everybody on this machine can see arguments. ' +
        'There is --username, and the password comes from ELASTICSEARCH_PASSWORD, a --password-file or the terminal',
    );
  }
  return url;
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    // The message of a system's error names the file and what is wrong with it.
    throw new Complaint(
      `--ca (or ELASTICSEARCH_CA): ${error instanceof Error ? error.message : 'not readable'}`,
    );
  }
}

/** The arguments of the command `esauth-emulator`: what there is, and from them to options. */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isObject } from '../options/option-checks.js';
import type { EmulatorOptions } from '../options/options.js';
import { locationOf, parseJson } from '../wire/json-parser.js';

/** What `--help` prints. */
export const usage = `Usage: npx @esauth/emulator [options]     (esauth-emulator, where it is installed)

Answers as Elasticsearch's security endpoints do, on this machine only, until it is interrupted.

  --port <number>       the port to listen on (default 9200; 0: any free one)
  --host <address>      the address to listen on (default 127.0.0.1)
  --tls                 speak HTTPS; the authority to trust is made at the start and written to a file
  --version <release>   the release to imitate, 7.17 to 9.5 (default 9.5.0)
  --license <type>      trial (default) or basic
  --password <text>     the password of the user elastic (default changeme)
  --users <file>        JSON: users by name, each as the body of PUT /_security/user/{name}
  --roles <file>        JSON: roles by name, each as the body of PUT /_security/role/{name}
  --files <file>        JSON: what stands in the node's own files: users, roles, serviceTokens
  --jwt-realms <file>   JSON: a list of realms for JSON Web Tokens
  --kerberos-tickets <file>
                        JSON: what each ticket leads to
  --crypto-pool <file>  JSON: threads, queue and hashMs for the secrets of API keys
  --token-timeout-ms <number>
                        how long an access token lives (default 1200000)
  --anonymous-roles <names>
                        the roles of requests without credentials, with commas between them
  --anonymous-username <name>
                        whose those requests are (default _anonymous)
  --no-anonymous-authz-exception
                        what those may not do is 401 and not 403
  --no-security, --no-token-service, --no-api-keys, --no-run-as
                        without security, access tokens, API keys, es-security-runas-user
  --seed <text>         the same ids and secrets in every run
  --no-ui               without the page to look at, which is otherwise at /_esauth/
  --stay                where CI is set: stay when the process that started it has ended
  --quiet               print nothing but the address, and with --tls the file of the authority
  --help                print this`;

/** What was asked for. */
export type Arguments = { readonly help: true } | Asked;

/** To start. */
export interface Asked {
  readonly help: false;
  readonly quiet: boolean;
  /** Whether it goes on without the process that started it. */
  readonly stays: boolean;
  readonly options: EmulatorOptions;
}

/** How the value of a flag becomes that of an option. */
type Kind = 'text' | 'number' | 'names' | 'on' | 'off' | 'file' | 'list file';

/** The option that each flag stands for. */
const optionOf: Readonly<Record<string, readonly [option: keyof EmulatorOptions, kind: Kind]>> = {
  port: ['port', 'number'],
  host: ['host', 'text'],
  tls: ['tls', 'on'],
  version: ['version', 'text'],
  license: ['license', 'text'],
  password: ['password', 'text'],
  users: ['users', 'file'],
  roles: ['roles', 'file'],
  files: ['files', 'file'],
  'jwt-realms': ['jwtRealms', 'list file'],
  'kerberos-tickets': ['kerberosTickets', 'file'],
  'crypto-pool': ['cryptoPool', 'file'],
  'token-timeout-ms': ['tokenTimeoutMs', 'number'],
  'anonymous-roles': ['anonymousRoles', 'names'],
  'anonymous-username': ['anonymousUsername', 'text'],
  'no-anonymous-authz-exception': ['anonymousAuthzException', 'off'],
  'no-security': ['security', 'off'],
  'no-token-service': ['tokenService', 'off'],
  'no-api-keys': ['apiKeys', 'off'],
  'no-run-as': ['runAs', 'off'],
  seed: ['seed', 'text'],
  'no-ui': ['ui', 'off'],
};

const isSwitch = (kind: Kind): boolean => kind === 'on' || kind === 'off';

const flags = Object.fromEntries(
  [
    ...Object.entries(optionOf).map(
      ([flag, [, kind]]) => [flag, isSwitch(kind) ? 'boolean' : 'string'] as const,
    ),
    ...(['stay', 'quiet', 'help'] as const).map((flag) => [flag, 'boolean'] as const),
  ].map(([flag, type]) => [flag, { type }]),
);

/** @throws TypeError saying what is wrong with the arguments, or with a file among them */
export function readArguments(args: readonly string[]): Arguments {
  const { help, quiet, stay, ...given } = valuesOf(args);
  if (help === true) return { help: true };
  const options = Object.entries(given).map(([flag, value]) => {
    const [option, kind] = optionOf[flag] ?? unknownFlag(flag);
    return [option, isSwitch(kind) ? kind === 'on' : read(flag, String(value), kind)];
  });
  // What they are is checked with the options themselves.
  return {
    help: false,
    quiet: quiet === true,
    stays: stay === true,
    options: { port: 9200, ...Object.fromEntries(options) } as EmulatorOptions,
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (error) {
    // Of an option it says no more than that there is none.
    throw new TypeError(`${error instanceof Error ? error.message : error}; --help lists what there is`);
  }
}

function unknownFlag(flag: string): never {
  throw new TypeError(`--${flag} is unknown`);
}

function read(flag: string, value: string, kind: Kind): unknown {
  switch (kind) {
    case 'number':
      if (!/^\d{1,9}$/.test(value)) throw new TypeError(`--${flag} must be a whole number`);
      return Number(value);
    case 'names':
      return value.split(',').map((name) => name.trim());
    case 'file':
      return readFile(`--${flag}`, value, isObject, 'an object with a member for each name');
    case 'list file':
      return readFile(`--${flag}`, value, Array.isArray, 'a list');
    default:
      return value;
  }
}

/** The content of a file; what its members are is checked with the option itself. */
function readFile(
  flag: string,
  file: string,
  isFine: (content: unknown) => boolean,
  wanted: string,
): unknown {
  const text = readText(flag, file).replace(/^\ufeff/, '');
  try {
    const content: unknown = JSON.parse(text);
    if (isFine(content)) return content;
  } catch {
    // Its complaint repeats what stands there, such as a password.
    const document = parseJson(text);
    const place = locationOf(document, document.failure?.at ?? text.length);
    throw new TypeError(`${flag}: ${file}:${place}: this is not JSON`);
  }
  throw new TypeError(`${flag}: ${file} must be ${wanted}`);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
};

function readText(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new TypeError(`${flag}: can not read ${file}: ${reasons[code] ?? code}`);
  }
}

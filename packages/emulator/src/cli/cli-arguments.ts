/** The arguments of the command `esauth-emulator`: what there is, and from them to options. */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isObject } from '../options/option-checks.js';
import type { EmulatorOptions } from '../options/options.js';
import { locationOf, parseJson } from '../wire/json-parser.js';

/** What `--help` prints. */
export const usage = `Usage: esauth-emulator [options]

Answers as Elasticsearch's security endpoints do, on this machine only, until it is interrupted.

  --port <number>       the port to listen on (default 9200; 0: any free one)
  --host <address>      the address to listen on (default 127.0.0.1)
  --tls                 speak HTTPS; the authority to trust is made at the start and written to a file
  --version <release>   the release to imitate, 7.17 to 9.5 (default 9.5.0)
  --license <type>      trial (default) or basic
  --password <text>     the password of the user elastic (default changeme)
  --users <file>        JSON: users by name, each as the body of PUT /_security/user/{name}
  --roles <file>        JSON: roles by name, each as the body of PUT /_security/role/{name}
  --no-ui               without the page to look at, which is otherwise at /_esauth/
  --quiet               print nothing but the address, and with --tls the file of the authority
  --help                print this`;

/** What was asked for. */
export type Arguments =
  | { readonly help: true }
  | { readonly help: false; readonly quiet: boolean; readonly options: EmulatorOptions };

const flags = {
  port: { type: 'string' },
  host: { type: 'string' },
  tls: { type: 'boolean' },
  version: { type: 'string' },
  license: { type: 'string' },
  password: { type: 'string' },
  users: { type: 'string' },
  roles: { type: 'string' },
  'no-ui': { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** @throws TypeError saying what is wrong with the arguments, or with a file among them */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({ args: [...args], options: flags, strict: true });
  if (values.help === true) return { help: true };
  const { port = '9200', host, tls = false, version, license, password, users, roles } = values;
  if (!/^\d{1,5}$/.test(port)) throw new TypeError('--port must be a whole number from 0 to 65535');
  if (license !== undefined && license !== 'trial' && license !== 'basic') {
    throw new TypeError('--license must be trial or basic');
  }
  const options: EmulatorOptions = {
    port: Number(port),
    tls,
    ui: values['no-ui'] !== true,
    ...(host !== undefined && { host }),
    ...(version !== undefined && { version }),
    ...(license !== undefined && { license }),
    ...(password !== undefined && { password }),
    ...(users !== undefined && { users: readObject('--users', users) }),
    ...(roles !== undefined && { roles: readObject('--roles', roles) }),
  };
  return { help: false, quiet: values.quiet === true, options };
}

type ByName = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The content of a file; what its members are is checked with the option itself. */
function readObject(flag: string, file: string): ByName {
  const text = readText(flag, file).replace(/^\ufeff/, '');
  try {
    const content: unknown = JSON.parse(text);
    if (isObject(content)) return content as ByName;
  } catch {
    // Its complaint repeats what stands there, such as a password.
    const document = parseJson(text);
    const place = locationOf(document, document.failure?.at ?? text.length);
    throw new TypeError(`${flag}: ${file}:${place}: this is not JSON`);
  }
  throw new TypeError(`${flag}: ${file} must be an object with a member for each name`);
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

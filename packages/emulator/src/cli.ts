/** The same as a command: `esauth-emulator`. */

import { parseArgs } from 'node:util';
import { type Emulator, startEmulator } from './emulator.js';
import type { EmulatorOptions } from './options.js';
import { isLoopbackHost } from './page/guard.js';

const usage = `Usage: esauth-emulator [options]

Answers as Elasticsearch's security endpoints do, on this machine only, until it is interrupted.

  --port <number>       the port to listen on (default 9200; 0: any free one)
  --host <address>      the address to listen on (default 127.0.0.1)
  --version <release>   the release to imitate, 7.17 to 9.5 (default 9.5.0)
  --license <type>      trial (default) or basic
  --password <text>     the password of the user elastic (default changeme)
  --no-ui               without the page to look at, which is otherwise at /_esauth/
  --quiet               print nothing but the address
  --help                print this`;

const flags = {
  port: { type: 'string' },
  host: { type: 'string' },
  version: { type: 'string' },
  license: { type: 'string' },
  password: { type: 'string' },
  'no-ui': { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

function readFlags(): { options: EmulatorOptions; quiet: boolean; help: boolean } {
  const { values } = parseArgs({ options: flags, strict: true });
  const { port = '9200', host, version, license, password, quiet = false, help = false } = values;
  if (!/^\d{1,5}$/.test(port)) throw new TypeError('--port must be a whole number from 0 to 65535');
  if (license !== undefined && license !== 'trial' && license !== 'basic') {
    throw new TypeError('--license must be trial or basic');
  }
  const options: EmulatorOptions = {
    port: Number(port),
    ...(host !== undefined && { host }),
    ...(version !== undefined && { version }),
    ...(license !== undefined && { license }),
    ...(password !== undefined && { password }),
    ui: !values['no-ui'],
  };
  return { options, quiet, help };
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `esauth-emulator: ${text.replace(/^startEmulator: /, '').replace(/\s*\n\s*/g, ' ')}`;
}

/** A word of a shell, whatever characters it has. */
function quoted(text: string): string {
  return /^[\w:/.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function introduction(
  { url, username, password }: Emulator,
  { ui, host = 'localhost' }: EmulatorOptions,
): string {
  const user = quoted(`${username}:${password}`);
  return `Elasticsearch emulator at ${url}
  user      ${username}
  password  ${password}${ui && isLoopbackHost(host) ? `\n  page      ${url}/_esauth/` : ''}

Try:
  curl -u ${user} ${quoted(`${url}/_security/_authenticate?pretty`)}
  curl -u ${user} -H 'content-type: application/json' -d '{"grant_type":"client_credentials"}' ${url}/_security/oauth2/token
  curl -u ${user} -H 'content-type: application/json' -d '{"name":"my-key"}' ${url}/_security/api_key`;
}

async function main(): Promise<void> {
  const { options, quiet, help } = readFlags();
  if (help) {
    console.log(usage);
    return;
  }
  const emulator = await startEmulator(options);
  console.log(quiet ? emulator.url : introduction(emulator, options));
  const stop = (): void => {
    // Nothing else keeps the process alive.
    void emulator.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  console.error(oneLine(error));
  process.exitCode = error instanceof TypeError ? 2 : 1;
});

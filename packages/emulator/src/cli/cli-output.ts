/** What the command `esauth-emulator` prints. */

import { type Exchange, shownTarget } from '../controls/request-log.js';
import type { Emulator } from '../emulator.js';

/** What there is to show of an emulator beside itself. */
export interface Shown {
  /** Where the authority is written, if there is one. */
  readonly caFile: string | undefined;
  /** Whether the page to look at is there. */
  readonly hasPage: boolean;
  /** A header that is ready to be sent, if there is one. */
  readonly authorization: string | undefined;
}

/** Where the emulator is, who may ask, and how. */
export function introduction({ url, username, password }: Emulator, shown: Shown): string {
  const { caFile, hasPage, authorization } = shown;
  const curl = `curl ${caFile === undefined ? '' : `--cacert ${word(caFile)} `}-u ${word(`${username}:${password}`)}`;
  const json = "-H 'content-type: application/json'";
  const facts = [
    `user      ${username}`,
    `password  ${printable(password)}`,
    ...(caFile === undefined ? [] : [`authority ${printable(caFile)}`]),
    ...(hasPage ? [`page      ${url}/_esauth/`] : []),
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
  ];
  return `Elasticsearch emulator at ${url}
  ${facts.join('\n  ')}

Try:
  ${curl} ${word(`${url}/_security/_authenticate?pretty`)}
  ${curl} ${json} -d '{"grant_type":"client_credentials"}' ${word(`${url}/_security/oauth2/token`)}
  ${curl} ${json} -d '{"name":"my-key"}' ${word(`${url}/_security/api_key`)}
`;
}

/** What it means to listen where others can reach it. */
export function exposure(host: string): string {
  return `esauth-emulator: other machines can reach it at ${printable(host)}, and its passwords are no secret; only 127.0.0.1 is private`;
}

/** A word of a POSIX shell, whatever characters it has. */
function word(text: string): string {
  return /^[\w:/.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const longest = 200;

/**
 * A request that is over, in one line: method, path, status, milliseconds, who. Whatever a terminal would obey
 * is written as its code.
 */
export function logLine({ record: { method, path, status }, who }: Exchange, ms: number): string {
  return printable(
    `${method} ${short(shownTarget(path))} ${status ?? '-'} ${ms.toFixed(1)} ms ${short(who ?? '-')}`,
  );
}

function short(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function printable(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Why the command can not go on, in one line. */
export function complaint(
  error: unknown,
  where: { readonly host?: string; readonly port?: number } = {},
): string {
  const { host = '127.0.0.1', port } = where;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} of ${host} is in use; --port 0 takes any free one`,
    EACCES: `port ${port} is for privileged users; take one above 1023`,
    EADDRNOTAVAIL: `${host} is no address of this machine`,
    ENOTFOUND: `nothing is known of a host ${host}`,
  };
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  const code = cause !== undefined && 'code' in cause ? String(cause.code) : '';
  const text = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return `esauth-emulator: ${printable(text.replace(/^startEmulator: /, '').replace(/\s*\n\s*/g, ' '))}`;
}

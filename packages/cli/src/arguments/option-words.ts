// Core says which option cures what; here an option has the name of its flag.

import { ConfigurationError, unworded } from '@esauth/core';
import { UsageError } from '../terminal/exit.js';

/** Longer names first: each is looked for in what the ones before have left. */
const flagOf: readonly (readonly [RegExp, string])[] = [
  // A flag takes the path of a file.
  [
    / as a PEM string or Buffer, or a list of them: what is in the file, not its path/g,
    ' in PEM, as http_ca.crt is',
  ],
  [/, and tls\.passphrase must open it/g, ', without a passphrase'],
  [/\btls\.caFingerprint\b/g, '--ca-fingerprint'],
  [/\btls\.servername\b/g, '--servername'],
  [/\btls\.cert\b/g, '--cert'],
  [/\btls\.key\b/g, '--key'],
  [/\btls\.ca\b/g, '--ca'],
  [/\bupstream\.timeoutMs\b/g, '--timeout-ms'],
  [/\bclientAuthentication\b/g, '--client-authentication-file'],
  [/\bcloudId\b/g, '--cloud-id'],
  [/\b(?:in|of) nodes\b/g, 'in the address'],
  [/\bnodes has to lead to\b/g, 'the address has to lead to'],
  [/\bwhat nodes leads to\b/g, 'what the address leads to'],
  [/\bcheck nodes\b/g, 'check the address'],
  [/\bnodes: /g, 'the address: '],
];

/** @param message of an error of core's, or the text of one */
export function inFlags(message: string): string {
  return flagOf.reduce((text, [option, flag]) => text.replace(option, flag), unworded(message));
}

/** What an option is wrong in, as a mistake of whoever typed it. */
export function usageOf(error: unknown): unknown {
  return error instanceof ConfigurationError
    ? new UsageError('invalid_option', inFlags(error.message))
    : error;
}

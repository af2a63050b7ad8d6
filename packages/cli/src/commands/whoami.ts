// `esauth whoami`: the identity, as a verifier sees it.

import type { Verdict, Verifier } from '@esauth/core';
import { readReach } from '../arguments/connection.js';
import type { Arguments } from '../arguments/flags.js';
import { commonFlags, connectionFlags, credentialFlags } from '../arguments/flags.js';
import { inFlags } from '../arguments/option-words.js';
import { openVerifier } from '../asking/verifier.js';
import { withoutSecrets } from '../asking/without-secrets.js';
import { type Credential, findClientAuthentication, needCredential } from '../credentials/credential.js';
import { type ExitCode, exitCodes, UsageError } from '../terminal/exit.js';
import type { Io } from '../terminal/io.js';
import type { Report } from '../terminal/report.js';
import type { Command } from './command.js';
import { identityRows } from './identity-lines.js';

export const whoami: Command = {
  name: 'whoami',
  usage: '',
  about: 'whose is this credential?',
  more: 'Exit code: 0 it is somebody’s, 1 it is refused, 2 no verdict.',
  flags: { ...connectionFlags, ...credentialFlags, ...commonFlags },

  async run(io, args, report) {
    if (args.words.length > 0) {
      throw new UsageError('usage', 'whoami takes no words: the address goes after --node');
    }
    const { verifier, credential } = await verifierFor(io, args, report);
    try {
      const verdict = await verifier.verify(credential.authorization);
      if (verdict.kind !== 'authenticated') return sayNo(verdict, report);
      const identity = withoutSecrets(verdict.identity, credential.secrets);
      report.table(identityRows(identity));
      report.data({ verdict: 'authenticated', identity });
      return exitCodes.yes;
    } finally {
      await verifier.close();
    }
  },
};

/** What commands about one credential ask. @throws {UsageError} */
export async function verifierFor(
  io: Io,
  args: Arguments,
  report: Report,
): Promise<{ readonly verifier: Verifier; readonly credential: Credential }> {
  const reach = await readReach(io, args);
  const credential = await needCredential(io, args.value('credential-file'));
  report.conceal(credential.secrets);
  const clientAuthentication = await findClientAuthentication(io, args.value('client-authentication-file'));
  if (clientAuthentication !== undefined) report.conceal([clientAuthentication]);
  return { verifier: openVerifier(reach, clientAuthentication), credential };
}

/** Refused, or no verdict. */
export function sayNo(
  verdict: Exclude<Verdict, { readonly kind: 'authenticated' }>,
  report: Report,
): ExitCode {
  const isRefused = verdict.kind === 'rejected';
  const cause = verdict.kind === 'unavailable' ? inFlags(verdict.cause.message) : undefined;
  report.say(
    { text: isRefused ? 'refused' : 'no verdict', as: isRefused ? 'no' : 'unknown' },
    ` (${verdict.code})`,
    cause === undefined ? '; esauth explain says why' : `: ${cause}`,
  );
  report.data({
    verdict: isRefused ? 'rejected' : 'unavailable',
    code: verdict.code,
    ...(cause && { cause }),
  });
  return isRefused ? exitCodes.no : exitCodes.unknown;
}

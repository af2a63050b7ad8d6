// `esauth can-i`: yes or no, for one or several privileges.

import { strikeOut } from '@esauth/core';
import { commonFlags, connectionFlags, credentialFlags } from '../arguments/flags.js';
import { isGranted, mistakeIn, questionOf, readQuestions } from '../arguments/privileges.js';
import { exitCodes } from '../terminal/exit.js';
import type { Command } from './command.js';
import { sayNo, verifierFor } from './whoami.js';

export const canI: Command = {
  name: 'can-i',
  usage: 'read index:docs | monitor | write app:orders/* …',
  about: 'may whoever has this credential do that?',
  more: `A privilege before index:‹names› is one on indices, before app:‹application›/‹resource› one of an application,
and alone one on the cluster. Several at once, each side with commas: read,write index:docs,logs-* monitor.
Exit code: 0 all yes, 1 at least one no, or the credential is refused, 2 no verdict.`,
  flags: { ...connectionFlags, ...credentialFlags, ...commonFlags },

  async run(io, args, report) {
    const asked = readQuestions(args.words);
    const { verifier, credential } = await verifierFor(io, args, report);
    try {
      const verdict = await verifier.hasPrivileges(credential.authorization, questionOf(asked));
      if (verdict.kind !== 'answered') return sayNo(verdict, report);
      const answers = asked.map((each) => ({ ...each, granted: isGranted(each, verdict.privileges) }));
      report.table([
        [
          { text: 'PRIVILEGE', as: 'faint' },
          { text: 'ON', as: 'faint' },
          { text: strikeOut(verdict.identity.username, credential.secrets), as: 'faint' },
        ],
        ...answers.map(({ privilege, resource, granted }) => [
          privilege,
          resource ?? 'the cluster',
          { text: granted ? 'yes' : 'no', as: granted ? ('yes' as const) : ('no' as const) },
        ]),
      ]);
      const all = answers.every(({ granted }) => granted);
      report.data({
        verdict: 'answered',
        subject: strikeOut(verdict.identity.subject, credential.secrets),
        all,
        answers: answers.map(({ resource = null, ...rest }) => ({ ...rest, resource })),
      });
      return all ? exitCodes.yes : exitCodes.no;
    } catch (error) {
      throw mistakeIn(asked, error);
    } finally {
      await verifier.close();
    }
  },
};

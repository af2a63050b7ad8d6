// `esauth explain`: why a credential is refused, or accepted.

import { readReach } from '../arguments/connection.js';
import { commonFlags, connectionFlags, credentialFlags } from '../arguments/flags.js';
import { mistakeIn, readQuestions } from '../arguments/privileges.js';
import { credentialOfFile, findClientAuthentication, needCredential } from '../credentials/credential.js';
import type { Findings } from '../explaining/administrator.js';
import { type Explanation, explain as explainIt } from '../explaining/explanation.js';
import { type ExitCode, exitCodes, UsageError } from '../terminal/exit.js';
import type { Piece, Report } from '../terminal/report.js';
import type { Command } from './command.js';
import { identityRows, looksRows } from './identity-lines.js';
import { keyRows } from './key-lines.js';

type Row = readonly Piece[];

export const explain: Command = {
  name: 'explain',
  usage: '[--as-admin-file file] [--for "read index:docs"]',
  about: 'why is this credential refused, or accepted?',
  more: `Where Elasticsearch says the same of several causes, all are named, the likelier first; the credential of an
administrator (read_security or manage_api_key; monitor for licence and clock) tells some of them apart.
Exit code: 0 accepted, and may do what --for asks; 1 refused, or it may not; 2 nobody could tell.`,
  flags: {
    'as-admin-file': {
      takes: 'file',
      about: "an administrator's credential, to look up the key or the user",
      isFile: true,
    },
    for: { takes: 'privileges', about: 'what it should be able to do, as in can-i', several: true },
    ...connectionFlags,
    ...credentialFlags,
    ...commonFlags,
  },

  async run(io, args, report) {
    const reach = await readReach(io, args);
    if (args.words.length > 0)
      throw new UsageError(
        'usage',
        'explain takes no words: what it should do goes after --for, in one pair of quotes',
      );
    const asked = args.has('for') ? readQuestions(args.values('for')) : [];
    const adminFile = args.value('as-admin-file');
    if (adminFile === '-' && args.value('credential-file') === '-') {
      throw new UsageError('usage', '--as-admin-file and --credential-file cannot both be standard input');
    }
    const administrator =
      adminFile === undefined ? undefined : await credentialOfFile(io, '--as-admin-file', adminFile);
    report.conceal(administrator?.secrets ?? []);
    const credential = await needCredential(io, args.value('credential-file'));
    report.conceal(credential.secrets);
    const clientAuthentication = await findClientAuthentication(io, args.value('client-authentication-file'));
    if (clientAuthentication !== undefined) report.conceal([clientAuthentication]);
    try {
      const explanation = await explainIt({ credential, clientAuthentication, administrator, asked }, reach);
      report.table([...looksRows(credential), ...saidRows(explanation)]);
      say(explanation, report);
      const { source, taken, looks } = credential;
      report.data({ credential: { source, taken, looks }, ...explanation });
      return exitOf(explanation);
    } catch (error) {
      throw mistakeIn(asked, error);
    }
  },
};

function exitOf({ accepted, may, mayNot }: Explanation): ExitCode {
  if (accepted === undefined) return exitCodes.unknown;
  if (!accepted) return exitCodes.no;
  if (mayNot !== undefined) return exitCodes.unknown;
  return may?.every(({ granted }) => granted) === false ? exitCodes.no : exitCodes.yes;
}

function say({ accepted, identity, verdict, causes, findings, may, mayNot }: Explanation, report: Report) {
  report.say();
  if (accepted === true) report.say({ text: 'accepted', as: 'yes' });
  else if (accepted === false) report.say({ text: 'refused', as: 'no' }, ` (an application says ${verdict})`);
  else report.say({ text: 'nobody could tell', as: 'unknown' }, ` (an application says ${verdict})`);
  if (identity !== undefined) report.table(identityRows(identity), '  ');
  if (causes.length > 1) report.say('  one of these, and Elasticsearch does not say which:');
  for (const { text, cure, code } of causes) {
    report.say('  ', { text, as: 'strong' }, ` (${code})`);
    report.say(`  -> ${cure}`);
  }
  if (findings !== undefined) sayFindings(findings, report);
  if (may !== undefined || mayNot !== undefined) {
    report.say();
    report.say('what it may do');
    if (mayNot !== undefined) report.say(`  ${mayNot}`);
    report.table(
      (may ?? []).map(({ privilege, resource, granted }) => [
        privilege,
        resource ?? 'the cluster',
        { text: granted ? 'yes' : 'no', as: granted ? ('yes' as const) : ('no' as const) },
      ]),
      '  ',
    );
  }
}

/** Elasticsearch's own words. */
function saidRows({ words, status, node }: Explanation): readonly Row[] {
  if (words === undefined) return [];
  const all = [words.reason, ...words.tried, ...(words.cause === undefined ? [] : [words.cause])];
  return [['it says', `${status}, ${all.join('; ')} (${node})`]];
}

function sayFindings({ key, user, licence, offsetMs, problems }: Findings, report: Report): void {
  report.say();
  report.say('what the administrator sees');
  const rows: Row[] = [];
  if (key === null) rows.push(['API key', 'there is none with this id in this cluster']);
  else if (key !== undefined) rows.push(...keyRows(key, Date.now() + (offsetMs ?? 0)));
  if (user === null) rows.push(['user', 'none of this name in the native realm, and no reserved one']);
  else if (user !== undefined) {
    rows.push(['user', user.enabled ? 'enabled' : 'disabled'], ['roles', user.roles.join(', ') || 'none']);
  }
  if (licence !== undefined) rows.push(['licence', `${licence.type}, ${licence.status}`]);
  if (offsetMs !== undefined) {
    const seconds = (offsetMs / 1_000).toFixed(1);
    rows.push(['clock', offsetMs === 0 ? 'as ours, to the second' : `${seconds} s from ours`]);
  }
  for (const problem of problems) rows.push([{ text: 'not known', as: 'unknown' }, problem]);
  report.table(rows, '  ');
}

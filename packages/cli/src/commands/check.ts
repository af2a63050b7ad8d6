// `esauth check`: node by node, and step by step as it is known.

import { readReach } from '../arguments/connection.js';
import { commonFlags, connectionFlags, credentialFlags } from '../arguments/flags.js';
import { openAsker } from '../asking/elasticsearch.js';
import { checkNode } from '../checking/node-check.js';
import type { Step, StepName } from '../checking/step.js';
import { findOptionalCredential } from '../credentials/credential.js';
import { exitCodes } from '../terminal/exit.js';
import type { State } from '../terminal/report.js';
import type { Command } from './command.js';

const marks: Readonly<Record<State, string>> = { yes: 'ok', no: 'NO', unknown: '?', warning: '!' };

/** Of what has to be known; of the rest it is good to know. */
const decisive: ReadonlySet<StepName> = new Set(['name', 'connection', 'tls', 'elasticsearch']);

export const check: Command = {
  name: 'check',
  usage: 'https://es:9200 …',
  about: 'are these nodes Elasticsearch, can they be trusted, and what do they offer?',
  more: `A credential is not needed. One with the cluster privilege monitor tells version, licence and clock.
Exit code: 0 all is well, 1 a node is not as it should be, 2 a node could not be asked.`,
  flags: {
    ...connectionFlags,
    'credential-file': credentialFlags['credential-file'],
    ...commonFlags,
  },

  async run(io, args, report) {
    const reach = await readReach(io, args, args.words);
    const credential = await findOptionalCredential(io, args.value('credential-file'));
    report.conceal(credential?.secrets ?? []);
    const asker = openAsker(reach);
    await asker.close();
    const nodes: { readonly node: string; readonly steps: readonly Step[] }[] = [];
    for (const node of asker.nodes) {
      report.say({ text: node.replace(/\/$/, ''), as: 'strong' });
      const steps: Step[] = [];
      for await (const step of checkNode(node, reach, credential)) {
        steps.push(step);
        report.say(
          '  ',
          { text: marks[step.state].padEnd(3), as: step.state },
          `${step.step.padEnd(14)} ${step.text}`,
        );
        for (const line of step.details ?? []) report.say(`${' '.repeat(20)}${line}`);
        if (step.cure !== undefined) report.say(`${' '.repeat(20)}-> ${step.cure}`);
      }
      nodes.push({ node, steps });
    }
    const all = nodes.flatMap(({ steps }) => steps);
    const isNo = all.some(({ state }) => state === 'no');
    const isUnknown = all.some(({ state, step }) => state === 'unknown' && decisive.has(step));
    report.data({ ok: !isNo && !isUnknown, nodes });
    return isNo ? exitCodes.no : isUnknown ? exitCodes.unknown : exitCodes.yes;
  },
};

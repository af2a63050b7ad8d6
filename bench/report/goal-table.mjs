// The table of what is to be reached, with what was: bold is what falls short, and below it stands why.

import { figure } from '../measure/table.mjs';

/**
 * @param {typeof import('../goals.mjs').goals} goals
 * @param {import('./results.mjs').Results} results
 */
export function goalTable(goals, results) {
  const rows = goals.map(({ what, today, parts }) => {
    const wanted = parts.map((part) => label(part, bound(part)));
    const reached = parts.map((part) => label(part, found(part, part.read(results))));
    return `| ${what} | ${today} | ${wanted.join('; ')} | ${reached.join('; ')} |`;
  });
  const short = goals.flatMap(({ parts }) => parts).filter((part) => isShort(part, part.read(results)));
  const total = goals.flatMap(({ parts }) => parts).length;
  const unknown = goals.flatMap(({ parts }) => parts).filter((part) => part.read(results) === undefined);
  return [
    '## To reach',
    `Of ${total} goals ${total - short.length - unknown.length} are reached, ${short.length} are not (bold), and ` +
      `${unknown.length} were not measured (–). Instructions where they were counted, else time.`,
    ['| what | before | goal | reached |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    ...reasons(goals, results),
  ].join('\n\n');
}

/** Of goals that fall short, by what and why. */
function reasons(goals, results) {
  const told = goals.filter(
    ({ why, parts }) => why !== undefined && parts.some((part) => isShort(part, part.read(results))),
  );
  if (told.length === 0) return [];
  return ['### What falls short, and why', told.map(({ what, why }) => `- **${what}.** ${why}`).join('\n')];
}

const label = ({ of }, text) => (of === '' ? text : `${of} ${text}`);

function bound({ atMost, atLeast, unit = '' }) {
  return atMost === undefined ? `≥ ${figure(atLeast)}${unit}` : `≤ ${figure(atMost)}${unit}`;
}

function found(part, value) {
  if (value === undefined) return '–';
  const text = `${figure(value)}${part.unit ?? ''}`;
  return isShort(part, value) ? `**${text}**` : text;
}

function isShort({ atMost, atLeast }, value) {
  if (value === undefined) return false;
  return atMost === undefined ? value < atLeast : value > atMost;
}

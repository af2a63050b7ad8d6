// One changelog for all packages, since they have one version: `CHANGELOG.md` at the root, written for the person who
// upgrades. What asks something of the reader comes first.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const headings = { major: 'What you have to change', minor: 'What is new', patch: 'What is mended' };

/** What the changelog says of a version, without its heading; `undefined` if there is nothing. */
export function entryOf(root, version) {
  const file = join(root, 'CHANGELOG.md');
  if (!existsSync(file)) return undefined;
  const sections = readFileSync(file, 'utf8').split(/^## /m);
  const found = sections.find((section) => section.split(/[\s,]/)[0] === version);
  const text = found?.slice(found.indexOf('\n')).trim();
  return text === '' ? undefined : text;
}

/** Puts an entry on top of the others. */
export function addEntry(root, entry) {
  const file = join(root, 'CHANGELOG.md');
  const text = readFileSync(file, 'utf8');
  const at = text.search(/^## /m);
  writeFileSync(
    file,
    at === -1 ? `${text.trimEnd()}\n\n${entry}` : `${text.slice(0, at)}${entry}\n${text.slice(at)}`,
  );
}

/**
 * The entry of a version.
 *
 * @param changesets as changesets reads them: `{ summary, releases: [{ name, type }] }`
 */
export function entryFor(version, date, changesets) {
  const sections = Object.entries(headings).flatMap(([type, heading]) => {
    const ofType = changesets.filter(({ releases }) => largest(releases) === type);
    return ofType.length === 0 ? [] : [`### ${heading}\n\n${ofType.map(itemOf).join('\n')}\n`];
  });
  return `## ${version}, ${date}\n\n${sections.join('\n')}`;
}

function itemOf({ summary, releases }) {
  const names = releases.map(({ name }) => name.split('/').at(-1)).sort();
  const [first, ...rest] = summary.trim().split('\n');
  return [
    `- **${names.join(', ')}**: ${first}`,
    ...rest.map((line) => (line === '' ? '' : `  ${line}`)),
  ].join('\n');
}

function largest(releases) {
  return Object.keys(headings).find((type) => releases.some((release) => release.type === type));
}

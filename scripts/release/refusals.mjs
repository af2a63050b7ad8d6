// What keeps a release from being made, as far as it can be seen before anything is built. Each is one sentence with
// its cause and its cure; all of them are looked for, so that nobody mends one to hear of the next.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryOf } from './changelog.mjs';

/**
 * @param resume leaves out what npm has already
 * @returns the sentences, and the packages that are to be published
 */
export async function refusals(root, packages, { isDry, resume }) {
  const [{ version }] = packages;
  const taken = await registered(root, packages);
  const left = resume ? packages.filter(({ name }) => !taken.names.includes(name)) : packages;
  const refused = [
    ...ofTree(root),
    ...ofPlace(root, version, isDry),
    ...ofVersions(packages),
    ...ofChangesets(root),
    ...ofChangelog(root, version),
    ...packages.flatMap((each) => ofFiles(root, each)),
    ...packages.flatMap((each) => ofNeeds(packages, each)),
    ...taken.refused,
    ...(resume ? ofRest(left, version) : ofTaken(taken.names, version)),
  ];
  return { refused, packages: left };
}

function ofTree(root) {
  const changed = git(root, 'status', '--porcelain').split('\n').filter(Boolean);
  if (changed.length === 0) return [];
  const more = changed.length === 1 ? '' : ` and ${changed.length - 1} more`;
  return [
    `the work tree is not what is committed (${changed[0].slice(3)}${more}): ` +
      'commit or stash it, so that what is published can be found again.',
  ];
}

/** `main`, or the tag of this version; publishing is the workflow's, for only there a provenance can be made. */
function ofPlace(root, version, isDry) {
  const tag = `v${version}`;
  const isTagged = git(root, 'tag', '--points-at', 'HEAD').split('\n').includes(tag);
  if (!isDry) {
    const refused = isTagged
      ? []
      : [`this commit has not the tag ${tag}: \`git tag ${tag}\` on main, and push the tag.`];
    return process.env.ACTIONS_ID_TOKEN_REQUEST_URL === undefined
      ? [
          ...refused,
          `publishing needs the workflow’s identity for its provenance: push the tag ${tag}, or add --dry-run to look.`,
        ]
      : refused;
  }
  const branch = git(root, 'branch', '--show-current');
  if (branch === 'main' || isTagged) return [];
  const here = branch === '' ? 'no branch and no tag' : `the branch ${branch}`;
  return [`this is ${here}, and releases are made of main: \`git switch main\`.`];
}

function ofVersions([first, ...rest]) {
  const other = rest.find(({ version }) => version !== first.version);
  if (other === undefined) return [];
  return [
    `${first.name} is ${first.version} and ${other.name} is ${other.version}, and all packages have one version: ` +
      '`npm run release:version` gives them one.',
  ];
}

function ofChangesets(root) {
  const folder = join(root, '.changeset');
  const pending = existsSync(folder)
    ? readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md')
    : [];
  if (pending.length === 0) return [];
  return [
    `.changeset/${pending[0]} is in no version yet: \`npm run release:version\`, and commit what it writes.`,
  ];
}

function ofChangelog(root, version) {
  if (entryOf(root, version) !== undefined) return [];
  return [
    `CHANGELOG.md says nothing of ${version}: \`npm run release:version\` writes it from the changesets.`,
  ];
}

/** What npm's visitor looks for in every package. */
function ofFiles(root, { name, folder, files, license: named }) {
  const needed = { LICENSE: 'its own, a copy of the one at the root', 'README.md': 'its own' };
  const refused = Object.entries(needed)
    .filter(([file]) => !existsSync(join(folder, file)))
    .map(([file, whose]) => `${name} has no ${file}: every package is published with ${whose}.`);
  const license = join(folder, 'LICENSE');
  if (existsSync(license) && readFileSync(license, 'utf8') !== readFileSync(join(root, 'LICENSE'), 'utf8')) {
    refused.push(`the LICENSE of ${name} is not the one at the root: copy that.`);
  }
  const { license: wanted } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (named !== wanted) {
    refused.push(
      `package.json of ${name} has the license ${named ?? 'of nobody'}, and the one at the root ${wanted}: write that.`,
    );
  }
  if (!Array.isArray(files) || files.length === 0) {
    refused.push(
      `${name} does not say which files are published: list them as \`files\` in its package.json.`,
    );
  }
  return refused;
}

/** What is installed with a package has to be on npm too. */
function ofNeeds(packages, { name, dependencies, peerDependencies, optionalDependencies }) {
  const ours = Object.entries({ ...dependencies, ...peerDependencies, ...optionalDependencies })
    .filter(([, range]) => range.startsWith('workspace:'))
    .map(([needed]) => needed);
  return ours
    .filter((needed) => !packages.some((each) => each.name === needed))
    .map((needed) => `${name} needs ${needed}, which is private: publish that too, or do without it.`);
}

/** Which of the packages the registry has in this version, by npm's own configuration. */
async function registered(root, packages) {
  const address = registryOf(root, packages[0].name.split('/')[0]);
  const names = [];
  const refused = [];
  for (const { name, version } of packages) {
    try {
      const versions = await versionsOf(new URL(name.replace('/', '%2f'), address));
      if (versions.includes(version)) names.push(name);
    } catch ({ message, cause }) {
      const said = cause?.message ?? message;
      refused.push(`the registry does not say whether it has ${name} (${said}): try again when it does.`);
    }
  }
  return { names, refused };
}

/** What does not say so is not taken for a registry that has nothing: an error page, or somebody's proxy. */
async function versionsOf(url) {
  // npm's own setting; its default of five minutes, for each package, is for downloads.
  const ms = Number(process.env.npm_config_fetch_timeout ?? 30_000);
  const answer = await fetch(url, { signal: AbortSignal.timeout(ms) });
  if (answer.status === 404) return [];
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  const said = await answer.text();
  let known;
  try {
    known = JSON.parse(said)?.versions;
  } catch {
    throw new Error('its answer is no JSON');
  }
  if (typeof known !== 'object' || known === null) throw new Error('its answer names no versions');
  return Object.keys(known);
}

/** Where npm would publish a scope, by its environment or, which takes longer to ask, its files. */
function registryOf(root, scope) {
  const { [`npm_config_${scope}:registry`]: ofScope, npm_config_registry: ofAll } = process.env;
  return ofScope ?? ofAll ?? configured(root, `${scope}:registry`) ?? configured(root, 'registry');
}

function configured(root, key) {
  const options = { cwd: root, shell: process.platform === 'win32', encoding: 'utf8' };
  const stdio = ['ignore', 'pipe', 'ignore'];
  const said = execFileSync('npm', ['config', 'get', key], { ...options, stdio }).trim();
  return said === 'undefined' ? undefined : said;
}

function ofTaken(names, version) {
  if (names.length === 0) return [];
  const [first, ...rest] = names;
  const more = rest.length === 0 ? '' : ` and ${rest.length} more`;
  return [
    `npm already has ${first} ${version}${more}, and takes no version twice: write a changeset and run ` +
      '`npm run release:version`, or go on with a release that stopped in the middle by --resume.',
  ];
}

function ofRest(left, version) {
  if (left.length > 0) return [];
  return [
    `npm already has all packages as ${version}, so that there is nothing to resume: ` +
      'leave --resume out for the next version.',
  ];
}

function git(root, ...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trimEnd();
}

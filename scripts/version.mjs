// The next version, from the changesets: `npm run release:version`. Writes their sentences into `CHANGELOG.md`, has
// changesets raise all packages to one version, and takes the changesets away. What is left is to read it and commit.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import getReleasePlan from '@changesets/get-release-plan';
import { addEntry, entryFor } from './release/changelog.mjs';

const root = process.cwd();
const { changesets, releases } = await (getReleasePlan.default ?? getReleasePlan)(root);
if (changesets.length === 0) {
  console.error(
    'release:version: there is no changeset, so that there is nothing to release; `npx changeset` writes one.',
  );
  process.exit(1);
}
const [{ newVersion }] = releases;
addEntry(root, entryFor(newVersion, new Date().toISOString().slice(0, 10), changesets));
const command = createRequire(import.meta.url).resolve('@changesets/cli/bin.js');
execFileSync(process.execPath, [command, 'version'], { cwd: root, stdio: 'inherit' });

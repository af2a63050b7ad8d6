// Makes a release: `npm run release -- --dry-run` looks at everything that would keep one from being made, builds and
// packs, and prints what would be published; without `--dry-run` it also publishes, which only the workflow does.
// What it refuses, it refuses in one sentence each, with the cure (`release/refusals.mjs`, `release/packed.mjs`).
//
// -- --dry-run  publishes nothing
// -- --resume   leaves out what npm has already: for a release that stopped in the middle

import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { entryOf } from './release/changelog.mjs';
import { pack, refusalsOfPacked } from './release/packed.mjs';
import { refusals } from './release/refusals.mjs';
import { writeSbom } from './release/sbom.mjs';
import { packagesIn } from './release/workspace.mjs';

const { values } = parseArgs({
  options: {
    'dry-run': { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
  },
});
const root = process.cwd();
const folder = `${root}/node_modules/.cache/release`;
const shell = process.platform === 'win32';

const packages = packagesIn(root);
const [{ version }] = packages;
const wanted = await refusals(root, packages, { isDry: values['dry-run'], resume: values.resume });
endIfAny(wanted.refused);

execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit', shell });
rmSync(folder, { recursive: true, force: true });
const tarballs = pack(root, folder, wanted.packages);
endIfAny(await refusalsOfPacked(wanted.packages, tarballs));
const sbom = writeSbom(folder, version, packages, tarballs);
writeFileSync(`${folder}/notes.md`, `${entryOf(root, version)}\n`);

for (const { name } of wanted.packages) {
  const { file, files, bytes } = tarballs[name];
  console.log(`${name}@${version}  ${files.length} files, ${(bytes / 1_000).toFixed(1)} kB`);
  if (!values['dry-run']) {
    execFileSync('npm', ['publish', file, '--provenance', '--access', 'public'], {
      cwd: folder,
      stdio: 'inherit',
      shell,
    });
  }
}
console.log(`${relative(root, sbom.file)}: ${sbom.components} components`);
const number =
  wanted.packages.length < packages.length
    ? `${wanted.packages.length} of ${packages.length}`
    : packages.length;
console.log(
  values['dry-run']
    ? `${number} packages would be published as ${version}; nothing was.`
    : `${number} packages are published as ${version}.`,
);

function endIfAny(refused) {
  if (refused.length === 0) return;
  for (const sentence of refused) console.error(`release: ${sentence}`);
  process.exit(1);
}

// The bill of materials of a release (CycloneDX): our packages and what npm installs with them, by `npm sbom` from
// the lock of a project that has the tarballs. pnpm 10 makes none, and a lock of the workspace would list tools of
// ours besides.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const shell = process.platform === 'win32';

/**
 * @param packages all that have this version; those without a tarball npm has already
 * @returns `{ file, components }`: where it was written, and how many it lists
 */
export function writeSbom(folder, version, packages, tarballs) {
  // npm calls the whole by the name of its folder.
  const project = join(folder, 'esauth');
  mkdirSync(project, { recursive: true });
  const dependencies = Object.fromEntries(
    packages.map(({ name }) => [name, name in tarballs ? `file:${tarballs[name].file}` : version]),
  );
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'esauth', version, dependencies }));
  const quietly = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  npm(project, 'install', '--package-lock-only', ...quietly);
  // Peers are the application's: frameworks and clients of Redis are none of what we publish.
  const form = ['--sbom-format', 'cyclonedx', '--sbom-type', 'library'];
  const bill = JSON.parse(npm(project, 'sbom', '--package-lock-only', '--omit', 'peer', ...form));
  for (const component of bill.components) {
    // Where a tarball of ours lay on the machine of the release is nobody's business; its digest says which it is.
    component.externalReferences = component.externalReferences?.filter(
      ({ url }) => !url.startsWith('file:'),
    );
  }
  const absent = packages.find(
    ({ name }) => !bill.components.some((component) => component.purl === purlOf(name, version)),
  );
  if (absent !== undefined) throw new Error(`the bill of materials does not list ${absent.name}@${version}`);
  const file = join(folder, `esauth-${version}.cdx.json`);
  writeFileSync(file, `${JSON.stringify(bill, undefined, 2)}\n`);
  return { file, components: bill.components.length };
}

const purlOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

function npm(cwd, ...args) {
  const options = { cwd, encoding: 'utf8', shell, maxBuffer: 2 ** 26 };
  return execFileSync('npm', args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
}

// Packs what is to be published, and looks at the tarballs: what is checked here is what npm is given, byte for byte.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const shell = process.platform === 'win32';
// What npm packs whatever `files` says.
const always = ['package.json', 'README.md', 'LICENSE'];

/** By package: `{ file, files, bytes, manifest }`. */
export function pack(root, folder, packages) {
  mkdirSync(folder, { recursive: true });
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const filters = packages.flatMap(({ name }) => ['--filter', name]);
  const args = ['--recursive', ...filters, 'pack', '--pack-destination', folder];
  // pnpm writes the version in the place of `workspace:`.
  execFileSync('npx', ['--yes', packageManager.split('+')[0], ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell,
  });
  const tarballs = readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => {
      const file = join(folder, name);
      const tar = (...more) => execFileSync('tar', more, { encoding: 'utf8', maxBuffer: 2 ** 26 });
      return {
        file,
        files: tar('-tzf', file)
          .trim()
          .split('\n')
          .map((path) => path.replace('package/', '')),
        bytes: statSync(file).size,
        manifest: JSON.parse(tar('-xzOf', file, 'package/package.json')),
      };
    });
  return Object.fromEntries(tarballs.map((tarball) => [tarball.manifest.name, tarball]));
}

export async function refusalsOfPacked(packages, tarballs) {
  const refused = [];
  for (const { name, files } of packages) {
    const packed = tarballs[name];
    refused.push(...ofContents(name, files, packed));
    for (const message of await lint(packed.file)) {
      refused.push(`publint or "are the types wrong?" says of ${name}: ${message}: mend its package.json.`);
    }
  }
  return refused;
}

function ofContents(name, files, packed) {
  const listed = files.filter((entry) => !entry.startsWith('!'));
  const isOf = (path, entry) => path === entry || path.startsWith(`${entry}/`);
  const missing = listed.filter((entry) => !packed.files.some((path) => isOf(path, entry)));
  const besides = packed.files.filter((path) => ![...always, ...listed].some((entry) => isOf(path, entry)));
  const unresolved = JSON.stringify(packed.manifest).includes('"workspace:');
  return [
    ...missing.map(
      (entry) =>
        `the tarball of ${name} has no ${entry}, which its \`files\` list: build it, or take it off the list.`,
    ),
    ...besides.map(
      (path) =>
        `the tarball of ${name} has ${path}, which its \`files\` do not list: list it, or keep it out.`,
    ),
    ...(unresolved
      ? [
          `the tarball of ${name} asks for a \`workspace:\` version, which nobody can install: pack it with pnpm.`,
        ]
      : []),
  ];
}

/** What both linters of publishers find in a tarball; they are tools of the packaging tests. */
async function lint(file) {
  const { resolve } = createRequire(new URL('../../test/packaging/package.json', import.meta.url));
  const load = (name) => import(pathToFileURL(resolve(name)).href);
  const { publint } = await load('publint');
  const { formatMessage } = await load('publint/utils');
  const { checkPackage, createPackageFromTarballData } = await load('@arethetypeswrong/core');
  const data = readFileSync(file);
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: Uint8Array.from(data).buffer } });
  const { types, problems = [] } = await checkPackage(createPackageFromTarballData(data));
  const untyped = types === false ? ['it has no types'] : [];
  return [
    ...messages.map((message) => formatMessage(message, pkg, { color: false })),
    ...untyped,
    ...problems.map(({ kind }) => kind),
  ];
}

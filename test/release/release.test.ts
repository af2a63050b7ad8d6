// A release is refused in a sentence that names cause and cure, and one that nothing keeps from being made says what
// would be published. Tried on a project of two small packages, with a registry of the test's own.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  createRepository,
  project,
  type Ran,
  type Registry,
  type Repository,
  removeRepositories,
  runScript,
  startRegistry,
} from './project.js';

const patience = 120_000;
let good: Repository;
let registry: Registry;
beforeAll(async () => {
  good = createRepository(project);
  registry = await startRegistry();
});
afterEach(() => {
  registry.has = {};
});
afterAll(async () => {
  removeRepositories();
  await registry.close();
});

function release(repository: Repository, ...args: readonly string[]): Promise<Ran> {
  return runScript('release.mjs', args, repository.folder, { 'npm_config_@fixture:registry': registry.url });
}

/** What is said where a file is another, or missing; committed, so that it is the only reason. */
async function refusedWith(changes: Readonly<Record<string, string | undefined>>): Promise<Ran> {
  const repository = good.copy();
  for (const [file, text] of Object.entries(changes)) repository.change(file, text);
  repository.commit();
  return release(repository, '--dry-run');
}

const one = 'packages/one/package.json';
const two = 'packages/two/package.json';
const manifest = JSON.parse(project[one] ?? '');

// Several at once, as each release is looked at for all of them; but for these nothing keeps it from being made.
test.each<[string, Record<string, string | undefined>, string[]]>([
  [
    'no licence, another one, a version that the changelog does not have, and a changeset that is in none',
    {
      'packages/one/LICENSE': undefined,
      'packages/two/LICENSE': 'Keep out.\n',
      'CHANGELOG.md': '# Changelog\n\n## 1.2.0\n\n## 1.1.0\n\n- Old.\n',
      '.changeset/brave-cats.md': 'Something.\n',
      '.changeset/README.md': 'How to.\n',
    },
    [
      '.changeset/brave-cats.md is in no version yet: `npm run release:version`, and commit what it writes.',
      'CHANGELOG.md says nothing of 1.2.0: `npm run release:version` writes it from the changesets.',
      '@fixture/one has no LICENSE: every package is published with its own, a copy of the one at the root.',
      'the LICENSE of @fixture/two is not the one at the root: copy that.',
    ],
  ],
  [
    'no readme, no changelog, all files, and the name of another licence',
    {
      'packages/two/README.md': undefined,
      'CHANGELOG.md': undefined,
      [one]: JSON.stringify({ ...manifest, files: undefined, license: 'MIT' }),
      [two]: JSON.stringify({ ...manifest, name: '@fixture/two', license: undefined }),
    },
    [
      'CHANGELOG.md says nothing of 1.2.0: `npm run release:version` writes it from the changesets.',
      'package.json of @fixture/one has the license MIT, and the one at the root Apache-2.0: write that.',
      '@fixture/one does not say which files are published: list them as `files` in its package.json.',
      '@fixture/two has no README.md: every package is published with its own.',
      'package.json of @fixture/two has the license of nobody, and the one at the root Apache-2.0: write that.',
    ],
  ],
  [
    'two versions, and a need that stays private',
    {
      [one]: JSON.stringify({
        ...manifest,
        version: '1.3.0',
        dependencies: { '@fixture/mine': 'workspace:^' },
      }),
      'packages/mine/package.json': JSON.stringify({ ...manifest, name: '@fixture/mine', private: true }),
      'CHANGELOG.md': '## 1.3.0\n\n- New.\n',
    },
    [
      '@fixture/one is 1.3.0 and @fixture/two is 1.2.0, and all packages have one version: `npm run release:version` gives them one.',
      '@fixture/one needs @fixture/mine, which is private: publish that too, or do without it.',
    ],
  ],
])('%s: each is refused', { timeout: patience }, async (_what, changes, sentences) => {
  const err = sentences.map((sentence) => `release: ${sentence}\n`).join('');
  expect(await refusedWith(changes)).toEqual({ code: 1, out: '', err });
});

test('a dirty tree and another branch are refused, both at once', { timeout: patience }, async () => {
  const repository = good.copy();
  repository.git('switch', '--quiet', '--create', 'mine');
  repository.change('LICENSE', 'Do what you like.\n\n');
  repository.change('new.txt', 'new');
  const { code, err } = await release(repository, '--dry-run');
  expect(err.split('\n').slice(0, 2)).toEqual([
    'release: the work tree is not what is committed (LICENSE and 1 more): commit or stash it, so that what is published can be found again.',
    'release: this is the branch mine, and releases are made of main: `git switch main`.',
  ]);
  expect(code).toBe(1);
});

test('a version that npm already has is refused, and may be resumed', { timeout: patience }, async () => {
  registry.has = { '@fixture/one': ['1.1.0', '1.2.0'], '@fixture/two': ['1.1.0', '1.2.0'] };
  expect((await release(good, '--dry-run')).err).toBe(
    'release: npm already has @fixture/one 1.2.0 and 1 more, and takes no version twice: write a changeset and run `npm run release:version`, or go on with a release that stopped in the middle by --resume.\n',
  );
  expect((await release(good, '--dry-run', '--resume')).err).toBe(
    'release: npm already has all packages as 1.2.0, so that there is nothing to resume: leave --resume out for the next version.\n',
  );
});

test('a registry that does not say is not taken for one that has nothing', {
  timeout: patience,
}, async () => {
  registry.has = { '@fixture/one': 500, '@fixture/two': '<html>Please sign in</html>' };
  const { code, err } = await release(good, '--dry-run');
  expect(err).toBe(
    'release: the registry does not say whether it has @fixture/one (status 500): try again when it does.\n' +
      'release: the registry does not say whether it has @fixture/two (its answer is no JSON): try again when it does.\n',
  );
  expect(code).toBe(1);
});

test('a registry that never answers is not waited for, and a commit of no branch is refused', {
  timeout: patience,
}, async () => {
  const repository = good.copy();
  repository.git('switch', '--quiet', '--detach');
  registry.has = { '@fixture/one': undefined };
  const { code, err } = await runScript('release.mjs', ['--dry-run'], repository.folder, {
    'npm_config_@fixture:registry': registry.url,
    npm_config_fetch_timeout: '100',
  });
  // The other one may have been too slow too.
  expect(err.split('\n').slice(0, 2)).toEqual([
    'release: this is no branch and no tag, and releases are made of main: `git switch main`.',
    'release: the registry does not say whether it has @fixture/one (The operation was aborted due to timeout): try again when it does.',
  ]);
  expect(code).toBe(1);
});

test('only the workflow publishes, and only what has its tag', { timeout: patience }, async () => {
  const { code, err } = await release(good);
  expect(err).toBe(
    'release: this commit has not the tag v1.2.0: `git tag v1.2.0` on main, and push the tag.\n' +
      'release: publishing needs the workflow’s identity for its provenance: push the tag v1.2.0, or add --dry-run to look.\n',
  );
  expect(code).toBe(1);
});

test('a tarball without what it should have is refused, and one that resolves nowhere', {
  timeout: patience,
}, async () => {
  const exports = { '.': { types: './dist/index.d.ts', default: './dist/other.js' } };
  const { code, err } = await refusedWith({
    [one]: JSON.stringify({ ...manifest, files: ['dist', 'bin'] }),
    [two]: JSON.stringify({ ...manifest, name: '@fixture/two', exports }),
  });
  expect(err).toContain(
    'release: the tarball of @fixture/one has no bin, which its `files` list: build it, or take it off the list.\n',
  );
  expect(err).toMatch(/says of @fixture\/two: .*dist\/other\.js.*: mend its package\.json\.\n/);
  expect(code).toBe(1);
});

test('what would be published is printed, and left there with its bill of materials', {
  timeout: patience,
}, async () => {
  registry.has = { '@fixture/one': ['1.1.0'] };
  const { code, out, err } = await release(good, '--dry-run');
  // npm has its own to say there, of itself and of settings that it does not know.
  expect(err).not.toContain('release:');
  expect(out).toContain('2 packages would be published as 1.2.0; nothing was.\n');
  expect(out).toMatch(/@fixture\/one@1\.2\.0 {2}5 files, \d\.\d kB\n@fixture\/two@1\.2\.0 {2}5 files/);
  expect(code).toBe(0);
  const left = (name: string) => readFileSync(join(good.folder, 'node_modules/.cache/release', name), 'utf8');
  expect(left('notes.md')).toBe('- **one**: something.\n');
  const bill = JSON.parse(left('esauth-1.2.0.cdx.json'));
  expect([bill.bomFormat, bill.components.map(({ purl }: { purl: string }) => purl)]).toEqual([
    'CycloneDX',
    ['pkg:npm/%40fixture/one@1.2.0', 'pkg:npm/%40fixture/two@1.2.0'],
  ]);
  expect(left('esauth-1.2.0.cdx.json')).not.toContain(good.folder);
  expect(good.git('status', '--porcelain', '--ignored')).toBe('!! node_modules/\n');
});

test('what is resumed publishes the rest, and its bill of materials has all of it', {
  timeout: patience,
}, async () => {
  registry.has = { '@fixture/one': ['1.1.0', '1.2.0'] };
  const { code, out } = await release(good, '--dry-run', '--resume');
  expect(out).not.toContain('@fixture/one@');
  expect(out).toContain('1 of 2 packages would be published as 1.2.0; nothing was.\n');
  expect(code).toBe(0);
  const folder = join(good.folder, 'node_modules/.cache/release');
  const bill = JSON.parse(readFileSync(join(folder, 'esauth-1.2.0.cdx.json'), 'utf8'));
  expect(bill.components.map(({ purl }: { purl: string }) => purl)).toEqual([
    'pkg:npm/%40fixture/one@1.2.0',
    'pkg:npm/%40fixture/two@1.2.0',
  ]);
});

// The next version, from changesets: one for all packages, with an entry in the changelog for whom upgrades.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { createRepository, project, removeRepositories, runScript } from './project.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const config = JSON.parse(read('.changeset/config.json'));
const patience = 120_000;
afterAll(removeRepositories);

const changeset = (releases: Readonly<Record<string, string>>, text: string) => {
  const lines = Object.entries(releases).map(([name, type]) => `"@fixture/${name}": ${type}`);
  return `---\n${lines.join('\n')}\n---\n\n${text}\n`;
};

/** As in ours, but for the names. */
const files = {
  ...project,
  '.changeset/config.json': JSON.stringify({ ...config, fixed: [['@fixture/one', '@fixture/two']] }),
};

test('the changesets become an entry, and all packages have the same next version', {
  timeout: patience,
}, async () => {
  const repository = createRepository({
    ...files,
    '.changeset/new.md': changeset({ two: 'minor', one: 'patch' }, 'There is more.\n\nWith an example.'),
    '.changeset/mended.md': changeset({ one: 'patch' }, 'It works again.'),
    '.changeset/other.md': changeset({ one: 'major' }, '`a` is called `b`.'),
  });
  const { code } = await runScript('version.mjs', [], repository.folder);
  expect(code).toBe(0);
  const now = (file: string) => readFileSync(join(repository.folder, file), 'utf8');
  const today = new Date().toISOString().slice(0, 10);
  expect(
    now('CHANGELOG.md')
      .replace(/, \d{4}-\d\d-\d\d\n/, ', today\n')
      .split('\n## 1.2.0')[0],
  ).toBe(
    '# Changelog\n\n## 2.0.0, today\n\n' +
      '### What you have to change\n\n- **one**: `a` is called `b`.\n\n' +
      '### What is new\n\n- **one, two**: There is more.\n\n  With an example.\n\n' +
      '### What is mended\n\n- **one**: It works again.\n',
  );
  expect(now('CHANGELOG.md')).toMatch(new RegExp(`## 2\\.0\\.0, ${today.slice(0, 4)}-`));
  for (const name of ['one', 'two']) {
    expect(JSON.parse(now(`packages/${name}/package.json`)).version).toBe('2.0.0');
  }
  expect(readdirSync(join(repository.folder, '.changeset'))).toEqual(['config.json']);
});

test('without a changeset there is no next version', { timeout: patience }, async () => {
  const { code, err } = await runScript('version.mjs', [], createRepository(files).folder);
  expect([code, err]).toEqual([
    1,
    'release:version: there is no changeset, so that there is nothing to release; `npx changeset` writes one.\n',
  ]);
});

test('every package of ours is among those that have one version, and has it', () => {
  const manifests = readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => JSON.parse(read(`packages/${name}/package.json`)));
  expect(config.fixed).toEqual([manifests.map(({ name }) => name).sort()]);
  expect(new Set(manifests.map(({ version }) => version)).size).toBe(1);
});

test('the changelog has the present version', () => {
  const { version } = JSON.parse(read('packages/core/package.json'));
  expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## ${version.replaceAll('.', '\\.')}(,|$)`, 'm'));
});

// It takes the front matter for a heading, and `npm test` has it look at every file.
test('the formatter leaves changesets as they are', () => {
  expect(JSON.parse(read('biome.json')).files.includes).toContain('!.changeset/*.md');
});

/**
 * The list in docs/packages/emulator.md of what is different from Elasticsearch, line by line: each line begins with bold words, and the
 * test by that name shows the difference. A line that has become wrong, or has no test, fails; so does a test without a
 * line.
 */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clusterDifferences } from './cluster.js';
import { documentDifferences } from './documents.js';
import { identityDifferences } from './identities.js';
import { requestDifferences } from './requests.js';
import { searchDifferences } from './searches.js';

const page = readFileSync(new URL('../../../docs/packages/emulator.md', import.meta.url), 'utf8');
const [, section = ''] = /\n## Differences from Elasticsearch\n(.*?)\n## /s.exec(page) ?? [];
const lines = section.split('\n').filter((line) => line.startsWith('- '));
const leads = lines.map((line) => /^- \*\*(.+?)\*\*/.exec(line)?.[1]);
const shown = {
  ...requestDifferences,
  ...identityDifferences,
  ...documentDifferences,
  ...clusterDifferences,
  ...searchDifferences,
};

test('each line of the page has its test, and each test its line', () => {
  expect(Object.keys(shown).sort()).toEqual([...leads].sort());
});

// Most of them take a few milliseconds.
test.each(Object.entries(shown))('%s', { timeout: 60_000 }, (_lead, show) => show());

// What the guide says of outages is what the tests of faults have measured: the table there is written from theirs.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { faultTable, toGuide } from '../support/fault-table.js';

test('the guide shows every fault as the tests know it', async () => {
  const guide = fileURLToPath(new URL('../../docs/guides/outages.md', import.meta.url));
  const [before, rest] = readFileSync(guide, 'utf8').split(
    '<!-- faults: written by `vitest -u docs/outages` -->\n',
  );
  const [, after] = (rest ?? '').split('<!-- /faults -->');
  const start = '<!-- faults: written by `vitest -u docs/outages` -->\n';
  const table = toGuide(faultTable);
  // A heading and a rule, and no fault left out.
  expect(table.split('\n')).toHaveLength(faultTable.length + 2);
  await expect(`${before}${start}${table}\n<!-- /faults -->${after}`).toMatchFileSnapshot(guide);
});

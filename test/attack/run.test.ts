// What the run of all attacks refuses before it starts one: without a file to run, vitest would run every test there is.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('run.mjs', import.meta.url));

test.each([
  [
    ['--only', 'framework'],
    'there is no attack "framework": --only takes one of frameworks, nodes, headers, pollution',
  ],
  [['--seconds', '1m'], '--seconds is 1m: it takes a number above 0, such as 60'],
  [['--seconds', '0'], '--seconds is 0: it takes a number above 0, such as 60'],
])('%j is refused in a sentence', async (args, sentence) => {
  await expect(promisify(execFile)(process.execPath, [script, ...args])).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: `test:attack: ${sentence}\n`,
  });
});

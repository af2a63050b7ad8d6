// Every command that a document shows is run by something, which `commands.ts` names.

import { expect, test } from 'vitest';
import { commandsOf, covered, stale, uncovered, unknownPackages, unknownScripts } from './commands.js';
import { blocksOf, others, pages, readmes } from './documents.js';

const all = [...pages(), ...readmes(), ...others()].flatMap(blocksOf);

test('every command is run', () => {
  expect(commandsOf(all).length).toBeGreaterThan(20);
  expect(uncovered(all)).toEqual([]);
});

test('every entry speaks of a command, and of a file that runs it', () => {
  expect(stale(all)).toEqual([]);
});

test.each([...pages(), ...readmes(), ...others()])('$path tells to run what there is', (document) => {
  expect(unknownScripts(document)).toEqual([]);
  expect(unknownPackages(blocksOf(document))).toEqual([]);
});

test('a script or a package that is not there is a sentence', () => {
  expect(unknownScripts(page)).toEqual([
    expect.stringMatching(/^docs\/page\.md:8: there is no script nothing, but demo, test/),
  ]);
  const text = '```sh\nnpm install @esauth/express @esauth/hapi hapi\nnpx @esauth/gone check x\n```\n';
  expect(unknownPackages(blocksOf({ ...page, text }))).toEqual([
    'docs/page.md:2: there is no package @esauth/hapi',
    'docs/page.md:3: there is no package @esauth/gone',
  ]);
});

const page = {
  path: 'docs/page.md',
  text: `# Page

\`\`\`sh
# a comment
curl -d '{"a": "#1"
}' http://127.0.0.1 \\
  -H 'X: y'   # 200
npm run nothing
\`\`\`
`,
};

test('a command is what the shell would take for one', () => {
  expect(commandsOf(blocksOf(page)).map(({ command, line }) => [line, command])).toEqual([
    [5, `curl -d '{"a": "#1"\n}' http://127.0.0.1 -H 'X: y'`],
    [8, 'npm run nothing'],
  ]);
});

test('one that nothing runs is a sentence with page, line and cure', () => {
  expect(uncovered(blocksOf(page), [{ line: /^curl/, notRun: 'here' }])).toEqual([
    'docs/page.md:8: nothing is known to run "npm run nothing": let a test run it, and say which in test/docs/commands.ts',
  ]);
  expect(uncovered(blocksOf(page), [{ of: /^README/ }])).toHaveLength(2);
});

test('an entry has to name what npm runs', () => {
  const soak = { ...page, text: '```sh\nnpm run test:soak\n```\n' };
  const entry = { line: /^npm run test:soak/, ranBy: 'test/attack/run.mjs', says: 'attack' };
  expect(stale(blocksOf(soak), [entry])).toEqual([
    'test/docs/commands.ts: /^npm run test:soak/ runs soak.mjs, of which test/attack/run.mjs says nothing',
  ]);
});

test('an entry that outlives its command or its test is a sentence', () => {
  const [entry = {}] = covered;
  const { of, ...fits } = entry;
  expect(
    stale(blocksOf(page), [
      { ...fits, line: /^curl/ },
      { line: /^npm run nothing/, ranBy: 'test/docs/commands.test.ts', says: '-'.repeat(90) },
      { line: /^gone/, ranBy: 'x', says: 'y' },
    ]),
  ).toEqual([
    `test/docs/commands.ts: /^npm run nothing/ is said to be run by test/docs/commands.test.ts, which does not say "${'-'.repeat(90)}"`,
    'test/docs/commands.ts: /^gone/ covers no command: delete it',
  ]);
});

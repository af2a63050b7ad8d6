// What a reader copies compiles: every block of JavaScript and TypeScript of the documents, against the packages as they are.

import { expect, test } from 'vitest';
import { blocksOf, others, pages, readmes } from './documents.js';
import { faultsOfSnippets } from './snippets.js';

test('every block compiles', async () => {
  const blocks = [...pages(), ...readmes(), ...others()].flatMap(blocksOf);
  expect(
    blocks.filter(({ language }) => /^(javascript|typescript|mjs|cjs|mts|tsx|jsx)$/.test(language)),
  ).toEqual([]);
  expect(blocks.filter(({ language }) => language === 'js').length).toBeGreaterThan(3);
  expect(await faultsOfSnippets(blocks, 'documents')).toEqual([]);
}, 60_000);

const drifted = `# Page

<!-- given verifier: import('@esauth/core').Verifier -->

\`\`\`js
verifier.revoke({ username: 'jane' });
const stats = verifier.statistics();
\`\`\`

\`\`\`ts
import { esauth } from '@esauth/express';
esauth({ node: 'http://127.0.0.1:9200' });
app.use(esauth);
\`\`\`

<!-- wrong: the name of the option -->
\`\`\`js
import { esauth } from '@esauth/koa';
esauth({ nodes: 'http://127.0.0.1:9200' });
\`\`\`

<!-- wrong: an option that there is not -->
\`\`\`js
import { esauth } from '@esauth/koa';
esauth({ hosts: 'http://127.0.0.1:9200' });
\`\`\`

\`\`\`js
const { esauth } = require('@esauth/express');
function later(request) {
  return esauth({ nodes: request.url });
}
module.exports = { later };
\`\`\`

<!-- wrong: it does not parse, which must not hide the others -->
\`\`\`js
const = 1;
\`\`\`

<!-- given verifier import('@esauth/core').Verifier -->
<!-- given spare: string -->
\`\`\`js
// @ts-ignore
nothing();
\`\`\`
`;

test('a block that has drifted is a sentence with page, line and cure', async () => {
  const faults = await faultsOfSnippets(blocksOf({ path: 'docs/page.md', text: drifted }), 'drifted');
  expect(faults).toEqual([
    expect.stringMatching(
      /^docs\/page\.md:43: <!-- given verifier import.* is neither "given NAME: TYPE" nor/,
    ),
    'docs/page.md:43: spare is given, and the block does not take it: delete that',
    expect.stringMatching(/^docs\/page\.md:43: @ts-… keeps the compiler from looking/),
    expect.stringMatching(
      /^docs\/page\.md:7: Property 'statistics' does not exist on type 'Verifier'.* \(TS\d+\)\.$/,
    ),
    expect.stringMatching(/^docs\/page\.md:12: .*'node' does not exist in type/),
    "docs/page.md:13: Cannot find name 'app'. (TS2304). Declare it before the block: <!-- given NAME: TYPE -->.",
    expect.stringMatching(/^docs\/page\.md:17: this block is marked as wrong .*but it compiles/),
  ]);
}, 60_000);

// Every link of the documents leads to a file and a heading that are there, whether it is written as a path, as an address of
// the site or as one of the repository.

import { expect, test } from 'vitest';
import { repository, site } from '../../docs/.vitepress/address.js';
import { others, pages, readmes } from './documents.js';
import { brokenLinks } from './links.js';

test.each([...pages(), ...readmes(), ...others()])('$path', (document) => {
  expect(brokenLinks(document)).toEqual([]);
});

test.each([
  ['a file that is not there', '(../nowhere.md)', 'nowhere.md, which is not there: correct the path'],
  ['another case', '(ERRORS.md)', 'docs/ERRORS.md, which is not there'],
  [
    'a heading that is not there',
    '(errors.md#no_such)',
    'names a heading that docs/errors.md has not; it has #errors',
  ],
  ['its own heading', '(#elsewhere)', 'names a heading that docs/page.md has not'],
  ['a page of the site', `(${site}guides/nowhere)`, 'is no page of the site: none of docs/guides/nowhere.md'],
  ['a heading on the site', `(${site}errors#no_such)`, 'names a heading that docs/errors.md has not'],
  ['an address in brackets', `<${site}guides/nowhere>`, 'is no page of the site'],
  ['an address without anything', ` at ${site}guides/nowhere.`, 'guides/nowhere is no page of the site'],
  [
    'a picture in a link',
    '[![x](logo.svg)](errors.md)',
    'logo.svg leads to docs/logo.svg, which is not there',
  ],
  ['blanks and a title', "( nowhere.md 'There' )", 'nowhere.md leads to docs/nowhere.md, which is not there'],
  ['no address', '()', 'leads nowhere: say where to'],
  ['a name without an address', '[nowhere]', 'names no address: add a line [nowhere]: ADDRESS'],
  ['a text without an address', '[]', 'names no address: add a line [this]: ADDRESS'],
  ['a % that means nothing', '(%zz.md)', 'is no address'],
  ['another branch', `(${repository}/blob/master/README.md)`, 'leads to the branch master'],
  [
    'a file of the repository',
    `(${repository}/blob/main/nowhere.ts)`,
    'leads to nowhere.ts, which is not there',
  ],
])('%s is a sentence with page and line', (_, link, sentence) => {
  const text = `---\ntitle: x\n---\n\n# Page\n\nSee [this]${link}.\n`;
  const document = { path: 'docs/page.md', text };
  const told = brokenLinks({ ...document, text: text.replace('(#elsewhere)', '(errors.md#elsewhere)') });
  expect(told).toEqual([expect.stringMatching(/^docs\/page\.md:7: \S* /)]);
  if (link !== '(#elsewhere)') expect(told[0]).toContain(sentence);
});

test.each([
  '(errors.md#credentials_missing)',
  '(decisions/README.md)',
  `(${site}errors#timeout)`,
  `(${site}decisions/)`,
])('%s is right', (link) => {
  expect(brokenLinks({ path: 'docs/page.md', text: `# Page\n\n[this]${link}` })).toEqual([]);
});

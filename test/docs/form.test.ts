// Pages have their front matter and one title, tables that fit a telephone, data that parses, and no HTML.

import { describe, expect, test } from 'vitest';
import { blocksOf, others, pages, readmes } from './documents.js';
import { faultsOfData, faultsOfFences, faultsOfFront, longCells, rawHtml } from './form.js';

describe.each(pages())('$path', (page) => {
  test('is a page of the site', () => {
    expect(faultsOfFront(page)).toEqual([]);
    expect(longCells(page)).toEqual([]);
    expect(rawHtml(page)).toEqual([]);
  });
});

test.each([...pages(), ...readmes(), ...others()])('the data in $path parses', (document) => {
  expect(faultsOfFences(document)).toEqual([]);
  expect(blocksOf(document).flatMap(faultsOfData)).toEqual([]);
});

// What contributors have open beside the code is wide.
test.each([...readmes(), ...others()].filter(({ path }) => path !== 'CONTRIBUTING.md'))(
  'the tables of $path can be read beside others',
  (document) => {
    expect(longCells(document)).toEqual([]);
  },
);

describe('each fault is a sentence with page and line', () => {
  const page = (text: string) => ({ path: 'docs/page.md', text });

  test.each([
    [
      '# Page\n',
      ['docs/page.md:1: there is no front matter: it begins with --- and has title, order and description'],
    ],
    [
      '---\ntitle: Page\norder: first\n---\n\n# Page\n\n# Two\n',
      [
        'docs/page.md:1: the front matter needs order, a number',
        'docs/page.md:1: the front matter needs description, a text',
        'docs/page.md:1: there are 2 headings of the first rank: a page has one, as its title',
      ],
    ],
    [
      "---\ntitle: ''\norder: .nan\ndescription: It is.\n---\n\n# Page\n",
      [
        'docs/page.md:1: the front matter needs title, a text',
        'docs/page.md:1: the front matter needs order, a number',
      ],
    ],
    [
      '---\ntitle: a: b\n---\n\n# Page\n',
      [expect.stringMatching(/^docs\/page\.md:1: the front matter is no yaml: Nested mappings/)],
    ],
    [
      '---\n# nothing\n---\n\n# Page\n',
      [...Array(3)].map(() => expect.stringContaining(':1: the front matter needs ')),
    ],
    ['---\ntitle: Page\norder: 1\ndescription: It is.\n---\n\n# Page\n\n```sh\n# no title\n```\n', []],
  ])('front matter %#', (text, faults) => {
    expect(faultsOfFront(page(text))).toEqual(faults);
  });

  test('cells', () => {
    const long = 'long '.repeat(20);
    const told = longCells(page(`| a | b |\n| - | - |\n| x | ${long}|\n| [a](${'x'.repeat(90)}) | y |\n`));
    expect(told).toEqual([
      expect.stringMatching(/^docs\/page\.md:3: a cell of 99 characters \(long .*list or sections$/),
    ]);
  });

  test('tables in lists, and without their outer lines', () => {
    const long = 'long '.repeat(20);
    expect(longCells(page(`- a\n\n  | a | b |\n  | - | - |\n  | x | ${long}|\n`))).toHaveLength(1);
    expect(longCells(page(`a | b\n- | -\nx | ${long}\n`))).toEqual([
      expect.stringContaining('docs/page.md:2: a table without |'),
    ]);
  });

  test('fences', () => {
    const fence = '```';
    const told = (text: string) =>
      faultsOfFences(page(text)).map((each) => each.split(/[:,] (?=[a-z])/).slice(0, 2));
    expect(told(`${fence}yml\na: 1\n${fence}\n`)).toEqual([['docs/page.md:1', 'a block of "yml"']]);
    expect(told(`${fence}\nnpm test\n${fence}\n`)).toEqual([['docs/page.md:1', 'a block of ""']]);
    expect(told(`# Page\n\n${fence}json\n{}\n`)).toEqual([['docs/page.md:3', 'this block is never closed']]);
    for (const mark of ['> ', '- ', '1. ', '\t']) {
      expect(told(`${mark}${fence}json\n${mark}{}\n\n`)).toEqual([
        ['docs/page.md:1', 'a fence in a quote or behind a mark'],
      ]);
    }
    expect(told(`- a\n\n  ${fence}json [a.json]\n  {}\n  ${fence}\n\n${fence}sh\nx\n${fence}\n`)).toEqual([]);
  });

  test('HTML', () => {
    const told = rawHtml(
      page('a `<b>`\n\n<div class="x">y</div>\n\n<!-- given x: Map<string> -->\n\n<https://a.example>\n'),
    );
    expect(told.map((each) => each.split(' is HTML')[0])).toEqual([
      'docs/page.md:3: <div class="x">',
      'docs/page.md:3: </div>',
    ]);
  });

  test.each([
    ['json', '{ "a": 1, }', 'docs/page.md:2: this block is no json: '],
    ['yaml', 'a: 1\na: 2', 'docs/page.md:2: this block is no yaml: Map keys must be unique'],
    ['yaml', 'a:\n- b\n  c: [', 'docs/page.md:2: this block is no yaml: '],
    ['yaml', 'a: *b', 'docs/page.md:2: this block is no yaml: Unresolved alias'],
    [
      'nginx',
      'location / {\n  proxy_pass http://api\n}',
      'docs/page.md:2: this block is no nginx: a directive is missing',
    ],
    [
      'nginx',
      'location / {\n  proxy_pass http://api;',
      'docs/page.md:2: this block is no nginx: a { without its }',
    ],
    ['nginx', 'proxy_pass http://api;\n}', 'docs/page.md:2: this block is no nginx: a } without its {'],
    [
      'nginx',
      'proxy_pass http://api',
      'docs/page.md:2: this block is no nginx: the last directive has no semicolon',
    ],
  ])('%s %#', (language, code, sentence) => {
    const told = blocksOf(page(`\n\`\`\`${language}\n${code}\n\`\`\`\n`)).flatMap(faultsOfData);
    expect(told).toEqual([expect.stringContaining(sentence)]);
  });

  test('what is right', () => {
    const nginx = 'map $a $b {\n  default "x; {";\n}\n# ends here }\nlocation / { return 200; }';
    const all = `\`\`\`nginx\n${nginx}\n\`\`\`\n\n\`\`\`yaml\na: 1\n---\nb: 2\n\`\`\`\n\n\`\`\`json\n{}\n\`\`\`\n`;
    expect(blocksOf(page(all)).flatMap(faultsOfData)).toEqual([]);
  });
});

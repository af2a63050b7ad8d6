/** The form of a page: its front matter and title, tables that are read on a telephone, data that parses, and Markdown only. */

import { parseAllDocuments } from 'yaml';
import { type Block, blocksOf, type Document, lineAt, proseOf } from './documents.js';

const longestCell = 80;

/** What a page of the site needs before its text, a sentence for each that it lacks. */
export function faultsOfFront({ path, text }: Document): string[] {
  const [, front] = /^---\n(.*?\n)---\n/s.exec(text) ?? [];
  if (front === undefined)
    return [`${path}:1: there is no front matter: it begins with --- and has title, order and description`];
  const [{ contents, errors } = { contents: null, errors: [] }] = parseAllDocuments(front);
  const [unread] = errors;
  if (unread !== undefined) return [`${path}:1: the front matter is no yaml: ${unread.message}`];
  const { layout, ...told } = (contents?.toJSON() ?? {}) as Record<string, unknown>;
  const wanted = { title: isText, order: Number.isFinite, description: isText };
  const faults = Object.entries(wanted)
    .filter(([name, isGood]) => !isGood(told[name]))
    .map(
      ([name, isGood]) =>
        `${path}:1: the front matter needs ${name}, a ${isGood === isText ? 'text' : 'number'}`,
    );
  const titles = [...proseOf({ path, text }).matchAll(/^# .*$/gm)];
  if (layout !== 'home' && titles.length !== 1) {
    faults.push(
      `${path}:1: there are ${titles.length} headings of the first rank: a page has one, as its title`,
    );
  }
  return faults;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

/** What a block may be: each of them is held to something, or is what is printed. */
const languages = ['js', 'ts', 'sh', 'json', 'yaml', 'nginx', 'mermaid', 'text'];

/** Fences that the tests of this folder would not see as what a reader sees. */
export function faultsOfFences(document: Document): string[] {
  const blocks = blocksOf(document);
  const inBlocks = new Set(
    blocks.flatMap(({ line, code }) => [line, ...code.split('\n').map((_, index) => line + index + 1)]),
  );
  const hidden = document.text
    .split('\n')
    .flatMap((text, index) =>
      /^[\s>*+\d.-]*(```|~~~)/.test(text) && !inBlocks.has(index + 1) ? [index + 1] : [],
    );
  return [
    ...blocks
      .filter(({ language }) => !languages.includes(language))
      .map(
        ({ line, language }) =>
          `${document.path}:${line}: a block of "${language}", which no test looks at: write one of ${languages.join(', ')}`,
      ),
    ...blocks
      .filter(({ isClosed }) => !isClosed)
      .map(
        ({ line }) =>
          `${document.path}:${line}: this block is never closed: end it with the fence that it begins with`,
      ),
    ...hidden.map(
      (line) =>
        `${document.path}:${line}: a fence in a quote or behind a mark, where no test sees it: give it a line of its own`,
    ),
  ];
}

/** Cells of tables that are too long to be read beside others. */
export function longCells(document: Document): string[] {
  const lines = proseOf(document).split('\n');
  return lines.flatMap((line, index) => {
    if (/^\s*[-:][-:\s]*\|[-:|\s]+$/.test(line))
      return [
        `${document.path}:${index + 1}: a table without | at the beginning of its rows: write it there`,
      ];
    if (!line.trimStart().startsWith('|')) return [];
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return cells
      .filter((cell) => widthOf(cell) > longestCell && !/^-+$/.test(cell))
      .map(
        (cell) =>
          `${document.path}:${index + 1}: a cell of ${widthOf(cell)} characters (${cell.slice(0, 30)}…), over ${longestCell}: ` +
          'make the rows a list or sections',
      );
  });
}

/** As it is read: a link is its text. */
function widthOf(cell: string): number {
  return cell.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').length;
}

/** Elements of HTML in the text, which a reader of the plain file would have to read around. */
export function rawHtml(document: Document): string[] {
  const prose = proseOf(document).replace(/`[^`\n]*`/g, (code) => code.replace(/[^\n]/g, '-'));
  return [...prose.matchAll(/<\/?[a-z][\w-]*(\s[^<>]*)?>/gi)].map(
    ({ 0: element, index }) =>
      `${document.path}:${lineAt(prose, index)}: ${element} is HTML: write Markdown, which is read as a plain file too`,
  );
}

/** Blocks of data that do not parse. */
export function faultsOfData({ document, language, code, line }: Block): string[] {
  const fault = dataFault(language, code);
  return fault === undefined ? [] : [`${document.path}:${line}: this block is no ${language}: ${fault}`];
}

function dataFault(language: string, code: string): string | undefined {
  if (language === 'json') {
    try {
      JSON.parse(code);
    } catch (error) {
      return (error as Error).message;
    }
  }
  if (language === 'yaml') return yamlFault(code);
  if (language === 'nginx') return nginxFault(code);
  return undefined;
}

function yamlFault(code: string): string | undefined {
  for (const document of parseAllDocuments(code)) {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) return fault.message;
    try {
      // Only then is it seen where an alias leads.
      document.toJS();
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

/** nginx' grammar is words, quoted or not, that end with a semicolon or open a block. */
function nginxFault(code: string): string | undefined {
  let depth = 0;
  let words = 0;
  for (const [token] of code.matchAll(/#[^\n]*|"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|[;{}]|[^\s;{}"']+/g)) {
    if (token.startsWith('#')) continue;
    if (token !== ';' && token !== '{' && token !== '}') {
      words += 1;
      continue;
    }
    if (token === '}' ? words > 0 : words === 0)
      return `a directive is missing before, or a semicolon before "${token}"`;
    words = 0;
    depth += token === '{' ? 1 : token === '}' ? -1 : 0;
    if (depth < 0) return 'a } without its {';
  }
  if (words > 0) return 'the last directive has no semicolon';
  return depth > 0 ? 'a { without its }' : undefined;
}

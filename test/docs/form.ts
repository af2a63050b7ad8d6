/** The form of a page: its front matter and title, tables that are read on a telephone, data that parses, and Markdown only. */

import { parse, parseAllDocuments } from 'yaml';
import { type Block, type Document, lineAt, proseOf } from './documents.js';

const longestCell = 80;

/** What a page of the site needs before its text, a sentence for each that it lacks. */
export function faultsOfFront({ path, text }: Document): string[] {
  const [, front] = /^---\n(.*?\n)---\n/s.exec(text) ?? [];
  if (front === undefined)
    return [`${path}:1: there is no front matter: it begins with --- and has title, order and description`];
  const wanted = { title: 'string', order: 'number', description: 'string' };
  const { layout, ...told } = parse(front) as Record<string, unknown>;
  const faults = Object.entries(wanted)
    .filter(([name, type]) => typeof told[name] !== type)
    .map(([name, type]) => `${path}:1: the front matter needs ${name}, a ${type}`);
  const titles = [...proseOf({ path, text }).matchAll(/^# .*$/gm)];
  if (layout !== 'home' && titles.length !== 1) {
    faults.push(
      `${path}:1: there are ${titles.length} headings of the first rank: a page has one, as its title`,
    );
  }
  return faults;
}

/** Cells of tables that are too long to be read beside others. */
export function longCells(document: Document): string[] {
  const lines = proseOf(document).split('\n');
  return lines.flatMap((line, index) => {
    if (!line.startsWith('|')) return [];
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
  if (language === 'yaml') return parseAllDocuments(code).flatMap(({ errors }) => errors)[0]?.message;
  if (language === 'yml') return 'write yaml';
  if (language === 'nginx') return nginxFault(code);
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

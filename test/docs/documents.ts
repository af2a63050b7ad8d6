/** The documents that a stranger reads, and the parts of Markdown that the tests of this folder judge, with their lines. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** A document by its path below the root. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** A fenced block: its language and label, its code, the line of its fence, and the comments right before it. */
export interface Block {
  readonly document: Document;
  readonly language: string;
  readonly info: string;
  readonly code: string;
  /** Of the fence, counted from one. The code begins on the next. */
  readonly line: number;
  readonly isClosed: boolean;
  readonly comments: readonly string[];
}

/** Pages of the site that are written by hand, below `docs`. */
export function pages(): Document[] {
  const made = ['node_modules', 'reference', '.vitepress', 'public'];
  const names = readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, 'docs/').length));
  return names
    .filter((name) => !made.includes(name.split(/[/\\]/)[0] ?? ''))
    .map((name) => read(`docs/${name.replaceAll('\\', '/')}`))
    .sort((a, b) => a.path.localeCompare(b.path));
}

/** What stands on npm's pages and on the first page of the repository. */
export function readmes(): Document[] {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`);
  return ['README.md', ...packages.filter((path) => existsSync(join(root, path)))].map(read);
}

/** The readmes of the examples, and what contributors and researchers read. */
export function others(): Document[] {
  const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}/README.md`);
  return [...examples.filter((path) => existsSync(join(root, path))), 'CONTRIBUTING.md', 'SECURITY.md'].map(
    read,
  );
}

export function read(path: string): Document {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

/** The fenced blocks of a document. */
export function blocksOf(document: Document): Block[] {
  const found: Block[] = [];
  const lines = document.text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', fence, info = ''] = /^( *)(`{3,}|~{3,})(.*)$/.exec(lines[at] ?? '') ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence);
    const last = end === -1 ? lines.length : end;
    const code = lines
      .slice(at + 1, last)
      .map((line) => line.slice(Math.min(indent.length, line.search(/\S|$/))));
    const [language = ''] = info.trim().split(/[\s{[]/);
    const comments = commentsBefore(lines, at);
    found.push({
      document,
      language,
      info: info.trim(),
      code: `${code.join('\n')}\n`,
      line: at + 1,
      isClosed: end !== -1,
      comments,
    });
    at = last;
  }
  return found;
}

/** The document without its blocks and comments, line by line, as these do not count as prose. */
export function proseOf({ text }: Document): string {
  const blank = (part: string) => part.replace(/[^\n]/g, '');
  return text
    .replace(/^( *)(`{3,}|~{3,})[^\n]*\n.*?^ *\2 *$/gms, blank)
    .replace(/<!--.*?-->/gs, blank)
    .replace(/^---\n.*?^---$/ms, (front, at) => (at === 0 ? blank(front) : front));
}

/** The number of the line at which a place in a text is. */
export function lineAt(text: string, place: number): number {
  return text.slice(0, place).split('\n').length;
}

function commentsBefore(lines: readonly string[], fence: number): string[] {
  const comments: string[] = [];
  for (let at = fence - 1; at >= 0; at--) {
    const line = lines[at]?.trim() ?? '';
    const [, comment] = /^<!-- (.*) -->$/.exec(line) ?? [];
    if (comment !== undefined) comments.unshift(comment);
    else if (line !== '') break;
  }
  return comments;
}

/** The pages of the site, and what their front matter says of them: from it the sidebar is made. */

import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The folder of all pages. */
export const docs: string = fileURLToPath(new URL('..', import.meta.url));

/** A page: its file below `docs`, where it is on the site, and what stands in its front matter. */
export interface Page {
  readonly file: string;
  readonly link: string;
  readonly title: string;
  readonly order: number;
  readonly description: string;
}

/**
 * The pages of a folder below `docs`, by their `order`; not those of folders in it.
 *
 * @throws if a page has no `title`, no `order` or no `description`
 */
export function pagesOf(folder: string): Page[] {
  return readdirSync(`${docs}${folder}`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readPage(`${folder}${name}`))
    .sort((a, b) => a.order - b.order || a.title.localeCompare(b.title));
}

/** The folders of `docs` that have pages. */
export function folders(): string[] {
  return readdirSync(docs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^\.|^(node_modules|public)$/.test(entry.name))
    .map((entry) => `${entry.name}/`)
    .filter((folder) => readdirSync(`${docs}${folder}`).some((name) => name.endsWith('.md')));
}

function readPage(file: string): Page {
  const [, text = ''] = /^---\n(.*?\n)---\n/s.exec(readFileSync(`${docs}${file}`, 'utf8')) ?? [];
  const { title, order, description } = parse(text) ?? {};
  if (typeof title !== 'string' || typeof order !== 'number' || typeof description !== 'string') {
    throw new Error(
      `docs/${file} needs a front matter with title, order (its place among its folder's pages) and description`,
    );
  }
  return { file, link: linkOf(file), title, order, description };
}

/** A folder's `index.md` or `README.md` is the folder's own page. */
function linkOf(file: string): string {
  const bare = file.slice(0, -'.md'.length);
  return /^(index|README)$/.test(basename(bare)) ? `/${bare.slice(0, -basename(bare).length)}` : `/${bare}`;
}

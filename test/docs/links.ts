/** Whether links lead somewhere: to files and headings of the repository, and to pages of our own site, by whatever address. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { repository, site } from '../../docs/.vitepress/address.js';
import { slugify } from '../../docs/.vitepress/slug.js';
import { type Document, lineAt, proseOf, read, root } from './documents.js';

/** What is wrong with the links of a document: a sentence for each, with page, line and cure. */
export function brokenLinks(document: Document): string[] {
  const prose = proseOf(document);
  const front = /^---\n.*?^---$/ms.exec(document.text)?.[0] ?? '';
  const links = [
    ...[...prose.matchAll(/\]\(\s*<?([^)\s>]*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/g)].map(
      (found) => [found[1] ?? '', found.index] as const,
    ),
    // Our own addresses without a text.
    ...[...prose.matchAll(/(?<!\]\()(?<!\]: )(?<=<|\s)(https?:\/\/[^\s)>`]+)/g)].map(
      (found) => [found[1]?.replace(/[.,;:]+$/, '') ?? '', found.index] as const,
    ),
    ...[...prose.matchAll(/^\[[^\]]+\]: (\S+)/gm)].map((found) => [found[1] ?? '', found.index] as const),
    ...[...front.matchAll(/^ +link: '?([^'\n]+)'?$/gm)].map(
      (found) => [found[1] ?? '', found.index] as const,
    ),
  ];
  const faults = links.flatMap(([link, at]) => {
    const fault = faultOf(document, link);
    return fault === undefined ? [] : [`${document.path}:${lineAt(prose, at)}: ${link} ${fault}`];
  });
  return [...faults, ...undefinedNames(document, prose)];
}

/** `[text][name]` without a line that says where the name leads is shown as it stands. */
function undefinedNames({ path }: Document, prose: string): string[] {
  const bare = prose.replace(/`[^`\n]*`/g, (code) => '-'.repeat(code.length));
  const known = [...prose.matchAll(/^\[([^\]]+)\]: \S/gm)].map(([, name = '']) => name.toLowerCase());
  return [...bare.matchAll(/\[([^\][]+)\]\[([^\][]*)\]/g)].flatMap(
    ({ 0: link, 1: text = '', 2: name = '', index }) =>
      known.includes((name || text).toLowerCase())
        ? []
        : [
            `${path}:${lineAt(prose, index)}: ${link} names no address: add a line [${name || text}]: ADDRESS`,
          ],
  );
}

function faultOf(document: Document, link: string): string | undefined {
  if (link === '') return 'leads nowhere: say where to';
  if (!canBeRead(link)) return 'is no address: write % as %25';
  const [address = '', anchor] = link.split('#');
  if (address.startsWith(site)) return onSite(address.slice(site.length), anchor);
  if (address.startsWith(`${repository}/`)) return inRepository(address.slice(repository.length + 1), anchor);
  if (/^[a-z]+:/.test(address)) return undefined;
  if (address.startsWith('/')) return onSite(address.slice(1), anchor);
  const path = address === '' ? document.path : join(dirname(document.path), decodeURI(address));
  if (path.startsWith('docs/reference/')) return undefined;
  return inFiles(path, anchor);
}

/** What a path of the site is made of. The reference is made by the build, and checked there. */
function onSite(path: string, anchor: string | undefined): string | undefined {
  const bare = path.replace(/\/$/, '');
  if (bare === 'reference' || bare.startsWith('reference/')) return undefined;
  const candidates =
    bare === '' ? ['docs/index.md'] : ['.md', '/index.md', '/README.md'].map((end) => `docs/${bare}${end}`);
  const file = candidates.find((candidate) => isThere(candidate));
  if (file === undefined) return `is no page of the site: none of ${candidates.join(', ')} is there`;
  return inFiles(file, anchor);
}

function inRepository(path: string, anchor: string | undefined): string | undefined {
  const [, branch, file = ''] = /^(?:blob|tree|raw|edit)\/([^/]+)\/?(.*)$/.exec(path) ?? [];
  if (branch === undefined) return undefined;
  return branch === 'main'
    ? inFiles(file, anchor)
    : `leads to the branch ${branch}: the one that stays is main`;
}

function inFiles(path: string, anchor: string | undefined): string | undefined {
  if (!isThere(path)) return `leads to ${path}, which is not there: correct the path, or write the page`;
  if (anchor === undefined) return undefined;
  const file = statSync(join(root, path)).isDirectory() ? join(path, 'README.md') : path;
  if (!file.endsWith('.md') || (file !== path && anchor === 'readme')) return undefined;
  const anchors = anchorsOf(read(file));
  if (anchors.includes(anchor)) return undefined;
  return `names a heading that ${path} has not; it has ${anchors.map((each) => `#${each}`).join(' ') || 'none'}`;
}

function canBeRead(link: string): boolean {
  try {
    return decodeURI(link) !== '';
  } catch {
    return false;
  }
}

/** As case counts where the site is served, whatever the file system here thinks of it. */
function isThere(path: string): boolean {
  const full = join(root, path);
  if (relative(root, full).startsWith('..') || !existsSync(full)) return false;
  const parts = relative(root, full).split(/[/\\]/).filter(Boolean);
  return parts.every((part, index) => readdirSync(join(root, ...parts.slice(0, index))).includes(part));
}

function anchorsOf(document: Document): string[] {
  const anchors: string[] = [];
  for (const [, heading = ''] of proseOf(document).matchAll(/^#{1,6} +(.*?) *$/gm)) {
    const bare = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const slug = slugify(bare);
    let anchor = slug;
    for (let count = 1; anchors.includes(anchor); count++) anchor = `${slug}-${count}`;
    anchors.push(anchor);
  }
  return anchors;
}

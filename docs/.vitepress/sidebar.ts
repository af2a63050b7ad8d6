/** The sidebar, made of the folders of `docs` and the front matter of their pages: a new page needs no list. */

import type { DefaultTheme } from 'vitepress';
import { folders, type Page, pagesOf } from './pages.js';

/** What a folder is called, in the order in which a reader needs them. One that is not listed comes last, by its name. */
const names: Readonly<Record<string, string>> = {
  'guides/': 'Guides',
  'coming-from/': 'Coming from',
  'packages/': 'Packages',
  'reference/': 'Reference',
  'how-it-works/': 'How it works',
  'decisions/': 'Decisions',
};
/** A folder whose list is long, and which few readers need: beside its own pages only. */
const apart = 'decisions/';

/** Where the bar above all pages leads: the first page of everything that is there. */
export function nav(): DefaultTheme.NavItemWithLink[] {
  const first = pagesOf('').filter(({ link }) => link !== '/');
  const present = folders().filter((folder) => ['guides/', 'packages/', 'reference/'].includes(folder));
  const ofFolders = present.map((folder) => ({
    text: names[folder] ?? folder,
    link: pagesOf(folder)[0]?.link ?? `/${folder}`,
  }));
  const quickStart = first.filter(({ link }) => link === '/quick-start').map(toLink);
  const errors = first.filter(({ link }) => link === '/errors').map(toLink);
  return [...quickStart, ...ofFolders, ...errors];
}

export function sidebar(): DefaultTheme.SidebarMulti {
  const first = pagesOf('').filter(({ link }) => link !== '/');
  const known = Object.keys(names);
  const present = folders();
  const all = [...known.filter((folder) => present.includes(folder))];
  all.push(...present.filter((folder) => !known.includes(folder)));
  const start = { text: 'Start', items: first.map(toLink) };
  const groups = all.filter((folder) => folder !== apart).map(toGroup);
  const records = toGroup(apart);
  const alone = { text: records.text ?? '', link: `/${apart}` };
  return { [`/${apart}`]: [records, start], '/': [start, ...groups, alone] };
}

function toGroup(folder: string): DefaultTheme.SidebarItem {
  return {
    text: names[folder] ?? titled(folder.slice(0, -1)),
    items: pagesOf(folder).map(toLink),
  };
}

function toLink({ title, link }: Page): DefaultTheme.NavItemWithLink {
  return { text: title, link };
}

function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ');
}

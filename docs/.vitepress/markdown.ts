/** How the site reads the pages' Markdown where that is not VitePress' own way: diagrams, and links out of `docs`. */

import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { repository } from './address.js';
import { docs } from './pages.js';

/** Hands the text of a diagram to the component that draws it in the browser (`theme/diagram.ts`). */
export function drawDiagrams(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index];
    if (token?.info.trim() !== 'mermaid') return fence?.(tokens, index, options, env, self) ?? '';
    return `<MermaidDiagram text="${encodeURIComponent(token.content)}" />`;
  };
}

/** A page's relative link to a file of the repository that is no page leads to it in the repository. */
export function linkToRepository(md: MarkdownRenderer): void {
  md.core.ruler.push('repository-links', (state) => {
    const page: string = state.env.realPath ?? state.env.path;
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.attrGet('href');
      if (token.type !== 'link_open' || href === null || /^([a-z]+:|#|\/)/.test(href)) continue;
      const [path = '', anchor] = href.split('#');
      const target = join(dirname(page), path);
      const inside = !relative(docs, target).startsWith('..');
      if (inside || !existsSync(target)) continue;
      const kind = statSync(target).isDirectory() ? 'tree' : 'blob';
      const there = `${repository}/${kind}/main/${relative(join(docs, '..'), target)}`;
      token.attrSet('href', anchor === undefined ? there : `${there}#${anchor}`);
    }
  });
}

/** Two braces are text, in code too: pages are Markdown, not templates. */
export function keepBraces(md: MarkdownRenderer): void {
  for (const rule of ['text', 'code_inline'] as const) {
    const render = md.renderer.rules[rule];
    md.renderer.rules[rule] = (tokens, index, options, env, self) =>
      (render?.(tokens, index, options, env, self) ?? '').replaceAll('{{', '&#123;&#123;');
  }
}

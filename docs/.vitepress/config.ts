/** The documentation site: `npm run docs` serves it while it is written, `npm run docs:build` makes it. */

import { defineConfig } from 'vitepress';
import { base, repository, site } from './address.js';
import { drawDiagrams, keepBraces, linkToRepository } from './markdown.js';
import { nav, sidebar } from './sidebar.js';
import { slugify } from './slug.js';

/** The address at which a page is to be found and quoted, whatever host serves it. */
function canonical(page: string): string {
  return site + page.replace(/(^|\/)(index|README)\.md$/, '$1').replace(/\.md$/, '');
}

export default defineConfig({
  title: 'esauth',
  description: 'Your own Node API accepts the Authorization header that Elasticsearch accepts.',
  lang: 'en',
  base,
  cleanUrls: true,
  rewrites: { ':folder/README.md': ':folder/index.md' },
  sitemap: { hostname: site },
  outDir: process.env.ESAUTH_DOCS_OUT ?? '.vitepress/dist',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}logo.svg` }]],
  transformHead: ({ pageData }) => [['link', { rel: 'canonical', href: canonical(pageData.relativePath) }]],
  // The first page has no main landmark of its own.
  transformHtml: (html) => html.replace(/(<div class="VPContent is-home")/, '$1 role="main"'),
  markdown: {
    // Colours that can be read by everybody.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify },
    config(md) {
      drawDiagrams(md);
      linkToRepository(md);
      keepBraces(md);
    },
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: nav(),
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: 'Edit this page' },
    footer: { message: 'Apache-2.0' },
  },
});

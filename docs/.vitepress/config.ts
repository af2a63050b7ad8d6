/** The documentation site: `npm run docs` serves it while it is written, `npm run docs:build` makes it. */

import { defineConfig } from 'vitepress';
import { base, repository, site } from './address.js';
import { drawDiagrams, linkToRepository } from './markdown.js';
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
  markdown: {
    anchor: { slugify },
    config(md) {
      drawDiagrams(md);
      linkToRepository(md);
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

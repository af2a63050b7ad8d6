/** Where the project and its site are. One place decides it: `homepage` of the root's manifest, a repository on GitHub. */

import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const [, owner, name] = /^https:\/\/github\.com\/([\w.-]+)\/([\w.-]+)$/.exec(manifest.homepage) ?? [];
if (owner === undefined) {
  throw new Error(
    `homepage in package.json is ${manifest.homepage}; the site needs https://github.com/OWNER/NAME`,
  );
}

/** The repository, without a slash at its end. */
export const repository: string = manifest.homepage;
/** The path below which GitHub Pages serves the site, with slashes around it. */
export const base = `/${name}/`;
/** The site's address, with a slash at its end. */
export const site = `https://${owner.toLowerCase()}.github.io${base}`;

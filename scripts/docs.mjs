// The documentation site: `npm run docs` serves it while it is written, `npm run docs:build` makes it, in
// docs/.vitepress/dist or in the folder that is given: `npm run docs:build -- FOLDER`.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, root, run } from './setup.mjs';

const [task, folder] = process.argv.slice(2);
if ((task !== 'dev' && task !== 'build') || (task === 'dev' && folder !== undefined)) {
  console.error(
    'npm run docs, or npm run docs:build, which may be told a folder: npm run docs:build -- FOLDER',
  );
  process.exit(2);
}

if (!install()) process.exit(1);
const docs = fileURLToPath(new URL('../docs/', import.meta.url));
if (!run(process.execPath, [`${docs}make-reference.mjs`])) process.exit(1);
const env = folder === undefined ? {} : { ESAUTH_DOCS_OUT: resolve(folder) };
process.exitCode = run(`${root}docs/node_modules/.bin/vitepress`, [task], env, docs) ? 0 : 1;

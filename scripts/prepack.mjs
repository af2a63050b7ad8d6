// Runs before a package is packed: builds it, so that no stale build is published. npm would publish the range
// `workspace:` as it stands, and nobody could install that; pnpm writes the version in its place.

import { readFileSync } from 'node:fs';
import { tool } from './setup.mjs';

const { name, dependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
const ranges = Object.entries(dependencies).filter(([, range]) => range.startsWith('workspace:'));

if (ranges.length > 0 && process.env.npm_config_user_agent?.startsWith('npm/')) {
  const named = ranges.map(([dependency, range]) => `${dependency}@${range}`).join(', ');
  console.error(
    `${name} depends on ${named}, which npm cannot pack. Use \`npx pnpm pack\` or \`npx pnpm publish\`.`,
  );
  process.exitCode = 1;
} else if (!tool('tsc', '-b', process.cwd())) {
  process.exitCode = 1;
}

// The packages of the workspace that are published, those first that others need.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export function packagesIn(root) {
  const all = readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .filter((manifest) => manifest.private !== true);
  const names = new Set(all.map(({ name }) => name));
  const ordered = [];
  while (ordered.length < all.length) {
    const next = all.filter(
      (each) =>
        !ordered.includes(each) &&
        Object.keys({ ...each.dependencies, ...each.peerDependencies })
          .filter((name) => names.has(name))
          .every((name) => ordered.some((before) => before.name === name)),
    );
    if (next.length === 0) throw new Error('packages/ depend on each other in a circle');
    ordered.push(...next);
  }
  return ordered;
}

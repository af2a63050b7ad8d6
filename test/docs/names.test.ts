// What the documents name is there: the files that they mention, every folder of the map, every decision.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const records = readdirSync(join(root, 'docs/decisions')).filter((name) => name !== 'README.md');
const documents = [
  'CONTRIBUTING.md',
  'README.md',
  'SECURITY.md',
  'docs/decisions/README.md',
  ...records.map((name) => `docs/decisions/${name}`),
];
/** Below which a document may name a file, besides the root. */
const bases = ['', 'packages/core/src', 'packages/emulator/src'];

function read(document: string): string {
  return readFileSync(join(root, document), 'utf8');
}

test.each(documents)('%s names what is there', (document) => {
  const text = read(document);
  const named = [...text.matchAll(/[\w.-]+(?:\/[\w.-]+)+\.(?:ts|mjs|json|md)\b/g)].map(([path]) => path);
  const places = bases.concat(dirname(document));
  const isThere = (path: string) => places.some((base) => existsSync(join(root, base, path)));
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});

test.each(['packages/core/src', 'packages/emulator/src'])('the map has every folder of %s', (house) => {
  const [, map = ''] = read('CONTRIBUTING.md').split(`\n${house}/`);
  const [part = ''] = map.split(/\n(?=\S)/);
  const rooms = [...part.matchAll(/^ {2}(\S+)\/ /gm)].map(([, room]) => room);
  const folders = readdirSync(join(root, house), { withFileTypes: true }).filter((each) =>
    each.isDirectory(),
  );
  expect(rooms.sort()).toEqual(folders.map(({ name }) => name).sort());
});

test('the index has every decision', () => {
  const listed = [...read('docs/decisions/README.md').matchAll(/\]\((\d\d-[^)]+)\)/g)].map(
    ([, name]) => name,
  );
  expect(listed).toEqual(records.sort());
});

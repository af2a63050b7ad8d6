// Which way imports run: the plan of the house, from the ground up. `npm test` fails on every import, of a type
// too, that runs up, in a circle, or past a package's door.

import { allExtensions } from 'dependency-cruiser';

// It reads TypeScript with a compiler that it has to find (see `pnpm-workspace.yaml`), and finds no fault where
// it can read nothing.
if (!allExtensions.some(({ extension, available }) => extension === '.ts' && available)) {
  throw new Error('dependency-cruiser has found no TypeScript that it can use');
}

/** The packages, and which others each may import, by their doors. */
const packages = {
  core: [],
  express: ['core'],
  koa: ['core'],
  fastify: ['core'],
  client: ['core'],
  redis: ['core'],
  cli: ['core', 'client'],
  opentelemetry: ['core'],
  emulator: [],
};

/**
 * The folders of a package that has many, a line for each floor, from the ground up. A file may import those of
 * its own folder and of the lines before; folders in one line do not know each other. `.` are the files beside them,
 * of which one may have a floor of its own.
 */
const houses = {
  'packages/core/src': [
    ['values', 'time'],
    ['observation'],
    ['memory', 'upstream'],
    ['sharing'],
    ['options', 'verification'],
    ['verifier.ts', 'connections.ts'],
    ['admission'],
    ['index.ts'],
  ],
  'packages/client/src': [['calls'], ['security-client.ts'], ['tokens', 'sessions'], ['index.ts']],
  'packages/cli/src': [
    ['terminal'],
    ['credentials'],
    ['arguments'],
    ['asking'],
    ['checking', 'explaining'],
    ['commands'],
    ['.'],
  ],
  'packages/emulator/src': [
    ['wire', 'controls'],
    ['names', 'search'],
    ['search/aggregations'],
    ['privileges'],
    ['identities'],
    ['authentication', 'authorization'],
    ['documents'],
    ['cluster'],
    ['endpoints/keys', 'endpoints/accounts', 'endpoints/documents', 'endpoints/node'],
    ['endpoints/privileges'],
    ['endpoints'],
    ['issuing'],
    ['page'],
    ['server', 'options'],
    ['.'],
    ['cli'],
  ],
};

const together = 'Files that import each other, if only for their types, can only be understood together.';

function rulesOfPackage([name, others]) {
  const doors = others.map((other) => `^packages/${other}/(src/index\\.ts|package\\.json)$`);
  const theirs = others.length === 0 ? 'nothing of ours' : `of ours only the door of ${others.join(', ')}`;
  return {
    name: `${name}/ imports downwards`,
    comment: `packages/${name} may import ${theirs}.`,
    severity: 'error',
    from: { path: `^packages/${name}/` },
    to: { path: '^(packages|examples|bench|test|scripts)/', pathNot: [`^packages/${name}/`, ...doors] },
  };
}

function rulesOfHouse([house, floors]) {
  const filesOf = (room) => {
    if (room.endsWith('.ts')) return `^${house}/${room.replace('.', '\\.')}$`;
    return room === '.' ? `^${house}/[^/]+$` : `^${house}/${room}/[^/]+$`;
  };
  const rules = floors.flatMap((floor, height) => {
    const below = floors.slice(0, height).flat();
    const others = below.length === 0 ? 'no other folder' : below.join(', ');
    return floor.flatMap((room) => {
      const from = { path: filesOf(room) };
      const name = room === '.' ? 'src/' : room.endsWith('.ts') ? room : `${room}/`;
      return [
        {
          name: `${name} imports downwards`,
          comment: `${name} may import ${others}; all else stands beside or above it.`,
          severity: 'error',
          from,
          to: { path: `^${house}/`, pathNot: [room, ...below].map(filesOf) },
        },
        // A circle through several folders is an import upwards, which is enough to be told.
        {
          name: `${name} has no circles`,
          comment: together,
          severity: 'error',
          from,
          to: { circular: true, viaOnly: from },
        },
      ];
    });
  });
  const unknown = {
    name: 'every file has its floor',
    comment: `${house} has a folder that is not in the plan, .dependency-cruiser.mjs.`,
    severity: 'error',
    from: { path: `^${house}/`, pathNot: floors.flat().map(filesOf) },
    to: {},
  };
  return [...rules, unknown];
}

const anyDoor = '^packages/[^/]+/(src/index\\.ts|package\\.json)$';

export default {
  forbidden: [
    ...Object.entries(packages).map(rulesOfPackage),
    ...Object.entries(houses).flatMap(rulesOfHouse),
    {
      name: 'packages are entered by their doors',
      comment: 'Examples, bench and scripts see of a package what everybody sees: its index.ts.',
      severity: 'error',
      from: { path: '^(examples|bench|scripts)/' },
      to: { path: '^packages/', pathNot: anyDoor },
    },
    {
      name: 'tests look behind no door of an adapter',
      comment:
        'The parts of core, client, cli, redis and emulator have tests of their own; an adapter is tested by its door.',
      severity: 'error',
      from: { path: '^test/' },
      to: { path: '^packages/', pathNot: [anyDoor, '^packages/(core|client|cli|redis|emulator)/src/'] },
    },
    {
      name: 'nothing needs tests',
      comment: 'What stands in test/ is for tests, examples and scripts for whoever runs them.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'dependencies are declared',
      comment: 'What a package imports is there, and stands in its own package.json.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no circles',
      comment: together,
      severity: 'error',
      from: { pathNot: Object.keys(houses).map((house) => `^${house}/`) },
      to: { circular: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@esauth/source', 'import', 'node'],
    },
  },
};

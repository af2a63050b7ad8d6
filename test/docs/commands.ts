/**
 * Which test or script runs the commands that the documents show: a list to add to when a page shows a new one. The first entry
 * that fits counts. `says` stands in the file that runs it, so that an entry does not outlive what it speaks of.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Block, type Document, lineAt, root } from './documents.js';

function scriptsIn(folder: string): Readonly<Record<string, string>> {
  const manifest = join(root, folder, 'package.json');
  return existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')).scripts ?? {}) : {};
}

const ours = scriptsIn('');

/** Commands by the document, by the line, or by both; and what runs them, or why nothing can. */
export interface Covered {
  readonly of?: RegExp;
  readonly line?: RegExp;
  readonly ranBy?: string;
  readonly says?: string;
  readonly notRun?: string;
}

export const covered: readonly Covered[] = [
  // The examples' readmes are run as they stand.
  {
    of: /^examples\/(express|koa|fastify|as-the-caller)\//,
    ranBy: 'test/journeys/examples.test.ts',
    says: 'readBlocks(name)',
  },
  {
    of: /^examples\/login\//,
    line: /^npx esauth-emulator --port 9200$/,
    ranBy: 'test/packaging/emulator.test.ts',
    says: '.bin/esauth-emulator',
  },
  { of: /^examples\/login\//, ranBy: 'test/journeys/login.test.ts', says: 'readme.matchAll' },
  { of: /^examples\/cluster\//, ranBy: 'test/journeys/cluster.test.ts', says: 'README.md' },
  {
    of: /^examples\/observability\//,
    line: /^node demo\.js$/,
    ranBy: 'test/journeys/observability.test.ts',
    says: 'demo.js',
  },
  {
    of: /^examples\/observability\//,
    line: /^(export ELASTICSEARCH_\w+=\S+|node server\.js)$/,
    ranBy: 'examples/observability/processes.js',
    says: 'server.js',
  },

  // What contributors run.
  { line: /^npm test$/, ranBy: '.ci/run', says: 'npm test' },
  { line: /^npm run build$/, ranBy: 'scripts/test.mjs', says: 'setup.mjs' },
  {
    line: /^npm run docs$/,
    notRun:
      'it serves until it is stopped; the same script builds the site that test/docs/site.test.ts looks at',
  },
  {
    line: /^npm run docs:evidence$/,
    notRun: 'it runs tests for minutes, each of which `npm test` runs too',
  },
  { line: /^npm run demo( -- --once)?$/, ranBy: 'test/journeys/demo.test.ts', says: '--once' },
  { line: /^npm run demo -- --url /, ranBy: 'test/journeys/demo-cluster.test.ts', says: '--url' },
  {
    line: /^npm run test:packaging$/,
    notRun:
      'it tries every version, for a quarter of an hour; `npm test` runs the same files with a share of them',
  },
  { line: /^npm run test:soak$/, ranBy: 'test/core/verifier/soak.test.ts', says: 'soak.mjs' },
  {
    line: /^npm run test:attack$/,
    notRun: 'it takes ten minutes; `npm test` runs the same four attacks, bounded, and what it refuses',
  },
  { line: /^npm run bench$/, ranBy: 'test/bench/work.test.ts', says: 'run.mjs' },
  { line: /^npm run bench:report$/, ranBy: 'test/bench/report.test.ts', says: 'report.mjs' },
  {
    line: /^npm run matrix$/,
    notRun:
      'it takes eleven minutes; `npm test` runs a cell of each framework, and each of CI’s jobs its part',
  },
  { line: /^npm run release -- --dry-run$/, ranBy: 'test/release/release.test.ts', says: '--dry-run' },
  { line: /^npm run release:version$/, ranBy: 'test/release/version.test.ts', says: 'version.mjs' },
  { line: /^npx changeset$/, notRun: 'it asks whoever sits there' },
  {
    line: /^node scripts\/first-200\.mjs$/,
    ranBy: 'test/packaging/first-200.test.ts',
    says: 'first-200.mjs',
  },
  {
    line: /^node bench\/revocation-delay\.mjs$/,
    ranBy: 'test/docs/lifetimes.test.ts',
    says: 'revocation-delay.mjs',
  },
  { line: /^node scripts\/first-line\.mjs$/, notRun: 'it measures an installation from the network' },

  // What users run.
  { line: /^npx @esauth\/emulator$/, ranBy: 'test/packaging/emulator.test.ts', says: '.bin/esauth-emulator' },
  {
    of: /cli(\/README)?\.md$/,
    line: /^(npx @esauth\/cli check |export ESAUTH_NODES=|esauth (whoami|can-i|explain) )/,
    ranBy: 'test/cli/documented.test.ts',
    says: 'docs/packages/cli.md',
  },
  { line: /^docker run /, notRun: 'it fetches an image of Elasticsearch, which recordings were made with' },
  {
    line: /^ELASTICSEARCH_URL=\S+ .*vitest run .* emulator$/,
    notRun: 'it needs the container before it; the same tests run on the emulator',
  },
  {
    of: /(README|^docs\/packages\/\w+)\.md$/,
    line: /^npm install( --save-dev)? @esauth\//,
    ranBy: 'test/packaging/setup.ts',
    says: "'install'",
  },
  {
    of: /^docs\/quick-start\.md$/,
    ranBy: 'scripts/first-200.mjs',
    says: 'Runs every line of that page',
  },
  {
    of: /^docs\/guides\//,
    line: /^npm install( --save-dev)? @esauth\//,
    ranBy: 'test/packaging/setup.ts',
    says: "'install'",
  },
  {
    of: /^README\.md$/,
    line: /^curl http:\/\/127\.0\.0\.1:3000\/me /,
    ranBy: 'scripts/first-200.mjs',
    says: '/me',
  },
];

/** The commands of the `sh` blocks of a document: lines that go on are joined, comments left out. */
export function commandsOf(
  blocks: readonly Block[],
): { command: string; line: number; document: Document }[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ document, code, line }) =>
      split(code).map((each) => ({ ...each, line: line + each.line, document })),
    );
}

/** Commands that nothing runs: a sentence for each, with page, line and cure. */
export function uncovered(blocks: readonly Block[], entries: readonly Covered[] = covered): string[] {
  return commandsOf(blocks)
    .filter(({ command, document }) => !entries.some((entry) => covers(entry, command, document)))
    .map(
      ({ command, line, document }) =>
        `${document.path}:${line}: nothing is known to run "${command}": let a test run it, and say which in test/docs/commands.ts`,
    );
}

/** Scripts that a text tells to run by npm, and that there are none of: a sentence for each. */
export function unknownScripts({ path, text }: Document): string[] {
  const scripts = { ...ours, ...(path.startsWith('examples/') && scriptsIn(dirname(path))) };
  return [...text.matchAll(/\bnpm run ([\w:-]+)/g)].flatMap(({ 1: name = '', index }) =>
    scripts[name] === undefined
      ? [`${path}:${lineAt(text, index)}: there is no script ${name}, but ${Object.keys(scripts).join(', ')}`]
      : [],
  );
}

/** Packages that a command installs or runs, and that there are none of among ours: a sentence for each. */
export function unknownPackages(blocks: readonly Block[]): string[] {
  return commandsOf(blocks).flatMap(({ command, line, document }) =>
    [...command.matchAll(/^(?:npm install|npx) .*/gm)]
      .flatMap(([each]) => [...each.matchAll(/@esauth\/([\w-]+)/g)])
      .filter(([, name = '']) => !existsSync(join(root, 'packages', name, 'package.json')))
      .map(([name]) => `${document.path}:${line}: there is no package ${name}`),
  );
}

/** Entries that speak of no command, or of a file that does not run it: a sentence for each. */
export function stale(blocks: readonly Block[], entries: readonly Covered[] = covered): string[] {
  const commands = commandsOf(blocks);
  return entries.flatMap((entry) => {
    const name = `${entry.of ?? ''} ${entry.line ?? ''}`.trim();
    const used = commands.filter(
      ({ command, document }) => entries.find((each) => covers(each, command, document)) === entry,
    );
    if (used.length === 0) return [`test/docs/commands.ts: ${name} covers no command: delete it`];
    if (entry.notRun !== undefined) return [];
    const { ranBy = '', says = '' } = entry;
    const text = existsSync(join(root, ranBy)) ? readFileSync(join(root, ranBy), 'utf8') : '';
    const unnamed = used.map(({ command }) => fileOf(command)).find((file) => !text.includes(file));
    if (unnamed !== undefined)
      return [`test/docs/commands.ts: ${name} runs ${unnamed}, of which ${ranBy} says nothing`];
    return says !== '' && text.includes(says)
      ? []
      : [`test/docs/commands.ts: ${name} is said to be run by ${ranBy}, which does not say "${says}"`];
  });
}

/** What npm runs for a command of ours; nothing for one that npm does not run. */
function fileOf(command: string): string {
  const [, script = ''] = /^npm run ([\w:-]+)/.exec(command) ?? [];
  return /([\w-]+\.m?js)(?: --once)?$/.exec(ours[script] ?? '')?.[1] ?? '';
}

function covers({ of, line }: Covered, command: string, { path }: Document): boolean {
  return (of === undefined || of.test(path)) && (line === undefined || line.test(command));
}

function split(code: string): { command: string; line: number }[] {
  const commands: { command: string; line: number }[] = [];
  const lines = code.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const first = at;
    let command = bare(lines[at] ?? '');
    while (isOpen(command) && at + 1 < lines.length) command = bare(`${command}\n${lines[++at]}`);
    command = command.replace(/\\\n\s*/g, '').trim();
    if (command !== '') commands.push({ command, line: first + 1 });
  }
  return commands;
}

/** Whether a command goes on in the next line: it says so, or a quote is open. */
function isOpen(command: string): boolean {
  return command.endsWith('\\') || /['"]/.test(command.replace(/'[^']*'|"(?:\\.|[^"])*"/g, ''));
}

/** Without the comment at its end, if that is none of its quotes. */
function bare(line: string): string {
  const quoted = line.replace(/'[^']*'|"(?:\\.|[^"])*"/g, (part) => '-'.repeat(part.length));
  const [before = ''] = /^.*?(?=(?:^|\s)#)/s.exec(quoted) ?? [quoted];
  return line.slice(0, before.length).trimEnd();
}

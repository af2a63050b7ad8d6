/**
 * Compiles the blocks of JavaScript and TypeScript, all in one run, each as a module of its own. What a block takes from
 * elsewhere is declared before it (`<!-- given NAME: TYPE -->`), and one that is meant to be wrong says so
 * (`<!-- wrong: why -->`), and then has to be.
 */

import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Block, root } from './documents.js';

const compiler = join(root, 'node_modules/.bin/tsc');
const languages = ['js', 'ts'];
/** The comments that mean something before a block. What is wrong at run time is for the test that runs it. */
const known = /^(given [\w$]+: .+|wrong( at run time)?: .+)$/;
/** JavaScript cannot say what a parameter or the answer of somebody else is: that a type is not known is no fault of a block. */
const untyped = /^TS(70\d\d|2571|18046)$/;
/** That something is no JavaScript, or has types where it may have none. */
const syntax = /^TS(1|8)\d{3}$/;
/** What a block takes from the environment is there. */
const environment = `declare global {
  namespace NodeJS {
    interface ProcessEnv {
      [name: string]: string;
    }
  }
}
export {};
`;

/** What is wrong with blocks: a sentence for each fault, with page, line and cure. */
export async function faultsOfSnippets(blocks: readonly Block[], name: string): Promise<string[]> {
  const folder = join(root, 'node_modules/.cache/docs-snippets', name);
  await rm(folder, { recursive: true, force: true });
  await linkPackages(join(folder, 'node_modules'));
  const checked = blocks.filter(({ language }) => languages.includes(language));
  // What a block adds to the types of a package would be added for all: such a block is compiled alone.
  const alone = checked.filter(({ code }) => /^declare (module|global)\b/m.test(code));
  const groups = [checked.filter((block) => !alone.includes(block)), ...alone.map((block) => [block])];
  const faults = checked.flatMap(faultsOfComments);
  for (const [index, group] of groups.entries())
    faults.push(...(await faultsOfGroup(group, join(folder, `${index}`))));
  return faults;
}

/** A comment that means nothing here, a name that the block does not take, and what would keep the compiler from looking. */
function faultsOfComments({ document, line, code, comments }: Block): string[] {
  const at = `${document.path}:${line}:`;
  const loose = comments.filter((comment) => /^(given|wrong)/.test(comment) && !known.test(comment));
  const given = comments.flatMap((comment) => /^given ([\w$]+): /.exec(comment)?.[1] ?? []);
  const unused = given.filter((name) => !code.split(/[^\w$]+/).includes(name));
  return [
    ...loose.map(
      (comment) => `${at} <!-- ${comment} --> is neither "given NAME: TYPE" nor "wrong: REASON": mend it`,
    ),
    ...unused.map((name) => `${at} ${name} is given, and the block does not take it: delete that`),
    ...(/@ts-(ignore|nocheck|expect-error)/.test(code)
      ? [
          `${at} @ts-… keeps the compiler from looking: a block that is meant to be wrong says <!-- wrong: REASON -->`,
        ]
      : []),
  ];
}

async function faultsOfGroup(group: readonly Block[], folder: string): Promise<string[]> {
  await mkdir(folder);
  const files = new Map(group.map((block, index) => [`${index}.${extensionOf(block)}`, block]));
  for (const [file, block] of files) await writeFile(join(folder, file), moduleOf(block));
  await writeFile(join(folder, 'environment.d.ts'), environment);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
  const said = await compile(folder);
  // Where something does not parse, the compiler says nothing of anything else: it is asked again without that.
  const unread = [...said]
    .filter(([, each]) => each.some(({ code }) => syntax.test(code)))
    .map(([file]) => file);
  if (unread.length > 0) {
    await Promise.all(unread.filter((file) => files.has(file)).map((file) => rm(join(folder, file))));
    const rest = await compile(folder);
    for (const [file, each] of rest) if (!unread.includes(file)) said.set(file, each);
  }
  const faults = [...files].flatMap(([file, block]) => judge(block, said.get(file) ?? []));
  const elsewhere = [...said].filter(([file]) => !files.has(file));
  return [...faults, ...elsewhere.flatMap(([file, each]) => each.map(({ text }) => `${file} ${text}`))];
}

/** Whatever tests, examples and benchmarks may import, a block may; the official client by its own name. */
export async function linkPackages(folder: string): Promise<void> {
  const examples = (await readdir(join(root, 'examples'))).map((name) => `examples/${name}`);
  const links = new Map([['@elastic/elasticsearch', join(root, 'test/node_modules/elasticsearch9')]]);
  for (const place of ['test', ...examples, 'bench', 'docs'].map((each) =>
    join(root, each, 'node_modules'),
  )) {
    const names = (await readdir(place).catch(() => [])).filter((name) => !name.startsWith('.'));
    const scoped = names.filter((name) => name.startsWith('@'));
    const inScopes = scoped.map(async (scope) =>
      (await readdir(join(place, scope))).map((name) => `${scope}/${name}`),
    );
    const all = [...names.filter((name) => !scoped.includes(name)), ...(await Promise.all(inScopes)).flat()];
    for (const name of all) if (!links.has(name)) links.set(name, join(place, name));
  }
  for (const [name, target] of links) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await symlink(target, join(folder, name), 'junction');
  }
}

interface Diagnostic {
  readonly line: number;
  readonly code: string;
  readonly text: string;
}

/** A block that requires and does not import is CommonJS. */
function extensionOf({ language, code }: Block): string {
  const common = /\brequire\(/.test(code) && !/^(import|export) /m.test(code);
  return `${common ? 'c' : 'm'}${language}`;
}

/** All that is declared stands on one line, so that the lines of a block are known. */
function moduleOf({ language, code, comments }: Block): string {
  const given = comments.flatMap((comment) => {
    const [, name, type] = /^given ([\w$]+): (.+)$/.exec(comment) ?? [];
    if (name === undefined) return [];
    if (language === 'ts') return [`declare const ${name}: ${type};`];
    return [`/** @type {${type}} */ const ${name} = /** @type {any} */ (undefined);`];
  });
  return `${given.join(' ')}\n${code}`;
}

/** Strict, and against the declarations that are published: what `tsc -b` has built. */
const configuration = {
  include: ['*'],
  compilerOptions: {
    noEmit: true,
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    moduleDetection: 'force',
    types: ['node'],
    strict: true,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
  },
};

async function compile(folder: string): Promise<Map<string, Diagnostic[]>> {
  const { stdout } = await promisify(execFile)(compiler, ['-p', folder, '--pretty', 'false'], {
    cwd: folder,
    maxBuffer: 1 << 26,
    shell: process.platform === 'win32',
  }).catch((error) => {
    if (typeof error.stdout === 'string' && error.stdout !== '') return error as { stdout: string };
    throw error;
  });
  const said = new Map<string, Diagnostic[]>();
  for (const line of stdout.split(/\n(?=\S)/)) {
    const [, file, row, code, text] = /^(\S+?)\((\d+),\d+\): error (TS\d+): (.*)$/s.exec(line.trim()) ?? [];
    const [key, found] =
      file === undefined
        ? ['', { line: 0, code: '', text: line.trim() }]
        : [file, { line: Number(row) - 1, code: code ?? '', text: text ?? '' }];
    if (found.text !== '') said.set(key, [...(said.get(key) ?? []), found]);
  }
  return said;
}

function judge(block: Block, said: readonly Diagnostic[]): string[] {
  const { document, line, language, comments } = block;
  const faults = said.filter(({ code }) => language === 'ts' || !untyped.test(code));
  const wrong = comments.find((comment) => comment.startsWith('wrong: '));
  if (wrong !== undefined) {
    if (faults.length > 0) return [];
    return [
      `${document.path}:${line}: this block is marked as wrong (${wrong}), but it compiles: say what is wrong with it`,
    ];
  }
  return faults.map((fault) => {
    const cure =
      fault.code === 'TS2304' || fault.code === 'TS18004'
        ? ' Declare it before the block: <!-- given NAME: TYPE -->.'
        : '';
    const text = fault.text.replace(/\s+/g, ' ');
    return `${document.path}:${line + fault.line}: ${text} (${fault.code}).${cure}`;
  });
}

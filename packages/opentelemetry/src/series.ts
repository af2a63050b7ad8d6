// Every series and every attribute that this package makes, by OpenTelemetry's rules for names and units; the tables
// of docs/packages/opentelemetry.md say the same in words. Values of attributes are from short lists: codes, states, and
// the nodes that the application has named. Nothing of a caller is among them.

import type { MetricOptions } from '@opentelemetry/api';

interface Series extends MetricOptions {
  readonly name: string;
}
type Catalogue<Key extends string> = Readonly<Record<Key, Series>>;

/** Histograms. */
export const durations: Catalogue<'lookup'> = {
  /** From the question to the verdict; the time in our own queue is before it. */
  lookup: {
    name: 'esauth.lookup.duration',
    unit: 's',
    description: 'How long Elasticsearch took to answer a question, by its outcome and node',
    // Those that the conventions give for calls of a database (`db.client.operation.duration`), with two more around
    // the tens of milliseconds that a lookup takes.
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10] },
  },
};

/** What only grows. */
export const counters: Catalogue<
  | 'verdicts'
  | 'lookups'
  | 'joins'
  | 'refreshes'
  | 'hedges'
  | 'refusals'
  | 'revocations'
  | 'evictions'
  | 'searches'
  | 'messages'
  | 'losses'
> = {
  verdicts: {
    name: 'esauth.verdicts',
    unit: '{verdict}',
    description: 'Verdicts given, by where they came from and what they say',
  },
  lookups: {
    name: 'esauth.lookups',
    unit: '{lookup}',
    description: 'Questions to Elasticsearch, those that nobody waited for to the end included',
  },
  joins: {
    name: 'esauth.lookup.joins',
    unit: '{call}',
    description: 'Calls that waited for a lookup that others had started',
  },
  refreshes: {
    name: 'esauth.lookup.refreshes',
    unit: '{lookup}',
    description: 'Lookups in the background, ahead of the end of what is remembered',
  },
  hedges: {
    name: 'esauth.lookup.hedges',
    unit: '{request}',
    description: 'Requests to a second node because the first kept silent',
  },
  refusals: {
    name: 'esauth.queue.refusals',
    unit: '{lookup}',
    description: 'Lookups turned away because too many waited',
  },
  revocations: {
    name: 'esauth.revocations',
    unit: '{revocation}',
    description: 'Calls of revoke',
  },
  evictions: {
    name: 'esauth.cache.evictions',
    unit: '{entry}',
    description: 'Entries that had to make room for others',
  },
  searches: {
    name: 'esauth.sharing.searches',
    unit: '{search}',
    description: 'Searches in the memory that is shared with other processes, by their outcome',
  },
  messages: {
    name: 'esauth.sharing.messages',
    unit: '{message}',
    description: 'Messages of the log of revocations, heard and told',
  },
  losses: {
    name: 'esauth.sharing.losses',
    unit: '{loss}',
    description: 'How often part of the log was lost, so that everything was forgotten',
  },
};

/** What rises and falls, and can be summed up over processes. */
export const levels: Catalogue<
  'entries' | 'bytes' | 'active' | 'waiting' | 'probes' | 'breaker' | 'upstream' | 'sight' | 'outbox'
> = {
  entries: {
    name: 'esauth.cache.entry.count',
    unit: '{entry}',
    description: 'Identities and refusals remembered',
  },
  bytes: {
    name: 'esauth.cache.size',
    unit: 'By',
    description: 'What remembered identities take, as estimated from above',
  },
  active: {
    name: 'esauth.lookup.active',
    unit: '{lookup}',
    description: 'Lookups under way, on the wire or waiting for a place there',
  },
  waiting: {
    name: 'esauth.call.waiting',
    unit: '{call}',
    description: 'Calls waiting for lookups',
  },
  probes: {
    name: 'esauth.probe.active',
    unit: '{request}',
    description: "Requests under way in nobody's name, to find out how a node is",
  },
  breaker: {
    name: 'esauth.node.breaker.status',
    unit: '1',
    description: "1 for the state that a node's breaker is in, 0 for the others",
  },
  upstream: {
    name: 'esauth.upstream.status',
    unit: '1',
    description: 'How things are upstream: 1 for the state of health() that holds, 0 for the others',
  },
  sight: {
    name: 'esauth.sharing.status',
    unit: '1',
    description:
      '1 for the state that holds, blind while the log of revocations cannot be read, 0 for the other',
  },
  outbox: {
    name: 'esauth.sharing.outbox.count',
    unit: '{revocation}',
    description: 'Revocations that wait to be told to the others',
  },
};

/** What rises and falls, and has no sum. */
export const gauges: Catalogue<'failures' | 'age' | 'lag'> = {
  failures: {
    name: 'esauth.node.consecutive_failures',
    unit: '{failure}',
    description: 'Failures of a node in a row',
  },
  age: {
    name: 'esauth.node.verdict.age',
    unit: 's',
    description: 'Time since a node last gave a verdict, or since it is observed if it gave none yet',
  },
  lag: {
    name: 'esauth.sharing.lag',
    unit: 's',
    description: 'How long ago nothing was missing that other processes had revoked',
  },
};

export const spanName = 'esauth.lookup';

/** Of series and of spans. */
export const attribute = {
  verifier: 'esauth.verifier.name',
  about: 'esauth.lookup.about',
  outcome: 'esauth.lookup.outcome',
  background: 'esauth.lookup.background',
  callers: 'esauth.lookup.caller.count',
  lookupState: 'esauth.lookup.state',
  kind: 'esauth.verdict.kind',
  code: 'esauth.verdict.code',
  source: 'esauth.verdict.source',
  entryKind: 'esauth.cache.entry.kind',
  node: 'esauth.node.url',
  breakerState: 'esauth.node.breaker.state',
  upstreamState: 'esauth.upstream.state',
  searchOutcome: 'esauth.sharing.outcome',
  direction: 'esauth.sharing.direction',
  sight: 'esauth.sharing.state',
  // Of the conventions' own.
  error: 'error.type',
  host: 'server.address',
  port: 'server.port',
} as const;

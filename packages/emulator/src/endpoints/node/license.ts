/** What a cluster is allowed to do: `GET /_license`, what could be had instead, and `GET /_xpack`. */

import { answer, type Route, route } from '../../cluster/endpoint.js';
import { clusterName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import type { JsonValue } from '../../wire/json-value.js';

const uid = '7e4a5ed0-3c1e-4f9f-9b0a-6d6f1c0f3f5e';
const trialMs = 30 * 86_400_000;

/** When the licence has expired, if it has: one that is basic does not. */
function expiredAt({ settings, states }: Security): number | undefined {
  if (settings.license === 'basic') return undefined;
  return states.all().find(({ state }) => state === 'licence expired')?.since;
}

/** A trial began when the emulator did, and in contrast to a real one it does not end by itself. */
function license(security: Security): Record<string, JsonValue | undefined> {
  const { settings, startedAt } = security;
  const expired = expiredAt(security);
  const end = settings.license === 'trial' ? (expired ?? startedAt + trialMs) : undefined;
  return {
    status: statusOf(expired),
    uid,
    type: settings.license,
    issue_date: new Date(startedAt).toISOString(),
    issue_date_in_millis: startedAt,
    expiry_date: end === undefined ? undefined : new Date(end).toISOString(),
    expiry_date_in_millis: end,
    max_nodes: 1000,
    max_resource_units: null,
    issued_to: clusterName,
    issuer: 'elasticsearch',
    start_date_in_millis: -1,
  };
}

function statusOf(expired: number | undefined): string {
  return expired === undefined ? 'active' : 'expired';
}

/** The routes of this chapter. */
export const licenseRoutes: readonly Route[] = [
  route<undefined>({
    methods: ['GET'],
    paths: ['/_license'],
    query: ['local', 'accept_enterprise'],
    read: () => undefined,
    action: () => 'cluster:monitor/xpack/license/get',
    run: (security) => ({ ...answer({ license: license(security) }), isPretty: true }),
  }),
  route<undefined>({
    methods: ['GET'],
    paths: ['/_license/basic_status'],
    read: () => undefined,
    action: () => 'cluster:admin/xpack/license/basic_status',
    run: ({ settings }) => answer({ eligible_to_start_basic: settings.license !== 'basic' }),
  }),
  route<undefined>({
    methods: ['GET'],
    paths: ['/_license/trial_status'],
    read: () => undefined,
    action: () => 'cluster:admin/xpack/license/trial_status',
    // Nobody has a second trial.
    run: ({ settings }) => answer({ eligible_to_start_trial: settings.license !== 'trial' }),
  }),
  route<undefined>({
    methods: ['GET'],
    paths: ['/_xpack'],
    query: ['categories', 'accept_enterprise'],
    read: () => undefined,
    action: () => 'cluster:monitor/xpack/info',
    run: (security) =>
      answer({
        build: { hash: '0000000000000000000000000000000000000000', date: '2020-01-01T00:00:00.000000000Z' },
        license: {
          uid,
          type: security.settings.license,
          mode: security.settings.license,
          status: statusOf(expiredAt(security)),
        },
        features: { security: { available: true, enabled: security.settings.security } },
        tagline: 'You know, for X',
      }),
  }),
];

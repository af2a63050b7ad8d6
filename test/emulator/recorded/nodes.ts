/**
 * How `startEmulator` is asked for the nodes that were recorded, and what it can not be asked for yet.
 */

import type { EmulatorOptions } from '@esauth/emulator';
import { jwtRealms } from './keys.js';
import type { Scenario } from './recording.js';

/** What a scenario is played on. */
export interface Stage {
  /** Undefined: nothing is near enough, and the scenario is not played. */
  readonly options: EmulatorOptions | undefined;
  /** What the node had that the emulator has not, and can not be asked for. */
  readonly lacks: readonly string[];
}

interface Node {
  readonly options?: EmulatorOptions;
  readonly lacks?: string;
}

/** By the name in the recordings. Without options there is nothing that comes near. */
const nodes: Readonly<Record<string, Node>> = {
  default: { options: {} },
  'short tokens': { options: { tokenTimeoutMs: 1000 } },
  basic: { options: { license: 'basic' } },
  bare: { options: { tokenService: false, apiKeys: false, runAs: false } },
  anonymous: { options: { anonymousRoles: ['monitoring_user', 'guest'] } },
  'anonymous 401': {
    options: {
      anonymousRoles: ['guest'],
      anonymousUsername: 'visitor',
      anonymousAuthzException: false,
    },
  },
  jwt: { options: { jwtRealms } },
  https: { options: { tls: true }, lacks: 'a token of a service account in a file (service_tokens)' },
  off: { lacks: 'no security at all (xpack.security.enabled: false)' },
  busy: { options: {}, lacks: 'a queue for hashing that is full (crypto.thread_pool)' },
};

/** The users of the file realm. */
const fileUsers: Readonly<
  Record<string, readonly [role: string, descriptor: Readonly<Record<string, unknown>>]>
> = {
  recorder: [
    '_recorder',
    {
      cluster: ['all'],
      indices: [{ names: ['*'], privileges: ['all'], allow_restricted_indices: true }],
      applications: [{ application: '*', privileges: ['*'], resources: ['*'] }],
      run_as: ['*'],
    },
  ],
  filip: ['file_reader', { cluster: ['monitor'] }],
};

/** Where a scenario of a release is played. */
export function stageOf({ node, exchanges }: Scenario, version: string): Stage {
  const { options, lacks } = nodes[node] ?? { lacks: 'a node that the player does not know' };
  const inUse = JSON.stringify(exchanges);
  const users: Record<string, Record<string, unknown>> = {};
  const roles: Record<string, Readonly<Record<string, unknown>>> = {};
  // Only where they are asked for: as native users they are in lists in which those of a file are not.
  for (const [name, [role, descriptor]] of Object.entries(fileUsers)) {
    if (!inUse.includes(`"basic":"${name}"`)) continue;
    users[name] = { password: `${name}-password`, roles: [role] };
    roles[role] = descriptor;
  }
  const hasFileRealm = Object.keys(users).length > 0;
  return {
    options: options && { version, seed: 'recorded', users, roles, ...options },
    lacks: [...(lacks === undefined ? [] : [lacks]), ...(hasFileRealm ? ['users of a file realm'] : [])],
  };
}
